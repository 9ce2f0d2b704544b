"""What is to be said and what became of it, for those who ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from kept.channels.email import from_url
from kept.clock import queries as clock
from kept.clock.queries import real_now
from kept.lib.ready import Ready
from kept.outbox.models import Evidence as Evidence
from kept.outbox.models import Message as Message

Attempt = tuple[UUID, int]
"""A message and the number of the attempt to hand it over."""


def written_to(
    persons: Iterable[UUID], since: datetime, now: datetime
) -> list[tuple[UUID, UUID, datetime]]:
    """Letters to these people that left since then, or will leave: (person, case, when).

    One that still waits for the mail server counts as of `now`: it may go at any moment.
    """
    gone = [Message.WITHDRAWN, Message.EXPIRED, Message.FAILED]
    waits = Q(status__in=[Message.QUEUED, Message.CLAIMED])
    found = Message.objects.filter(waits | Q(created_at__gte=since) | Q(handed_over_at__gte=since))
    when = Case(When(waits, then=Value(now)), default=Coalesce("handed_over_at", "created_at"))
    rows = found.filter(person__in=set(persons)).exclude(status__in=gone).annotate(left=when)
    return list(rows.values_list("person", "case", "left"))


def to_person(business: UUID, person: UUID) -> list[Message]:
    """Every message to a person, oldest first, with its evidence."""
    found = Message.objects.filter(business_id=business, person=person)
    return list(found.prefetch_related("evidence").order_by("created_at", "id"))


def of_subject(subject: UUID) -> QuerySet[Message]:
    """Every message about an appointment, oldest first, with its evidence."""
    messages = Message.objects.filter(subject=subject).prefetch_related("evidence")
    return messages.order_by("created_at", "id")


def tried(cases: Iterable[UUID]) -> list[Message]:
    """The messages of these cases that were meant to go out and not taken back, without bodies."""
    found = Message.objects.filter(case__in=list(cases)).exclude(status=Message.WITHDRAWN)
    return list(found.only("case", "control", "status", "handed_over_at", "created_at"))


def in_hand(cases: Iterable[UUID]) -> list[Attempt]:
    """The attempts to hand a message of these cases to a transport at this very moment."""
    handing = Message.objects.filter(case__in=list(cases), status=Message.HANDING_OVER)
    return list(handing.filter(claimed_until__gt=real_now()).values_list("id", "attempts"))


def newest(business: UUID, limit: int = 100) -> QuerySet[Message]:
    """What a business has sent or tried to send, newest first."""
    messages = Message.objects.filter(business_id=business).select_related("person")
    return messages.order_by("-created_at", "-id")[:limit]


def message(business: UUID, message_id: UUID) -> Message:
    """Raises Message.DoesNotExist, also for a message of another business."""
    return Message.objects.select_related("person").get(business_id=business, id=message_id)


def find(message_id: UUID) -> Message | None:
    """A message of whatever business, for who runs the installation."""
    return Message.objects.filter(id=message_id).first()


def first_sent(subject: UUID) -> Message | None:
    """The first message about an appointment: the one later mails are threaded to."""
    return next(iter(_sent(subject=subject)), None)


_sent = Ready(
    lambda subject: (
        Message.objects.filter(subject=subject)
        .exclude(handed_over_at=None)
        .order_by("handed_over_at", "id")[:1]
    )
)


def written_of_kinds(persons: Iterable[UUID], kinds: Iterable[str], since: datetime) -> int:
    """How many letters of these kinds have gone to these people since then, or are on the way."""
    theirs = Message.objects.filter(person__in=list(persons), kind__in=list(kinds))
    found = theirs.filter(created_at__gt=since)
    return found.exclude(status__in=[Message.WITHDRAWN, Message.EXPIRED, Message.FAILED]).count()


def waiting(now: datetime) -> int:
    """How many messages are to be sent at this moment."""
    due = Message.objects.filter(status__in=[Message.QUEUED, Message.CLAIMED], wake_at__lte=now)
    return due.count()


def next_attempt() -> datetime | None:
    """When the next message is to be sent, or tried again; None when none waits."""
    queued = Message.objects.filter(status=Message.QUEUED)
    found: datetime | None = queued.aggregate(at=Min("wake_at"))["at"]
    return found


@dataclass(frozen=True, slots=True)
class Mail:
    """Whether mail leaves this installation.

    `unset`: no mail server is named. `away`: a worker that lives cannot reach it, `since` (real
    time) and why. `unknown`: no worker lives that could say.
    """

    state: Literal["ok", "away", "unset", "unknown"]
    name: str
    since: datetime | None = None
    detail: str = ""


def mail() -> Mail:
    """Whether mail leaves, as the workers that live last saw it."""
    name = from_url(settings.EMAIL_URL)().name
    if name == "none":
        return Mail("unset", name)
    beats = clock.workers()
    away = [beat for beat in beats if beat.mail_away_since is not None]
    if not away:
        return Mail("ok" if beats else "unknown", name)
    first = min(away, key=lambda beat: beat.mail_away_since or beat.seen_at)
    return Mail("away", name, first.mail_away_since, first.mail_detail)


def retrying() -> int:
    """How many messages have been tried in vain and are to be tried again."""
    return Message.objects.filter(status=Message.QUEUED, attempts__gt=0).count()


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is to be sent at this moment, and how long the one that waits longest has waited."""

    waiting: int
    longest: timedelta


def backlog(now: datetime) -> Backlog:
    """Messages that are due or were tried in vain; what is just being handed over is not one."""
    waits = Q(wake_at__lte=now) | Q(attempts__gt=0)
    found = Message.objects.filter(waits, status__in=[Message.QUEUED, Message.CLAIMED])
    known = found.aggregate(count=Count("id"), oldest=Min("created_at"))
    return Backlog(known["count"], max(now - (known["oldest"] or now), timedelta(0)))


def unsettled(now: datetime) -> int:
    """How many messages are to be sent at this moment or are just being handed over."""
    in_hand = Q(status__in=[Message.CLAIMED, Message.HANDING_OVER])
    due = Q(status=Message.QUEUED, wake_at__lte=now)
    return Message.objects.filter(in_hand | due).count()


def abandoned() -> list[Message]:
    """Attempts whose worker has died: claimed or being handed over, and the lease is over."""
    held = Message.objects.filter(status__in=[Message.CLAIMED, Message.HANDING_OVER])
    return list(held.filter(claimed_until__lt=real_now()).order_by("claimed_until"))
