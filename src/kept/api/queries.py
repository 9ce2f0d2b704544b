"""What the API remembers of requests that may be repeated."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kept.api.models import Remembered as Remembered

REMEMBERED_FOR = timedelta(hours=24)


def remembered(business: UUID, key: str, now: datetime) -> Remembered | None:
    """The answer once given under this key, unless it has expired."""
    found = Remembered.objects.filter(business_id=business, key=key)
    return found.filter(created_at__gt=now - REMEMBERED_FOR).first()
