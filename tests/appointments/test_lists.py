"""The day sheet, lists and searches: nothing is missing, and none costs a query a row."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from kept.appointments import actions, queries
from kept.core.case import Role
from tests.appointments.clinic import ALWAYS, DESK, Clinic, berlin, go_to, now

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def clinic(db):
    return Clinic(hours=ALWAYS)


def sheet(clinic, day, month=3):
    return [
        each.appointment for each in queries.day(clinic.business.id, date(2027, month, day), BERLIN)
    ]


def test_a_visit_over_midnight_stands_on_both_days(clinic):
    over = clinic.book(berlin(2, 23, 45))
    until = clinic.book(berlin(3, 23, 15))
    assert sheet(clinic, 2) == [over]
    assert sheet(clinic, 3) == [over, until]
    assert sheet(clinic, 4) == []


def test_the_short_and_the_long_day_are_whole_days(clinic):
    short = [berlin(28, 0), berlin(28, 23)]
    for start in short:
        clinic.book(start, name="Leo Ek")
    clinic.book(berlin(27, 23), clinic.ada)
    clinic.book(berlin(29, 0), clinic.ada)
    found = queries.day(clinic.business.id, date(2027, 3, 28), BERLIN)
    assert [each.start for each in found] == short
    first = berlin(1, 0).replace(month=10, day=30, hour=22)
    last = first + timedelta(hours=24, minutes=15)  # 23:15 of a day of 25 hours
    for start in (first, last):
        clinic.book(start)
    found = queries.day(clinic.business.id, date(2027, 10, 31), BERLIN)
    assert [each.start for each in found] == [first, last]


def test_a_moved_appointment_stands_only_where_it_now_is(clinic):
    booked = clinic.book(berlin(2, 10))
    actions.move(booked, berlin(3, 10), now(), DESK)
    assert (sheet(clinic, 2), sheet(clinic, 3)) == ([], [booked])


def test_a_list_can_be_narrowed_by_state(clinic):
    one, other = clinic.book(berlin(2, 10)), clinic.book(berlin(2, 11))
    actions.cancel(one, now(), DESK, by=Role.CUSTOMER)
    states = {
        state: [each.appointment for each in queries.listing(clinic.business.id, state=state)]
        for state in ("scheduled", "cancelled", "missed")
    }
    assert states == {"scheduled": [other], "cancelled": [one], "missed": []}


def test_nothing_of_another_business_is_listed_or_found(clinic):
    other = Clinic(name="Other")
    stranger = other.book(berlin(2, 10))
    assert sheet(clinic, 2) == []
    assert queries.search(clinic.business.id, stranger.reference) == []
    assert queries.search(clinic.business.id, "Mia") == []
    assert queries.by_reference(stranger.reference, clinic.business.id) == []
    with pytest.raises(queries.Appointment.DoesNotExist):
        queries.appointment(clinic.business.id, stranger.id)


def test_it_is_found_by_what_the_desk_knows(clinic):
    contact = {"email": "mia@example.com", "phone": "+442079460123"}
    booked = clinic.book(berlin(2, 10), contact=contact)
    clinic.book(berlin(2, 12), name="Leo Ek")
    typed = booked.reference.replace("-", "").lower()
    for text in (booked.reference, typed, "wong", "MIA@", "020 7946 0123"):
        assert [each.appointment for each in queries.search(clinic.business.id, text)] == [booked]
    assert queries.search(clinic.business.id, " ") == []
    assert queries.by_reference(typed) == [booked]


def test_what_is_over_and_has_no_outcome_is_listed_until_it_has_one(clinic):
    booked = clinic.book(berlin(1, 10))
    clinic.book(berlin(2, 10))
    go_to(berlin(1, 10, 45) - timedelta(seconds=1))
    assert list(queries.without_outcome(clinic.business.id, now())) == []
    go_to(berlin(1, 10, 45))
    found = queries.without_outcome(clinic.business.id, now())
    assert [each.appointment for each in found] == [booked]
    actions.say(booked, "arrived", now(), DESK)
    assert found.all().count() == 1
    actions.say(booked, "completed", now(), DESK)
    assert found.all().count() == 0


def test_a_full_day_costs_as_many_queries_as_an_empty_one(clinic, django_assert_num_queries):
    for hour in range(8, 20):
        clinic.book(berlin(2, hour), name=f"Mia {hour} Ek")
    with django_assert_num_queries(1):
        for each in queries.day(clinic.business.id, date(2027, 3, 2), BERLIN):
            assert each.appointment.customer.name
            assert each.appointment.business.name
            assert each.case.state
            assert each.staff.name
            assert each.service.name
    with django_assert_num_queries(2):
        for each in queries.search(clinic.business.id, "Ek"):
            assert each.appointment.customer.name


def test_the_whole_story_costs_the_same_however_long_it_is(clinic, django_assert_max_num_queries):
    booked = clinic.book(berlin(2, 8))
    for hour in (9, 10, 11, 12):
        actions.move(booked, berlin(2, hour), now(), DESK)
        go_to(now())
    with django_assert_max_num_queries(7):
        life = queries.timeline(booked)
        assert len({event.case.number for event in life.events}) == 5
        assert all(message.evidence.all() for message in life.messages if message.leg > 1)


def test_a_token_opens_one_appointment_and_a_wrong_one_none(clinic):
    booked = clinic.book(berlin(2, 10))
    assert queries.by_token(booked.token) == booked
    assert queries.by_token("") is None
    assert queries.by_token(booked.token[:-1]) is None
