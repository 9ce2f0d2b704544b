"""The messages of many cases at once, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kept.lib.among import among
from kept.outbox.models import Evidence, Message

LOST = (Message.FAILED, Message.EXPIRED)


class Letter(NamedTuple):
    """One message, without what it says and to whom."""

    id: UUID
    case: UUID
    control: str
    run: int
    kind: str
    channel: str
    status: str
    created_at: datetime
    handed_over_at: datetime | None


def letters(cases: Iterable[UUID]) -> list[Letter]:
    """The messages of these cases, those of each in the order in which they were posted."""
    found = Message.objects.filter(among("case", cases)).order_by("case", "created_at", "id")
    rows = found.values_list(
        "id", "case", "control", "run", "kind", "channel", "status", "created_at", "handed_over_at"
    )
    return [Letter._make(row) for row in rows]


def lost_at(letters: Iterable[Letter]) -> dict[UUID, datetime]:
    """Of the messages among these that will not arrive, since when that is known."""
    lost = [each.id for each in letters if each.status in LOST]
    if not lost:
        return {}
    news = Evidence.objects.filter(
        among("message_id", lost), kind__in=["failed", "bounced", "expired"]
    )
    return dict(news.order_by("-at").values_list("message_id", "at"))
