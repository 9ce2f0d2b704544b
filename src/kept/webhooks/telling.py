"""From what happens to the rows of those who hear of it.

The rows are made here and written by whoever writes what happened, in one transaction with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Model, QuerySet

from kept.lib.ids import new_id
from kept.webhooks.models import Delivery, Endpoint, Event


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, for whoever wants to hear of it."""

    business: UUID
    case: UUID
    subject: UUID
    version: int
    type: str
    at: datetime
    data: dict[str, object]


def listening(business: Any) -> Exists:
    """Whether anybody hears of what happens in a business: for a query about something of it."""
    return Exists(_endpoints(business))


def anybody_listens(business: UUID) -> bool:
    """The same as a question of its own."""
    return _endpoints(business).exists()


def _endpoints(business: Any) -> QuerySet[Endpoint]:
    # A disabled one counts: what happens meanwhile is kept for it.
    return Endpoint.objects.filter(business=business)


def rows(happenings: Sequence[Happening], now: datetime) -> list[Model]:
    """The events, and for each endpoint that wants one its delivery; not yet written.

    The caller writes them in the transaction of what they tell of. One statement, none without
    happenings. What no endpoint wants makes no row.
    """
    if not happenings:
        return []
    listeners = _listeners({each.business for each in happenings})
    found: list[Model] = []
    for each in happenings:
        wanted = [e for e in listeners[each.business] if wants(e, each.type)]
        if wanted:
            event = _event(each)
            found += [event, *(delivery(event, endpoint, now) for endpoint in wanted)]
    return found


def wants(endpoint: Endpoint, type_: str) -> bool:
    """Whether this endpoint has chosen events of this type."""
    return not endpoint.types or type_ in endpoint.types


def _listeners(businesses: Iterable[UUID]) -> dict[UUID, list[Endpoint]]:
    found: dict[UUID, list[Endpoint]] = defaultdict(list)
    for endpoint in Endpoint.objects.filter(business__in=set(businesses)).order_by("id"):
        found[endpoint.business_id].append(endpoint)
    return found


def _event(happening: Happening) -> Event:
    return Event(
        id=new_id(),
        business_id=happening.business,
        case=happening.case,
        subject=happening.subject,
        version=happening.version,
        type=happening.type,
        at=happening.at,
        data=happening.data,
    )


def delivery(event: Event, endpoint: Endpoint, now: datetime) -> Delivery:
    """To be sent at once, or held for as long as its endpoint is disabled."""
    return Delivery(
        business_id=event.business_id,
        endpoint=endpoint,
        event=event,
        subject=event.subject,
        status=Delivery.HELD if endpoint.disabled_at else Delivery.PENDING,
        wake_at=now,
    )
