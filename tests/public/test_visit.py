"""The customer's page: the present truth behind every link, and the acts that truth allows."""

import re
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from icalendar import Calendar

from kept.appointments import actions, queries
from kept.core.case import Role
from kept.outbox.queries import Message
from kept.people import actions as people
from kept.schedule import actions as schedule
from kept.worker.loop import turn_once
from tests.public.house import (
    CUSTOMER,
    FRONT_DESK,
    TUESDAY_TEN,
    action,
    advance,
    body,
    hidden,
    now,
    open_house,
    slots,
    state_of,
    tell,
    text,
    title,
)
from tests.public.test_booking import dump

ACTS = ("acknowledge", "move", "move/check", "cancel", "late", "cannot-come")
TYPED = {
    "move/check": {"start": "2027-03-03T10:00:00Z"},
    "late": {"minutes": "10"},
}


@pytest.fixture
def client():
    return Client(HTTP_HOST="127.0.0.1")


def url(appointment, rest=""):
    return f"/a/{appointment.token}{rest}"


def post(client, appointment, act, leg=1, **typed):
    return client.post(url(appointment, f"/{leg}/{act}"), {**TYPED.get(act, {}), **typed})


def history(appointment):
    return [event.name for event in queries.timeline(appointment).events]


# The states an appointment can be in, each reached the way it is reached in life


def scheduled(appointment):
    pass


def confirmed(appointment):
    tell(appointment)


def close(appointment):
    tell(appointment)
    advance(hours=24)


def running(appointment):
    tell(appointment)
    advance(hours=25, minutes=10)


def over(appointment):
    tell(appointment)
    advance(hours=27)


def attended(appointment):
    close(appointment)
    actions.say(appointment, "arrived", now(), FRONT_DESK)


def completed(appointment):
    over(appointment)
    actions.say(appointment, "completed", now(), FRONT_DESK)


def cancelled(appointment):
    tell(appointment)
    actions.cancel(appointment, now(), CUSTOMER, by=Role.CUSTOMER, reason="Ill")
    advance(minutes=10)


def cancelled_by_business(appointment):
    tell(appointment)
    actions.cancel(appointment, now(), FRONT_DESK, by=Role.STAFF, reason="Water damage")
    advance(minutes=10)


def missed(appointment):
    over(appointment)
    actions.miss(appointment, now(), FRONT_DESK, by=Role.CUSTOMER)


BOOKED, OVER = "Your appointment is booked", "The time of your appointment is over"
CANCELLED, GONE = "Your appointment is cancelled", "Your appointment did not take place"

# state: the page's heading, and the acts whose POST is allowed. What is not named is refused.
TABLE = [
    (scheduled, BOOKED, {"acknowledge", "move/check", "cancel"}),
    (confirmed, BOOKED, {"acknowledge", "move/check", "cancel"}),
    (close, BOOKED, {"acknowledge", "late", "cannot-come"}),
    (running, BOOKED, {"late", "cannot-come"}),
    (over, OVER, set()),
    (attended, "Your visit has begun", set()),
    (completed, "Your visit is over", set()),
    (cancelled, CANCELLED, set()),
    (cancelled_by_business, CANCELLED, set()),
    (missed, GONE, set()),
]
BY_NAME = pytest.mark.parametrize(
    ("reach", "heading", "allowed"), TABLE, ids=[row[0].__name__ for row in TABLE]
)


@BY_NAME
def test_every_link_shows_the_page_of_the_present_state(db, client, reach, heading, allowed):
    appointment = open_house().book()
    reach(appointment)
    for link in ("", "/1"):
        page = client.get(url(appointment, link))
        assert page.status_code == 200
        assert title(page).startswith(f"{heading} – Foot care")
        assert f"<h1>{heading}</h1>" in body(page)
        assert appointment.reference in text(page)
    for act in ACTS:
        page = client.get(url(appointment, f"/1/{act}"), TYPED.get(act))
        assert page.status_code == 200, act
        offered = act in allowed or (act == "move" and "move/check" in allowed)
        assert (f"<h1>{heading}</h1>" in body(page)) is not offered, act


