"""What an integrator's mail gateway posts about messages that left."""

import pytest

from tests.api.house import House, deliver_all, problem


@pytest.fixture
def sent(house):
    """A confirmation the mail server took, and its appointment."""
    booked = house.book()
    deliver_all()
    return house.timeline(booked)["messages"][0], booked


def report(house, message, kind="bounced", status=200, **more):
    name = message if isinstance(message, str) else message["id"]
    return house.post(f"/messages/{name}/reports", {"kind": kind, **more}, status)


def test_a_bounce_shows_in_the_timeline_and_asks_for_a_person(house, sent):
    message, booked = sent
    answer = report(house, message, detail="552 5.2.2 full", at="2027-03-01T08:00:00+01:00").json()
    assert (answer["status"], answer["evidence"][-1]["kind"]) == ("failed", "bounced")
    life = house.timeline(booked)
    assert life["messages"] == [answer]
    assert [each["kind"] for each in life["escalations"]] == ["CONFIRMATION_FAILED"]
    (event,) = [each for each in life["events"] if each["name"] == "message_failed"]
    assert event["actor"] == {"role": "integration", "name": "till"}
    assert house.get(f"/appointments/{booked['id']}").json()["told"] is None


def test_the_message_id_of_the_letter_names_it_as_well(house, sent):
    message, _ = sent
    for name in (message["message_id"].strip("<>"), message["id"].replace("-", "")):
        assert report(house, name, "delivered").json()["status"] == "delivered"


def test_of_another_business_or_of_none_there_is_no_such_message(house, sent):
    other = House("Other Clinic")
    problem(report(other, sent[0], status=404), "not_found")
    problem(report(house, "nothing-of-ours@example.com", status=404), "not_found")
    assert house.timeline(sent[1])["messages"][0]["status"] == "accepted"


def test_what_never_left_cannot_be_reported(house):
    message = house.timeline(house.book())["messages"][0]
    problem(report(house, message, status=409), "not_allowed")


def test_a_report_of_no_known_kind_is_refused(house, sent):
    problem(report(house, sent[0], "read", 422), "invalid")
