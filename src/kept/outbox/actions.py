"""Posting, withdrawing and delivering messages.

A message is worded at the moment it is handed over, so that it says what is true then. Before
that moment the deliverer asks once more whether it is still wanted; `still_wanted` and `compose`
are handed in, because what a message is about lies above this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, When

from kept.channels.base import Letter, TransportError
from kept.clock.queries import real_now
from kept.core.case import NotAllowed
from kept.lib import together
from kept.lib.ready import Ready
from kept.lib.rows import new_row
from kept.outbox.models import Evidence, Message
from kept.people import queries as people

LEASE = timedelta(seconds=60)  # longer than any transport's timeout
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 15, 60, 180, 600, 1800, 3600))
TELL_STAFF_AFTER = 3  # failed attempts before a person is told; the attempts go on
MOST_DOUBTS = 3  # a server that always breaks off may have delivered every time: ask a person

# After a crash in the middle of handing over nobody knows whether the message arrived. What the
# customer has to know is sent again, under the same Message-ID; a second reminder is only noise.
REPEAT_IN_DOUBT = frozenset({"confirmation", "moved_notice", "cancelled_notice", "lead_ack"})


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
    """Whether a message is still wanted ("" or why not), and the version its case has just now.

    `refused`: it is the person who does not want it, and their case does not know that yet.
    """

    why_not: str
    version: int
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: the name of the event it is for the case, and its data."""

    message: Message
    event: str
    data: dict[str, object]


