"""How the report words what is not a value: dates, grades, kinds of source, counts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kept.audit.figures import Break, Figure, Grade, Report
from kept.audit.quality import Quality
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


BREAKS = {
    "B1": "No confirmation within a minute",
    "B2": "A confirmation failed, and nobody acted",
    "B3": "A reminder or another duty was left out",
    "B4": "A message left after a change",
    "B5": "Staff or place was gone, and nobody saw to it",
    "B6": "Nobody wrote down what became of the visit",
    "B7": "A question to a person went unanswered",
    "B8": "Nothing followed the visit",
    "B9": "Nobody took over what was handed on",
}
"""The nine breaks as headings."""


def title(each: Break) -> str:
    return BREAKS.get(each.number) or each.name.replace("_", " ").capitalize()


def setting(each: Break) -> str:
    """How the policy that prevents a break is set, as one types it; "" if there is none."""
    return f"kept policy --set {each.policy}=…" if each.policy else ""


def dearest(report: Report) -> list[Break]:
    """The breaks on which money hangs, the most of it first: lost, then at risk."""
    dear = [each for each in report.breaks if each.lost or each.at_risk]
    zero = Decimal(0)
    return sorted(dear, key=lambda each: (-(each.lost or zero), -(each.at_risk or zero)))


def rows_read(found: Quality) -> str:
    """What was read, used and left out, in a sentence."""
    left = sum(found.dropped.values())
    if not found.read:
        return "There was nothing to read."
    read = many(found.read, "row was", "rows were")
    if not left:
        return f"{read} read, and every one was used."
    return f"{read} read; {found.used:,} of them used, {left:,} left out."


def from_it(report: Report) -> str:
    """What cannot be answered, is not known from this."""
    return "what is recorded" if report.source.own else "this file"


def answered(report: Report) -> list[Figure]:
    return [each for each in report.figures if each.grade is not Grade.UNKNOWABLE]


MONEY = ("M19", "M20")
"""The figures that are amounts: lost, and at risk."""


def of_money(report: Report) -> list[Figure]:
    """The amounts, as far as they can be known."""
    return [each for each in answered(report) if each.number in MONEY]


def about_money(report: Report) -> list[Figure]:
    """What can be known of the amounts, and whatever stands in one chapter with them."""
    chapters = {each.chapter for each in report.figures if each.number in MONEY}
    return [each for each in answered(report) if each.chapter in chapters]


def unanswered(report: Report) -> list[Figure]:
    """The figures that cannot be known, the headline with them."""
    every = (report.headline, *report.figures)
    return [each for each in every if each.grade is Grade.UNKNOWABLE]
