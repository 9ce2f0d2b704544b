"""What the owners of a business hear once a week: what broke, what it cost, what was won back.

It is the audit over seven days, by the same code and to the digit. It is always written, also when
nothing broke: silence would otherwise mean two things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.html import format_html, format_html_join

from kept.accounts.queries import Business
from kept.audit import own
from kept.audit.figures import Break, Report
from kept.audit.history import Appointment, Enquiry, History
from kept.audit.measures.wording import price
from kept.audit.report import audit
from kept.audit.won_back import BACK_WITHIN, How, Won, WonBack
from kept.core.policy import Policy
from kept.core.time import day_bounds, first_instant, local_day
from kept.lib import i18n

LOCALE = "en_GB"
NOT_MARGIN = (
    "Money is the list price of the visits, not margin. Of what was won back nobody knows whether "
    "it would have come all the same; each visit is counted once."
)
HEADING_ENDS = "</h1>"


def due(policy: Policy, zone: ZoneInfo, now: datetime) -> date | None:
    """The local day of the latest letter that is due by now; None: none is wanted.

    Of several weeks without a worker only the last one is written about.
    """
    if not policy.weekly_mail:
        return None
    today = local_day(now, zone)
    day = today - timedelta(days=(today.isoweekday() - policy.weekly_mail_day) % 7)
    if moment(policy, zone, day) > now:
        day -= timedelta(days=7)
    return day


def moment(policy: Policy, zone: ZoneInfo, day: date) -> datetime:
    """When on this day it is due: by the clocks of the business, in an hour that was skipped just
    after it."""
    return first_instant(datetime.combine(day, time(policy.weekly_mail_hour)), zone)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days, up to the day before the letter."""

    since: date
    until: date
    begin: datetime
    end: datetime

    @property
    def query(self) -> str:
        """As the audit's pages take it."""
        return f"from={self.since.isoformat()}&to={self.until.isoformat()}"


def week_before(day: date, zone: ZoneInfo) -> Week:
    since, until = day - timedelta(days=7), day - timedelta(days=1)
    return Week(since, until, day_bounds(since, zone)[0], day_bounds(until, zone)[1])


class _Watched:
    """A history, and what was won back in it."""

    def __init__(self, history: History, week: Week) -> None:
        self.source, self.quality = history.source, history.quality
        self._history, self.won = history, WonBack(week.begin, week.end)

    def appointments(self) -> Iterator[Appointment]:
        for appointment in self._history.appointments():
            self.won.take(appointment)
            yield appointment

    def enquiries(self) -> Iterator[Enquiry]:
        return self._history.enquiries()


@dataclass(frozen=True, slots=True)
class Told:
    """One letter, before it is addressed."""

    subject: str
    text: str
    html: str


def tell(business: Business, day: date, now: datetime) -> Told:
    """The letter of the week before this day."""
    week = week_before(day, ZoneInfo(business.time_zone))
    # What was lost in the weeks before may have been won back in this one.
    history = own.history(business, now, week.begin - BACK_WITHIN, week.end)
    watched = _Watched(history, week)
    report = audit(watched, begin=week.begin, end=week.end)
    return worded(business, week, report, watched.won.found(history.invitations()))


def worded(business: Business, week: Week, report: Report, won: Mapping[How, Won]) -> Told:
    """The report of a week in words."""
    pages = f"{settings.BASE_URL}/console/audit"
    broken = [each for each in report.breaks if each.appointments]
    named = [(each.sentence, f"{pages}/behind/{each.number}/?{week.query}") for each in broken]
    facts = [report.headline.answer, *_cost(broken, business.currency), _won(won, business)]
    whole = f"{pages}/?{week.query}"
    span = f"{_day(week.since)} to {_day(week.until)}"
    ends = (
        NOT_MARGIN,
        "This letter comes every week, also when nothing broke. Its day and hour, and whether it "
        f"comes, are in the policy: {settings.BASE_URL}/console/set-up/policy/",
    )
    heading = f"{business.name}, {span}"
    return Told(
        subject=_subject(business, report, broken),
        text=_plain(heading, facts, named, whole, ends),
        html=_html(heading, facts, named, whole, ends),
    )


