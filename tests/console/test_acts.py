"""What can be done to an appointment: each act succeeds where the path allows it, and is refused
elsewhere with what is allowed instead and with everything that was typed."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.people import queries as people
from kept.worker import loop
from tests.console.house import CUSTOMER, FRONT_DESK, NOW, leg, state, version

START = NOW + timedelta(hours=2)


@pytest.fixture
def booked(house):
    appointment = house.book(START)
    loop.turn_once()
    return appointment


def go(to):
    clock.advance_to(to)
    loop.turn_once()


def post(client, appointment, act, **fields):
    fields.setdefault("version", version(appointment))
    return client.post(f"/console/appointments/{appointment.id}/{act}/", fields)


def last(appointment):
    return queries.timeline(appointment).events[-1]


def test_arrived_and_completed(booked, desk):
    assert post(desk, booked, "arrive").status_code == 302
    assert state(booked) == "attended"
    assert post(desk, booked, "complete").status_code == 302
    assert state(booked) == "completed"
    assert [hand_off.to for hand_off in queries.timeline(booked).hand_offs] == [
        "follow_up",
        "reputation",
        "reactivation",
    ]


def test_arriving_twice_is_refused_with_what_can_be_done(booked, desk):
    post(desk, booked, "arrive")
    again = post(desk, booked, "arrive")
    assert again.status_code == 409
    assert b"What can be done now" in again.content
    assert b"/complete/" in again.content
    assert state(booked) == "attended"


def test_missed_before_its_start_is_refused_and_afterwards_recorded(booked, desk):
    early = post(desk, booked, "miss", by="customer", reason="did not answer")
    assert early.status_code == 409
    assert b"has not started" in early.content
    assert b"did not answer" in early.content  # nothing typed is lost
    go(START + timedelta(minutes=20))
    assert post(desk, booked, "miss", by="business", reason="Ada is ill").status_code == 302
    assert state(booked) == "missed"
    assert leg(booked).case.facts["by"] == "business"


def test_who_missed_it_must_be_said(booked, desk):
    go(START + timedelta(minutes=20))
    assert post(desk, booked, "miss").status_code == 409
    assert state(booked) == "prepared"


def test_cancelled_by_the_customer_or_by_us(booked, desk):
    assert post(desk, booked, "cancel", by="business", reason="Flood").status_code == 302
    assert state(booked) == "cancelled"
    assert last(booked).name in {"cancelled", "control_due"}
    assert leg(booked).case.facts["by"] == "business"


def test_an_appointment_that_is_over_cannot_be_cancelled(booked, desk):
    go(START + timedelta(hours=2))
    refused = post(desk, booked, "cancel", by="customer", reason="late call")
    assert refused.status_code == 409
    assert b"record its outcome" in refused.content
    assert b"late call" in refused.content


def test_a_page_that_has_gone_stale_is_refused_and_the_second_try_goes_through(booked, desk):
    seen = version(booked)
    appointments.say(booked, "acknowledged", clock_queries.now(), CUSTOMER)
    refused = post(desk, booked, "cancel", by="customer", reason="ill", version=seen)
    assert refused.status_code == 409
    assert b"changed meanwhile" in refused.content
    assert f'name="version" value="{version(booked)}"'.encode() in refused.content
    assert state(booked) == "prepared"
    assert post(desk, booked, "cancel", by="customer", reason="ill").status_code == 302


@pytest.mark.parametrize("done", ["arrive", "complete"])
def test_what_was_recorded_wrongly_is_corrected_with_a_reason(booked, desk, done):
    go(START)
    post(desk, booked, done)
    assert post(desk, booked, "correct", to="missed", by="customer").status_code == 409  # no reason
    fields = {"to": "missed", "by": "customer", "reason": "It was another Mia"}
    assert post(desk, booked, "correct", **fields).status_code == 302
    assert state(booked) == "missed"
    corrected = [e for e in queries.timeline(booked).events if e.name == "corrected"]
    assert corrected[0].reason == "It was another Mia"


def test_whose_doing_it_was_is_never_preselected(booked, desk):
    post(desk, booked, "arrive")
    go(START + timedelta(minutes=1))
    page = desk.get(f"/console/appointments/{booked.id}/correct/").content.decode()
    assert "checked" not in page
    refused = post(desk, booked, "correct", to="missed", reason="It was somebody else")
    assert refused.status_code == 409
    assert b"Choose whose doing it was." in refused.content
    assert state(booked) == "attended"
    asked = {"to": "missed", "reason": "It was somebody else", "by": "business"}
    assert post(desk, booked, "correct", **asked).status_code == 302
    assert leg(booked).case.facts["by"] == "business"


def test_nobody_says_yes_at_the_desk_for_what_is_cancelled(booked, desk):
    assert b"Says they will come" in desk.get(f"/console/appointments/{booked.id}/").content
    post(desk, booked, "cancel", by="business", reason="ill")
    assert b"Says they will come" not in desk.get(f"/console/appointments/{booked.id}/").content


def test_only_what_it_can_be_corrected_to_is_offered(booked, desk):
    post(desk, booked, "arrive")
    page = desk.get(f"/console/appointments/{booked.id}/correct/").content
    assert b'value="completed"' in page
    assert b'value="cancelled"' not in page
    refused = post(desk, booked, "correct", to="cancelled", by="customer", reason="x")
    assert refused.status_code == 409
    assert state(booked) == "attended"


def test_nothing_recorded_means_nothing_to_correct(booked, desk):
    page = desk.get(f"/console/appointments/{booked.id}/correct/")
    assert b"nothing to correct" in page.content


def test_says_they_will_come_running_late_and_told(booked, desk):
    assert post(desk, booked, "acknowledge").status_code == 302
    assert leg(booked).case.facts["acknowledged"] == "yes"
    assert post(desk, booked, "late", minutes="10").status_code == 302
    assert leg(booked).case.facts["late"] == "10"
    assert post(desk, booked, "late", minutes="soon").status_code == 409
    assert post(desk, booked, "tell", reason="By phone, she knows").status_code == 302
    assert people.told(booked.id).via == "staff"


def test_told_by_phone_confirms_whom_no_message_reaches(house, desk):
    unreached = house.book(START, name="Una Unreached", email="", phone="+442079460111")
    loop.turn_once()
    assert state(unreached) == "scheduled"
    assert post(desk, unreached, "tell", reason="Called her").status_code == 302
    assert state(unreached) in {"confirmed", "prepared"}
    assert not [e for e in queries.timeline(unreached).escalations if e.resolved_at is None]


def test_the_confirmation_can_be_sent_again(booked, desk):
    before = len(queries.timeline(booked).messages)
    assert post(desk, booked, "resend").status_code == 302
    loop.turn_once()
    assert len(queries.timeline(booked).messages) == before + 1


def test_a_corrected_contact_is_told_what_it_was_never_told(house, desk):
    unreached = house.book(START, name="Una Unreached", email="")
    loop.turn_once()
    wrong = post(desk, unreached, "contact", name="Una Unreached", email="not an address")
    assert wrong.status_code == 409
    assert b"not an address" in wrong.content
    right = {"name": "Una Unreached", "email": "una@example.com", "phone": "020 7946 0112"}
    assert post(desk, unreached, "contact", **right).status_code == 302
    loop.turn_once()
    assert state(unreached) in {"confirmed", "prepared"}
    person = queries.appointment(house.business.id, unreached.id).customer
    assert (person.email, person.phone) == ("una@example.com", "+442079460112")


def test_a_customer_who_reads_another_language_is_written_to_in_it(house, desk):
    booked = house.book(START)
    page = desk.get(f"/console/appointments/{booked.id}/contact/")
    assert page.context["form"]["locale"].value() == "en"
    typed = {"name": "Mia Wong", "email": "mia@example.com", "phone": ""}

    def known(**said):
        assert post(desk, booked, "contact", **typed, **said).status_code == 302
        return queries.appointment(house.business.id, booked.id).customer.locale

    assert known(locale="en") == ""  # as the business writes anyway
    assert known(locale="de") == "de"
    assert known() == "de"  # nothing said, nothing changed
    page = desk.get(f"/console/appointments/{booked.id}/contact/")
    assert page.context["form"]["locale"].value() == "de"
    assert known(locale="en") == house.business.locale
    assert post(desk, booked, "contact", **typed, locale="tlh").status_code == 409


def test_the_button_leads_back_to_where_it_stood_and_only_there(booked, desk):
    back = post(desk, booked, "arrive", next="/console/?day=2027-03-01")
    assert back["Location"] == "/console/?day=2027-03-01"
    away = post(desk, booked, "complete", next="https://elsewhere.example/")
    assert away["Location"] == f"/console/appointments/{booked.id}/"


def test_an_act_that_does_not_exist_is_not_found(booked, desk):
    assert desk.get(f"/console/appointments/{booked.id}/explode/").status_code == 404


# Moving


def slots_of(page):
    return re.findall(r'name="slot" value="([^"]+)"', page.content.decode())


def test_moved_to_a_free_time_keeps_the_old_one_until_then(booked, desk):
    page = desk.get(f"/console/appointments/{booked.id}/move/?day=2027-03-02")
    slot = slots_of(page)[3]
    answer = post(desk, booked, "move", slot=slot, reason="Ada is at a course")
    assert answer.status_code == 302
    moved = {event.reason for event in queries.timeline(booked).events if event.name == "moved"}
    assert moved == {"Ada is at a course"}
    assert leg(booked).number == 2
    assert slot.startswith(leg(booked).start.isoformat())
    story = desk.get(f"/console/appointments/{booked.id}/").content.decode()
    assert "Moved from" in story
    assert "time 1" in story
    assert "leg" not in re.sub(r"<[^>]*>", "", story)


def test_a_time_that_was_just_taken_is_refused_and_others_are_shown(house, booked, desk):
    slot = slots_of(desk.get(f"/console/appointments/{booked.id}/move/?day=2027-03-02"))[0]
    when = queries.current_leg(booked).start.fromisoformat(slot.split("/")[0])
    house.book(when, name="Quick Guest")
    refused = post(desk, booked, "move", slot=slot)
    assert refused.status_code == 409
    assert b"just taken" in refused.content
    fresh = slots_of(desk.get(f"/console/appointments/{booked.id}/move/?day=2027-03-02"))
    assert slot not in fresh
    assert leg(booked).number == 1


def test_a_time_outside_hours_takes_a_tick(booked, desk):
    evening = {"day": "2027-03-02", "at": "20:00"}
    refused = post(desk, booked, "move", **evening)
    assert refused.status_code == 409
    assert b"20:00" in refused.content
    assert post(desk, booked, "move", **evening, freely="on").status_code == 302
    assert leg(booked).start.hour == 19  # 20:00 in Berlin


def test_a_time_that_does_not_exist_is_explained(booked, desk):
    answer = post(desk, booked, "move", day="2027-03-28", at="02:30", freely="on")
    assert answer.status_code == 409
    assert b"02:30" in answer.content
    assert leg(booked).number == 1


def test_a_time_that_happens_twice_asks_which(booked, desk):
    twice = {"day": "2027-10-31", "at": "02:30", "freely": "on"}
    asked = post(desk, booked, "move", **twice)
    assert asked.status_code == 409
    page = asked.content.decode()
    assert "The clocks show 02:30 twice that night" in page
    assert "fold" not in page
    assert "02:30 (UTC+02:00), before the clocks go back" in page
    assert "02:30 (UTC+01:00), after they have gone back" in page
    assert page.count('name="twice"') == 2
    assert post(desk, booked, "move", **twice, twice="1").status_code == 302
    assert leg(booked).start.hour == 1


def test_a_move_does_not_offer_the_time_it_has(booked, desk):
    path = f"/console/appointments/{booked.id}/move/?day=2027-03-01"
    own = leg(booked).start.isoformat()
    assert not [slot for slot in slots_of(desk.get(path)) if slot.startswith(own)]


def test_with_whoever_is_free_it_stays_with_the_same_person_where_that_can_be(house, booked, desk):
    """At another person's free time it goes to them, and the page says so before."""
    house.book(START + timedelta(hours=2), name="Busy Guest")
    page = desk.get(f"/console/appointments/{booked.id}/move/?day=2027-03-01&staff=")
    who = {slot.split("/")[0]: slot.split("/")[1] for slot in slots_of(page)}
    assert len(who) == len(slots_of(page))
    assert who[START.isoformat()] == str(house.ben.id)  # the same time, with somebody else
    assert who[(START + timedelta(hours=2)).isoformat()] == str(house.ben.id)
    assert who[(START + timedelta(hours=3)).isoformat()] == str(house.ada.id)
    assert "<small>Ben Okoro</small>" in page.content.decode()
    slot = f"{(START + timedelta(hours=2)).isoformat()}/{house.ben.id}"
    path = f"/console/appointments/{booked.id}/move/?day=2027-03-01&staff="
    data = {"slot": slot, "version": version(booked)}
    assert desk.post(path, data).status_code == 302
    assert leg(booked).staff == house.ben


