"""`kept late`: what a time without a worker has left behind."""

import pytest

pytestmark = pytest.mark.one_database

AWAY = """
from datetime import timedelta
from kept.accounts import queries as accounts
from kept.appointments import actions
from kept.clock import actions as clock
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.people.actions import checked_contact
from kept.schedule import queries as schedule
from kept.worker import loop
business = accounts.businesses()[0]
service = schedule.services(business.id)[0]
start = now().replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=3)
mia = checked_contact("Mia Sommer", "mia@example.com", "+442079460123")
booking = actions.Booking(service.id, start, mia, freely=True)
booked = actions.book(business, booking, now(), Actor(Role.STAFF, "desk@example.com"))
loop.turn_once()
clock.advance_to(start - timedelta(minutes=10))
loop.turn_once()
print(booked.reference)
"""


def test_it_says_who_was_not_reminded_and_how_to_reach_them(studio):
    nothing = studio.kept("late", "--json").json
    assert (nothing["late"], nothing["not_reminded"]) == (0, [])
    reference = studio.python(AWAY)
    found = studio.kept("late", "--since", "1h", "--json").json
    assert (found["late"], found["longest_seconds"]) == (1, (23 * 60 + 50) * 60)
    # Both reminders, and the one of what is to be prepared.
    assert (found["expired"], found["superseded"]) == (3, 0)
    [missed] = found["not_reminded"]
    assert (missed["reference"], missed["customer"]) == (reference, "Mia Sommer")
    told = studio.kept("late").out
    assert "1 done late, the longest by 23 h 50 min" in told
    assert "1 got no reminder at all:" in told
    assert f"{reference}  " in told
    assert "+44 20 7946 0123" in told or "+442079460123" in told


def test_another_business_is_asked_for_by_name(studio):
    assert (
        "There is no business 'quay'" in studio.kept("late", "--business", "quay", code=1).sentence
    )
