"""What needs a person is resolved with a note; what was handed on is taken over or refused."""

from datetime import timedelta

import pytest
from django.test import Client

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.cases import queries as cases
from kept.clock import actions as clock
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, House, state

START = NOW + timedelta(hours=2)


@pytest.fixture
def unreached(house):
    appointment = house.book(START, name="Una Unreached", email="", phone="+442079460111")
    loop.turn_once()
    return appointment


def escalation(house, kind):
    return next(e for e in cases.escalations(house.business.id) if e.kind == kind)


def test_each_row_says_what_for_whom_by_when_and_what_to_do(house, desk, unreached):
    page = desk.get("/console/escalations/").content.decode()
    for said in (
        "Cannot be reached",
        "Una Unreached",
        'href="tel:+442079460111"',
        "Due ",
        "open for",
    ):
        assert said in page
    assert "Tell the customer by phone" in page


def test_a_card_brings_the_customers_own_words_and_how_to_reach_them(house, desk):
    booked = house.book(START, name="Ben Asks", phone="+442079460112")
    loop.turn_once()
    appointments.say(booked, "change_requested", NOW, CUSTOMER, reason="Could it be later?")
    page = desk.get("/console/escalations/").content.decode()
    assert "“Could it be later?”" in page
    assert 'href="tel:+442079460112"' in page
    assert 'href="mailto:ben@example.com"' in page
    assert "The customer may not come." not in page  # the title says it


@pytest.mark.parametrize("page", ["/console/escalations/", "/console/appointments/{}/"])
def test_what_is_not_resolved_in_time_says_so_in_words(house, desk, unreached, page):
    page = page.format(unreached.id)
    assert "t was due" not in desk.get(page).content.decode()
    clock.advance_to(escalation(house, "CONTACT_GAP").due_at + timedelta(minutes=1))
    assert "t was due" in desk.get(page).content.decode()


def test_resolved_with_a_note_that_counts_as_told(house, desk, unreached):
    path = f"/console/escalations/{escalation(house, 'CONTACT_GAP').id}/resolve/"
    empty = desk.post(path, {"note": ""})
    assert empty.status_code == 409
    assert desk.post(path, {"note": "Called her, she will come"}).status_code == 302
    assert state(unreached) in {"confirmed", "prepared"}
    resolved = escalation(house, "CONTACT_GAP")
    assert (resolved.note, resolved.resolved_by) == (
        "Called her, she will come",
        "staff:desk@example.com",
    )
    assert b"Called her" in desk.get("/console/escalations/?resolved=1").content


def test_resolving_twice_is_refused_and_the_note_is_kept(house, desk, unreached):
    path = f"/console/escalations/{escalation(house, 'CONTACT_GAP').id}/resolve/"
    desk.post(path, {"note": "Called her"})
    again = desk.post(path, {"note": "Called her too"})
    assert again.status_code == 409
    assert b"already resolved" in again.content
    assert b"Called her too" in again.content


def test_a_missing_outcome_is_settled_by_recording_it_and_by_nothing_else(house, desk):
    booked = house.book(START)
    loop.turn_once()
    clock.advance_to(START + timedelta(hours=1))
    loop.turn_once()
    due = escalation(house, "OUTCOME_DUE")
    page = desk.get("/console/escalations/").content
    assert b"Did not come" in page  # one tap settles it
    refused = desk.post(f"/console/escalations/{due.id}/resolve/", {"note": "never mind"})
    assert refused.status_code == 409
    desk.post(f"/console/appointments/{booked.id}/complete/")
    assert escalation(house, "OUTCOME_DUE").resolved_at is not None


@pytest.fixture
def completed(house):
    appointment = house.book(START)
    loop.turn_once()
    appointments.say(appointment, "arrived", NOW, FRONT_DESK)
    appointments.say(appointment, "completed", NOW, FRONT_DESK)
    return appointment


def hand_offs(appointment):
    return {h.to: h.status for h in queries.timeline(appointment).hand_offs}


def test_a_hand_off_is_taken_over_once(house, desk, completed):
    first = queries.timeline(completed).hand_offs[0]
    assert b"Mia Wong" in desk.get("/console/hand-offs/").content
    path = f"/console/hand-offs/{first.id}/accept/"
    assert desk.post(path).status_code == 302
    assert hand_offs(completed)[first.to] == "accepted"
    again = desk.post(path)
    assert again.status_code == 409
    assert b"No hand-off" in again.content


