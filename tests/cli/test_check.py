"""`kept check`: says which promise is broken, by what, and exits with 1."""

from tests.cli.conftest import SETUP

BREAK = """
from datetime import timedelta
from django.db import connection
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
    parse_instant("2027-03-03T10:00:00+01:00"),
    checked_contact("Mia Sommer", "mia@example.com"),
)
visit = actions.book(business, booking, now(), Actor(Role.CUSTOMER))
with connection.cursor() as cursor:
    cursor.execute("UPDATE cases_case SET state = 'attended'")
print(visit.reference)
"""


def test_a_new_installation_keeps_every_promise(house):
    house.kept(*SETUP)
    done = house.kept("check")
    assert len(done.out.splitlines()) == 12
    assert "BROKEN" not in done.out
    assert done.err.splitlines()[-1] == "Every promise holds."
    assert all(line.startswith("Note: ") for line in done.err.splitlines()[:-1])


def test_what_breaks_a_promise_is_named(studio):
    reference = studio.python(BREAK)
    done = studio.kept("check", code=1)
    assert "10  BROKEN  The state equals the fold of the events" in done.out
    assert done.out.count(reference) > 1
    # What is planned belongs to the state that it had.
    assert done.sentence == "Promises 6, 10 are broken."


def test_one_promise_can_be_looked_at_alone(studio):
    studio.python(BREAK)
    assert "ok" in studio.kept("check", "--only", "1").out
    broken = studio.kept("check", "--only", "10", "--json", code=1).json
    assert [(each["number"], each["ok"]) for each in broken] == [(10, False)]
    assert broken[0]["broken"]
