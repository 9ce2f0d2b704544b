"""Many at once: real threads, real commits, on both databases."""

import pytest

from tests.api.house import House, stop_clock
from tests.together import many_at_once


@pytest.fixture
def open_house(house_db):
    stop_clock()
    return House().open()


def try_to_book(house, body, **headers):
    def post(nth):
        return house.client_class().post(
            "/api/v1/appointments",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {house.secret}", **headers},
        )

    return post


def test_fifty_requests_for_one_slot_make_one_booking(open_house):
    body = open_house.booking(staff=open_house.staff[0]["id"])
    answers = many_at_once(50, try_to_book(open_house, body))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 49), statuses
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"taken"}
    assert len(open_house.get("/appointments").json()["items"]) == 1


def test_twenty_requests_for_anybody_of_three_make_three_bookings(open_house):
    staff = [*open_house.staff, open_house.add_staff("Person 2"), open_house.add_staff("Person 3")]
    open_house.service = open_house.add_service(staff)
    answers = many_at_once(20, try_to_book(open_house, open_house.booking()))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (3, 17), statuses
    booked = {answer.json()["staff"] for answer in answers if answer.status_code == 201}
    assert booked == {each["id"] for each in staff}


@pytest.mark.parametrize("people", [1, 3], ids=["one slot", "anybody of three"])
def test_twenty_repeats_of_one_request_make_one_booking(open_house, people):
    staff = [*open_house.staff, *(open_house.add_staff(f"More {n}") for n in range(people - 1))]
    open_house.service = open_house.add_service(staff)
    post = try_to_book(open_house, open_house.booking(), **{"idempotency-key": '"again"'})
    answers = many_at_once(20, post)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.get("Idempotency-Replayed") for answer in answers]
    assert (replayed.count(None), replayed.count("true")) == (1, 19)
    assert len(open_house.get("/appointments").json()["items"]) == 1
    only = open_house.get("/appointments").json()["items"][0]
    assert len(open_house.timeline(only)["messages"]) == 1


def test_of_different_requests_under_one_key_at_once_only_one_is_done(
    open_house,
):
    def post(nth):
        start = f"2027-03-0{3 + nth % 3}T10:00:00+01:00"
        body = open_house.booking(start)
        client = open_house.client_class()
        return client.post(
            "/api/v1/appointments",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {open_house.secret}", "idempotency-key": "one"},
        )

    answers = many_at_once(9, post)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(422)) == (3, 6), codes
    assert {each.json()["code"] for each in answers if each.status_code == 422} == {"key_reused"}
    assert len(open_house.get("/appointments").json()["items"]) == 1


def test_two_changes_of_one_version_make_one_change(open_house):
    booked = open_house.book()
    tag = f'"{booked["version"]}"'

    def cancel(nth):
        return open_house.client_class().post(
            f"/api/v1/appointments/{booked['id']}/cancel",
            {"by": "customer"},
            content_type="application/json",
            headers={"authorization": f"Bearer {open_house.secret}", "if-match": tag},
        )

    statuses = sorted(answer.status_code for answer in many_at_once(8, cancel))
    assert statuses == [200] + [412] * 7


def test_eight_moves_into_one_slot_move_one(open_house):
    hours = [f"2027-03-0{day}T{hour}:00:00+01:00" for day in (3, 4) for hour in (10, 11, 12, 13)]
    booked = [open_house.book(start) for start in hours]
    body = {"start": "2027-03-05T10:00:00+01:00"}

    def move(nth):
        return open_house.client_class().post(
            f"/api/v1/appointments/{booked[nth]['id']}/reschedule",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {open_house.secret}"},
        )

    statuses = sorted(answer.status_code for answer in many_at_once(8, move))
    assert statuses == [200] + [409] * 7


@pytest.mark.parametrize("kind", ["services", "staff"])
def test_of_ten_who_change_what_they_all_saw_one_does_and_nine_are_told(open_house, kind):
    thing = open_house.service if kind == "services" else open_house.staff[0]
    address = f"/api/v1/{kind}/{thing['id']}"
    seen = open_house.client.get(address)["ETag"]

    def change(nth):
        return open_house.client_class().patch(
            address,
            {"name": f"Name {nth}"},
            content_type="application/json",
            headers={"authorization": f"Bearer {open_house.secret}", "if-match": seen},
        )

    answers = many_at_once(10, change)
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(412)) == (1, 9), statuses
    (done,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert open_house.client.get(address).json() == done
