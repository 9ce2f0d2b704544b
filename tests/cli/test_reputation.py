"""`kept reputation`: whether everybody is asked for a review alike."""

import pytest

pytestmark = pytest.mark.one_database

SERVED = """
from datetime import timedelta
from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.clock import actions as clock
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.journeys import reputation
from kept.people.actions import checked_contact
from kept.schedule import queries as schedule
from kept.worker import loop
business = accounts.businesses()[0]
service = schedule.services(business.id)[0]
desk = Actor(Role.STAFF, "desk@example.com")
reputation.add_link(business.id, "Example", "https://reviews.example.com/", now(), desk)
start = now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
for at, name in enumerate(("Mia Sommer", "Leo Ek")):
    contact = checked_contact(name, f"{name[:3].lower()}@example.com")
    moment = start + timedelta(hours=2 * at)
    booked = actions.book(business, actions.Booking(service.id, moment, contact, freely=True),
                          now(), desk)
    clock.advance_to(moment)
    loop.turn_once()
    actions.say(booked, "completed", now(), desk)
    loop.turn_once()
reputation.mark_insider(business.id, booked.customer_id, True, now(), desk)
for _ in range(4):
    clock.advance_to(now() + timedelta(days=1))
    loop.turn_once()
"""


def test_it_counts_who_was_asked_and_says_why_others_were_not(studio):
    assert studio.kept("reputation", "--json").json["everybody"]["visits"] == 0
    studio.python(SERVED)
    found = studio.kept("reputation", "--json").json
    assert (found["everybody"]["visits"], found["everybody"]["asked"]) == (2, 1)
    assert found["everybody"]["reasons"] == {"insider": 1}
    assert found["everybody"]["share"]["of"] == 2
    told = studio.kept("reputation").out
    assert "2 visits of which somebody saw that they took place" in told
    assert "1 insider" in told
