"""Leads over the API: asked, listed, acted upon, measured."""

import pytest

from kept.clock.queries import now
from kept.worker import loop
from tests.api.house import House, deliver_all, pass_time, problem

ASKS = {"customer": {"name": "Mia Holt", "email": "mia@example.com"}, "words": "Do you?"}
ACTS = {
    "called": ({"reached": True}, "engaged"),
    "responded": ({}, "acknowledged"),
    "replied": ({"words": "Thursday"}, "engaged"),
    "qualify": ({"offer": False}, "qualified"),
    "take-over": ({}, "acknowledged"),
    "not-a-fit": ({"reason": "too far"}, "not_a_fit"),
    "give-up": ({}, "unreachable"),
    "stop": ({}, "opted_out"),
}


def asked(house, **more):
    return house.post("/leads", {**ASKS, **more}, 201).json()


def told(house, **more):
    lead = asked(house, **more)
    pass_time(seconds=1)
    deliver_all()
    return lead


def test_a_lead_comes_in_and_is_shown(house):
    answer = house.post("/leads", {**ASKS, "service": house.service["id"]}, 201)
    lead = answer.json()
    assert answer["Location"].endswith(f"/api/v1/leads/{lead['id']}")
    assert (lead["state"], lead["source"], lead["joined"]) == ("received", "api", False)
    assert lead["booking_url"].startswith("http")
    assert lead["unanswered"]
    assert [each["words"] for each in lead["enquiries"]] == ["Do you?"]
    assert house.get(f"/leads/{lead['id']}").json() == lead
    deliver_all()
    assert house.get(f"/leads/{lead['id']}").json()["state"] == "acknowledged"


def test_the_same_person_joins_and_the_same_key_counts_once(house):
    first = asked(house, key="crm-1")
    assert asked(house, key="crm-1")["id"] == first["id"]
    second = asked(house, key="crm-2")
    assert (second["id"], second["joined"]) == (first["id"], True)
    assert len(second["enquiries"]) == 2


def test_an_idempotency_key_gives_the_same_answer(house):
    first = house.post("/leads", ASKS, 201, Idempotency_Key="k")
    again = house.post("/leads", ASKS, 201, Idempotency_Key="k")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"customer": {"name": "Mia"}}, "#/customer"),
        ({"customer": {"email": "mia"}}, "#/customer/email"),
        ({"words": "x" * 4001}, "#/words"),
        ({"source": "pigeon"}, "#/source"),
    ],
)
def test_what_is_wrong_is_named(house, wrong, pointer):
    refused = problem(house.post("/leads", {**ASKS, **wrong}, 422), "invalid")
    assert [each["pointer"] for each in refused["errors"]] == [pointer]


def test_a_service_of_another_business_is_not_found(house):
    other = House("Other Studio").open()
    problem(house.post("/leads", {**ASKS, "service": other.service["id"]}, 404), "not_found")


@pytest.mark.parametrize("act", ACTS)
def test_every_act_is_one_request(house, act):
    lead = told(house)
    body, state = ACTS[act]
    assert act in lead["allowed"]
    after = house.post(f"/leads/{lead['id']}/{act}", body).json()
    assert after["state"] == state
    assert after["version"] > lead["version"]


def test_what_a_lead_does_not_allow_is_a_conflict(house):
    lead = told(house)
    house.post(f"/leads/{lead['id']}/not-a-fit", {})
    refused = house.post(f"/leads/{lead['id']}/called", {"reached": True}, 409)
    problem(refused, "not_allowed")


def test_they_are_listed_by_state_and_by_door(house):
    told(house)
    other = {"customer": {"phone": "+442079460199"}, "source": "missed_call"}
    house.post("/leads", other, 201)
    assert len(house.get("/leads").json()["items"]) == 2
    [one] = house.get("/leads", state="acknowledged").json()["items"]
    assert one["customer"]["email"] == "mia@example.com"
    [call] = house.get("/leads", state="open", source="missed_call").json()["items"]
    assert call["customer"]["name"] == "+44 20 7946 0199"
    page = house.get("/leads", limit=1).json()
    assert len(house.get("/leads", limit=1, cursor=page["next"]).json()["items"]) == 1


