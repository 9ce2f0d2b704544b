"""A small business, and how its customers walk through its pages."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from html import unescape

from django.test import Client

from kept.accounts import actions as accounts
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.actions import Booking
from kept.cases import actions as cases
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Actor, Event, Role
from kept.core.time import WeeklyHours
from kept.people.actions import checked_contact
from kept.schedule import actions as schedule

MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)  # 09:00 in Berlin
TUESDAY_TEN = datetime(2027, 3, 2, 9, tzinfo=UTC)  # 10:00 in Berlin
MIA = {"name": "Mia Sanders", "email": "mia@example.com", "phone": "", "notes": ""}
FRONT_DESK = Actor(Role.STAFF, "Front desk")
CUSTOMER = Actor(Role.CUSTOMER, "Mia Sanders")
OFFICE = [WeeklyHours(day, time(9), time(17)) for day in range(5)]


@dataclass
class House:
    business: object
    service: object
    staff: list

    @property
    def path(self):
        return f"/book/{self.business.slug}/{self.service.id}"

    def visitor(self):
        return Booker(self)

    def book(self, start=TUESDAY_TEN, **contact):
        """An appointment that was booked without the pages."""
        contact = checked_contact(**{"name": MIA["name"], "email": MIA["email"], **contact})
        booking = Booking(self.service.id, start, contact, self.staff[0].id)
        return appointments.book(self.business, booking, now(), CUSTOMER)


def now():
    return clock_queries.now()


def open_house(name="Harbour Clinic", staff=("Ada Brook",), zone="Europe/Berlin", hours=OFFICE,
               at=MONDAY, policy=None, **service):  # fmt: skip
    """A business on the time-lapse clock, which stands still at `at` until it is advanced."""
    clock_queries.forget()
    clock.start(at, speed=0)
    business, _ = accounts.create_business(
        name, zone, "front@harbour.example.com", at, policy=policy,
        phone="+442079460123", address="12 Canal Street, Riverton",
    )  # fmt: skip
    people = [
        schedule.create_staff(business.id, each, "staff@example.com", zone, hours) for each in staff
    ]
    details = {"name": "Foot care", "duration_minutes": 45, "price": 60, "step_minutes": 30}
    details |= {"staff": [each.id for each in people], **service}
    made = schedule.create_service(business.id, schedule.ServiceDetails(**details))
    return House(business, made, people)


class Booker:
    """Somebody with a browser, who follows links and sends the forms that pages contain."""

    def __init__(self, house, **cookies):
        self.house, self.client = house, Client(HTTP_HOST="127.0.0.1")

    def choose(self, start=TUESDAY_TEN, who="any", **query):
        """Choose a time: the answer of the hold."""
        path = f"{self.house.path}/{who}/hold"
        return self.client.post(
            path, {"start": start.strftime("%Y-%m-%dT%H:%M:%SZ")}, query_params=query
        )

    def to_details(self, start=TUESDAY_TEN, who="any", **query):
        answer = self.choose(start, who, **query)
        assert answer.status_code == 303, answer.content.decode()
        return self.client.get(answer["Location"])

    def send(self, page, step, path=None, **changes):
        """Send the form of a page, filled in."""
        typed = {**hidden(page), **changes, "step": step}
        return self.client.post(path or action(page), typed)

    def to_check(self, start=TUESDAY_TEN, who="any", details=MIA, **query):
        return self.send(self.to_details(start, who, **query), "check", **details)

    def book(self, start=TUESDAY_TEN, who="any", details=MIA, **query):
        """Walk through all steps; answers the address of the appointment's page."""
        answer = self.send(self.to_check(start, who, details, **query), "book")
        assert answer.status_code == 303, text(answer)
        return answer["Location"]


def action(page):
    return unescape(re.search(r'<form method="post" action="([^"]+)"', body(page)).group(1))


def hidden(page):
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', body(page))
    return {name: unescape(value) for name, value in inputs}


def body(page):
    return page.content.decode()


def text(page):
    """What a page says, without its markup."""
    main = re.sub(r"(?s)^.*<main[^>]*>|</main>.*$", "", body(page))
    return " ".join(unescape(re.sub(r"<[^>]+>", "", main)).split())


def title(page):
    return unescape(re.search(r"<title>(.*?)</title>", body(page), re.DOTALL).group(1))


def slots(page):
    """The instants a page offers."""
    return re.findall(r'name="start" value="([^"]+)"', body(page))


def advance(**by):
    clock.advance(timedelta(**by))


def tell(appointment, control="confirmation"):
    """The transport has taken the message: what the worker writes back."""
    leg = queries.current_leg(appointment)
    event = Event("message_accepted", now(), data={"control": control, "channel": "email"})
    cases.apply([cases.Incoming(leg.case_id, event)], now())


def state_of(appointment):
    return queries.current_leg(appointment).case.state
