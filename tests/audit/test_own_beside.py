"""What stands beside the appointments: wishes, quiet hours, enquiries, reviews, hours."""

from datetime import timedelta

import pytest

from kept.accounts import actions as accounts
from kept.appointments import actions
from kept.audit import own
from kept.audit.history import Review
from kept.journeys import reputation
from kept.outbox.models import Message
from kept.people import actions as people
from tests.appointments.clinic import DESK, NOW, WEEKDAYS, Clinic, berlin, go_to, now
from tests.leads import clinic as leads

MINUTE = timedelta(minutes=1)
VISIT = berlin(4, 10)


def read(clinic):
    return own.history(clinic.business, now())


def reminder(clinic):
    (appointment,) = read(clinic).appointments()
    return next(each for each in appointment.legs[0].messages if each.control == "first_reminder")


def test_a_letter_to_somebody_who_had_refused_it_is_named(db):
    clinic = Clinic()
    booked = clinic.book(VISIT)
    go_to(VISIT - timedelta(hours=20))
    assert not reminder(clinic).refused
    # Kept asks before each letter; here the refusal is entered behind its back.
    word = {"given": False, "source": "letter", "by": "customer"}
    people.record_consent(booked.customer_id, "service", now=now(), **word)
    assert not reminder(clinic).refused, "what came later does not count"
    Message.objects.filter(control="first_reminder").update(handed_over_at=now() + MINUTE)
    assert (reminder(clinic).refused, reminder(clinic).void_at) == (True, now())
    (appointment,) = read(clinic).appointments()
    assert not appointment.legs[0].messages[0].refused, "the answer to their own booking"


def test_quiet_hours_are_those_of_the_time_when_it_went(db):
    clinic = Clinic(policy={"quiet_hours": ["08:00", "20:00"]})
    clinic.book(VISIT)
    go_to(VISIT - timedelta(hours=20))
    assert not reminder(clinic).quiet
    accounts.new_policy_version(
        clinic.business, {"quiet_hours": ["12:00", "20:00"]}, now(), "owner"
    )
    assert not reminder(clinic).quiet, "at ten it was allowed then"
    Message.objects.filter(control="first_reminder").update(handed_over_at=berlin(3, 7))
    assert reminder(clinic).quiet


@pytest.mark.parametrize("at_a_time", [1, 500])
def test_an_enquiry_and_what_became_of_it(db, monkeypatch, at_a_time):
    monkeypatch.setattr(own, "AT_A_TIME", at_a_time)
    clinic = Clinic()
    go_to(berlin(1, 16, 50))
    lead = leads.lead(clinic)
    go_to(berlin(2, 9, 20))
    leads.say(lead, "reached")
    clinic.book(VISIT)
    go_to(VISIT)
    leads.lead(clinic, name="Leo Ek", contact={"email": "leo@example.com"})

    first, second = read(clinic).enquiries()
    assert (first.reference, first.source) == (lead.reference, "form")
    assert (first.received_at, first.touched_at) == (berlin(1, 16, 50), berlin(2, 9, 20))
    assert first.touched_open_seconds == 30 * 60, "ten minutes in the evening, twenty at nine"
    assert first.booked_at == berlin(2, 9, 20)
    assert first.attended is None
    assert (second.touched_at, second.booked_at) == (None, None)


def test_who_was_asked_for_a_review(db):
    clinic = Clinic()
    reputation.add_link(clinic.business.id, "Ours", "https://reviews.example.com/ours", NOW, DESK)
    booked = clinic.book(VISIT)
    go_to(VISIT)
    actions.say(booked, "arrived", now(), DESK)
    actions.say(booked, "completed", now(), DESK)
    go_to(VISIT + MINUTE)
    assert list(read(clinic).reviews()) == [Review(booked.reference, None, None)]
    go_to(VISIT + timedelta(days=4))
    assert list(read(clinic).reviews()) == [Review(booked.reference, True, None)]
    actions.say(booked, "complained", now(), DESK, reason="It hurts.")  # to somebody at the desk
    assert list(read(clinic).reviews()) == [Review(booked.reference, True, False)]


def test_the_hours_that_could_be_booked(db):
    clinic = Clinic(hours=WEEKDAYS)
    actions.close(clinic.business, clinic.ben, berlin(2, 9), berlin(2, 17), "course", now(), DESK)
    offered = read(clinic).offered_minutes(berlin(1, 0), berlin(8, 0))
    assert offered == {"Ada": 5 * 8 * 60, "Ben": 4 * 8 * 60}
