"""Booking through the API, and everything that may happen to a booking."""

from datetime import datetime, timedelta

import pytest

from kept.cases import actions as cases
from kept.cases.actions import Incoming
from kept.clock import actions as clock
from kept.clock.queries import now
from kept.core.case import Event
from kept.journeys.actions import receive_offered
from tests.api.house import MIA, MONDAY, House, pass_time, problem

WEDNESDAY = "2027-03-03T10:00:00+01:00"


def confirm(house, appointment):
    """The transport takes the confirmation."""
    from kept.appointments import queries

    row = queries.appointment(house.business.id, appointment["id"])
    data = {"control": "confirmation", "channel": "email"}
    event = Event("message_accepted", now(), data=data)
    cases.apply([Incoming(queries.current_leg(row).case_id, event)], now())


# Booking


def test_a_booking_answers_the_whole_appointment(house):
    response = house.post("/appointments", house.booking(notes="Left foot."), 201)
    made = response.json()
    assert made["state"] == "scheduled"
    assert (made["start"], made["end"]) == (WEDNESDAY, "2027-03-03T10:45:00+01:00")
    assert made["time_zone"] == "Europe/Berlin"
    assert made["service"] == house.service["id"]
    assert made["staff"] == house.staff[0]["id"]
    assert made["customer"]["email"] == MIA["email"]
    assert made["customer_url"].startswith("http")
    assert "/a/" in made["customer_url"]
    assert made["acknowledged"] is False
    assert made["told"] is None
    assert made["leg"] == 1
    assert [leg["number"] for leg in made["legs"]] == [1]
    assert made["legs"][0]["snapshot"]["name"] == "Foot care"
    assert made["notes"] == "Left foot."
    assert response["ETag"].startswith(f'"{made["version"]}-')
    assert response["Location"].endswith(f"/api/v1/appointments/{made['id']}")
    assert house.client.get(response["Location"]).json() == made


def test_an_appointment_says_whether_certainty_holds_and_if_not_what_broke_it(house):
    made = house.book()
    assert made["certainty"] == {
        "holds": True,
        "broken_by": None,
        "since": None,
        "sentence": "A time is booked; the customer has not been told yet.",
    }
    clock.advance(timedelta(minutes=2))  # and nobody turned the handle
    found = house.get(f"/appointments/{made['id']}").json()["certainty"]
    assert (found["holds"], found["broken_by"]) == (False, "confirmation")
    assert found["since"] == "2027-03-01T08:00:00+01:00"
    assert found["sentence"] == (
        "Confirmation: its message is ready, and no mail server has taken it yet."
    )
    [listed] = house.get("/appointments").json()["items"]
    assert listed["certainty"] == found
    confirm(house, made)
    found = house.get(f"/appointments/{made['id']}").json()["certainty"]
    assert found["holds"] is True
    house.ask(made, "request-change")
    found = house.get(f"/appointments/{made['id']}").json()["certainty"]
    assert (found["holds"], found["broken_by"]) == (False, "change_requested")


def test_whom_nothing_reaches_is_uncertain_from_the_booking_on(house):
    made = house.book(customer={"name": "Mia Holt"})
    assert made["certainty"]["broken_by"] == "confirmation"
    assert house.get(f"/appointments/{made['id']}").json() == made


def test_only_what_changed_since_is_listed_and_paged(house):
    """By somebody who keeps a copy: what is booked, moved or answered after their last look."""
    old, moved, said = (house.book(f"2027-03-0{day}T10:00:00+01:00") for day in (3, 4, 5))
    clock.advance(timedelta(hours=1))
    since = now().isoformat()
    assert house.get("/appointments", updated_since=since).json()["items"] == []

    house.ask(moved, "reschedule", {"start": "2027-03-08T10:00:00+01:00"})
    house.ask(said, "acknowledge")
    clock.advance(timedelta(hours=1))
    new = house.book("2027-03-09T10:00:00+01:00")

    first = house.get("/appointments", updated_since=since, limit=2).json()
    rest = house.get("/appointments", updated_since=since, limit=2, cursor=first["next"]).json()
    found = [each["id"] for each in first["items"] + rest["items"]]
    assert found == [said["id"], moved["id"], new["id"]]
    assert rest["next"] is None
    latest = house.get("/appointments", updated_since=now().isoformat()).json()["items"]
    assert [each["id"] for each in latest] == [new["id"]]
    everything = house.get("/appointments", updated_since="2027-01-01T00:00:00Z").json()["items"]
    assert len(everything) == 4
    assert old["id"] in {each["id"] for each in everything}