@BY_NAME
@pytest.mark.parametrize("act", ["acknowledge", "move/check", "cancel", "late", "cannot-come"])
def test_a_post_does_what_the_state_allows_and_nothing_else(
    db, client, reach, heading, allowed, act
):
    appointment = open_house().book()
    reach(appointment)
    before = dump()
    answer = post(client, appointment, act)
    if act in allowed:
        assert answer.status_code == 303
        assert dump() != before
    else:
        done_already = act == "cancel" and state_of(appointment) == "cancelled"
        assert answer.status_code == (303 if done_already else 409)
        assert dump() == before
    assert client.post(url(appointment, "/1/move")).status_code == 405
    assert client.post(url(appointment)).status_code == 405


@BY_NAME
@pytest.mark.parametrize("act", ["acknowledge", "move/check", "cancel", "late", "cannot-come"])
def test_a_link_of_an_earlier_leg_shows_where_it_was_moved_and_changes_nothing(
    db, client, reach, heading, allowed, act
):
    appointment = open_house().book(TUESDAY_TEN - timedelta(hours=1))
    actions.move(appointment, TUESDAY_TEN, now(), FRONT_DESK)
    reach(appointment)
    before = dump()
    page = client.get(url(appointment, "/1"))
    assert "This link is from an older message" in text(page)
    assert "Tuesday 2 March 2027, 09:00–09:45 (Berlin time)" in text(page)
    if heading == BOOKED:
        assert "Moved to Tuesday 2 March 2027, 10:00–10:45 (Berlin time)." in text(page)
    answer = post(client, appointment, act, leg=1)
    cancelled_before = act == "cancel" and heading == CANCELLED
    assert answer.status_code == (303 if cancelled_before else 409)
    assert f"<h1>{heading}</h1>" in body(answer) or cancelled_before
    assert client.get(url(appointment, f"/1/{act}")).status_code == 200
    assert dump() == before


LINKS = ["", "/1", "/calendar.ics", *(f"/1/{act}" for act in ACTS)]


def look(client, appointment, link):
    assert client.get(url(appointment, link), TYPED.get(link[3:])).status_code == 200
    assert client.head(url(appointment, link), TYPED.get(link[3:])).status_code == 200


@BY_NAME
def test_looking_at_every_link_changes_nothing_in_any_state(db, client, reach, heading, allowed):
    appointment = open_house().book()
    reach(appointment)
    before = dump()
    for link in LINKS * 2:
        look(client, appointment, link)
    assert dump() == before


@pytest.mark.parametrize("link", LINKS)
def test_a_hundred_looks_at_a_link_change_nothing(db, client, link):
    appointment = open_house().book()
    confirmed(appointment)
    before = dump()
    for _ in range(50):
        look(client, appointment, link)
    assert dump() == before


# Links


@pytest.mark.parametrize("rest", ["", "/1", "/1/cancel", "/1/move", "/calendar.ics"])
def test_a_wrong_token_is_a_page_that_helps_and_is_not_logged(db, client, caplog, rest, capsys):
    open_house().book()
    page = client.get(f"/a/wr0ng-tok3n{rest}")
    assert page.status_code == 404
    assert "Check that the whole address was copied" in text(page)
    assert "no-store" in page["Cache-Control"]
    assert client.post(f"/a/wr0ng-tok3n{rest}").status_code in {404, 405}
    assert "wr0ng" not in capsys.readouterr().err


def test_a_leg_that_never_was_is_not_found(db, client):
    appointment = open_house().book()
    assert client.get(url(appointment, "/2")).status_code == 404
    assert post(client, appointment, "cancel", leg=7).status_code == 404
    assert state_of(appointment) == "scheduled"


