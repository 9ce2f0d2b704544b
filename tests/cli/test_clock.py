"""`kept clock`: one clock for the installation, moved only where it may be."""

import pytest

from tests.cli.conftest import SETUP

pytestmark = pytest.mark.one_database

START = "2027-03-01T08:00:00+01:00"


def test_the_clock_starts_where_it_was_told(studio):
    shown = studio.kept("clock", "--json").json
    assert shown["lapse"]
    assert shown["now"].startswith("2027-03-01T08:00:0")
    assert shown["now"].endswith("+01:00")


def test_a_database_on_the_time_lapse_clock_goes_on_from_where_it_was_and_says_so(studio):
    studio.kept("clock", "speed", "0")
    studio.kept("clock", "set", "2027-03-02T12:00:00Z")
    again = studio.kept(*SETUP, "--another", "--clock", "2027-06-01T08:00:00Z", "--json")
    assert "goes on from where it was, 2027-03-02T12:00:00+00:00" in again.err
    assert studio.kept("clock", "--json").json["now"].startswith("2027-03-02T13:00:00")
    assert "goes on" not in studio.kept(*SETUP, "--another", "--json").err


def test_advance_jumps_forward_and_says_what_time_it_is(studio):
    studio.kept("clock", "speed", "0")
    studio.kept("clock", "set", "2027-03-27T09:00:00+01:00")
    # 23 hours later the clocks of Berlin have been put forward.
    assert "Sun 2027-03-28 09:00:00 +02:00" in studio.kept("clock", "advance", "23h").out


def test_time_does_not_go_back(studio):
    refused = studio.kept("clock", "set", "2027-02-28T08:00:00+01:00", code=1)
    assert refused.sentence == "The clock only goes forward."


def test_the_speed_holds_for_every_process(studio):
    studio.kept("clock", "speed", "0")
    first, second = (studio.kept("clock", "--json").json["now"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("move", "sentence"),
    [
        (("advance", "a while"), "is not a duration such as 23h"),
        (("set", "tomorrow"), "is not a date and time such as"),
        (("speed", "fast"), "is not a valid float"),
        (("speed", "1e9"), "not in the range"),
    ],
)
def test_what_is_not_a_time_is_said_to_be_none(house, move, sentence):
    assert sentence in house.kept("clock", *move, code=2).sentence


MOVES = [("advance", "1h"), ("advance", "1h", "--through"), ("set", START), ("speed", "60")]


@pytest.mark.parametrize("wrong", ["2027-03-01T08:00:00", "2027-03-01T08:00", "tomorrow"])
def test_an_instant_without_its_offset_is_explained_for_a_command_line(house, wrong):
    said = house.kept(*SETUP, "--clock", wrong, code=2).sentence
    assert "--clock" in said
    assert "+01:00" in said or "+02:00" in said
    assert "web address" not in said


@pytest.mark.parametrize("move", MOVES, ids=" ".join)
def test_the_real_clock_cannot_be_moved(house, move):
    house.kept(*SETUP)
    assert "real clock" in house.kept("clock", *move, code=1).sentence
    assert not house.kept("clock", "--json").json["lapse"]


def test_a_database_on_the_real_clock_never_leaves_it(house):
    house.kept(*SETUP)
    for command in (("serve", "--clock", START), (*SETUP, "--clock", START)):
        refused = house.kept(*command, code=1)
        assert "lives on the real clock" in refused.sentence
        assert "KEPT_DATA_DIR" in refused.sentence


def test_a_refused_setup_leaves_no_business_behind(house):
    house.kept(*SETUP)
    house.kept(*SETUP, "--clock", START, code=1)
    counted = house.python("from kept.accounts import queries; print(len(queries.businesses()))")
    assert counted == "1"


def test_the_speed_of_the_real_clock_cannot_be_chosen(house):
    assert "--clock" in house.kept("serve", "--speed", "60", code=1).sentence


BOOKING = """
from datetime import timedelta
from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.core.time import parse_instant
from kept.people.actions import checked_contact
from kept.schedule import queries as schedule
business = accounts.businesses()[0]
service = schedule.services(business.id)[0]
booking = actions.Booking(
    service.id, parse_instant("START"), checked_contact("Mia Sommer", "mia@example.com")
)
print(actions.book(business, booking, now(), Actor(Role.CUSTOMER)).reference)
"""


def test_without_a_worker_it_says_that_what_is_due_waits(studio):
    studio.python(BOOKING.replace("START", "2027-03-03T10:00:00+01:00"))
    moved = studio.kept("clock", "advance", "1d")
    assert "Tue 2027-03-02" in moved.out
    assert "No worker is running" in moved.err


def test_stepping_through_needs_a_worker(studio):
    refused = studio.kept("clock", "advance", "1d", "--through", code=1)
    assert "No worker is running" in refused.sentence
    assert studio.kept("clock", "--json").json["now"].startswith("2027-03-01T08")


def test_an_advance_waits_until_the_worker_has_caught_up(studio):
    reference = studio.python(BOOKING.replace("START", "2027-03-03T10:00:00+01:00"))
    worker = studio.start("work")
    worker.wait_for("turns the handle")
    moved = studio.kept("clock", "set", "2027-03-02T10:30:00+01:00", "--through", "--json").json

    assert moved["handled"]
    story = studio.kept("explain", reference, "--json").json
    sent = {each["control"]: each["status"] for each in story["legs"][0]["messages"]}
    assert sent == {"confirmation": "accepted", "first_reminder": "accepted"}
    assert worker.stop() == 0
