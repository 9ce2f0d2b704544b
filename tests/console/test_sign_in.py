"""Signing in: by password, slowed down when guessed, and by a link that works once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client

from kept.accounts import actions as accounts
from kept.clock.queries import real_now
from kept.console import throttle
from kept.console.views import sign_in as sign_in_view
from tests.console.house import House, start_clock

PASSWORD = "a long walk by the harbour"
AT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def known(house):
    house.owner.set_password(PASSWORD)
    house.owner.save()
    return house.owner


def sign_in(client, email, password, **more):
    return client.post("/console/sign-in", {"email": email, "password": password, **more})


def test_the_right_password_lets_in_and_a_wrong_one_does_not(known):
    client = Client()
    refused = sign_in(client, known.email, "wrong")
    assert refused.status_code == 400
    assert b"do not belong together" in refused.content
    assert SESSION_KEY not in client.session
    answer = sign_in(client, known.email.upper(), PASSWORD)
    assert answer["Location"] == "/console/"
    assert client.get("/console/").status_code == 200


def test_an_unknown_address_is_refused_in_the_same_words(known):
    answer = sign_in(Client(), "nobody@example.com", PASSWORD)
    assert answer.status_code == 400
    assert b"do not belong together" in answer.content


def test_guessing_costs_more_and_more_time(known):
    for _ in range(throttle.FREE):
        assert b"do not belong" in sign_in(Client(), known.email, "wrong").content
    slowed = sign_in(Client(), known.email, PASSWORD)
    assert slowed.status_code == 400
    assert b"Too many attempts" in slowed.content


def test_the_wait_doubles_up_to_its_limit_and_a_quiet_day_forgets_it(db):
    waits, now = [], AT
    for _ in range(throttle.FREE + 12):
        assert throttle.attempt("x@example.com", now) == timedelta(0)
        waits.append(throttle.attempt("x@example.com", now))
        now += waits[-1]
    assert waits[: throttle.FREE - 1] == [timedelta(0)] * (throttle.FREE - 1) or waits[0] == (
        timedelta(0)
    )
    assert max(waits) == throttle.LONGEST
    later = now + throttle.FORGOTTEN_AFTER + timedelta(seconds=1)
    assert throttle.attempt("x@example.com", later) == timedelta(0)
    assert throttle.attempt("x@example.com", later) == timedelta(0)


WRITINGS = [
    "deſk@example.com",  # a long s: the upper case of both is S
    "DESK@EXAMPLE.COM",
    " desk@example.com\u00a0",
    "desK@example.com",  # the sign for kelvin
    "\uff44esk@example.com",  # full width
    "Desk@Example.Com\t",
]


def test_writing_the_address_in_another_way_buys_no_further_guess(house, monkeypatch):
    looked_at = []

    def looked(username, password):
        looked_at.append(username)

    monkeypatch.setattr(sign_in_view, "authenticate", looked)
    for _ in range(throttle.FREE + 1):
        for email in [house.desk.email, *WRITINGS]:
            sign_in(Client(), email, "a guess")
    assert looked_at.count(house.desk.username) <= throttle.FREE


@pytest.mark.parametrize("email", WRITINGS)
def test_every_writing_of_an_address_is_counted_as_one(db, email):
    for _ in range(throttle.FREE):
        throttle.attempt("desk@example.com", AT)
    assert throttle.attempt(email, AT) > timedelta(0)


def test_failures_that_no_longer_count_are_let_go(db):
    for _ in range(throttle.FREE + 3):
        throttle.attempt("old@example.com", AT)
    throttle.attempt("new@example.com", AT + timedelta(hours=20))
    assert throttle.forget_quiet(AT + throttle.FORGOTTEN_AFTER) == 0
    assert throttle.forget_quiet(AT + throttle.FORGOTTEN_AFTER + timedelta(hours=1)) == 1


def test_one_account_that_is_guessed_does_not_slow_another(db):
    for _ in range(throttle.FREE):
        throttle.attempt("x@example.com", AT)
    assert throttle.attempt("x@example.com", AT) > timedelta(0)
    assert throttle.attempt("y@example.com", AT) == timedelta(0)


def test_signing_in_forgets_the_failures(known):
    for _ in range(throttle.FREE - 1):
        sign_in(Client(), known.email, "wrong")
    sign_in(Client(), known.email, PASSWORD)
    for _ in range(throttle.FREE - 1):
        assert b"do not belong" in sign_in(Client(), known.email, "wrong").content


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/console/missed/", "/console/missed/"),
        ("https://elsewhere.example/", "/console/"),
        ("//elsewhere.example/", "/console/"),
        ("javascript:alert(1)", "/console/"),
    ],
)
def test_it_leads_back_only_within_this_site(known, wanted, leads_to):
    assert sign_in(Client(), known.email, PASSWORD, next=wanted)["Location"] == leads_to


def test_opening_a_link_shows_a_button_and_spends_nothing(house):
    path = f"/sign-in/{accounts.new_sign_in_link(house.owner, real_now())}"
    for _ in range(3):
        client = Client()
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert SESSION_KEY not in client.session
    assert Client().post(path).status_code == 302


def test_a_link_works_once_and_then_says_so(house):
    path = f"/sign-in/{accounts.new_sign_in_link(house.owner, real_now())}"
    first, second = Client(), Client()
    assert first.post(path)["Location"] == "/console/account/"  # to set a password
    assert first.get("/console/").status_code == 200
    spent = second.post(path)
    assert spent.status_code == 410
    assert b"no longer valid" in spent.content
    assert SESSION_KEY not in second.session


def test_an_expired_link_and_an_invented_one_say_so(house):
    old = accounts.new_sign_in_link(house.owner, real_now() - timedelta(days=8))
    assert Client().post(f"/sign-in/{old}").status_code == 410
    assert Client().post("/sign-in/invented").status_code == 410


def test_of_two_people_with_one_link_exactly_one_gets_in(house_db):
    start_clock()
    path = f"/sign-in/{accounts.new_sign_in_link(House().owner, real_now())}"
    together, answers = threading.Barrier(2), []

    def use():
        together.wait()
        answers.append(Client().post(path).status_code)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 410]


def test_signing_out_takes_a_post(owner):
    assert owner.get("/console/sign-out").status_code == 405
    assert owner.get("/console/").status_code == 200
    owner.post("/console/sign-out")
    assert owner.get("/console/").status_code == 302


def test_a_password_is_set_by_the_rules_and_the_session_goes_on(house, owner):
    weak = owner.post("/console/account/", {"new": "12345678", "again": "12345678"})
    assert weak.status_code == 400
    other = owner.post("/console/account/", {"new": PASSWORD, "again": PASSWORD + "!"})
    assert b"not the same" in other.content
    assert owner.post("/console/account/", {"new": PASSWORD, "again": PASSWORD}).status_code == 302
    assert owner.get("/console/").status_code == 200
    assert sign_in(Client(), house.owner.email, PASSWORD).status_code == 302


def test_the_present_password_is_asked_for(known, signed_in):
    client = signed_in(known)
    new = {"new": "another long walk", "again": "another long walk"}
    assert b"not your present" in client.post("/console/account/", {**new, "old": "no"}).content
    assert client.post("/console/account/", {**new, "old": PASSWORD}).status_code == 302