@pytest.mark.parametrize("slot", ["", "nonsense", "2027-03-02T09:00:00+00:00/nobody"])
def test_a_slot_that_cannot_be_read_is_refused(booked, desk, slot):
    assert post(desk, booked, "move", slot=slot).status_code == 409
    assert leg(booked).number == 1


def test_cancelled_by_any_door_leaves_the_same_duties(house, desk):
    """At the desk, by the customer's own link, and by the action that every other door calls."""
    one = house.book(START)
    other = house.book(START, name="Other Guest", staff=house.ben)
    third = house.book(START + timedelta(hours=1), name="Third Guest")
    loop.turn_once()
    post(desk, one, "cancel", by="customer", reason="ill")
    appointments.cancel(other, NOW, FRONT_DESK, by=CUSTOMER.role, reason="ill")
    by_link = Client().post(f"/a/{third.token}/1/cancel", {"reason": "ill"})
    assert by_link.status_code in {302, 303}
    duties = [
        [(c.name, c.status, c.reason) for c in queries.timeline(each).controls]
        for each in (one, other, third)
    ]
    assert duties[0] == duties[1] == duties[2]


@pytest.fixture
def unreachable(house):
    appointment = house.book(START, "Una Unreached", house.ben, email="", phone="+442079460111")
    loop.turn_once()
    return appointment


