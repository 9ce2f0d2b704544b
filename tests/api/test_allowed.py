"""`allowed` says exactly what would be accepted now, and the ETag notices when that changes."""

import pytest

from tests.api.house import pass_time, problem

START = "2027-03-03T10:00:00+01:00"
BODIES = {
    "acknowledge": {},
    "request-change": {},
    "late": {"minutes": 5},
    "tell": {"reason": "by phone"},
    "resend": {},
    "contact": {"phone": "+44 20 7946 0123"},
    "new-link": {},
    "arrive": {},
    "complete": {},
    "miss": {"by": "customer"},
    "cancel": {"by": "customer"},
    "complain": {"reason": "It hurts."},
    "refund": {},
    "reschedule": {"start": "2027-03-10T10:00:00+01:00"},
}
ALWAYS = ["contact", "new-link"]
BEFORE = ["tell", "acknowledge", "request-change", "late", "resend"]


def read(house, booked, **headers):
    return house.get(f"/appointments/{booked['id']}", headers=headers)


def allowed(house, booked):
    return read(house, booked).json()["allowed"]


def test_days_before_it_is_not_completed_arrived_or_missed(house):
    booked = house.book()
    assert sorted(booked["allowed"]) == sorted([*BEFORE, "cancel", "reschedule", *ALWAYS])
    refused = problem(house.ask(booked, "complete", status=409), "not_allowed")
    assert "another day" in refused["detail"]
    assert refused["allowed"] == booked["allowed"]


def test_after_the_end_only_the_outcome_is_left(house):
    booked = house.book()
    pass_time(days=2, hours=3)
    assert set(allowed(house, booked)) == {"tell", "arrive", "complete", "miss", *ALWAYS}
    refused = problem(house.ask(booked, "cancel", {"by": "business"}, 409), "not_allowed")
    assert set(refused["allowed"]) == {"tell", "arrive", "complete", "miss", *ALWAYS}


@pytest.mark.parametrize("hours", [0, 30, 49, 50.1, 51, 75])
@pytest.mark.parametrize("name", BODIES)
def test_what_is_listed_is_accepted_and_what_is_not_is_refused(house, name, hours):
    booked = house.book()
    pass_time(hours=hours)
    expected = 200 if name in allowed(house, booked) else 409
    house.ask(booked, name, BODIES[name], expected)


def test_the_time_it_has_already_is_refused_with_what_may_be_done(house):
    booked = house.book()
    refused = house.ask(booked, "reschedule", {"start": START}, 409)
    assert problem(refused, "not_allowed")["allowed"] == booked["allowed"]


def test_the_tag_changes_with_what_may_be_done_although_nothing_happened(house):
    booked = house.book()
    tag = read(house, booked)["ETag"]
    same = house.get(f"/appointments/{booked['id']}", 304, headers={"If-None-Match": tag})
    assert same["ETag"] == tag
    pass_time(days=2)
    later = read(house, booked, **{"If-None-Match": tag})
    assert later.json()["version"] == booked["version"]
    assert "arrive" in later.json()["allowed"]
    assert later["ETag"] != tag


def test_a_tag_stands_for_its_version_when_something_is_changed(house):
    booked = house.book()
    tag = read(house, booked)["ETag"]
    pass_time(days=2)  # nothing happened, so nobody is in the way
    changed = house.ask(booked, "acknowledge", If_Match=tag)
    problem(house.ask(booked, "acknowledge", None, 412, If_Match=tag), "stale")
    house.ask(booked, "acknowledge", If_Match=f'"1-abc", {changed["ETag"]}')
    house.ask(booked, "late", {"minutes": 5}, 412, If_Match=f"W/{changed['ETag']}")


def test_of_an_escalation_that_is_resolved_nothing_can_be_asked(house):
    house.book(customer={"name": "Leo Marsh"})
    (row,) = house.get("/escalations").json()["items"]
    house.post(f"/escalations/{row['id']}/resolve", {"note": "called"})
    refused = problem(house.post(f"/escalations/{row['id']}/take", None, 409), "not_allowed")
    assert refused["detail"] == "It is already resolved."
    assert refused["allowed"] == []
