"""The times a page offers, and the one that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.http import HttpRequest

from kept.appointments.queries import Leg
from kept.console.access import Desk
from kept.console.forms import Slot, wall_instant
from kept.core import time
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource, Service

DAYS = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """A free time as a radio button. `staff`: said only where it is somebody else than asked."""

    value: str
    start: datetime
    staff: str


@dataclass(frozen=True, slots=True)
class Day:
    """The free times of one day."""

    begin: datetime
    choices: list[Choice]
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen: the free times of a few days, with one person or with anybody."""

    service: Service
    staff: UUID | None
    able: list[Resource]
    day: date
    days: list[Day]
    earlier: date
    later: date

    @property
    def any_free(self) -> bool:
        return any(day.choices for day in self.days)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The time that was chosen. `freely`: somebody answers for it being outside the rules."""

    start: datetime
    staff: UUID | None
    freely: bool


def offer(
    request: HttpRequest,
    desk: Desk,
    service: Service,
    *,
    leg: Leg | None = None,
) -> Offer:
    """The free times from the day asked for (`?day=`) on, with whom is asked for (`?staff=`).

    `leg`: what is being moved. Its own time counts as free, but is not offered; and nobody else
    is meant unless somebody else is asked for.
    """
    able = schedule.staff_of(service)
    who = _staff(request, able, leg.staff_id if leg else None)
    on = _day(request, desk)
    people = [each for each in able if who is None or each.id == who]
    days = [
        _free(desk, service, people, on + timedelta(days=n), leg, anybody=who is None)
        for n in range(DAYS)
    ]
    first = next((n for n, day in enumerate(days) if day.choices), 0)
    return Offer(
        service,
        who,
        able,
        on,
        [replace(day, opened=n == first) for n, day in enumerate(days)],
        earlier=max(on - timedelta(days=DAYS), time.local_day(desk.now, desk.zone)),
        later=on + timedelta(days=DAYS),
    )


def _staff(request: HttpRequest, able: Sequence[Resource], default: UUID | None) -> UUID | None:
    if "staff" not in request.GET:
        return default
    asked = request.GET["staff"]
    return next((each.id for each in able if str(each.id) == asked), None)


def _day(request: HttpRequest, desk: Desk) -> date:
    """The day asked for, never before the present one."""
    present = time.local_day(desk.now, desk.zone)
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return present
    return min(max(asked, present), present + timedelta(days=3650))


def _free(
    desk: Desk,
    service: Service,
    people: Sequence[Resource],
    on: date,
    leg: Leg | None,
    *,
    anybody: bool,
) -> Day:
    begin, end = time.day_bounds(on, desk.zone)
    but = leg.case_id if leg else None
    free = schedule.free_slots(service, people, begin, end, desk.now, but=but)
    if anybody and leg is None:
        starts = list(dict.fromkeys(slot.start for slot in free))
        return Day(begin, [Choice(f"{start.isoformat()}/", start, "") for start in starts])
    names = {each.id: each.name for each in people}
    if leg is not None:
        free = [slot for slot in free if (slot.start, slot.staff) != (leg.start, leg.staff_id)]
        names[leg.staff_id] = ""
    if anybody and leg is not None:
        # Whoever moves keeps the person they have, where that person is free.
        free = sorted(free, key=lambda slot: (slot.start, slot.staff != leg.staff_id))
        free = list({slot.start: slot for slot in reversed(free)}.values())[::-1]
    else:
        names = dict.fromkeys(names, "")
    return Day(
        begin,
        [Choice(f"{s.start.isoformat()}/{s.staff}", s.start, names[s.staff]) for s in free],
    )


def chosen(desk: Desk, form: Slot, given: Offer) -> Chosen | None:
    """The time in a valid form; None with the refusal in the form."""
    data = form.cleaned_data
    if data.get("at"):
        start = wall_instant(form, data["day"], data["at"], data["twice"], desk.zone)
        return Chosen(start, given.staff, freely=True) if start else None
    text, _, staff = data["slot"].partition("/")
    try:
        start = time.parse_instant(text)
        who = UUID(staff) if staff else None
    except ValueError:
        form.add_error(None, "This time cannot be read: choose one that is offered.")
        return None
    if who is not None and who not in {each.id for each in given.able}:
        form.add_error(None, "This member of staff does not give this service.")
        return None
    return Chosen(start, who, freely=False)