def test_the_page_is_private(db, client):
    page = client.get(url(open_house().book()))
    assert "no-store" in page["Cache-Control"]
    assert "noindex" in page["X-Robots-Tag"]
    assert page["Referrer-Policy"] == "same-origin"


def test_the_path_says_in_words_where_it_stands(db, client):
    appointment = open_house().book()
    confirmed(appointment)
    drawn = re.search(r'(?s)<ol class="path".*?</ol>', body(client.get(url(appointment)))).group()
    assert drawn.count('aria-current="step"') == 1
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", drawn))
    assert "Booked done, Mon 1 March 2027, 09:00 (Berlin time)" in words
    assert "Confirmed now, " in words
    assert "Ready not yet Your visit not yet Done not yet" in words


def test_after_a_move_the_path_still_says_when_it_was_booked(db, client):
    appointment = open_house().book()
    advance(hours=3)
    actions.move(appointment, TUESDAY_TEN + timedelta(hours=2), now(), FRONT_DESK)
    words = text(client.get(url(appointment)))
    assert "Booked now, Mon 1 March 2027, 09:00" in words


def test_a_step_that_was_passed_over_is_not_said_to_have_happened(db, client):
    appointment = open_house().book()
    advance(hours=25)
    actions.say(appointment, "arrived", now(), FRONT_DESK)
    assert "Confirmed passed over" in text(client.get(url(appointment)))


def test_a_visit_that_is_done_took_place_also_when_nobody_recorded_the_arrival(db, client):
    appointment = open_house().book()
    advance(hours=25)
    actions.say(appointment, "completed", now(), FRONT_DESK)
    words = text(client.get(url(appointment)))
    assert "Your visit done" in words
    assert "Your visit passed over" not in words


# Messages


def message_of(appointment):
    return Message.objects.get(subject=appointment.id, control="confirmation")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "We are sending a confirmation to mia@example.com."),
        (
            {"error": "Connection refused"},
            "could not be sent to mia@example.com yet; we keep trying.",
        ),
        ({"status": Message.DOUBTFUL}, "We cannot be sure that the confirmation reached"),
        (
            {"status": Message.FAILED, "error": "No such user"},
            "could not be delivered to mia@example.com.",
        ),
    ],
)
def test_the_page_says_the_truth_about_the_confirmation(db, client, changes, words):
    appointment = open_house().book()
    Message.objects.filter(id=message_of(appointment).id).update(**changes)
    said = text(client.get(url(appointment)))
    assert words in said
    assert "We sent" not in said


def test_a_confirmation_that_was_taken_is_said_with_its_time(db, client):
    appointment = open_house().book()
    messages = Message.objects.filter(id=message_of(appointment).id)
    messages.update(status=Message.ACCEPTED, handed_over_at=now())
    said = text(client.get(url(appointment)))
    assert "We sent a confirmation to mia@example.com: Mon 1 March 2027, 09:00" in said


def test_what_was_told_is_shown_only_where_it_is_no_longer_so(db, client):
    appointment = open_house().book()
    tell(appointment)
    assert "Our last message" not in text(client.get(url(appointment)))
    actions.move(appointment, TUESDAY_TEN + timedelta(hours=2), now(), FRONT_DESK)
    said = text(client.get(url(appointment)))
    assert "Our last message to you named another time: Tue 2 March 2027, 10:00" in said


