"""The database is busy, full or away: 503 in words, and what was typed is kept."""

import re
from html import unescape

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from kept.web import away
from tests.public.house import MIA, TUESDAY_TEN, body, hidden, open_house, text


@pytest.fixture
def client():
    return Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)


@pytest.fixture(autouse=True)
def _no_trouble_before(monkeypatch):
    fresh = away.Trouble(away.TROUBLE._log, away.TROUBLE._what)
    monkeypatch.setattr(away, "TROUBLE", fresh)


class Away:
    """While this stands the database answers nothing, or refuses what begins with `only`."""

    def __init__(self, error=None, only=""):
        self.error, self.only = error or OperationalError("database is locked"), only

    def __call__(self, execute, sql, *rest):
        if sql.lstrip().upper().startswith(self.only):
            raise self.error
        return execute(sql, *rest)

    def __enter__(self):
        self.wrapper = connection.execute_wrapper(self)
        self.wrapper.__enter__()

    def __exit__(self, *error):
        self.wrapper.__exit__(*error)


ERRORS = [
    OperationalError("database is locked"),
    OperationalError("database or disk is full"),
    InterfaceError("connection already closed"),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_page_says_so_and_when_to_come_back(db, client, error):
    house = open_house()
    with Away(error):
        answer = client.get(f"{house.path}/any/")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "no-store" in answer["Cache-Control"]
    assert "cannot answer at the moment" in text(answer)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert client.get(f"{house.path}/any/").status_code == 200


def test_a_page_of_the_console_says_so_too_also_where_only_the_session_is_asked(db, client):
    open_house()
    with Away():
        client.cookies["sessionid"] = "a" * 32
        assert client.get("/console/").status_code == 503
        sent = client.post("/console/sign-in", {"email": "a@example.com", "password": "a secret"})
    assert sent.status_code == 503
    assert "a secret" not in body(sent)
    assert "send the form again" in text(sent)


def test_what_a_source_signs_with_is_not_written_into_the_page(db, client):
    open_house()
    with Away():
        client.cookies["sessionid"] = "a" * 32
        sent = client.post("/console/set-up/leads/", {"name": "Provider", "secret": "a token"})
    assert sent.status_code == 503
    assert "send the form again" in text(sent)
    assert "a token" not in body(sent)


def test_a_session_that_cannot_be_written_is_the_same(db, client, monkeypatch):
    """Met by a middleware and not by the page."""
    from django.contrib.sessions.middleware import SessionMiddleware

    def process_response(self, request, response):
        raise OperationalError("database is locked")

    monkeypatch.setattr(SessionMiddleware, "process_response", process_response)
    house = open_house()
    assert client.get(f"{house.path}/any/").status_code == 503


def test_what_was_typed_is_kept_and_can_be_sent_again(db, client):
    house = open_house()
    visitor = house.visitor()
    check = visitor.to_check(details={**MIA, "name": 'Mia "Q" <Sanders>', "notes": "two\nlines"})
    form = {**hidden(check), "step": "book", "notes": "two\nlines"}
    del form["csrfmiddlewaretoken"]
    with Away():
        refused = visitor.client.post(f"{house.path}/any/details", form)
    assert refused.status_code == 503
    assert "What you typed is kept" in text(refused)
    kept = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body(refused))
    again = {name: unescape(value) for name, value in kept}
    token = again.pop("csrfmiddlewaretoken")
    assert token
    assert again == form
    booked = visitor.client.post(f"{house.path}/any/details", again)
    assert booked.status_code == 303
    page = text(visitor.client.get(booked["Location"]))
    assert 'Mia "Q" <Sanders>' in page or TUESDAY_TEN.strftime("%Y") in page


def test_the_page_is_safe_from_other_sites(db):
    """What is sent again from it passes the check against forged forms."""
    house = open_house()
    careful = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    page = careful.get(f"{house.path}/any/")
    start = {"start": "2027-03-02T09:00:00Z"}
    sent = {**start, "csrfmiddlewaretoken": hidden(page)["csrfmiddlewaretoken"]}
    with Away(only="SELECT"):
        refused = careful.post(f"{house.path}/any/hold", sent)
    assert refused.status_code == 503
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body(refused)))
    assert careful.post(f"{house.path}/any/hold", again).status_code == 303


def test_any_other_error_is_ours_and_says_so(db, client, monkeypatch):
    def broken(*_):
        raise RuntimeError("a bug")

    house = open_house()
    monkeypatch.setattr("kept.public.choosing.business_of", broken)
    answer = client.get(f"/book/{house.business.slug}/")
    assert answer.status_code == 500
    assert b"went wrong on our side" in answer.content


def test_a_thousand_refused_requests_are_few_lines(db, client, caplog):
    house = open_house()
    with Away():
        for _ in range(50):
            assert client.get(f"{house.path}/any/").status_code == 503
    assert len([line for line in caplog.records if line.exc_info]) == 1
    assert len(caplog.records) < 10
