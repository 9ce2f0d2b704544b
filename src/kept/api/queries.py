"""What the API remembers of requests that may be repeated."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kept.api.models import Remembered as Remembered

REMEMBERED_FOR = timedelta(hours=24)


def remembered(business: UUID, key: str) -> Remembered | None:
    """The answer once given under this key, also one that has expired."""
    return Remembered.objects.filter(business_id=business, key=key).first()


def is_expired(row: Remembered, now: datetime) -> bool:
    return row.created_at <= now - REMEMBERED_FOR
