"""`{% csrf_token %}` as this house has it: built into every template in place of Django's own.

Besides the token every form carries what its page says in `carried` (hidden fields by name): in
the console the business it was made for. Said once where pages are rendered, so that no form, old
or new, can go without.
"""

from __future__ import annotations

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html_join

register = template.Library()


class _TokenAndCarried(CsrfTokenNode):
    def render(self, context: Context) -> str:
        carried = context.get("carried") or {}
        fields = format_html_join("", '<input type="hidden" name="{}" value="{}">', carried.items())
        return super().render(context) + fields


@register.tag
def csrf_token(parser: Parser, token: Token) -> _TokenAndCarried:
    return _TokenAndCarried()