def test_nothing_of_another_business_counts_as_changed(house):
    other = House("Other Studio").open()
    other.book()
    assert house.get("/appointments", updated_since="2027-01-01T00:00:00Z").json()["items"] == []


def test_since_when_must_be_an_instant(house):
    refused = house.get("/appointments", 422, updated_since="yesterday")
    assert problem(refused, "invalid")["errors"][0]["pointer"] == "?updated_since"


def test_a_customer_needs_a_name_and_nothing_else(house):
    made = house.book(customer={"name": "  Mia   Holt "})
    assert made["customer"] == {
        "id": made["customer"]["id"],
        "name": "Mia Holt",
        "email": None,
        "phone": None,
        "time_zone": None,
        "locale": None,
    }
    # Nobody can be told by mail, so a person is asked to.
    assert [row["kind"] for row in house.get("/escalations").json()["items"]] == ["CONTACT_GAP"]


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("2027-03-03T08:00:00+01:00", "outside_hours"),
        ("2027-02-26T10:00:00+01:00", "past"),
        ("2028-06-01T10:00:00+02:00", "too_far"),
        ("2027-03-03T10:07:00+01:00", "off_grid"),
    ],
)
def test_a_time_that_cannot_be_had_is_refused_with_other_times(house, start, code):
    refused = problem(house.post("/appointments", house.booking(start), 409), code)
    assert len(refused["alternatives"]) == 5
    for slot in refused["alternatives"]:
        assert slot.keys() == {"start", "end", "staff"}
    house.post("/appointments", house.booking(refused["alternatives"][0]["start"]), 201)


def test_a_time_just_taken_is_refused_with_the_next_free_ones(house):
    house.book(WEDNESDAY)
    refused = problem(house.post("/appointments", house.booking(WEDNESDAY), 409), "taken")
    assert refused["alternatives"][0]["start"] == "2027-03-03T11:00:00+01:00"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"start": "2027-03-03T10:00:00"}, "#/start"),
        ({"start": "2027-03-03T10:00:30+01:00"}, "#/start"),
        ({"start": "tomorrow"}, "#/start"),
        ({"start": 1804068000}, "#/start"),
        ({"start": "2027-02-30T10:00:00+01:00"}, "#/start"),
        ({"service": "foot care"}, "#/service"),
        ({"staff": "Ada"}, "#/staff"),
        ({"customer": {"name": " "}}, "#/customer/name"),
        ({"customer": {"email": "mia@example.com"}}, "#/customer/name"),
        ({"customer": {**MIA, "email": "mia"}}, "#/customer/email"),
        ({"customer": {**MIA, "phone": "123"}}, "#/customer/phone"),
        ({"customer": {**MIA, "time_zone": "Europe/Berln"}}, "#/customer/time_zone"),
        ({"customer": {**MIA, "locale": "<b>"}}, "#/customer/locale"),
        ({"customer": {**MIA, "e-mail": "x"}}, "#/customer/e-mail"),
        ({"customer": "Mia"}, "#/customer"),
        ({"notes": "nul\x00"}, "#/notes"),
        ({"notes": "half \ud83d"}, "#/notes"),
        ({"notes": 7}, "#/notes"),
        ({"begin": WEDNESDAY}, "#/begin"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
    ],
)
def test_a_field_that_is_wrong_is_named(house, change, pointer):
    refused = problem(house.post("/appointments", house.booking(**change), 422), "invalid")
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert refused["errors"][0]["detail"].endswith((".", "?", ")")), refused
    assert house.get("/appointments").json()["items"] == []


def test_everything_that_is_wrong_is_named_at_once(house):
    refused = problem(house.post("/appointments", {"start": "x", "colour": "red"}, 422), "invalid")
    assert [error["pointer"] for error in refused["errors"]] == [
        "#/service",
        "#/start",
        "#/customer",
        "#/colour",
    ]


