"""What becomes of somebody who asks: one lead a person, acknowledged, and a person due."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.checks import promises
from kept.core.case import Role
from kept.leads import actions, queries
from kept.leads.models import Enquiry, Lead
from kept.people.queries import Customer
from kept.schedule.queries import Service
from tests.leads.clinic import (
    DESK,
    EMAIL,
    PHONE,
    VISITOR,
    Clinic,
    again,
    asks,
    berlin,
    due_at,
    facts,
    go_to,
    lead,
    letters,
    now,
    open_kinds,
    say,
    state,
)

NINE = berlin(1, 9)  # when it opens on the day the clock stands at 08:00
BOTH = {**EMAIL, **PHONE}


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def opened(clinic):
    """It is ten on a Monday: somebody is there."""
    go_to(berlin(1, 10))
    return clinic


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


# Acknowledged within a minute, and a person due


def test_a_lead_is_acknowledged_at_once_with_a_link_that_books_for_it(opened):
    asked = lead(opened, service=opened.service.id, words="Do you treat heels?")
    post = go_to(now() + timedelta(minutes=1))
    [letter] = post.letters
    assert letters(post) == ["lead_ack"]
    assert letter.recipient.address == "mia@example.com"
    assert (
        f"/book/{opened.business.slug}/{opened.service.id}/any/?lead={asked.token}" in letter.text
    )
    assert "shortly" in letter.text
    assert "Do you treat heels?" not in letter.text
    assert state(asked) == "acknowledged"
    assert broken() == []


def test_while_it_is_open_a_person_is_due_in_five_minutes(opened):
    asked = lead(opened)
    assert due_at(asked) == now() + timedelta(minutes=5)
    go_to(now() + timedelta(minutes=6))
    assert open_kinds(asked) == {"OWNER_OVERDUE"}


def test_at_night_a_person_is_due_a_quarter_of_an_hour_after_it_opens(clinic):
    asked = lead(clinic)
    assert due_at(asked) == NINE + timedelta(minutes=15)
    assert "once we open: Monday 1 March" in go_to(now()).letters[0].text
    go_to(NINE + timedelta(minutes=14))
    assert open_kinds(asked) == {"LEAD_DUE"}


def test_on_a_holiday_a_person_is_due_when_it_opens_again(clinic):
    appointments.close(clinic.business, None, berlin(1, 0), berlin(2, 0), "Holiday", now(), DESK)
    assert due_at(lead(clinic)) == berlin(2, 9, 15)


def test_whose_only_member_of_staff_is_away_opens_with_the_other(clinic):
    appointments.close(clinic.business, clinic.ada, berlin(1, 0), berlin(2, 0), "", now(), DESK)
    assert due_at(lead(clinic)) == NINE + timedelta(minutes=15)


def test_a_house_without_hours_is_always_open(db):
    asked = lead(Clinic(hours=[]))
    assert due_at(asked) == now() + timedelta(minutes=5)


# One lead a person


def test_the_same_enquiry_twice_is_one_lead_and_one_letter(opened):
    first = asks(opened, words="one")
    go_to(now() + timedelta(minutes=3))
    second = asks(opened, words="two")
    post = go_to(now() + timedelta(minutes=5))
    assert (first.lead, True) == (second.lead, second.joined)
    assert letters(post) == []
    assert [each.words for each in queries.enquiries(first.lead)] == ["one", "two"]
    assert Customer.objects.count() == 1


def test_who_asks_again_after_ten_minutes_is_acknowledged_again_and_nudged_no_more(opened):
    asked = lead(opened)
    go_to(now() + timedelta(minutes=11))
    asks(opened)
    post = go_to(now() + timedelta(days=4))
    assert letters(post) == ["lead_ack"]
    assert state(asked) == "engaged"


@pytest.mark.parametrize("second", [EMAIL, {"email": "MIA@example.com"}, BOTH])
def test_the_same_address_is_the_same_person_however_it_is_written(opened, second):
    asked = lead(opened)
    assert asks(opened, "api", name="M. Wong", contact=second).lead == asked


def test_a_missed_call_and_then_the_form_are_one_lead_that_learns_the_address(opened):
    asked = lead(opened, "missed_call", name="020 7946 0123", contact=PHONE)
    assert letters(go_to(now())) == []
    go_to(now() + timedelta(minutes=2))
    joined = asks(opened, contact=BOTH)
    assert joined.joined
    assert again(asked).customer.email == "mia@example.com"
    assert letters(go_to(now() + timedelta(minutes=1))) == ["lead_ack"]
    assert state(asked) == "acknowledged"


def test_a_caller_is_the_same_for_half_an_hour(opened):
    asked = lead(opened, "missed_call", contact=BOTH)
    for _ in range(3):
        go_to(now() + timedelta(minutes=9))
        asks(opened, "missed_call", contact=PHONE)
    assert state(asked) == "acknowledged"
    go_to(now() + timedelta(minutes=31))
    asks(opened, "missed_call", contact=PHONE)
    assert letters(go_to(now())) == ["lead_ack"]
    assert len(queries.enquiries(asked)) == 5


def test_who_comes_twice_by_the_same_key_is_answered_as_before(opened):
    first = asks(opened, "api", key="crm-17", words="one")
    again_ = asks(opened, "api", key="crm-17", words="one")
    assert (again_.lead, again_.before) == (first.lead, True)
    assert Enquiry.objects.count() == 1


def test_a_key_is_of_one_business(opened):
    asks(opened, "api", key="crm-17")
    other = Clinic(name="Other House")
    assert asks(other, "api", key="crm-17").before is False


def test_a_customer_is_linked_and_not_doubled(opened):
    booked = opened.book(berlin(2, 10))
    asked = lead(opened, name="Mia", contact=EMAIL)
    assert asked.customer_id == booked.customer_id
    assert state(asked) == "received"


def test_what_a_stranger_types_changes_nothing_about_a_customer(opened):
    booked = opened.book(berlin(2, 10), contact={"phone": PHONE["phone"]})
    asked = lead(opened, name="Mallory", contact={"email": "mallory@example.com", **PHONE})
    assert asked.customer_id != booked.customer_id
    booked.customer.refresh_from_db()
    assert (booked.customer.name, booked.customer.email) == ("Mia Wong", "")


def test_a_stranger_gives_no_address_to_a_customer_who_has_asked_by_phone(opened):
    booked = opened.book(berlin(2, 10), contact={"phone": PHONE["phone"]})
    asked = lead(opened, "missed_call", contact=PHONE)
    assert asked.customer_id == booked.customer_id
    other = asks(opened, contact={"email": "mallory@example.com", **PHONE})
    assert not other.joined
    assert again(asked).customer.email == ""


def test_an_answer_in_writing_is_a_reply(opened):
    asked = lead(opened)
    go_to(now() + timedelta(minutes=1))
    asks(opened, "mail", words="Thursday would be fine")
    assert state(asked) == "engaged"
    assert facts(asked)["met"]


def test_who_has_asked_and_comes_to_the_desk_has_been_reached(opened):
    asked = lead(opened)
    go_to(now() + timedelta(minutes=1))
    assert asks(opened, "walk_in").joined
    assert (state(asked), open_kinds(asked)) == ("engaged", set())


def test_an_ended_lead_stays_ended_and_another_begins(opened):
    asked = lead(opened)
    say(asked, "not_a_fit", reason="too far away")
    other = asks(opened)
    assert (other.joined, state(asked), state(other.lead)) == (False, "not_a_fit", "received")


def test_who_gives_no_way_to_reach_them_cannot_be_answered(opened):
    with pytest.raises(ValueError, match="e-mail address or a phone number"):
        asks(opened, contact={})


# Booking


@pytest.mark.parametrize("door", ["page", "phone", "api"])
@pytest.mark.parametrize(
    ("name", "contact"),
    [("Mia Wong", EMAIL), ("Mia W.", {"email": "Mia@example.com", "phone": "+442079460111"})],
)
def test_a_booking_of_the_same_person_closes_the_lead(opened, door, name, contact):
    asked = lead(opened, service=opened.service.id)
    go_to(now() + timedelta(minutes=1))
    booked = opened.book(berlin(3, 10), origin=door, name=name, contact=contact)
    assert state(asked) == "booked"
    assert facts(asked)["appointment"] == str(booked.id)
    assert open_kinds(asked) == set()
    post = go_to(now() + timedelta(days=8))
    assert not [each for each in letters(post) if each.startswith("lead")]
    assert broken() == []


def test_a_walk_in_of_the_same_person_closes_the_lead(opened):
    asked = lead(opened)
    booking = opened.booking(now(), contact=EMAIL)
    appointments.walk_in(opened.business, booking, now(), DESK)
    assert state(asked) == "booked"


def test_who_books_by_the_link_is_the_one_who_asked_whatever_they_type(opened):
    asked = lead(opened)
    opened.book(berlin(3, 10), name="Leo", contact={"email": "x@example.com"}, lead=asked.case_id)
    assert state(asked) == "booked"


def test_nobody_answers_a_lead_of_another_business(opened):
    other = Clinic(name="Other House")
    theirs = lead(other)
    opened.book(berlin(3, 10), lead=theirs.case_id)
    opened.book(berlin(3, 12), contact=EMAIL)
    assert state(theirs) == "received"


def test_somebody_else_books_and_nothing_ends(opened):
    asked = lead(opened)
    opened.book(berlin(3, 10), name="Leo", contact={"email": "leo@example.com"})
    assert state(asked) == "received"


def test_a_visit_moved_is_no_booking(opened):
    booked = opened.book(berlin(3, 10))
    asked = lead(opened)
    appointments.move(booked, berlin(4, 10), now(), DESK)
    assert state(asked) == "received"


def test_booking_accepts_the_hand_off_with_everything_it_needs_to_know(opened):
    asked = lead(opened, "api", service=opened.service.id, agrees="Write to me again")
    [offer] = queries.timeline(asked).hand_offs
    assert (offer.to, offer.status, offer.outcome) == ("appointment", "offered", "enquiry")
    said = offer.payload
    assert said["from_path"] == "lead_response"
    assert said["lead_id"] == said["root_id"] == str(asked.case_id)
    assert said["appointment_id"] is None
    assert (said["source"], said["service"]) == ("api", "Foot care")
    assert said["service_id"] == str(opened.service.id)
    assert said["person_id"] == str(asked.customer_id)
    assert [(each["purpose"], each["given"]) for each in said["consent_refs"]] == [
        ("marketing", True)
    ]
    booked = opened.book(berlin(3, 10), origin="phone")
    offer.refresh_from_db()
    assert offer.status == "accepted"
    # And the way back.
    [first, *_] = appointments_events(booked)
    assert (first.name, first.data["leads"]) == ("booked", [str(asked.case_id)])


def appointments_events(booked):
    from kept.appointments import queries as appointment_queries

    return appointment_queries.timeline(booked).events


def test_a_program_may_take_the_lead_over(opened):
    asked = lead(opened)
    [offer] = queries.timeline(asked).hand_offs
    appointments.answer_hand_off(opened.business.id, offer.id, now(), VISITOR, accept=True)
    assert state(asked) == "booked"


# What ends it


def test_who_stops_it_gets_nothing_more_on_any_path(opened):
    asked = lead(opened)
    go_to(now() + timedelta(minutes=1))
    actions.stop(asked, now(), VISITOR, source="letter", wording="no")
    actions.stop(asked, now(), VISITOR, source="letter", wording="no")
    assert state(asked) == "opted_out"
    assert letters(go_to(now() + timedelta(days=15))) == []
    later = lead(opened, agrees="Write to me again")  # anybody may tick that with her address
    assert letters(go_to(now() + timedelta(days=10))) == ["lead_ack"]
    assert facts(later)["hand_offs"] == {"stale": []}


@pytest.mark.parametrize("agrees", ["", "Write to me again"])
def test_what_went_quiet_is_offered_to_reactivation_only_with_consent(opened, agrees):
    asked = lead(opened, agrees=agrees)
    say(asked, "responded")
    go_to(now() + timedelta(days=15))
    assert state(asked) == "stale"
    taken = {each.to for each in queries.timeline(asked).hand_offs if each.status == "accepted"}
    assert taken == ({"reactivation"} if agrees else set())
    assert broken() == []


def test_who_agrees_in_a_later_enquiry_has_agreed(opened):
    asked = lead(opened)
    asks(opened, agrees="Write to me again")
    assert facts(asked)["hand_offs"] == {}


# Walls


def test_nobody_speaks_for_a_lead_of_another_business(opened):
    other = Clinic(name="Other House")
    asked = lead(opened)
    with pytest.raises(Lead.DoesNotExist):
        actions.say(other.business.id, asked.case_id, "reached", now(), DESK)
    with pytest.raises(Service.DoesNotExist):
        asks(opened, service=other.service.id)
    assert asks(other).joined is False


@pytest.mark.parametrize("name", sorted(actions.SAYINGS))
def test_everything_that_may_be_said_keeps_the_promises(opened, name):
    asked = lead(opened)
    go_to(now() + timedelta(minutes=1))
    say(asked, name, reason="said")
    go_to(now() + timedelta(days=2))
    assert broken() == []
    last = [each for each in queries.timeline(asked).events if each.name == name][-1]
    assert last.actor_role == Role.STAFF


def test_something_nobody_may_say_is_refused(opened):
    with pytest.raises(ValueError, match="not one of"):
        say(lead(opened), "visit_booked")
