"""What customers get to read, and what their calendars are told."""

from datetime import timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from kept.appointments import actions, letters, queries
from kept.core.case import Role
from kept.people import actions as people
from kept.people.actions import checked_contact
from kept.schedule import actions as schedule
from kept.schedule.actions import ServiceDetails
from kept.schedule.queries import Resource
from tests.appointments.clinic import (
    DESK,
    MIA,
    Clinic,
    Post,
    berlin,
    escalations,
    go_to,
    now,
    state,
    statuses,
)

START = berlin(4, 10)


@pytest.fixture
def clinic(db):
    return Clinic()


def event(letter):
    (found,) = Calendar.from_ical(letter.calendar).walk("VEVENT")
    return found


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def letter_of(clinic, post=None, **booking):
    clinic.book(START, clinic.ada, **booking)
    post = go_to(now(), post)
    return post.letters[-1]


def test_a_confirmation_says_everything_a_customer_has_to_know(clinic):
    letter = letter_of(clinic)
    text = plain(letter.text)
    for fact in (
        "Foot care",
        "Thursday 4 March 2027",
        "10:00",
        "10:45",
        "12 Canal Street, Riverton",
        "Ada",
        "€60",
        "+44 20 7946 0100",
        "/a/",
    ):
        assert fact in text, fact
    assert letter.recipient.address == "mia@example.com"
    assert letter.reply_to.address == "harbour@example.com"


def test_three_moves_and_a_cancel_count_up_in_one_calendar_entry(clinic):
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    for hour in (11, 12, 13):
        actions.move(booked, berlin(4, hour), now(), MIA)
        go_to(now(), post)
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    go_to(now(), post)
    entries = [event(letter) for letter in post.letters]
    assert [entry["SEQUENCE"] for entry in entries] == [0, 1, 2, 3, 4]
    assert {str(entry["UID"]) for entry in entries} == {queries.calendar_uid(booked)}
    methods = [letter.calendar_method for letter in post.letters]
    assert methods == ["REQUEST"] * 4 + ["CANCEL"]
    inside = [str(Calendar.from_ical(letter.calendar)["METHOD"]) for letter in post.letters]
    assert inside == methods
    assert [str(entry["STATUS"]) for entry in entries] == ["CONFIRMED"] * 4 + ["CANCELLED"]
    assert entries[3].start == entries[4].start == berlin(4, 13)


def test_a_moved_notice_names_both_times(clinic):
    booked = clinic.book(START, clinic.ada)
    go_to(now())
    actions.move(booked, berlin(5, 15), now(), MIA)
    text = plain(go_to(now()).letters[0].text)
    assert "4 March 2027" in text
    assert "Friday 5 March 2027" in text


def test_later_mails_are_answers_to_the_first_one_that_left(clinic):
    booked = clinic.book(START, clinic.ada)
    actions.move(booked, berlin(5, 10), now(), MIA)  # the confirmation never left
    post = go_to(now())
    actions.move(booked, berlin(5, 15), now(), MIA)
    post = go_to(berlin(5, 15), post)
    first, *later = post.letters
    assert first.in_reply_to == ""
    assert len(later) == 3
    assert {letter.in_reply_to for letter in later} == {first.message_id}
    assert {letter.references for letter in later} == {(first.message_id,)}
    assert len({letter.message_id for letter in post.letters}) == 4


def test_reminders_carry_no_invitation(clinic):
    clinic.book(START, clinic.ada)
    post = go_to(START)
    assert [letter.calendar is None for letter in post.letters] == [False, True, True]


def test_a_private_service_is_named_in_no_subject_and_no_calendar(clinic):
    clinic.service = clinic.new_service(clinic.ada, name="Varicose veins", private=True)
    booked = clinic.book(START, clinic.ada)
    post = go_to(START - timedelta(hours=23))
    actions.move(booked, berlin(5, 10), now(), MIA)
    go_to(now(), post)
    actions.cancel(booked, now(), DESK, by=Role.STAFF, reason="")
    go_to(now(), post)
    assert len(post.letters) == 4
    for letter in post.letters:
        whole = letter.subject + letter.text + letter.html + (letter.calendar or b"").decode()
        assert "Varicose" not in whole
        assert "Harbour Clinic" in letter.subject + letter.text
        if letter.calendar:
            assert str(event(letter)["CLASS"]) == "PRIVATE"


