"""What many people said, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kept.lib.plain import Key, among, made, rows
from kept.people.models import Consent


class Said(NamedTuple):
    """One word of a person about what they may be written (`core.wishes.WISHES`)."""

    customer: Key
    at: datetime
    wish: str
    given: bool


def said(customers: Iterable[Key]) -> list[Said]:
    """What these people agreed to and refused, in the order in which they said it."""
    found = Consent.objects.filter(among("customer_id", customers)).order_by("id")
    read = rows(found, keys=["customer_id"], instants=["at"], values=["purpose", "given"])
    return made(Said, read)
