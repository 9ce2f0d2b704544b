"""What follows an appointment, in the whole house: received, written, stopped."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Case, HandOff
from kept.checks import promises
from kept.core.case import NotAllowed, Role
from kept.core.policy import BUILT_IN
from kept.journeys import actions, queries
from kept.outbox.queries import Message
from kept.people.actions import checked_contact
from kept.people.queries import Consent
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now, state

START = berlin(2, 10)
END = berlin(2, 10, 45)


@pytest.fixture
def clinic(db):
    return Clinic(aftercare="Rest the foot today.\nDrink water.", comes_again_days=42)


def resolved(clinic, outcome, **more):
    """An appointment with this outcome, recorded at its end."""
    booked = clinic.book(START, **more)
    go_to(START - timedelta(minutes=1) if outcome.startswith("cancelled") else END)
    by = Role.CUSTOMER if outcome.endswith("by_customer") else Role.STAFF
    if outcome == "completed":
        appointments.say(booked, "completed", now(), DESK)
    elif outcome.startswith("missed"):
        appointments.miss(booked, now(), DESK, by=by)
    else:
        appointments.cancel(booked, now(), DESK, by=by)
    return booked


def after(booked):
    return queries.current(booked.id)


def followed(booked):
    """The cases of this path, one for each outcome."""
    return [case for case in queries.of_appointment(booked.id) if case.path == "follow_up"]


def kinds(post):
    return [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters]


def offers(booked):
    return {offer.to: offer.status for offer in HandOff.objects.filter(case__subject=booked.id)}


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


OUTCOMES = [
    "completed",
    "missed_by_customer",
    "missed_by_business",
    "cancelled_by_customer",
    "cancelled_by_business",
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_is_received_at_once_and_keeps_the_promises(clinic, outcome):
    booked = resolved(clinic, outcome)
    go_to(now())
    assert offers(booked)["follow_up"] == "accepted"
    assert after(booked).state == ("open" if outcome == "completed" else "recovering")
    go_to(now() + timedelta(days=40))
    assert after(booked).state == "closed"
    assert broken() == []


def test_the_letters_after_a_visit(clinic):
    booked = resolved(clinic, "completed")
    post = go_to(now() + timedelta(days=40))
    assert kinds(post) == [
        "aftercare",
        "how_did_it_go",
        "next_step_first",
        "next_step_second",
        "next_step_third",
    ]
    aftercare, how, suggestion, *_ = post.letters
    assert "Rest the foot today." in aftercare.text
    assert f"/a/{booked.token}/went" in how.text
    assert "List-Unsubscribe" not in how.headers
    assert suggestion.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"/a/{booked.token}/stop" in suggestion.text
    assert "12 Canal Street" in suggestion.text
    # Six weeks after the visit of 2 March, and not tomorrow: 13 April.
    assert [day in suggestion.text for day in ("from=2027-04-13", "from=2027-04-15")] == [True] * 2
    assert "from=2027-03" not in suggestion.text
    assert suggestion.in_reply_to


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
def test_who_was_not_served_is_never_thanked_or_asked_how_it_went(clinic, outcome):
    resolved(clinic, outcome)
    post = go_to(now() + timedelta(days=40))
    assert {"aftercare", "how_did_it_go"}.isdisjoint(kinds(post))
    assert not any("You were with us" in letter.text for letter in post.letters)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_new_booking_of_the_same_person_stops_the_asking(clinic, outcome):
    booked = resolved(clinic, outcome)
    go_to(now() + timedelta(minutes=20))
    clinic.book(berlin(30, 10))
    post = go_to(now() + timedelta(days=20))
    assert not any(kind.startswith(("next_step", "recovery", "rebook")) for kind in kinds(post))
    if outcome != "completed":
        assert after(booked).facts["result"] == "recovered"


def test_a_booking_of_somebody_else_stops_nothing(clinic):
    resolved(clinic, "missed_by_customer")
    clinic.book(berlin(30, 10), name="Leo Ek")
    post = go_to(now() + timedelta(days=10))
    assert kinds(post).count("recovery_second") == 1


def test_who_has_another_visit_ahead_is_not_asked_for_one(clinic):
    clinic.book(berlin(30, 10))
    resolved(clinic, "completed")
    post = go_to(now() + timedelta(days=20))
    assert not [kind for kind in kinds(post) if kind.startswith("next_step")]


def test_an_outcome_corrected_takes_its_letters_back_and_begins_anew(clinic):
    booked = resolved(clinic, "completed")
    go_to(now() + timedelta(hours=1))
    appointments.correct(
        booked, "missed", now(), DESK, reason="it was another person", by=Role.CUSTOMER
    )
    post = go_to(now() + timedelta(days=10))
    first, second = followed(booked)
    assert (first.state, first.facts["result"]) == ("closed", "outcome corrected")
    assert second.facts["recovers"] == "missed_by_customer"
    assert {"aftercare", "how_did_it_go"}.isdisjoint(kinds(post))
    assert broken() == []


def test_a_second_miss_in_a_row_is_for_a_person(clinic):
    resolved(clinic, "missed_by_customer")
    again = clinic.book(berlin(4, 10))
    go_to(berlin(4, 11))
    appointments.miss(again, now(), DESK, by=Role.CUSTOMER)
    go_to(now())
    assert after(again).facts["missed_before"]
    assert [e.kind for e in after(again).escalations.all()] == ["MISSED_AGAIN"]


def test_a_complaint_raises_an_escalation_and_stops_the_letters(clinic):
    booked = resolved(clinic, "completed")
    go_to(now() + timedelta(hours=26))
    case = after(booked)
    actions.say(clinic.business.id, case.id, "went_badly", now(), MIA, words="it hurts")
    assert [e.kind for e in after(booked).escalations.all()] == ["COMPLAINT"]
    post = go_to(now() + timedelta(days=40))
    assert kinds(post) == []


def test_nobody_speaks_for_a_case_of_another_business(clinic):
    booked = resolved(clinic, "completed")
    go_to(now())
    other = Clinic(name="Other House")
    with pytest.raises(Case.DoesNotExist):
        actions.say(other.business.id, after(booked).id, "went_well", now(), MIA)


def test_a_cancellation_taken_back_stops_what_asks_for_a_visit_in_its_place(clinic):
    """She came after all, so nobody asks her for another one because of an earlier miss."""
    missed = resolved(clinic, "missed_by_customer")
    other = clinic.book(berlin(2, 11))
    appointments.cancel(other, now(), DESK, by=Role.CUSTOMER)
    again = resolved_miss(clinic)
    assert (after(missed).state, after(again).state) == ("recovering", "recovering")
    how = {"reason": "she came after all", "by": Role.CUSTOMER}
    appointments.correct(other, "completed", now(), DESK, **how)
    assert after(missed).facts["result"] == after(again).facts["result"] == "recovered"
    post = go_to(now() + timedelta(days=10))
    assert not [kind for kind in kinds(post) if kind.startswith("recovery")]
    assert broken() == []


def resolved_miss(clinic):
    booked = clinic.book(berlin(2, 12), clinic.ben)
    go_to(berlin(2, 12, 45))
    appointments.miss(booked, now(), DESK, by=Role.CUSTOMER)
    go_to(now() + timedelta(minutes=20))
    return booked


# Refusing


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("missed_by_customer", "We missed you"), ("missed_by_business", "We are sorry")],
)
def test_who_refused_suggestions_is_asked_after_and_offered_nothing(clinic, outcome, words):
    booked = clinic.book(START)
    actions.refuse_suggestions(booked.customer_id, now(), MIA, source="letter")
    go_to(END)
    by = Role.CUSTOMER if outcome.endswith("customer") else Role.STAFF
    appointments.miss(booked, now(), DESK, by=by)
    letter = go_to(now() + timedelta(hours=1)).letters[-1]
    assert words in letter.text
    assert "/book/" not in letter.text + letter.html
    assert "new time" not in letter.text + letter.subject
    assert f"/a/{booked.token}" in letter.text


def test_whom_we_gave_a_time_back_is_offered_none_that_can_only_be_cancelled_late(clinic):
    appointments.change_policy(clinic.business, {"offer_after_cancelling": True}, now(), DESK)
    resolved(clinic, "cancelled_by_business")
    post = go_to(now() + timedelta(hours=25))
    offer = next(each for each in post.letters if "recovery_second" in each.headers["X-Kept"])
    offered = [day for day in range(2, 12) if f"from=2027-03-{day:02}" in offer.text]
    # It leaves on the 3rd at 10:00, and what begins within 24 hours could only be cancelled late.
    assert offer.date == berlin(3, 9, 59)
    assert offered == [4, 5, 8]
    assert "9:00" not in offer.text.split("from=2027-03-04")[0]


def test_who_wants_no_suggestions_gets_none_and_keeps_their_appointments(clinic):
    booked = resolved(clinic, "completed")
    go_to(now() + timedelta(hours=30))
    customer = booked.customer_id
    actions.refuse_suggestions(customer, now(), MIA, source="letter", wording="no")
    assert after(booked).facts["result"] == "opted out"
    actions.refuse_suggestions(customer, now(), MIA, source="letter")
    assert Consent.objects.filter(given=False).count() == 2
    again = clinic.book(berlin(15, 10))
    post = go_to(berlin(15, 10, 45))
    assert kinds(post) == ["confirmation", "first_reminder", "final_reminder"]
    appointments.say(again, "completed", now(), DESK)
    post = go_to(now() + timedelta(days=40))
    assert kinds(post) == ["aftercare", "how_did_it_go"]


# Who receives


def test_a_path_that_is_walked_outside_waits_for_its_answer(clinic):
    appointments.change_policy(clinic.business, {"built_in": []}, now(), DESK)
    booked = resolved(clinic, "completed")
    go_to(now() + timedelta(hours=1))
    assert offers(booked)["follow_up"] == "offered"
    assert after(booked) is None


def test_what_cannot_be_received_is_left_to_a_person(clinic, monkeypatch, caplog):
    def at_fault(*args):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(queries, "facts", at_fault)
    booked = resolved(clinic, "completed")
    go_to(now() + timedelta(hours=73))
    assert offers(booked)["follow_up"] == "expired"
    assert caplog.text.count("could not be received") == len(BUILT_IN)


def test_a_path_that_refuses_to_begin_is_left_to_a_person_and_not_asked_for_ever(
    clinic, monkeypatch, caplog
):
    def refuses(*args, **named):
        raise NotAllowed("visit_completed", "", "a fault of the path")

    booked = resolved(clinic, "completed")
    monkeypatch.setattr("kept.cases.actions.begin", refuses)
    offer = HandOff.objects.get(case__subject=booked.id, to="follow_up")
    actions.receive_offered(now())
    assert actions.receive_offered(now()) == 0
    offer.refresh_from_db()
    assert (offer.status, offer.own) == ("offered", False)
    assert caplog.text.count("could not be received") == len(BUILT_IN)


def test_the_same_offer_is_received_once(clinic):
    booked = resolved(clinic, "completed")
    offer = HandOff.objects.get(case__subject=booked.id, to="follow_up")
    assert actions.receive(offer, now())
    assert not actions.receive(offer, now())
    assert len(followed(booked)) == 1


# One letter a day


def test_a_letter_waits_while_an_appointment_is_written_about(clinic):
    other = clinic.new_service(clinic.ada, name="Check-up")
    resolved(clinic, "completed")
    clinic.book(END + timedelta(hours=47, minutes=15), service=other)
    post = go_to(END + timedelta(hours=26))
    assert kinds(post)[-2:] == ["aftercare", "first_reminder"]
    post = go_to(END + timedelta(days=4))
    assert "how_did_it_go" in kinds(post)


def test_the_policy_of_a_business_sets_the_times(clinic):
    sooner = {"how_did_it_go": "3h", "several_a_day": True}
    appointments.change_policy(clinic.business, sooner, now(), DESK)
    resolved(clinic, "completed")
    post = go_to(now() + timedelta(hours=4))
    assert kinds(post) == ["aftercare", "how_did_it_go"]


def test_two_visits_of_one_day_are_asked_about_on_two_days(clinic):
    first, second = clinic.book(START), clinic.book(berlin(2, 11))
    go_to(berlin(2, 11, 45))
    for booked in (first, second):
        appointments.say(booked, "completed", now(), DESK)
    post = go_to(now() + timedelta(days=40))
    asked = [
        letter.date.date() for letter in post.letters if "how_did_it_go" in letter.headers["X-Kept"]
    ]
    assert len(asked) == len(set(asked)) == 2


# Whom it reaches


def test_a_corrected_address_gets_what_follows(clinic):
    booked = resolved(clinic, "completed", contact={"phone": "+442079460123"})
    go_to(now() + timedelta(minutes=5))
    contact = checked_contact("Mia Wong", "mia@example.com")
    appointments.correct_contact(booked, contact, now(), DESK)
    post = go_to(now() + timedelta(days=40))
    assert "aftercare" in kinds(post)
    assert {each.recipient.address for each in post.letters} == {"mia@example.com"}


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
def test_who_has_another_visit_ahead_is_not_offered_one_instead(clinic, outcome):
    clinic.book(berlin(30, 10))
    resolved(clinic, outcome)
    post = go_to(now() + timedelta(days=10))
    assert not {"missed_first", "recovery_second", "recovery_third"} & set(kinds(post))


def test_a_complaint_stops_the_suggestions_of_other_visits(clinic):
    first = resolved(clinic, "completed")
    second = clinic.book(berlin(2, 11))
    go_to(berlin(2, 11, 45))
    appointments.say(second, "completed", now(), DESK)
    go_to(now() + timedelta(hours=1))
    case = after(second)
    actions.say(clinic.business.id, case.id, "went_badly", now(), MIA, words="it hurts")
    post = go_to(now() + timedelta(days=40))
    assert not [kind for kind in kinds(post) if kind.startswith("next_step")]
    assert after(first).state == "closed"


# What the law asks


def test_a_suggestion_without_the_address_of_its_sender_does_not_leave(clinic):
    clinic.business.address = ""
    clinic.business.save()
    resolved(clinic, "completed")
    post = go_to(now() + timedelta(days=10))
    assert kinds(post) == ["aftercare", "how_did_it_go"]
    failed = Message.objects.filter(control="next_step_first").get()
    assert failed.error == "a next_step cannot be written: business_address is empty"


def test_a_miss_nobody_saw_is_not_written_about(clinic):
    appointments.change_policy(clinic.business, {"assume_missed": True}, now(), DESK)
    booked = clinic.book(START)
    post = go_to(END + timedelta(days=10))
    assert state(booked) == "missed"
    assert "missed_first" not in kinds(post)
    assert after(booked).facts["assumed"]
