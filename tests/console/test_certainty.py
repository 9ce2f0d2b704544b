"""The page of an appointment says whether certainty holds, and if not which control broke it.

Each control is broken in turn.
"""

import html
import re
from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.console import words
from kept.core.case import Role
from kept.core.path import Lapse
from kept.core.paths import PATHS
from kept.schedule import actions as schedule
from kept.worker import loop
from tests.console.house import FRONT_DESK, NOW

START = NOW + timedelta(days=2, hours=3)
END = START + timedelta(minutes=45)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CONTROLS = [c.name for c in PATHS["appointment"].controls if not isinstance(c.does, Lapse)]


def at(moment, *, worker=True):
    """The clock reads this, and a worker was there, or not."""
    clock.advance_to(moment)
    if worker:
        loop.turn_once()


def booked(house, **contact):
    appointment = house.book(START, **contact)
    loop.turn_once()
    return appointment


def policy(house, **changes):
    appointments.change_policy(house.business, changes, NOW, FRONT_DESK)


def no_address(house):
    return booked(house, email="", phone="+442079460111")


def moved_and_nobody_there(house):
    appointment = booked(house)
    appointments.move(appointment, START + HOUR, NOW, FRONT_DESK)
    at(NOW + 2 * MINUTE, worker=False)
    return appointment


def asleep_at(moment, before=None, **changes):
    def broken(house):
        policy(house, **changes)
        appointment = booked(house)
        at(before or moment - 10 * MINUTE)
        at(moment, worker=False)
        return appointment

    return broken


def preparing(broken):
    """The service asks for something to be ready."""

    def with_items(house):
        form = [{"what": "The form", "due": "48h"}]
        schedule.change_service(
            house.business.id, house.service.id, {"preparation": form}, lambda service: None
        )
        return broken(house)

    return with_items


def asked_at(moment, **changes):
    def broken(house):
        policy(house, **changes)
        appointment = booked(house)
        at(moment)
        return appointment

    return broken


def cancelled_and_nobody_there(house):
    appointment = booked(house)
    appointments.cancel(appointment, NOW, FRONT_DESK, by=Role.STAFF)
    at(NOW + 2 * MINUTE, worker=False)
    return appointment


def nobody_took_it_over(house):
    appointment = booked(house)
    at(START)
    appointments.say(appointment, "completed", clock_queries.now(), FRONT_DESK)
    at(START + timedelta(days=30), worker=False)
    return appointment


BROKEN = {
    "confirmation": no_address,
    "moved_notice": moved_and_nobody_there,
    "first_reminder": asleep_at(START - 24 * HOUR + 2 * MINUTE),
    "preparation_reminder": preparing(asleep_at(START - 48 * HOUR + 2 * MINUTE)),
    "preparation": asleep_at(START - 30 * HOUR + 2 * MINUTE, preparation="30h"),
    "acknowledgement": asked_at(START - 23 * HOUR, ask_acknowledgement=True),
    "final_reminder": asleep_at(START - 58 * MINUTE),
    "assumed_missed": asleep_at(END + 17 * MINUTE, assume_missed=True),
    "outcome_due": asked_at(END + 20 * MINUTE),
    "unresolved": asked_at(END + 24 * HOUR),
    "cancelled_notice": cancelled_and_nobody_there,
    "hand_offs": nobody_took_it_over,
}


def said(client, appointment):
    """What stands at the top of the page, as text."""
    page = client.get(f"/console/appointments/{appointment.id}/").content.decode()
    [line] = re.findall(r'<p class="certainty">(.*?)</p>', page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", "", line)).split())


@pytest.mark.parametrize("name", CONTROLS)
def test_each_control_that_breaks_is_named_on_the_page(house, desk, name):
    line = said(desk, BROKEN[name](house))
    assert line.startswith(f"Not certain {words.CONTROLS[name]}, "), line


def test_as_long_as_nothing_breaks_the_page_says_so(house, desk):
    appointment = booked(house)
    assert said(desk, appointment) == "Certain The customer was sent the time."


def test_what_a_person_settles_makes_it_certain_again(house, desk):
    appointment = no_address(house)
    assert said(desk, appointment).endswith("No channel reaches the customer.")
    appointments.say(appointment, "told_by_staff", clock_queries.now(), FRONT_DESK)
    assert said(desk, appointment).startswith("Certain ")
