"""Where a customer chooses a page to review on, or says no."""

from datetime import timedelta

import pytest
from django.test import Client

from kept.appointments import actions as appointments
from kept.cases.queries import Event
from kept.journeys import queries, reputation
from kept.people.queries import Consent
from tests.appointments.clinic import DESK, Clinic, berlin, go_to, now

ONE, TWO = "https://one.example.com/review", "https://two.example.com/review?place=7&x=1"


@pytest.fixture
def clinic(db):
    made = Clinic()
    reputation.add_link(made.business.id, "One", ONE, now(), DESK)
    reputation.add_link(made.business.id, "Two & more", TWO, now(), DESK)
    return made


@pytest.fixture
def asked(clinic):
    booked = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now() + timedelta(days=3))
    return booked


def page(booked, rest=""):
    return f"/a/{booked.token}/review{rest}"


def case_of(booked):
    return queries.current(booked.id, "reputation")


def test_looking_counts_nothing_and_ends_nothing(client, clinic, asked):
    before = Event.objects.count()
    link = reputation.links(clinic.business.id).first()
    for rest in ("", f"/{link.id}", "/stop"):
        assert client.get(page(asked, rest)).status_code == 200
        assert client.head(page(asked, rest)).status_code == 200
    assert Event.objects.count() == before
    assert not Consent.objects.exists()
    assert case_of(asked).state == "asked"


def test_every_page_stands_there_by_a_button_like_the_others(client, asked):
    shown = client.get(page(asked)).content.decode()
    assert shown.count('<button class="primary" type="submit" name="page"') == 2
    assert shown.index("One") < shown.index("Two &amp; more")


def test_choosing_one_is_counted_and_leads_there(client, clinic, asked):
    link = reputation.links(clinic.business.id).get(name="Two & more")
    answer = client.post(page(asked), {"page": str(link.id)})
    assert (answer.status_code, answer.headers["Location"]) == (302, page(asked, f"/{link.id}"))
    case = case_of(asked)
    assert (case.state, case.facts["clicks"], case.facts["result"]) == ("closed", 1, "clicked")
    shown = client.get(answer.headers["Location"]).content.decode()
    assert '<meta http-equiv="refresh" content="0; url=https://two.example.com/' in shown
    assert 'href="https://two.example.com/review?place=7&amp;x=1"' in shown
    client.post(page(asked), {"page": str(link.id)})
    assert case_of(asked).facts["clicks"] == 2


@pytest.mark.parametrize(
    ("said", "result"), [("review_declined", "rather not"), ("wrong_person", "wrong person")]
)
def test_saying_no_ends_the_asking_and_twice_is_once(client, asked, said, result):
    assert client.post(page(asked), {"do": said}).status_code == 200
    assert client.post(page(asked), {"do": said}).status_code == 200
    assert case_of(asked).facts["result"] == result


def test_what_is_no_answer_is_asked_again(client, asked):
    assert client.post(page(asked), {"page": "nothing"}).status_code == 422
    assert case_of(asked).state == "asked"


def test_a_mail_program_may_refuse_without_asking(asked):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(page(asked, "/stop"), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Consent.objects.get().purpose == "review"
    assert case_of(asked).facts["result"] == "refused"


def test_who_was_not_asked_has_no_page(client, clinic):
    booked = clinic.book(berlin(2, 10))
    assert client.get(page(booked)).status_code == 404
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    assert client.get(page(booked)).status_code == 404


def test_a_page_of_another_business_is_not_gone_on_to(client, asked):
    other = Clinic(name="Other House")
    theirs = reputation.add_link(other.business.id, "Theirs", ONE, now(), DESK)
    assert client.get(page(asked, f"/{theirs.id}")).status_code == 404


def test_without_pages_it_says_so(client, clinic, asked):
    for link in reputation.links(clinic.business.id):
        reputation.remove_link(clinic.business.id, link.id, now(), DESK)
    assert "no page to review on" in client.get(page(asked)).content.decode()
