"""An appointment as the measures see it: what several of them ask is worked out once.

Instants are whole seconds since 1970 here, so that nobody computes with dates twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kept.audit.figures import LISTED
from kept.audit.history import Appointment, Leg, Outcome

LATE_WINDOW = 24 * 60
"""Minutes: less notice than this is late, where neither booking nor policy say otherwise."""

WALK_IN = "walk_in"
"""The channel of who came without a booking: nobody could have stayed away."""

CANCELLATIONS = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS})
SETTLED = frozenset({Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS})
RESOLVED = SETTLED | CANCELLATIONS


def stamp(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


class Visit:
    """One leg. `over` is when its time has passed: its end, or its start where no end is known;
    `ended` when its outcome happened or was written down; `slot` numbers the time it freed."""

    __slots__ = ("booked", "end", "ended", "last", "leg", "outcome", "over", "slot", "start")

    def __init__(self, leg: Leg, last: bool) -> None:
        self.leg = leg
        self.last = last
        self.outcome = leg.outcome
        self.start = int(leg.start.timestamp())
        self.end = None if leg.end is None else int(leg.end.timestamp())
        self.booked = None if leg.booked_at is None else int(leg.booked_at.timestamp())
        self.ended = None if leg.outcome_at is None else int(leg.outcome_at.timestamp())
        self.over = self.start if self.end is None else self.end
        self.slot = -1

    @property
    def lead(self) -> int | None:
        """Seconds from booking to start; None where it was entered afterwards, or nobody knows."""
        if self.booked is None or self.booked > self.start:
            return None
        return self.start - self.booked

    @property
    def notice(self) -> int | None:
        """Seconds from its cancellation to its start; negative: cancelled after it."""
        return None if self.ended is None else self.start - self.ended

    @property
    def late(self) -> bool | None:
        """Whether it was cancelled with too little notice, by the terms it was booked under."""
        if self.ended is None:
            return None
        window = self.leg.late_window
        return self.start - self.ended < 60 * (LATE_WINDOW if window is None else window)


class Seen:
    """One appointment with its legs in order."""

    __slots__ = ("last", "person", "visits")

    def __init__(self, appointment: Appointment) -> None:
        legs = appointment.legs
        final = len(legs) - 1
        self.visits = [Visit(leg, place == final) for place, leg in enumerate(legs)]
        self.last = self.visits[-1]
        self.person = appointment.person


class Behind:
    """The references a figure counts, of the installation's own appointments only."""

    __slots__ = ("number", "own", "references")

    def __init__(self, own: bool) -> None:
        self.own = own
        self.number = 0
        self.references: list[str] = []

    def add(self, reference: str) -> None:
        self.number += 1
        if self.own and len(self.references) < LISTED:
            self.references.append(reference)

    @property
    def first(self) -> tuple[str, ...]:
        return tuple(self.references)

    @property
    def of(self) -> int:
        return self.number if self.own else 0


class Sum:
    """An amount, and how many of those added had a price at all."""

    __slots__ = ("amount", "number", "priced")

    def __init__(self) -> None:
        self.amount = Decimal(0)
        self.number = 0
        self.priced = 0

    def add(self, price: Decimal | None) -> None:
        self.number += 1
        if price is not None:
            self.priced += 1
            self.amount += price


@dataclass(slots=True)
class Tally:
    """Outcomes of the visits a customer could have stayed away from."""

    came: int = 0
    missed: int = 0
    unknown: int = 0  # nobody wrote it down, or a rule did

    def add(self, outcome: Outcome) -> None:
        if outcome is Outcome.COMPLETED:
            self.came += 1
        elif outcome is Outcome.MISSED:
            self.missed += 1
        elif outcome in (Outcome.UNKNOWN, Outcome.ASSUMED):
            self.unknown += 1

    def join(self, other: Tally) -> None:
        self.came += other.came
        self.missed += other.missed
        self.unknown += other.unknown

    @property
    def known(self) -> int:
        return self.came + self.missed

    @property
    def all(self) -> int:
        return self.came + self.missed + self.unknown
