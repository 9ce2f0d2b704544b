"""What a customer says after an appointment: how it went, and that they want no suggestions."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Event
from kept.core.case import Role
from kept.journeys import queries
from kept.journeys.actions import record_wish
from kept.people.queries import Consent
from tests.appointments.clinic import DESK, Clinic, berlin, go_to, now


@pytest.fixture
def clinic(db):
    return Clinic(comes_again_days=42)


@pytest.fixture
def visited(clinic):
    booked = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    return booked


def page(appointment, name):
    return f"/a/{appointment.token}/{name}"


def test_looking_says_nothing_for_the_customer(client, visited):
    before = Event.objects.count()
    for name in ("went", "stop"):
        assert client.get(page(visited, name)).status_code == 200
        assert client.head(page(visited, name)).status_code == 200
    assert Event.objects.count() == before
    assert not Consent.objects.exists()


def test_a_complaint_is_thanked_for_and_reaches_a_person(client, visited):
    said = {"went": "went_badly", "words": "It hurts."}
    answer = client.post(page(visited, "went"), said)
    assert "A person reads what you wrote" in answer.content.decode()
    case = queries.current(visited.id)
    assert (case.state, case.facts["words"]) == ("complaint", "It hurts.")
    more = {"went": "went_badly", "words": "And it swells."}
    assert "A person reads" in client.post(page(visited, "went"), more).content.decode()
    assert queries.current(visited.id).facts["words"] == "And it swells."
    assert queries.current(visited.id).escalations.count() == 1


def test_praise_long_after_is_thanked_for_and_not_taken_for_a_complaint(client, visited):
    go_to(now() + timedelta(days=40))
    answer = client.post(page(visited, "went"), {"went": "went_well", "words": "All healed."})
    assert "We are glad to hear it." in answer.content.decode()
    case = queries.current(visited.id)
    assert (case.state, case.facts["words"]) == ("closed", "All healed.")


def test_praise_is_kept(client, visited):
    answer = client.post(page(visited, "went"), {"went": "went_well"})
    assert "glad" in answer.content.decode()
    assert queries.current(visited.id).facts["feedback"] == "went_well"
    assert "You have answered before" in client.get(page(visited, "went")).content.decode()


def test_an_empty_answer_is_asked_for_again_and_keeps_the_words(client, visited):
    answer = client.post(page(visited, "went"), {"words": "Good <b>coffee</b>"})
    assert answer.status_code == 422
    assert "Choose one of the two." in answer.content.decode()
    assert "Good &lt;b&gt;coffee&lt;/b&gt;" in answer.content.decode()


def test_a_visit_that_did_not_take_place_is_not_asked_about(client, clinic):
    booked = clinic.book(berlin(2, 10))
    assert client.get(page(booked, "went")).status_code == 404
    appointments.cancel(booked, now(), DESK, by=Role.CUSTOMER)
    go_to(now())
    assert client.get(page(booked, "went")).status_code == 404
    assert client.post(page(booked, "went"), {"went": "went_well"}).status_code == 404


def test_a_mail_program_unsubscribes_with_one_post_and_no_form(client, visited):
    browserless = client.__class__(enforce_csrf_checks=True)
    one_click = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        answer = browserless.post(page(visited, "stop"), one_click)
        assert answer.status_code == 200
    assert "about nothing else" in answer.content.decode()
    assert queries.current(visited.id).facts["result"] == "opted out"
    assert {(each.given, each.source) for each in Consent.objects.all()} == {(False, "letter")}


def test_a_guessed_address_leads_nowhere(client, db):
    for name in ("went", "stop"):
        assert client.get(f"/a/{'x' * 27}/{name}").status_code == 404
        assert client.post(f"/a/{'x' * 27}/{name}").status_code == 404


# When it is time again


def again(booked):
    return queries.current(booked.id, "reactivation")


@pytest.fixture
def invited(clinic, visited):
    record_wish(visited.customer_id, "marketing", now(), DESK, given=True, source="page")
    go_to(berlin(2, 10) + timedelta(days=45))
    assert again(visited).state == "due"
    return visited


def test_the_link_of_an_invitation_waits_for_an_answer(client, invited):
    answer = client.get(page(invited, "later"))
    assert "When may we ask you again?" in answer.content.decode()
    assert again(invited).state == "due"


@pytest.mark.parametrize(("days", "day"), [("30", "16 May 2027"), ("180", "13 October 2027")])
def test_who_wants_to_be_asked_later_is_told_when(client, invited, days, day):
    answer = client.post(page(invited, "later"), {"when": days})
    assert "We ask you again on" in answer.content.decode()
    assert day in answer.content.decode()
    assert again(invited).state == "snoozed"
    post = go_to(now() + timedelta(days=int(days) + 1))
    assert "control=invitation_as_asked" in post.letters[-1].headers["X-Kept"]


def test_who_wants_no_more_of_them_gets_none(client, invited):
    answer = client.post(page(invited, "later"), {"when": "not_again"})
    assert "We do not ask you about this visit again." in answer.content.decode()
    assert again(invited).facts["result"] == "declined"
    answer = client.post(page(invited, "later"), {"when": "30"})
    assert "We do not plan to ask you" in answer.content.decode()


def test_an_empty_answer_is_asked_for_again(client, invited):
    answer = client.post(page(invited, "later"), {})
    assert answer.status_code == 422
    assert "Choose one of these." in answer.content.decode()


def test_what_was_never_begun_cannot_be_put_off(client, clinic):
    booked = clinic.book(berlin(2, 10))
    assert client.get(page(booked, "later")).status_code == 404


def test_one_click_of_a_mail_program_ends_the_invitations(client, invited):
    answer = client.post(page(invited, "stop"), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert again(invited).facts["result"] == "opted out"
