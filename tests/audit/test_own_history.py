"""The installation's own rows as a history: real appointments, through the real actions."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kept.appointments import actions
from kept.audit import own
from kept.audit.history import Outcome, Stage
from kept.core.case import Actor, Role
from tests.appointments.clinic import DESK, MIA, NOW, Clinic, Post, berlin, go_to, now

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clinic(db):
    return Clinic()


def read(clinic, **span):
    history = own.history(clinic.business, now(), **span)
    return list(history.appointments())


def test_who_was_said_to_be_served_by_mistake_came_to_neither_step(clinic):
    booked = clinic.book(berlin(4, 10), clinic.ada)
    go_to(berlin(4, 11))
    actions.say(booked, "arrived", now(), DESK)
    actions.say(booked, "completed", now(), DESK)
    assert {Stage.ATTENDED, Stage.COMPLETED} <= only(clinic).entered.keys()
    actions.correct(booked, "missed", now(), DESK, reason="mixed up", by=Role.CUSTOMER)
    leg = only(clinic)
    assert leg.outcome is Outcome.MISSED
    assert list(leg.entered) == [Stage.SCHEDULED, Stage.CONFIRMED, Stage.PREPARED]


def only(clinic):
    (appointment,) = read(clinic)
    (leg,) = appointment.legs
    return leg


def test_a_visit_as_it_should_be(clinic):
    booked = clinic.book(berlin(4, 10), clinic.ada)
    go_to(berlin(4, 10))
    actions.say(booked, "arrived", now(), DESK)
    go_to(berlin(4, 10, 40))
    actions.say(booked, "completed", now(), DESK)
    go_to(berlin(4, 10, 50))

    leg = only(clinic)
    assert (leg.reference, leg.start, leg.end) == (
        booked.reference,
        berlin(4, 10),
        berlin(4, 10, 45),
    )
    assert (leg.booked_at, leg.service, leg.staff, leg.channel) == (NOW, "Foot care", "Ada", "page")
    assert (leg.outcome, leg.outcome_at) == (Outcome.COMPLETED, berlin(4, 10, 40))
    assert leg.price == Decimal(60)
    assert leg.late_window == 24 * 60
    assert leg.contactable
    assert leg.entered == {
        Stage.SCHEDULED: NOW,
        Stage.CONFIRMED: NOW,
        Stage.PREPARED: berlin(3, 10),
        Stage.ATTENDED: berlin(4, 10),
        Stage.COMPLETED: berlin(4, 10, 40),
    }
    assert {duty.name: duty.status for duty in leg.duties} == {
        "confirmation": "done",
        "first_reminder": "done",
        "preparation": "done",
        "final_reminder": "done",
        "outcome_due": "void",
        "unresolved": "void",
        "hand_offs": "void",
    }
    assert [(each.control, each.handed_over_at, each.void_at) for each in leg.messages] == [
        ("confirmation", NOW, berlin(4, 10)),
        ("final_reminder", berlin(4, 9), berlin(4, 10)),
        ("first_reminder", berlin(3, 10), berlin(4, 10)),
    ]
    assert leg.asked == ()
    assert {each.to: each.status for each in leg.handed} == {
        "follow_up": "accepted",
        "reputation": "accepted",
        "reactivation": "accepted",
    }
    assert [(act.name, act.by_person, act.automatable) for act in leg.acts] == [
        ("booked", False, False),
        ("confirmed", False, False),
        ("prepared", False, False),
        ("arrived", True, False),
        ("completed", True, False),
        *[("hand_off_accepted", False, False)] * 3,
    ]


def test_a_move_is_one_appointment_with_two_legs(clinic):
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(2, 9))
    actions.move(booked, berlin(9, 11), now(), MIA)
    go_to(berlin(2, 12))

    (appointment,) = read(clinic)
    first, second = appointment.legs
    assert (first.outcome, first.outcome_at) == (Outcome.RESCHEDULED, berlin(2, 9))
    assert (second.outcome, second.outcome_at) == (Outcome.AHEAD, None)
    assert second.booked_at == berlin(2, 9)
    assert [each.void_at for each in first.messages] == [berlin(2, 9)]


def test_each_appointment_is_read_once_whatever_the_page(clinic, monkeypatch):
    monkeypatch.setattr(own, "AT_A_TIME", 2)
    moved = clinic.book(berlin(4, 10))
    others = [clinic.book(berlin(5, hour), name=f"Guest{hour}") for hour in (9, 10, 11)]
    actions.move(moved, berlin(5, 15), now(), MIA)

    found = read(clinic)
    assert [each.legs[0].reference for each in found] == [
        each.reference for each in (moved, *others)
    ]
    of_friday = read(clinic, begin=berlin(5, 0), end=berlin(6, 0))
    assert len(of_friday) == 4
    assert len(of_friday[-1].legs) == 2, "with all its legs, although one starts before"
    assert read(clinic, begin=berlin(6, 0)) == []


def test_rows_of_another_business_are_never_read(clinic):
    other = Clinic(name="Hill Clinic")
    other.book(berlin(4, 10))
    assert read(clinic) == []
    assert len(read(other)) == 1


@pytest.mark.parametrize(
    ("happens", "outcome"),
    [
        (lambda a: actions.cancel(a, now(), MIA, by=Role.CUSTOMER), Outcome.CANCELLED),
        (lambda a: actions.cancel(a, now(), DESK, by=Role.STAFF), Outcome.CANCELLED_BY_BUSINESS),
        (lambda a: actions.cancel(a, now(), DESK, by=Role.CUSTOMER), Outcome.CANCELLED),
    ],
)
def test_who_cancelled(clinic, happens, outcome):
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(2, 9))
    happens(booked)
    leg = only(clinic)
    assert (leg.outcome, leg.outcome_at) == (outcome, berlin(2, 9))


@pytest.mark.parametrize(
    ("by", "outcome"),
    [(Role.CUSTOMER, Outcome.MISSED), (Role.STAFF, Outcome.MISSED_BY_BUSINESS)],
)
def test_who_missed(clinic, by, outcome):
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(4, 11))
    actions.miss(booked, now(), DESK, by=by)
    assert only(clinic).outcome is outcome


def test_a_miss_that_a_policy_assumed_is_an_assumption(db):
    clinic = Clinic(policy={"assume_missed": True})
    clinic.book(berlin(4, 10))
    go_to(berlin(4, 12))
    assert only(clinic).outcome is Outcome.ASSUMED


def test_a_visit_nobody_recorded_has_no_outcome_and_somebody_was_asked(clinic):
    clinic.book(berlin(4, 10))
    go_to(berlin(5, 12))
    leg = only(clinic)
    assert (leg.outcome, leg.outcome_at) == (Outcome.UNKNOWN, None)
    assert [(each.kind, each.broken_by) for each in leg.asked] == [
        ("OUTCOME_DUE", "outcome_due"),
        ("UNRESOLVED", "unresolved"),
    ]


def test_a_corrected_outcome_was_there_all_the_time(clinic):
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(4, 11))
    actions.miss(booked, now(), DESK, by=Role.CUSTOMER)
    go_to(berlin(8, 11))
    actions.correct(booked, "completed", now(), DESK, reason="She had come to the other door.")
    leg = only(clinic)
    assert (leg.outcome, leg.outcome_at) == (Outcome.COMPLETED, berlin(4, 11))


def test_an_arrival_taken_back_was_none(clinic):
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(4, 9, 55))
    actions.say(booked, "arrived", now(), DESK)
    actions.correct(booked, "prepared", now(), DESK, reason="It was somebody else.")
    assert Stage.ATTENDED not in only(clinic).entered


def test_a_confirmation_that_failed_and_was_told_by_a_person(clinic):
    from kept.channels.base import TransportError

    post = Post()
    post.error = TransportError("no such box", permanent=True)
    clinic.book(berlin(4, 10))
    go_to(NOW, post)
    leg = only(clinic)
    assert Stage.CONFIRMED not in leg.entered
    assert [(each.kind, each.broken_by) for each in leg.asked] == [
        ("CONFIRMATION_FAILED", "confirmation")
    ]
    assert leg.messages[0].failed_at == NOW


def test_told_by_a_person_where_nobody_could_write(clinic):
    booked = clinic.book(berlin(4, 10), contact={"phone": "+442079460123"}, by=DESK)
    go_to(NOW + HOUR)
    assert only(clinic).entered.keys() == {Stage.SCHEDULED}
    actions.say(booked, "told_by_staff", now(), DESK)
    leg = only(clinic)
    told = next(act for act in leg.acts if act.name == "confirmed")
    assert told.by_person
    assert not told.automatable


def test_told_by_a_person_although_kept_would_have_written(clinic):
    booked = clinic.book(berlin(4, 10))
    actions.say(booked, "told_by_staff", now(), DESK)
    told = next(act for act in only(clinic).acts if act.name == "confirmed")
    assert told.by_person
    assert told.automatable


def test_reminders_while_no_worker_ran(clinic):
    from kept.clock import actions as clock

    clinic.book(berlin(4, 10))
    go_to(NOW)
    clock.advance_to(berlin(4, 9, 5))
    go_to(berlin(4, 9, 5))
    first, final = (
        duty
        for duty in sorted(only(clinic).duties, key=lambda duty: duty.due_at)
        if "reminder" in duty.name
    )
    assert (first.status, first.justified) == ("expired", True)
    assert (final.status, final.done_at) == ("done", berlin(4, 9, 5))


def test_a_later_booking_is_not_late_with_what_was_due_before(clinic):
    clinic.book(berlin(1, 12))
    go_to(NOW)
    assert all(duty.due_at >= NOW for duty in only(clinic).duties)


def test_an_integration_is_no_person(clinic):
    machine = Actor(Role.INTEGRATION, "till")
    booked = clinic.book(berlin(4, 10))
    go_to(berlin(4, 10))
    actions.say(booked, "arrived", now(), machine)
    assert not any(act.by_person for act in only(clinic).acts)
