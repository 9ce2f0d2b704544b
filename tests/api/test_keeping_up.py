"""Services, staff and closures change: a price, the hours, somebody leaves, a day is closed."""

from typing import get_args

import pytest

from kept.api.takes import NextPath, Outcome
from kept.core.paths.appointment import OUTCOMES
from kept.core.policy import TARGETS
from tests.api.house import WEEK, House, problem

NOBODY = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
WEDNESDAY = {"start": "2027-03-03T00:00:00+01:00", "end": "2027-03-04T00:00:00+01:00"}


def address(house, kind):
    thing = house.service if kind == "services" else house.staff[0]
    return f"/{kind}/{thing['id']}"


def open_kinds(house):
    return [row["kind"] for row in house.get("/escalations", open="true").json()["items"]]


@pytest.mark.parametrize("kind", ["services", "staff"])
def test_one_is_read_by_its_address_with_its_tag(house, kind):
    shown = house.get(address(house, kind))
    (listed,) = house.get(f"/{kind}").json()["items"]
    assert shown.json() == listed
    tag = shown["ETag"]
    house.get(address(house, kind), 304, headers={"If-None-Match": tag})


def test_what_is_made_says_where_it_is_and_its_tag(house):
    for kind, body in (
        ("services", {"name": "Massage", "duration_minutes": 60}),
        ("staff", {"name": "Kim"}),
        ("closures", WEDNESDAY),
    ):
        made = house.post(f"/{kind}", body, 201)
        assert made["Location"].endswith(f"/api/v1/{kind}/{made.json()['id']}")
        assert house.client.get(made["Location"])["ETag"] == made["ETag"]


def test_a_price_is_changed_and_the_rest_stays(house):
    before = house.service
    changed = house.patch(address(house, "services"), {"price": 75, "notice_minutes": 60}).json()
    assert changed == {**before, "price": 75.0, "notice_minutes": 60}
    assert house.get("/services").json()["items"] == [changed]
    assert house.patch(address(house, "services"), {"price": None}).json()["price"] is None


def test_a_service_says_what_follows_which_of_its_outcomes(house):
    assert house.service["hand_offs"] == {}
    own = {"completed": ["reactivation"], "missed_by_customer": []}
    changed = house.patch(address(house, "services"), {"hand_offs": own}).json()
    assert changed == {**house.service, "hand_offs": own}
    booked = house.book()
    assert house.patch(address(house, "services"), {"hand_offs": {}}).json() == house.service
    again = house.get(f"/appointments/{booked['id']}").json()
    assert again["legs"][0]["snapshot"]["hand_offs"] == own
    assert house.add_service([], hand_offs=own)["hand_offs"] == own


@pytest.mark.parametrize(
    "wrong", [{"eaten": []}, {"completed": ["nowhere"]}, {"completed": "follow_up"}, []]
)
def test_what_follows_is_named_by_outcomes_and_paths_that_there_are(house, wrong):
    body = {"hand_offs": wrong}
    refused = problem(house.patch(address(house, "services"), body, 422), "invalid")
    assert refused["errors"][0]["pointer"].startswith("#/hand_offs")


def test_the_api_knows_every_outcome_and_every_path_that_may_follow():
    assert set(get_args(Outcome)) == set(OUTCOMES)
    assert set(get_args(NextPath)) == set(TARGETS)


def test_what_is_booked_keeps_its_price(house):
    house.patch(address(house, "services"), {"price": 60})
    booked = house.book()
    house.patch(address(house, "services"), {"price": 75})
    again = house.get(f"/appointments/{booked['id']}").json()
    assert again["legs"][0]["snapshot"]["price"] == 60.0


def test_who_gives_a_service_is_changed(house):
    kim = house.add_staff("Kim")
    changed = house.patch(address(house, "services"), {"staff": [kim["id"]]}).json()
    assert changed["staff"] == [kim["id"]]
    assert house.book()["staff"] == kim["id"]
    problem(house.patch(address(house, "services"), {"staff": [NOBODY]}, 404), "not_found")


def test_hours_are_changed_and_the_rest_stays(house):
    evening = [{"weekday": 2, "start": "18:00", "end": "20:00"}]
    before = house.staff[0]
    changed = house.patch(address(house, "staff"), {"weekly_hours": evening}).json()
    assert changed == {**before, "weekly_hours": evening}
    problem(house.post("/appointments", house.booking(), 409), "outside_hours")
    house.book("2027-03-03T18:00:00+01:00")
    moved = house.patch(address(house, "staff"), {"time_zone": "Europe/London", "email": None})
    assert moved.json() == {**changed, "time_zone": "Europe/London", "email": None}


