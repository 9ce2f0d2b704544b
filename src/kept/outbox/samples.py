"""Letters that members send to themselves: asked for, taken by one worker, and what became of them.

They go by the ordinary transport and never hold up a letter to a customer. One is handed over at
most once: where nobody knows whether it left, another may be asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kept.accounts import queries as accounts
from kept.clock.queries import real_now
from kept.outbox.models import Sample as Sample
from kept.outbox.texts.facts import Text

MOST, WITHIN = 5, timedelta(minutes=10)
"""How many a member may ask for in which time."""

OF_USE = timedelta(minutes=15)
LEASE = timedelta(minutes=2)
DIED = "the worker stopped while handing it over"


class TooMany(Exception):
    """This member has asked for as many as they may, for now."""

    def __init__(self) -> None:
        super().__init__(
            f"You have sent yourself {MOST} tests within {WITHIN.seconds // 60} minutes: "
            "wait a little."
        )


@transaction.atomic
def ask(business: UUID, address: str, kind: str, text: Text, now: datetime) -> Sample:
    """A letter to the member who asks, and to nobody else. Raises TooMany."""
    accounts.lock(business)  # two at once are counted one after the other
    mine = Sample.objects.filter(business_id=business, address=address)
    if mine.filter(created_at__gt=now - WITHIN).count() >= MOST:
        raise TooMany
    return Sample.objects.create(
        business_id=business,
        address=address,
        kind=kind,
        subject_line=text.subject[:400],
        text=text.text,
        html=text.html,
        created_at=now,
    )


def asked_for(business: UUID, address: str, limit: int = 5) -> list[Sample]:
    """What this member sent themselves lately, newest first."""
    found = Sample.objects.filter(business_id=business, address=address)
    return list(found.order_by("-created_at", "-id")[:limit])


def take(now: datetime) -> Sample | None:
    """One to be handed over, under a lease; what cannot go any more is settled on the way."""
    free = Q(taken_until=None) | Q(taken_until__lt=real_now())
    unsettled = Sample.objects.filter(free, status__in=[Sample.WAITING, Sample.HANDING_OVER])
    for row in unsettled.select_related("business").order_by("created_at", "id")[:20]:
        if row.status == Sample.HANDING_OVER:
            settle(row, Sample.DOUBTFUL, now, DIED)
        elif row.created_at + OF_USE <= now:
            settle(row, Sample.EXPIRED, now, row.error)
        elif _change(row, taken_until=real_now() + LEASE):
            return row
    return None


def mark(row: Sample, now: datetime) -> bool:
    """Mark it as being handed over, just before it is. False: it is in other hands."""
    return _change(row, status=Sample.HANDING_OVER, handed_over_at=now)


def give_back(row: Sample, why: str) -> None:
    """It did not leave: it may be tried again, while it is of use."""
    _change(row, status=Sample.WAITING, handed_over_at=None, taken_until=None, error=why[:500])


def settle(row: Sample, status: str, now: datetime, detail: str = "") -> None:
    """What became of it, for good."""
    _change(row, status=status, settled_at=now, taken_until=None, error=detail[:500])


def _change(row: Sample, **to: object) -> bool:
    """Change it, if nobody else has since it was read."""
    same = Sample.objects.filter(id=row.id, status=row.status, taken_until=row.taken_until)
    changed = same.update(**to) == 1
    if changed:
        for name, value in to.items():
            setattr(row, name, value)
    return changed
