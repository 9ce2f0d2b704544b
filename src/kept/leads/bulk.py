"""Many leads at once, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from kept.leads.models import Lead


class LeadRow(NamedTuple):
    """One lead. `appointment`: the id of the one that was booked for it, as text, or None."""

    case: UUID
    reference: str
    opened_at: datetime
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
    about = KeyTextTransform("appointment", "case__facts")
    rows = found.annotate(about=about).order_by("opened_at", "case_id")
    values = rows.values_list("case_id", "reference", "opened_at", "source", "about")
    page = [LeadRow._make(row) for row in values[:at_a_time]]
    while page:
        yield page
        last = page[-1]
        passed = Q(opened_at=last.opened_at, case_id__lte=last.case)
        on = values.filter(~passed, opened_at__gte=last.opened_at)
        page = [LeadRow._make(row) for row in on[:at_a_time]]
