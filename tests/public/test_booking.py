"""Booking on the web: steps are addresses, only POST changes, nothing typed is lost."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client

from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.core.case import Role
from kept.core.time import WeeklyHours
from kept.journeys.actions import record_wish
from kept.people.queries import Consent, Customer
from kept.public import tokens
from kept.schedule import actions as schedule
from tests.public.house import (
    FRONT_DESK,
    MIA,
    MONDAY,
    OFFICE,
    TUESDAY_TEN,
    advance,
    body,
    hidden,
    now,
    open_house,
    slots,
    text,
    title,
)


def appointments_of(house):
    return list(queries.listing(house.business.id))


# The way through


def test_a_visitor_books_and_sees_it_at_once(db):
    house = open_house()
    visitor = house.visitor()
    page = visitor.client.get(visitor.book())
    assert title(page) == "Your appointment is booked – Foot care – Harbour Clinic"
    said = text(page)
    (leg,) = appointments_of(house)
    for fact in (
        "Tuesday 2 March 2027, 10:00–10:45 (Berlin time)",
        "Foot care",
        "12 Canal Street, Riverton",
        "Ada Brook",
        "45 minutes",
        "€60.00",
        leg.appointment.reference,
        "We are sending a confirmation to mia@example.com.",
    ):
        assert fact in said
    assert leg.appointment.origin == "page"
    assert leg.appointment.customer.name == "Mia Sanders"


def test_the_booked_time_is_offered_to_nobody_else(db):
    house = open_house()
    house.visitor().book()
    page = house.visitor().client.get(f"{house.path}/any/?from=2027-03-02")
    assert "2027-03-02T09:00:00Z" not in slots(page)
    assert house.visitor().choose().status_code == 409


def test_one_business_is_shown_at_once_and_one_service_and_one_person_are_not_asked_for(db):
    house = open_house()
    page = house.visitor().client.get("/", follow=True)
    assert [status for _, status in page.redirect_chain] == [302, 302, 302]
    assert title(page) == "When would you like to come? – Foot care – Harbour Clinic"


def test_with_several_businesses_the_front_page_names_none(db):
    house = open_house()
    open_house("Other Studio")
    page = house.visitor().client.get("/")
    assert page.status_code == 200
    assert "Harbour" not in body(page)


def test_anybody_available_comes_first(db):
    house = open_house(staff=("Ada Brook", "Noor Haddad"))
    page = house.visitor().client.get(f"{house.path}/")
    said = text(page)
    assert said.index("Any available") < said.index("Ada Brook") < said.index("Noor Haddad")
    assert title(page).startswith("Who would you like to see? – Foot care")


def test_the_first_day_with_free_times_is_open_and_days_are_counted(db):
    house = open_house(hours=[WeeklyHours(2, time(9), time(10, 15))])
    page = house.visitor().client.get(f"{house.path}/any/")
    assert slots(page) == ["2027-03-03T08:00:00Z", "2027-03-03T08:30:00Z"]
    assert "Wednesday 3 March 2027" in body(page)
    assert "Wed 10 March 2027 2 times" in text(page)
    assert "Thu 4 March 2027 no times" in text(page)


def test_every_slot_is_a_button_that_says_day_time_and_zone(db):
    house = open_house()
    page = house.visitor().client.get(f"{house.path}/any/?from=2027-03-02&tz=Asia/Tokyo")
    label = "10:00, Tuesday 2 March 2027, Berlin time, 18:00 Tokyo time"
    assert f'value="2027-03-02T09:00:00Z" aria-label="{label}"' in body(page)


def test_another_day_is_a_link_that_can_be_shared(db):
    house = open_house()
    path = f"{house.path}/any/?from=2027-03-01&day=2027-03-04"
    assert set(slots(house.visitor().client.get(path))) >= {"2027-03-04T08:00:00Z"}


def test_when_nothing_is_free_the_page_says_so_and_what_to_do(db):
    house = open_house(hours=[])
    page = house.visitor().client.get(f"{house.path}/any/")
    assert "No time is free" in text(page)
    assert '<a href="tel:+442079460123"><bdi>+44 20 7946 0123</bdi></a>' in body(page)


def test_days_without_times_lead_to_the_next_free_day(db):
    house = open_house()
    begin = MONDAY - timedelta(hours=9)
    schedule.close(house.business.id, None, begin, begin + timedelta(days=40), "Holidays")
    page = house.visitor().client.get(f"{house.path}/any/?from=2027-03-02")
    assert "No time is free on these days. The next free day:" in text(page)
    first = house.visitor().client.get(f"{house.path}/any/")
    assert slots(first)[0].startswith("2027-04-12")


@pytest.mark.parametrize("wrong", ["soon", "2027-13-01", "27-1-1"])
def test_a_date_that_is_none_is_said_and_the_next_times_are_shown(db, wrong):
    house = open_house()
    page = house.visitor().client.get(f"{house.path}/any/", {"from": wrong})
    assert "is not a date" in text(page)
    assert slots(page)


@pytest.mark.parametrize("far", ["1999-01-01", "2900-01-01"])
def test_a_date_out_of_reach_is_brought_into_reach(db, far):
    house = open_house()
    assert house.visitor().client.get(f"{house.path}/any/", {"from": far}).status_code == 200


# Holding


def test_choosing_a_time_holds_it_for_ten_minutes_for_this_visitor_alone(db):
    house = open_house()
    mine, other = house.visitor(), house.visitor()
    assert "held for you until 09:10 (Berlin time)" in text(mine.to_details())
    taken = other.choose()
    assert taken.status_code == 409
    assert title(taken).startswith("Error: ")
    assert "10:00 on Tuesday 2 March 2027 was just taken. Choose another time." in text(taken)
    assert "2027-03-02T09:30:00Z" not in slots(taken)


def test_the_visitors_own_hold_does_not_block_the_visitor(db):
    house = open_house()
    visitor = house.visitor()
    visitor.to_details()
    back = visitor.client.get(f"{house.path}/any/?from=2027-03-02")
    assert "2027-03-02T09:00:00Z" in slots(back)
    assert "held for you until 09:10" in text(back)
    assert visitor.choose().status_code == 303
    assert visitor.choose(TUESDAY_TEN + timedelta(minutes=30)).status_code == 303


def test_without_cookies_the_token_in_the_address_does_the_same(db):
    house = open_house()
    visitor = house.visitor()
    details = visitor.to_details()
    token = hidden(details)["hold"]
    visitor.client.cookies.clear()
    back = visitor.client.get(f"{house.path}/any/", {"from": "2027-03-02", "hold": token})
    assert "2027-03-02T09:00:00Z" in slots(back)


def test_choosing_another_time_lets_the_first_one_go(db):
    house = open_house()
    visitor = house.visitor()
    visitor.choose()
    visitor.choose(TUESDAY_TEN + timedelta(hours=3))
    assert house.visitor().choose().status_code == 303


def test_a_hold_that_is_over_is_said_and_taken_again_while_the_time_is_free(db):
    house = open_house()
    visitor = house.visitor()
    details = visitor.to_details()
    advance(minutes=11)
    check = visitor.send(details, "check", **MIA)
    assert "Your hold was over; the time was still free and is held for you again" in text(check)
    assert visitor.send(check, "book").status_code == 303


def test_a_hold_that_is_over_and_taken_keeps_what_was_typed_and_offers_times_nearby(db):
    house = open_house()
    visitor = house.visitor()
    check = visitor.to_check(details={**MIA, "notes": "Left foot"})
    advance(minutes=11)
    house.visitor().book()
    answer = visitor.send(check, "book")
    assert answer.status_code == 409
    assert title(answer).startswith("Error: ")
    assert "10:00 on Tuesday 2 March 2027 was just taken. Choose another time." in text(answer)
    assert hidden(answer)["name"] == "Mia Sanders"
    assert hidden(answer)["notes"] == "Left foot"
    assert len(appointments_of(house)) == 1
    nearby = slots(answer)
    assert nearby
    again = visitor.client.post(
        f"{house.path}/any/details", {**hidden(answer), "step": "check", "start": nearby[0]}
    )
    assert "Check and book" in text(again)
    assert "again" not in text(again)  # another time was never held before
    assert visitor.send(again, "book").status_code == 303
    assert len(appointments_of(house)) == 2


def chosen(page):
    """The instants that a page offers to somebody who has begun to type."""
    return re.findall(r'name="chosen" value="([^"]+)"', body(page))


def choose_again(visitor, page, day, start):
    """On the list of times that carries along what was typed: open a day, choose a time."""
    path = f"{visitor.house.path}/any/details"
    opened = visitor.client.post(path, hidden(page), query_params={"from": day, "day": day})
    return visitor.client.post(path, {**hidden(opened), "chosen": start})


NOTED = {**MIA, "notes": "Left foot"}


def test_another_time_is_chosen_from_the_check_page_and_nothing_is_typed_twice(db):
    house = open_house()
    visitor = house.visitor()
    times = visitor.send(visitor.to_check(details=NOTED), "times")
    assert "What you typed is kept." in text(times)
    assert "hold" in hidden(times)
    assert "2027-03-02T09:00:00Z" in chosen(times)  # the day chosen before is open
    check = choose_again(visitor, times, "2027-03-04", "2027-03-04T09:00:00Z")
    assert "Check and book" in text(check)
    assert "Where12 Canal Street, Riverton" in text(check)
    assert "Thursday 4 March 2027, 10:00–10:45" in text(check)
    assert "Left foot" in text(check)
    assert "again" not in text(check)
    visitor.send(check, "book")
    (leg,) = appointments_of(house)
    assert leg.start == TUESDAY_TEN + timedelta(days=2)
    assert leg.appointment.notes == "Left foot"


def test_another_time_is_chosen_from_the_form_and_half_of_it_is_still_there(db):
    house = open_house()
    visitor = house.visitor()
    times = visitor.send(visitor.to_details(), "times", name="", email="mia@", notes="Left foot")
    assert times.status_code == 200
    details = choose_again(visitor, times, "2027-03-04", "2027-03-04T09:00:00Z")
    assert "Thursday 4 March 2027" in text(details)
    assert 'value="mia@"' in body(details)
    assert "Left foot" in text(details)
    assert "There is a problem" not in text(details)
    assert house.visitor().choose().status_code == 303  # the first time is free again


def test_another_time_that_was_lost_meanwhile_keeps_what_was_typed_too(db):
    house = open_house()
    visitor = house.visitor()
    times = visitor.send(visitor.to_check(details=NOTED), "times")
    house.visitor().choose(TUESDAY_TEN + timedelta(days=2))
    lost = choose_again(visitor, times, "2027-03-04", "2027-03-04T09:00:00Z")
    assert lost.status_code == 409
    assert "10:00 on Thursday 4 March 2027 was just taken. Choose another time." in text(lost)
    check = choose_again(visitor, lost, "2027-03-05", "2027-03-05T09:00:00Z")
    assert "Left foot" in text(check)
    assert choose_again(visitor, lost, "2027-03-05", "x").status_code == 400


def test_after_a_lost_time_all_times_can_be_seen_and_what_was_typed_is_kept(db):
    house = open_house()
    visitor = house.visitor()
    check = visitor.to_check(details=NOTED)
    advance(minutes=11)
    house.visitor().book()
    conflict = visitor.send(check, "book")
    times = visitor.send(conflict, "times", path=f"{house.path}/any/details")
    assert hidden(times)["notes"] == "Left foot"


def test_a_slot_taken_by_hand_is_refused_at_the_last_step(db):
    house = open_house()
    visitor = house.visitor()
    house.visitor().book()
    form = {**MIA, "token": tokens.new_form(), "start": "2027-03-02T09:00:00Z", "step": "book"}
    assert visitor.client.post(f"{house.path}/any/details", form).status_code == 409
    assert len(appointments_of(house)) == 1


@pytest.mark.parametrize("start", ["", "tomorrow", "2027-03-02T09:00:00", "2027-02-30T09:00:00Z"])
def test_a_time_that_is_none_is_answered_with_the_list(db, start):
    house = open_house()
    answer = house.visitor().client.post(f"{house.path}/any/hold", {"start": start})
    assert answer.status_code == 400
    assert "Choose one of the times in the list." in text(answer)
    assert slots(answer)


def test_a_time_outside_the_hours_is_refused_and_not_called_taken(db):
    house = open_house()
    answer = house.visitor().choose(TUESDAY_TEN + timedelta(hours=12))
    assert answer.status_code == 409
    assert "22:00 on Tuesday 2 March 2027 cannot be booked" in text(answer)


def test_anybody_is_found_while_somebody_is_free(db):
    house = open_house(staff=("Ada Brook", "Noor Haddad"))
    house.visitor().book()
    house.visitor().book()
    assert house.visitor().choose().status_code == 409
    assert {leg.staff.name for leg in appointments_of(house)} == {"Ada Brook", "Noor Haddad"}


def test_the_person_on_the_check_page_is_the_one_who_is_booked(db):
    house = open_house(staff=("Ada Brook", "Noor Haddad"))
    visitor = house.visitor()
    check = visitor.to_check()
    named = next(each for each in ("Ada Brook", "Noor Haddad") if each in text(check))
    visitor.send(check, "book")
    assert appointments_of(house)[0].staff.name == named


# Details


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "  "}, "Enter your name."),
        ({"email": "mia"}, "Enter an e-mail address like name@example.com."),
        ({"email": "", "phone": ""}, "Enter an e-mail address, or a phone number below."),
        ({"phone": "12"}, "too few or too many digits"),
        ({"phone": "call me"}, "Enter a phone number with its country code"),
        ({"website": "buy"}, "A field that nobody sees was filled in."),
    ],
)
def test_what_is_wrong_is_said_twice_and_what_was_typed_is_kept(db, changes, message):
    house = open_house()
    visitor = house.visitor()
    page = visitor.send(visitor.to_details(), "check", **{**MIA, "notes": "kept", **changes})
    assert page.status_code == 422
    assert title(page).startswith("Error: Your details")
    assert message in text(page)
    assert "There is a problem" in text(page)
    assert "kept</textarea>" in body(page).replace("\n", "")
    assert appointments_of(house) == []


def test_from_the_check_page_one_can_go_back_and_change_what_was_typed(db):
    house = open_house()
    visitor = house.visitor()
    form = visitor.send(visitor.to_check(), "change")
    assert 'value="Mia Sanders"' in body(form)
    assert "problem" not in text(form)
    check = visitor.send(form, "check", **{**MIA, "name": "Mia S."})
    visitor.send(check, "book")
    assert appointments_of(house)[0].appointment.customer.name == "Mia S."


def test_a_phone_number_is_read_as_one_of_the_businesss_country(db):
    house = open_house()
    house.visitor().book(details={**MIA, "email": "", "phone": "020 7946 0958"})
    assert appointments_of(house)[0].appointment.customer.phone == "+442079460958"


def test_without_an_address_the_pages_say_that_no_message_will_come(db):
    house = open_house()
    visitor = house.visitor()
    typed = {**MIA, "email": "", "phone": "+442079460958"}
    check = visitor.to_check(details=typed)
    assert "Without an e-mail address we cannot send you a confirmation" in text(check)
    page = visitor.client.get(visitor.send(check, "book")["Location"])
    assert "We have no e-mail address for you, so you will get no messages." in text(page)
    assert "We are sending" not in text(page)


# Sent twice


def test_the_form_sent_twice_books_once(db):
    house = open_house()
    visitor = house.visitor()
    check = visitor.to_check()
    first, second = visitor.send(check, "book"), visitor.send(check, "book")
    assert first["Location"] == second["Location"]
    assert len(appointments_of(house)) == 1


def test_the_form_sent_by_twenty_threads_at_once_books_once(house_db):
    house = open_house(staff=("Ada Brook", "Noor Haddad", "Kai Lund"))
    visitor = house.visitor()
    check = visitor.to_check()
    form, path = {**hidden(check), "step": "book"}, f"{house.path}/any/details"

    def send(_):
        try:
            return Client(HTTP_HOST="127.0.0.1").post(path, form)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer["Location"] for answer in answers}) == 1
    assert len(appointments_of(house)) == 1


def test_twenty_people_at_once_for_one_time_one_books_and_the_others_are_told(house_db):
    house = open_house()
    forms = [
        {**MIA, "name": f"Visitor {n}", "token": tokens.new_form(), "step": "book",
         "start": "2027-03-02T09:00:00Z"}
        for n in range(20)
    ]  # fmt: skip

    def send(form):
        try:
            return Client(HTTP_HOST="127.0.0.1").post(f"{house.path}/any/details", form)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, forms))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 19
    assert all("just taken" in text(each) for each in answers if each.status_code == 409)


# Back, after it was booked


@pytest.mark.parametrize("step", ["check", "change", "times"])
def test_a_form_that_has_booked_leads_to_what_it_booked(db, step):
    """Back to the page before, and on from there: the time is theirs, not somebody else's."""
    visitor = open_house().visitor()
    page = visitor.to_check()
    booked = visitor.send(page, "book")["Location"]
    again = visitor.send(page, step)
    assert (again.status_code, again["Location"]) == (303, booked)
    assert "You have booked this already." in text(visitor.client.get(booked))


