"""Being due again, at the desk: what invitations bring, and what the customer said about them."""

import pytest

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.core.case import Actor, Role
from kept.journeys import queries as journeys
from kept.journeys.actions import record_wish
from kept.worker import loop
from tests.console.house import FRONT_DESK, NOW

PAGE = "/console/returns/"


@pytest.fixture
def due(house):
    """A completed visit of somebody who is due again in half a year and has agreed to be asked."""
    ours = {"built_in": ["follow_up", "reputation", "reactivation"], "hold_out": 0}
    appointments.change_policy(house.business, ours, NOW, FRONT_DESK)
    house.service.comes_again_days = 180
    house.service.save()
    booked = house.book(NOW.replace(hour=8), name="Carl Completed")
    customer = Actor(Role.CUSTOMER)
    record_wish(booked.customer_id, "marketing", NOW, customer, given=True, source="page")
    loop.turn_once()
    appointments.say(booked, "arrived", NOW, FRONT_DESK)
    appointments.say(booked, "completed", NOW, FRONT_DESK)
    loop.turn_once()
    return booked


def case_of(booked):
    return journeys.current(booked.id, "reactivation")


def said(booked):
    return f"/console/appointments/{booked.id}/said/"


def test_the_page_says_why_nothing_can_be_said_yet(due, owner):
    shown = owner.get(PAGE).content.decode()
    assert "Too few people to tell chance from effect" in shown
    assert "nobody yet" in shown
    assert "1 × not due yet" in shown
    assert "One visit or enquiry altogether" in shown


def test_the_page_is_the_owners(due, desk):
    assert desk.get(PAGE).status_code in {403, 404}


def test_a_business_without_a_postal_address_is_told_so(due, owner, house):
    assert "postal address" not in owner.get("/console/set-up/").content.decode()
    house.business.address = ""
    house.business.save()
    for page in ("/console/set-up/", PAGE):
        assert "must carry the postal address of its sender" in owner.get(page).content.decode()


def test_the_appointment_shows_when_its_customer_is_due_again(due, desk):
    shown = desk.get(f"/console/appointments/{due.id}/").content.decode()
    assert "Reactivation" in shown
    assert "Invitation to the next visit" in shown
    assert "Due again on 2027-08-28, 180 days after the visit" in shown


def test_a_path_that_is_switched_off_says_so_where_it_stands(due, desk, house):
    appointments.change_policy(house.business, {"built_in": []}, NOW, FRONT_DESK)
    pages = (f"/console/appointments/{due.id}/", f"/console/people/{due.customer_id}/")
    for page in pages:
        shown = desk.get(page).content.decode()
        assert "Switched off in the policy: none of its letters goes out." in shown
        assert "Invitation to the next visit</p>" not in shown


def test_who_wants_to_be_asked_later_is_asked_on_that_day(due, desk):
    answer = desk.post(said(due), {"said": "snoozed"})
    assert "Say after how many days." in answer.content.decode()
    assert desk.post(said(due), {"said": "snoozed", "days": "40"}).status_code == 302
    case = case_of(due)
    assert case.state == "snoozed"
    assert case.anchors["asked_for"].startswith("2027-04-1")


def test_who_is_gone_is_asked_for_nothing_more(due, desk):
    assert desk.post(said(due), {"said": "gone", "words": "Moved away."}).status_code == 302
    assert case_of(due).facts["result"] == "gone"
    assert journeys.current(due.id).state == "closed"
    assert queries.current_leg(due).case.state == "completed"
