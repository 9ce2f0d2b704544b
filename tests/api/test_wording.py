"""What a refusal says: everything that is wrong at once, in sentences that say what to do."""

import json

import pytest
from pydantic import ValidationError

from kept.api import takes
from kept.api.takes import Body
from kept.api.wording import sentence
from tests.api.house import MIA, WEEK, pass_time, problem

ODD = [
    None,
    True,
    7,
    -1,
    1.5,
    10**12,
    "",
    " ",
    "x",
    "x" * 6000,
    [],
    ["x"] * 600,
    [{}],
    {},
    {"a": 1},
]
BODIES = [
    each for each in vars(takes).values() if isinstance(each, type) and issubclass(each, Body)
]
# How a validation library speaks to the people who program with it.
JARGON = ("input should", "field required", "valid", "parse", "greater than", "pydantic", "value")


def details(refused):
    return {error["pointer"]: error["detail"] for error in problem(refused, "invalid")["errors"]}


@pytest.mark.parametrize("shape", BODIES, ids=lambda shape: shape.__name__)
def test_whatever_is_given_the_answer_is_a_sentence(shape):
    for name in shape.model_fields:
        for odd in ODD:
            try:
                shape.model_validate_json(json.dumps({name: odd}))
            except ValidationError as error:
                for each in error.errors():
                    said = sentence(each)
                    assert said[0].isupper() or said[0] == "'", (said, each)
                    assert said.endswith((".", "?", ".)")), (said, each)
                    assert not [word for word in JARGON if word in said.lower()], (said, each)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duration_minutes": "45"}, "Give a whole number, like 45, without quotes."),
        ({"duration_minutes": 0}, "Give 1 or more."),
        ({"duration_minutes": 1441}, "Give 1440 or less."),
        ({"name": "x" * 201}, "Write at most 200 characters."),
        ({"name": 7}, 'Give text, in quotes: "…".'),
        ({"name": " "}, "Write at least a word."),
        ({"mode": "boat"}, "Give one of: here, online, there."),
        ({"private": "yes"}, "Give true or false, without quotes."),
        ({"staff": "x"}, "Give a list: […]."),
        ({"change_until": "soon"}, None),
    ],
)
def test_a_field_that_is_wrong_says_what_to_give(house, change, said):
    body = {"name": "Massage", "duration_minutes": 60, **change}
    (pointer,) = (f"#/{name}" for name in change)
    found = details(house.post("/services", body, 422))
    assert list(found) == [pointer]
    assert said is None or found[pointer] == said


def test_a_parameter_that_is_wrong_says_what_to_give(house):
    assert details(house.get("/services", 422, limit="x")) == {"?limit": "Give a whole number."}
    assert details(house.get("/services", 422, limit=0)) == {"?limit": "Give 1 or more."}
    assert details(house.get("/escalations", 422, open="perhaps")) == {
        "?open": "Give true or false."
    }


def test_everything_that_is_wrong_with_a_booking_is_said_at_once(house):
    body = {
        **house.booking("tomorrow"),
        "customer": {"name": " ", "email": "mia", "phone": "12", "time_zone": "Berlin"},
        "colour": "red",
    }
    found = details(house.post("/appointments", body, 422))
    assert list(found) == [
        "#/start",
        "#/customer/name",
        "#/customer/email",
        "#/customer/phone",
        "#/customer/time_zone",
        "#/colour",
    ]
    assert found["#/customer/phone"].startswith("Enter a phone number with its country code")


def test_everything_that_is_wrong_with_staff_is_said_at_once(house):
    body = {"name": " ", "email": "kim", "time_zone": "Berlin", "weekly_hours": [{**WEEK[0]}, {}]}
    found = details(house.post("/staff", body, 422))
    assert list(found) == [
        "#/name",
        "#/email",
        "#/time_zone",
        "#/weekly_hours/1/weekday",
        "#/weekly_hours/1/start",
        "#/weekly_hours/1/end",
    ]


def test_a_contact_is_kept_in_its_standard_form(house):
    given = {"name": " Mia  Holt ", "email": " mia@EXAMPLE.com ", "phone": "+44 20 7946 0123"}
    kept = house.book(customer=given)["customer"]
    assert (kept["name"], kept["email"]) == ("Mia Holt", "mia@example.com")
    assert kept["phone"] == "+442079460123"


def test_what_has_passed_is_not_called_too_soon(house):
    refused = problem(
        house.post("/appointments", house.booking("2020-03-03T10:00:00Z"), 409), "past"
    )
    assert refused["detail"] == "This time has passed. Choose a time that is still to come."
    assert refused["alternatives"]
    booked = house.book()
    problem(house.ask(booked, "reschedule", {"start": "2020-03-03T10:00:00Z"}, 409), "past")


def test_what_is_within_the_notice_is_too_soon(house):
    house.service = house.add_service(house.staff, notice_minutes=240)
    refused = house.post("/appointments", house.booking("2027-03-01T10:00:00+01:00"), 409)
    assert "too soon" in problem(refused, "too_soon")["detail"]


def test_a_corrected_miss_says_whose_doing_it_was(house):
    booked = house.book()
    pass_time(days=2, hours=2)
    house.ask(booked, "arrive")
    body = {"state": "missed", "reason": "the wrong row"}
    found = details(house.ask(booked, "correct", body, 422))
    assert found == {"#/by": "Say whose doing it was: customer or business."}
    missed = house.ask(booked, "correct", {**body, "by": "business"}).json()
    assert missed["outcome"]["value"] == "missed_by_business"


def test_a_correction_that_is_nobodys_fault_needs_nobody(house):
    booked = house.book(customer=MIA)
    pass_time(days=2, hours=2)
    house.ask(booked, "arrive")
    body = {"state": "scheduled", "reason": "the wrong row"}
    assert house.ask(booked, "correct", body).json()["state"] == "scheduled"
