"""Many appointments at once, as plain values: for who reads a whole business and keeps nothing.

Nothing here makes an instance of a model, and no question is asked for one appointment alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from kept.appointments.models import Appointment, Leg
from kept.lib.among import among

Place = tuple[datetime, UUID]
"""Where a leg stands in the order of a business: its start, then its id."""


class LegRow(NamedTuple):
    """One booked time with what its case knows. What stands in JSON is text here, or None."""

    appointment: UUID
    case: UUID
    number: int
    start: datetime
    end: datetime
    booked_at: datetime
    reference: str
    origin: str
    customer: UUID
    staff_id: UUID
    staff: str
    service_id: UUID
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


COLUMNS = (
    "appointment_id",
    "case_id",
    "number",
    "start",
    "end",
    "booked_at",
    "appointment__reference",
    "appointment__origin",
    "appointment__customer_id",
    "staff_id",
    "staff__name",
    "service_id",
    "case__state",
    "case__zone",
    "case__policy_id",
)
IN_JSON = {
    "service_name": KeyTextTransform("name", "snapshot"),
    "price": KeyTextTransform("price", "snapshot"),
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
) -> Iterator[list[tuple[Place, UUID]]]:
    """The legs of a business that start in [begin, end), in order, so many at a time: the place of
    each, and its appointment. Each page is one statement that goes on where the last one ended."""
    rows = (
        _within(business, begin, end)
        .order_by("start", "case_id")
        .values_list("start", "case_id", "appointment_id")
    )
    page = [((start, case), appointment) for start, case, appointment in rows[:at_a_time]]
    while page:
        yield page
        (start, case), _ = page[-1]
        # One range of the index by time; the few of the same minute are passed over.
        on = rows.filter(~Q(start=start, case_id__lte=case), start__gte=start)
        page = [((start, case), appointment) for start, case, appointment in on[:at_a_time]]


def _within(business: UUID, begin: datetime | None, end: datetime | None) -> QuerySet[Leg]:
    found = Leg.objects.filter(business_id=business)
    if begin is not None:
        found = found.filter(start__gte=begin)
    return found if end is None else found.filter(start__lt=end)


def legs(business: UUID, appointments: Iterable[UUID]) -> list[LegRow]:
    """Every leg of these appointments of the business, appointment by appointment, in order."""
    found = Leg.objects.filter(among("appointment_id", appointments), business_id=business)
    rows = found.annotate(**{f"json_{name}": part for name, part in IN_JSON.items()})
    values = rows.values_list(*COLUMNS, *(f"json_{name}" for name in IN_JSON))
    return [LegRow._make(row) for row in values.order_by("appointment_id", "number")]


def count(business: UUID, begin: datetime | None, end: datetime | None) -> int:
    """How many legs of a business start in [begin, end)."""
    return _within(business, begin, end).count()


def states(business: UUID, appointments: Iterable[UUID]) -> dict[UUID, str]:
    """The present state of each of these appointments of the business."""
    found = Leg.objects.filter(
        among("appointment_id", appointments), business_id=business, current=True
    )
    return dict(found.values_list("appointment_id", "case__state"))


class Completed(NamedTuple):
    """A visit that took place, as somebody saw."""

    appointment: UUID
    reference: str
    version: int


KNOWN = ("staff", "customer", "integration")  # who may have seen how a visit ended


def completed(
    business: UUID, begin: datetime | None, end: datetime | None, at_a_time: int
) -> Iterator[list[Completed]]:
    """The visits of a business in [begin, end) that were seen to take place, by pages in order."""
    for page in places(business, begin, end, at_a_time):
        found = Leg.objects.filter(
            among("case_id", [case for (_, case), _ in page]), current=True, case__state="completed"
        )
        seen = found.annotate(
            source=KeyTextTransform("source", KeyTransform("outcome", "case__facts")),
            version=KeyTextTransform("outcome_version", "case__facts"),
        )
        rows = seen.order_by("start", "case_id").values_list(
            "appointment_id", "appointment__reference", "source", "version"
        )
        yield [Completed(key, ref, int(n or 0)) for key, ref, who, n in rows if who in KNOWN]


def references(business: UUID, appointments: Iterable[UUID]) -> dict[UUID, str]:
    """The reference of each of these appointments of the business."""
    found = Appointment.objects.filter(among("id", appointments), business_id=business)
    return dict(found.values_list("id", "reference"))