def test_back_to_the_address_of_the_form_leads_to_what_was_booked(db):
    visitor = open_house().visitor()
    before = visitor.choose()["Location"]
    booked = visitor.book()
    again = visitor.client.get(before)
    assert (again.status_code, again["Location"]) == (303, booked)
    # Nobody else who has the address is led there, and another time is another booking.
    assert "was just taken" in text(visitor.house.visitor().client.get(before))
    other = visitor.choose(TUESDAY_TEN + timedelta(hours=2))
    assert "/details" in other["Location"]


def test_who_chooses_their_own_time_once_more_is_led_to_it(db):
    visitor = open_house().visitor()
    booked = visitor.book()
    assert visitor.choose()["Location"] == booked


def test_two_of_one_family_may_come_at_the_same_time(db):
    """Booked in one browser, one after the other, with two people who work here."""
    visitor = open_house(staff=("Ada Brook", "Noor Haddad")).visitor()
    first, second = visitor.book(), visitor.book()
    assert first != second
    assert len(appointments_of(visitor.house)) == 2


def test_a_booking_that_no_longer_stands_is_not_led_to(db):
    visitor = open_house().visitor()
    booked = visitor.book()
    (leg,) = appointments_of(visitor.house)
    appointments.cancel(leg.appointment, now(), FRONT_DESK, by=Role.CUSTOMER)
    again = visitor.choose()
    assert "/details" in again["Location"]
    assert again["Location"] != booked


