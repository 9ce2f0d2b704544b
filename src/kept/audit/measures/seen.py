"""An appointment as the measures see it: what several of them ask is worked out once.

Instants are whole seconds since 1970 here, so that nobody computes with dates twice.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

from kept.audit.figures import LISTED
from kept.audit.history import Appointment, Leg, Outcome, Stage
from kept.audit.measures.lead import LIMITS, UNKNOWN

LATE_WINDOW = 24 * 60
"""Minutes: less notice than this is late, where neither booking nor policy say otherwise."""

WALK_IN = "walk_in"
"""The channel of who came without a booking: nobody could have stayed away."""

CONFIRMATIONS = frozenset({"confirmation", "moved_notice"})
"""The controls that tell a customer the time."""

NO_SLOT, NOT_FREED = -1, -2
"""In the place of a freed time's number: it cannot be followed; it was not freed for
anybody else, as it had begun or the business itself gave it up."""

CANCELLATIONS = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS})
SETTLED = frozenset({Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS})
RESOLVED = SETTLED | CANCELLATIONS


class Visit:
    """One leg. `over` is when its time has passed: its end, or its start where no end is known;
    `ended` when its outcome happened or was written down; `confirmed` when its customer was told.
    `lead`: seconds from booking to start (None where it was entered afterwards, or nobody knows),
    `ahead` their place in `lead.NAMES`. `slot` numbers the time it freed."""

    __slots__ = (
        "ahead",
        "booked",
        "confirmed",
        "end",
        "ended",
        "last",
        "lead",
        "leg",
        "outcome",
        "over",
        "slot",
        "start",
    )

    def __init__(self, leg: Leg, last: bool) -> None:
        self.leg = leg
        self.last = last
        self.outcome = leg.outcome
        start = self.start = int(leg.start.timestamp())
        self.over = start
        self.end = self.booked = self.ended = self.lead = None
        self.ahead = UNKNOWN
        if leg.end is not None:
            self.over = self.end = int(leg.end.timestamp())
        if leg.outcome_at is not None:
            self.ended = int(leg.outcome_at.timestamp())
        if leg.booked_at is not None:
            booked = self.booked = int(leg.booked_at.timestamp())
            if booked <= start:
                self.lead = start - booked
                self.ahead = bisect_right(LIMITS, self.lead)
        self.confirmed = _confirmed(leg)
        self.slot = NO_SLOT

    @property
    def late(self) -> bool | None:
        """Whether it was cancelled with too little notice, by the terms it was booked under."""
        if self.ended is None:
            return None
        window = self.leg.late_window
        return self.start - self.ended < 60 * (LATE_WINDOW if window is None else window)


def _confirmed(leg: Leg) -> int | None:
    """When the confirmation was handed over, or a person said that they told them."""
    if (entered := leg.entered.get(Stage.CONFIRMED)) is not None:
        return int(entered.timestamp())
    for sent in leg.messages:
        if sent.control in CONFIRMATIONS and sent.handed_over_at and not sent.failed_at:
            return int(sent.handed_over_at.timestamp())
    return None


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


CAME, MISSED, UNKNOWN_OUTCOME = 0, 1, 2
PLACES = {
    Outcome.COMPLETED: CAME,
    Outcome.MISSED: MISSED,
    Outcome.UNKNOWN: UNKNOWN_OUTCOME,  # nobody wrote it down
    Outcome.ASSUMED: UNKNOWN_OUTCOME,  # or a rule did
}


class Tally:
    """Outcomes of visits a customer could have stayed away from, counted by their PLACES."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts = [0, 0, 0]

    def add(self, outcome: Outcome) -> None:
        if (place := PLACES.get(outcome)) is not None:
            self.counts[place] += 1

    def join(self, other: Tally) -> None:
        self.counts = [one + more for one, more in zip(self.counts, other.counts, strict=True)]

    @property
    def came(self) -> int:
        return self.counts[CAME]

    @property
    def missed(self) -> int:
        return self.counts[MISSED]

    @property
    def unknown(self) -> int:
        return self.counts[UNKNOWN_OUTCOME]

    @property
    def known(self) -> int:
        return self.counts[CAME] + self.counts[MISSED]

    @property
    def all(self) -> int:
        return sum(self.counts)
