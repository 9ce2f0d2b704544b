"""Each break happens for real, one at a time, and the audit of the rows names it at its stage."""

from datetime import timedelta

import pytest

from kept.appointments import actions, queries
from kept.audit import own
from kept.audit.report import audit
from kept.cases.models import HandOff
from kept.channels.base import TransportError
from kept.clock import actions as clock
from kept.core.case import Role
from kept.outbox.models import Message
from tests.appointments.clinic import DESK, MIA, NOW, Clinic, Post, berlin, go_to, now

MINUTE = timedelta(minutes=1)
VISIT = berlin(4, 10)


def report_on(clinic):
    return audit(own.history(clinic.business, now()))


def named(clinic):
    """The breaks that were found, with their stages; and how many appointments had none."""
    report = report_on(clinic)
    whole = next(value.raw for value in report.headline.values if value.name == "governed")
    return {each.number: each.stage for each in report.breaks if each.appointments}, whole


def attend(booked, post=None):
    go_to(VISIT, post)
    actions.say(booked, "arrived", now(), DESK)
    go_to(VISIT + 40 * MINUTE, post)
    actions.say(booked, "completed", now(), DESK)
    go_to(berlin(5, 11), post)


def well(clinic):
    attend(clinic.book(VISIT))


def confirmed_late(clinic):
    booked = clinic.book(VISIT)
    clock.advance_to(NOW + 10 * MINUTE)  # no worker ran
    attend(booked)


def confirmation_refused(clinic):
    post = Post()
    post.error = TransportError("mailbox full", permanent=True)
    booked = clinic.book(VISIT)
    go_to(NOW + 90 * MINUTE, post)
    actions.say(booked, "told_by_staff", now(), DESK)
    attend(booked)


def reminder_missed(clinic):
    booked = clinic.book(VISIT)
    go_to(NOW)
    clock.advance_to(VISIT - 2 * 60 * MINUTE)  # from the first evening until the morning
    attend(booked)


def sent_after_cancelling(clinic):
    booked = clinic.book(VISIT)
    go_to(berlin(3, 11))
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    # Kept itself does not let it happen: what a damaged installation would have left behind.
    late = Message.objects.filter(control="first_reminder")
    assert late.update(handed_over_at=berlin(3, 11, 5)) == 1


def staff_gone(clinic):
    booked = clinic.book(VISIT, clinic.ada)
    go_to(berlin(2, 9))
    actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK)
    go_to(berlin(3, 12))
    attend(booked)


def nobody_said(clinic):
    clinic.book(VISIT)
    go_to(berlin(5, 12))


def question_left(clinic):
    booked = clinic.book(VISIT)
    go_to(berlin(2, 9))
    actions.say(booked, "change_requested", now(), MIA)
    go_to(berlin(2, 15))
    asked = next(each for each in queries.timeline(booked).escalations)
    actions.resolve_escalation(clinic.business.id, asked.id, "She comes.", now(), DESK)
    attend(booked)


def not_handed_on(clinic):
    well(clinic)
    go_to(berlin(5, 12))
    HandOff.objects.all().delete()


def not_taken_over(clinic):
    attend(clinic.book(VISIT))
    go_to(berlin(8, 10))


BREAKS = [
    ("B1", "confirmation", confirmed_late, {}),
    ("B2", "confirmation", confirmation_refused, {}),
    ("B3", "preparation", reminder_missed, {}),
    ("B4", "change", sent_after_cancelling, {}),
    ("B5", "preparation", staff_gone, {}),
    ("B6", "attendance", nobody_said, {}),
    ("B7", "any stage", question_left, {}),
    ("B8", "what comes next", not_handed_on, {}),
    ("B9", "what comes next", not_taken_over, {"built_in": []}),
]


def test_a_visit_carried_through_is_governed(db):
    clinic = Clinic()
    well(clinic)
    assert named(clinic) == ({}, 1)
    assert "100 %" in report_on(clinic).headline.answer


@pytest.mark.parametrize(("number", "stage", "happens", "policy"), BREAKS)
def test_the_audit_names_what_broke(db, number, stage, happens, policy):
    clinic = Clinic(policy=policy)
    happens(clinic)
    found, whole = named(clinic)
    assert found == {number: stage, **ALONG.get(number, {})}
    assert whole == 0


# What breaks along with it: a customer who was not told in time, whoever was asked about it.
ALONG = {"B2": {"B1": "confirmation"}}
