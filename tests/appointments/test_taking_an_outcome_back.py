"""Who was recorded as done by a slip of the finger still has their time."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import NotAllowed
from kept.schedule.queries import Claim
from tests.promises.house import DESK, House, Ledger, leg, open_kinds, turn

HOUR = timedelta(hours=1)


@pytest.fixture
def house(db):
    return House()


def correct(appointment, *states):
    for to in states:
        appointments.correct(appointment, to, clock.now(), DESK, reason="a slip")


def taken():
    spans = Claim.objects.filter(live=True, kind=Claim.LEG).order_by("start")
    return sum(end - start for start, end in spans.values_list("start", "end"))


def kept():
    return [line for one in run(clock.now(), only=[1, 2]) for line in one.broken] == []


def test_completed_by_mistake_before_it_began_it_has_its_time_again(house):
    appointment = house.book(clock.now() + 6 * HOUR)
    turn(Ledger())
    before = taken()
    house.say(appointment, "arrived")
    house.say(appointment, "completed")
    assert taken() == 0
    correct(appointment, "attended", "confirmed")
    assert taken() == before
    with pytest.raises(appointments.CannotBook):
        house.book(leg(appointment).start)
    assert kept()


def test_who_came_late_after_all_has_the_rest_of_their_time(house):
    appointment = house.book(clock.now() + HOUR)
    turn(Ledger())
    clock_actions.advance(HOUR + timedelta(minutes=10))
    before = taken()
    appointments.miss(appointment, clock.now(), DESK, by=DESK.role)
    house.say(appointment, "arrived")
    assert taken() == before
    assert kept()


def test_when_somebody_else_has_the_time_by_now_a_person_is_asked(house):
    appointment = house.book(clock.now() + 6 * HOUR)
    turn(Ledger())
    start = leg(appointment).start
    house.say(appointment, "arrived")
    house.say(appointment, "completed")
    house.book(start)
    correct(appointment, "attended")
    assert "RESOURCE_LOST" not in open_kinds(appointment)  # they are here: nothing to be found
    correct(appointment, "confirmed")
    assert "RESOURCE_LOST" in open_kinds(appointment)
    assert kept()


def test_a_correction_that_changes_no_time_takes_none(house):
    appointment = house.book(clock.now() + HOUR)
    turn(Ledger())
    before = taken()
    house.say(appointment, "arrived")
    correct(appointment, "confirmed")
    assert taken() == before
    assert kept()


def test_the_buffer_after_an_early_end_stays_taken(house):
    """45 minutes and 15 to clean up: done after 20, the next may begin after 35."""
    appointment = house.book(clock.now() + HOUR)
    start = leg(appointment).start
    clock_actions.advance(HOUR + timedelta(minutes=20))
    house.say(appointment, "completed")
    with pytest.raises(appointments.CannotBook):
        house.book(start + timedelta(minutes=34), freely=True)
    house.book(start + timedelta(minutes=35), freely=True)
    assert kept()


@pytest.mark.parametrize("to", ["missed", "cancelled"])
def test_nobody_is_blamed_who_was_not_named(house, to):
    appointment = house.book(clock.now() + HOUR)
    clock_actions.advance(2 * HOUR)
    if to == "missed":
        house.say(appointment, "completed")
    else:
        appointments.miss(appointment, clock.now(), DESK, by=DESK.role)
    with pytest.raises(NotAllowed, match=f"Say who {to} it: the customer or the business."):
        correct(appointment, to)
    now = clock.now()
    appointments.correct(appointment, to, now, DESK, reason="a slip", by=DESK.role)
    assert leg(appointment).case.facts["outcome"]["value"] == f"{to}_by_business"
