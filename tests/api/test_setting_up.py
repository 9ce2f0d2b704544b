"""Services, staff, free slots, escalations, hand-offs, and lists in pages."""

import pytest

from kept.appointments import actions as appointments
from kept.core.case import Actor, Role
from tests.api.house import WEEK, pass_time, problem

SPAN = {"from": "2027-03-03T00:00:00+01:00", "to": "2027-03-04T00:00:00+01:00"}


# Services and staff


def test_a_service_is_made_and_listed(house):
    body = {
        "name": "Massage",
        "duration_minutes": 60,
        "buffer_before_minutes": 5,
        "buffer_after_minutes": 10,
        "price": 49.5,
        "staff": [house.staff[0]["id"]],
    }
    made = house.post("/services", body, 201).json()
    assert {name: made[name] for name in body} == body
    assert made in house.get("/services").json()["items"]


@pytest.mark.parametrize(
    ("given", "kept"), [(60, 60), ("49.50", 49.5), (0, 0), (99_999_999.99, 99_999_999.99)]
)
def test_a_price_is_a_number_or_the_same_in_quotes(house, given, kept):
    assert house.add_service([], price=given)["price"] == kept


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"price": -1}, "#/price"),
        ({"price": 1.999}, "#/price"),
        ({"price": 1e20}, "#/price"),
        ({"price": True}, "#/price"),
        ({"price": "free"}, "#/price"),
        ({"duration_minutes": 0}, "#/duration_minutes"),
        ({"duration_minutes": 1441}, "#/duration_minutes"),
        ({"duration_minutes": "45"}, "#/duration_minutes"),
        ({"duration_minutes": 4.5}, "#/duration_minutes"),
        ({"name": ""}, "#/name"),
        ({"name": "  "}, "#/name"),
        ({"name": "a\nb"}, "#/name"),
        ({"name": "x" * 201}, "#/name"),
        ({"staff": ["x"]}, "#/staff/0"),
        ({"staff": "x"}, "#/staff"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_a_service_that_cannot_be_is_refused(house, change, pointer):
    body = {"name": "Massage", "duration_minutes": 60, **change}
    refused = problem(house.post("/services", body, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    assert len(house.get("/services").json()["items"]) == 1


def test_staff_are_made_and_listed(house):
    body = {"name": "Kim", "email": "kim@example.com", "time_zone": "Asia/Tokyo"}
    made = house.post("/staff", {**body, "weekly_hours": WEEK}, 201).json()
    assert {name: made[name] for name in body} == body
    assert made["weekly_hours"] == WEEK
    assert made in house.get("/staff").json()["items"]


def test_staff_live_where_the_business_is_and_need_no_address(house):
    made = house.post("/staff", {"name": "Kim"}, 201).json()
    assert (made["time_zone"], made["email"], made["weekly_hours"]) == ("Europe/Berlin", None, [])


def test_hours_may_end_at_midnight(house):
    hours = [{"weekday": 6, "start": "20:00", "end": "24:00"}]
    made = house.post("/staff", {"name": "Kim", "weekly_hours": hours}, 201).json()
    assert made["weekly_hours"] == [{"weekday": 6, "start": "20:00", "end": "00:00"}]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"time_zone": "Berlin"}, "#/time_zone"),
        ({"email": "kim"}, "#/email"),
        ({"name": ""}, "#/name"),
        ({"weekly_hours": [{**WEEK[0], "weekday": 7}]}, "#/weekly_hours/0/weekday"),
        ({"weekly_hours": [{**WEEK[0], "start": "9:00"}]}, "#/weekly_hours/0/start"),
        ({"weekly_hours": [{**WEEK[0], "end": "25:00"}]}, "#/weekly_hours/0/end"),
        ({"weekly_hours": [WEEK[0], WEEK[0]]}, "#/weekly_hours"),
        ({"weekly_hours": None}, "#/weekly_hours"),
    ],
)
def test_staff_who_cannot_be_are_refused(house, change, pointer):
    refused = problem(house.post("/staff", {"name": "Kim", **change}, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer
    assert len(house.get("/staff").json()["items"]) == 1


# Free slots


def slots(house, **query):
    asked = {"service": house.service["id"], **SPAN, **query}
    return house.get("/availability", **asked).json()["slots"]


def test_free_slots_are_those_that_can_be_booked(house):
    free = slots(house)
    assert free[0] == {
        "start": "2027-03-03T09:00:00+01:00",
        "end": "2027-03-03T09:45:00+01:00",
        "staff": house.staff[0]["id"],
    }
    booked = house.book(free[0]["start"], staff=free[0]["staff"])
    assert booked["end"] == free[0]["end"]
    assert slots(house)[0]["start"] == "2027-03-03T10:00:00+01:00"


def test_free_slots_can_be_those_of_one_person(house):
    second = house.add_staff("Person 2")
    house.service = house.add_service([*house.staff, second])
    assert len(slots(house)) == 2 * len(slots(house, staff=second["id"]))
    assert {slot["staff"] for slot in slots(house, staff=second["id"])} == {second["id"]}


def test_a_day_without_hours_has_no_slots(house):
    sunday = {"from": "2027-03-07T00:00:00+01:00", "to": "2027-03-08T00:00:00+01:00"}
    answer = house.get("/availability", service=house.service["id"], **sunday)
    assert answer.json() == {"slots": [], "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"to": SPAN["from"]}, "?to"),
        ({"to": "2027-05-05T00:00:00+01:00"}, "?to"),
        ({"from": "2027-03-03"}, "?from"),
        ({"service": "foot"}, "?service"),
        ({"staff": "ada"}, "?staff"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(house, query, pointer):
    asked = {"service": house.service["id"], **SPAN, **query}
    refused = problem(house.get("/availability", 422, **asked), "invalid")
    assert refused["errors"][0]["pointer"] == pointer


def test_sixty_two_days_can_be_asked_for(house):
    assert slots(house, to="2027-05-04T00:00:00+01:00")


# Escalations and hand-offs


def test_an_escalation_is_listed_and_resolved_with_a_note(house):
    booked = house.book(customer={"name": "Leo Marsh"})
    (found,) = house.get("/escalations", open="true").json()["items"]
    assert (found["kind"], found["appointment"], found["leg"]) == ("CONTACT_GAP", booked["id"], 1)
    assert found["suggestion"]
    path = f"/escalations/{found['id']}/resolve"
    for body in ({}, {"note": " "}):
        refused = problem(house.post(path, body, 422), "invalid")
        assert refused["errors"][0]["pointer"] == "#/note"
    done = house.post(path, {"note": "Called; he knows."}).json()
    assert done["resolved_at"] == "2027-03-01T08:00:00+01:00"
    assert (done["resolved_by"], done["note"]) == ("integration:till", "Called; he knows.")
    assert house.get("/escalations", open="true").json()["items"] == []
    assert house.get("/escalations", open="false").json()["items"] == [done]
    # Having been called, the customer knows.
    told = house.get(f"/appointments/{booked['id']}").json()["told"]
    assert (told["leg"], told["is_true"]) == (1, True)


def test_an_escalation_is_taken_and_given_back(house):
    house.book(customer={"name": "Leo Marsh"})
    (found,) = house.get("/escalations", open="true").json()["items"]
    assert (found["taken_by"], found["taken_at"]) == (None, None)
    taken = house.post(f"/escalations/{found['id']}/take", {}).json()
    assert taken["taken_by"] == "integration:till"
    assert taken["taken_at"] == "2027-03-01T08:00:00+01:00"
    assert house.post(f"/escalations/{found['id']}/take", {}).json() == taken
    assert house.post(f"/escalations/{found['id']}/release", {}).json() == found
    problem(house.post("/escalations/nobody/take", {}, 404), "not_found")


def test_an_escalation_is_put_off_while_it_can_wait(house):
    house.book(customer={"name": "Leo Marsh"})
    (found,) = house.get("/escalations", open="true").json()["items"]
    path, late = f"/escalations/{found['id']}", found["too_late_at"]
    refused = problem(house.post(f"{path}/snooze", {"until": late}, 409), "not_allowed")
    assert refused["detail"] == "It would come back too late to help."
    until = "2027-03-01T09:00:00+01:00"
    away = house.post(f"{path}/snooze", {"until": until}).json()
    assert (away["snoozed_until"], away["snoozed_by"]) == (until, "integration:till")
    assert house.get("/escalations", open="true").json()["items"] == [away]
    assert house.post(f"{path}/wake", {}).json() == found
    problem(house.post("/escalations/nobody/snooze", {"until": until}, 404), "not_found")


def test_where_a_note_is_not_enough_the_answer_says_what_is(house):
    from kept.cases import actions as cases
    from kept.clock.queries import now

    house.book()
    pass_time(days=2, hours=6)
    cases.turn_due(now())
    due = [e for e in house.get("/escalations").json()["items"] if e["kind"] == "OUTCOME_DUE"]
    path = f"/escalations/{due[0]['id']}/resolve"
    refused = problem(house.post(path, {"note": "seen"}, 409), "not_allowed")
    assert {"arrive", "complete", "miss"} <= set(refused["allowed"])


@pytest.fixture
def offered(house):
    booked = house.book()
    house.ask(booked, "cancel", {"by": "customer"})
    (found,) = house.get("/hand-offs", status="offered").json()["items"]
    assert (found["from"], found["to"]) == ("appointment", "follow_up")
    assert (found["outcome"], found["outcome_version"]) == ("cancelled_by_customer", 1)
    assert (found["appointment"], found["status"]) == (booked["id"], "offered")
    assert found["payload"]["reference"] == booked["reference"]
    assert found["accept_by"] == "2027-03-04T08:00:00+01:00"
    return found


def test_a_hand_off_is_accepted_once(house, offered):
    path = f"/hand-offs/{offered['id']}/accept"
    taken = house.post(path).json()
    assert (taken["status"], taken["answered_by"]) == ("accepted", "integration:till")
    problem(house.post(path, None, 409), "not_allowed")
    assert house.get("/hand-offs", status="offered").json()["items"] == []
    assert house.get("/hand-offs", status="accepted").json()["items"] == [taken]


def test_a_hand_off_that_is_refused_comes_back_to_a_person(house, offered):
    path = f"/hand-offs/{offered['id']}/reject"
    assert problem(house.post(path, {}, 422), "invalid")["errors"][0]["pointer"] == "#/reason"
    refused = house.post(path, {"reason": "not our customer"}).json()
    assert (refused["status"], refused["reason"]) == ("rejected", "not our customer")
    (raised,) = house.get("/escalations", open="true").json()["items"]
    assert raised["kind"] == "HANDOFF_NOT_ACCEPTED"


def test_an_unknown_status_is_refused(house):
    problem(house.get("/hand-offs", 422, status="lost"), "invalid")
    problem(house.get("/escalations", 422, open="perhaps"), "invalid")


# Lists


def fill(house, what):
    if what == "/staff":
        for n in range(6):
            house.add_staff(f"Kim {n % 2}")  # names may be equal
    elif what == "/services":
        for n in range(6):
            house.add_service(house.staff, f"Massage {n % 2}")
    elif what == "/appointments":
        for hour in range(9, 16):
            house.book(f"2027-03-03T{hour:02}:00:00+01:00")
    elif what == "/escalations":
        for hour in range(9, 16):
            house.book(f"2027-03-03T{hour:02}:00:00+01:00", customer={"name": "Leo Marsh"})
    else:
        for hour in range(9, 16):
            booked = house.book(f"2027-03-03T{hour:02}:00:00+01:00")
            house.ask(booked, "cancel", {"by": "customer"})


@pytest.mark.parametrize(
    "path", ["/staff", "/services", "/appointments", "/escalations", "/hand-offs"]
)
def test_a_list_comes_in_pages(house, path):
    fill(house, path)
    whole = house.get(path, limit=100).json()
    assert (len(whole["items"]), whole["next"]) == (7, None)
    pages, cursor = [], {}
    while True:
        answer = house.get(path, limit=3, **cursor)
        pages += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        link = answer["Link"]
        assert link.startswith(f"</api/v1{path}?")
        assert link.endswith('; rel="next"')
        assert house.client.get(link[1 : link.index(">")]).status_code == 200
        cursor = {"cursor": answer.json()["next"]}
    assert pages == whole["items"]
    assert "Link" not in answer


def test_what_comes_in_between_two_pages_shifts_nothing(house):
    fill(house, "/appointments")
    first = house.get("/appointments", limit=3).json()
    house.ask(first["items"][0], "cancel", {"by": "customer"})
    house.book("2027-03-02T09:00:00+01:00")
    second = house.get("/appointments", limit=3, cursor=first["next"]).json()
    assert [each["start"][11:13] for each in second["items"]] == ["12", "13", "14"]


@pytest.mark.parametrize("cursor", ["x", "", "WyJhIl0:1:abc", "\x00"])
def test_a_cursor_that_is_not_one_is_refused(house, cursor):
    refused = problem(house.get("/appointments", 422, cursor=cursor), "invalid")
    assert refused["errors"][0]["pointer"] == "?cursor"


def test_a_cursor_of_another_list_is_refused(house):
    fill(house, "/staff")
    cursor = house.get("/staff", limit=1).json()["next"]
    problem(house.get("/services", 422, cursor=cursor), "invalid")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", ""])
def test_a_page_has_one_to_a_hundred(house, limit):
    refused = problem(house.get("/services", 422, limit=limit), "invalid")
    assert refused["errors"][0]["pointer"] == "?limit"


def test_an_archived_service_cannot_be_booked(house):
    from kept.clock.queries import now
    from kept.schedule import actions as schedule

    schedule.archive_service(house.business.id, house.service["id"], now())
    problem(house.post("/appointments", house.booking(), 404), "not_found")
    assert house.get("/services").json()["items"] == []


def test_the_api_and_the_desk_leave_the_same_duties(house):
    """Cancelled through the API or at the desk: what is planned afterwards is the same."""
    from kept.appointments import queries
    from kept.clock.queries import now

    by_api, by_desk = house.book(), house.book("2027-03-04T10:00:00+01:00")
    house.ask(by_api, "cancel", {"by": "customer", "reason": "ill"})
    row = queries.appointment(house.business.id, by_desk["id"])
    desk = Actor(Role.STAFF, "desk")
    appointments.cancel(row, now(), desk, by=Role.CUSTOMER, reason="ill")
    left = [
        [(c["name"], c["status"], c["reason"]) for c in house.timeline(each)["controls"]]
        for each in (by_api, by_desk)
    ]
    assert sorted(left[0]) == sorted(left[1])
