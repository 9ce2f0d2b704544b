"""Booking for somebody on the phone, and for somebody who stands at the desk."""

import re
from datetime import timedelta

import pytest

from kept.appointments import queries
from kept.appointments.queries import Appointment
from kept.worker import loop
from tests.console.house import NOW, leg, state


def slots_of(page):
    return re.findall(r'name="slot" value="([^"]+)"', page.content.decode())


@pytest.fixture
def url(house):
    return f"/console/book/?service={house.service.id}&day=2027-03-02"


def book(client, url, **fields):
    return client.post(url, {"name": "Mia Wong", "phone": "020 7946 0101", **fields})


def test_a_free_time_is_booked_and_its_confirmation_leaves(house, desk, url):
    slot = slots_of(desk.get(url))[0]
    assert book(desk, url, slot=slot, email="mia@example.com").status_code == 302
    made = Appointment.objects.get()
    assert (made.origin, made.customer.phone) == ("phone", "+442079460101")
    loop.turn_once()
    assert state(made) == "confirmed"


def test_who_asks_for_another_language_on_the_phone_is_written_to_in_it(house, desk, url):
    slot = slots_of(desk.get(url))[0]
    book(desk, url, slot=slot, email="mia@example.com", locale="de")
    loop.turn_once()
    made = Appointment.objects.get()
    assert made.customer.locale == "de"
    [letter] = queries.timeline(made).messages
    assert "Termin" in letter.text


def test_at_the_desk_the_durations_and_the_language_are_asked_too(house, desk):
    assert b"Foot care (45 minutes)" in desk.get("/console/walk-in/").content
    typed = {"service": str(house.service.id), "name": "Hans Hier", "locale": "de"}
    assert desk.post("/console/walk-in/", typed).status_code == 302
    assert Appointment.objects.get().customer.locale == "de"


def test_told_on_the_phone_counts_as_confirmed(house, desk, url):
    slot = slots_of(desk.get(url))[0]
    book(desk, url, slot=slot, told="on")
    made = Appointment.objects.get()
    assert state(made) == "confirmed"
    assert queries.told(made).via == "staff"


def test_not_told_and_no_address_needs_a_person(house, desk, url):
    book(desk, url, slot=slots_of(desk.get(url))[0])
    loop.turn_once()
    [raised] = queries.timeline(Appointment.objects.get()).escalations
    assert raised.kind == "CONTACT_GAP"


def test_a_time_just_taken_loses_nothing_that_was_typed(house, desk, url):
    slot = slots_of(desk.get(f"{url}&staff={house.ada.id}"))[0]
    house.book(NOW.fromisoformat(slot.split("/")[0]), name="Quick Guest")
    answer = book(desk, f"{url}&staff={house.ada.id}", slot=slot, notes="Left knee")
    assert answer.status_code == 409
    assert b"just taken" in answer.content
    assert b"Left knee" in answer.content
    assert b'value="Mia Wong"' in answer.content
    assert slot not in slots_of(answer)
    assert Appointment.objects.count() == 1


def test_outside_the_hours_takes_a_tick_and_never_goes_over_another_booking(house, desk, url):
    with_ada = f"{url}&staff={house.ada.id}"
    evening = {"day": "2027-03-02", "at": "19:00"}
    assert book(desk, with_ada, **evening).status_code == 409
    assert book(desk, with_ada, **evening, freely="on").status_code == 302
    assert leg(Appointment.objects.get()).start == NOW.replace(day=2, hour=18)
    again = book(desk, with_ada, **evening, freely="on")
    assert again.status_code == 409
    assert b"just taken" in again.content


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "“Name” is missing.".encode()),
        ({"phone": "12"}, b"phone number"),
        ({"email": "mia"}, b"e-mail address"),
        ({"slot": ""}, b"Choose a time"),
    ],
)
def test_each_mistake_is_named(house, desk, url, wrong, said):
    slot = slots_of(desk.get(url))[0]
    answer = book(desk, url, **{"slot": slot, **wrong})
    assert answer.status_code == 409
    assert said in answer.content
    assert b"There is a problem" in answer.content
    assert not Appointment.objects.exists()


def test_whoever_is_free_is_found_and_a_person_can_be_asked_for(house, desk, url):
    slot = slots_of(desk.get(url))[0]
    book(desk, url, slot=slot)
    book(desk, url, slot=slot, name="Second Guest")
    assert {leg(each).staff for each in Appointment.objects.all()} == {house.ada, house.ben}


def test_booking_again_fills_in_who_it_is(house, desk, url):
    known = house.book(phone="+442079460101").customer
    page = desk.get(f"{url}&customer={known.id}").content
    assert b'value="Mia Wong"' in page
    assert b'value="+442079460101"' in page


@pytest.mark.parametrize("odd", ["service=nonsense", "customer=nonsense"])
def test_an_id_that_cannot_be_read_is_not_found(house, desk, url, odd):
    address = f"/console/book/?{odd}" if odd.startswith("service") else f"{url}&{odd}"
    assert desk.get(address).status_code == 404


def test_a_walk_in_begins_as_attended_and_nothing_is_sent(house, desk):
    answer = desk.post("/console/walk-in/", {"service": house.service.id, "name": "Walter Walk"})
    assert answer.status_code == 302
    made = Appointment.objects.get()
    loop.turn_once()
    assert (state(made), made.origin, leg(made).start) == ("attended", "walk_in", NOW)
    assert queries.timeline(made).messages == []


def test_a_walk_in_when_nobody_is_free_is_refused(house, desk):
    for staff in (house.ada, house.ben):
        house.book(NOW + timedelta(minutes=10), name=f"With {staff.name}", staff=staff)
    answer = desk.post("/console/walk-in/", {"service": house.service.id, "name": "Walter Walk"})
    assert answer.status_code == 409
    assert b"Nobody who gives this service is free" in answer.content
    assert b"Walter Walk" in answer.content


def test_earlier_days_are_offered_only_where_there_are_any(house, desk, url):
    assert "Earlier" in desk.get(url).content.decode()
    today = f"/console/book/?service={house.service.id}&day=2027-03-01"
    assert "Earlier" not in desk.get(today).content.decode()
    appointment = house.book(NOW + timedelta(days=1, hours=2))
    move = f"/console/appointments/{appointment.id}/move/?day="
    assert "Earlier" in desk.get(f"{move}2027-03-02").content.decode()
    assert "Earlier" not in desk.get(f"{move}2027-03-01").content.decode()
