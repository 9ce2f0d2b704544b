"""A damaged appointment: its own pages say so and whom to ask, and somebody is told of it."""

import logging

import pytest

from kept.accounts import actions as accounts
from kept.accounts.queries import members
from kept.web import damaged as pages
from tests.appointments.clinic import now
from tests.checks.test_damaged_rows import client, clinic, damaged  # noqa: F401  # fixtures


@pytest.fixture(autouse=True)
def _nothing_was_met(monkeypatch):
    monkeypatch.setattr(
        pages, "TROUBLE", pages.Trouble(logging.getLogger("kept.web"), "A damaged record.")
    )


@pytest.fixture
def owner(clinic):  # noqa: F811
    browser = client()
    browser.force_login(members(clinic.business.id)[0].user)
    return browser


@pytest.fixture
def program(clinic):  # noqa: F811
    key = accounts.new_api_key(clinic.business, "web site", now())
    browser = client()
    browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return browser


@pytest.mark.parametrize("act", ["", "cancel/", "move/", "tell/"])
def test_its_page_in_the_console_says_whom_to_ask(damaged, owner, act):  # noqa: F811
    answer = owner.get(f"/console/appointments/{damaged.id}/{act}")
    assert answer.status_code == 503
    said = answer.content.decode()
    assert damaged.reference in said
    assert "kept check" in said


def test_its_customer_is_told_to_ask_the_business(clinic, damaged):  # noqa: F811
    for address in ("", "/calendar.ics", "/1/cancel", "/1/move"):
        answer = client().get(f"/a/{damaged.token}{address}")
        assert answer.status_code == 503, address
        said = answer.content.decode()
        assert f"Please ask {clinic.business.name} about it." in said
        assert "kept check" not in said
    german = client().get(f"/a/{damaged.token}", headers={"Accept-Language": "de"})
    assert "beschädigt" in german.content.decode()


def test_the_api_answers_with_a_problem(damaged, program):  # noqa: F811
    address = f"/api/v1/appointments/{damaged.id}"
    answers = [program.get(address), program.get(f"{address}/timeline")]
    asked = {"by": "customer"}
    answers.append(program.post(f"{address}/cancel", asked, content_type="application/json"))
    for answer in answers:
        assert answer.status_code == 503
        problem = answer.json()
        assert problem["code"] == "damaged"
        assert damaged.reference in problem["detail"]
        assert "kept check" in problem["detail"]


def test_it_is_logged_once(damaged, owner, caplog):  # noqa: F811
    for _ in range(3):
        owner.get(f"/console/appointments/{damaged.id}/")
    told = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert len(told) == 1
    assert damaged.reference in caplog.text


def test_it_needs_a_person(damaged, owner):  # noqa: F811
    page = owner.get("/console/escalations/")
    assert page.status_code == 200
    said = page.content.decode()
    assert damaged.reference in said
    assert "kept check" in said
    assert "mailto:mia@example.com" in said


def test_what_is_whole_needs_nobody(clinic, owner):  # noqa: F811
    assert "kept check" not in owner.get("/console/escalations/").content.decode()
