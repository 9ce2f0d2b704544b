"""Reviews over the API: pages named, reviews replied to, everybody counted."""

import pytest

from kept.clock.queries import now
from kept.journeys.actions import receive_offered
from tests.api.house import House, pass_time, problem

PAGE = {"name": "Example Reviews", "url": "https://reviews.example.com/harbour"}
REVIEW = {"site": "Example Reviews", "rating": 2, "words": "I waited an hour.", "author": "M. W."}


def kinds(house):
    return sorted(row["kind"] for row in house.get("/escalations?open=true").json()["items"])


def test_a_page_is_named_shown_and_removed(house):
    made = house.post("/review-pages", PAGE, 201).json()
    assert made == {"id": made["id"], "place": "", **PAGE}
    assert house.post("/review-pages", PAGE, 201).json()["id"] == made["id"]
    assert house.get("/review-pages").json()["items"] == [made]
    assert house.get(f"/review-pages/{made['id']}").json() == made
    assert house.delete(f"/review-pages/{made['id']}").json() == {"appointments": []}
    problem(house.get(f"/review-pages/{made['id']}", 404), "not_found")


@pytest.mark.parametrize("url", ["http://example.com/", "https://a:b@example.com/", "nothing"])
def test_what_is_no_page_by_https_is_refused(house, url):
    refused = problem(house.post("/review-pages", {**PAGE, "url": url}, 422), "invalid")
    assert refused["errors"][0]["pointer"] == "#/url"


def test_a_review_is_for_a_person_and_twice_it_is_one(house):
    before = kinds(house)
    first = house.post("/reviews", REVIEW, 201).json()
    assert (first["rating"], first["open"]) == (2, True)
    assert house.post("/reviews", REVIEW, 201).json()["id"] == first["id"]
    assert sorted(set(kinds(house)) - set(before)) == ["REVIEW_RECOVERY", "REVIEW_REPLY"]
    [reply] = [
        row for row in house.get("/escalations").json()["items"] if row["kind"] == "REVIEW_REPLY"
    ]
    assert (reply["appointment"], reply["lead"]) == (None, None)
    assert "I waited an hour." in reply["tried"]
    taken = house.post(f"/reviews/{first['id']}/withdraw").json()
    assert taken["open"] is False
    assert kinds(house) == before
    problem(house.post(f"/reviews/{first['id']}/withdraw", None, 409), "not_allowed")


def test_two_with_ids_of_their_own_are_two(house):
    for external in ("r1", "r2", "r1"):
        house.post("/reviews", {**REVIEW, "external_id": external}, 201)
    assert len(house.get("/reviews").json()["items"]) == 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rating": 6}, "#/rating"),
        ({"site": " "}, "#/site"),
        ({"written_on": "2030-01-01"}, "#/written_on"),
        ({"written_on": 5}, "#/written_on"),
        ({"url": "http://example.com"}, "#/url"),
    ],
)
def test_what_cannot_be_kept_is_named(house, change, pointer):
    refused = problem(house.post("/reviews", {**REVIEW, **change}, 422), "invalid")
    assert refused["errors"][0]["pointer"] == pointer


def test_a_visit_of_another_business_is_not_found(house):
    theirs = House("Other Studio").open().book()
    refused = {**REVIEW, "appointment": theirs["id"]}
    problem(house.post("/reviews", refused, 404), "not_found")


def test_who_belongs_to_the_business_is_not_asked_and_counted(house):
    house.post("/review-pages", PAGE, 201)
    booked = house.book()
    assert house.ask(booked, "insider", {"insider": True}).json() == {"insider": True}
    assert house.ask(booked, "insider", {"insider": False}).json() == {"insider": False}
    house.ask(booked, "insider", {"insider": True})
    assert house.get("/reviews/equality").json()["everybody"]["visits"] == 0
    pass_time(days=3)
    house.ask(booked, "complete")
    pass_time(minutes=1)
    receive_offered(now())
    found = house.get("/reviews/equality?days=30").json()
    assert found["everybody"]["reasons"] == {"insider": 1}
    assert found["by_service"][0]["rate"] == 0.0
    [follows] = [
        row
        for row in house.get(f"/appointments/{booked['id']}/following").json()["items"]
        if row["path"] == "reputation"
    ]
    assert follows["result"] == "insider"