def test_a_service_or_staff_that_is_not_there_is_not_found(house):
    nobody = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
    for field in ("service", "staff"):
        refused = house.post("/appointments", house.booking(**{field: nobody}), 404)
        assert problem(refused, "not_found")["errors"][0]["pointer"] == f"#/{field}"


def test_staff_who_do_not_give_the_service_are_refused_with_the_times_of_those_who_do(house):
    other = house.add_staff("Somebody else")
    answer = house.post("/appointments", house.booking(staff=other["id"]), 409)
    free = problem(answer, "staff_gone")["alternatives"]
    assert {slot["staff"] for slot in free} == {house.staff[0]["id"]}
    assert len(free) == 5


def test_staff_who_retire_while_somebody_books_them_are_a_conflict_and_not_unknown(house):
    leaves, stays = house.staff[0], house.add_staff("Person 2")
    house.service = house.add_service([leaves, stays])
    made = house.book(staff=stays["id"])
    house.delete(f"/staff/{leaves['id']}")
    body = house.booking(staff=leaves["id"], start="2027-03-04T10:00:00+01:00")
    for answer in (
        house.post("/appointments", body, 409),
        house.ask(made, "reschedule", {"start": body["start"], "staff": leaves["id"]}, 409),
    ):
        free = problem(answer, "staff_gone")["alternatives"]
        assert free[0] == {
            "start": body["start"],
            "end": "2027-03-04T10:45:00+01:00",
            "staff": stays["id"],
        }


def test_without_staff_whoever_is_free_is_taken(db, house):
    house.staff.append(house.add_staff("Person 2"))
    house.service = house.add_service(house.staff)
    booked = [house.book()["staff"], house.book()["staff"]]
    assert sorted(booked) == sorted(each["id"] for each in house.staff)
    problem(house.post("/appointments", house.booking(), 409), "taken")


# The path


def test_the_whole_way_to_completed(house):
    booked = house.book()
    confirm(house, booked)
    assert house.get(f"/appointments/{booked['id']}").json()["state"] == "confirmed"
    assert house.ask(booked, "acknowledge").json()["acknowledged"] is True
    pass_time(days=2, hours=2)
    assert house.ask(booked, "arrive", {}).json()["state"] == "attended"
    done = house.ask(booked, "complete", {"reason": "all well"}).json()
    assert done["state"] == "completed"
    assert done["outcome"]["value"] == "completed"
    assert done["outcome"]["source"] == "integration"
    assert done["outcome"]["actor"] == "integration:till"
    assert done["allowed"] == ["complain", "refund", "correct", "contact", "new-link"]
    offered = house.get("/hand-offs", status="offered").json()["items"]
    assert {each["to"] for each in offered} == {"follow_up", "reputation", "reactivation"}


def test_a_move_closes_the_leg_and_opens_the_next(house):
    booked = house.book()
    moved = house.ask(booked, "reschedule", {"start": "2027-03-03T10:30:00+01:00"}).json()
    assert (moved["id"], moved["reference"]) == (booked["id"], booked["reference"])
    assert moved["start"] == "2027-03-03T10:30:00+01:00"
    assert moved["leg"] == 2
    assert [leg["state"] for leg in moved["legs"]] == ["rescheduled", "scheduled"]
    assert moved["version"] > booked["version"]


def test_a_move_that_cannot_be_had_changes_nothing(house):
    booked = house.book()
    house.book("2027-03-03T12:00:00+01:00")
    body = {"start": "2027-03-03T12:00:00+01:00"}
    refused = problem(house.ask(booked, "reschedule", body, 409), "taken")
    assert refused["alternatives"]
    assert house.get(f"/appointments/{booked['id']}").json() == booked


def test_the_alternatives_of_a_move_may_overlap_the_old_time(house):
    booked = house.book()
    refused = house.ask(booked, "reschedule", {"start": "2027-03-03T10:07:00+01:00"}, 409)
    starts = [slot["start"] for slot in problem(refused, "off_grid")["alternatives"]]
    assert starts[0] == "2027-03-03T10:15:00+01:00"


def test_a_move_to_staff_who_are_not_there_is_not_found(house):
    body = {"start": WEDNESDAY, "staff": "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"}
    refused = problem(house.ask(house.book(), "reschedule", body, 404), "not_found")
    assert refused["errors"][0]["pointer"] == "#/staff"


