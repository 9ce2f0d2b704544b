"""Taking what is to be delivered, and writing down what became of it.

Order: of one endpoint and one subject only the oldest unfinished delivery is ever taken. Later
ones are put off until it is through, so that they are not looked at again and again.
If we die between sending and writing down, the lease runs out and it is sent again under the same
id: who receives knows it by that.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from kept.clock.queries import real_now
from kept.lib import outgoing
from kept.lib.outgoing import Forbidden, NoAnswer, Reply
from kept.webhooks import envelope
from kept.webhooks.models import Attempt, Delivery, Endpoint

LEASE = timedelta(seconds=60)  # longer than an attempt and a slow resolver
AT_ONCE_EACH = 2  # attempts for one endpoint at a time, of one worker
BATCH = 50

# Standard Webhooks 1.0, "Deliverability and reliability": after each failed attempt so long a wait.
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(SCHEDULE) + 1
JITTER = 0.1  # up to so much longer, so that not everything comes back at one moment
LONGEST_WISH = timedelta(hours=24)  # of a Retry-After

# Where nobody answers at all, the others for the same address rest as well: each would hold a
# thread for as long. Once, and longer when it happens again soon.
REST, LONG_REST = timedelta(seconds=5), timedelta(seconds=60)
SOON = timedelta(minutes=10)

GONE = 410


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt brought: a reply, or the sentence why there is none."""

    reply: Reply | None
    error: str
    took_ms: int

    @property
    def delivered(self) -> bool:
        return self.reply is not None and 200 <= self.reply.status < 300


# Taking


def claim(
    now: datetime, worker: str, slots: int, busy: Collection[UUID] = ()
) -> tuple[list[Delivery], bool]:
    """Take up to `slots` deliveries that are due, under a lease, with their endpoints and events.

    `busy`: endpoints that have enough in flight. The second answer says whether to look again at
    once: something was there, even if it had to be put off.
    """
    due = _due(now).exclude(endpoint__in=busy) if busy else _due(now)
    if slots < 1 or not due.exists():
        # Looked at several times a second: on SQLite a transaction would keep writers waiting.
        return [], False
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=True, of=("self",))
        rows = list(locked.select_related("endpoint", "event").order_by("wake_at", "id")[:BATCH])
        heads = _heads(rows)
        taken: list[Delivery] = []
        flying: Counter[UUID] = Counter()
        for row in rows:
            head = heads[row.endpoint_id, row.subject]
            if head.id != row.id:
                _put_off(row, head, now)
            elif len(taken) < slots and flying[row.endpoint_id] < AT_ONCE_EACH:
                flying[row.endpoint_id] += 1
                taken.append(_take(row, worker))
    return taken, bool(rows)


def _due(now: datetime) -> QuerySet[Delivery]:
    rested = Q(endpoint__rests_until=None) | Q(endpoint__rests_until__lte=now)
    wanted = Q(endpoint__disabled_at=None) & rested | Q(test=True)
    return Delivery.objects.filter(wanted, status=Delivery.PENDING, wake_at__lte=now)


def _heads(rows: Iterable[Delivery]) -> dict[tuple[UUID, UUID], Delivery]:
    """The oldest unfinished delivery of each endpoint and subject of these."""
    subjects, endpoints = {row.subject for row in rows}, {row.endpoint_id for row in rows}
    unfinished = Delivery.objects.filter(
        endpoint__in=endpoints, subject__in=subjects, status__in=Delivery.UNFINISHED
    )
    heads: dict[tuple[UUID, UUID], Delivery] = {}
    for each in unfinished.order_by("id"):
        heads.setdefault((each.endpoint_id, each.subject), each)
    return heads


def _put_off(row: Delivery, head: Delivery, now: datetime) -> None:
    """Until the one before it has its turn; whoever finishes that one wakes this one earlier."""
    latest, soonest = now + timedelta(minutes=5), now + timedelta(seconds=1)
    row.wake_at = min(max(head.wake_at, soonest), latest)
    row.save(update_fields=["wake_at"])


def _take(row: Delivery, worker: str) -> Delivery:
    row.status, row.attempts = Delivery.SENDING, row.attempts + 1
    row.claimed_by, row.claimed_until = worker[:80], real_now() + LEASE
    row.save(update_fields=["status", "attempts", "claimed_by", "claimed_until"])
    return row


def recover(now: datetime) -> int:
    """Give back what a worker that has died had taken; answers how many."""
    abandoned = Delivery.objects.filter(status=Delivery.SENDING, claimed_until__lt=real_now())
    return abandoned.update(status=Delivery.PENDING, wake_at=now, claimed_until=None)


# Sending


