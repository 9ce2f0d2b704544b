"""A visitor's ten minutes: the time is theirs, then it is anybody's."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kept.core.availability import Refusal
from kept.schedule import actions, queries
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

START = berlin(2, 10)


@pytest.fixture
def shop(db):
    business = new_business()
    ada = new_staff(business)
    return new_service(business, ada, minutes=60, buffer_after_minutes=15), ada


def test_a_held_time_is_not_offered_and_nobody_else_can_have_it(shop):
    service, ada = shop
    until = actions.hold(service, ada, START, NOW, uuid4())
    assert until == NOW + timedelta(minutes=10)
    assert START not in free(service, ada)
    assert queries.refusal(service, ada, START, NOW) is Refusal.TAKEN
    with pytest.raises(actions.Taken):
        actions.hold(service, ada, START + timedelta(minutes=30), NOW, uuid4())
    with pytest.raises(actions.Taken):
        take(service, ada, START)


def test_to_its_owner_a_held_time_is_still_offered(shop):
    service, ada = shop
    mine = uuid4()
    actions.hold(service, ada, START, NOW, mine)
    assert START in free(service, ada, but=mine)
    assert queries.refusal(service, ada, START, NOW, but=mine) is None


def test_an_expired_hold_holds_nothing(shop):
    service, ada = shop
    until = actions.hold(service, ada, START, NOW, uuid4())
    just_before = until - timedelta(seconds=1)
    assert START not in free(service, ada, now=just_before)
    assert START in free(service, ada, now=until)
    with pytest.raises(actions.Taken):
        take(service, ada, START, now=just_before)
    take(service, ada, START, now=until)


def test_another_choice_takes_the_place_of_the_first(shop):
    service, ada = shop
    mine = uuid4()
    actions.hold(service, ada, START, NOW, mine)
    actions.hold(service, ada, START + timedelta(minutes=15), NOW, mine)
    assert len(live_claims(ada)) == 1
    assert START - timedelta(minutes=60) in free(service, ada)


def test_who_cannot_have_another_time_keeps_the_one_they_hold(shop):
    service, ada = shop
    mine = uuid4()
    take(service, ada, berlin(2, 14))
    actions.hold(service, ada, START, NOW, mine)
    with pytest.raises(actions.Taken):
        actions.hold(service, ada, berlin(2, 14), NOW, mine)
    assert queries.live_hold(mine, NOW) is not None


@pytest.mark.parametrize(
    "start", [berlin(2, 3), berlin(1, 7), berlin(2, 10, 7), berlin(7, 10)], ids=str
)
def test_only_a_time_that_is_offered_can_be_held(shop, start):
    service, ada = shop
    with pytest.raises(actions.Taken):
        actions.hold(service, ada, start, NOW, uuid4())
    assert live_claims(ada) == []


def test_a_hold_can_be_dropped_and_the_time_is_free_at_once(shop):
    service, ada = shop
    mine = uuid4()
    actions.hold(service, ada, START, NOW, mine)
    actions.drop_hold(uuid4())
    assert START not in free(service, ada)
    actions.drop_hold(mine)
    assert START in free(service, ada)


def test_a_token_opens_no_hold_of_another_business(shop):
    service, ada = shop
    mine = uuid4()
    actions.hold(service, ada, START, NOW, mine)
    actions.drop_hold(mine, uuid4())
    assert START not in free(service, ada)
    actions.drop_hold(mine, service.business_id)
    assert START in free(service, ada)


def test_dropping_a_hold_leaves_a_booking_of_that_number_alone(shop):
    service, ada = shop
    leg = take(service, ada, START)
    actions.drop_hold(leg)
    assert START not in free(service, ada)
