"""Words of the console for the templates."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kept.cases.queries import HandOff
from kept.console import words
from kept.core.time import local_day
from kept.lib import i18n
from kept.web.forms import Form, widget_of

register = template.Library()


@register.simple_tag(takes_context=True)
def ago(context: Context, instant: datetime) -> str:
    """How long ago something was, like "3 days"."""
    return words.ago((context["now"] - instant).total_seconds())


@register.simple_tag(takes_context=True)
def ahead(context: Context, instant: datetime) -> str:
    """Like "in 3 hours", or "due now"."""
    seconds = (instant - context["now"]).total_seconds()
    return f"in {words.ago(seconds)}" if seconds > 0 else "due now"


@register.simple_tag(takes_context=True)
def stamp(context: Context, instant: datetime, zone: str) -> SafeString:
    """Like "Tue 14 July 2026, 09:30": only under a heading that names the zone."""
    locale = str(context["locale"])
    day = i18n.format_date_short(instant, zone, locale)
    words = f"{day}, {i18n.format_time(instant, zone, locale)}"
    return format_html('<time datetime="{}">{}</time>', instant.isoformat(), words)


@register.simple_tag(takes_context=True)
def day_words(context: Context, instant: datetime, zone: str) -> str:
    """Like "Monday 1 March 2027", without markup, also for a title."""
    return i18n.format_date(instant, zone, str(context["locale"]))


@register.simple_tag
def local_date(instant: datetime, zone: str) -> str:
    """The date in a zone, for an address: 2027-03-01."""
    return local_day(instant, ZoneInfo(zone)).isoformat()


@register.simple_tag
def bare(bound: BoundField) -> SafeString:
    """A field in the cell of a table, whose label is for screen readers."""
    said = '<span class="error" id="{}_error">{}</span>'
    error = format_html(said, bound.auto_id, bound.errors[0]) if bound.errors else ""
    return format_html(
        '<label class="unseen" for="{}">{}</label>{}{}',
        bound.id_for_label,
        bound.label,
        error,
        widget_of(bound),
    )


@register.simple_tag
def carry(form: Form) -> SafeString:
    """Everything a form was sent with, out of sight, to be sent once more."""
    fields = (each.field.hidden_widget().render(each.html_name, each.value()) for each in form)
    return format_html_join("", "{}", ((field,) for field in fields))


@register.filter
def role_words(role: str) -> str:
    return words.ROLES.get(role, role)


@register.filter
def who(actor: str) -> str:
    return words.who(actor)


@register.filter
def cause_words(reason: str) -> str:
    return words.cause(reason)


@register.filter
def plain(text: str) -> str:
    return words.plain(text)


@register.filter
def sure_words(evidence: str) -> str:
    return words.told_of(evidence, words.SURE)


@register.filter
def control_words(control: str) -> str:
    return words.told_of(control, words.CONTROLS)


@register.filter
def path_words(path: str) -> str:
    return words.told_of(path, words.PATHS)


@register.filter
def taking_over(row: HandOff) -> str:
    return words.taking_over(row)


@register.filter
def status_words(status: str) -> str:
    return words.told_of(status, words.STATUSES)


@register.filter
def outcome_words(outcome: str) -> str:
    return words.told_of(outcome, words.OUTCOMES)


@register.filter
def origin_words(origin: str) -> str:
    return words.told_of(origin, words.ORIGINS)


@register.filter
def plainly(kind: str) -> str:
    """A name of the code as words: "handed_over" is "handed over"."""
    return kind.replace("_", " ")


@register.filter
def ladder_words(kind: str) -> str:
    return words.told_of(kind, words.LADDER)
