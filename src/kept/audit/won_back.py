"""What was won back in a week: visits that took place although a time had been lost before.

By list price, each visit once, under the first of these that fits it: its appointment had been
moved; its person had missed or cancelled another time up to 30 days before; it was booked within 30
days of an invitation; it used a time that somebody had given back. Whether it would have been
booked all the same nobody knows, and it is not said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from kept.audit.history import Appointment, Invitation, Leg, Outcome

BACK_WITHIN = timedelta(days=30)  # as M16 and M27
NOTICE = timedelta(hours=2)  # as M17


class How(StrEnum):
    """In the order in which a visit is counted."""

    MOVED = "moved"
    CAME_BACK = "came_back"
    INVITED = "invited"
    REFILLED = "refilled"


@dataclass(slots=True)
class Won:
    visits: int = 0
    worth: Decimal = Decimal(0)


@dataclass(slots=True)
class WonBack:
    """Of the visits that start in [begin, end). `take` every appointment that has a time there or
    up to `BACK_WITHIN` before; then `found`."""

    begin: datetime
    end: datetime
    visits: list[Appointment] = field(default_factory=list)
    lost: dict[int, list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by person: since when it was lost, and when it was to be
    freed: dict[str, list[Leg]] = field(default_factory=lambda: defaultdict(list))

    def take(self, appointment: Appointment) -> None:
        last = appointment.legs[-1]
        if self.begin <= last.start < self.end and last.outcome is Outcome.COMPLETED:
            self.visits.append(appointment)
        for leg in appointment.legs:
            self._lost(leg, appointment.person)

    def _lost(self, leg: Leg, person: int | None) -> None:
        if leg.outcome is Outcome.MISSED and person is not None:
            self.lost[person].append((leg.start, leg.start))
        elif leg.outcome is Outcome.CANCELLED and leg.outcome_at is not None:
            if person is not None:
                self.lost[person].append((leg.outcome_at, leg.start))
            if leg.staff and leg.end and leg.start - leg.outcome_at > NOTICE:
                self.freed[leg.staff].append(leg)

    def found(self, invitations: Iterable[Invitation]) -> dict[How, Won]:
        """By how it was won back; what is not there did not happen."""
        asked: set[datetime | None] = {
            each.booked_at
            for each in invitations
            if not each.held_out
            and each.booked_at is not None
            and each.booked_at <= each.due_at + BACK_WITHIN
        }
        won: dict[How, Won] = defaultdict(Won)
        for each in self.visits:
            if (how := self._how(each.legs, each.person, asked)) is not None:
                won[how].visits += 1
                won[how].worth += each.legs[-1].price or 0
        return {how: won[how] for how in How if how in won}

    def _how(
        self, legs: Sequence[Leg], person: int | None, asked: set[datetime | None]
    ) -> How | None:
        last = legs[-1]
        if len(legs) > 1:
            return How.MOVED
        before = self.lost.get(person, ()) if person is not None else ()
        if any(at < last.start <= start + BACK_WITHIN for at, start in before):
            return How.CAME_BACK
        if last.booked_at is not None and last.booked_at in asked:
            return How.INVITED
        if any(_uses(last, slot) for slot in self.freed.get(last.staff or "", ())):
            return How.REFILLED
        return None


def _uses(visit: Leg, slot: Leg) -> bool:
    """Whether the visit was booked once the time was free, and takes at least half of it."""
    if visit.end is None or slot.end is None or visit.booked_at is None or slot.outcome_at is None:
        return False
    common = min(visit.end, slot.end) - max(visit.start, slot.start)
    return visit.booked_at >= slot.outcome_at and 2 * common >= slot.end - slot.start
