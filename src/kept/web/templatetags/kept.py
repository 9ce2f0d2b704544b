"""Words for times, money and states, and the drawn pieces.

The tags take the locale from the page (`pages.render` puts it there). Every time is printed with
its zone as a place name; a second zone is added where its clocks differ at that instant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers
from django import template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from kept.lib import i18n
from kept.web import forms, parts

register = template.Library()


def _locale(context: Context) -> str:
    return str(context.get("locale") or "en_GB")


# Times


@register.simple_tag(takes_context=True)
def when(
    context: Context, start: datetime, end: datetime, zone: str, other: str | None = ""
) -> SafeString:
    """Like "Tuesday 14 July 2026, 09:30–10:15 Berlin time (16:30 Tokyo time)"."""
    locale = _locale(context)
    if other:
        return _time(start, i18n.format_both(start, end, zone, other, locale))
    return _time(start, i18n.format_when(start, end, zone, locale))


@register.simple_tag(takes_context=True)
def moment(context: Context, instant: datetime, zone: str) -> SafeString:
    """Like "Tue 14 July 2026, 09:30 (Berlin time)"."""
    locale = _locale(context)
    day, at = (
        i18n.format_date_short(instant, zone, locale),
        i18n.format_time(instant, zone, locale),
    )
    return _time(instant, f"{day}, {at} ({i18n.zone_name(zone, locale)})")


@register.simple_tag(takes_context=True)
def clock(context: Context, instant: datetime, zone: str) -> SafeString:
    """Like "09:30": only where the zone is printed close by (`zone_place`)."""
    return _time(instant, i18n.format_time(instant, zone, _locale(context)))


@register.simple_tag(takes_context=True)
def day(context: Context, instant: datetime, zone: str) -> SafeString:
    """Like "Tuesday 14 July 2026"."""
    return _time(instant, i18n.format_date(instant, zone, _locale(context)))


@register.simple_tag(takes_context=True)
def day_short(context: Context, instant: datetime, zone: str) -> SafeString:
    """Like "Tue 14 July 2026"."""
    return _time(instant, i18n.format_date_short(instant, zone, _locale(context)))


@register.simple_tag(takes_context=True)
def zone_place(context: Context, zone: str) -> str:
    """Like "Berlin time"."""
    return i18n.zone_name(zone, _locale(context))


def _time(instant: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', instant.isoformat(), _unbroken(words))


def _unbroken(words: str) -> SafeString:
    """The words, escaped, with "09:30–10:15" kept on one line."""
    held = r'<span class="unbroken">\g<0></span>'
    return mark_safe(re.sub(r"\d[\d:.]*–\d[\d:.]*", held, escape(words)))


# Amounts


@register.simple_tag(takes_context=True)
def duration(context: Context, minutes: int) -> str:
    """Like "1 hour 30 minutes"."""
    return i18n.format_duration(timedelta(minutes=minutes), _locale(context))


@register.simple_tag(takes_context=True)
def money(context: Context, amount: Decimal | str | None, currency: str) -> str:
    """Like "€45.00"; nothing for no amount."""
    if amount is None or amount == "":
        return ""
    smallest = Decimal(amount).scaleb(i18n.minor_digits(currency))
    return i18n.format_money(int(smallest.to_integral_value()), currency, _locale(context))


@register.simple_tag
def phone(number: str) -> SafeString:
    """A number to be called, spaced as people write it; one that is no number is only shown."""
    try:
        phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return format_html("<bdi>{}</bdi>", number)
    shown = i18n.format_phone(number)
    return format_html('<a href="tel:{}"><bdi>{}</bdi></a>', number, shown)


@register.simple_tag
def mail(address: str) -> SafeString:
    """An address to write to."""
    return format_html('<a href="mailto:{0}">{0}</a>', address)


# Drawn pieces


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small picture beside a word, which says the same: hidden from screen readers."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        parts.ICONS[name],
    )


@register.simple_tag
def chip(name: str, word: str = "") -> SafeString:
    """The chip of a state or status: icon, word and tone. `word` replaces the usual one."""
    shown = parts.chip(name)
    return format_html(
        '<span class="chip {}">{} {}</span>', shown.tone, icon(shown.icon), word or shown.word
    )


@register.inclusion_tag("web/path.html", takes_context=True)
def path(
    context: Context, steps: Sequence[parts.Step], zone: str, label: str = "Where it stands"
) -> dict[str, Any]:
    """The drawn path: an ordered list in which every step says in words where it stands."""
    return {"steps": steps, "zone": zone, "label": label, "locale": _locale(context)}


@register.inclusion_tag("web/errors.html")
def error_summary(form: forms.Form) -> dict[str, Any]:
    """What is wrong with a form, above it, each line leading to the place to mend it."""
    return {"problems": form.problems() if form.is_bound else []}


@register.inclusion_tag("web/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A field with its label, hint, error and control."""
    group = bound.widget_type in {"radioselect", "checkboxselectmultiple"}
    return {
        "bound": bound,
        "group": group,
        "box": bound.widget_type == "checkbox",
        "optional": not bound.field.required and not getattr(bound.field, "or_another", False),
        "control": forms.widget_of(bound),
    }