def moved(client, appointment):
    path = f"/console/appointments/{appointment.id}/move/?day=2027-03-02"
    page = client.get(path)
    typed = {"slot": slots_of(page)[3], "version": version(appointment)}
    return client.post(path, typed, follow=True).content


def test_before_a_move_it_is_said_who_must_be_told_by_phone(booked, unreachable, desk):
    def page(of):
        return desk.get(f"/console/appointments/{of.id}/move/").content.decode()

    assert "told the new time at once" in page(booked)
    assert "told the new time at once" not in page(unreachable)
    assert "No e-mail reaches this customer" in page(unreachable)
    assert 'href="tel:' in page(unreachable)
    cancel = desk.get(f"/console/appointments/{unreachable.id}/cancel/").content.decode()
    assert "No e-mail reaches this customer" in cancel


def test_a_move_says_that_the_customer_is_told_only_where_a_mail_reaches_them(
    desk, booked, unreachable
):
    told = moved(desk, booked)
    assert b"Moved. The customer is being told the new time." in told
    untold = moved(desk, unreachable)
    assert b"Moved. No e-mail reaches this customer: tell them by phone." in untold
    loop.turn_once()
    assert "CONTACT_GAP" in {each.kind for each in queries.timeline(unreachable).escalations}


def test_a_confirmation_is_said_to_be_sent_again_only_where_a_mail_reaches_the_customer(
    desk, booked, unreachable
):
    path = "/console/appointments/{}/resend/"
    again = desk.post(path.format(booked.id), {"version": version(booked)}, follow=True)
    assert b"The confirmation will be sent again." in again.content
    vain = desk.post(path.format(unreachable.id), {"version": version(unreachable)}, follow=True)
    assert b"No e-mail reaches this customer: tell them by phone." in vain.content
    assert b"will be sent again" not in vain.content
