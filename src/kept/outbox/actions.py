"""Posting, withdrawing and delivering messages.

A message is worded at the moment it is handed over, so that it says what is true then. Before
that moment the deliverer asks once more whether it is still wanted; `still_wanted` and `compose`
are handed in, because what a message is about lies above this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from kept.channels.base import Letter, TransportError
from kept.clock.queries import real_now
from kept.outbox.models import Evidence, Message
from kept.people import queries as people

LEASE = timedelta(seconds=60)  # longer than any transport's timeout
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 15, 60, 180, 600, 1800, 3600))
TELL_STAFF_AFTER = 3  # failed attempts before a person is told; the attempts go on

# After a crash in the middle of handing over nobody knows whether the message arrived. What the
# customer has to know is sent again, under the same Message-ID; a second reminder is only noise.
REPEAT_IN_DOUBT = frozenset({"confirmation", "moved_notice", "cancelled_notice"})


@dataclass(frozen=True, slots=True)
class Post:
    """A message to be put in the outbox."""

    business: UUID
    case: UUID
    subject: UUID
    leg: int
    control: str
    run: int
    kind: str
    person: UUID
    channel: str
    useful_until: datetime | None


@dataclass(frozen=True, slots=True)
class LastLook:
    """Whether a message is still wanted ("" or why not), and the version its case has just now."""

    why_not: str
    version: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: the name of the event it is for the case, and its data."""

    message: Message
    event: str
    data: dict[str, object]


def post(posts: Sequence[Post], now: datetime) -> None:
    """Put messages in the outbox. The caller holds the transaction that makes them true."""
    if not posts:
        return
    persons = people.customers({post.person for post in posts})
    Message.objects.bulk_create(
        Message(
            business_id=post.business,
            case=post.case,
            subject=post.subject,
            leg=post.leg,
            control=post.control,
            run=post.run,
            kind=post.kind,
            person_id=post.person,
            channel=post.channel,
            address=people.address(persons[post.person], post.channel),
            useful_until=post.useful_until,
            created_at=now,
            wake_at=now,
        )
        for post in posts
    )


def withdraw(controls: Iterable[tuple[UUID, str, int, str]], now: datetime) -> None:
    """Take back what has not been handed over yet: (case, control, run, why) each."""
    reasons = {(case, control, run): why for case, control, run, why in controls}
    if not reasons:
        return
    waiting = Message.objects.filter(case__in={case for case, _, _ in reasons})
    for message in waiting.filter(status__in=[Message.QUEUED, Message.CLAIMED]):
        why = reasons.get((message.case, message.control, message.run))
        if why is not None:
            message.status, message.error = Message.WITHDRAWN, why[:500]
            message.save(update_fields=["status", "error"])
            _note(message, "withdrawn", now, why)


def _note(message: Message, kind: str, at: datetime, detail: str = "") -> None:
    Evidence.objects.create(message=message, kind=kind, at=at, detail=detail[:500])


# Delivering: claim, ask, mark, hand over, write back


def claim_next(now: datetime, worker: str) -> Message | None:
    """Take the oldest message that is to be sent, under a lease; None when there is none."""
    free = Message.objects.filter(status=Message.QUEUED, wake_at__lte=now)
    if not free.exists():
        # Looked at several times a second: on SQLite a transaction would keep writers waiting.
        return None
    with transaction.atomic():
        message = free.select_for_update(skip_locked=True).order_by("wake_at").first()
        if message is None:
            return None
        message.claimed_by, message.claimed_until = worker[:80], real_now() + LEASE
        # While it is claimed the others do not see it as due. Should this worker die here, before
        # handing it over, `recover` gives it back.
        message.status = Message.CLAIMED
        message.save(update_fields=["claimed_by", "claimed_until", "status"])
        return message


@transaction.atomic
def mark_handed_over(
    message: Message,
    letter: Letter,
    now: datetime,
    still_wanted: Callable[[Message], LastLook],
) -> str:
    """The last look: mark the message as handed over if it is still wanted.

    `still_wanted` locks the case and answers. The mark and a change of the case come one after
    the other, never at once; the version says in which order. Answers "" when the letter may go.
    """
    look = still_wanted(message)
    current = Message.objects.select_for_update().get(id=message.id)
    if current.status != Message.CLAIMED or current.claimed_by != message.claimed_by:
        return "another worker has taken it over"
    if look.why_not:
        current.status, current.error = Message.WITHDRAWN, look.why_not[:500]
        current.save(update_fields=["status", "error"])
        _note(current, "withdrawn", now, look.why_not)
        return look.why_not
    current.status = Message.HANDING_OVER
    current.handed_over_at, current.handed_over_version = now, look.version
    current.claimed_until = real_now() + LEASE
    current.attempts += 1
    current.address = letter.recipient.address
    current.subject_line, current.text, current.html = letter.subject, letter.text, letter.html
    current.calendar = (letter.calendar or b"").decode()
    current.save()
    message.attempts, message.handed_over_at = current.attempts, now
    return ""


