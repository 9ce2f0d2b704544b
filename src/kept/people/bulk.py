"""What many people said, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kept.lib.among import among
from kept.people.models import Consent


class Said(NamedTuple):
    """One word of a person about what they may be written (`core.wishes.WISHES`)."""

    customer: UUID
    wish: str
    given: bool
    at: datetime


def said(customers: Iterable[UUID]) -> list[Said]:
    """What these people agreed to and refused, in the order in which they said it."""
    found = Consent.objects.filter(among("customer_id", customers)).order_by("id")
    return [Said._make(row) for row in found.values_list("customer_id", "purpose", "given", "at")]
