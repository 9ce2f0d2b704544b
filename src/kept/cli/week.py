"""A believable week for the demo, lived through and not written down, and a little of the weeks
before it: who comes again has been there before.

Every row of it comes from an action somebody takes under the moving clock; the worker's own steps
run at each moment something falls due. So the demo shows what a real week would have left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
from kept.journeys import actions as journeys
from kept.journeys import queries as following
from kept.journeys import reactivation, reputation
from kept.journeys.reputation import Seen
from kept.leads import actions as leads
from kept.leads.actions import Asked
from kept.leads.queries import Lead
from kept.people.actions import Contact, checked_contact
from kept.webhooks import actions as webhooks
from kept.worker import loop

CUSTOMER = Actor(Role.CUSTOMER)
DESK = Actor(Role.STAFF, "Rosa at the front desk")

Act = Callable[["Week", Appointment], None]
Answer = Callable[["Week", Lead], None]


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


@dataclass(frozen=True, slots=True)
class Enquiry:
    """Somebody who asks something. The fields are those of a visit."""

    customer: str
    contact: str
    words: str
    at: str
    then: tuple[tuple[str, Answer], ...] = ()
    service: str = ""
    by_phone: bool = False


Happening = tuple[datetime, Callable[[], None]]


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

    def live(self, visits: Iterable[Visit], enquiries: Iterable[Enquiry], until: str) -> None:
        """Live through everything that happens to these, and on to `until`."""
        program = (self.instant(PROGRAM_NAMED), self._name_a_program)
        happenings = [*self._of_visits(visits), *self._of_enquiries(enquiries), program]
        for at, happens in sorted(happenings, key=lambda each: each[0]):
            pass_time(at)
            happens()
            loop.turn_once()
        pass_time(self.instant(until))
        loop.turn_once()

    def _name_a_program(self) -> None:
        """A program that is to hear of everything. It is turned off: nothing leaves the demo."""
        business, now = self.business.id, clock_queries.now()
        named = webhooks.create(business, PROGRAM, now, description="The accounts, in time")
        webhooks.disable(business, named.id, now)
        self.business.refresh_from_db()  # somebody hears of its bookings from now on

    def _of_visits(self, visits: Iterable[Visit]) -> Iterator[Happening]:
        for visit in visits:
            walk = _Walk(self, visit)
            yield self.instant(visit.booked), walk.book
            for at, act in visit.then:
                yield self.instant(at), walk.doing(act)

    def _of_enquiries(self, enquiries: Iterable[Enquiry]) -> Iterator[Happening]:
        for enquiry in enquiries:
            talk = _Talk(self, enquiry)
            yield self.instant(enquiry.at), talk.ask
            for at, answer in enquiry.then:
                yield self.instant(at), talk.doing(answer)


class _Walk:
    """One visit on its way."""

    def __init__(self, week: Week, visit: Visit) -> None:
        self.week, self.visit = week, visit
        self.appointment: Appointment

    def book(self) -> None:
        visit, week = self.visit, self.week
        booking = actions.Booking(
            service=week.furnished.services[visit.service].id,
            start=week.instant(visit.at),
            contact=contact_of(visit),
            staff=week.furnished.staff[visit.staff].id,
            notes=visit.notes,
            origin="phone" if visit.by_phone else "page",
        )
        actor = DESK if visit.by_phone else CUSTOMER
        self.appointment = actions.book(week.business, booking, clock_queries.now(), actor)

    def doing(self, act: Act) -> Callable[[], None]:
        return lambda: act(self.week, self.appointment)


class _Talk:
    """One enquiry, and what is said on it."""

    def __init__(self, week: Week, enquiry: Enquiry) -> None:
        self.week, self.enquiry = week, enquiry
        self.lead: Lead

    def ask(self) -> None:
        enquiry, services = self.enquiry, self.week.furnished.services
        asked = Asked(
            contact_of(enquiry),
            "phone" if enquiry.by_phone else "form",
            words=enquiry.words,
            service=services[enquiry.service].id if enquiry.service else None,
        )
        actor = DESK if enquiry.by_phone else CUSTOMER
        self.lead = leads.receive(self.week.business, asked, clock_queries.now(), actor).lead

    def doing(self, answer: Answer) -> Callable[[], None]:
        return lambda: answer(self.week, self.lead)


def contact_of(one: Visit | Enquiry) -> Contact:
    """Who it is, and how to reach them."""
    name = "email" if "@" in one.contact else "phone"
    return checked_contact(one.customer, **{name: one.contact})


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


def agrees_to_letters(week: Week, visit: Appointment) -> None:
    wording = "You may write to me later with suggestions."
    reactivation.agree_by_page(visit.customer, clock_queries.now(), wording)


def says(name: str, words: str = "") -> Act:
    """The customer says this on the page that a letter led to."""

    def say(week: Week, visit: Appointment) -> None:
        case = following.listening(visit.id, name)
        assert case is not None, f"nobody listens to {name}"
        now = clock_queries.now()
        journeys.say(week.business.id, case.id, name, now, CUSTOMER, words=words)

    return say


def is_reviewed(site: str, rating: int, words: str) -> Act:
    """Somebody of the business reads a review of the visit."""

    def review(week: Week, visit: Appointment) -> None:
        seen = Seen(site, rating, words, visit.customer.name, appointment=visit.id)
        reputation.record_review(week.business, seen, clock_queries.now(), DESK)

    return review


# What may be answered to an enquiry


def answered(name: str, reason: str = "") -> Answer:
    def answer(week: Week, lead: Lead) -> None:
        leads.say(week.business.id, lead.case_id, name, clock_queries.now(), DESK, reason=reason)

    return answer


def needs(service: str) -> Answer:
    """Somebody has spoken with them, and knows what they need."""

    def answer(week: Week, lead: Lead) -> None:
        wanted = week.furnished.services[service].id
        now = clock_queries.now()
        leads.say(week.business.id, lead.case_id, "qualified", now, DESK, service=wanted)

    return answer


# The week

ADA, TOM, PRIYA = "Ada Lindqvist", "Tom Okafor", "Priya Raman"
ASSESSMENT, FOLLOW_UP, MASSAGE = "First assessment", "Follow-up treatment", "Sports massage"


def _came(at: str, until: str, taken_on: str) -> tuple[tuple[str, Act], ...]:
    return (at, arrives), (until, is_done), (taken_on, is_taken_on)


VISITS = (
    # The months before
    Visit("Walter Kim", "walter@example.com", FOLLOW_UP, TOM, "-80 10:00", "-80 07:10",
          (("-80 07:11", agrees_to_letters), ("-80 09:58", arrives), ("-80 10:31", is_done))),
    Visit("Elif Arslan", "elif@example.com", FOLLOW_UP, ADA, "-73 15:00", "-73 12:00",
          (("-73 12:01", agrees_to_letters), ("-73 14:55", arrives), ("-73 15:32", is_done),
           ("-72 18:10", says("went_well")), ("-70 19:20", says("clicked")))),
    # Last week
    Visit("Nadia Ferrer", "nadia@example.com", ASSESSMENT, ADA, "1 10:00", "0 09:05",
          (("0 12:40", says_yes), *_came("1 09:55", "1 10:47", "1 12:00"),
           ("2 12:15", says("went_well")),
           ("4 08:30", is_reviewed("Example Reviews", 5, "Listened first, and then it helped.")))),
    Visit("George Whitlock", "george@example.com", FOLLOW_UP, TOM, "1 11:00", "0 09:20",
          (*_came("1 10:58", "1 11:31", "1 12:00"),
           ("2 18:05", says("went_badly", "I waited half an hour, and nobody said why.")))),
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
    # Came by an invitation, and by an enquiry
    Visit("Elif Arslan", "elif@example.com", FOLLOW_UP, ADA, "10 15:00", "3 19:05"),
    Visit("Clara Moss", "clara@example.com", ASSESSMENT, TOM, "10 09:00", "2 20:15"),
)  # fmt: skip

ENQUIRIES = (
    Enquiry("Clara Moss", "clara@example.com", "Do you treat runner's knee?", "2 14:05",
            (("2 14:08", answered("responded")),), ASSESSMENT),
    Enquiry("Felix Brandt", "felix@example.com", "My back has been stiff since I moved house.",
            "3 10:12", (("3 10:15", answered("reached")), ("3 10:21", needs(ASSESSMENT)))),
    Enquiry("Nora Quinn", "nora@example.com", "Do you do dental X-rays?", "4 11:30",
            (("4 11:34", answered("not_a_fit", "We do no dentistry.")),)),
    Enquiry("Theo Larsen", "+442079460177", "Wants to know what a massage costs.", "4 15:40",
            by_phone=True),
    Enquiry("Aisha Bello", "aisha@example.com", "Could I come on a Saturday?", "5 19:25"),
    Enquiry("Rafael Cruz", "rafael@example.com", "Is the first assessment covered by insurance?",
            "7 09:03", service=ASSESSMENT),
)  # fmt: skip

NOW = "7 09:05"
PROGRAM, PROGRAM_NAMED = "https://accounts.example.com/kept", "7 08:00"
DAYS_BEFORE = 82  # the first visit is booked so long before the Monday of last week


def live_through(business: Business, furnished: Furnished, monday: date) -> None:
    """Live until the Monday after this one, a few minutes past nine."""
    Week(business, furnished, monday).live(VISITS, ENQUIRIES, NOW)