def test_a_private_service_may_have_a_public_name(clinic):
    clinic.service = clinic.new_service(
        clinic.ada, name="Varicose veins", private=True, public_name="Check-up"
    )
    letter = letter_of(clinic)
    assert "Check-up" in letter.text
    assert "Varicose" not in letter.text + letter.subject


def test_who_comes_in_person_reads_the_time_of_the_place_first_and_their_own_beside(clinic):
    contact = {"email": "mia@example.com", "time_zone": "America/New_York"}
    text = plain(letter_of(clinic, contact=contact).text)
    assert "10:00–10:45 Berlin time (04:00 New York time)" in text


def test_who_is_called_up_elsewhere_reads_their_own_time_first(clinic):
    clinic.service = clinic.new_service(
        clinic.ada, name="Call", mode="online", place="https://video.example.com/room"
    )
    contact = {"email": "mia@example.com", "time_zone": "America/New_York"}
    letter = letter_of(clinic, contact=contact)
    text = plain(letter.text)
    assert 0 <= text.index("04:00") < text.index("10:00")
    assert "https://video.example.com/room" in text


@pytest.mark.parametrize(
    ("mode", "where"),
    [("here", "12 Canal Street, Riverton"), ("online", "Online"), ("there", "At your address")],
)
def test_without_a_place_of_its_own_a_service_says_where_all_the_same(clinic, mode, where):
    clinic.service = clinic.new_service(clinic.ada, mode=mode)
    text = letter_of(clinic).text
    assert where in text
    assert ("12 Canal Street" in text.split("Harbour Clinic")[0]) is (mode == "here")


def test_a_booking_by_the_desk_reads_as_one_by_the_customer(clinic):
    letter = letter_of(clinic, by=DESK, origin="console")
    assert "10:00" in letter.text


def test_a_business_without_a_phone_is_reached_by_mail(clinic):
    clinic.business.phone = ""
    clinic.business.save()
    letter = letter_of(clinic)
    assert "harbour@example.com" in letter.text


def test_a_cancellation_by_the_business_passes_on_its_reason_one_by_the_customer_does_not(clinic):
    mine, theirs = clinic.book(START, clinic.ada), clinic.book(START, clinic.ben, name="Leo Ek")
    post = go_to(now())
    actions.cancel(mine, now(), MIA, by=Role.CUSTOMER, reason="found somebody cheaper")
    actions.cancel(theirs, now(), DESK, by=Role.STAFF, reason="Ben is ill")
    go_to(now(), post)
    cancelled = {letter.recipient.name: letter.text for letter in post.letters[-2:]}
    assert "cheaper" not in cancelled["Mia Wong"]
    assert "Ben is ill" in cancelled["Leo Ek"]


def test_the_reason_of_a_move_is_passed_on_where_the_business_moved_it(clinic):
    mine, theirs = clinic.book(START, clinic.ada), clinic.book(START, clinic.ben, name="Leo Ek")
    post = go_to(now())
    actions.move(mine, berlin(5, 10), now(), MIA, reason="found somebody cheaper")
    actions.move(theirs, berlin(5, 10), now(), DESK, reason="Ben is ill")
    go_to(now(), post)
    moved = {letter.recipient.name: letter.text for letter in post.letters[-2:]}
    assert "Reason" not in moved["Mia Wong"]
    assert "Reason: Ben is ill" in moved["Leo Ek"]


def test_directions_stand_in_the_confirmation_and_the_reminders_as_booked(clinic):
    line = "Parking in the yard; ring twice."
    clinic.service = clinic.new_service(clinic.ada, directions=line)
    booked = clinic.book(START, clinic.ada)
    type(clinic.service).objects.update(directions="Use the front door.")
    post = go_to(START)
    assert [line in letter.text for letter in post.letters] == [True, True, True]
    assert not any("front door" in letter.text for letter in post.letters)
    assert queries.service_as_booked(queries.current_leg(booked)).directions == line


def test_a_leg_booked_before_there_were_directions_has_none(clinic):
    booked = clinic.book(START, clinic.ada)
    leg = queries.current_leg(booked)
    del leg.snapshot["directions"]
    leg.save()
    assert "Getting there" not in go_to(now()).letters[0].text
    actions.move(booked, berlin(5, 10), now(), DESK)
    assert queries.current_leg(booked).snapshot["directions"] == ""


