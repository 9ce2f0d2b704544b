"""What was late, left out or never said because no worker was there when it fell due."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from kept.appointments import queries
from kept.appointments.queries import Lateness, Leg
from kept.cli import out
from kept.cli.businesses import the_business
from kept.clock import queries as clock
from kept.lib import i18n


def show(slug: str | None, back: timedelta, *, as_json: bool) -> None:
    """Print the report on the time from `back` ago until now."""
    now = clock.now()
    business = the_business(slug).id if slug else None
    found = queries.lateness(now - back, now, business)
    if as_json:
        out.data(_data(found))
        return
    longest = f", the longest by {_words(found.longest)}" if found.late else ""
    colon = ":" if found.not_reminded else ""
    out.line(f"{found.late} done late{longest}")
    out.line(f"{found.expired} not done: their time of use was over")
    out.line(f"{found.superseded} left out for a more important message")
    out.line(f"{len(found.not_reminded)} got no reminder at all{colon}")
    for leg in found.not_reminded:
        customer = leg.appointment.customer
        start = leg.start.astimezone(ZoneInfo(leg.case.zone))
        reach = i18n.format_phone(customer.phone) or customer.email or "no contact"
        out.line(f"  {leg.appointment.reference}  {start:%Y-%m-%d %H:%M}  {customer.name}  {reach}")


def _data(found: Lateness) -> dict[str, object]:
    return {
        "late": found.late,
        "longest_seconds": int(found.longest.total_seconds()),
        "expired": found.expired,
        "superseded": found.superseded,
        "not_reminded": [_leg(leg) for leg in found.not_reminded],
    }


def _leg(leg: Leg) -> dict[str, object]:
    return {
        "reference": leg.appointment.reference,
        "leg": leg.number,
        "business": leg.appointment.business.slug,
        "start": leg.start.astimezone(ZoneInfo(leg.case.zone)),
        "customer": leg.appointment.customer.name,
        "state": leg.case.state,
    }


def _words(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
