"""What is to be ready before a visit, over the API."""

import pytest

from tests.api.house import problem

ITEMS = [{"what": "Fill in the form", "by": "customer", "due": "48h"}, {"what": "Bring the card"}]


@pytest.fixture
def booked(house):
    service = house.add_service(house.staff, "Assessment", preparation=ITEMS)
    assert service["preparation"][1] == {"what": "Bring the card", "by": "customer", "due": "24h"}
    return house.book(service=service["id"])


def test_an_appointment_says_what_is_to_be_ready_by_when(house, booked):
    assert booked["preparation"] == [
        {
            "id": "1",
            "what": "Fill in the form",
            "by": "customer",
            "due_at": "2027-03-01T10:00:00+01:00",
            "ready": False,
        },
        {
            "id": "2",
            "what": "Bring the card",
            "by": "customer",
            "due_at": "2027-03-02T10:00:00+01:00",
            "ready": False,
        },
    ]
    assert house.book("2027-03-04T10:00:00+01:00")["preparation"] == []


def test_it_is_said_to_be_ready_and_taken_back(house, booked):
    assert booked["allowed"].count("prepare") == 1
    done = house.ask(booked, "prepare", {"item": "1"}).json()
    assert [each["ready"] for each in done["preparation"]] == [True, False]
    back = house.ask(booked, "prepare", {"item": "1", "ready": False}).json()
    assert [each["ready"] for each in back["preparation"]] == [False, False]
    problem(house.ask(booked, "prepare", {"item": "7"}, 409), "not_allowed")
    names = [event["name"] for event in house.timeline(booked)["events"]]
    assert names.count("item_prepared") == names.count("item_reopened") == 1


def test_an_item_that_cannot_be_is_named(house):
    wrong = [{"what": "Bring the card", "due": "2d"}]
    body = {"name": "X", "duration_minutes": 30, "staff": [], "preparation": wrong}
    found = problem(house.post("/services", body, 422), "invalid")
    assert "preparation" in str(found["errors"])
