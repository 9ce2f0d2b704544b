"""Endpoints over the API: made, changed, tried; what became of each event; signed answers."""

import json
import time

import pytest

from kept.api import openapi
from kept.clock.queries import real_now
from kept.lib import signing
from kept.webhooks.catalogue import types
from kept.webhooks.models import Endpoint
from tests.api.house import House, pass_time, problem

URL = "https://hooks.example.com/kept"


@pytest.fixture
def endpoint(house):
    return add(house)


def add(house, **more):
    return house.post("/webhook-endpoints", {"url": URL, **more}, 201).json()


def at(endpoint, *rest):
    return "/".join([f"/webhook-endpoints/{endpoint['id']}", *rest])


def test_the_secret_is_given_once_and_in_no_list(house, endpoint):
    assert endpoint["secret"].startswith("whsec_")
    shown = [
        house.get("/webhook-endpoints"),
        house.get(at(endpoint)),
        house.patch(at(endpoint), {"description": "CRM"}),
        house.post(at(endpoint, "disable")),
        house.post(at(endpoint, "enable")),
        house.delete(at(endpoint)),
    ]
    assert all("secret" not in each.json() for each in shown)
    assert all("whsec_" not in each.content.decode() for each in shown)


def test_an_endpoint_is_made_changed_and_removed(house, endpoint):
    assert (endpoint["status"], endpoint["types"], endpoint["format"]) == ("active", [], "standard")
    chosen = {"types": ["appointment.completed"], "format": "cloudevents"}
    changed = house.patch(at(endpoint), chosen).json()
    assert {name: changed[name] for name in chosen} == chosen
    assert changed["url"] == URL
    house.delete(at(endpoint))
    house.get(at(endpoint), 404)
    assert house.get("/webhook-endpoints").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "https://127.0.0.1/"}, "#/url"),
        ({"url": "http://hooks.example.com/"}, "#/url"),
        ({"url": "https://user:secret@hooks.example.com/"}, "#/url"),
        ({"url": URL, "types": ["appointment.unheard_of"]}, "#/types"),
        ({"url": URL, "types": ["webhook.test"]}, "#/types"),
        ({"url": URL, "format": "xml"}, "#/format"),
        ({"url": URL, "secret": "whsec_mine"}, "#/secret"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(house, body, pointer):
    refused = problem(house.post("/webhook-endpoints", body, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer


def test_a_new_secret_is_another_one(house, endpoint):
    new = house.post(at(endpoint, "rotate-secret")).json()["secret"]
    assert new.startswith("whsec_")
    assert new != endpoint["secret"]


def test_turned_off_and_on(house, endpoint):
    off = house.post(at(endpoint, "disable")).json()
    assert (off["status"], off["disabled_by"]) == ("disabled", "by_hand")
    house.book()
    assert house.get(at(endpoint)).json()["waiting"] == 1
    assert house.get(at(endpoint, "deliveries"), status="held").json()["items"]
    on = house.post(at(endpoint, "enable")).json()
    assert (on["status"], on["disabled_by"], on["waiting"]) == ("active", None, 1)


def test_deliveries_tell_what_is_to_be_sent_in_pages(house, endpoint):
    first = house.book()
    house.book("2027-03-04T10:00:00+01:00")
    page = house.get(at(endpoint, "deliveries"), limit=1).json()
    (item,) = page["items"]
    assert (item["type"], item["status"]) == ("appointment.scheduled", "pending")
    assert item["root_id"] == item["data"]["appointment_id"] == first["id"]
    rest = house.get(at(endpoint, "deliveries"), limit=1, cursor=page["next"]).json()
    assert rest["items"][0]["id"] != item["id"]
    assert rest["next"] is None


def test_one_event_is_sent_again_or_given_up(house, endpoint):
    house.book()
    (item,) = house.get(at(endpoint, "deliveries")).json()["items"]
    again = house.post(at(endpoint, "deliveries", item["id"], "replay")).json()
    assert again["status"] == "pending"
    everything = {"since": "2027-01-01T00:00:00Z"}
    assert house.post(at(endpoint, "replay"), everything).json() == {"events": 1}
    skipped = house.post(at(endpoint, "deliveries", item["id"], "skip")).json()
    assert skipped["status"] == "skipped"
    still = house.post(at(endpoint, "deliveries", item["id"], "replay")).json()
    assert still["status"] == "skipped"
    assert house.post(at(endpoint, "replay"), everything).json() == {"events": 0}


def test_a_test_is_sent_to_the_one_it_is_asked_for(house, endpoint):
    other = add(house)
    tried = house.post(at(endpoint, "test")).json()
    assert tried["type"] == "webhook.test"
    assert house.get(at(other, "deliveries")).json()["items"] == []


def test_the_document_names_every_event_with_its_body():
    told = openapi.document()["webhooks"]
    assert set(told) == {each.name for each in types()}
    body = told["hand_off.offered"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["properties"]["data"] == {"$ref": "#/components/schemas/HandOffTold"}


# Answers


@pytest.fixture
def offer(house, endpoint):
    booked = house.book()
    house.ask(booked, "cancel", {"by": "customer"})
    return next(
        each
        for each in house.get("/hand-offs").json()["items"]
        if each["to"] == "reactivation" or each["status"] == "offered"
    )


def say(house, endpoint, offer, status, *, type_="hand_off.accepted", secret=None, **data):
    body = {
        "type": type_,
        "timestamp": "2027-03-03T12:00:00Z",
        "data": {"hand_off_id": offer["id"], **data},
    }
    return send(house, endpoint, json.dumps(body).encode(), status, secret)


def send(house, endpoint, body, status, secret=None, shift=0):
    secret = secret or endpoint["secret"]
    headers = signing.headers([secret], "msg_1", int(time.time()) + shift, body)
    answer = house.client_class().generic(
        "POST",
        "/api/v1" + at(endpoint, "answers"),
        body,
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == status, answer.content
    return answer


def test_a_signed_answer_accepts_a_hand_off_and_said_twice_it_is_done_once(house, endpoint, offer):
    accepted = say(house, endpoint, offer, 200).json()
    assert accepted["status"] == "accepted"
    assert accepted["answered_by"] == "integration:webhook hooks.example.com"
    assert say(house, endpoint, offer, 200).json() == accepted
    refused = say(house, endpoint, offer, 409, type_="hand_off.rejected", reason="No")
    problem(refused, "not_allowed")
    events = house.get(f"/appointments/{offer['appointment']}/timeline").json()["events"]
    assert [each["name"] for each in events].count("hand_off_accepted") == 1


def test_a_signed_answer_refuses_with_a_reason(house, endpoint, offer):
    problem(say(house, endpoint, offer, 422, type_="hand_off.rejected"), "invalid")
    refused = say(house, endpoint, offer, 200, type_="hand_off.rejected", reason="Not ours")
    assert (refused.json()["status"], refused.json()["reason"]) == ("rejected", "Not ours")


def test_after_a_change_the_old_secret_answers_until_the_new_one_was_used(house, endpoint, offer):
    new = house.post(at(endpoint, "rotate-secret")).json()["secret"]
    say(house, endpoint, offer, 200)
    say(house, endpoint, offer, 200, secret=new)
    say(house, endpoint, offer, 401)
    say(house, endpoint, offer, 200, secret=new)
    newest = house.post(at(endpoint, "rotate-secret")).json()["secret"]
    say(house, endpoint, offer, 200, secret=new)
    Endpoint.objects.update(old_secret_until=real_now())
    say(house, endpoint, offer, 401, secret=new)
    say(house, endpoint, offer, 200, secret=newest)


def test_who_does_not_hold_the_secret_answers_nothing(house, endpoint, offer):
    said = [
        say(house, endpoint, offer, 401, secret=signing.new_secret()),
        say(house, {**endpoint, "id": offer["id"]}, offer, 401),
        say(house, {**endpoint, "id": "no-id"}, offer, 401),
    ]
    bodies = [{**problem(each, "bad_signature"), "instance": ""} for each in said]
    assert bodies[0] == bodies[1] == bodies[2]
    body = json.dumps({"type": "hand_off.accepted", "timestamp": "2027-03-03T12:00:00Z"}).encode()
    send(house, endpoint, body, 401, shift=-400)
    house.post(at(endpoint, "answers"), json.loads(body), 401)
    assert house.get("/hand-offs", status="accepted").json()["items"] == []


def test_an_endpoint_answers_for_its_own_business_only(house, endpoint, offer):
    other = House("Other Studio").open()
    theirs = add(other)
    problem(say(house, theirs, offer, 404), "not_found")
    pass_time(minutes=1)
    assert house.get("/hand-offs", status="accepted").json()["items"] == []


def test_whether_there_is_an_endpoint_is_not_told_to_who_signs_nothing(house, endpoint, offer):
    for shift in (0, -400):
        said = [
            send(house, {**endpoint, "id": each}, b"{}", 401, signing.new_secret(), shift)
            for each in (endpoint["id"], offer["id"], "no-id")
        ]
        bodies = [{**problem(each, "bad_signature"), "instance": ""} for each in said]
        assert bodies[0] == bodies[1] == bodies[2]