def test_a_refusal_needs_its_reason_and_a_person(house, desk, completed):
    first = queries.timeline(completed).hand_offs[0]
    path = f"/console/hand-offs/{first.id}/reject/"
    assert desk.post(path, {"reason": ""}).status_code == 409
    assert desk.post(path, {"reason": "Nobody does this here"}).status_code == 302
    assert hand_offs(completed)[first.to] == "rejected"
    assert escalation(house, "HANDOFF_NOT_ACCEPTED").resolved_at is None
    page = desk.get("/console/hand-offs/?status=rejected").content
    assert b"Nobody does this here" in page


def test_nothing_waits_is_said_so(house, desk):
    assert b"Nothing waits to be taken over" in desk.get("/console/hand-offs/").content
    assert b"Nobody has missed" in desk.get("/console/missed/").content


def test_without_anything_wrong_nobody_is_asked(house, desk):
    """The normal path makes no work for a person."""
    booked = house.book(START)
    loop.turn_once()
    desk.post(f"/console/appointments/{booked.id}/arrive/")
    desk.post(f"/console/appointments/{booked.id}/complete/")
    assert cases.escalations(house.business.id).count() == 0


def see_to(client, row, do):
    return client.post(f"/console/escalations/{row.id}/resolve/", {"do": do}, follow=True)


def test_what_somebody_sees_to_says_who_and_can_be_given_back(house, desk, owner, unreached):
    row = escalation(house, "CONTACT_GAP")
    assert b"I take this" in desk.get("/console/escalations/").content
    mine = see_to(desk, row, "take").content.decode()
    assert "You see to it now." in mine
    assert "<b>You see to it</b>" in mine
    assert "I take this" not in mine
    theirs = owner.get("/console/escalations/").content.decode()
    assert "<bdi>desk@example.com</bdi> sees to it" in theirs
    assert "staff:" not in theirs
    assert b"You see to it" in desk.get(f"/console/appointments/{unreached.id}/").content
    given = see_to(desk, row, "release").content.decode()
    assert "anybody may take it" in given
    assert "sees to it" not in owner.get("/console/escalations/").content.decode()


def test_what_one_has_another_does_not_take_unseen(house, desk, owner, unreached):
    row = escalation(house, "CONTACT_GAP")
    see_to(desk, row, "take")
    refused = see_to(owner, row, "take").content.decode()
    assert "desk@example.com sees to it already" in refused
    assert "staff:" not in refused
    assert escalation(house, "CONTACT_GAP").taken_by == "staff:desk@example.com"


def test_only_the_front_desk_takes_and_only_its_own(house, desk, ada, unreached):
    row = escalation(house, "CONTACT_GAP")
    assert see_to(ada, row, "take").status_code == 403
    assert not escalation(house, "CONTACT_GAP").taken_by
    other = House("Other Studio", "other-")
    client = Client()
    client.force_login(other.desk)
    assert see_to(client, row, "take").status_code == 404


def test_whose_time_was_lost_with_a_person_is_said_so_with_the_way_to_move_it(house, desk):
    booked = house.book(START + timedelta(days=1))
    appointments.retire_staff(house.business, house.ada.id, NOW, FRONT_DESK)
    page = desk.get("/console/escalations/").content.decode()
    assert "Ada Lindt is no longer here." in page
    assert f'href="/console/appointments/{booked.id}/move/">Move…' in page


def test_taking_over_says_what_is_then_done_by_hand(house, desk):
    done = house.book(START, "Dora Done")
    clock.advance_to(START)
    appointments.say(done, "arrived", START, FRONT_DESK)
    appointments.say(done, "completed", START, FRONT_DESK)
    for place in ("/console/hand-offs/", f"/console/appointments/{done.id}/"):
        page = desk.get(place).content.decode()
        assert "You do this by hand: invite them to come again." in page
        assert "Kept does the follow-up itself, unless you take it over." in page
    assert "What Kept does itself is follow-up" in desk.get("/console/hand-offs/").content.decode()
