"""`kept zones`, and what a start with new time-zone rules does and says."""

from importlib import resources

import pytest

pytestmark = pytest.mark.one_database

BOOK = """
from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.core.time import parse_instant
from kept.people.actions import checked_contact
from kept.schedule import queries as schedule
business = accounts.businesses()[0]
booking = actions.Booking(
    schedule.services(business.id)[0].id,
    parse_instant("2027-04-06T10:00:00+02:00"),
    checked_contact("Mia Sommer", "mia@example.com"),
)
print(actions.book(business, booking, now(), Actor(Role.CUSTOMER)).reference)
"""


@pytest.fixture
def new_rules(tmp_path):
    """Settings under which Berlin keeps winter time, as edition 2099a."""
    folder, source = tmp_path / "zones", resources.files("tzdata.zoneinfo")
    for zone, like in [("Europe/Berlin", ("Africa", "Algiers")), ("Etc/UTC", ("Etc", "UTC"))]:
        (folder / zone).parent.mkdir(parents=True, exist_ok=True)
        (folder / zone).write_bytes(source.joinpath(*like).read_bytes())
    (folder / "tzdata.zi").write_text("# version 2099a\n")
    return {"PYTHONTZPATH": str(folder)}


def test_new_rules_are_followed_at_the_start_and_said(studio, new_rules):
    reference = studio.python(BOOK)
    assert "appointments" not in studio.kept("migrate").err
    waiting = studio.kept("zones", "--json", **new_rules).json
    assert (waiting["edition"], waiting["out_of_step"]) == ("2099a", 1)

    said = studio.kept("migrate", **new_rules).err
    assert "New time-zone rules (2099a)" in said
    assert "but another instant: 1; left to a person: 0. Closures moved along: 0." in said

    after = studio.kept("zones", "--json", **new_rules).json
    assert after["out_of_step"] == 0
    assert after["history"][0]["shifted"] == 1
    story = studio.kept("explain", reference, "--json", **new_rules).json
    assert story["start"] == "2027-04-06T10:00:00+01:00"
    assert (
        "1 of 1 appointments ahead shifted, 0 left to a person"
        in studio.kept("zones", **new_rules).out
    )


def test_a_machine_with_older_rules_says_so_and_goes_on(studio, new_rules):
    studio.kept("migrate", **new_rules)
    said = studio.kept("migrate").err
    assert "are older than those this installation has used (2099a): nothing was changed" in said