def test_who_has_just_moved_it_is_not_told_what_they_know(db, client, settings):
    """Unless the letter that says so cannot go: the one they have is the old one."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    appointment = open_house().book()
    tell(appointment)
    post(client, appointment, "move/check")
    said = text(client.get(url(appointment)))
    assert "Your appointment is moved." in said
    assert "We are sending a message with the new time" in said
    assert "Our last message" not in said
    turn_once()
    said = text(client.get(url(appointment)))
    assert "could not be sent" in said
    assert "Our last message to you named another time" in said


def test_after_the_visit_nothing_is_said_about_its_confirmation(db, client):
    appointment = open_house().book()
    tell(appointment)
    for hours, heading in ((0, "is booked"), (26, "The time of your appointment is over")):
        advance(hours=hours)
        said = text(client.get(url(appointment)))
        assert heading in said
        assert ("confirmation to mia@example.com" in said) is (hours == 0)
    actions.say(appointment, "completed", now(), FRONT_DESK)
    said = text(client.get(url(appointment)))
    assert "Your visit is over" in said
    assert "mia@example.com" not in said


@pytest.mark.parametrize("email", ["smtp://127.0.0.1:1", "none:"])
def test_while_no_mail_can_be_sent_the_booking_stands_and_the_page_says_so(
    db, client, settings, email
):
    settings.EMAIL_URL = email
    appointment = open_house().book()
    turn_once()
    said = text(client.get(url(appointment)))
    assert "The confirmation could not be sent to mia@example.com yet; we keep trying." in said
    assert "Tuesday 2 March 2027, 10:00–10:45 (Berlin time)" in said
    assert client.get(url(appointment, "/calendar.ics")).status_code == 200


def test_once_the_mail_server_has_it_the_page_says_so(db, client):
    appointment = open_house().book()
    turn_once()
    said = text(client.get(url(appointment)))
    assert "We sent a confirmation to mia@example.com: Mon 1 March 2027, 09:00" in said
    assert "Confirmed now" in said


def test_what_was_booked_at_short_notice_says_how_soon_it_is(db, client):
    house = open_house()
    appointment = house.book(now() + timedelta(minutes=30))
    assert "It starts in 30 minutes." in text(client.get(url(appointment)))


def test_reminders_that_are_planned_are_announced(db, client):
    appointment = open_house().book(TUESDAY_TEN + timedelta(days=1))
    said = text(client.get(url(appointment)))
    assert "We remind you on Tue 2 March 2027, 10:00 (Berlin time)." in said


# Acts


@pytest.mark.parametrize("where", ["", "/1", "/1/acknowledge"])
def test_a_customer_says_that_they_will_come(db, client, where):
    """With one press, on their page as on the one that asks them."""
    appointment = open_house().book()
    page = client.get(url(appointment, where))
    assert ">Yes, I will come</button>" in body(page)
    assert action(page) == url(appointment, "/1/acknowledge")
    page = client.post(action(page), hidden(page), follow=True)
    assert "You have said that you will come. Thank you." in text(page)
    assert "Yes, I will come" not in text(page)
    assert post(client, appointment, "acknowledge").status_code == 303
    assert history(appointment).count("acknowledged") == 1


def test_a_customer_cancels_with_a_reason_and_may_book_again(db, client):
    appointment = open_house().book()
    page = client.get(url(appointment, "/1/cancel"))
    assert ">Cancel my appointment</button>" in body(page)
    page = client.post(url(appointment, "/1/cancel"), {"reason": "I am ill"}, follow=True)
    said = text(page)
    assert "Cancelled by you on Mon 1 March 2027, 09:00 (Berlin time). Reason: “I am ill”" in said
    again = re.search(r'action="(/book/[^"]+)"', body(page)).group(1)
    answer = client.post(again, {"start": "2027-03-02T09:00:00+00:00"})
    assert answer.status_code == 303
    assert "held for you" in text(client.get(answer["Location"]))


def test_a_cancelled_time_that_was_taken_is_not_offered_again(db, client):
    house = open_house()
    appointment = house.book()
    cancelled(appointment)
    house.book()
    page = client.get(url(appointment))
    assert "Book the same time again" not in text(page)
    assert f'href="{house.path}/"' in body(page)


def test_a_cancellation_by_the_business_says_so_and_why(db, client):
    appointment = open_house().book()
    cancelled_by_business(appointment)
    said = text(client.get(url(appointment)))
    assert "Cancelled by Harbour Clinic on" in said
    assert "Water damage" in said


def test_what_staff_note_when_the_customer_cancels_is_not_shown_to_them(db, client):
    appointment = open_house().book()
    actions.cancel(appointment, now(), FRONT_DESK, by=Role.CUSTOMER, reason="rude on the phone")
    said = text(client.get(url(appointment)))
    assert "Cancelled by you on" in said
    assert "rude" not in said
    assert "Reason" not in said


@pytest.mark.parametrize("by", [Role.CUSTOMER, Role.STAFF])
def test_what_staff_note_at_a_miss_or_a_correction_is_not_shown_to_the_customer(db, client, by):
    appointment = open_house().book()
    running(appointment)
    actions.miss(appointment, now(), FRONT_DESK, by=by, reason="rude on the phone")
    assert "rude" not in text(client.get(url(appointment)))
    actions.correct(
        appointment, "cancelled", now(), FRONT_DESK, by=by, reason="rude, but called before"
    )
    said = text(client.get(url(appointment)))
    assert "Cancelled by" in said
    assert "rude" not in said


def test_late_cancellation_is_said_before_and_not_after(db, client):
    appointment = open_house().book(TUESDAY_TEN + timedelta(days=1))
    assert "is not a late cancellation" in text(client.get(url(appointment, "/1/cancel")))
    advance(hours=30)
    assert "This would be a late cancellation" in text(client.get(url(appointment, "/1/cancel")))


def test_a_yes_right_after_cancelling_is_heard_and_a_person_is_asked(db, client):
    appointment = open_house().book()
    client.post(url(appointment, "/1/cancel"))
    page = client.post(url(appointment, "/1/acknowledge"), follow=True)
    assert "We heard both, and will ask you which you meant." in text(page)
    assert state_of(appointment) == "cancelled"
    kinds = {each.kind for each in queries.timeline(appointment).escalations}
    assert "CONFLICTING_REPLIES" in kinds


def test_a_yes_right_after_we_cancelled_is_not_said_to_contradict_the_customer(db, client):
    appointment = open_house().book()
    actions.cancel(appointment, now(), FRONT_DESK, by=Role.STAFF, reason="")
    said = text(client.post(url(appointment, "/1/acknowledge"), follow=True))
    assert "Harbour Clinic cancelled it a moment ago. We heard that you wanted to come" in said
    assert "both" not in said


def test_a_yes_long_after_the_cancellation_is_not_said_to_be_heard(db, client):
    appointment = open_house().book()
    client.post(url(appointment, "/1/cancel"))
    advance(minutes=3)
    page = client.post(url(appointment, "/1/acknowledge"))
    assert page.status_code == 409
    assert "This appointment is cancelled. You can book a new one." in text(page)
    assert not queries.timeline(appointment).escalations


def test_too_late_to_change_online_is_a_way_forward_and_not_an_error(db, client):
    appointment = open_house().book()
    close(appointment)
    page = client.get(url(appointment, "/1/cancel"))
    assert page.status_code == 200
    for words in ("I am running late", "I cannot come", "+44 20 7946 0123"):
        assert words in text(page)
    page = client.post(url(appointment, "/1/late"), {"minutes": "15"}, follow=True)
    assert "You have told us that you will be 15 minutes late." in text(page)
    page = client.post(url(appointment, "/1/cannot-come"), {"reason": "Train"}, follow=True)
    assert "You have told us that you may not come." in text(page)
    assert state_of(appointment) in {"confirmed", "prepared"}
    assert "POSSIBLE_CANCEL" in {e.kind for e in queries.timeline(appointment).escalations}


@pytest.mark.parametrize("minutes", ["", "500", "ten"])
def test_lateness_that_is_none_of_the_choices_is_asked_for_again(db, client, minutes):
    appointment = open_house().book()
    close(appointment)
    answer = client.post(url(appointment, "/1/late"), {"minutes": minutes})
    assert answer.status_code == 422
    assert title(answer).startswith("Error: ")
    assert "running_late" not in history(appointment)


def test_the_service_may_set_its_own_change_window(db, client):
    appointment = open_house(change_until="48h").book()
    assert "It is too late to move or cancel it here." in text(client.get(url(appointment)))
    assert post(client, appointment, "cancel").status_code == 409


# Moving


def test_a_customer_picks_the_new_time_first_and_keeps_the_old_one_until_then(db, client):
    house = open_house()
    appointment = house.book()
    page = client.get(url(appointment, "/1/move"), {"from": "2027-03-03"})
    assert "It is kept until the new time is booked." in text(page)
    check = client.get(url(appointment, "/1/move/check"), {"start": "2027-03-03T10:00:00Z"})
    assert ">Move my appointment</button>" in body(check)
    assert "Wednesday 3 March 2027, 11:00–11:45 (Berlin time)" in text(check)
    assert queries.current_leg(appointment).number == 1
    page = client.post(
        url(appointment, "/1/move/check"), {"start": "2027-03-03T10:00:00Z"}, follow=True
    )
    assert "Your appointment is moved." in text(page)
    leg = queries.current_leg(appointment)
    assert (leg.number, leg.start.isoformat()) == (2, "2027-03-03T10:00:00+00:00")
    twice = client.post(url(appointment, "/1/move/check"), {"start": "2027-03-03T10:00:00Z"})
    assert twice.status_code == 303
    assert len(queries.legs(appointment)) == 2


def test_the_old_time_does_not_block_the_new_one_and_is_not_offered_itself(db, client):
    appointment = open_house().book()
    offered = slots(client.get(url(appointment, "/1/move"), {"from": "2027-03-02"}))
    assert "2027-03-02T09:00:00Z" not in offered
    assert {"2027-03-02T08:30:00Z", "2027-03-02T09:30:00Z"} <= set(offered)
    answer = client.post(url(appointment, "/1/move/check"), {"start": "2027-03-02T09:30:00Z"})
    assert answer.status_code == 303


def test_a_new_time_that_was_taken_leaves_everything_as_it_was(db, client):
    house = open_house()
    appointment = house.book()
    house.book(TUESDAY_TEN + timedelta(hours=2), name="Ben", email="ben@example.com")
    answer = client.post(url(appointment, "/1/move/check"), {"start": "2027-03-02T11:00:00Z"})
    assert answer.status_code == 409
    assert "12:00 on Tuesday 2 March 2027 was just taken. Choose another time." in text(answer)
    assert queries.current_leg(appointment).start == TUESDAY_TEN
    assert slots(answer)


def test_moving_offers_the_same_person_or_anybody(db, client):
    house = open_house(staff=("Ada Brook", "Noor Haddad"))
    appointment = house.book()
    house.book(TUESDAY_TEN + timedelta(hours=2), name="Ben", email="ben@example.com")
    taken = "2027-03-02T11:00:00Z"
    path = url(appointment, "/1/move")
    assert taken not in slots(client.get(path, {"from": "2027-03-02"}))
    assert taken in slots(client.get(path, {"from": "2027-03-02", "who": "any"}))
    client.post(f"{path}/check", {"start": taken, "who": "any"})
    assert queries.current_leg(appointment).staff.name == "Noor Haddad"


@pytest.mark.parametrize("days", [0, 20])
def test_another_time_is_looked_for_about_the_booked_day(db, client, days):
    booked = open_house().book(TUESDAY_TEN + timedelta(days=days))
    page = client.get(url(booked, "/1/move"))
    [opened] = [day.date for day, is_open, _ in page.context["days"] if is_open]
    assert opened == (TUESDAY_TEN + timedelta(days=days)).date()


def test_a_move_between_opening_a_page_and_sending_it_is_noticed(db, client):
    appointment = open_house().book()
    client.get(url(appointment, "/1/cancel"))
    actions.move(appointment, TUESDAY_TEN + timedelta(hours=2), now(), FRONT_DESK)
    answer = post(client, appointment, "cancel")
    assert answer.status_code == 409
    assert "The appointment was moved in the meantime. Nothing has been changed." in text(answer)
    assert state_of(appointment) == "scheduled"


def test_an_event_in_the_very_moment_does_not_lose_the_customers_wish(db, client, monkeypatch):
    appointment = open_house().book()
    cancel = actions.cancel

    def land_an_event_first(*arguments, **options):
        monkeypatch.setattr(actions, "cancel", cancel)
        tell(appointment)
        return cancel(*arguments, **options)

    monkeypatch.setattr(actions, "cancel", land_an_event_first)
    assert post(client, appointment, "cancel").status_code == 303
    assert state_of(appointment) == "cancelled"


def test_a_move_in_the_very_moment_wins_over_a_cancellation_of_the_old_time(
    db, client, monkeypatch
):
    appointment = open_house().book()
    cancel = actions.cancel

    def land_a_move_first(*arguments, **options):
        actions.move(appointment, TUESDAY_TEN + timedelta(hours=2), now(), FRONT_DESK)
        return cancel(*arguments, **options)

    monkeypatch.setattr(actions, "cancel", land_a_move_first)
    assert post(client, appointment, "cancel").status_code == 409
    assert queries.current_leg(appointment).number == 2
    assert state_of(appointment) == "scheduled"


def test_cancelling_twice_at_once_is_one_cancellation(house_db):
    from concurrent.futures import ThreadPoolExecutor

    appointment = open_house().book()

    def send(_):
        try:
            return post(Client(HTTP_HOST="127.0.0.1"), appointment, "cancel").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(8))) == {303}
    assert history(appointment).count("cancelled") == 1


# The calendar


def entry(client, appointment):
    answer = client.get(url(appointment, "/calendar.ics"))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert appointment.reference in answer["Content-Disposition"]
    calendar = Calendar.from_ical(answer.content)
    assert "METHOD" not in calendar
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    (event,) = calendar.walk("VEVENT")
    return event


def test_the_calendar_entry_keeps_its_uid_and_counts_its_legs(db, client):
    appointment = open_house().book()
    first = entry(client, appointment)
    assert str(first["UID"]) == queries.calendar_uid(appointment)
    assert first["SEQUENCE"] == 0
    assert first["DTSTART"].params["TZID"] == "Europe/Berlin"
    actions.move(appointment, TUESDAY_TEN + timedelta(hours=2), now(), FRONT_DESK)
    second = entry(client, appointment)
    assert (str(second["UID"]), second["SEQUENCE"]) == (str(first["UID"]), 1)
    actions.cancel(appointment, now(), CUSTOMER, by=Role.CUSTOMER)
    assert str(entry(client, appointment)["STATUS"]) == "CANCELLED"


# Odd but real


def test_a_customer_whose_address_bounced_is_asked_for_the_right_one(db, client):
    appointment = open_house().book()
    Message.objects.filter(subject=appointment.id).delete()
    people.mark_email_bad(appointment.customer_id, "mia@example.com", "No such user")
    assert "Mail to mia@example.com does not arrive." in text(client.get(url(appointment)))


def test_a_private_name_or_markup_in_a_name_is_only_text(db, client):
    appointment = open_house().book(name="<b>Mia</b> & Co")
    assert "&lt;b&gt;Mia&lt;/b&gt; &amp; Co" in body(client.get(url(appointment)))


def test_an_archived_service_leads_back_to_the_list(db, client):
    house = open_house()
    appointment = house.book()
    cancelled(appointment)
    schedule.archive_service(house.business.id, house.service.id, now())
    page = client.get(url(appointment))
    assert "Book the same time again" not in text(page)
    assert f'href="/book/{house.business.slug}/"' in body(page)
