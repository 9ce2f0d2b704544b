"""What a check looks with, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from django.db.models import OuterRef, QuerySet, Subquery

from kept.appointments.queries import Appointment

MOST = 100  # sentences a check prints of one kind; more of them help nobody
BATCH = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a check looks. `overdue`: what was due before this has been left lying.

    `lease_over`: real time; whoever held something under a lease until then has died, and
    somebody should have noticed.
    """

    now: datetime
    overdue: datetime
    lease_over: datetime


@dataclass(slots=True)
class Found:
    """How many rows a check looked at, and a sentence for each that breaks the promise."""

    looked_at: int = 0
    broken: list[str] = field(default_factory=list)

    def add(self, rows: Iterable[Row], say: Callable[[Row], str]) -> None:
        """Say of each of these rows what is wrong with it, up to MOST of them."""
        each = iter(rows)
        self.broken += [say(row) for row in islice(each, MOST)]
        more = sum(1 for _ in each)
        if more:
            self.broken.append(f"... and {more} more like these.")


def stream(rows: QuerySet[Any]) -> Iterator[Any]:
    """The rows one after the other, without holding them all."""
    return iter(rows.iterator(chunk_size=BATCH))


def reference(subject: str) -> Subquery:
    """The reference of the appointment whose id stands in this column."""
    return Subquery(Appointment.objects.filter(id=OuterRef(subject)).values("reference")[:1])


def moment(now: datetime, real_now: datetime, *, speed: float, lag: timedelta) -> Moment:
    """`lag`: how long, in real time, a worker may take before anybody complains."""
    return Moment(now, now - lag * max(1.0, speed), real_now - lag)
