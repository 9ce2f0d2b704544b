"""A request that is sent again is not done again."""

import pytest

from kept.api import actions
from kept.api.models import Remembered
from kept.clock.queries import now
from kept.outbox.queries import Message
from tests.api.house import WEEK, pass_time, problem


def test_a_repeat_gets_the_same_answer(house):
    first = house.post("/appointments", house.booking(), 201, Idempotency_Key='"k1"')
    again = house.post("/appointments", house.booking(), 201, Idempotency_Key='"k1"')
    assert again.content == first.content
    for header in ("ETag", "Location", "Content-Type"):
        assert again[header] == first[header]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert len(house.get("/appointments").json()["items"]) == 1


def test_a_hundred_repeats_make_one_booking_and_one_message(house):
    for _ in range(100):
        house.post("/appointments", house.booking(), 201, Idempotency_Key="same")
    assert len(house.get("/appointments").json()["items"]) == 1
    assert Message.objects.count() == 1


def test_quotes_and_the_order_of_fields_do_not_matter(house):
    body = house.booking()
    first = house.post("/appointments", body, 201, Idempotency_Key='"k1"')
    again = house.post("/appointments", dict(reversed(body.items())), 201, Idempotency_Key="k1")
    assert again.content == first.content


def test_another_request_under_the_same_key_is_refused(house):
    house.post("/appointments", house.booking(), 201, Idempotency_Key="k1")
    other = house.booking("2027-03-04T10:00:00+01:00")
    refused = house.post("/appointments", other, 422, Idempotency_Key="k1")
    assert problem(refused, "key_reused")["errors"][0]["pointer"] == "Idempotency-Key"
    assert len(house.get("/appointments").json()["items"]) == 1


def test_the_same_body_to_another_address_is_another_request(house):
    one, two = house.book(), house.book("2027-03-04T10:00:00+01:00")
    house.ask(one, "cancel", {"by": "customer"}, Idempotency_Key="k1")
    refused = house.ask(two, "cancel", {"by": "customer"}, 422, Idempotency_Key="k1")
    problem(refused, "key_reused")


def test_a_refusal_is_not_remembered(house):
    standing = house.book()
    problem(house.post("/appointments", house.booking(), 409, Idempotency_Key="k1"), "taken")
    house.ask(standing, "cancel", {"by": "customer"})
    house.post("/appointments", house.booking(), 201, Idempotency_Key="k1")


def test_a_repeat_of_a_change_is_answered_although_its_version_is_old(house):
    booked = house.book()
    tag = f'"{booked["version"]}"'
    sent = {"body": {"by": "customer"}, "If_Match": tag, "Idempotency_Key": "k1"}
    first = house.ask(booked, "cancel", **sent)
    again = house.ask(booked, "cancel", **sent)
    assert (again.content, again["ETag"]) == (first.content, first["ETag"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/staff", {"name": "Kim", "weekly_hours": WEEK}),
        ("/services", {"name": "Massage", "duration_minutes": 30}),
    ],
)
def test_everything_that_is_made_is_made_once(house, path, body):
    first = house.post(path, body, 201, Idempotency_Key="k1")
    again = house.post(path, body, 201, Idempotency_Key="k1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert len(house.get(path).json()["items"]) == 2


def test_what_is_answered_is_answered_once(house):
    house.book(customer={"name": "Leo Marsh"})
    (escalation,) = house.get("/escalations").json()["items"]
    path = f"/escalations/{escalation['id']}/resolve"
    first = house.post(path, {"note": "called"}, Idempotency_Key="k1")
    again = house.post(path, {"note": "called"}, Idempotency_Key="k1")
    assert again.content == first.content
    problem(house.post(path, {"note": "called"}, 409), "not_allowed")


@pytest.mark.parametrize("key", ["", '""', "x" * 256, '"unclosed', "a b", "a,b", "ü"])
def test_a_key_that_cannot_be_one_is_refused(house, key):
    refused = house.post("/appointments", house.booking(), 400, Idempotency_Key=key)
    assert problem(refused, "bad_key")["errors"][0]["pointer"] == "Idempotency-Key"


def test_a_key_expires_after_a_day(house):
    house.post("/appointments", house.booking(), 201, Idempotency_Key="k1")
    pass_time(hours=23, minutes=59)
    again = house.post("/appointments", house.booking(), 201, Idempotency_Key="k1")
    assert again["Idempotency-Replayed"] == "true"
    pass_time(minutes=1)
    problem(house.post("/appointments", house.booking(), 409, Idempotency_Key="k1"), "taken")
    later = house.booking("2027-03-04T10:00:00+01:00")
    house.post("/appointments", later, 201, Idempotency_Key="k1")


def test_expired_answers_are_forgotten(house):
    house.post("/appointments", house.booking(), 201, Idempotency_Key="old")
    pass_time(hours=12)
    later = house.booking("2027-03-04T10:00:00+01:00")
    house.post("/appointments", later, 201, Idempotency_Key="new")
    pass_time(hours=12)
    assert actions.purge(now()) == 1
    assert [row.key for row in Remembered.objects.all()] == ["new"]
    assert actions.purge(now()) == 0
