"""The messages of many cases at once, as plain values: for who reads a whole business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from kept.lib.plain import Key, among, made, rows
from kept.outbox.models import Evidence, Message

LOST = (Message.FAILED, Message.EXPIRED)


class Letter(NamedTuple):
    """One message, without what it says and to whom."""

    id: Key
    case: Key
    created_at: datetime
    handed_over_at: datetime | None
    control: str
    run: int
    kind: str
    channel: str
    status: str


def letters(cases: Iterable[Key]) -> list[Letter]:
    """The messages of these cases, those of each by the duty they belong to."""
    found = Message.objects.filter(among("case", cases)).order_by("case", "control", "run")
    read = rows(
        found,
        keys=["id", "case"],
        instants=["created_at", "handed_over_at"],
        values=["control", "run", "kind", "channel", "status"],
    )
    return made(Letter, read)


def lost_at(letters: Iterable[Letter]) -> dict[Key, datetime]:
    """Of the messages among these that will not arrive, since when that is known."""
    lost = [each.id for each in letters if each.status in LOST]
    if not lost:
        return {}
    news = Evidence.objects.filter(
        among("message_id", lost), kind__in=["failed", "bounced", "expired"]
    )
    return dict(rows(news.order_by("-at"), keys=["message_id"], instants=["at"]))