@pytest.mark.parametrize("token", ["", "made up", "c0ffee:1abc:signature"])
def test_a_form_that_is_not_ours_books_nothing(db, token):
    house = open_house()
    visitor = house.visitor()
    answer = visitor.send(visitor.to_check(), "book", token=token)
    assert answer.status_code == 422
    assert "Check it and send it once more" in text(answer)
    assert appointments_of(house) == []
    again = visitor.send(answer, "check", **MIA)
    assert visitor.send(again, "book").status_code == 303


def test_a_form_is_not_good_for_ever(monkeypatch):
    token, business = tokens.new_form(), uuid4()
    assert tokens.form_key(token, business) is not None
    monkeypatch.setattr(tokens, "FORM_LIFETIME", timedelta(seconds=-1))
    assert tokens.form_key(token, business) is None


def test_a_form_sent_to_another_business_is_another_form(db):
    house, other = open_house(), open_house("Other Studio")
    visitor = house.visitor()
    check = visitor.to_check()
    form = {**hidden(check), "step": "book"}
    first = visitor.client.post(f"{house.path}/any/details", form)
    second = visitor.client.post(f"{other.path}/any/details", form)
    assert first["Location"] != second["Location"]
    assert [len(appointments_of(each)) for each in (house, other)] == [1, 1]


