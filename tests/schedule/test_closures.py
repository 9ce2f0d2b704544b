"""Closed times: nothing new is booked in them, and what is booked stays until somebody decides."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kept.schedule import actions, queries
from kept.schedule.actions import ScheduleError
from kept.schedule.queries import Claim, Closure
from tests.schedule.shop import (
    NOW,
    berlin,
    free,
    live_claims,
    new_business,
    new_service,
    new_staff,
    take,
)


@pytest.fixture
def business(db):
    return new_business()


@pytest.fixture
def ada(business):
    return new_staff(business)


@pytest.fixture
def service(business, ada):
    return new_service(business, ada, minutes=60, step_minutes=60)


def hours(starts):
    return [start.hour + 1 for start in starts]  # in Berlin's winter time


def test_a_closed_time_is_not_offered(business, ada, service):
    actions.close(business, ada, berlin(2, 11), berlin(2, 13), "training")
    assert hours(free(service, ada)) == [9, 10, 13, 14, 15, 16]
    with pytest.raises(actions.Taken):
        take(service, ada, berlin(2, 12))


def test_it_may_begin_and_end_within_a_minute(business, ada, service):
    second = timedelta(seconds=1)
    actions.close(business, ada, berlin(2, 11) - second, berlin(2, 13) + second, "")
    assert hours(free(service, ada)) == [9, 14, 15, 16]


def test_what_is_booked_in_it_stays_and_its_time_closes_when_it_is_given_back(
    business, ada, service
):
    leg = take(service, ada, berlin(2, 11))
    closure = actions.close(business, ada, berlin(2, 9), berlin(2, 17), "ill")
    assert len(live_claims(ada, Claim.LEG)) == 1
    assert free(service, ada) == []
    actions.release({leg: NOW})
    assert live_claims(ada, Claim.LEG) == []
    assert free(service, ada) == []
    actions.lift(business, closure.id, NOW)
    assert hours(free(service, ada)) == [9, 10, 11, 12, 13, 14, 15, 16]


def test_a_time_given_back_outside_a_closure_is_free(business, ada, service):
    leg = take(service, ada, berlin(2, 11))
    actions.close(business, ada, berlin(2, 12), berlin(2, 17), "")
    actions.release({leg: NOW})
    assert hours(free(service, ada)) == [9, 10, 11]


def test_a_hold_inside_it_is_let_go(business, ada, service):
    mine = uuid4()
    actions.hold(service, ada, berlin(2, 11), NOW, mine)
    closure = actions.close(business, ada, berlin(2, 10), berlin(2, 13), "")
    assert queries.live_hold(mine, NOW) is None
    assert hours(free(service, ada, but=mine)) == [9, 13, 14, 15, 16]
    actions.lift(business, closure.id, NOW)
    assert len(free(service, ada)) == 8


def test_the_whole_business_closes_for_everybody_also_for_who_comes_later(business, ada, service):
    ben = new_staff(business, "Ben")
    closure = actions.close(business, None, berlin(2, 9), berlin(2, 12), "holiday")
    cleo = new_staff(business, "Cleo")
    for each in (ada, ben, cleo):
        assert hours(free(service, each)) == [12, 13, 14, 15, 16]
    actions.lift(business, closure.id, NOW)
    for each in (ada, ben, cleo):
        assert len(free(service, each)) == 8


def test_it_closes_nothing_of_another_business(business, ada, service):
    other = new_business("Other")
    zoe = new_staff(other, "Zoe")
    actions.close(other, None, berlin(2, 9), berlin(2, 17), "")
    assert len(free(service, ada)) == 8
    assert live_claims(zoe)


def test_under_a_closure_that_is_lifted_another_one_stands(business, ada, service):
    morning = actions.close(business, ada, berlin(2, 9), berlin(2, 13), "training")
    actions.close(business, None, berlin(2, 12), berlin(2, 15), "holiday")
    actions.lift(business, morning.id, NOW)
    assert hours(free(service, ada)) == [9, 10, 11, 15, 16]


def test_lifting_twice_or_from_outside_changes_nothing(business, ada, service):
    closure = actions.close(business, ada, berlin(2, 9), berlin(2, 13), "")
    actions.lift(new_business("Other"), closure.id, NOW)
    assert len(free(service, ada)) == 4
    actions.lift(business, closure.id, NOW)
    actions.lift(business, closure.id, NOW + timedelta(days=1))
    closure.refresh_from_db()
    assert closure.lifted_at == NOW
    with pytest.raises(Closure.DoesNotExist):
        queries.closure(business, closure.id)


def test_an_end_that_is_not_after_its_start_is_refused(business, ada):
    with pytest.raises(ScheduleError) as refused:
        actions.close(business, ada, berlin(2, 13), berlin(2, 13), "")
    assert refused.value.field == "end"


def test_a_time_without_a_zone_is_refused(business, ada):
    naive = berlin(2, 9).replace(tzinfo=None)
    with pytest.raises(ScheduleError, match="offset from UTC"):
        actions.close(business, ada, naive, naive + timedelta(hours=1), "")


def test_a_visit_finished_early_gives_back_the_rest_to_the_minute(business, ada, service):
    leg = take(service, ada, berlin(2, 11))
    actions.release({leg: berlin(2, 11, 20) + timedelta(seconds=30)})
    ((start, end),) = live_claims(ada)
    assert end - start == 21
    actions.release({leg: berlin(2, 14)})
    assert live_claims(ada) == [(start, end)]
