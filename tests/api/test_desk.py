"""What the desk can do with an appointment, a program can do too."""

import pytest

from kept.console.acts import ACTS
from kept.outbox.queries import Message
from tests.api.house import pass_time, problem

LEO = {"name": "Leo Marsh"}
ON_SUNDAY = "2027-03-07T20:07:00+01:00"


def kinds(house):
    return [row["kind"] for row in house.get("/escalations", open="true").json()["items"]]


def events(house, booked):
    return {each["name"]: each for each in house.timeline(booked)["events"]}


def test_every_act_of_the_desk_has_an_address(house):
    described = house.client.get("/api/v1/openapi.json").json()["paths"]
    for name in ACTS:
        assert "post" in described[f"/appointments/{{appointment_id}}/{name}"]


def test_somebody_who_was_told_by_a_person_counts_as_told(house):
    booked = house.book(customer=LEO)
    assert kinds(house) == ["CONTACT_GAP"]
    told = house.ask(booked, "tell", {"reason": "By phone; she will come."}).json()
    assert (told["state"], told["told"]["evidence"]) == ("confirmed", "told")
    assert kinds(house) == []
    refused = problem(house.ask(booked, "tell", {}, 422), "invalid")
    assert refused["errors"] == [{"pointer": "#/reason", "detail": "This is required."}]


def test_somebody_told_while_it_was_booked_needs_no_call(house):
    booked = house.book(customer=LEO, told=True)
    assert booked["state"] == "confirmed"
    assert booked["told"]["is_true"] is True
    assert kinds(house) == []


def test_who_runs_late_is_noted(house):
    booked = house.book()
    late = house.ask(booked, "late", {"minutes": 20, "reason": "traffic"}).json()
    assert late["version"] > booked["version"]
    assert events(house, booked)["running_late"]["data"]["minutes"] == 20
    for minutes in (0, 601, "20", None):
        refused = problem(house.ask(booked, "late", {"minutes": minutes}, 422), "invalid")
        assert refused["errors"][0]["pointer"] == "#/minutes"
    pass_time(days=3)
    problem(house.ask(booked, "late", {"minutes": 20}, 409), "not_allowed")


def test_a_confirmation_is_sent_again(house):
    booked = house.book()
    house.ask(booked, "resend", Idempotency_Key="r1")
    house.ask(booked, "resend", Idempotency_Key="r1")
    runs = [each.run for each in Message.objects.filter(control="confirmation").order_by("run")]
    assert runs == [1, 2]
    pass_time(days=3)
    problem(house.ask(booked, "resend", status=409), "not_allowed")


def test_a_customer_who_may_not_come_is_for_a_person(house):
    booked = house.book()
    house.ask(booked, "request-change", {"reason": "perhaps another day"})
    assert kinds(house) == ["POSSIBLE_CANCEL"]


def test_a_wrong_contact_is_put_right_in_every_appointment(house):
    booked, other = house.book(), house.book("2027-03-04T10:00:00+01:00")
    given = {"email": "mia.holt@example.com", "phone": "+44 20 7946 0123"}
    mended = house.ask(booked, "contact", given).json()
    assert mended["customer"]["name"] == "Mia Holt"  # what is not given stays
    assert mended["customer"]["email"] == "mia.holt@example.com"
    assert mended["customer"]["phone"] == "+442079460123"
    again = house.get(f"/appointments/{other['id']}").json()
    assert again["customer"] == mended["customer"]
    assert "contact_changed" in events(house, other)