@pytest.mark.parametrize(
    ("by", "outcome"),
    [
        ("customer", "cancelled_by_customer"),
        ("business", "cancelled_by_business"),
        ("staff", "cancelled_by_business"),
    ],
)
def test_a_cancellation_is_put_down_to_whose_wish_it_was(house, by, outcome):
    body = {"reason": "ill", "by": by}
    cancelled = house.ask(house.book(), "cancel", body).json()
    assert (cancelled["state"], cancelled["outcome"]["value"]) == ("cancelled", outcome)
    house.book()  # the slot is free again


def test_the_customers_own_window_does_not_bind_the_api(house):
    booked = house.book()
    pass_time(days=2, hours=1)  # an hour before
    change = house.timeline(booked)["change"]
    assert (change["customer"]["allowed"], change["business"]["allowed"]) == (False, True)
    assert house.ask(booked, "cancel", {"by": "customer"}).json()["state"] == "cancelled"


@pytest.mark.parametrize("request_", ["cancel", "miss"])
@pytest.mark.parametrize("by", ["nobody", "", None, 1])
def test_whose_doing_it_was_must_be_known(house, request_, by):
    refused = problem(house.ask(house.book(), request_, {"by": by}, 422), "invalid")
    assert refused["errors"][0]["pointer"] == "#/by"


def test_a_miss_is_put_down_to_whose_doing_it_was(house):
    booked = house.book()
    refused = problem(house.ask(booked, "miss", {"by": "customer"}, 409), "not_allowed")
    assert "has not started" in refused["detail"]
    pass_time(days=2, hours=3)
    assert house.ask(booked, "miss", {"by": "business"}).json()["outcome"]["value"] == (
        "missed_by_business"
    )


def test_what_was_recorded_wrongly_is_put_right(house):
    booked = house.book()
    pass_time(days=2, hours=3)
    house.ask(booked, "miss", {"by": "customer"})
    body = {"state": "completed", "reason": "was in the other room"}
    assert house.ask(booked, "correct", body).json()["state"] == "completed"


