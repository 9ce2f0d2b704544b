"""A customer's link in wrong hands is replaced: the old one leads nowhere and says nothing."""

from kept.appointments import actions, queries
from kept.appointments.letters import customer_url
from kept.clock.queries import now
from kept.core.case import Actor, Role
from kept.public import acts
from tests.api.conftest import house as house  # the fixture
from tests.api.house import House, deliver_all
from tests.public.house import open_house

DESK = Actor(Role.STAFF, "desk@example.com")


def renewed(appointment):
    old = appointment.token
    actions.renew_link(appointment, now(), DESK, reason="Forwarded by mistake")
    return old


def test_the_old_link_leads_nowhere_and_does_nothing(db, client):
    appointment = open_house().book()
    assert client.get(f"/a/{appointment.token}").status_code == 200
    old = renewed(appointment)
    assert client.get(f"/a/{appointment.token}").status_code == 200
    pages = [
        "",
        "/1",
        "/calendar.ics",
        "/went",
        "/stop",
        "/1/move",
        *(f"/1/{n}" for n in acts.ACTS),
    ]
    unknown = client.get("/a/nobody-has-this-link")
    for each in pages:
        answer = client.get(f"/a/{old}{each}")
        assert answer.status_code == 404, each
        assert appointment.reference.encode() not in answer.content
        assert client.post(f"/a/{old}{each}").status_code in {404, 405}, each
    assert client.get(f"/a/{old}").content == unknown.content
    assert queries.current_leg(appointment).case.state == "scheduled"


def test_the_history_says_who_did_it_and_not_the_link(db):
    appointment = open_house().book()
    old = renewed(appointment)
    (event,) = [e for e in queries.timeline(appointment).events if e.name == "link_renewed"]
    assert (event.actor_role, event.reason) == ("staff", "Forwarded by mistake")
    assert not any(link in str(event.data) for link in (old, appointment.token))


def test_the_next_letters_and_their_calendar_entry_carry_the_new_one(house):
    booked = house.book()
    new = house.ask(booked, "new-link").json()
    assert new["customer_url"] != booked["customer_url"]
    deliver_all()
    letter = queries.timeline(queries.appointment(house.business.id, booked["id"])).messages[0]
    assert new["customer_url"] in letter.text
    calendar = letter.calendar.replace("\r\n ", "")
    assert f"URL:{new['customer_url']}" in calendar.replace(";VALUE=URI", "")
    assert booked["customer_url"] not in letter.text + letter.html + calendar


def test_of_another_business_no_link_is_replaced(house):
    booked = house.book()
    House("Other Clinic").post(f"/appointments/{booked['id']}/new-link", None, 404)
    found = queries.appointment(house.business.id, booked["id"])
    assert customer_url(found) == booked["customer_url"]
