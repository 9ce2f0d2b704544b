"""What was won back: each visit once, by list price, and only what really followed a loss."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kept.audit.history import Invitation, Outcome
from kept.audit.won_back import How, WonBack
from tests.audit.building import DAY, HOUR, NOW, leg, one

START = NOW - 3 * DAY


def won(*appointments, invitations=()):
    found = WonBack(NOW - 7 * DAY, NOW)
    for each in appointments:
        found.take(each)
    return {how: (w.visits, w.worth) for how, w in found.found(invitations).items()}


def test_a_moved_visit_that_took_place():
    moved = one(leg(START - DAY, Outcome.RESCHEDULED), leg(START))
    assert won(moved) == {How.MOVED: (1, Decimal(60))}
    assert won(one(leg(START - DAY, Outcome.RESCHEDULED), leg(START, Outcome.MISSED))) == {}


@pytest.mark.parametrize("lost", [Outcome.MISSED, Outcome.CANCELLED])
def test_somebody_who_came_after_a_miss_or_a_cancellation(lost):
    before = one(leg(START - 20 * DAY, lost))
    assert won(before, one(leg(START))) == {How.CAME_BACK: (1, Decimal(60))}
    assert won(before, one(leg(START), person=2)) == {}, "somebody else"
    long_ago = one(leg(START - 31 * DAY, lost))
    assert won(long_ago, one(leg(START))) == {}
    unknown = one(leg(START, Outcome.UNKNOWN))
    assert won(before, unknown) == {}, "nobody knows whether they came"


def test_who_was_invited_and_came():
    visit = one(leg(START, lead=2 * DAY))
    booked = visit.legs[0].booked_at
    asked = Invitation("K-9", booked - 5 * DAY, booked_at=booked)
    assert won(visit, invitations=[asked]) == {How.INVITED: (1, Decimal(60))}
    alone = Invitation("K-9", booked - 5 * DAY, held_out=True, booked_at=booked)
    assert won(visit, invitations=[alone]) == {}
    late = Invitation("K-9", booked - 31 * DAY, booked_at=booked)
    assert won(visit, invitations=[late]) == {}


def test_a_time_given_back_and_used_by_somebody_else():
    freed = one(leg(START, Outcome.CANCELLED, ended=START - DAY), person=1)
    user = one(leg(START + timedelta(minutes=30), lead=20 * HOUR), person=2)
    assert won(freed, user) == {How.REFILLED: (1, Decimal(60))}
    earlier = one(leg(START, lead=3 * DAY), person=2)
    assert won(freed, earlier) == {}, "booked before the time was free"
    short = one(leg(START, Outcome.CANCELLED, ended=START - HOUR), person=1)
    assert won(short, one(leg(START, lead=HOUR / 2), person=2)) == {}


def test_each_visit_is_counted_once():
    freed = one(leg(START, Outcome.CANCELLED, ended=START - DAY), person=2)
    missed = one(leg(START - 9 * DAY, Outcome.MISSED), person=2)
    moved = one(leg(START - DAY, Outcome.RESCHEDULED), leg(START, lead=20 * HOUR), person=2)
    assert won(freed, missed, moved) == {How.MOVED: (1, Decimal(60))}