def test_the_timeline_says_what_was_due_and_what_was_said(house):
    lead = told(house)
    line = house.get(f"/leads/{lead['id']}/timeline").json()
    assert [each["name"] for each in line["events"]][:1] == ["lead_came_in"]
    assert {"lead_ack", "lead_nudge_first"} <= {each["name"] for each in line["controls"]}
    assert [each["control"] for each in line["messages"]] == ["lead_ack"]
    [escalation] = line["escalations"]
    assert (escalation["kind"], escalation["lead"], escalation["appointment"]) == (
        "LEAD_DUE",
        lead["id"],
        None,
    )


def test_a_booking_over_the_api_closes_it(house):
    lead = told(house)
    booked = house.book(customer={"name": "M. Holt", "email": "mia@example.com"})
    after = house.get(f"/leads/{lead['id']}").json()
    assert (after["state"], after["appointment"]) == ("booked", booked["id"])
    assert after["allowed"] == []


def test_another_program_may_accept_the_lead(house):
    lead = told(house)
    [offer] = house.get("/hand-offs", status="offered").json()["items"]
    assert (offer["to"], offer["lead"], offer["accept_by"]) == ("appointment", lead["id"], None)
    house.post(f"/hand-offs/{offer['id']}/accept", {})
    assert house.get(f"/leads/{lead['id']}").json()["state"] == "booked"


def test_speed_to_lead_is_measured(house):
    pass_time(hours=2)  # ten o'clock
    quick = told(house)
    pass_time(seconds=179)
    house.post(f"/leads/{quick['id']}/called", {"reached": True})
    house.post("/leads", {"customer": {"phone": "+442079460199"}, "source": "phone"}, 201)
    house.post("/leads", {"customer": {"email": "leo@example.com"}}, 201)
    pass_time(hours=1)
    told_ = house.get("/leads/speed").json()
    everything, *doors = told_["sources"]
    assert [each["source"] for each in doors] == ["api", "phone"]
    assert (everything["leads"], everything["never_responded"]) == (3, 1)
    assert everything["acknowledged"]["p50"] == 1
    assert everything["first_touch"] == {"p50": 0, "p90": 180}
    assert everything["first_touch_business"]["p90"] == 180
    assert everything["acknowledged_60s"] == {"count": 1, "of": 2, "share": 0.5}
    for clock in ("first_touch", "first_touch_business"):
        assert everything[f"{clock}_5m"] == {"count": 2, "of": 3, "share": 2 / 3}
        assert everything[f"{clock}_1h"]["of"] == 2  # the third has waited an hour, and no more
    assert house.get("/leads/speed", to=now().isoformat().replace("+00:00", "Z")).status_code == 200
    ever = {"from": "1900-01-01T00:00:00Z", "to": "2999-12-31T00:00:00Z"}
    assert house.get("/leads/speed", **ever).json()["sources"] == told_["sources"]


def test_what_a_silent_lead_became_is_shown_with_it_and_with_its_person(house):
    lead = told(house, agrees="Write to me later", service=house.service["id"])
    assert house.get(f"/leads/{lead['id']}/following").json()["items"] == []
    house.post(f"/leads/{lead['id']}/responded", {}, 200)
    for _ in range(2):
        pass_time(days=15)
        loop.turn_controls()
    [became] = house.get(f"/leads/{lead['id']}/following").json()["items"]
    assert (became["path"], became["outcome"]) == ("reactivation", "stale")
    person = house.get(f"/people/{lead['customer']['id']}").json()
    about = {(each["path"], each["lead"], each["reference"]) for each in person["cases"]}
    assert about == {
        (path, lead["id"], lead["reference"]) for path in ("lead_response", "reactivation")
    }
    nowhere = house.get("/leads/00000000-0000-4000-8000-000000000000/following", 404)
    problem(nowhere, "not_found")