def test_null_takes_a_part_of_the_contact_away(house):
    booked = house.book(customer={"name": "Mia Holt", "email": "m@example.com", "locale": "en_GB"})
    mended = house.ask(booked, "contact", {"email": None}).json()
    assert mended["customer"]["email"] is None
    assert mended["customer"]["locale"] == "en_GB"
    assert "CONTACT_GAP" in kinds(house)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ({"email": "mia"}, "#/email"),
        ({"name": None}, "#/name"),
        ({"name": " "}, "#/name"),
        ({"phone": "12"}, "#/phone"),
    ],
)
def test_a_contact_that_cannot_be_is_refused(house, body, pointer):
    booked = house.book()
    refused = problem(house.ask(booked, "contact", body, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    assert house.get(f"/appointments/{booked['id']}").json()["customer"] == booked["customer"]


def test_a_contact_is_put_right_once_and_only_as_it_was_seen(house):
    booked = house.book()
    new, tag = {"phone": "+44 20 7946 0123"}, f'"{booked["version"]}"'
    first = house.ask(booked, "contact", new, If_Match=tag, Idempotency_Key="c1")
    again = house.ask(booked, "contact", new, If_Match=tag, Idempotency_Key="c1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    refused = house.ask(booked, "contact", {"phone": None}, 412, If_Match=tag)
    problem(refused, "stale")
    shown = house.get(f"/appointments/{booked['id']}").json()
    assert shown["customer"]["phone"] == "+442079460123"


def test_a_time_that_is_not_offered_can_be_booked_freely(house):
    problem(house.post("/appointments", house.booking(ON_SUNDAY), 409), "outside_hours")
    booked = house.book(ON_SUNDAY, freely=True)
    assert booked["start"] == ON_SUNDAY
    # Never over somebody, and never behind us.
    problem(house.post("/appointments", house.booking(ON_SUNDAY, freely=True), 409), "taken")
    past = house.booking("2027-02-07T20:07:00+01:00", freely=True)
    problem(house.post("/appointments", past, 409), "past")


def test_an_appointment_can_be_moved_freely(house):
    booked = house.book()
    problem(house.ask(booked, "reschedule", {"start": ON_SUNDAY}, 409), "outside_hours")
    moved = house.ask(booked, "reschedule", {"start": ON_SUNDAY, "freely": True}).json()
    assert moved["start"] == ON_SUNDAY


def walk_in(house, status=201, **more):
    body = {"service": house.service["id"], "customer": LEO, **more}
    headers = {"Idempotency_Key": "w1"}
    return house.post("/walk-ins", body, status, **headers)


def test_who_is_here_without_an_appointment_is_attended_at_once(house):
    made = walk_in(house, notes="Left foot.")
    shown = made.json()
    assert (shown["state"], shown["origin"]) == ("attended", "walk_in")
    assert shown["start"] == "2027-03-01T08:00:00+01:00"
    assert shown["notes"] == "Left foot."
    assert made["Location"].endswith(f"/api/v1/appointments/{shown['id']}")
    assert walk_in(house, notes="Left foot.").content == made.content
    assert len(house.get("/appointments").json()["items"]) == 1
    assert house.ask(shown, "complete").json()["state"] == "completed"


def test_who_came_earlier_today_is_put_at_that_time(house):
    pass_time(hours=3)
    shown = walk_in(house, start="2027-03-01T09:05:00+01:00").json()
    assert shown["start"] == "2027-03-01T09:05:00+01:00"


@pytest.mark.parametrize(
    ("start", "code"),
    [("2027-02-28T10:00:00+01:00", "past"), ("2027-03-02T10:00:00+01:00", "too_far")],
)
def test_who_came_on_another_day_did_not_walk_in(house, start, code):
    problem(walk_in(house, 409, start=start), code)


def test_where_nobody_is_free_nobody_walks_in(house):
    walk_in(house)
    body = {"service": house.service["id"], "customer": LEO}
    refused = problem(house.post("/walk-ins", body, 409), "taken")
    assert refused["alternatives"]
    nobody = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
    for field in ("service", "staff"):
        lost = problem(house.post("/walk-ins", {**body, field: nobody}, 404), "not_found")
        assert lost["errors"][0]["pointer"] == f"#/{field}"
    elsewhere = {**body, "service": nobody, "start": "2027-02-28T10:00:00+01:00"}
    problem(house.post("/walk-ins", elsewhere, 404), "not_found")