def _subject(business: Business, report: Report, broken: list[Break]) -> str:
    known = {value.name: value.raw for value in report.headline.values}
    every = int(str(known.get("appointments", 0)))
    lost = every - int(str(known.get("governed", every)))
    if not every:
        return f"Your week at {business.name}: no appointments"
    if not broken:
        return f"Your week at {business.name}: nothing broke"
    return f"Your week at {business.name}: {lost} of {every} appointments broke somewhere"


def _cost(broken: list[Break], currency: str) -> list[str]:
    """What hangs on the breaks, each appointment counted once."""
    lost = sum((each.lost or Decimal(0) for each in broken), Decimal(0))
    risk = sum((each.at_risk or Decimal(0) for each in broken), Decimal(0))
    at_risk = f"{price(risk, currency)} are at risk"
    if not lost:
        return [f"{at_risk}."] if risk else []
    return [
        f"Where it broke, {price(lost, currency)} are lost{f', and {at_risk}' if risk else ''}."
    ]


WON = {
    How.MOVED: ("took place after it had been moved", "took place after they had been moved"),
    How.CAME_BACK: ("came after a miss or a cancellation",) * 2,
    How.INVITED: ("followed an invitation",) * 2,
    How.REFILLED: (
        "used a time somebody else had given back",
        "used times others had given back",
    ),
}


def _won(won: Mapping[How, Won], business: Business) -> str:
    if not won:
        return (
            "Nothing was won back in this week: no visit took place that had been moved, followed "
            "a miss, a cancellation or an invitation, or used a time given back."
        )
    parts = [_won_so(how, each, business) for how, each in won.items()]
    whole = sum((each.worth for each in won.values()), Decimal(0))
    return f"Won back, worth {price(whole, business.currency)}: {'; '.join(parts)}."


def _won_so(how: How, won: Won, business: Business) -> str:
    one, several = WON[how]
    worth = price(won.worth, business.currency)
    said = f"1 visit {one}" if won.visits == 1 else f"{won.visits} visits {several}"
    return f"{said} ({worth})"


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """A moment by the clocks of the business."""
    local = at.astimezone(zone)
    return f"{_day(local.date())} at {local:%H:%M}"


def _day(day: date) -> str:
    return i18n.format_date_short(datetime.combine(day, time(12), UTC), "UTC", LOCALE)


def _plain(
    heading: str, facts: list[str], named: list[tuple[str, str]], whole: str, ends: tuple[str, ...]
) -> str:
    blocks = [heading, *facts, *(f"{sentence}\n{page}" for sentence, page in named)]
    return "\n\n".join([*blocks, f"The whole report:\n{whole}", *ends]) + "\n"


def _html(
    heading: str, facts: list[str], named: list[tuple[str, str]], whole: str, ends: tuple[str, ...]
) -> str:
    body = format_html_join("", "<p>{}</p>", ((fact,) for fact in facts))
    if named:
        items = format_html_join(
            "",
            '<li style="margin-bottom:8px">{} <a href="{}">Look at them</a></li>',
            named,
        )
        body += format_html("<h2 style='font-size:18px'>What broke</h2><ul>{}</ul>", items)
    small = format_html_join(
        "", "<p style='color:#555;font-size:14px'>{}</p>", ((end,) for end in ends)
    )
    return str(
        format_html(
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'></head>"
            "<body style='font-family:Arial,sans-serif;font-size:16px;line-height:1.5;color:#222;"
            "max-width:600px;margin:0 auto;padding:24px'>"
            "<h1 style='font-size:22px'>{}</h1>{}<p><a href='{}'>The whole report</a></p>{}"
            "</body></html>",
            heading,
            body,
            whole,
            small,
        )
    )