# Zones


def test_a_visitor_elsewhere_sees_both_times_and_is_remembered_there(db):
    house = open_house()
    visitor = house.visitor()
    page = visitor.client.get(f"{house.path}/any/", {"tz": "Asia/Tokyo", "from": "2027-03-02"})
    assert "17:00 Tokyo time" in text(page)
    details = visitor.to_details(tz="Asia/Tokyo")
    assert "10:00–10:45 Berlin time (18:00 Tokyo time)" in text(details)
    page = visitor.client.get(visitor.book(tz="Asia/Tokyo"))
    assert "10:00–10:45 Berlin time (18:00 Tokyo time)" in text(page)


def test_somebody_who_comes_back_from_elsewhere_is_shown_the_clocks_there(db):
    """In that appointment, also after it is moved, and in no other: anybody can type a name."""
    house = open_house()
    first = house.visitor().book()
    visitor = house.visitor()
    page = visitor.client.get(visitor.book(TUESDAY_TEN + timedelta(hours=1), tz="Asia/Tokyo"))
    assert "11:00–11:45 Berlin time (19:00 Tokyo time)" in text(page)
    later = visitor.client.get(visitor.book(TUESDAY_TEN + timedelta(hours=2)))
    assert "Tokyo" not in text(later)
    assert "Tokyo" not in text(visitor.client.get(first))
    assert set(Customer.objects.values_list("name", "time_zone")) == {("Mia Sanders", "")}
    elsewhere = appointments_of(house)[1].appointment
    appointments.move(elsewhere, TUESDAY_TEN + timedelta(hours=4), now(), FRONT_DESK)
    page = visitor.client.get(f"/a/{elsewhere.token}")
    assert "14:00–14:45 Berlin time (22:00 Tokyo time)" in text(page)


