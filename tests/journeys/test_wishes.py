"""What somebody refuses is honoured by every path, at once and at the last look."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.appointments import queries as visits
from kept.checks import promises
from kept.journeys import actions, queries
from kept.people.actions import checked_contact, record_consent
from kept.people.queries import Customer
from kept.worker import loop
from tests.appointments.clinic import (
    DESK,
    MIA,
    Clinic,
    Post,
    berlin,
    controls,
    escalations,
    go_to,
    now,
    statuses,
)

START = berlin(4, 10)
NO_CONTACT = "the customer is not to be contacted"


@pytest.fixture
def clinic(db):
    return Clinic(aftercare="Rest the foot today.", comes_again_days=42)


def refuse(booked, wish="contact", *, given=False, actor=DESK):
    return actions.record_wish(
        booked.customer_id,
        wish,
        now(),
        actor,
        given=given,
        source="console",
        wording="on the phone",
    )


def kinds(post):
    return [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters]


def reason(booked, name):
    line = visits.timeline(booked)
    return next(each.reason for each in line.controls if each.name == name)


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


def test_who_is_not_to_be_contacted_gets_no_reminder_and_a_person_is_told(clinic):
    booked = clinic.book(START)
    assert kinds(go_to(now())) == ["confirmation"]
    refuse(booked)
    assert statuses(booked)["first_reminder"] == "skipped"
    assert reason(booked, "final_reminder") == NO_CONTACT
    assert escalations(booked) == {"NOT_WRITTEN"}
    assert kinds(go_to(START)) == []
    assert broken() == []


def test_neither_does_what_follows_write_to_them(clinic):
    booked = clinic.book(START)
    refuse(booked)
    go_to(START + timedelta(hours=1))
    appointments.say(booked, "completed", now(), DESK)
    assert kinds(go_to(now() + timedelta(days=40))) == []
    case = queries.current(booked.id)
    assert {
        each.reason for each in queries.timeline(case).controls if each.status == "skipped"
    } == {NO_CONTACT}
    assert broken() == []


def test_their_own_booking_is_answered_and_one_by_the_desk_is_for_a_person(clinic):
    refuse(clinic.book(START))
    own = clinic.book(berlin(5, 10))
    theirs = clinic.book(berlin(8, 10), by=DESK)
    post = go_to(now())
    assert [f"ref={own.reference} " in letter.headers["X-Kept"] for letter in post.letters] == [
        True
    ]
    assert statuses(own)["confirmation"] == "done"
    assert statuses(theirs)["confirmation"] == "skipped"
    assert (escalations(own), escalations(theirs)) == ({"NOT_WRITTEN"}, {"CONTACT_GAP"})
    assert broken() == []


def test_a_letter_waiting_in_the_outbox_is_taken_back(clinic):
    booked = clinic.book(START, by=DESK)
    refuse(booked)
    post = Post()
    assert post.deliver() == 0
    assert escalations(booked) == {"CONTACT_GAP"}
    assert reason(booked, "confirmation") == NO_CONTACT
    assert broken() == []


def test_what_is_allowed_again_goes_on(clinic):
    booked = clinic.book(START)
    go_to(now())
    refuse(booked)
    refuse(booked, given=True)
    assert escalations(booked) == set()
    assert kinds(go_to(START)) == ["first_reminder", "final_reminder"]


def test_the_last_look_finds_the_same_address_under_another_name(clinic):
    refuse(clinic.book(START))
    other = clinic.book(berlin(5, 10), by=DESK, name="Mia Wong-Ek")
    assert other.customer.email == "mia@example.com"
    post = Post()
    go_to(now(), post)
    assert kinds(post) == []
    assert reason(other, "confirmation") == reason(other, "first_reminder") == NO_CONTACT
    assert escalations(other) == {"CONTACT_GAP"}
    assert broken() == []


def test_the_last_look_finds_a_case_that_does_not_know(clinic):
    """Recorded past the action, as an older version would have: between posting and sending."""
    booked = clinic.book(START)
    go_to(START - timedelta(hours=25))
    post = Post()
    record_consent(
        booked.customer_id, "service", given=False, now=now(), source="import", by="staff"
    )
    go_to(START, post)
    assert kinds(post) == []
    assert reason(booked, "first_reminder") == "the customer refused letters about visits"
    assert escalations(booked) == {"NOT_WRITTEN"}
    assert broken() == []


def test_it_holds_for_the_address_at_once(clinic):
    mine = clinic.book(START)
    theirs = clinic.book(berlin(4, 12), name="Mia Wong-Ek")
    go_to(now())
    refuse(mine)
    assert statuses(theirs)["first_reminder"] == "skipped"


def test_refusing_suggestions_ends_what_suggests_and_a_review_is_another_matter(clinic):
    booked = clinic.book(START)
    go_to(START + timedelta(hours=1))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    refuse(booked, "review", actor=MIA)
    assert queries.current(booked.id).state == "open"
    refuse(booked, "marketing", actor=MIA)
    assert queries.current(booked.id).facts["result"] == "opted out"


def test_a_wish_of_nobody_is_not_recorded(clinic):
    with pytest.raises(Customer.DoesNotExist):
        actions.record_wish(clinic.business.id, "contact", now(), DESK, given=False, source="api")


def test_a_corrected_address_that_refused_is_kept_to(clinic):
    refuse(clinic.book(START))
    leo = clinic.book(berlin(5, 10), name="Leo Ek")
    go_to(now())
    contact = checked_contact("Leo Ek", "mia@example.com")
    appointments.correct_contact(leo, contact, now(), DESK)
    loop.turn_once()
    assert controls(leo)["first_reminder"][0] == "skipped"
