"""A business to try things on: made anew by each test, on a clock that stands still."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from kept.accounts import actions as accounts
from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.actions import Booking
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Actor, Role
from kept.core.time import WeeklyHours
from kept.leads import actions as leads
from kept.leads.actions import Asked
from kept.people.actions import checked_contact
from kept.schedule import actions as schedule

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
"""A Monday, 08:00 in Berlin."""

FRONT_DESK = Actor(Role.STAFF, "desk@example.com")
CUSTOMER = Actor(Role.CUSTOMER)


class House:
    """One business with an owner, a front desk, two people who work there and one service."""

    def __init__(self, name="Harbour Clinic", prefix=""):
        self.business, self.owner = accounts.create_business(
            name,
            "Europe/Berlin",
            f"{prefix}owner@example.com",
            NOW,
            currency="EUR",
            # Who is due again is kept by a program of the business's own, which answers over the
            # API; so the desk has something to take over by hand.
            policy={"built_in": ["follow_up", "reputation"]},
            phone="+442079460100",
            address="12 Canal Street, Riverton",
        )
        self.desk = accounts.add_member(
            self.business, f"{prefix}desk@example.com", Member.FRONT_DESK
        )
        self.worker = accounts.add_member(self.business, f"{prefix}ada@example.com", Member.STAFF)
        hours = [WeeklyHours(day, time(9), time(17)) for day in range(5)]
        new = schedule.create_staff
        self.ada = new(
            self.business.id, "Ada Lindt", f"{prefix}ada@example.com", "Europe/Berlin", hours
        )
        self.ben = new(self.business.id, "Ben Okoro", "", "Europe/Berlin", hours)
        self.service = schedule.create_service(
            self.business.id,
            schedule.ServiceDetails(
                "Foot care", 45, 0, 15, price=Decimal(60), staff=[self.ada.id, self.ben.id]
            ),
        )

    def book(self, at=None, name="Mia Wong", staff=None, **contact):
        """An appointment (by default today 10:00 in Berlin, with Ada)."""
        contact.setdefault("email", f"{name.split()[0].lower()}@example.com")
        booking = Booking(
            self.service.id,
            at or NOW + timedelta(hours=2),
            checked_contact(name, **contact),
            staff=(staff or self.ada).id,
            freely=True,
        )
        return appointments.book(self.business, booking, clock_queries.now(), CUSTOMER)


def asks(house, name="Ida Asks", source="form", words="Do you treat heels?", **contact):
    """Somebody asks something; answers the lead. `agrees`: the words beside a box they ticked."""
    agrees = contact.pop("agrees", "")
    contact.setdefault("email", f"{name.split()[0].lower()}@example.com")
    person, service = checked_contact(name, **contact), house.service.id
    asked = Asked(person, source, words=words, service=service, agrees=agrees)
    return leads.receive(house.business, asked, clock_queries.now(), CUSTOMER).lead


def start_clock(at=NOW):
    """The time-lapse clock, standing still."""
    clock.start(at, speed=0)


def leg(appointment):
    return queries.current_leg(appointment)


def state(appointment):
    return leg(appointment).case.state


def version(appointment):
    return leg(appointment).case.version
