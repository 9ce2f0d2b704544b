"""Turning the handle: everything that is due is done, and the worker says that it lives."""

import threading
from datetime import timedelta

import pytest

from kept.appointments import actions, queries
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.outbox.queries import Message
from kept.worker import loop
from tests.appointments.clinic import (
    DESK,
    Clinic,
    berlin,
    escalations,
    now,
    state,
    statuses,
)
from tests.together import wait_until

START = berlin(4, 10)


@pytest.fixture
def clinic(db):
    return Clinic()


def test_one_turn_does_everything_that_is_due_now(clinic):
    booked = [clinic.book(START, clinic.ada), clinic.book(START, clinic.ben, name="Leo Ek")]
    assert loop.turn_once() == 2
    assert {state(each) for each in booked} == {"confirmed"}
    assert loop.turn_once() == 0


def test_a_message_made_by_a_control_goes_out_in_the_same_turn(clinic):
    booked = clinic.book(START, clinic.ada)
    loop.turn_once()
    clock.advance_to(START - timedelta(hours=24))
    assert loop.turn_once() > 0
    assert Message.objects.get(control="first_reminder").status == "accepted"
    assert state(booked) == "prepared"


def test_with_no_human_and_no_customer_the_path_still_moves(clinic):
    booked = clinic.book(START, clinic.ada)
    for instant in (now(), START - timedelta(hours=24), START - timedelta(hours=1)):
        clock.advance_to(instant)
        loop.turn_once()
    clock.advance_to(START + timedelta(days=1))
    loop.turn_once()
    assert escalations(booked) == {"UNRESOLVED"}
    assert state(booked) == "prepared"


def test_after_three_hours_away_only_what_is_still_of_use_goes_out(clinic):
    booked = clinic.book(START, clinic.ada)
    loop.turn_once()
    clock.advance_to(START - timedelta(minutes=50))  # nobody was awake at 24 h and at 1 h before
    loop.turn_once()
    ended = statuses(booked)
    assert (ended["first_reminder"], ended["final_reminder"]) == ("expired", "done")
    assert not Message.objects.filter(control="first_reminder").exists()


def test_nothing_goes_out_after_the_start(clinic):
    booked = clinic.book(START, clinic.ada)
    clock.advance_to(START)
    loop.turn_once()
    assert not Message.objects.filter(status="accepted").exists()
    assert statuses(booked)["confirmation"] == "expired"


def test_a_case_that_cannot_be_handled_does_not_keep_a_turn_from_ending(clinic, monkeypatch):
    clinic.book(START, clinic.ada)
    loop.turn_once()
    clock.advance_to(START - timedelta(hours=24))

    def poison(*_):
        raise RuntimeError("poison")

    monkeypatch.setattr("kept.cases.actions.decide", poison)
    assert loop.turn_once() == 0


def test_a_turn_ends_while_another_process_holds_what_is_due(clinic, monkeypatch):
    """Taken to be due and not to be had: that is another worker's affair, not a reason to wait."""
    clinic.book(START, clinic.ada)
    loop.turn_once()
    clock.advance_to(START - timedelta(hours=24))
    monkeypatch.setattr("kept.cases.actions._claim", lambda candidates, now: {})
    assert loop.turn_once() == 0


# The worker itself


@pytest.fixture
def worker(house_db):
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "w", "deliverers": 1})
    yield thread.start
    stop.set()
    thread.join()


def test_a_worker_says_that_it_lives_delivers_and_says_that_it_is_idle(worker):
    clinic = Clinic()
    booked = clinic.book(START, clinic.ada)
    assert clock_queries.workers() == []
    worker()
    wait_until(lambda: state(booked) == "confirmed")
    wait_until(lambda: any(beat.idle for beat in clock_queries.workers()))
    (beat,) = clock_queries.workers()
    assert (beat.name, beat.failed) == ("w", 0)
    actions.say(booked, "acknowledged", now(), DESK)


def test_a_wrong_mail_url_ends_the_worker_before_it_begins(db, settings):
    settings.EMAIL_URL = "carrier-pigeon://loft"
    with pytest.raises(ValueError, match="must begin with"):
        loop.run(threading.Event(), name="w")


def test_the_report_says_what_was_late_and_who_was_not_reminded_while_nobody_turned(clinic):
    """Away from two days before one visit until ten minutes before another, 22 hours earlier."""
    late = clinic.book(START, clinic.ada)
    missed = clinic.book(START - timedelta(hours=22), clinic.ada, name="Leo Ek")
    clock.advance_to(START - timedelta(hours=47))
    loop.turn_once()
    began = now()
    clock.advance_to(START - timedelta(hours=22, minutes=10))
    loop.turn_once()
    found = queries.lateness(began, now())
    # The reminder and the preparation of the one, and the preparation of the other.
    assert (found.late, found.longest) == (3, timedelta(hours=23, minutes=50))
    assert (found.expired, found.superseded) == (2, 0)
    assert [leg.appointment for leg in found.not_reminded] == [missed]
    assert statuses(late)["first_reminder"] == "done"
    assert (escalations(missed), escalations(late)) == ({"CONTROL_MISSED"}, set())
    elsewhere = Clinic(name="Quay Studio").business
    assert queries.lateness(began, now(), elsewhere.id).late == 0
    assert queries.lateness(now(), now()).expired == 0