def test_the_date_is_added_where_it_is_another_day_there(db):
    house = open_house()
    page = house.visitor().client.get(
        f"{house.path}/any/", {"tz": "Pacific/Auckland", "from": "2027-03-02"}
    )
    assert "Wed 01:00 Auckland time" in text(page)


def test_a_zone_with_the_same_clocks_is_not_repeated(db):
    house = open_house()
    page = house.visitor().client.get(f"{house.path}/any/", {"tz": "Europe/Paris"})
    assert "Paris time is written beside them where it differs" in text(page)
    assert "09:30 Paris time" not in text(page)


def test_an_unknown_zone_is_said_and_never_taken_for_another(db):
    house = open_house()
    page = house.visitor().client.get(f"{house.path}/any/", {"tz": "Europe/Berlim"})
    assert "Europe/Berlin" in text(page)
    assert "All times are Berlin time" in text(page)
    assert "UTC" not in text(page)


def test_online_the_visitors_own_clock_comes_first(db):
    house = open_house(mode="online", place="Video call")
    details = house.visitor().to_details(tz="Asia/Tokyo")
    assert "18:00–18:45 Tokyo time (10:00 Berlin time)" in text(details)


def test_in_the_repeated_hour_both_times_are_offered_with_their_offsets(db):
    night = [WeeklyHours(6, time(1), time(5))]
    at = datetime(2027, 10, 29, 8, tzinfo=UTC)
    house = open_house(hours=night, at=at, duration_minutes=30)
    page = house.visitor().client.get(f"{house.path}/any/?from=2027-10-31")
    assert "02:00 (UTC+2)" in text(page)
    assert "02:00 (UTC+1)" in text(page)
    second = datetime(2027, 10, 31, 1, tzinfo=UTC)
    visitor = house.visitor()
    assert "02:00 (UTC+1)" in text(visitor.client.get(visitor.book(second)))


