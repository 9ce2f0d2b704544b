"""A small business to be governed in a test, and a transport that remembers."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from unittest import mock

from kept.accounts import actions as accounts
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.cases import actions as cases
from kept.channels.base import Receipt
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import Actor, Role
from kept.core.time import WeeklyHours
from kept.people.actions import checked_contact
from kept.schedule import actions as schedule
from kept.worker import deliver

# A Monday, 08:00 UTC; hours are 24/7 in UTC so that a test may book when it likes.
MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)
ALL_WEEK = [WeeklyHours(day, time(0), time(0)) for day in range(7)]

CUSTOMER = Actor(Role.CUSTOMER)
DESK = Actor(Role.STAFF, "desk@example.com")


def contact(name="Mia Lund", email="mia@example.com", phone=""):
    return checked_contact(name, email, phone)


class House:
    """One business with some staff and two services, on a clock that stands still."""

    def __init__(self, name="Harbour Clinic", staff=("Ada",), *, start=MONDAY):
        clock_actions.start(start, speed=0)
        self.business, self.owner = accounts.create_business(
            name, "Europe/Berlin", f"owner@{name.split()[0].lower()}.example.com", start
        )
        self.staff = [
            schedule.create_staff(self.business.id, who, "", "UTC", ALL_WEEK) for who in staff
        ]
        self.service = self._service("Foot care", 45, 15)
        self.short = self._service("Check-up", 15, 0)

    def _service(self, name, minutes, after):
        details = schedule.ServiceDetails(
            name,
            minutes,
            0,
            after,
            staff=[one.id for one in self.staff],
            step_minutes=15,
            comes_again_days=30,
        )
        return schedule.create_service(self.business.id, details)

    def book(self, start=None, who=None, **details):
        start = start or clock.now() + timedelta(days=2)
        service = details.pop("service", self.service)
        actor = details.pop("actor", CUSTOMER)
        booking = appointments.Booking(service.id, start, who or contact(), **details)
        return appointments.book(self.business, booking, clock.now(), actor)

    def walk_in(self, who=None):
        booking = appointments.Booking(self.service.id, clock.now(), who or contact("Ida", ""))
        return appointments.walk_in(self.business, booking, clock.now(), DESK)

    def cancel(self, appointment, *, by=Role.CUSTOMER):
        appointments.cancel(appointment, clock.now(), DESK, by=by)

    def move(self, appointment, start, actor=DESK):
        appointments.move(appointment, start, clock.now(), actor)

    def say(self, appointment, what, actor=DESK):
        appointments.say(appointment, what, clock.now(), actor)


def leg(appointment):
    return queries.current_leg(appointment)


def state(appointment):
    return leg(appointment).case.state


def messages(appointment):
    """What became of each message: {(leg, control, run): status}."""
    found = queries.timeline(appointment).messages
    return {(one.leg, one.control, one.run): one.status for one in found}


def controls(appointment):
    found = queries.timeline(appointment).controls
    return {(one.case.number, one.name, one.run): one.status for one in found}


def open_kinds(appointment):
    found = queries.timeline(appointment).escalations
    return {one.kind for one in found if one.resolved_at is None}


@dataclass
class Ledger:
    """A transport that remembers every letter it was given. `answer` may raise."""

    letters: list = field(default_factory=list)
    answer: object = None
    name = "ledger"
    capable_of_invitations = True

    def prepare(self):
        pass

    def hand_over(self, letter):
        self.letters.append(letter)
        if self.answer is not None:
            self.answer(letter)
        return Receipt("taken")

    def close(self):
        pass

    def said(self):
        """The X-Kept line of every letter, in order."""
        return [letter.headers["X-Kept"] for letter in self.letters]


def turn(transport, worker="worker"):
    """Do everything that is due now, as a worker would."""
    done = True
    while done:
        done = any(cases.turn_due(clock.now()))
        while deliver.deliver_one(transport, worker, clock.now):
            done = True


def advance(by, transport):
    clock_actions.advance(by)
    turn(transport)


@contextmanager
def expired_leases():
    """Within this block every lease on a message is over: its worker counts as dead."""
    later = clock.real_now() + timedelta(hours=1)
    with ExitStack() as patches:
        for room in ("actions", "queries"):
            patches.enter_context(mock.patch(f"kept.outbox.{room}.real_now", return_value=later))
        yield
