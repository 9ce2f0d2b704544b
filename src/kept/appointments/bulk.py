"""Many appointments at once, as plain values: for who reads a whole business and keeps nothing.

Nothing here makes an instance of a model, and no question is asked for one appointment alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import NullIf

from kept.appointments.models import Appointment, Leg
from kept.lib.plain import Key, among, made, rows

Place = tuple[datetime, Key]
"""Where a leg stands in the order of a business: its start, then its id."""


class LegRow(NamedTuple):
    """One booked time with what its case knows. What stands in JSON is text here, or None."""

    appointment: Key
    case: Key
    customer: Key
    service_id: Key
    staff_id: Key
    start: datetime
    end: datetime
    booked_at: datetime
    number: int
    reference: str
    origin: str
    staff: str
    state: str
    zone: str
    policy: int
    service: str | None
    price: str | None
    currency: str | None
    late_cancel: str | None
    by: str | None
    source: str | None
    channels: str | None
    withheld: str | None
    lives_by: str | None
    hand_offs: str | None


KEYS = ("appointment_id", "case_id", "appointment__customer_id", "service_id", "staff_id")
INSTANTS = ("start", "end", "booked_at")
COLUMNS = (
    "number",
    "appointment__reference",
    "appointment__origin",
    "staff__name",
    "case__state",
    "case__zone",
    "case__policy_id",
)
IN_JSON = {
    "service_name": KeyTextTransform("name", "snapshot"),
    # SQLite gives a null of JSON as the word: what has no price would have one that is no number.
    "price": NullIf(KeyTextTransform("price", "snapshot"), Value("null", TextField())),
    "currency": KeyTextTransform("currency", "snapshot"),
    "late_cancel": KeyTextTransform("late_cancel", "case__anchors"),
    "by": KeyTextTransform("by", "case__facts"),
    "source": KeyTextTransform("source", KeyTransform("outcome", "case__facts")),
    "channels": KeyTextTransform("channels", "case__facts"),
    "withheld": KeyTextTransform("service", KeyTransform("not_to_write", "case__facts")),
    "lives_by": KeyTextTransform("recipient_zone", "case__facts"),
    "hand_offs": KeyTextTransform("hand_offs", "case__facts"),
}


def places(
    business: UUID, begin: datetime | None, end: datetime | None, at_a_time: int
) -> Iterator[list[tuple[Place, Key]]]:
    """The legs of a business that start in [begin, end), in order, so many at a time: the place of
    each, and its appointment. Each page is one statement that goes on where the last one ended."""
    found = _within(business, begin, end).order_by("start", "case_id")
    page = _page(found, at_a_time)
    while page:
        yield page
        (start, case), _ = page[-1]
        # One range of the index by time; the few of the same minute are passed over.
        passed = Q(start=start, case_id__lte=UUID(case))
        page = _page(found.filter(~passed, start__gte=start), at_a_time)


def _page(found: QuerySet[Leg], at_a_time: int) -> list[tuple[Place, Key]]:
    read = rows(found[:at_a_time], keys=["case_id", "appointment_id"], instants=["start"])
    return [((start, case), appointment) for case, appointment, start in read]


def _within(business: UUID, begin: datetime | None, end: datetime | None) -> QuerySet[Leg]:
    found = Leg.objects.filter(business_id=business)
    if begin is not None:
        found = found.filter(start__gte=begin)
    return found if end is None else found.filter(start__lt=end)


def legs(business: UUID, appointments: Iterable[Key]) -> list[LegRow]:
    """Every leg of these appointments of the business, appointment by appointment, in order."""
    found = Leg.objects.filter(among("appointment_id", appointments), business_id=business)
    read = rows(
        found.order_by("appointment_id", "number"),
        keys=KEYS,
        instants=INSTANTS,
        values=[*COLUMNS, *IN_JSON.values()],
    )
    return made(LegRow, read)


def count(business: UUID, begin: datetime | None, end: datetime | None) -> int:
    """How many legs of a business start in [begin, end)."""
    return _within(business, begin, end).count()


def states(business: UUID, appointments: Iterable[Key]) -> dict[Key, str]:
    """The present state of each of these appointments of the business."""
    found = Leg.objects.filter(
        among("appointment_id", appointments), business_id=business, current=True
    )
    return dict(rows(found, keys=["appointment_id"], values=["case__state"]))


class Completed(NamedTuple):
    """A visit that took place, as somebody saw."""

    appointment: Key
    reference: str
    version: int


KNOWN = ("staff", "customer", "integration")  # who may have seen how a visit ended


def completed(
    business: UUID, begin: datetime | None, end: datetime | None, at_a_time: int
) -> Iterator[list[Completed]]:
    """The visits of a business in [begin, end) that were seen to take place, by pages in order."""
    source = KeyTextTransform("source", KeyTransform("outcome", "case__facts"))
    version = KeyTextTransform("outcome_version", "case__facts")
    for page in places(business, begin, end, at_a_time):
        found = Leg.objects.filter(
            among("case_id", [case for (_, case), _ in page]),
            current=True,
            case__state="completed",
        )
        read = rows(
            found.order_by("start", "case_id"),
            keys=["appointment_id"],
            values=["appointment__reference", source, version],
        )
        yield [Completed(key, ref, int(n or 0)) for key, ref, who, n in read if who in KNOWN]


def references(business: UUID, appointments: Iterable[Key]) -> dict[Key, str]:
    """The reference of each of these appointments of the business."""
    found = Appointment.objects.filter(among("id", appointments), business_id=business)
    return dict(rows(found, keys=["id"], values=["reference"]))