def test_in_the_night_that_skips_an_hour_no_time_inside_it_is_offered(db):
    night = [WeeklyHours(6, time(1), time(5))]
    at = datetime(2027, 3, 26, 8, tzinfo=UTC)
    house = open_house(hours=night, at=at, duration_minutes=30)
    said = text(house.visitor().client.get(f"{house.path}/any/?from=2027-03-28"))
    assert "01:30" in said
    assert "03:00" in said
    assert "02:00" not in said
    assert "02:30" not in said


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", ["2027-03-14", "2027-10-31", "2027-04-04"])
def test_every_slot_shown_can_be_booked_around_clock_changes(db, zone, day):
    at = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(days=2)
    week = [WeeklyHours(weekday, time(9), time(11)) for weekday in range(7)]
    house = open_house(zone=zone, hours=week, at=at, duration_minutes=60, step_minutes=60)
    page = house.visitor().client.get(f"{house.path}/any/", {"from": day, "tz": "Europe/Berlin"})
    assert "09:00" in text(page)
    for start in slots(page):
        assert house.visitor().choose(datetime.fromisoformat(start)).status_code == 303


# Walls


def test_another_businesss_service_and_staff_are_not_found(db):
    house, other = open_house(), open_house("Other Studio")
    client = house.visitor().client
    slug, service, staff = house.business.slug, house.service.id, house.staff[0].id
    assert client.get(f"/book/{slug}/{service}/{staff}/").status_code == 200
    for path in (
        f"/book/{slug}/{other.service.id}/",
        f"/book/{slug}/{other.service.id}/any/",
        f"/book/{slug}/{service}/{other.staff[0].id}/",
        f"/book/{slug}/{service}/somebody/",
        f"/book/{other.business.slug}/{service}/any/",
        "/book/nobody/",
    ):
        assert client.get(path).status_code == 404, path
    for who in (other.staff[0].id, "somebody"):
        path = f"/book/{slug}/{service}/{who}/hold"
        assert client.post(path, {"start": "2027-03-02T09:00:00Z"}).status_code == 404


