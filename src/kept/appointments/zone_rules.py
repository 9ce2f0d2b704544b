"""Appointments whose zone has changed its clocks since they were booked.

A customer is told a time on the wall: Tuesday, 09:00. What instant that is follows from the rules
of the zone, and countries change them, sometimes with weeks of notice. The next edition of the
time-zone database brings the new rules, and then an appointment already booked must stay at 09:00
and come an hour earlier or later in the world's time. Nothing the customer was told changes, so it
stays the same leg, with the same link and calendar entry; its instants, its claim on the time and
its planned duties are derived anew.

What cannot be kept like that is left to a person: a time that something else has taken, a wall time
that no longer exists, and a customer who was told the time by the clocks of another place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from kept.appointments.models import Leg, ZoneRules
from kept.appointments.new_leg import anchors_from
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.rows import policy_of
from kept.core import time
from kept.core.case import SYSTEM, Event
from kept.core.paths.appointment import AHEAD
from kept.lib.again import in_one_transaction
from kept.people import actions as people
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries


@dataclass(frozen=True, slots=True)
class Shift:
    """A leg whose wall time is another instant by the rules of today.

    `start` None: that wall time no longer exists; the leg stays at its instant.
    """

    leg: Leg
    start: datetime | None

    @property
    def by(self) -> timedelta:
        return self.start - self.leg.start if self.start else timedelta(0)


@dataclass(frozen=True, slots=True)
class Followed:
    """What the rules of an edition have changed. Counts of appointments, and closures, ahead."""

    edition: str
    looked_at: int = 0
    shifted: int = 0
    escalated: int = 0
    closures: int = 0


class OlderRules(Exception):
    """This machine has older zone rules than the ones this installation went by last."""

    def __init__(self, edition: str, last: str) -> None:
        super().__init__(
            f"The time-zone rules of this machine ({edition}) are older than those this "
            f"installation has used ({last}): nothing was changed. Update its time-zone database."
        )


def editions() -> list[ZoneRules]:
    """The editions this installation has gone by, the latest first."""
    return list(ZoneRules.objects.order_by("-id"))


def out_of_step(now: datetime) -> Iterator[Shift]:
    """The appointments ahead whose instant is no longer that of their wall time; reads only."""
    for leg in _ahead(now).iterator(chunk_size=1000):
        shift = _shift(leg, now)
        if shift is not None:
            yield shift


def follow(edition: str, now: datetime, real_now: datetime) -> Followed | None:
    """Keep every appointment ahead at its wall time, if the rules are of another edition now.

    Called whenever a process starts that may be the first with new rules; None when it is not.
    Who of two comes second finds nothing left to do. Raises OlderRules.
    """
    last = ZoneRules.objects.order_by("-id").first()
    # Editions are named by year and letter, so their names sort as they came.
    if last is not None and edition and edition < last.edition:
        raise OlderRules(edition, last.edition)
    if last is not None and edition and edition == last.edition:
        return None
    followed = _follow(edition, now)
    if edition or followed.shifted or followed.escalated:
        ZoneRules.objects.create(
            edition=edition,
            used_from=real_now,
            looked_at=followed.looked_at,
            shifted=followed.shifted,
            escalated=followed.escalated,
        )
    return followed


def _follow(edition: str, now: datetime) -> Followed:
    # First, so that an appointment is not taken for closed by what moves along with it.
    closures = schedule.follow_zone_rules(now)
    looked_at = _ahead(now).count()
    found = sorted(out_of_step(now), key=lambda shift: (shift.leg.staff_id, shift.leg.start))
    shifted = escalated = 0
    # All legs of one person at once: they may take each other's place.
    for _, group in groupby(found, key=lambda shift: shift.leg.staff_id):
        ids = [shift.leg.case_id for shift in group]
        for event in _keep_wall_times(ids, edition, now):
            shifted += event.data["from"] != event.data["to"]
            escalated += bool(event.data["time_taken"] or event.data["told_otherwise"])
    return Followed(edition, looked_at, shifted, escalated, closures)


@in_one_transaction
def _keep_wall_times(ids: list[UUID], edition: str, now: datetime) -> list[Event]:
    """Derive these legs of one person anew, as far as they are still out of step."""
    case_queries.lock_all(ids)
    found = (_shift(leg, now) for leg in _ahead(now).filter(case_id__in=ids))
    shifts = [shift for shift in found if shift is not None]
    if not shifts:
        return []
    by = {shift.leg.case_id: shift.by for shift in shifts if shift.by}
    homeless = schedule.shift(shifts[0].leg.staff, by)
    events = {
        shift.leg.case_id: _event(
            shift, edition, now, taken=shift.leg.case_id in homeless or _shut_out(shift)
        )
        for shift in shifts
    }
    anchors = {shift.leg.case_id: _write(shift) for shift in shifts}
    cases.set_anchors(
        anchors, [cases.Incoming(case_id, event) for case_id, event in events.items()], now
    )
    for shift in shifts:
        if not events[shift.leg.case_id].data["told_otherwise"]:
            people.told_at_another_instant(
                shift.leg.appointment_id, shift.leg.number, shift.leg.start
            )
    return list(events.values())


def _ahead(now: datetime) -> QuerySet[Leg]:
    legs = Leg.objects.filter(
        current=True, case__state__in=AHEAD, end__gt=now - schedule.LARGEST_SHIFT
    )
    return legs.exclude(wall="").select_related("case", "staff").order_by("case_id")


def _shift(leg: Leg, now: datetime) -> Shift | None:
    """How a leg is out of step; None when it is not, or when it is over either way."""
    zone = time.zone(leg.case.zone)
    if time.wall_text(leg.start, zone) == leg.wall:
        return None
    try:
        start = time.instant(datetime.fromisoformat(leg.wall), zone, fold=0)
    except time.NonexistentTime:
        return Shift(leg, None) if leg.end > now else None
    length = leg.end - leg.start
    return Shift(leg, start) if max(leg.end, start + length) > now else None


def _shut_out(shift: Shift) -> bool:
    """It comes to lie in a closure, which was made by the new rules before they were followed."""
    leg, by = shift.leg, shift.by
    before = schedule_queries.is_closed(leg.staff, leg.start, leg.end)
    return not before and schedule_queries.is_closed(leg.staff, leg.start + by, leg.end + by)


def _write(shift: Shift) -> dict[str, datetime]:
    """Write the leg as it is now; answers the anchors that follow."""
    leg, zone = shift.leg, ZoneInfo(shift.leg.case.zone)
    leg.start, leg.end = leg.start + shift.by, leg.end + shift.by
    # The same as before, except where that time no longer exists.
    leg.wall = time.wall_text(leg.start, zone)
    leg.save(update_fields=["start", "end", "wall"])
    policy, terms = policy_of(leg.case.policy_id), leg.snapshot["terms"]
    return anchors_from(leg.start, leg.end, leg.staff, zone, policy, terms)


def _event(shift: Shift, edition: str, now: datetime, *, taken: bool) -> Event:
    leg, zone = shift.leg, shift.leg.case.zone
    elsewhere = _told_elsewhere(leg)
    detail = _detail(shift, elsewhere, taken=taken)
    return Event(
        "zone_rules_changed",
        now,
        SYSTEM,
        f"New rules for the clocks of {zone}" + (f" (edition {edition})." if edition else "."),
        {
            "zone": zone,
            "wall": leg.wall,
            "from": leg.start.isoformat(),
            "to": (leg.start + shift.by).isoformat(),
            "time_taken": taken,
            "told_otherwise": shift.start is None or bool(elsewhere),
            "detail": detail,
        },
    )


def _told_elsewhere(leg: Leg) -> str:
    """The other zone by whose clocks the customer of a remote visit goes, or ""."""
    zone = str(leg.case.facts.get("recipient_zone") or "")
    return zone if leg.snapshot["mode"] == "online" and zone != leg.case.zone else ""


def _detail(shift: Shift, elsewhere: str, *, taken: bool) -> str:
    """What is left to a person, in a sentence; "" when nothing is."""
    leg, zone = shift.leg, shift.leg.case.zone
    shown = leg.wall.replace("T", " ")
    if shift.start is None:
        return f"by new rules of {zone} there is no {shown}; it stays at its instant, not its time"
    if taken:
        return f"by new rules of {zone} {shown} is another hour, and something else has it"
    if elsewhere:
        return (
            f"by new rules of {zone} {shown} there is another time in {elsewhere}, where they are"
        )
    return ""
