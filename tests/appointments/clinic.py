"""A clinic to try things on: made anew by each test, on a clock that stands still."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from kept.accounts import actions as accounts
from kept.appointments import actions, queries
from kept.appointments.actions import Booking
from kept.channels.base import Receipt
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Actor, Role
from kept.core.time import WeeklyHours
from kept.people.actions import checked_contact
from kept.schedule import actions as schedule
from kept.worker import loop
from kept.worker.deliver import deliver_one

NOW = datetime(2027, 3, 1, 7, tzinfo=UTC)
"""A Monday, 08:00 in Berlin, where the clocks go forward on 28 March."""

DESK = Actor(Role.STAFF, "desk@example.com")
MIA = Actor(Role.CUSTOMER)
ALWAYS = [WeeklyHours(day, time(0), time(0)) for day in range(7)]
WEEKDAYS = [WeeklyHours(day, time(9), time(17)) for day in range(5)]


def berlin(day, hour, minute=0):
    """That wall time in Berlin in March 2027 (winter time until 02:00 on the 28th)."""
    offset = 1 if (day, hour) < (28, 2) else 2
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=offset)


class Clinic:
    """One business with two people who work there and one service of 45 minutes."""

    def __init__(self, hours=WEEKDAYS, policy=None, name="Harbour Clinic", **details):
        clock.start(NOW, speed=0)
        self.business, _ = accounts.create_business(
            name,
            "Europe/Berlin",
            f"{name.split()[0].lower()}@example.com",
            NOW,
            policy=policy,
            phone="+442079460100",
            address="12 Canal Street, Riverton",
        )
        self.ada = self.staff("Ada", hours)
        self.ben = self.staff("Ben", hours)
        self.service = self.new_service(self.ada, self.ben, **details)

    def staff(self, name, hours=WEEKDAYS):
        return schedule.create_staff(self.business.id, name, "", "Europe/Berlin", hours)

    def new_service(self, *staff, **details):
        details = {"name": "Foot care", "duration_minutes": 45, "price": Decimal(60), **details}
        ids = [each.id for each in staff]
        return schedule.create_service(
            self.business.id, schedule.ServiceDetails(staff=ids, **details)
        )

    def booking(self, start, staff=None, service=None, name="Mia Wong", **more):
        contact = more.pop("contact", {"email": f"{name.split()[0].lower()}@example.com"})
        return Booking(
            (service or self.service).id,
            start,
            checked_contact(name, **contact),
            staff=staff.id if staff else None,
            **more,
        )

    def book(self, start, staff=None, by=MIA, **more):
        booking = self.booking(start, staff, **more)
        return actions.book(self.business, booking, now(), by)


class Post:
    """A transport that keeps what it is given, or raises what a test wants."""

    name = "post"
    capable_of_invitations = True

    def __init__(self):
        self.letters, self.error, self.away = [], None, None

    def prepare(self):
        if self.away:
            raise self.away

    def hand_over(self, letter):
        if self.error:
            raise self.error
        self.letters.append(letter)
        return Receipt("250 taken")

    def close(self):
        pass

    def deliver(self):
        """Everything that is due now; answers how many attempts that were."""
        count = 0
        while deliver_one(self, "test", now):
            count += 1
        return count


def now():
    return clock_queries.now()


def go_to(instant, post=None):
    """Move the clock there, doing on the way what falls due at its own moment."""
    from kept.appointments.steps import next_moment

    post = post or Post()
    _settle(post)
    while (moment := next_moment()) and moment <= instant:
        clock.advance_to(max(moment, now()))
        _settle(post)
    clock.advance_to(instant)
    _settle(post)
    return post


def _settle(post):
    while loop.turn_controls() or post.deliver():
        pass


def leg(appointment):
    return queries.current_leg(appointment)


def state(appointment):
    return leg(appointment).case.state


def controls(appointment):
    """Of the current leg: name -> (status, due)."""
    number = leg(appointment).number
    return {
        control.name: (control.status, control.due_at)
        for control in queries.timeline(appointment).controls
        if control.case.number == number
    }


def statuses(appointment):
    return {name: status for name, (status, _) in controls(appointment).items()}


def escalations(appointment):
    """The kinds that are open."""
    found = queries.timeline(appointment).escalations
    return {each.kind for each in found if each.resolved_at is None}