def test_an_arrival_of_somebody_untold_is_taken_back_to_scheduled(house):
    booked = house.book()
    pass_time(days=2)
    house.ask(booked, "arrive")
    body = {"state": "confirmed", "reason": "the wrong row"}
    refused = problem(house.ask(booked, "correct", body, 409), "not_allowed")
    assert refused["detail"] == "The customer was never told: correct it to scheduled."
    body["state"] = "scheduled"
    assert house.ask(booked, "correct", body).json()["state"] == "scheduled"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"state": "completed"}, "#/reason"),
        ({"state": "completed", "reason": " "}, "#/reason"),
        ({"state": "done", "reason": "x"}, "#/state"),
    ],
)
def test_a_correction_needs_a_reason_and_a_state(house, body, pointer):
    refused = problem(house.ask(house.book(), "correct", body, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer


def test_a_request_the_path_refuses_says_what_may_be_done(house):
    booked = house.book()
    house.ask(booked, "cancel", {"by": "customer"})
    pass_time(days=2, hours=3)
    refused = problem(house.ask(booked, "arrive", status=409), "not_allowed")
    assert "correct" in refused["allowed"]
    assert "arrive" not in refused["allowed"]


def test_after_the_end_nothing_rewrites_history(house):
    booked = house.book()
    pass_time(days=2, hours=3)
    for request, body in (
        ("cancel", {"by": "business"}),
        ("reschedule", {"start": "2027-03-05T10:00:00+01:00"}),
    ):
        problem(house.ask(booked, request, body, 409), "not_allowed")


# Versions


def test_a_stale_version_is_refused_and_the_present_one_named(house):
    booked = house.book()
    moved = house.ask(booked, "acknowledge", If_Match=f'"{booked["version"]}"').json()
    refused = house.ask(
        booked, "cancel", {"by": "customer"}, 412, If_Match=f'"{booked["version"]}"'
    )
    assert problem(refused, "stale")["version"] == moved["version"]
    assert refused["ETag"] == f'"{moved["version"]}"'
    # Any of several will do, and without the header it is simply done.
    several = f'"1", "{moved["version"]}"'
    house.ask(booked, "acknowledge", If_Match=several)
    house.ask(booked, "acknowledge", If_Match="*")
    house.ask(booked, "cancel", {"by": "customer"})


@pytest.mark.parametrize("tag", ['W/"2"', '"x"', "nonsense"])
def test_a_tag_that_cannot_be_the_present_one_is_stale(house, tag):
    booked = house.book()
    problem(house.ask(booked, "acknowledge", None, 412, If_Match=tag), "stale")


def test_what_has_not_changed_is_not_sent_again(house):
    booked = house.book()
    path = f"/appointments/{booked['id']}"
    tag = house.get(path)["ETag"]
    same = house.get(path, 304, headers={"If-None-Match": f'"0", W/{tag}'})
    assert (same.content, same["ETag"]) == (b"", tag)
    house.ask(booked, "acknowledge")
    assert house.get(path, headers={"If-None-Match": tag}).json()["acknowledged"] is True


# Reading


def test_the_list_is_by_time_and_can_be_narrowed(house):
    late = house.book("2027-03-05T10:00:00+01:00")
    early = house.book("2027-03-03T10:00:00+01:00")
    house.ask(late, "cancel", {"by": "customer"})

    def ids(**query):
        return [each["id"] for each in house.get("/appointments", **query).json()["items"]]

    assert ids() == [early["id"], late["id"]]
    assert ids(state="cancelled") == [late["id"]]
    assert ids(**{"from": "2027-03-04T00:00:00+01:00"}) == [late["id"]]
    assert ids(to="2027-03-04T00:00:00+01:00") == [early["id"]]
    assert house.get("/appointments").json()["items"][0] == early


def test_an_appointment_is_found_by_its_reference_however_it_is_typed(house):
    booked, other = house.book(), house.book("2027-03-04T10:00:00+01:00")
    for typed in (booked["reference"], booked["reference"].lower().replace("-", " ")):
        assert house.get("/appointments", reference=typed).json()["items"] == [booked]
    assert house.get("/appointments", reference="AAA-AAAAA").json()["items"] == []
    problem(house.get("/appointments", 422, reference="\x00"), "invalid")
    foreign = House("Other Studio").open()
    assert foreign.get("/appointments", reference=other["reference"]).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"from": "2027-03-03"},
        {"form": "x"},
        {"to": "2027-03-03T10:00:00Z", "from": "2027-03-03T10:00:00Z"},
    ],
)
def test_a_filter_that_is_wrong_is_named(house, query):
    refused = problem(house.get("/appointments", 422, **query), "invalid")
    assert refused["errors"][0]["pointer"] == f"?{next(iter(query))}"


def test_a_plus_sign_lost_in_the_address_is_explained(house):
    response = house.client.get("/api/v1/appointments?from=2027-03-03T10:00:00+01:00")
    assert "%2B" in problem(response, "invalid")["errors"][0]["detail"]


def test_the_timeline_has_events_controls_and_messages(house):
    booked = house.book()
    told = house.timeline(booked)
    assert told["events"][0]["name"] == "booked"
    assert told["events"][0]["actor"] == {"role": "integration", "name": "till"}
    controls = {each["name"]: each for each in told["controls"]}
    assert controls["first_reminder"]["due_at"] == "2027-03-02T10:00:00+01:00"
    assert controls["first_reminder"]["status"] == "planned"
    (message,) = told["messages"]
    assert (message["control"], message["leg"], message["channel"]) == ("confirmation", 1, "email")
    assert message["to"] == MIA["email"]
    assert message["status"] == "queued"
    assert message["handed_over_at"] is None
    assert message["evidence"] == [
        {"kind": "queued", "at": "2027-03-01T08:00:00+01:00", "detail": ""}
    ]
    assert told["change"]["customer"]["until"] == "2027-03-03T08:00:00+01:00"


def test_instants_carry_the_offset_of_their_own_date(db, house):
    booked = house.book("2027-03-29T10:00:00+02:00")
    assert booked["start"] == "2027-03-29T10:00:00+02:00"
    assert booked["created_at"] == "2027-03-01T08:00:00+01:00"


def test_the_same_moment_may_be_given_in_any_offset(house):
    assert house.book("2027-03-03T09:00:00Z")["start"] == WEDNESDAY


NIGHT = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(7)]
LEFT_OUT = "2027-03-28T02:30:00+01:00"