def messages(
    posts: Sequence[Post], now: datetime, *, known: Mapping[UUID, people.Customer]
) -> list[Message]:
    """The messages that are to be put in the outbox, not yet written.

    The caller writes them in the transaction that makes them true. `known`: customers who need
    not be read.
    """
    persons = {**known, **people.customers({post.person for post in posts} - known.keys())}
    return [
        new_row(
            Message,
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
    ]


def withdraw(controls: Iterable[tuple[UUID, str, int, str]], now: datetime) -> None:
    """Take back what has not been handed over yet: (case, control, run, why) each."""
    reasons = {(case, control, run): why for case, control, run, why in controls}
    if not reasons:
        return
    waiting = Message.objects.filter(case__in={case for case, _, _ in reasons})
    for message in waiting.filter(status__in=[Message.QUEUED, Message.CLAIMED]):
        why = reasons.get((message.case, message.control, message.run))
        if why is not None:
            _withdraw(message, why, now)


def _withdraw(row: Message, why: str, now: datetime) -> None:
    row.status, row.error, row.claimed_until = Message.WITHDRAWN, why[:500], None
    _write(row, "status", "error", "claimed_until")
    _note(row, "withdrawn", now, why)


def _note(message: Message, kind: str, at: datetime, detail: str = "") -> None:
    said = new_row(Evidence, message_id=message.id, kind=kind, at=at, detail=detail[:500])
    together.insert([said])


def _write(row: Message, *columns: str) -> None:
    """Write these columns of a row that is there and that this transaction has locked."""
    together.update(([row], columns))


# Delivering: claim, ask, mark, hand over, write back


class Turns:
    """Which businesses have had their turn in this round.

    One that has a thousand letters to send keeps none of another's waiting longer than one of its
    own. Belongs to one thread.
    """

    def __init__(self) -> None:
        self.had: set[UUID] = set()

    def took(self, business: UUID) -> None:
        if business in self.had:  # everybody else who waits has had theirs: a new round
            self.had.clear()
        self.had.add(business)


def claim_next(now: datetime, worker: str, turns: Turns | None = None) -> Message | None:
    """Take the message that is to be sent next, under a lease; None when there is none.

    Businesses take turns. Of one business first what is of use for the shortest time (a reminder
    an hour before the visit before one a day before it), and last what is always of use: when many
    have waited for a mail server, the fewest come too late.
    """
    if not _anything(now=now):
        # Looked at several times a second: on SQLite a transaction would keep writers waiting.
        return None
    free = Message.objects.filter(status=Message.QUEUED, wake_at__lte=now)
    with transaction.atomic():
        order: list[Any] = [F("useful_until").asc(nulls_last=True), "wake_at"]
        if turns and turns.had:
            order.insert(0, Case(When(business__in=turns.had, then=1), default=0))
        message = free.select_for_update(skip_locked=True).order_by(*order).first()
        if message is None:
            return None
        if turns:
            turns.took(message.business_id)
        message.claimed_by, message.claimed_until = worker[:80], real_now() + LEASE
        # While it is claimed the others do not see it as due. Should this worker die here, before
        # handing it over, `recover` gives it back.
        message.status = Message.CLAIMED
        _write(message, "claimed_by", "claimed_until", "status")
        return message


MARK = (
    *("status", "handed_over_at", "handed_over_version", "claimed_until", "attempts"),
    *("address", "subject_line", "text", "html", "calendar"),
)


@transaction.atomic(savepoint=False)
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
    current = _still_held(message, Message.CLAIMED)
    if current is None:
        return "it is no longer in this worker's hands"
    if look.why_not:
        _withdraw(current, look.why_not, now)
        return look.why_not
    if current.useful_until is not None and now >= current.useful_until:
        _requeue(current, now, current.error, now)  # to be claimed once more, and to expire
        return "its time of use is over"
    current.status = Message.HANDING_OVER
    current.handed_over_at, current.handed_over_version = now, look.version
    current.claimed_until = real_now() + LEASE
    current.attempts += 1
    current.address = letter.recipient.address
    current.subject_line, current.text, current.html = letter.subject, letter.text, letter.html
    current.calendar = (letter.calendar or b"").decode()
    _write(current, *MARK)
    message.attempts, message.handed_over_at = current.attempts, now
    return ""


def accepted(message: Message, detail: str, now: datetime) -> Outcome | None:
    """The transport took it. That is true whatever has been decided about it meanwhile.

    None when an earlier attempt has been accepted already: then it is only more evidence.
    """
    row = _locked.one(its=message.id)
    if row.status in {Message.ACCEPTED, Message.DELIVERED}:
        _note(row, "accepted", now, detail)
        return None
    _finish(row, Message.ACCEPTED, "accepted", detail, now)
    return _outcome(row, "message_accepted", detail)


def expired(message: Message, now: datetime) -> Outcome | None:
    """Its time of use is over and it was not sent."""
    row = _still_held(message, Message.CLAIMED)
    if row is None:
        return None
    detail = row.error or "it could not be sent in time"
    _finish(row, Message.EXPIRED, "expired", detail, now)
    return _outcome(row, "message_expired", detail)


def failed(
    message: Message, error: TransportError, now: datetime, look: LastLook
) -> Outcome | None:
    """The attempt failed: for good, for now, or nobody knows. None: nobody need know yet."""
    row = _still_held(message, Message.CLAIMED, Message.HANDING_OVER)
    if row is None:
        return None
    if error.doubt:
        return _in_doubt(row, error.detail, now, look)
    if error.permanent:
        _finish(row, Message.FAILED, "failed", error.detail, now)
        return _outcome(row, "message_failed", error.detail)
    return _retry(row, error.detail, now, look)


def give_back(message: Message, why: str, now: datetime, look: LastLook) -> Outcome | None:
    """An attempt that could not even begin (the server is away) counts and is tried again."""
    row = _still_held(message, Message.CLAIMED)
    if row is None:
        return None
    row.attempts += 1
    _write(row, "attempts")
    return _retry(row, why, now, look)


def broke_off(message: Message, why: str, now: datetime, look: LastLook) -> Outcome | None:
    """We tripped over something ourselves. Once it was marked, nobody knows whether it left."""
    row = _still_held(message, Message.CLAIMED, Message.HANDING_OVER)
    if row is not None and row.status == Message.HANDING_OVER:
        return _in_doubt(row, why, now, look)
    return give_back(message, why, now, look)


def recover_one(message_id: UUID, now: datetime, look: LastLook) -> Outcome | None:
    """Decide about an attempt whose worker has died: its lease is over.

    Claimed but not handed over: simply to be sent. Handed over without an answer: in doubt.
    The caller holds the lock of the message's case and a transaction.
    """
    row = _locked.one(its=message_id)
    if row.claimed_until is None or row.claimed_until >= real_now():
        return None
    if row.status == Message.CLAIMED:
        return _retry(row, "the worker stopped before it was handed over", now, look)
    if row.status == Message.HANDING_OVER:
        return _in_doubt(row, "the worker stopped while handing it over", now, look)
    return None


def try_again_now(now: datetime) -> int:
    """The mail server is back: let everything that was tried before be tried at once.

    Answers how many messages that are. What is still to be of use is decided at the last look.
    """
    tried = Message.objects.filter(status=Message.QUEUED, attempts__gt=0, wake_at__gt=now)
    return tried.update(wake_at=now)


_anything = Ready(
    lambda now: (
        Message.objects.filter(status=Message.QUEUED, wake_at__lte=now)
        .order_by()
        .values_list("id")[:1]
    )
)
_locked = Ready(lambda its: Message.objects.select_for_update().filter(id=its))


def _still_held(message: Message, *statuses: str) -> Message | None:
    """The row, locked, if it is still in the hands of this attempt.

    A worker may have been held up for longer than its lease: then others have decided, and what
    it has to say about its attempt comes too late. `attempts` tells two attempts apart.
    """
    row = _locked.one(its=message.id)
    same = (row.claimed_by, row.attempts) == (message.claimed_by, message.attempts)
    return row if same and row.status in statuses else None


def _in_doubt(row: Message, detail: str, now: datetime, look: LastLook) -> Outcome | None:
    """It may or may not have arrived. The doubt is recorded, whatever is done about it."""
    _note(row, "doubt", now, detail)
    doubts = row.evidence.filter(kind="doubt").count()
    if row.control in REPEAT_IN_DOUBT and not look.why_not and doubts < MOST_DOUBTS:
        return _retry(row, detail, now, look)
    _finish(row, Message.DOUBTFUL, "", detail, now)
    return _outcome(row, "message_doubtful", f"handed over in doubt: {detail}")


def _outcome(row: Message, event: str, detail: str) -> Outcome:
    data: dict[str, object] = {
        "control": row.control,
        "run": row.run,
        "channel": row.channel,
        "detail": detail[:400],
    }
    return Outcome(row, event, data)


def _finish(row: Message, status: str, evidence: str, detail: str, now: datetime) -> None:
    well = status in {Message.ACCEPTED, Message.DELIVERED}
    row.status, row.error = status, "" if well else detail[:500]
    row.claimed_until = None
    _write(row, "status", "error", "claimed_until")
    if evidence:
        _note(row, evidence, now, detail)


def _retry(row: Message, detail: str, now: datetime, look: LastLook) -> Outcome | None:
    """Try again later, but look once more before it is of no use any longer.

    What is no longer wanted is not tried again. After TELL_STAFF_AFTER attempts a person is told.
    """
    if look.why_not:
        _withdraw(row, look.why_not, now)
        return None
    wait = BACKOFF[min(row.attempts, len(BACKOFF)) - 1] if row.attempts else BACKOFF[0]
    _requeue(row, now + wait, detail, now)
    _note(row, "retrying", now, detail)
    if row.attempts != TELL_STAFF_AFTER:
        return None
    return _outcome(row, "message_delayed", detail)


def _requeue(row: Message, wake_at: datetime, detail: str, now: datetime) -> None:
    if row.useful_until is not None:
        wake_at = min(wake_at, max(row.useful_until, now))
    row.status, row.wake_at, row.error = Message.QUEUED, wake_at, detail[:500]
    row.claimed_by, row.claimed_until = "", None
    _write(row, "status", "wake_at", "error", "claimed_by", "claimed_until")


# Reports: what is heard of a message after it was handed over


def reported(
    message: Message, kind: str, detail: str, now: datetime, at: datetime
) -> list[Outcome]:
    """A mail server reports `kind` (delivered or bounced) of a message; `at` by its own clock.

    Answers what it means for the case: nothing for what was reported before. The caller holds the
    lock of the message's case and a transaction. Raises NotAllowed for a message of which nothing
    can be known.
    """
    row = _locked.one(its=message.id)
    _require_handed_over(row, kind)
    # The clocks of others are set differently: never before it left, never ahead of us.
    at = min(max(at, row.handed_over_at or at), now)
    return _delivered(row, detail, at) if kind == "delivered" else _bounced(row, detail, at)


def _require_handed_over(row: Message, kind: str) -> None:
    if row.handed_over_at is None:
        detail = "This message has not been handed over: nothing can be known of it."
        raise NotAllowed(kind, row.status, detail)
    if row.status == Message.HANDING_OVER:
        detail = "This message is being handed over at this moment: report it again in a minute."
        raise NotAllowed(kind, row.status, detail)


def _delivered(row: Message, detail: str, at: datetime) -> list[Outcome]:
    """What we doubted, or tried again, has been accepted then. After a failure it is only noted:
    a person has been asked already, and this is no proof that they need not."""
    if row.status == Message.DELIVERED or _noted(row, "delivered", detail):
        return []
    if row.status == Message.FAILED:
        _note(row, "delivered", at, detail)
        return []
    outcomes = []
    if row.status != Message.ACCEPTED:
        _note(row, "accepted", at, "it was delivered")
        outcomes.append(_outcome(row, "message_accepted", detail))
    _finish(row, Message.DELIVERED, "delivered", detail, at)
    return [*outcomes, _outcome(row, "message_delivered", detail)]


def _bounced(row: Message, detail: str, at: datetime) -> list[Outcome]:
    """It came back, perhaps hours later. Of what nobody took for accepted it is only noted."""
    if row.evidence.filter(kind="bounced").exists():
        return []
    if row.status not in {Message.ACCEPTED, Message.DELIVERED, Message.DOUBTFUL}:
        _note(row, "bounced", at, detail)
        return []
    _finish(row, Message.FAILED, "bounced", detail, at)
    return [_outcome(row, "message_failed", detail)]


def _noted(row: Message, kind: str, detail: str) -> bool:
    return row.evidence.filter(kind=kind, detail=detail[:500]).exists()
