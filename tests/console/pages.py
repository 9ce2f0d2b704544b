"""Every page of the console, with something on it: for tests that look at all of them."""

from datetime import timedelta

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.cases import queries as cases
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.console.leads import ACTS
from kept.core.case import Role
from kept.leads import sources
from kept.outbox import queries as outbox
from kept.webhooks import actions as webhooks
from kept.webhooks import delivering
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, asks

START = NOW + timedelta(hours=2)


def lived_in(house):
    """A few days later: one of everything has happened."""
    later = START + timedelta(days=4)
    wants = house.book(later, "Ben Asks", phone="+442079460112", time_zone="Asia/Tokyo")
    house.book(later, "Una Unreached", house.ben, email="", phone="+442079460111")
    done = house.book(START, "Dora Done")
    missed = house.book(START, "Max Missed", house.ben)
    gone = house.book(START + timedelta(hours=1), "Cleo Cancels")
    house.book(START + timedelta(hours=2), "Otto Open")
    loop.turn_once()
    appointments.say(done, "arrived", NOW, FRONT_DESK)
    appointments.say(done, "completed", NOW, FRONT_DESK)
    appointments.cancel(gone, NOW, CUSTOMER, by=Role.CUSTOMER, reason="ill")
    appointments.move(wants, later + timedelta(hours=1), NOW, FRONT_DESK, reason="asked by phone")
    clock.advance_to(START + timedelta(hours=3))
    loop.turn_once()
    appointments.miss(missed, START + timedelta(hours=3), FRONT_DESK, by=Role.CUSTOMER)
    asked = START + timedelta(hours=4)
    clock.advance_to(asked)
    appointments.say(wants, "change_requested", asked, CUSTOMER, reason="Could it be later?")
    loop.turn_once()
    return wants


def heard(house):
    """An endpoint that was turned off, and an event that was tried there: the ids of both."""
    url = "https://hooks.example.com/a-rather-long-address/that-does-not-fit-on-a-line"
    endpoint = webhooks.create(house.business.id, url, clock_queries.now())
    event = webhooks.test(house.business.id, endpoint.id, clock_queries.now()).event_id
    delivering.settle(
        delivering.claim(clock_queries.now(), "test", 1)[0][0],
        delivering.Result(None, "Connection refused", 12),
        clock_queries.now(),
    )
    webhooks.disable(house.business.id, endpoint.id, clock_queries.now())
    return endpoint.id, event


def every_page(house, appointment):
    """The addresses of the console that answer with a page of their own."""
    one = f"appointments/{appointment.id}/"
    acts = ("", "move/", "move/?staff=", "cancel/", "tell/", "late/", "contact/", "correct/")
    yield from (f"{one}{act}" for act in acts)
    yield from ("", "?day=2027-03-05", "?day=2027-02-01", "arrivals/", "no-outcome/", "missed/")
    yield from ("search", "search?q=ben", "search?q=nobody", "book/", "walk-in/", "account/")
    one_person = f"people/{appointment.customer_id}/"
    yield from ("people/", "people/?q=ben", "people/?q=nobody", one_person)
    yield from (f"{one_person}?show={each}" for each in ("letters", "person", "wishes"))
    yield f"{one_person}?path=appointment&page=2"
    yield f"book/?service={house.service.id}&day=2027-03-02"
    yield from ("week/", "week/?view=table", f"week/?staff={house.ada.id}&from=2027-03-09")
    yield from (
        "lateness/",
        "lateness/?days=7",
        "escalations/",
        "escalations/?resolved=1",
        "escalations/?snoozed=1",
        "escalations/?why=untold&whose=mine",
        "business/",
        "messages/",
        "inbox/",
    )
    [open_one, *_] = cases.escalations(house.business.id, is_open=True)
    yield from (f"escalations/{open_one.id}/{act}/" for act in ("resolve", "snooze"))
    yield from (f"hand-offs/?status={each}" for each in ("offered", "accepted"))
    lead = asks(house)  # what Kept does not take over itself
    loop.turn_once()
    [offered, *_] = cases.hand_offs(house.business.id, "offered")
    yield from (f"hand-offs/{offered.id}/{each}/" for each in ("accept", "reject"))
    yield f"messages/{outbox.newest(house.business.id, 1)[0].id}/"
    yield from (f"set-up/{each}" for each in ("", "business/", "services/", "services/new/"))
    yield f"set-up/services/{house.service.id}/"
    yield f"set-up/services/{house.service.id}/archive/"
    yield from ("set-up/staff/", "set-up/staff/new/", f"set-up/staff/{house.ada.id}/")
    yield f"set-up/staff/{house.ada.id}/retire/"
    yield from (f"set-up/letters/{each}" for each in ("", "confirmation/", "review_ask/"))
    yield from ("set-up/closures/", "set-up/closures/new/", "set-up/policy/", "set-up/keys/")
    yield from ("set-up/members/", "set-up/review-pages/", "reviews/", "reviews/new/", "returns/")
    yield f"{one}insider/"
    yield from ("audit/", "audit/?time=all", "audit/behind/governed_share/", "audit/file/")
    yield from ("audit/simulate/", "audit/simulate/?time=all&about=B6&first_reminder=48h")
    yield "set-up/policy/?first_reminder=48h"
    yield from ("leads/", "leads/?state=stale", "leads/new/", "leads/speed/", f"leads/{lead.pk}/")
    yield from (f"leads/{lead.pk}/{each}/" for each in ACTS)
    source = sources.create(house.business, "sms", "Provider", NOW)
    yield from ("set-up/leads/", f"set-up/leads/{source.id}/", f"people/{lead.customer_id}/")
    yield from ("messages/", "inbox/", "escalations/", f"book/?customer={lead.customer_id}")
    assert queries.current_leg(appointment)  # it was not moved by looking
    endpoint, event = heard(house)
    yield "set-up/webhooks/new/"
    yield from (f"set-up/webhooks/{endpoint}/{each}" for each in ("", f"events/{event}/"))
