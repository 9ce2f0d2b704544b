"""The installation's history under another policy: which letters when, and which breaks remain."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.audit import own
from kept.audit.own_again import Simulated
from kept.audit.report import audit
from kept.audit.simulate import Changed, simulate
from kept.channels.base import TransportError
from kept.clock import actions as clock
from kept.core.case import Role
from kept.core.policy import changed
from tests.appointments.clinic import DESK, MIA, NOW, Clinic, Post, berlin, go_to, now

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
VISIT = berlin(4, 10)


@pytest.fixture
def clinic(db):
    return Clinic()


def under(clinic, **data):
    return changed(accounts.policy_version(accounts.policy_in_force(clinic.business.id).id), data)


def attend(booked, post=None):
    go_to(VISIT, post)
    actions.say(booked, "arrived", now(), DESK)
    go_to(VISIT + 40 * MINUTE, post)
    actions.say(booked, "completed", now(), DESK)
    go_to(berlin(6, 11), post)


# What happened, once more


def completed(clinic):
    attend(clinic.book(VISIT))


def cancelled(clinic):
    booked = clinic.book(VISIT)
    go_to(berlin(3, 11))
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    go_to(berlin(6, 11))


def moved_and_missed(clinic):
    booked = clinic.book(VISIT)
    go_to(berlin(3, 11))
    actions.say(booked, "acknowledged", now(), MIA)
    go_to(berlin(3, 12))
    actions.move(booked, berlin(5, 9), now(), DESK)
    go_to(berlin(5, 11))
    actions.miss(booked, now(), DESK, by=Role.CUSTOMER)
    go_to(berlin(8, 11))


def nobody_said(clinic):
    clinic.book(VISIT)
    go_to(berlin(8, 11))


def walked_in(clinic):
    contact = clinic.booking(NOW, clinic.ada).contact
    booking = replace(clinic.booking(NOW, clinic.ada), contact=contact)
    actions.walk_in(clinic.business, booking, now(), DESK)
    go_to(berlin(3, 11))


def refused_by_the_server(clinic):
    post = Post()
    post.error = TransportError("mailbox full", permanent=True)
    booked = clinic.book(VISIT)
    go_to(NOW + 90 * MINUTE, post)
    actions.say(booked, "told_by_staff", now(), DESK)
    attend(booked, post)


def other_policy_since(clinic):
    booked = clinic.book(VISIT)
    go_to(berlin(2, 9))
    actions.change_policy(clinic.business, {"first_reminder": "36h"}, now(), DESK)
    attend(booked)


LIVES = [
    completed,
    cancelled,
    moved_and_missed,
    nobody_said,
    walked_in,
    refused_by_the_server,
    other_policy_since,
]


def plain(history):
    """Each leg as a dictionary, whatever the order in which two things of it were read."""
    return [
        {
            name: sorted(value, key=repr) if isinstance(value, tuple) else value
            for name, value in asdict(leg).items()
        }
        for appointment in history.appointments()
        for leg in appointment.legs
    ]


@pytest.mark.parametrize("live", LIVES)
def test_the_same_policy_makes_the_same_history(clinic, live):
    live(clinic)
    really = plain(own.history(clinic.business, now()))
    again = plain(Simulated(clinic.business, now(), None))
    assert len(really) == len(again) > 0
    for one, other in zip(really, again, strict=True):
        assert {name: other[name] for name in one if other[name] != one[name]} == {}


# Another policy


def run(clinic, **data):
    return simulate(clinic.business, under(clinic, **data), now())


def test_another_policy_sends_at_other_times(clinic):
    completed(clinic)
    found = run(clinic, first_reminder="48h", switched_off=["final_reminder"])
    assert found.changes == {
        "first_reminder": ("24h", "48h"),
        "switched_off": ([], ["final_reminder"]),
    }
    assert (found.legs, found.sent, found.would_send) == (1, 3, 2)
    assert [(each.control, each.what, each.was, each.would) for each in found.letters] == [
        ("first_reminder", Changed.MOVED, berlin(3, 10), berlin(2, 10)),
        ("final_reminder", Changed.DROPPED, berlin(4, 9), None),
    ]
    assert found.letters[1].why
    assert found.counted == {Changed.MOVED: 1, Changed.DROPPED: 1}


def test_a_reminder_the_policy_did_not_have_is_added(db):
    clinic = Clinic(policy={"switched_off": ["first_reminder"]})
    completed(clinic)
    found = run(clinic, switched_off=[])
    ((added, at),) = [(each.control, each.would) for each in found.letters]
    assert (added, at, found.would_send - found.sent) == ("first_reminder", berlin(3, 10), 1)


def test_the_breaks_that_a_policy_prevents_are_gone_and_the_others_stay(clinic):
    nobody_said(clinic)
    found = run(clinic, assume_missed=True)
    broken = [
        {each.number for each in report.breaks if each.appointments}
        for report in (found.really, found.again, found.would)
    ]
    assert broken[0] == broken[1]
    assert "B6" in broken[0] - broken[2]


def test_what_was_nobody_s_policy_is_told_apart(clinic):
    booked = clinic.book(VISIT)
    go_to(NOW)
    clock.advance_to(VISIT - 2 * HOUR)  # no worker ran while the first reminder was due
    attend(booked)
    found = run(clinic, first_reminder="48h")
    broken = [
        {each.number for each in report.breaks if each.appointments}
        for report in (found.really, found.again, found.would)
    ]
    assert broken == [{"B3"}, set(), set()]


def test_what_somebody_could_not_have_done_is_named_with_its_sentence(clinic):
    booked = clinic.book(VISIT)
    go_to(VISIT - 5 * HOUR)
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    go_to(berlin(6, 11))
    found = run(clinic, change_until="6h")
    (refused,) = found.refused
    assert (refused.event, refused.reference, refused.who) == (
        "cancelled",
        booked.reference,
        "customer",
    )
    assert refused.sentence
    assert found.refusals == 1


def test_what_a_person_would_be_asked_more_often_is_counted(clinic):
    completed(clinic)
    found = run(clinic, ask_acknowledgement=True)
    assert +found.asked == {"UNACKED": 1}


def test_terms_a_service_has_of_its_own_stay_whatever_the_policy_says(db):
    clinic = Clinic(change_until="1h")
    booked = clinic.book(VISIT)
    go_to(VISIT - 5 * HOUR)
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    assert run(clinic, change_until="6h").refused == []


def test_nothing_is_written(clinic):
    completed(clinic)
    before = audit(own.history(clinic.business, now()))
    run(clinic, first_reminder="48h", assume_missed=True)
    assert audit(own.history(clinic.business, now())) == before


def test_another_business_is_not_read(clinic):
    completed(clinic)
    other = Clinic(name="Other House")
    found = run(other, first_reminder="48h")
    assert (found.legs, found.letters) == (0, [])
