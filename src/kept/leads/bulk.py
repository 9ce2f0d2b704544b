"""Many leads at once, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from kept.leads.models import Lead
from kept.lib.plain import Key, rows


class LeadRow(NamedTuple):
    """One lead. `appointment`: the id of the one that was booked for it, as text, or None."""

    case: Key
    opened_at: datetime
    reference: str
    source: str
    appointment: str | None


def leads(
    business: UUID, begin: datetime | None, end: datetime | None, at_a_time: int
) -> Iterator[list[LeadRow]]:
    """The leads of a business that came in within [begin, end), in order, so many at a time."""
    found = Lead.objects.filter(business_id=business)
    if begin is not None:
        found = found.filter(opened_at__gte=begin)
    if end is not None:
        found = found.filter(opened_at__lt=end)
    found = found.order_by("opened_at", "case_id")
    page = _page(found, at_a_time)
    while page:
        yield page
        last = page[-1]
        passed = Q(opened_at=last.opened_at, case_id__lte=UUID(last.case))
        page = _page(found.filter(~passed, opened_at__gte=last.opened_at), at_a_time)


def _page(found: QuerySet[Lead], at_a_time: int) -> list[LeadRow]:
    about = KeyTextTransform("appointment", "case__facts")
    read = rows(
        found[:at_a_time],
        keys=["case_id"],
        instants=["opened_at"],
        values=["reference", "source", about],
    )
    return list(map(LeadRow._make, read))