@pytest.mark.parametrize(
    ("kind", "body", "pointer"),
    [
        ("services", {"duration_minutes": 0}, "#/duration_minutes"),
        ("services", {"name": None}, "#/name"),
        ("services", {"name": " "}, "#/name"),
        ("services", {"colour": "red"}, "#/colour"),
        ("services", {"change_until": "soon"}, "#/change_until"),
        ("staff", {"name": None}, "#/name"),
        ("staff", {"time_zone": "Berlin"}, "#/time_zone"),
        ("staff", {"weekly_hours": [WEEK[0], WEEK[0]]}, "#/weekly_hours"),
        ("staff", {}, "#"),
        ("services", {}, "#"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_nothing_is_changed(house, kind, body, pointer):
    before = house.get(address(house, kind)).json()
    refused = problem(house.patch(address(house, kind), body, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    assert house.get(address(house, kind)).json() == before


@pytest.mark.parametrize("kind", ["services", "staff"])
def test_a_change_by_somebody_who_has_not_seen_the_last_one_is_refused(house, kind):
    seen = house.get(address(house, kind))["ETag"]
    changed = house.patch(address(house, kind), {"name": "One"}, If_Match=seen)
    refused = house.patch(address(house, kind), {"name": "Two"}, 412, If_Match=seen)
    problem(refused, "stale")
    assert refused["ETag"] == changed["ETag"] != seen
    problem(house.delete(address(house, kind), 412, If_Match=seen), "stale")
    house.patch(address(house, kind), {"name": "Two"}, If_Match=f'"x", {changed["ETag"]}')
    assert house.get(address(house, kind)).json()["name"] == "Two"


@pytest.mark.parametrize("kind", ["services", "staff"])
def test_a_change_is_done_once(house, kind):
    first = house.patch(address(house, kind), {"name": "One"}, Idempotency_Key="p1")
    house.patch(address(house, kind), {"name": "Two"})
    again = house.patch(address(house, kind), {"name": "One"}, Idempotency_Key="p1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert house.get(address(house, kind)).json()["name"] == "Two"
    reused = house.patch(address(house, kind), {"name": "Three"}, 422, Idempotency_Key="p1")
    problem(reused, "key_reused")


def test_a_merge_patch_is_a_change_too(house):
    answer = house.client.generic(
        "PATCH",
        f"/api/v1{address(house, 'services')}",
        b'{"price": 75}',
        content_type="application/merge-patch+json",
    )
    assert answer.json()["price"] == 75.0


def test_a_service_that_is_taken_away_can_no_longer_be_booked(house):
    booked = house.book()
    gone = house.delete(address(house, "services"), Idempotency_Key="d1")
    assert gone.json() == {"appointments": [booked["id"]]}
    problem(house.post("/appointments", house.booking(), 404), "not_found")
    problem(house.get(address(house, "services"), 404), "not_found")
    problem(house.delete(address(house, "services"), 404), "not_found")
    again = house.delete(address(house, "services"), Idempotency_Key="d1")
    assert (again.content, again["Idempotency-Replayed"]) == (gone.content, "true")
    assert house.get(f"/appointments/{booked['id']}").json()["state"] == "scheduled"


def test_who_leaves_leaves_their_appointments_to_a_person(house):
    booked = house.book()
    gone = house.delete(address(house, "staff")).json()
    assert gone == {"appointments": [booked["id"]]}
    assert open_kinds(house) == ["RESOURCE_LOST"]
    assert house.get("/staff").json()["items"] == []
    problem(house.get(address(house, "staff"), 404), "not_found")
    problem(house.post("/appointments", house.booking(), 409), "no_staff")


# Closures


def test_a_closed_day_cannot_be_booked_and_who_was_booked_is_for_a_person(house):
    booked = house.book()
    closed = house.post("/closures", {**WEDNESDAY, "reason": "training"}, 201).json()
    assert closed["appointments"] == [booked["id"]]
    assert closed["staff"] is None
    assert {name: closed[name] for name in WEDNESDAY} == WEDNESDAY
    problem(house.post("/appointments", house.booking("2027-03-03T14:00:00+01:00"), 409), "taken")
    assert open_kinds(house) == ["RESOURCE_LOST"]
    (listed,) = house.get("/closures").json()["items"]
    assert listed == {name: value for name, value in closed.items() if name != "appointments"}
    opened = house.delete(f"/closures/{closed['id']}").json()
    assert opened == {"appointments": [booked["id"]]}
    assert open_kinds(house) == []
    assert house.get("/closures").json()["items"] == []
    problem(house.delete(f"/closures/{closed['id']}", 404), "not_found")
    house.book("2027-03-03T14:00:00+01:00")


def test_one_person_is_away_and_the_others_work_on(house):
    kim = house.add_staff("Kim")
    house.service = house.add_service([*house.staff, kim])
    house.post("/closures", {**WEDNESDAY, "staff": house.staff[0]["id"]}, 201)
    assert house.book()["staff"] == kim["id"]


def test_a_closure_is_made_once(house):
    first = house.post("/closures", WEDNESDAY, 201, Idempotency_Key="c1")
    again = house.post("/closures", WEDNESDAY, 201, Idempotency_Key="c1")
    assert again.content == first.content
    assert len(house.get("/closures").json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"end": WEDNESDAY["start"]}, 422, "#/end"),
        ({"end": "later"}, 422, "#/end"),
        ({"staff": NOBODY}, 404, "#/staff"),
        ({"reason": "x" * 201}, 422, "#/reason"),
    ],
)
def test_a_closure_that_cannot_be_is_refused(house, change, status, pointer):
    refused = house.post("/closures", {**WEDNESDAY, **change}, status)
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert house.get("/closures").json()["items"] == []


def test_the_closures_of_another_business_are_not_found(house):
    other = House("Other Studio").open()
    closed = other.post("/closures", WEDNESDAY, 201).json()
    problem(house.get(f"/closures/{closed['id']}", 404), "not_found")
    problem(house.delete(f"/closures/{closed['id']}", 404), "not_found")
    problem(house.post("/closures", {**WEDNESDAY, "staff": other.staff[0]["id"]}, 404), "not_found")
    assert len(other.get("/closures").json()["items"]) == 1
