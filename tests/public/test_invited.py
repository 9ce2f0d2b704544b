"""The link of an invitation: who books there is known, and it tells nobody who they are."""

import re
from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.appointments.queries import Appointment
from kept.journeys import actions as journeys
from kept.journeys import invited, queries
from tests.appointments.clinic import go_to
from tests.public.house import CUSTOMER, FRONT_DESK, TUESDAY_TEN, Booker, body, now, open_house

FILLED_IN = {"name": "Mia", "email": "m•••@example.com", "phone": "", "notes": ""}


@pytest.fixture
def house(db):
    return open_house(comes_again_days=30, policy={"hold_out": 0})


@pytest.fixture
def visit(house):
    """Somebody who was here and agreed to be invited; their invitation has gone out."""
    booked = house.book(phone="+442079460777")
    journeys.record_wish(
        booked.customer_id, "marketing", now(), CUSTOMER, given=True, source="page", wording="Yes"
    )
    go_to(TUESDAY_TEN + timedelta(minutes=45))
    appointments.say(booked, "completed", now(), FRONT_DESK)
    go_to(now())
    return booked


def case(visit):
    return queries.current(visit.id, "reactivation")


def link(visit):
    """The token and a free time of the invitation they got."""
    text_ = next(
        each.text
        for each in go_to(now() + timedelta(days=31)).letters
        if "invitation" in each.headers["X-Kept"]
    )
    assert visit.token not in re.findall(r"/book/\S+", text_)
    return re.search(r"for=([^&\s]+)", text_).group(1)


@pytest.mark.parametrize(
    ("typed", "booked_by"),
    [
        ({}, ("Mia Sanders", "mia@example.com", "+442079460777")),
        ({"name": "Leo", "email": "leo@example.com"}, ("Leo", "leo@example.com", "")),
    ],
)
def test_who_books_by_the_link_has_come_back_whatever_they_type(house, visit, typed, booked_by):
    token = link(visit)
    start = now().replace(hour=9, minute=0) + timedelta(days=(7 - now().weekday()) % 7 + 1)
    visitor = Booker(house)
    details = visitor.to_details(start, **{"for": token})
    for shown in ('value="Mia"', 'value="m•••@example.com"'):
        assert shown in body(details)
    for private in ("Sanders", "mia@example.com", "+442079460777", visit.token):
        assert private not in body(details)
    check = visitor.send(details, "check", **{**FILLED_IN, **typed})
    assert visitor.send(check, "book").status_code == 303
    person = Appointment.objects.exclude(id=visit.id).get().customer
    assert (person.name, person.email, person.phone) == booked_by
    assert case(visit).state == "paused"


def test_a_link_that_was_made_up_or_is_of_another_house_names_nobody(house, visit):
    token, other = link(visit), open_house("Other House", at=now())
    assert invited.case_of(house.business.id, token) == case(visit)
    assert invited.case_of(other.business.id, token) is None
    for wrong in ("", token[:-1], f"{visit.id.hex}~{token.partition('~')[2]}", visit.token):
        assert invited.case_of(house.business.id, wrong) is None
