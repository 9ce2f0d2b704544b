"""How the report words what is not a value: dates, grades, kinds of source, counts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kept.audit.figures import Figure, Grade, Report
from kept.lib import i18n

LOCALE = "en_GB"

GRADES = {
    Grade.MEASURED: ("Measured", "good", "counted from what the source says"),
    Grade.BOUNDED: (
        "Between bounds",
        "calm",
        "some outcomes are not known; the truth lies between the two ends",
    ),
    Grade.INFERRED: ("Inferred", "warn", "worked out from a rule that is written beside it"),
    Grade.UNKNOWABLE: ("Cannot be known", "off", "the source does not have what it would take"),
}
"""Per grade: its badge, the badge's tone, and what it means."""

KINDS = {
    "own": "Kept's own records",
    "csv": "a table (CSV)",
    "ics": "a calendar file (ICS)",
    "xes": "an event log (XES)",
    "ocel": "an event log (OCEL)",
}


def badge(grade: Grade) -> str:
    return GRADES[grade][0]


def day(instant: datetime, zone: ZoneInfo) -> str:
    """Like "Mon 1 March 2027", in this zone."""
    return i18n.format_date_short(instant, zone.key, LOCALE)


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """Like "Mon 1 March 2027, 09:30"."""
    return f"{day(instant, zone)}, {i18n.format_time(instant, zone.key, LOCALE)}"


def span(report: Report) -> str:
    """Which appointments were looked at, by their starts."""
    zone = report.source.zone
    if report.begins is None or report.ends is None:
        return "no appointments"
    first, last = day(report.begins, zone), day(report.ends, zone)
    return f"{first} to {last}" if first != last else first


def zone_name(report: Report) -> str:
    return f"{i18n.zone_name(report.source.zone.key, LOCALE)} ({report.source.zone.key})"


def kind(report: Report) -> str:
    return KINDS.get(report.source.kind, report.source.kind)


def many(number: int, one: str, more: str = "") -> str:
    """Like "1 row" and "1,204 rows"."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def money(amount: Decimal, currency: str) -> str:
    """Like "€1,204.50"; without a currency a plain number."""
    if not currency:
        return f"{amount:,.2f}"
    smallest = amount.scaleb(i18n.minor_digits(currency))
    return i18n.format_money(int(smallest.to_integral_value()), currency, LOCALE)


def from_it(report: Report) -> str:
    """What cannot be answered, is not known from this."""
    return "what is recorded" if report.source.own else "this file"


def answered(report: Report) -> list[Figure]:
    return [each for each in report.figures if each.grade is not Grade.UNKNOWABLE]


def unanswered(report: Report) -> list[Figure]:
    """The figures that cannot be known, the headline with them."""
    every = (report.headline, *report.figures)
    return [each for each in every if each.grade is Grade.UNKNOWABLE]
