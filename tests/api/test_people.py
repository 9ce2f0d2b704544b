"""One person over the API: where they stand on every path, their timeline, what they want."""

import pytest

from kept.people.queries import Consent
from kept.worker import loop
from tests.api.house import House, deliver_all, pass_time, problem, stop_clock


@pytest.fixture
def house(db):
    stop_clock()
    return House().open()


@pytest.fixture
def mia(house):
    """She has been here, and comes again."""
    first = house.book()
    deliver_all()
    pass_time(days=2, hours=4)
    house.ask(first, "complete")
    loop.turn_controls()
    house.book("2027-03-10T10:00:00+01:00")
    return first["customer"]["id"]


def refusal(**changes):
    return {"wish": "contact", "given": False, "wording": "On the phone: no letters.", **changes}


def timeline(house, person, **asked):
    return house.get(f"/people/{person}/timeline", **asked).json()


def test_people_are_found_and_listed_in_pages(house, mia):
    house.book("2027-03-10T12:00:00+01:00", customer={"name": "Leo Marsh"})
    first = house.get("/people", limit=1).json()
    assert [each["name"] for each in first["items"]] == ["Mia Holt"]
    second = house.get("/people", limit=1, cursor=first["next"]).json()
    assert [each["name"] for each in second["items"]] == ["Leo Marsh"]
    assert [each["id"] for each in house.get("/people", q="holt").json()["items"]] == [mia]
    assert house.get("/people", q="nobody").json()["items"] == []


def test_a_person_stands_on_every_path_of_theirs(house, mia):
    person = house.get(f"/people/{mia}").json()
    stands = {(each["path"], each["state"]) for each in person["cases"]}
    assert {("appointment", "completed"), ("follow_up", "open")} <= stands
    follow_up = next(each for each in person["cases"] if each["path"] == "follow_up")
    assert "how_did_it_go" in [each["name"] for each in follow_up["planned"]]
    assert (person["channels"], person["not_to_write"]) == (["email"], {})


def test_the_timeline_tells_everything_the_newest_first_in_pages(house, mia):
    whole = timeline(house, mia, limit=100)["items"]
    assert [each["at"] for each in whole] == sorted((e["at"] for e in whole), reverse=True)
    assert {"change", "letter", "hand_off"} <= {each["kind"] for each in whole}
    letter = next(each for each in whole if each["kind"] == "letter" and each["status"] != "queued")
    assert (letter["name"], letter["status"]) == ("confirmation", "accepted")
    paged, cursor = [], None
    while cursor is not None or not paged:
        page = timeline(house, mia, limit=7, **({"cursor": cursor} if cursor else {}))
        paged, cursor = paged + page["items"], page["next"]
    assert paged == whole
    problem(house.get(f"/people/{mia}/timeline", 422, cursor="x"), "invalid")


def test_a_refusal_holds_at_once_and_is_kept_with_its_proof(house, mia):
    person = house.post(f"/people/{mia}/wishes", refusal()).json()
    assert set(person["not_to_write"]) == {"service", "review", "marketing"}
    assert person["wishes"][0]["wording"] == "On the phone: no letters."
    assert person["wishes"][0]["source"] == "api"
    kinds = [each["kind"] for each in house.get("/escalations", open="true").json()["items"]]
    assert "CONTACT_GAP" in kinds or "NOT_WRITTEN" in kinds
    assert timeline(house, mia)["items"][0]["kind"] in {"wish", "system", "change", "person"}
    allowed = house.post(f"/people/{mia}/wishes", refusal(given=True)).json()
    assert allowed["not_to_write"] == {}
    assert Consent.objects.count() == 2


def test_the_same_request_twice_is_recorded_once(house, mia):
    for _ in range(2):
        house.post(f"/people/{mia}/wishes", refusal(), Idempotency_Key="w1")
    assert Consent.objects.count() == 1


def test_who_has_not_seen_the_last_change_is_refused(house, mia):
    seen = house.get(f"/people/{mia}")["ETag"]
    assert house.get(f"/people/{mia}", 304, headers={"If-None-Match": seen}).content == b""
    house.post(f"/people/{mia}/wishes", refusal(), If_Match=seen)
    answer = house.post(f"/people/{mia}/wishes", refusal(given=True), 412, If_Match=seen)
    problem(answer, "stale")
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"wish": "everything"}, "#/wish"),
        ({"given": "no"}, "#/given"),
        ({"wording": " "}, "#/wording"),
        ({"wording": "x" * 501}, "#/wording"),
    ],
)
def test_a_wish_that_says_nothing_is_refused(house, mia, wrong, pointer):
    answer = house.post(f"/people/{mia}/wishes", refusal(**wrong), 422)
    assert problem(answer, "invalid")["errors"][0]["pointer"] == pointer
    assert not Consent.objects.exists()


def test_who_there_is_not_is_not_found(house):
    unknown = "0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"
    for path in (f"/people/{unknown}", f"/people/{unknown}/timeline", "/people/x"):
        problem(house.get(path, 404), "not_found")
