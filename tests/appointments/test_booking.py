"""Booking: one leg, its case, its duties and its confirmation, or nothing at all."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kept.appointments import actions, queries
from kept.appointments.actions import CannotBook
from kept.appointments.queries import Appointment, Leg
from kept.clock import actions as clock
from kept.core.availability import Refusal
from kept.core.time import TimeError
from kept.outbox.queries import Message
from kept.people.queries import Customer
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Claim, Resource, Service
from tests.appointments.clinic import (
    ALWAYS,
    DESK,
    NOW,
    Clinic,
    berlin,
    controls,
    escalations,
    go_to,
    leg,
    now,
    state,
    statuses,
)


@pytest.fixture
def clinic(db):
    return Clinic()


def refused(clinic, start, **more):
    with pytest.raises(CannotBook) as error:
        clinic.book(start, **more)
    return error.value.refusal


def test_a_booking_is_seen_at_once_and_its_time_is_gone(clinic):
    booked = clinic.book(berlin(2, 10), clinic.ada)
    assert state(booked) == "scheduled"
    assert [each.appointment for each in queries.day(clinic.business.id, *day_of(2))] == [booked]
    assert refused(clinic, berlin(2, 10), staff=clinic.ada) is Refusal.TAKEN
    assert Message.objects.get().control == "confirmation"


def day_of(day):
    from datetime import date
    from zoneinfo import ZoneInfo

    return date(2027, 3, day), ZoneInfo("Europe/Berlin")


def test_a_refused_booking_leaves_nothing_behind(clinic):
    clinic.book(berlin(2, 10), clinic.ada)
    rows = (Appointment, Leg, Customer, Message, Claim)
    before = [model.objects.count() for model in rows]
    for start in (berlin(2, 10), berlin(2, 4), berlin(2, 10, 7), NOW - timedelta(days=1)):
        refused(clinic, start, staff=clinic.ada, name="Leo Ek")
    assert [model.objects.count() for model in rows] == before


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (NOW - timedelta(minutes=1), Refusal.PAST),
        (berlin(2, 8, 45), Refusal.OUTSIDE_HOURS),
        (berlin(7, 10), Refusal.OUTSIDE_HOURS),
        (berlin(2, 10, 7), Refusal.OFF_GRID),
        (berlin(2, 10) + timedelta(seconds=30), Refusal.OFF_GRID),
        (berlin(2, 10) + timedelta(microseconds=1), Refusal.OFF_GRID),
        (berlin(2, 10) + timedelta(days=366), Refusal.TOO_FAR),
        (berlin(2, 10).replace(year=9999, month=12, day=31), Refusal.TOO_FAR),
        (berlin(2, 10).replace(year=1), Refusal.PAST),
    ],
)
def test_a_time_that_is_not_offered_is_refused_with_the_reason(clinic, start, why):
    assert refused(clinic, start) is why


def test_a_time_without_a_zone_is_never_guessed(clinic):
    with pytest.raises(TimeError, match="no offset"):
        clinic.book(berlin(2, 10).replace(tzinfo=None))


def test_the_front_desk_books_freely_but_never_over_somebody(clinic):
    clinic.book(berlin(2, 10), clinic.ada)
    desk = {"staff": clinic.ada, "freely": True, "by": DESK}
    clinic.book(berlin(2, 20, 7), **desk)
    clinic.book(berlin(7, 10), **desk)
    assert refused(clinic, berlin(2, 10, 40), **desk) is Refusal.TAKEN
    assert refused(clinic, berlin(2, 12) + timedelta(seconds=1), **desk) is Refusal.OFF_GRID
    assert refused(clinic, NOW - timedelta(minutes=1), **desk) is Refusal.PAST
    assert refused(clinic, NOW + timedelta(days=3651), **desk) is Refusal.TOO_FAR


def test_whoever_is_least_busy_that_day_is_taken_first(clinic):
    clinic.book(berlin(2, 9), clinic.ada)
    assert leg(clinic.book(berlin(2, 11))).staff == clinic.ben
    clinic.book(berlin(3, 9), clinic.ben)
    assert leg(clinic.book(berlin(3, 11))).staff == clinic.ada


def test_any_of_two_takes_two_and_no_third(clinic):
    who = {leg(clinic.book(berlin(2, 10))).staff for _ in range(2)}
    assert who == {clinic.ada, clinic.ben}
    assert refused(clinic, berlin(2, 10)) is Refusal.TAKEN


def test_a_service_that_nobody_gives_says_so(clinic):
    lonely = clinic.new_service(name="Nobody's")
    with pytest.raises(CannotBook, match="Nobody gives this service") as error:
        clinic.book(berlin(2, 10), service=lonely)
    assert error.value.refusal is Refusal.NO_STAFF
    assert refused(clinic, berlin(2, 10), service=lonely, freely=True) is Refusal.NO_STAFF


def test_somebody_who_does_not_give_the_service_cannot_be_asked_for(clinic):
    assert refused(clinic, berlin(2, 10), staff=clinic.staff("Cleo")) is Refusal.STAFF_GONE


def test_somebody_of_another_business_is_not_found(clinic):
    with pytest.raises(Resource.DoesNotExist):
        clinic.book(berlin(2, 10), Clinic(name="Other").ada)


def test_a_service_of_another_business_does_not_exist(clinic):
    other = Clinic(name="Other")
    with pytest.raises(Service.DoesNotExist):
        clinic.book(berlin(2, 10), service=other.service)


# Holds


def test_only_the_visitor_who_holds_a_time_can_book_it(clinic):
    mine = uuid4()
    schedule.hold(clinic.service, clinic.ada, berlin(2, 10), NOW, mine)
    at = {"start": berlin(2, 10), "staff": clinic.ada}
    assert refused(clinic, **at) is Refusal.TAKEN
    assert refused(clinic, **at, hold=uuid4()) is Refusal.TAKEN
    clinic.book(**at, hold=mine)
    assert schedule_queries.live_hold(mine, NOW) is None


def test_a_refused_booking_leaves_the_hold_standing(clinic):
    mine = uuid4()
    schedule.hold(clinic.service, clinic.ada, berlin(2, 10), NOW, mine)
    refused(clinic, berlin(2, 4), staff=clinic.ada, hold=mine)
    assert schedule_queries.live_hold(mine, NOW) is not None


def test_a_hold_that_ran_out_is_anybody_s(clinic):
    schedule.hold(clinic.service, clinic.ada, berlin(2, 10), NOW, uuid4())
    clock.advance(schedule.HOLD_FOR)
    clinic.book(berlin(2, 10), clinic.ada)


def test_the_hold_of_another_business_stands(clinic):
    other = Clinic(name="Other")
    mine = uuid4()
    schedule.hold(other.service, other.ada, berlin(2, 10), NOW, mine)
    clinic.book(berlin(2, 10), clinic.ada, hold=mine)
    assert schedule_queries.live_hold(mine, NOW) is not None


# Booked late: which reminders still make sense


@pytest.mark.parametrize(
    ("ahead", "first", "final"),
    [
        (timedelta(hours=36), "planned", "planned"),
        (timedelta(hours=26), "planned", "planned"),
        (timedelta(hours=25), "skipped", "planned"),
        (timedelta(hours=20), "skipped", "planned"),
        (timedelta(hours=3), "skipped", "planned"),
        (timedelta(minutes=90), "skipped", "planned"),
        (timedelta(minutes=89), "skipped", "skipped"),
        (timedelta(minutes=20), "skipped", "skipped"),
    ],
)
def test_late_bookings_get_the_right_subset_of_reminders(db, ahead, first, final):
    clinic = Clinic(hours=ALWAYS, step_minutes=1)
    booked = clinic.book(NOW + ahead)
    planned = statuses(booked)
    assert (planned["first_reminder"], planned["final_reminder"]) == (first, final)
    assert planned["confirmation"] == "planned"
    post = go_to(leg(booked).end)
    wanted = ["confirmation"] + ["first_reminder"] * (first == "planned")
    wanted += ["final_reminder"] * (final == "planned")
    assert [said(letter) for letter in post.letters] == wanted


def said(letter):
    return letter.headers["X-Kept"].split("control=")[1]


def test_everything_that_will_happen_is_planned_from_the_start(clinic):
    start = berlin(4, 10)
    booked = clinic.book(start, clinic.ada)
    assert controls(booked) == {
        "confirmation": ("planned", NOW),
        "first_reminder": ("planned", start - timedelta(hours=24)),
        "preparation": ("planned", start - timedelta(hours=24)),
        "final_reminder": ("planned", start - timedelta(hours=1)),
        "outcome_due": ("planned", start + timedelta(minutes=45 + 15)),
        "unresolved": ("planned", berlin(4, 17)),
    }


def test_soon_lists_what_was_just_booked_and_begins_within_the_hour(db):
    clinic = Clinic(hours=ALWAYS, step_minutes=1)
    late = clinic.book(NOW + timedelta(minutes=20))
    clinic.book(NOW + timedelta(hours=3))
    assert [each.appointment for each in queries.soon(clinic.business.id, now())] == [late]


# Without an address, or with one that is bad


def test_a_customer_without_e_mail_is_for_a_person_to_tell(clinic):
    booked = clinic.book(berlin(2, 10), contact={"phone": "+442079460123"})
    assert escalations(booked) == {"CONTACT_GAP"}
    assert not Message.objects.exists()
    assert state(booked) == "scheduled"
    actions.say(booked, "told_by_staff", now(), DESK, reason="called her")
    assert state(booked) == "confirmed"
    assert escalations(booked) == set()


# Walk-ins


def test_a_walk_in_begins_at_attended_without_a_message(clinic):
    start = berlin(1, 9)
    clock.advance_to(start + timedelta(minutes=3, seconds=20))
    booking = clinic.booking(now(), clinic.ada)
    visit = actions.walk_in(clinic.business, booking, now(), DESK)
    assert state(visit) == "attended"
    assert visit.origin == "walk_in"
    assert leg(visit).start == start + timedelta(minutes=3)
    assert {statuses(visit)[name] for name in ("confirmation", "first_reminder")} == {"skipped"}
    assert escalations(visit) == set()
    go_to(berlin(1, 12))
    assert not Message.objects.exists()
    assert escalations(visit) == {"OUTCOME_DUE"}
    actions.say(visit, "completed", now(), DESK)
    assert state(visit) == "completed"


@pytest.mark.parametrize(
    ("days", "why"), [(-1, Refusal.PAST), (1, Refusal.TOO_FAR)], ids=["yesterday", "tomorrow"]
)
def test_somebody_who_is_here_is_here_today(clinic, days, why):
    booking = clinic.booking(NOW + timedelta(days=days))
    with pytest.raises(CannotBook) as error:
        actions.walk_in(clinic.business, booking, NOW, DESK)
    assert error.value.refusal is why


def test_a_walk_in_takes_nobody_s_time(clinic):
    clinic.book(berlin(1, 9), clinic.ada)
    with pytest.raises(CannotBook, match="just taken"):
        actions.walk_in(clinic.business, clinic.booking(berlin(1, 9), clinic.ada), now(), DESK)


# What was booked stays as it was booked


def test_editing_or_archiving_the_service_changes_nothing_that_is_booked(clinic):
    booked = clinic.book(berlin(3, 10), clinic.ada)
    before = leg(booked).snapshot
    Service.objects.filter(id=clinic.service.id).update(
        name="Other", price=999, duration_minutes=5, change_until="72h", late_cancel="72h"
    )
    assert (leg(booked).snapshot, leg(booked).end) == (before, berlin(3, 10, 45))
    schedule.archive_service(clinic.business.id, clinic.service.id, now())
    with pytest.raises(Service.DoesNotExist):
        clinic.book(berlin(3, 12))
    post = go_to(berlin(3, 11))
    assert len(post.letters) == 3
    assert "€60" in post.letters[0].text.replace("\u00a0", "")
    assert "Foot care" in post.letters[0].text


def test_alongside_runs_in_the_same_transaction(clinic):
    def fail(leg):
        raise RuntimeError(leg.appointment.reference)

    booking = clinic.booking(berlin(2, 10))
    with pytest.raises(RuntimeError):
        actions.book(clinic.business, booking, now(), DESK, fail)
    assert not Appointment.objects.exists()
    assert not Claim.objects.exists()
