"""`kept person`: where somebody stands on every path, and what happened with them."""

import pytest

from tests.cli.test_explain import live

pytestmark = pytest.mark.one_database


@pytest.fixture
def mia(studio):
    """She has been here, has refused suggestions, and is booked again; (reference, id)."""
    return live(
        studio,
        """
from kept.cli.week import DESK
from kept.journeys import actions as journeys
visit = book("Mia Sommer", "2027-03-03T10:00:00+01:00", email="mia@example.com")
pass_time(parse_instant("2027-03-03T11:00:00+01:00"))
actions.say(visit, "completed", now(), DESK)
loop.turn_once()
how = {"source": "letter", "wording": "No [b]more"}
journeys.refuse_suggestions(visit.customer_id, now(), CUSTOMER, **how)
again = book("Mia Sommer", "2027-03-12T10:00:00+01:00", email="mia@example.com")
print(again.reference, visit.customer_id)
""",
    ).split()


def test_it_says_where_they_stand_and_what_is_next(studio, mia):
    reference, _ = mia
    told = studio.kept("person", reference.lower()).out
    assert told.startswith("Mia Sommer  mia@example.com")
    assert "Nothing for marketing is written: the customer refused suggestions." in told
    assert "refused marketing (letter): No [b]more" in told
    assert f"Appointment  {reference}  confirmed" in told
    assert "first reminder" in told
    assert "What happened, the newest first" in told


def test_the_whole_is_there_as_data_by_reference_and_by_id(studio, mia):
    by_reference, by_id = (studio.kept("person", who, "--json").json for who in mia)
    assert by_reference == by_id
    assert by_id["not_to_write"] == {"marketing": "the customer refused suggestions"}
    assert {("appointment", "confirmed"), ("appointment", "completed")} <= {
        (each["path"], each["state"]) for each in by_id["cases"]
    }
    times = [each["at"] for each in by_id["timeline"]]
    assert times == sorted(times, reverse=True)
    kinds = {each["kind"] for each in by_id["timeline"]}
    assert {"change", "letter", "wish", "hand_off"} <= kinds


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("XXX-XXXXX", "a reference like KX7-M2PT9"),
        ("0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44", "There is no person"),
    ],
)
def test_who_there_is_not_is_said(studio, who, says):
    assert says in studio.kept("person", who, code=1).sentence
