"""Remembering answers, so that a request that is repeated is not done twice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from kept.api.answers import Answer
from kept.api.models import Remembered
from kept.api.queries import REMEMBERED_FOR


class AlreadyAnswered(Exception):
    """Another request with the same key was answered first; this one is undone."""


def remember(business: UUID, key: str, fingerprint: str, answer: Answer, now: datetime) -> None:
    """Keep an answer under its key, in the caller's transaction. Raises AlreadyAnswered.

    Of two requests at once the database lets one in: the other waits here for its fate, and must
    leave its own transaction by the exception.
    """
    try:
        Remembered.objects.create(
            business_id=business,
            key=key,
            fingerprint=fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
            created_at=now,
        )
    except IntegrityError as error:
        raise AlreadyAnswered from error


def forget_expired(business: UUID, key: str, now: datetime) -> None:
    """Make room under a key whose answer has expired."""
    rows = Remembered.objects.filter(business_id=business, key=key)
    rows.filter(created_at__lte=now - REMEMBERED_FOR).delete()


def purge(now: datetime) -> int:
    """Forget the answers that have expired; answers how many. For the worker, now and then."""
    expired = Remembered.objects.filter(created_at__lte=now - REMEMBERED_FOR)
    return expired.delete()[0]
