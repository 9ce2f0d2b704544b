"""No id of one business opens anything for another: for every endpoint that takes one.

The list of endpoints is the OpenAPI document itself, so that a new one cannot be forgotten.
"""

import json

import pytest
from django.db import transaction

from kept.api.openapi import document
from tests.api.house import House, pass_time, problem

NOBODY = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
BODIES = {
    "acknowledge": None,
    "request-change": None,
    "late": {"minutes": 5},
    "prepare": {"item": "1"},
    "tell": {"reason": "x"},
    "resend": None,
    "contact": {"phone": None},
    "arrive": None,
    "complete": None,
    "reschedule": {"start": "2027-03-08T10:00:00+01:00"},
    "cancel": {"by": "customer", "reason": "x"},
    "miss": {"by": "customer"},
    "complain": {"reason": "x"},
    "refund": None,
    "correct": {"state": "completed", "reason": "x"},
    "said": {"said": "went_well"},
    "resolve": {"note": "x"},
    "snooze": {"until": "2027-03-01T10:00:00+01:00"},
    "reports": {"kind": "delivered"},
    "accept": None,
    "reject": {"reason": "x"},
    "called": {"reached": True},
    "responded": None,
    "replied": {"words": "x"},
    "qualify": {"offer": False},
    "take-over": None,
    "not-a-fit": None,
    "give-up": None,
    "stop": None,
    "disable": None,
    "enable": None,
    "rotate-secret": None,
    "test": None,
    "replay": {"since": "2027-03-01T00:00:00Z"},
    "skip": None,
    "withdraw": None,
    "insider": {"insider": True},
    "wishes": {"wish": "contact", "given": False, "wording": "x"},
}
CLOSED = {"start": "2027-06-03T00:00:00+02:00", "end": "2027-06-04T00:00:00+02:00"}
TAKING_IDS = [
    (method, path)
    for path, methods in document()["paths"].items()
    for method in methods
    # To sign an answer is to prove who one is: see test_webhooks.py.
    if "{" in path and not path.endswith("/answers")
]


@pytest.fixture
def theirs(house):
    """Another business, with one of everything that has an id."""
    other = House("Other Studio").open()
    kept = other.book(customer={"name": "Leo Marsh"})  # no address: an escalation
    gone = other.book("2027-03-04T10:00:00+01:00")
    pass_time(minutes=1)
    other.ask(gone, "cancel", {"by": "customer"})
    (escalation,) = other.get("/escalations").json()["items"]
    hand_off = other.get("/hand-offs").json()["items"][0]
    other.ids = {
        "appointment_id": kept["id"],
        "escalation_id": escalation["id"],
        "hand_off_id": hand_off["id"],
        "person_id": kept["customer"]["id"],
        "message_id": other.timeline(gone)["messages"][0]["id"],
        "lead_id": other.post("/leads", {"customer": {"email": "x@example.com"}}, 201).json()["id"],
        "service_id": other.service["id"],
        "staff_id": other.staff[0]["id"],
        "closure_id": other.post("/closures", CLOSED, 201).json()["id"],
    }
    url = "https://hooks.example.com/"
    endpoint = other.post("/webhook-endpoints", {"url": url}, 201).json()["id"]
    event = other.post(f"/webhook-endpoints/{endpoint}/test").json()["id"]
    page = other.post("/review-pages", {"name": "One", "url": "https://one.example.com/"}, 201)
    review = other.post("/reviews", {"site": "One", "rating": 2}, 201)
    other.ids |= {"page_id": page.json()["id"], "review_id": review.json()["id"]}
    other.ids |= {"endpoint_id": endpoint, "event_id": event}
    return other


def everything_of(house):
    paths = (
        "/services",
        "/staff",
        "/closures",
        "/appointments",
        "/escalations",
        "/hand-offs",
        "/people",
        "/webhook-endpoints",
    )
    people = [f"/people/{each['id']}" for each in house.get("/people").json()["items"]]
    return [house.get(path).json() for path in (*paths, *people)]


def ask(house, method, path, ids):
    field = "description" if "webhook" in path else "name"
    body = {field: "x"} if method == "patch" else BODIES.get(path.rsplit("/", 1)[-1])
    content = b"" if body is None else json.dumps(body)
    return house.client.generic(
        method.upper(), "/api/v1" + path.format(**ids), content, content_type="application/json"
    )


def test_what_belongs_to_another_business_is_not_found(house, theirs):
    before = everything_of(theirs)
    for method, path in TAKING_IDS:
        refused = ask(house, method, path, theirs.ids)
        unknown = ask(house, method, path, dict.fromkeys(theirs.ids, NOBODY))
        malformed = ask(house, method, path, dict.fromkeys(theirs.ids, "no-id"))
        bodies = []
        for answer in (refused, unknown, malformed):
            assert answer.status_code == 404, (method, path, answer.content)
            bodies.append({**problem(answer, "not_found"), "instance": ""})
        assert bodies[0] == bodies[1] == bodies[2], (method, path)
    assert everything_of(theirs) == before


def test_what_was_not_found_is_found_by_its_owner(theirs):
    """It was the key that was wrong above. Each request is undone before the next."""
    for method, path in TAKING_IDS:
        with transaction.atomic():
            assert ask(theirs, method, path, theirs.ids).status_code != 404, (method, path)
            transaction.set_rollback(True)


def test_lists_hold_only_what_is_ones_own(house, theirs):
    for listed in everything_of(house)[2:]:
        assert listed == {"items": [], "next": None}


@pytest.mark.parametrize("field", ["service", "staff"])
def test_ids_in_a_booking_are_ones_own(house, theirs, field):
    foreign = {"service": theirs.service["id"], "staff": theirs.staff[0]["id"]}[field]
    refused, unknown = (
        problem(house.post("/appointments", house.booking(**{field: each}), 404), "not_found")
        for each in (foreign, NOBODY)
    )
    assert refused == unknown


@pytest.mark.parametrize("field", ["service", "staff"])
def test_ids_in_a_question_are_ones_own(house, theirs, field):
    foreign = {"service": theirs.service["id"], "staff": theirs.staff[0]["id"]}[field]
    span = {"from": "2027-03-03T00:00:00Z", "to": "2027-03-04T00:00:00Z"}
    own = {"service": house.service["id"], **span}
    refused, unknown = (
        problem(house.get("/availability", 404, **{**own, field: each}), "not_found")
        for each in (foreign, NOBODY)
    )
    assert refused == unknown


def test_staff_of_a_service_are_ones_own(house, theirs):
    body = {"name": "Massage", "duration_minutes": 30}
    refused, unknown = (
        problem(house.post("/services", {**body, "staff": [each]}, 404), "not_found")
        for each in (theirs.staff[0]["id"], NOBODY)
    )
    assert refused == unknown


def test_a_cursor_is_ones_own(house, theirs):
    for n in range(2):
        theirs.add_staff(f"More {n}")
    cursor = theirs.get("/staff", limit=1).json()["next"]
    refused = problem(house.get("/staff", 422, cursor=cursor), "invalid")
    assert refused["errors"][0]["pointer"] == "?cursor"


def test_an_idempotency_key_is_ones_own(house, theirs):
    ours = house.post("/appointments", house.booking(), 201, Idempotency_Key="1").json()
    start = "2027-03-05T10:00:00+01:00"
    other = theirs.post("/appointments", theirs.booking(start), 201, Idempotency_Key="1")
    assert other.json()["id"] != ours["id"]
    assert "Idempotency-Replayed" not in other