def test_an_archived_service_is_not_offered(db):
    house = open_house()
    schedule.archive_service(house.business.id, house.service.id, now())
    client = house.visitor().client
    assert "Nothing can be booked online" in text(client.get(f"/book/{house.business.slug}/"))
    assert client.get(f"{house.path}/any/").status_code == 404


def test_looking_changes_nothing(db):
    house = open_house()
    visitor = house.visitor()
    details = visitor.choose()["Location"]
    before = dump()
    for path in ("/", f"/book/{house.business.slug}/", f"{house.path}/", f"{house.path}/any/",
                 details, f"{house.path}/any/details?start=2027-03-02T09:00:00Z"):  # fmt: skip
        for _ in range(10):
            assert visitor.client.get(path).status_code < 400
            assert visitor.client.head(path).status_code < 400
    assert visitor.client.get(f"{house.path}/any/hold").status_code == 405
    assert dump() == before


def dump():
    """Every row of every table."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
        return found


def test_every_page_is_private_to_its_visitor(db):
    house = open_house()
    visitor = house.visitor()
    for page in (visitor.client.get(f"{house.path}/any/"), visitor.choose(), visitor.to_check()):
        assert "no-store" in page["Cache-Control"]
        assert "noindex" in page["X-Robots-Tag"]
        assert page["Referrer-Policy"] == "same-origin"


def test_hours_of_the_office_are_what_is_offered(db):
    house = open_house(hours=OFFICE)
    offered = slots(house.visitor().client.get(f"{house.path}/any/?from=2027-03-02"))
    assert offered[0] == "2027-03-02T08:00:00Z"
    assert offered[-1] == "2027-03-02T15:00:00Z"


# Somebody leaves while a visitor chooses them


@pytest.fixture
def leaving(db):
    """A house of two, and the one a visitor has chosen, who leaves."""
    house = open_house(staff=("Ada Brook", "Ben Reed"))
    ada = next(each for each in house.staff if each.name == "Ada Brook")
    return house, ada


def test_who_left_before_the_details_were_sent_is_a_conflict_that_keeps_what_was_typed(leaving):
    house, ada = leaving
    visitor = house.visitor()
    check = visitor.to_check(who=str(ada.id))
    appointments.retire_staff(house.business, ada.id, now(), FRONT_DESK)
    page = visitor.send(check, "book")
    assert page.status_code == 409
    assert "Ada Brook cannot be booked for this any more. Choose another time." in text(page)
    assert "What you typed is kept." in text(page)
    assert MIA["email"] in body(page)
    assert appointments_of(house) == []

    check = visitor.send(page, "check", start=TUESDAY_TEN.strftime("%Y-%m-%dT%H:%M:%SZ"))
    visitor.send(check, "book")
    (leg,) = appointments_of(house)
    assert leg.staff.name == "Ben Reed"


def test_who_leaves_in_the_very_moment_of_booking_is_the_same_conflict(leaving, monkeypatch):
    house, ada = leaving
    visitor = house.visitor()
    check = visitor.to_check(who=str(ada.id))
    book = appointments.book

    def retire_first(*arguments, **options):
        monkeypatch.setattr(appointments, "book", book)
        appointments.retire_staff(house.business, ada.id, now(), FRONT_DESK)
        return book(*arguments, **options)

    monkeypatch.setattr(appointments, "book", retire_first)
    page = visitor.send(check, "book")
    assert page.status_code == 409
    assert "Ada Brook cannot be booked for this any more." in text(page)
    assert "Free times nearby" in text(page)
    assert MIA["email"] in body(page)


def test_the_times_of_somebody_who_left_are_those_of_whoever_is_there(leaving):
    house, ada = leaving
    visitor = house.visitor()
    path = f"{house.path}/{ada.id}/"
    appointments.retire_staff(house.business, ada.id, now(), FRONT_DESK)
    page = visitor.client.get(path)
    assert page.status_code == 200
    assert "Ada Brook cannot be booked for this any more." in text(page)
    assert slots(page)


def test_a_form_sent_again_after_its_person_left_shows_what_it_booked(leaving):
    house, ada = leaving
    visitor = house.visitor()
    check = visitor.to_check(who=str(ada.id))
    visitor.send(check, "book")
    appointments.retire_staff(house.business, ada.id, now(), FRONT_DESK)
    assert visitor.send(check, "book").status_code in {302, 303}
    assert len(appointments_of(house)) == 1


def test_somebody_who_never_was_here_is_not_found(leaving):
    house, _ = leaving
    assert house.visitor().client.get(f"{house.path}/{uuid4()}/").status_code == 404


# Agreeing to be invited


AGREES = "may write to me when it is time for my next visit"


def consents():
    return list(Consent.objects.values_list("purpose", "given", "source", "wording"))


def test_the_box_is_not_ticked_and_without_it_nothing_is_agreed(db):
    house = open_house()
    page = house.visitor().to_details()
    assert AGREES in text(page)
    assert not re.search(r'<input type="checkbox"[^>]*checked', body(page))
    house.visitor().book(TUESDAY_TEN + timedelta(hours=1))
    assert consents() == []


def test_the_tick_is_kept_with_the_words_that_stood_beside_it(db):
    house = open_house()
    check = house.visitor().to_check(details={**MIA, "agree": "on"})
    assert AGREES in text(check)
    house.visitor().send(check, "book")
    [(purpose, given, source, wording)] = consents()
    assert (purpose, given, source) == ("marketing", True, "booking page")
    assert wording.startswith("Harbour Clinic may write to me")
    assert Consent.objects.get().customer.name == "Mia Sanders"


def test_a_stranger_cannot_undo_a_refusal(db):
    house = open_house()
    booked = house.book()
    record_wish(booked.customer_id, "marketing", now(), FRONT_DESK, given=False, source="console")
    house.visitor().book(TUESDAY_TEN + timedelta(hours=1), details={**MIA, "agree": "on"})
    assert [given for _, given, _, _ in consents()] == [False]


@pytest.mark.parametrize(
    ("address", "policy"),
    [("", None), ("12 Canal Street", {"built_in": ["follow_up"]})],
)
def test_who_cannot_be_invited_is_not_asked_whether_they_may(db, address, policy):
    house = open_house(policy=policy)
    house.business.address = address
    house.business.save()
    assert AGREES not in text(house.visitor().to_details())
    house.visitor().book(TUESDAY_TEN + timedelta(hours=1), details={**MIA, "agree": "on"})
    assert consents() == []