def send(delivery: Delivery) -> Result:
    """One attempt. Touches no database: it may run anywhere."""
    endpoint, event, began = delivery.endpoint, delivery.event, real_now()
    body = envelope.body(event, endpoint.form)
    headers = envelope.headers(event, endpoint, body, began)
    reply, error = None, ""
    try:
        reply = outgoing.post(endpoint.url, body, headers, allowed=settings.WEBHOOK_NETWORKS)
    except (Forbidden, NoAnswer) as failure:
        error = str(failure)
    took = real_now() - began
    return Result(reply, error, max(0, took // timedelta(milliseconds=1)))


# Writing down


@transaction.atomic
def settle(delivery: Delivery, result: Result, now: datetime) -> None:
    """Write down what became of an attempt, and what follows from it.

    What comes after the lease has run out, or after the endpoint was removed, counts for nothing.
    """
    # The endpoint first, as everywhere: two attempts that both disable it take turns here.
    held = Endpoint.objects.select_for_update(no_key=True).filter(id=delivery.endpoint_id).first()
    row = Delivery.objects.select_for_update().filter(
        id=delivery.id,
        status=Delivery.SENDING,
        claimed_by=delivery.claimed_by,
        attempts=delivery.attempts,
    )
    if held is None or (found := row.first()) is None:
        return
    _note(found, result, now)
    if result.delivered:
        _delivered(found, held, now)
    else:
        _failed(found, held, result, now)


def _note(row: Delivery, result: Result, now: datetime) -> None:
    Attempt.objects.create(
        delivery=row,
        at=now,
        took_ms=result.took_ms,
        status=result.reply.status if result.reply else None,
        error=result.error[:300],
        answer=result.reply.text[:2000] if result.reply else "",
    )


def _delivered(row: Delivery, endpoint: Endpoint, now: datetime) -> None:
    row.delivered_at = row.delivered_at or now
    _finish(row, Delivery.DELIVERED)
    wake_next(row, now)
    if endpoint.rests_until is not None:
        Endpoint.objects.filter(id=endpoint.id).update(rests_until=None)


def _failed(row: Delivery, endpoint: Endpoint, result: Result, now: datetime) -> None:
    status = result.reply.status if result.reply else None
    if row.test:
        _finish(row, Delivery.FAILED)
        return
    if result.reply is None:
        _rest(endpoint, now)
    if status == GONE:
        disable(endpoint, Endpoint.GONE, "It answered that it is gone (410).", now)
    elif row.attempts >= ATTEMPTS:
        said = f"it answered {status}" if status else result.error
        why = f"{ATTEMPTS} attempts to deliver one event failed; at the last one: {said}"
        disable(endpoint, Endpoint.IN_VAIN, why, now)
    row.wake_at = now + _wait(row.attempts, result)
    _finish(row, Delivery.HELD if endpoint.disabled_at else Delivery.PENDING)


def _finish(row: Delivery, status: str) -> None:
    row.status, row.claimed_until = status, None
    row.save(update_fields=["status", "claimed_until", "wake_at", "delivered_at"])


def _wait(attempts: int, result: Result) -> timedelta:
    wait = SCHEDULE[min(attempts, len(SCHEDULE)) - 1]
    wish = result.reply.headers.get("retry-after", "") if result.reply else ""
    longer = wait * (1 + random.uniform(0, JITTER))
    return max(longer, min(wished(wish, real_now()), LONGEST_WISH))


def wished(text: str, at: datetime) -> timedelta:
    """A Retry-After: seconds, or a date. Nothing, when it cannot be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**7))
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return timedelta(0)
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(timedelta(0), then - at)


def _rest(endpoint: Endpoint, now: datetime) -> None:
    before = endpoint.rests_until
    again = before is not None and before > now - SOON
    Endpoint.objects.filter(id=endpoint.id).update(rests_until=now + (LONG_REST if again else REST))


def wake_next(row: Delivery, now: datetime) -> None:
    """One is through: the next of its subject need not wait any longer."""
    Delivery.objects.filter(
        endpoint=row.endpoint_id,
        subject=row.subject,
        id__gt=row.id,
        status=Delivery.PENDING,
        attempts=0,
        wake_at__gt=now,
    ).update(wake_at=now)


# An endpoint goes out of use, and comes back


def disable(endpoint: Endpoint, by: str, why: str, now: datetime) -> None:
    """Send nothing more there; what waits is held. By itself: its owners are to be told.

    The caller holds the endpoint's lock. Disabling what is disabled changes nothing.
    """
    if endpoint.disabled_at is not None:
        return
    endpoint.disabled_at, endpoint.disabled_by, endpoint.disabled_why = now, by, why[:300]
    endpoint.owner_to_tell, endpoint.tell_at = by != Endpoint.BY_HAND, now
    endpoint.save(
        update_fields=["disabled_at", "disabled_by", "disabled_why", "owner_to_tell", "tell_at"]
    )
    waiting = endpoint.deliveries.filter(status=Delivery.PENDING, test=False)
    waiting.update(status=Delivery.HELD)


def enable(endpoint: Endpoint, now: datetime) -> int:
    """Send there again, what was held first and in order; answers how many that are.

    The caller holds the endpoint's lock.
    """
    endpoint.disabled_at, endpoint.disabled_by, endpoint.disabled_why = None, "", ""
    endpoint.owner_to_tell, endpoint.tell_at, endpoint.rests_until = False, None, None
    endpoint.save(
        update_fields=[
            "disabled_at",
            "disabled_by",
            "disabled_why",
            "owner_to_tell",
            "tell_at",
            "rests_until",
        ]
    )
    held = endpoint.deliveries.filter(status__in=[Delivery.HELD, Delivery.PENDING], test=False)
    return held.update(status=Delivery.PENDING, wake_at=now, attempts=0)


def replay(rows: QuerySet[Delivery], endpoint: Endpoint, now: datetime) -> int:
    """Deliver these once more, in their order, under their old ids; answers how many.

    What is still to be delivered comes at once, and nothing rests: somebody knows that the other
    side is back. The caller holds the endpoint's lock.
    """
    Endpoint.objects.filter(id=endpoint.id).update(rests_until=None)
    status = Delivery.HELD if endpoint.disabled_at else Delivery.PENDING
    left = (Delivery.SENDING, Delivery.SKIPPED)
    again = rows.filter(endpoint=endpoint, test=False).exclude(status__in=left)
    return again.update(status=status, wake_at=now, attempts=0)
