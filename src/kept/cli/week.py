"""A believable week for the demo, lived through and not written down.

Every row of it comes from an action somebody takes under the moving clock; the worker's own steps
run at each moment something falls due. So the demo shows what a real week would have left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kept.accounts.queries import Business
from kept.appointments import actions
from kept.appointments.queries import Appointment
from kept.appointments.steps import next_moment
from kept.cases import queries as cases
from kept.cli.sample import Furnished
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core import time
from kept.core.case import Actor, Role
from kept.people.actions import checked_contact
from kept.worker import loop

CUSTOMER = Actor(Role.CUSTOMER)
DESK = Actor(Role.STAFF, "Rosa at the front desk")

Act = Callable[["Week", Appointment], None]


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment of the week. Times are "day HH:MM": day 0 is Monday last week, 7 is today.

    `contact`: the customer's e-mail address, or a phone number.
    `then`: what happens to it afterwards, each with its time.
    """

    customer: str
    contact: str
    service: str
    staff: str
    at: str
    booked: str
    then: tuple[tuple[str, Act], ...] = ()
    by_phone: bool = False
    notes: str = ""


class Week:
    """The week while it is lived through."""

    def __init__(self, business: Business, furnished: Furnished, monday: date) -> None:
        """`monday`: the Monday of last week."""
        self.business, self.furnished, self.monday = business, furnished, monday
        self.zone = ZoneInfo(business.time_zone)

    def instant(self, text: str) -> datetime:
        """The instant of "day HH:MM"."""
        day, clock_time = text.split()
        hour, minute = map(int, clock_time.split(":"))
        wall = datetime.combine(self.monday + timedelta(days=int(day)), datetime.min.time())
        return time.instant(wall.replace(hour=hour, minute=minute), self.zone)

    def live(self, visits: tuple[Visit, ...], until: str) -> None:
        """Live through everything that happens to these visits, and on to `until`."""
        for at, happens in sorted(self._happenings(visits), key=lambda each: each[0]):
            pass_time(at)
            happens()
            loop.turn_once()
        pass_time(self.instant(until))
        loop.turn_once()

    def _happenings(
        self, visits: tuple[Visit, ...]
    ) -> Iterator[tuple[datetime, Callable[[], None]]]:
        for visit in visits:
            walk = _Walk(self, visit)
            yield self.instant(visit.booked), walk.book
            for at, act in visit.then:
                yield self.instant(at), walk.doing(act)


class _Walk:
    """One visit on its way."""

    def __init__(self, week: Week, visit: Visit) -> None:
        self.week, self.visit = week, visit
        self.appointment: Appointment

    def book(self) -> None:
        visit, week = self.visit, self.week
        is_email = "@" in visit.contact
        booking = actions.Booking(
            service=week.furnished.services[visit.service].id,
            start=week.instant(visit.at),
            contact=checked_contact(
                visit.customer,
                email=visit.contact if is_email else "",
                phone="" if is_email else visit.contact,
            ),
            staff=week.furnished.staff[visit.staff].id,
            notes=visit.notes,
            origin="phone" if visit.by_phone else "page",
        )
        actor = DESK if visit.by_phone else CUSTOMER
        self.appointment = actions.book(week.business, booking, clock_queries.now(), actor)

    def doing(self, act: Act) -> Callable[[], None]:
        return lambda: act(self.week, self.appointment)


def pass_time(until: datetime) -> None:
    """Move the clock forward, stopping at each moment at which something falls due."""
    moment = next_moment()
    while moment is not None and moment < until:
        clock.advance_to(max(moment, clock_queries.now()))
        loop.turn_once()
        moment = next_moment()
    clock.advance_to(until)


# What may happen to a visit


def says_yes(week: Week, visit: Appointment) -> None:
    actions.say(visit, "acknowledged", clock_queries.now(), CUSTOMER)


def asks_for_another_time(week: Week, visit: Appointment) -> None:
    why = "My shift changed, would the afternoon work as well?"
    actions.say(visit, "change_requested", clock_queries.now(), CUSTOMER, reason=why)


def arrives(week: Week, visit: Appointment) -> None:
    actions.say(visit, "arrived", clock_queries.now(), DESK)


def is_done(week: Week, visit: Appointment) -> None:
    actions.say(visit, "completed", clock_queries.now(), DESK)


def does_not_come(week: Week, visit: Appointment) -> None:
    actions.miss(visit, clock_queries.now(), DESK, by=Role.CUSTOMER)


def cancels(week: Week, visit: Appointment) -> None:
    actions.cancel(visit, clock_queries.now(), CUSTOMER, by=Role.CUSTOMER, reason="I have a cold.")


def is_called_off(week: Week, visit: Appointment) -> None:
    why = "Tom is unwell."
    actions.cancel(visit, clock_queries.now(), DESK, by=Role.STAFF, reason=why)


