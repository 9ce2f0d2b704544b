"""Payments joined with bookings by customer and day: who paid on the day of the booking came.

A rule, and no observation, so what rests on it is graded as inferred. A payment is joined only
where it can belong to one booking: a customer who has two on that day is refused, and counted. It
says nothing of a booking that was cancelled or marked as missed (a fee is paid for those as well),
and who did not pay is not thereby said to have stayed away.

1. All payments are read, by customer and local day.
2. The bookings of those customers on those days are counted: one more pass, for payments only.
3. As bookings are read, each takes what was paid for it; in the end all payments are accounted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kept.audit.history import Field, Leg, Outcome
from kept.audit.quality import Quality
from kept.audit.reading.rules import PAID_AFTER_ALL, PAID_FOR_NONE, PAID_FOR_SEVERAL

RULE = (
    "Who came is inferred: a customer who paid on the day of their only booking came. Who did not "
    "pay may have come as well."
)
TELLS = {
    Field.OUTCOME: RULE,
    Field.ATTENDED: RULE,
    Field.PRICE: "Where a booking has no price, it is what its customer paid on that day.",
}
"""What payments say, and by which rule."""


class Key(NamedTuple):
    """One customer (a pseudonym) on one local day."""

    person: int
    day: date


@dataclass(slots=True)
class Paid:
    """What one customer paid on one day, and where it stands."""

    amount: Decimal = Decimal(0)
    places: list[str] = field(default_factory=list)
    joined: bool = False


class Payments:
    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.paid: dict[Key, Paid] = {}
        self.bookings: Counter[Key] = Counter()

    def take(self, key: Key, amount: Decimal, place: str) -> None:
        """One payment."""
        paid = self.paid.setdefault(key, Paid())
        paid.amount += amount
        paid.places.append(place)

    def key(self, person: int, start: datetime) -> Key:
        return Key(person, start.astimezone(self.zone).date())

    def count(self, bookings: Iterator[tuple[int, datetime]]) -> None:
        """By customer and start: every booking a payment could belong to."""
        for person, start in bookings:
            if (key := self.key(person, start)) in self.paid:
                self.bookings[key] += 1

    def judged(self, leg: Leg, person: int | None) -> Leg:
        """The booking with what was paid for it, if that says anything of it."""
        if person is None or leg.outcome is not Outcome.UNKNOWN:
            return leg
        key = self.key(person, leg.start)
        paid = self.paid.get(key)
        if paid is None or self.bookings[key] != 1:
            return leg
        paid.joined = True
        price = leg.price if leg.price is not None else paid.amount
        return replace(leg, outcome=Outcome.COMPLETED, price=price)

    def account(self, quality: Quality) -> None:
        """Every payment is used, or dropped for one reason; asked once all bookings were read."""
        for key, paid in self.paid.items():
            if paid.joined:
                quality.used += len(paid.places)
                continue
            for place in paid.places:
                quality.drop(_why(self.bookings[key]), place)


def _why(bookings: int) -> str:
    if not bookings:
        return PAID_FOR_NONE
    return PAID_AFTER_ALL if bookings == 1 else PAID_FOR_SEVERAL