def accepted(message: Message, detail: str, now: datetime) -> Outcome:
    """The transport took it."""
    _finish(message, Message.ACCEPTED, "accepted", detail, now)
    return _outcome(message, "message_accepted", detail)


def expired(message: Message, now: datetime) -> Outcome:
    """Its time of use is over and it was not sent."""
    detail = message.error or "it could not be sent in time"
    _finish(message, Message.EXPIRED, "expired", detail, now)
    return _outcome(message, "message_expired", detail)


def failed(message: Message, error: TransportError, now: datetime) -> Outcome | None:
    """The attempt failed: for good, for now, or nobody knows. None: try again, nobody need know."""
    if error.doubt:
        return in_doubt(message, error.detail, now)
    if error.permanent:
        _finish(message, Message.FAILED, "failed", error.detail, now)
        return _outcome(message, "message_failed", error.detail)
    return _try_again(message, error.detail, now)


def _try_again(message: Message, detail: str, now: datetime) -> Outcome | None:
    _retry(message, detail, now)
    if message.attempts != TELL_STAFF_AFTER:
        return None
    return _outcome(message, "message_delayed", detail)


def in_doubt(message: Message, detail: str, now: datetime) -> Outcome | None:
    """It may or may not have arrived. The doubt is recorded, whatever is done about it."""
    _note(message, "doubt", now, detail)
    if message.control in REPEAT_IN_DOUBT:
        _retry(message, detail, now)
        return None
    _finish(message, Message.DOUBTFUL, "", detail, now)
    return _outcome(message, "message_doubtful", f"handed over in doubt: {detail}")


def _outcome(message: Message, event: str, detail: str) -> Outcome:
    data: dict[str, object] = {
        "control": message.control,
        "run": message.run,
        "channel": message.channel,
        "detail": detail[:400],
    }
    return Outcome(message, event, data)


def _finish(message: Message, status: str, evidence: str, detail: str, now: datetime) -> None:
    message.status, message.error = status, "" if status == Message.ACCEPTED else detail[:500]
    message.claimed_until = None
    message.save(update_fields=["status", "error", "claimed_until"])
    if evidence:
        _note(message, evidence, now, detail)


def _retry(message: Message, detail: str, now: datetime) -> None:
    """Try again later, but look once more before it is of no use any longer."""
    wait = BACKOFF[min(message.attempts, len(BACKOFF)) - 1] if message.attempts else BACKOFF[0]
    wake_at = now + wait
    if message.useful_until is not None:
        wake_at = min(wake_at, max(message.useful_until, now))
    message.status, message.wake_at, message.error = Message.QUEUED, wake_at, detail[:500]
    message.claimed_by, message.claimed_until = "", None
    message.save(update_fields=["status", "wake_at", "error", "claimed_by", "claimed_until"])
    _note(message, "retrying", now, detail)


def give_back(message: Message, why: str, now: datetime) -> Outcome | None:
    """An attempt that could not even begin (the server is away) counts and is tried again."""
    message.attempts += 1
    message.save(update_fields=["attempts"])
    return _try_again(message, why, now)


def recover_one(message_id: UUID, now: datetime) -> Outcome | None:
    """Decide about an attempt whose worker has died: its lease is over.

    Claimed but not handed over: simply to be sent. Handed over without an answer: in doubt.
    The caller holds the lock of the message's case and a transaction.
    """
    message = Message.objects.select_for_update().get(id=message_id)
    if message.claimed_until is None or message.claimed_until >= real_now():
        return None
    if message.status == Message.CLAIMED:
        _retry(message, "the worker stopped before it was handed over", now)
        return None
    if message.status == Message.HANDING_OVER:
        return in_doubt(message, "the worker stopped while handing it over", now)
    return None


def delivered(message: Message, detail: str, now: datetime) -> Outcome:
    """A provider reports delivery."""
    _finish(message, Message.DELIVERED, "delivered", detail, now)
    return _outcome(message, "message_delivered", detail)


def bounced(message: Message, detail: str, now: datetime) -> Outcome:
    """It came back after it had been accepted, perhaps hours later."""
    _finish(message, Message.FAILED, "bounced", detail, now)
    return _outcome(message, "message_failed", detail)