def moves_to(at: str) -> Act:
    def move(week: Week, visit: Appointment) -> None:
        actions.move(visit, week.instant(at), clock_queries.now(), CUSTOMER)

    return move


def is_taken_on(week: Week, visit: Appointment) -> None:
    """Whoever comes next (follow-up, reviews ...) takes over what was handed on."""
    now = clock_queries.now()
    for hand_off in cases.hand_offs_of([case.id for case in cases.of_subject(visit.id)]):
        if hand_off.status == "offered":
            receiver = Actor(Role.INTEGRATION, hand_off.to)
            actions.answer_hand_off(week.business.id, hand_off.id, now, receiver, accept=True)


# The week

ADA, TOM, PRIYA = "Ada Lindqvist", "Tom Okafor", "Priya Raman"
ASSESSMENT, FOLLOW_UP, MASSAGE = "First assessment", "Follow-up treatment", "Sports massage"


def _came(at: str, until: str, taken_on: str) -> tuple[tuple[str, Act], ...]:
    return (at, arrives), (until, is_done), (taken_on, is_taken_on)


VISITS = (
    # Last week
    Visit("Nadia Ferrer", "nadia@example.com", ASSESSMENT, ADA, "1 10:00", "0 09:05",
          (("0 12:40", says_yes), *_came("1 09:55", "1 10:47", "1 12:00"))),
    Visit("George Whitlock", "george@example.com", FOLLOW_UP, TOM, "1 11:00", "0 09:20",
          _came("1 10:58", "1 11:31", "1 12:00")),
    Visit("Yusuf Demir", "yusuf@example.com", MASSAGE, PRIYA, "2 09:30", "0 10:15",
          (("1 19:12", says_yes), *_came("2 09:28", "2 10:32", "2 12:00"))),
    Visit("Helen Marsh", "helen@example.com", FOLLOW_UP, ADA, "2 15:00", "0 13:30",
          (("2 15:31", does_not_come), ("2 17:00", is_taken_on))),
    Visit("Carlos Pinto", "carlos@example.com", MASSAGE, TOM, "3 14:00", "1 08:45",
          (("2 20:10", cancels), ("3 09:00", is_taken_on))),
    Visit("Amelia Stone", "amelia@example.com", ASSESSMENT, TOM, "4 09:00", "1 16:20",
          (("3 17:30", is_called_off), ("4 09:00", is_taken_on))),
    Visit("Jonas Weber", "jonas@example.com", FOLLOW_UP, PRIYA, "3 10:00", "2 09:00",
          (("2 18:00", moves_to("3 11:30")), *_came("3 11:29", "3 12:03", "3 14:00"))),
    Visit("Mei Tanaka", "mei@example.com", ASSESSMENT, ADA, "4 11:00", "2 11:45",
          (("3 11:20", says_yes), ("4 10:52", arrives), ("4 11:48", is_done))),
    Visit("Oliver Grant", "oliver@example.com", FOLLOW_UP, ADA, "4 16:00", "3 13:10"),
    # Today
    Visit("Lucia Romano", "lucia@example.com", FOLLOW_UP, ADA, "7 09:00", "3 15:40",
          (("6 10:05", says_yes), ("7 08:56", arrives))),
    Visit("Peter Nowak", "peter@example.com", ASSESSMENT, TOM, "7 09:30", "4 09:15",
          (("6 18:22", says_yes),)),
    Visit("Sofia Lund", "sofia@example.com", FOLLOW_UP, ADA, "7 11:00", "4 12:30"),
    Visit("Ruth Adeyemi", "+442079460148", FOLLOW_UP, TOM, "7 12:00", "4 14:05",
          by_phone=True, notes="Has no e-mail address; please call."),
    Visit("Dan Fisher", "dan@example.com", MASSAGE, TOM, "7 15:00", "5 20:30"),
    Visit("Grace Obi", "grace@example.com", FOLLOW_UP, ADA, "7 11:30", "7 08:50"),
    # The days to come
    Visit("Hana Novak", "hana@example.com", FOLLOW_UP, PRIYA, "8 09:30", "4 17:25"),
    Visit("Ben Carter", "ben@example.com", MASSAGE, PRIYA, "8 11:00", "5 09:10",
          (("6 20:45", asks_for_another_time),)),
    Visit("Ines Duarte", "ines@example.com", ASSESSMENT, ADA, "9 10:00", "6 11:00",
          (("6 21:10", moves_to("10 10:00")),)),
    Visit("Samuel Brook", "samuel@example.com", FOLLOW_UP, PRIYA, "9 14:00", "6 16:40"),
    Visit("Zara Khan", "zara@example.com", MASSAGE, TOM, "11 10:00", "7 08:20"),
)  # fmt: skip

BEGINS, NOW = "0 09:00", "7 09:05"


def live_through(business: Business, furnished: Furnished, monday: date) -> None:
    """Live from Monday last week to the Monday after it, a few minutes past nine."""
    Week(business, furnished, monday).live(VISITS, NOW)