@pytest.mark.parametrize("start", [LEFT_OUT, "2027-03-28T02:30:00+02:00"])
def test_a_time_that_the_clocks_leave_out_is_refused_although_its_offset_names_a_moment(
    house, start
):
    """The offset of the place stands behind a time of the place, and there is none such."""
    night = house.add_service([house.add_staff("Nox", weekly_hours=NIGHT)], "Night watch")
    booked = house.book("2027-03-28T04:00:00+02:00", service=night["id"])
    wanted = house.booking(start, service=night["id"])
    for refused in (
        house.post("/appointments", wanted, 422),
        house.ask(booked, "reschedule", {"start": start}, 422),
    ):
        (error,) = problem(refused, "invalid")["errors"]
        assert error["pointer"] == "#/start"
        assert "02:30 does not exist in Europe/Berlin" in error["detail"]
        assert "2027-03-28 03:00" in error["detail"]


def test_written_in_another_offset_it_is_the_moment_it_says(house):
    night = house.add_service([house.add_staff("Nox", weekly_hours=NIGHT)], "Night watch")
    for start in ("2027-03-28T01:30:00Z", "2027-03-28T02:45:00-04:00"):
        moment = datetime.fromisoformat(start)
        booked = house.book(start, service=night["id"])
        assert datetime.fromisoformat(booked["start"]) == moment


def test_reading_changes_nothing(house):
    booked = house.book()
    before = house.timeline(booked)
    for path in ("/appointments", f"/appointments/{booked['id']}", "/health", "/services"):
        house.get(path)
        assert house.client.head(f"/api/v1{path}").content == b""
    assert house.timeline(booked) == before


def test_another_zone_is_another_offset(db, house):
    tokyo = House("Tokyo Salon", "Asia/Tokyo").open()
    assert tokyo.book("2027-03-03T01:00:00Z")["start"] == "2027-03-03T10:00:00+09:00"
    assert MONDAY.utcoffset() is not None


# What follows


def completed(house):
    booked = house.book()
    pass_time(days=2, hours=3)
    house.ask(booked, "complete")
    return booked


def test_nothing_follows_before_the_outcome_is_received(house):
    booked = completed(house)
    path = f"/appointments/{booked['id']}/following"
    assert house.get(path).json()["items"] == []
    problem(house.post(f"{path}/said", {"said": "went_well"}, 409), "not_allowed")


def by_path(items):
    return {each["path"]: each for each in items}


def test_what_follows_is_shown_apart_from_the_timeline(house):
    booked = completed(house)
    receive_offered(now())
    line = house.timeline(booked)
    items = house.get(f"/appointments/{booked['id']}/following").json()["items"]
    followed, due = (by_path(items)[path] for path in ("follow_up", "reactivation"))
    assert due["result"] == "no due date"
    assert followed["state"] == "open"
    assert {each["name"] for each in followed["controls"]} == {"how_did_it_go", "follow_up_end"}
    assert {each["name"] for each in line["controls"]}.isdisjoint({"how_did_it_go"})
    assert {each["name"] for each in line["events"]}.isdisjoint({"visit_completed"})


def test_what_the_customer_said_is_kept_once_and_a_complaint_names_its_appointment(house):
    booked = completed(house)
    receive_offered(now())
    path = f"/appointments/{booked['id']}/following/said"
    body = {"said": "went_badly", "words": "It hurts."}
    for _ in range(2):
        items = house.post(path, body, Idempotency_Key="s1").json()["items"]
    followed = by_path(items)["follow_up"]
    assert [each["name"] for each in followed["events"]].count("went_badly") == 1
    assert (followed["state"], followed["words"]) == ("complaint", "It hurts.")
    later = {"said": "snoozed", "until": "2027-06-01T10:00:00+02:00"}
    problem(house.post(path, later, 409), "not_allowed")  # nothing asks them to come again
    problem(house.post(path, {"said": "snoozed"}, 422), "invalid")
    problem(house.post(path, {"said": "run_out"}, 422), "invalid")
    (complaint,) = house.get("/escalations", open="true").json()["items"]
    assert (complaint["kind"], complaint["appointment"]) == ("COMPLAINT", booked["id"])
    assert complaint["leg"] == 1
