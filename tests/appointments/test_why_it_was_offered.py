"""Years later a booking still says by which rule its time could be booked."""

from datetime import time

import pytest

from kept.appointments import actions, queries
from kept.core.time import WeeklyHours
from kept.schedule import actions as schedule
from tests.appointments.clinic import DESK, Clinic, berlin, leg, now


@pytest.fixture
def clinic(db):
    return Clinic()


def test_a_booking_keeps_the_rule_that_offered_its_time(clinic):
    booked = clinic.book(berlin(2, 10), clinic.ada)
    schedule.set_hours(clinic.ada, "America/New_York", [WeeklyHours(5, time(8), time(9))])
    assert leg(booked).snapshot["offered"] == {
        "hours": {"weekday": 1, "start": "09:00", "end": "17:00"},
        "time_zone": "Europe/Berlin",
        "step_minutes": 15,
        "notice_minutes": 0,
        "horizon_days": 365,
        "freely": False,
        "overruled": None,
    }


def test_it_says_so_in_a_sentence(clinic):
    booked = clinic.book(berlin(2, 10), clinic.ada)
    assert queries.why_offered(leg(booked)) == (
        "Offered by Ada's hours, Tuesday 09:00 to 17:00 (Europe/Berlin): every 15 minutes, "
        "up to 365 days ahead."
    )


def test_what_the_desk_chose_against_the_rules_says_which_it_overruled(clinic):
    late = clinic.book(berlin(2, 20), clinic.ada, by=DESK, freely=True)
    assert leg(late).snapshot["offered"]["hours"] is None
    assert queries.why_offered(leg(late)) == (
        "Chosen freely by the business: it lies outside Ada's hours (Europe/Berlin)."
    )


def test_what_the_desk_chose_between_the_offered_starts_names_the_hours(clinic):
    between = clinic.book(berlin(2, 10, 7), clinic.ada, by=DESK, freely=True)
    assert queries.why_offered(leg(between)) == (
        "Chosen freely by the business, in Ada's hours, Tuesday 09:00 to 17:00 (Europe/Berlin)."
    )


def test_each_leg_has_its_own(clinic):
    booked = clinic.book(berlin(2, 10), clinic.ada)
    actions.move(booked, berlin(3, 11), now(), DESK)
    first, second = queries.legs(booked)
    assert "Tuesday" in queries.why_offered(first)
    assert "Wednesday" in queries.why_offered(second)


def test_notice_is_named_where_there_is_one(db):
    clinic = Clinic(notice_minutes=90)
    booked = clinic.book(berlin(2, 10), clinic.ada)
    assert "at least 90 minutes and up to 365 days ahead." in queries.why_offered(leg(booked))


def test_one_booked_before_this_was_kept_says_nothing(clinic):
    booked = clinic.book(berlin(2, 10), clinic.ada)
    old = leg(booked)
    del old.snapshot["offered"]
    assert queries.why_offered(old) == ""
