"""The weekly letters to owners: written once, handed over until one was taken, told if none was.

As certain as the letters of the outbox, which knows only letters about a case:

1. Written, one for each owner, under the lock of the business: a day changed meanwhile makes no
   second one.
2. Taken by one worker under a lease, marked, and handed over. What fails for now is tried again,
   ever more slowly; what may have arrived, under the same Message-ID and a few times only.
3. Given up for good, when its week is over, or after too many doubts: the desk is told until
   somebody has seen it. All of it is kept as evidence.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.html import format_html

from kept.accounts import queries as accounts
from kept.accounts.queries import Business, Member
from kept.appointments.letters import domain
from kept.audit import weekly
from kept.audit.models import WeeklyEvidence
from kept.audit.models import WeeklyLetter as WeeklyLetter
from kept.channels.base import Address, Letter
from kept.clock.queries import real_now
from kept.core.policy import from_data
from kept.outbox.actions import BACKOFF, MOST_DOUBTS

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
OF_USE = timedelta(days=7)  # after that the next one is due
LATE = timedelta(hours=1)  # beyond it a letter says itself that it is late

NOT_IN_ITS_WEEK = "it could not be sent before the next one was due"
DIED = "the worker stopped while handing it over"


def write_due(now: datetime) -> int:
    """Write the letters that have fallen due, one for each owner; answers for how many businesses.

    Two workers write the same words, and the database keeps one of each.
    """
    return sum(_write_one(business, now) for business in accounts.businesses())


def _write_one(business: Business, now: datetime) -> bool:
    """One of which nothing can be told is said in the log, and keeps no other one waiting."""
    try:
        return _write(business, now)
    except DatabaseError:
        raise  # that concerns them all
    except Exception:
        log.exception("The weekly letter of %s could not be written", business.name)
        return False


def _write(business: Business, now: datetime) -> bool:
    policy = from_data(accounts.policy_in_force(business.id).data)
    zone = ZoneInfo(business.time_zone)
    day = weekly.due(policy, zone, now)
    # Of a week before there was anything nothing is told.
    if day is None or weekly.moment(policy, zone, day) <= business.created_at:
        return False
    if not set(owners(business)) - _written(business, day):
        return False
    told = weekly.tell(business, day, now)
    with transaction.atomic():
        accounts.lock(business.id)
        # Whoever held the lock before may have written, and for another day of the week.
        wanted = set(owners(business)) - _written(business, day)
        for address in sorted(wanted):
            _note(_new(business, day, weekly.moment(policy, zone, day), address, told, now), now)
    return bool(wanted)


def _new(
    business: Business, day: date, due: datetime, address: str, told: weekly.Told, now: datetime
) -> WeeklyLetter:
    return WeeklyLetter.objects.create(
        business=business,
        week=day,
        due_at=due,
        address=address,
        subject_line=told.subject[:400],
        text=told.text,
        html=told.html,
        created_at=now,
        try_at=now,
    )


def _note(letter: WeeklyLetter, at: datetime, kind: str = "queued", detail: str = "") -> None:
    WeeklyEvidence.objects.create(letter=letter, kind=kind, at=at, detail=detail[:500])


def _written(business: Business, day: date) -> set[str]:
    """Who has a letter of this week already; a change of the day makes no second one."""
    near = (day - timedelta(days=6), day + timedelta(days=6))
    found = WeeklyLetter.objects.filter(business=business, week__range=near)
    return set(found.values_list("address", flat=True))


def owners(business: Business) -> list[str]:
    """The addresses of the owners of a business."""
    members = accounts.members(business.id)
    return [
        each.user.email for each in members if each.role == Member.OWNER and each.user.is_active
    ]


# Taking and handing over


def take(now: datetime) -> WeeklyLetter | None:
    """Take the letter that is to be handed over next, under a lease; None when there is none.

    What somebody died over is decided first, and so is what is of no use any more.
    """
    while (letter := _next(now)) is not None:
        if (settled := _without_use(letter, now)) is not None:
            _settle(letter, settled[0], settled[1], now)
        elif letter.status == WeeklyLetter.HANDING_OVER:
            in_doubt(letter, DIED, now)
        else:
            before, letter.taken_until = letter.taken_until, real_now() + LEASE
            same = _same(letter, before)
            if same.update(taken_until=letter.taken_until) == 1:
                return letter
    return None


def _next(now: datetime) -> WeeklyLetter | None:
    free = Q(taken_until=None) | Q(taken_until__lt=real_now())
    found = WeeklyLetter.objects.filter(
        free, status__in=WeeklyLetter.UNSETTLED, try_at__lte=now
    ).annotate(still=Exists(_owners_still))
    return found.select_related("business").order_by("try_at", "id").first()


_owners_still = Member.objects.filter(
    business=OuterRef("business"),
    role=Member.OWNER,
    user__is_active=True,
    user__email=OuterRef("address"),
)


def _without_use(letter: WeeklyLetter, now: datetime) -> tuple[str, str] | None:
    """How it is settled without being handed over, and why; None: it is still to be."""
    if not letter.still:  # type: ignore[attr-defined]  # annotated
        return WeeklyLetter.LEFT, "its reader is no owner any more"
    if letter.created_at + OF_USE <= now:
        return WeeklyLetter.GIVEN_UP, letter.error or NOT_IN_ITS_WEEK
    return None


def _same(letter: WeeklyLetter, taken_until: datetime | None) -> QuerySet[WeeklyLetter]:
    """The row, if nobody else has had it in hand since it was read."""
    return WeeklyLetter.objects.filter(
        id=letter.id, status=letter.status, taken_until=taken_until, attempts=letter.attempts
    )


@transaction.atomic
def mark(letter: WeeklyLetter, now: datetime) -> bool:
    """Mark it as being handed over, just before it is. False: it is in other hands, or its reader
    has ceased to be an owner at the last moment."""
    still = Member.objects.filter(
        business=letter.business_id,
        role=Member.OWNER,
        user__is_active=True,
        user__email=letter.address,
    )
    if not still.exists():
        return False
    late = _late(letter, now)
    handed = _same(letter, letter.taken_until).update(
        status=WeeklyLetter.HANDING_OVER,
        attempts=F("attempts") + 1,
        handed_over_at=now,
        late=late,
    )
    if handed == 1:
        letter.status, letter.late, letter.handed_over_at = WeeklyLetter.HANDING_OVER, late, now
        letter.attempts += 1
        _note(letter, now, "handed_over")
    return bool(handed)


def _late(letter: WeeklyLetter, now: datetime) -> str:
    """What a letter that leaves late says of itself; "" of one that does not."""
    if letter.due_at is None or now <= letter.due_at + LATE:
        return ""
    zone = ZoneInfo(letter.business.time_zone)
    due, left = (weekly.moment_words(each, zone) for each in (letter.due_at, now))
    return f"This letter was due on {due}. It leaves on {left}: nothing could be sent before."


# What became of it


@transaction.atomic
def accepted(letter: WeeklyLetter, now: datetime) -> None:
    """The mail server took it. That is true whatever has been decided about it meanwhile."""
    WeeklyLetter.objects.filter(id=letter.id).update(
        status=WeeklyLetter.ACCEPTED, taken_until=None, error=""
    )
    _note(letter, now, "accepted")


@transaction.atomic
def try_again(letter: WeeklyLetter, why: str, now: datetime) -> None:
    """It did not leave, for now: it stays to be handed over, later each time."""
    # One that could not even begin counts as an attempt, too.
    attempts = letter.attempts + (letter.status == WeeklyLetter.WAITING)
    wait = BACKOFF[min(attempts, len(BACKOFF)) - 1]
    again = _same(letter, letter.taken_until).update(
        status=WeeklyLetter.WAITING,
        attempts=attempts,
        handed_over_at=None,
        taken_until=None,
        try_at=now + wait,
        error=why[:500],
    )
    if again:
        _note(letter, now, "retrying", why)


@transaction.atomic
def in_doubt(letter: WeeklyLetter, why: str, now: datetime) -> None:
    """It may have arrived: once more under the same Message-ID, unless that was done too often."""
    _note(letter, now, "doubt", why)
    if letter.evidence.filter(kind="doubt").count() < MOST_DOUBTS:
        try_again(letter, why, now)
    else:
        give_up(letter, f"it may have arrived: {why}", now)


def give_up(letter: WeeklyLetter, why: str, now: datetime) -> None:
    """It never will arrive, or nobody knows: the desk is told."""
    _settle(letter, WeeklyLetter.GIVEN_UP, why, now)


@transaction.atomic
def _settle(letter: WeeklyLetter, status: str, why: str, now: datetime) -> None:
    changed = _same(letter, letter.taken_until).update(
        status=status, taken_until=None, error=why[:500]
    )
    if changed:
        log.warning("A weekly letter of %s was not sent: %s", letter.business.name, why)
        _note(letter, now, status, why)


def try_again_now(now: datetime) -> int:
    """The mail server is back: what was tried before is tried at once."""
    waiting = WeeklyLetter.objects.filter(
        status=WeeklyLetter.WAITING, attempts__gt=0, try_at__gt=now
    )
    return waiting.update(try_at=now)


# The desk


def given_up(business: UUID) -> list[WeeklyLetter]:
    """What did not leave and nobody has seen yet, the oldest first."""
    found = WeeklyLetter.objects.filter(
        business_id=business, status=WeeklyLetter.GIVEN_UP, seen_at=None
    )
    return list(found.order_by("week", "address"))


def of_business(business: UUID, letter_id: UUID) -> WeeklyLetter:
    """Raises WeeklyLetter.DoesNotExist."""
    return WeeklyLetter.objects.get(business_id=business, id=letter_id)


def seen(business: UUID, letter_id: UUID, now: datetime) -> None:
    """Somebody knows of it. Raises WeeklyLetter.DoesNotExist."""
    letter = WeeklyLetter.objects.get(
        business_id=business, id=letter_id, status=WeeklyLetter.GIVEN_UP
    )
    with transaction.atomic():
        if WeeklyLetter.objects.filter(id=letter.id, seen_at=None).update(seen_at=now):
            _note(letter, now, "seen")


def send_again(business: UUID, letter_id: UUID, now: datetime) -> None:
    """Somebody wants it all the same. Raises WeeklyLetter.DoesNotExist."""
    letter = WeeklyLetter.objects.get(
        business_id=business, id=letter_id, status=WeeklyLetter.GIVEN_UP
    )
    with transaction.atomic():
        asked = WeeklyLetter.objects.filter(id=letter.id, status=WeeklyLetter.GIVEN_UP)
        # Its week of use begins anew: it was asked for now.
        if asked.update(
            status=WeeklyLetter.WAITING, attempts=0, try_at=now, created_at=now, seen_at=None
        ):
            _note(letter, now, "asked_for_again")


def newest(business: UUID, limit: int) -> Iterable[WeeklyLetter]:
    """The letters of a business that were handed over, the newest first."""
    found = WeeklyLetter.objects.filter(business_id=business, handed_over_at__isnull=False)
    return found.order_by(F("handed_over_at").desc(), "-id")[:limit]


def words(letter: WeeklyLetter) -> tuple[str, str]:
    """Its text and its page, with what it says of itself where it left late."""
    if not letter.late:
        return letter.text, letter.html
    said = weekly.HEADING_ENDS + format_html("<p>{}</p>", letter.late)
    return f"{letter.late}\n\n{letter.text}", letter.html.replace(weekly.HEADING_ENDS, said, 1)


def as_letter(waiting: WeeklyLetter, at: datetime) -> Letter:
    """The letter as the mail server gets it."""
    business = waiting.business
    text, html = words(waiting)
    return Letter(
        sender=Address(business.email, business.name),
        recipient=Address(waiting.address),
        subject=waiting.subject_line,
        text=text,
        html=html,
        message_id=f"<{waiting.id.hex}.weekly@{domain()}>",
        date=at,
        headers={"X-Kept": f"week={waiting.week.isoformat()} control=weekly_mail"},
    )
