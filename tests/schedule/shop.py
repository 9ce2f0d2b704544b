"""A business with staff and services, made anew by each test."""

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

from kept.accounts import actions as accounts
from kept.core.time import WeeklyHours
from kept.schedule import actions, queries
from kept.schedule.actions import ServiceDetails
from kept.schedule.queries import Claim

NOW = datetime(2027, 3, 1, 7, tzinfo=UTC)
"""A Monday, 08:00 in Berlin, where the clocks go forward on 28 March."""

WEEKDAYS = [WeeklyHours(day, time(9), time(17)) for day in range(5)]


def berlin(day, hour, minute=0, month=3):
    """That wall time in Berlin in March 2027 (winter time until the 28th)."""
    offset = 1 if (month, day) < (3, 28) else 2
    return datetime(2027, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=offset)


def new_business(name="Harbour Clinic", zone="Europe/Berlin"):
    owner = f"{name.split()[0].lower()}@example.com"
    return accounts.create_business(name, zone, owner, NOW)[0].id


def new_staff(business, name="Ada", zone="Europe/Berlin", hours=None):
    return actions.create_staff(business, name, "", zone, WEEKDAYS if hours is None else hours)


def new_service(business, *staff, minutes=45, **details):
    details = {"name": "Foot care", "duration_minutes": minutes, **details}
    return actions.create_service(
        business, ServiceDetails(staff=[each.id for each in staff], **details)
    )


def take(service, resource, start, now=NOW):
    """Claim the time of a visit for a leg of its own; answers the leg's id."""
    leg = uuid4()
    begin, end = actions.claimed_span(service, start)
    actions.claim(resource, begin, end, kind=Claim.LEG, holder=leg, now=now)
    return leg


def free(service, *staff, day=2, days=1, now=NOW, **options):
    """The free starts of that day of March in Berlin."""
    begin = berlin(day, 0)
    slots = queries.free_slots(service, staff, begin, begin + timedelta(days=days), now, **options)
    return [slot.start for slot in slots]


def live_claims(resource, kind=None):
    claims = Claim.objects.filter(resource=resource.number, live=True)
    claims = claims.filter(kind=kind) if kind else claims
    return sorted(claims.values_list("start", "end"))
