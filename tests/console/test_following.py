"""What follows an appointment, as the desk sees it, and what it writes down."""

import pytest

from kept.appointments import actions as appointments
from kept.journeys import queries as journeys
from kept.worker import loop
from tests.console.house import FRONT_DESK, NOW


@pytest.fixture
def completed(house):
    booked = house.book(NOW.replace(hour=8), name="Carl Completed")
    loop.turn_once()
    appointments.say(booked, "arrived", NOW, FRONT_DESK)
    appointments.say(booked, "completed", NOW, FRONT_DESK)
    loop.turn_once()
    return booked


def page(appointment):
    return f"/console/appointments/{appointment.id}/"


def test_the_page_draws_the_path_that_follows(completed, desk):
    shown = desk.get(page(completed)).content.decode()
    assert "Follow-up" in shown
    assert "Asked how it went" in shown
    assert "Question how it went" in shown


def test_before_an_outcome_nothing_follows(house, desk):
    booked = house.book()
    assert "Write down what the customer said" not in desk.get(page(booked)).content.decode()
    answer = desk.get(f"{page(booked)}said/")
    assert "has no outcome yet" in answer.content.decode()
    assert desk.post(f"{page(booked)}said/", {"said": "declined"}).status_code == 409


def test_a_complaint_by_phone_becomes_a_matter_for_a_person(completed, desk):
    said = {"said": "went_badly", "words": "The door was locked."}
    answer = desk.post(f"{page(completed)}said/", said, follow=True)
    shown = answer.content.decode()
    assert "It needs a person now" in shown
    assert "Was not content" in shown
    assert "The door was locked." in shown
    queue = desk.get("/console/escalations/").content.decode()
    assert "Was not content" in queue
    escalation = journeys.current(completed.id).escalations.get()
    desk.post(f"/console/escalations/{escalation.id}/resolve/", {"note": "Called; all is well."})
    assert journeys.current(completed.id).facts["result"] == "complaint settled"


def test_who_wants_no_new_visit_gets_no_more_letters(completed, desk):
    desk.post(f"{page(completed)}said/", {"said": "declined"})
    assert journeys.current(completed.id).state == "closed"
    # Said once more it is written down once more: nothing somebody says is refused.
    again = desk.post(f"{page(completed)}said/", {"said": "declined"})
    assert again.status_code == 302
    events = journeys.current(completed.id).events.filter(name="declined")
    assert events.count() == 2


def test_nothing_said_is_asked_for_again(completed, desk):
    answer = desk.post(f"{page(completed)}said/", {"words": "Hm"})
    assert answer.status_code == 409
    assert "Hm" in answer.content.decode()