def test_a_letter_says_what_is_true_when_it_leaves(clinic):
    """Not what was true when it was put in the outbox."""
    clinic.book(START, clinic.ada)
    Resource.objects.filter(id=clinic.ada.id).update(name="Ada Lindt-Berg")
    assert "Ada Lindt-Berg" in go_to(now()).letters[0].text


# When a part of it cannot be made


def broken(*_):
    raise RuntimeError("no such zone")


def test_without_its_calendar_part_a_mail_goes_all_the_same_and_the_owner_gets_to_know(
    clinic, monkeypatch, caplog
):
    monkeypatch.setattr(letters.invitation, "request", broken)
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    assert len(post.letters) == 1
    assert (post.letters[0].calendar, post.letters[0].calendar_method) == (None, None)
    assert state(booked) == "confirmed"
    assert escalations(booked) == {"MESSAGE_INCOMPLETE"}
    assert "could not be made" in caplog.text


def test_a_message_that_cannot_be_worded_is_not_sent_half(clinic):
    clinic.business.phone = clinic.business.email = ""
    clinic.business.save()
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    assert post.letters == []
    assert statuses(booked)["confirmation"] == "failed"
    assert escalations(booked) == {"CONFIRMATION_FAILED"}


def test_to_an_address_that_went_bad_meanwhile_nothing_is_sent(clinic):
    booked = clinic.book(START, clinic.ada)
    people.mark_email_bad(booked.customer_id, "mia@example.com", "no such user")
    post = go_to(now())
    assert post.letters == []
    assert escalations(booked) == {"CONFIRMATION_FAILED"}
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    go_to(now(), post)
    assert [letter.recipient.address for letter in post.letters] == ["mia@example.org"]
    assert (state(booked), escalations(booked)) == ("confirmed", set())


def test_hostile_words_stay_words(clinic):
    post = Post()
    clinic.book(
        START,
        clinic.ada,
        name="<script>alert(1)</script> {{ x }}",
        contact={"email": "mia@example.com"},
    )
    go_to(now(), post)
    letter = post.letters[0]
    assert "<script>" not in letter.html
    assert "\n" not in letter.subject + letter.recipient.name


def test_one_stem_begins_all_subjects_though_the_service_was_renamed_in_between(clinic):
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    details = ServiceDetails("Podiatry", 45, price=Decimal(60), staff=[clinic.ada.id])
    schedule.update_service(clinic.business.id, clinic.service.id, details)
    actions.move(booked, berlin(5, 10), now(), MIA)
    go_to(berlin(5, 10) - timedelta(hours=1), post)
    actions.cancel(booked, now(), DESK, by=Role.STAFF, reason="")
    go_to(now(), post)
    assert len(post.letters) == 5
    stem = f"Foot care ({booked.reference}): "
    assert all(letter.subject.startswith(stem) for letter in post.letters), subjects(post)


# Asking for a yes


ASKED = ": please confirm "


def subjects(post):
    return [letter.subject for letter in post.letters]


def moved_and_reminded(clinic):
    """Confirmation, moved notice, first reminder."""
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    actions.move(booked, berlin(4, 11), now(), MIA)
    return booked, go_to(berlin(4, 11) - timedelta(hours=20), post)


def asking(letter):
    return "View and confirm" in letter.html


def test_nobody_is_asked_for_a_yes_unless_the_policy_asks(clinic):
    _, post = moved_and_reminded(clinic)
    assert [asking(letter) for letter in post.letters] == [False, False, False]
    assert not any(ASKED in subject for subject in subjects(post))


def test_with_the_policy_each_letter_asks_until_the_customer_has_said_yes(db):
    clinic = Clinic(policy={"ask_acknowledgement": True})
    _, post = moved_and_reminded(clinic)
    assert [asking(letter) for letter in post.letters] == [True, True, True]
    assert ASKED in subjects(post)[2]


def test_who_has_said_yes_is_not_asked_again(db):
    clinic = Clinic(policy={"ask_acknowledgement": True})
    booked = clinic.book(START, clinic.ada)
    post = go_to(now())
    actions.say(booked, "acknowledged", now(), MIA)
    go_to(START, post)
    assert [asking(letter) for letter in post.letters] == [True, False, False]
