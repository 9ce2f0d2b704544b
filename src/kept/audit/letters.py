"""The weekly letters to owners: written once, handed over once."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q

from kept.accounts import queries as accounts
from kept.accounts.queries import Business, Member
from kept.appointments.letters import domain
from kept.audit import weekly
from kept.audit.models import WeeklyLetter as WeeklyLetter
from kept.channels.base import Address, Letter
from kept.clock.queries import real_now
from kept.core.policy import from_data

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
AGAIN_AFTER = timedelta(minutes=10)
OF_USE = timedelta(days=7)  # after that the next one is due


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
    wanted = set(owners(business)) - _written(business, day)
    if not wanted:
        return False
    told = weekly.tell(business, day, now)
    WeeklyLetter.objects.bulk_create(
        [
            WeeklyLetter(
                business=business,
                week=day,
                address=address,
                subject_line=told.subject[:400],
                text=told.text,
                html=told.html,
                created_at=now,
                try_at=now,
            )
            for address in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    return True


def _written(business: Business, day: date) -> set[str]:
    """Who has a letter of this week already; a change of the day makes no second one."""
    since = day - timedelta(days=6)
    found = WeeklyLetter.objects.filter(business=business, week__gte=since)
    return set(found.values_list("address", flat=True))


def owners(business: Business) -> list[str]:
    """The addresses of the owners of a business."""
    members = accounts.members(business.id)
    return [
        each.user.email for each in members if each.role == Member.OWNER and each.user.is_active
    ]


def take(now: datetime) -> WeeklyLetter | None:
    """Take the letter that is to be handed over next, under a lease; None when there is none.

    One that waited in vain for a week is left: the next one says what matters.
    """
    free = Q(taken_until=None) | Q(taken_until__lt=real_now())
    waiting = WeeklyLetter.objects.filter(
        free, handed_over_at=None, try_at__lte=now, created_at__gt=now - OF_USE
    )
    # Who has ceased to be an owner since is told nothing of the money.
    still = Member.objects.filter(
        business=OuterRef("business"), role=Member.OWNER, user__is_active=True
    )
    waiting = waiting.filter(Exists(still.filter(user__email=OuterRef("address"))))
    letter = waiting.select_related("business").order_by("try_at", "id").first()
    if letter is None:
        return None
    mine = WeeklyLetter.objects.filter(id=letter.id, handed_over_at=None)
    same = mine.filter(taken_until=letter.taken_until)
    letter.taken_until = real_now() + LEASE
    return letter if same.update(taken_until=letter.taken_until) == 1 else None


def mark(letter: WeeklyLetter, now: datetime) -> bool:
    """Mark it as handed over, just before it is. False: another worker was given it meanwhile."""
    mine = WeeklyLetter.objects.filter(
        id=letter.id, handed_over_at=None, taken_until=letter.taken_until
    )
    return mine.update(handed_over_at=now) == 1


@transaction.atomic
def try_again(letter: WeeklyLetter, why: str, now: datetime) -> None:
    """The mail server did not take it: it stays to be handed over."""
    WeeklyLetter.objects.filter(id=letter.id).update(
        handed_over_at=None, taken_until=None, try_at=now + AGAIN_AFTER, error=why[:500]
    )


def give_up(letter: WeeklyLetter, why: str) -> None:
    """It may have gone, or never will: it is not tried again."""
    WeeklyLetter.objects.filter(id=letter.id).update(error=why[:500])


def newest(business: UUID, limit: int) -> Iterable[WeeklyLetter]:
    """The letters of a business that were handed over, the newest first."""
    found = WeeklyLetter.objects.filter(business_id=business, handed_over_at__isnull=False)
    return found.order_by(F("handed_over_at").desc(), "-id")[:limit]


def as_letter(waiting: WeeklyLetter, at: datetime) -> Letter:
    """The letter as the mail server gets it."""
    business = waiting.business
    return Letter(
        sender=Address(business.email, business.name),
        recipient=Address(waiting.address),
        subject=waiting.subject_line,
        text=waiting.text,
        html=waiting.html,
        message_id=f"<{waiting.id.hex}.weekly@{domain()}>",
        date=at,
        headers={"X-Kept": f"week={waiting.week.isoformat()} control=weekly_mail"},
    )
