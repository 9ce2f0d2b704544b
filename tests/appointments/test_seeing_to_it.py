"""Somebody takes an escalation: everybody sees whose it is."""

from datetime import timedelta
from functools import partial

import pytest

from kept.appointments import actions
from kept.appointments.actions import Stale
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.core.case import Actor, NotAllowed, Role
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, leg, now

ADA = Actor(Role.STAFF, "ada@example.com")


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def booked(clinic):
    appointment = clinic.book(berlin(4, 10), clinic.ada)
    actions.say(appointment, "change_requested", now(), MIA)
    return appointment


@pytest.fixture
def asked(booked):
    return Escalation.objects.get(kind="POSSIBLE_CANCEL")


def see(act, clinic, asked, who=DESK, **how):
    return act(clinic.business.id, asked.id, now(), who, **how)


def test_it_says_whose_it_is_until_it_is_given_back(clinic, asked):
    taken = see(actions.take_escalation, clinic, asked)
    assert (taken.taken_by, taken.taken_at) == ("staff:desk@example.com", now())
    [listed] = cases.escalations(clinic.business.id, is_open=True)
    assert listed.taken_by == "staff:desk@example.com"
    with pytest.raises(NotAllowed, match="sees to it already"):
        see(actions.take_escalation, clinic, asked, ADA)
    given_back = see(actions.release_escalation, clinic, asked, ADA)
    assert (given_back.taken_by, given_back.taken_at) == ("", None)


def test_twice_is_once_and_the_history_says_both_acts_once(clinic, asked, booked):
    for act in (actions.take_escalation, actions.release_escalation):
        see(act, clinic, asked)
        version = leg(booked).case.version
        see(act, clinic, asked, expected=1)  # a repetition with what was known before
        assert leg(booked).case.version == version
    names = [event.name for event in cases.events([leg(booked).case_id])]
    assert names.count("escalation_taken") == names.count("escalation_released") == 1


def test_put_off_it_is_out_of_sight_until_then_and_twice_is_once(clinic, asked, booked):
    until = now() + timedelta(hours=1)
    for _ in range(2):
        row = actions.snooze_escalation(clinic.business.id, asked.id, until, now(), DESK)
    assert (row.snoozed_until, row.snoozed_by) == (until, "staff:desk@example.com")
    waiting = partial(cases.waiting_for_people, clinic.business.id)
    assert not waiting(now())
    assert list(waiting(now(), snoozed=True)) == list(waiting(until)) == [asked]
    assert list(cases.escalations(clinic.business.id, is_open=True)) == [asked]
    for _ in range(2):
        row = see(actions.wake_escalation, clinic, asked, ADA)
    assert (row.snoozed_until, row.snoozed_by) == (None, "")
    assert list(waiting(now())) == [asked]
    names = [event.name for event in cases.events([leg(booked).case_id])]
    assert names.count("escalation_snoozed") == names.count("escalation_woken") == 1


def test_what_has_changed_since_it_was_read_is_read_again_first(clinic, asked, booked):
    with pytest.raises(Stale):
        see(actions.take_escalation, clinic, asked, expected=1)
    see(actions.take_escalation, clinic, asked, expected=leg(booked).case.version)


def test_what_is_resolved_is_not_taken_and_still_says_who_had_it(clinic, asked):
    see(actions.take_escalation, clinic, asked)
    actions.resolve_escalation(clinic.business.id, asked.id, "she comes", now(), DESK)
    with pytest.raises(NotAllowed, match="already resolved"):
        see(actions.take_escalation, clinic, asked, ADA)
    asked.refresh_from_db()
    assert (asked.taken_by, asked.resolved_by) == ("staff:desk@example.com",) * 2


def test_another_business_has_no_such_escalation(asked):
    with pytest.raises(Escalation.DoesNotExist):
        see(actions.take_escalation, Clinic(name="Quay Studio"), asked)
