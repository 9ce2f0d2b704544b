"""The one who is asked for by name: locked, read and looked at in one statement."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from kept.schedule import actions, queries
from tests.schedule.shop import NOW, berlin, new_business, new_service, new_staff, take

START = berlin(2, 10)


@pytest.fixture
def shop(db):
    business = new_business()
    ada = new_staff(business)
    return new_service(business, ada, minutes=60, buffer_after_minutes=15), ada


def asked(service, staff, start=START):
    with transaction.atomic():
        return actions.lock_giver(service, staff.id, start)


def test_they_are_read_with_their_hours_as_among_all_who_give_the_service(shop):
    service, ada = shop
    found, free = asked(service, ada)
    (among,) = queries.staff_of(service)
    assert (found, free) == ([ada], True)
    assert queries.weekly_hours(found[0]) == queries.weekly_hours(among)


def test_who_works_no_hours_is_found_too(shop):
    service, ada = shop
    actions.set_hours(ada, "Europe/Berlin", [])
    found, free = asked(service, ada)
    assert (found, free) == ([ada], True)
    assert queries.weekly_hours(found[0]) == []


def test_who_does_not_give_the_service_or_has_retired_is_not_found(shop):
    service, ada = shop
    assert asked(service, new_staff(service.business_id, "Bea")) == ([], False)
    actions.retire_staff(service.business_id, ada.id)
    assert asked(service, ada) == ([], False)


@pytest.mark.parametrize(
    ("away", "free"), [(0, False), (60, False), (74, False), (75, True), (-75, True), (-74, False)]
)
def test_their_time_is_free_when_nothing_touches_the_visit_and_its_buffers(shop, away, free):
    service, ada = shop
    take(service, ada, START)
    assert asked(service, ada, START + timedelta(minutes=away)) == ([ada], free)


def test_what_was_given_back_leaves_the_time_free(shop):
    service, ada = shop
    leg = take(service, ada, START)
    actions.release({leg: NOW})
    assert asked(service, ada) == ([ada], True)


def test_what_an_expired_hold_touches_is_looked_at_once_more(shop):
    service, ada = shop
    until = actions.hold(service, ada, START, NOW, uuid4())
    assert asked(service, ada) == ([ada], False)
    begin, end = actions.claimed_span(service, START)
    with transaction.atomic():
        actions.room_for(ada, begin, end, kind="leg", holder=uuid4(), now=until)
    assert asked(service, ada) == ([ada], True)
