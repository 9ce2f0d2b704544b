"""Whoever receives what is handed on can begin with the payload alone."""

from datetime import timedelta

import pytest

from kept.appointments import actions, queries
from kept.cases.queries import Escalation, HandOff
from kept.core.case import Role
from kept.journeys import actions as journeys
from kept.journeys import queries as journey_queries
from kept.people import actions as people
from kept.people.queries import Consent, customer
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now

START = berlin(2, 10)


@pytest.fixture
def clinic(db):
    return Clinic()


def completed(clinic):
    booked = clinic.book(START, clinic.ada)
    go_to(START + timedelta(minutes=45))
    actions.say(booked, "completed", now(), DESK)
    return booked


def payload(booked, to="reputation"):
    return HandOff.objects.filter(case__subject=booked.id, to=to).latest("version").payload


def refuse_marketing(booked):
    people.record_consent(
        booked.customer_id, "marketing", given=True, now=now(), source="page", by="customer:Mia"
    )
    people.record_consent(
        booked.customer_id, "marketing", given=False, now=now(), source="page", by="customer:Mia"
    )


def test_it_says_what_was_booked_and_who_said_the_outcome(clinic):
    booked = completed(clinic)
    leg, given = queries.current_leg(booked), payload(booked)
    assert given["root_id"] == given["appointment_id"] == str(booked.id)
    assert (given["outcome"], given["outcome_source"]) == ("completed", "staff")
    assert given["person_id"] == str(booked.customer_id)
    assert given["service_snapshot"] == {
        name: said for name, said in leg.snapshot.items() if name != "offered"
    }
    assert (given["flags"], given["consent_refs"]) == ([], [])


def test_after_a_move_it_is_still_the_service_as_booked(clinic):
    booked = clinic.book(START, clinic.ada)
    actions.move(booked, berlin(3, 10), now(), MIA)
    go_to(berlin(3, 10, 45))
    actions.say(booked, "completed", now(), DESK)
    assert payload(booked)["service_snapshot"]["name"] == payload(booked)["service"]
    assert (payload(booked)["root_id"], payload(booked)["leg"]) == (str(booked.id), 2)


def test_a_private_service_is_sensitive(clinic):
    clinic.service.private = True
    clinic.service.save()
    assert payload(completed(clinic))["flags"] == ["sensitive"]


def test_what_the_person_said_last_goes_along_with_its_proof(clinic):
    booked = clinic.book(START, clinic.ada)
    refuse_marketing(booked)
    go_to(START + timedelta(minutes=45))
    actions.say(booked, "completed", now(), DESK)
    (said,) = payload(booked)["consent_refs"]
    proof = Consent.objects.get(id=said["id"])
    assert (said["purpose"], said["given"], proof.given) == ("marketing", False, False)
    assert proof.customer == customer(booked.customer_id)


def test_an_open_complaint_goes_along_until_it_is_settled(clinic):
    first = completed(clinic)
    journeys.receive_offered(now())
    follow_up = journey_queries.current(first.id)
    journeys.say(clinic.business.id, follow_up.id, "went_badly", now(), MIA, words="It hurt.")
    second = clinic.book(berlin(3, 10), clinic.ada)
    assert second.customer_id == first.customer_id
    go_to(berlin(3, 10, 45))
    actions.say(second, "completed", now(), DESK)
    assert payload(second)["flags"] == ["complaint"]
    actions.correct(second, "attended", now(), DESK, reason="not yet")
    Escalation.objects.filter(case=follow_up.id).update(resolved_at=now())
    actions.say(second, "completed", now(), DESK)
    assert payload(second)["flags"] == []


def test_money_given_back_goes_along_with_a_later_outcome(clinic):
    booked = completed(clinic)
    actions.say(booked, "refunded", now(), DESK)
    assert payload(booked)["flags"] == []
    actions.correct(booked, "missed", now(), DESK, reason="a slip", by=Role.CUSTOMER)
    assert payload(booked, "follow_up")["flags"] == ["refund"]
