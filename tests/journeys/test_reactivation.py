"""From a completed visit to the next one, in the whole house: due, invited, stopped."""

from datetime import UTC, datetime, timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Case, Escalation, HandOff
from kept.checks import promises
from kept.clock import actions as clock
from kept.core import holdout
from kept.core.case import Role
from kept.core.paths.reactivation import REACTIVATION
from kept.core.policy import DEFAULT_HAND_OFFS, PolicyError
from kept.journeys import actions, queries, reactivation
from kept.people import actions as people
from kept.people.queries import Consent
from tests.appointments.clinic import DESK, MIA, Clinic, Post, berlin, go_to, now
from tests.appointments.clinic import _settle as settle

START, END = berlin(2, 10), berlin(2, 10, 45)
DUE = datetime(2027, 8, 29, 8, tzinfo=UTC)  # 180 days after 2 March, ten in the morning by then
NOT_HELD_OUT = {"hold_out": 0}


@pytest.fixture
def clinic(db):
    return Clinic(comes_again_days=180, policy=NOT_HELD_OUT)


def agree(customer, *, given=True):
    return actions.record_wish(
        customer, "marketing", now(), MIA, given=given, source="page", wording="Write to me."
    )


def visited(clinic, start=START, *, agreed=True, **more):
    """A completed visit of somebody who has agreed to be invited, received by Kept."""
    booked = clinic.book(start, **more)
    if agreed:
        agree(booked.customer_id)
    go_to(start + timedelta(minutes=45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    return booked


def again(booked):
    return queries.current(booked.id, REACTIVATION.name)


def ended(booked):
    case = again(booked)
    return case.state, case.facts.get("result")


def invitations(post):
    return [
        control
        for letter in post.letters
        if (control := letter.headers["X-Kept"].split("control=")[1]).startswith(
            ("invitation", "recall")
        )
    ]


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


# The way


def test_the_whole_way_of_somebody_who_does_not_come(clinic):
    booked = visited(clinic)
    offers = HandOff.objects.filter(case__subject=booked.id, to="reactivation")
    assert [offer.status for offer in offers] == ["accepted"]
    assert again(booked).state == "due_set"
    post = go_to(DUE + timedelta(days=121))
    assert invitations(post) == ["invitation_first", "invitation_second", "invitation_third"]
    days = [(each.date - DUE).days for each in post.letters if "invitation" in str(each.headers)]
    assert days == [-14, 30, 90]
    assert again(booked).state == "lapsed"
    assert broken() == []
    assert invitations(go_to(DUE + timedelta(days=1200))) == ["invitation_yearly"]
    assert ended(booked) == ("closed", "lapsed")
    assert broken() == []


def test_the_letter_offers_free_times_and_every_way_out(clinic):
    booked = visited(clinic)
    letter = go_to(DUE - timedelta(days=13)).letters[-1]
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"/a/{booked.token}/stop" in letter.headers["List-Unsubscribe"]
    assert f"/a/{booked.token}/later" in letter.text
    assert "12 Canal Street, Riverton" in letter.text
    # From a week before the day it is due, and not tomorrow.
    assert "from=2027-08-23" in letter.text
    assert "from=2027-08-16" not in letter.text


def test_a_recall_belongs_to_the_service_and_has_no_unsubscribing_of_suggestions(db):
    clinic = Clinic(comes_again_days=180, recall=True)
    booked = visited(clinic, agreed=False)
    post = go_to(DUE + timedelta(days=121))
    assert invitations(post) == ["recall_first", "recall_second", "recall_third"]
    letter = post.letters[-1]
    assert "List-Unsubscribe" not in letter.headers
    assert f"/a/{booked.token}/later" in letter.text
    assert ended(booked) == ("closed", "lapsed")


def test_without_an_interval_the_persons_own_rhythm_says_when(db):
    clinic = Clinic(policy=NOT_HELD_OUT)
    for day in (2, 9, 16):
        assert ended(visited(clinic, berlin(day, 10))) == ("closed", "no due date")
    fourth = visited(clinic, berlin(23, 10))
    case = again(fourth)
    assert (case.state, case.facts["due_by"], case.facts["due_days"]) == ("due", "rhythm", 11)
    assert case.anchors["due"].startswith("2027-04-03T08:00")


def test_a_jump_of_a_year_in_one_step_sends_no_heap_of_letters(clinic):
    booked = visited(clinic)
    clock.advance_to(now() + timedelta(days=365))
    post = Post()
    settle(post)
    assert invitations(post) == []
    assert again(booked).state in {"lapsed", "closed"}
    assert broken() == []


def test_a_jump_into_the_middle_sends_one(clinic):
    visited(clinic)
    clock.advance_to(DUE + timedelta(days=100))
    post = Post()
    settle(post)
    assert invitations(post) == ["invitation_third"]


# Agreement


def test_nobody_is_invited_who_has_said_nothing(clinic):
    booked = visited(clinic, agreed=False)
    assert invitations(go_to(DUE + timedelta(days=130))) == []
    assert again(booked).state == "closed"


def test_who_agrees_meanwhile_is_invited_and_who_takes_it_back_is_not(clinic):
    booked = visited(clinic, agreed=False)
    go_to(DUE - timedelta(days=30))
    agree(booked.customer_id)
    assert again(booked).facts["agreed"]
    assert invitations(go_to(DUE + timedelta(days=31))) == ["invitation_first", "invitation_second"]
    agree(booked.customer_id, given=False)
    assert ended(booked) == ("closed", "opted out")
    assert invitations(go_to(DUE + timedelta(days=400))) == []


def test_the_yes_of_another_at_the_same_address_is_not_theirs(clinic):
    contact = {"email": "family@example.com"}
    mia = visited(clinic, agreed=False, contact=contact)
    leo = clinic.book(berlin(3, 10), name="Leo Ek", contact=contact)
    agree(leo.customer_id)
    assert not again(mia).facts["agreed"]
    agree(leo.customer_id, given=False)  # but his no holds for the address
    assert ended(mia) == ("closed", "opted out")


def test_who_refused_suggestions_gets_no_recall_either(db):
    clinic = Clinic(comes_again_days=180, recall=True)
    booked = clinic.book(START)
    agree(booked.customer_id, given=False)
    go_to(END)
    appointments.say(booked, "completed", now(), DESK)
    assert invitations(go_to(DUE + timedelta(days=130))) == []


def test_the_proof_of_an_agreement_is_kept(clinic):
    booked = visited(clinic)
    kept = Consent.objects.get(customer=booked.customer_id, purpose="marketing")
    assert (kept.given, kept.wording, kept.source) == (True, "Write to me.", "page")
    assert again(booked).facts["agreed_at"] == kept.at.isoformat()


# Stops


def by_booking(clinic, booked):
    clinic.book(now() + timedelta(days=70), by=DESK)


def by_walking_in(clinic, booked):
    walk_in = clinic.booking(now(), clinic.ada)
    appointments.walk_in(clinic.business, walk_in, now(), DESK)


def by_an_answer(clinic, booked):
    actions.say(clinic.business.id, again(booked).id, "replied", now(), DESK, words="maybe")


def by_a_no(clinic, booked):
    actions.say(clinic.business.id, again(booked).id, "declined", now(), MIA)


def by_refusing(clinic, booked):
    actions.refuse_suggestions(booked.customer_id, now(), MIA, source="letter")


def by_refusing_contact(clinic, booked):
    actions.record_wish(booked.customer_id, "contact", now(), DESK, given=False, source="console")


def by_a_complaint(clinic, booked):
    follow_up = queries.current(booked.id)
    actions.say(clinic.business.id, follow_up.id, "went_badly", now(), MIA, words="it hurts")


def by_being_gone(clinic, booked):
    actions.say(clinic.business.id, again(booked).id, "gone", now(), DESK, words="moved away")


def by_a_correction(clinic, booked):
    appointments.correct(
        booked, "missed", now(), DESK, reason="it was another person", by=Role.CUSTOMER
    )


@pytest.mark.parametrize(
    ("stop", "result"),
    [
        (by_booking, ("paused", None)),
        (by_walking_in, ("paused", None)),
        (by_an_answer, ("closed", "replied")),
        (by_a_no, ("closed", "declined")),
        (by_refusing, ("closed", "opted out")),
        (by_refusing_contact, ("closed", "opted out")),
        (by_a_complaint, ("paused", None)),
        (by_being_gone, ("closed", "gone")),
        (by_a_correction, ("closed", "outcome corrected")),
    ],
)
def test_it_stops(clinic, stop, result):
    booked = visited(clinic)
    middle = datetime(2027, 9, 2, 10, tzinfo=UTC)  # a Thursday, after the first invitation
    assert invitations(go_to(middle)) == ["invitation_first"]
    stop(clinic, booked)
    assert ended(booked) == result
    assert broken() == []
    assert invitations(go_to(middle + timedelta(days=60))) == []
    assert broken() == []


def test_who_is_gone_is_written_nothing_at_all(clinic):
    booked = visited(clinic)
    by_being_gone(clinic, booked)
    assert go_to(DUE + timedelta(days=400)).letters == []


def test_who_has_a_visit_ahead_is_not_due(clinic):
    ahead = clinic.book(berlin(30, 10))
    first = visited(clinic)
    assert ended(first) == ("paused", None)
    appointments.cancel(ahead, now(), MIA, by=Role.CUSTOMER)
    assert invitations(go_to(DUE + timedelta(days=60))) == ["invitation_first", "invitation_second"]


def test_who_did_not_come_to_the_next_visit_is_due_again(clinic):
    first = visited(clinic)
    ahead = clinic.book(berlin(30, 10))
    assert ended(first) == ("paused", None)
    go_to(berlin(30, 11))
    appointments.miss(ahead, now(), DESK, by=Role.CUSTOMER)
    assert invitations(go_to(DUE + timedelta(days=60))) == ["invitation_first", "invitation_second"]
    assert broken() == []


def test_whose_newer_visit_was_none_after_all_is_due_by_the_older_one(clinic):
    first = visited(clinic)
    second = clinic.book(berlin(5, 10))
    go_to(berlin(5, 11))
    appointments.say(second, "completed", now(), DESK)
    go_to(now())
    assert ended(first) == ("closed", "booked")
    by_a_correction(clinic, second)
    go_to(now() + timedelta(days=8))
    assert (ended(first), again(second).state) == (("due_set", ""), "closed")
    assert invitations(go_to(DUE)) == ["invitation_first"]
    assert broken() == []


@pytest.mark.parametrize("settled", [True, False])
def test_who_complained_is_due_once_somebody_has_settled_it(clinic, settled):
    first = visited(clinic)
    by_a_complaint(clinic, first)
    second = visited(clinic, berlin(5, 10))
    assert ended(second) == ("paused", None)
    if settled:
        talk_it_over(clinic)
    assert bool(invitations(go_to(DUE + timedelta(days=60)))) is settled
    assert broken() == []


def talk_it_over(clinic):
    open_one = Escalation.objects.get(kind="COMPLAINT", resolved_at=None)
    note = "we spoke, and all is well"
    appointments.resolve_escalation(clinic.business.id, open_one.id, note, now(), DESK)


def test_a_newer_visit_takes_the_place_of_an_older_one(clinic):
    first, second = clinic.book(START), clinic.book(berlin(2, 11))
    agree(first.customer_id)
    go_to(berlin(2, 11, 45))
    appointments.say(second, "completed", now(), DESK)
    go_to(now())
    assert again(second).state == "due_set"
    appointments.say(first, "completed", now(), DESK)  # written down later, and older
    go_to(now())
    assert ended(first) == ("closed", "newer visit")
    assert again(second).state == "due_set"


def test_of_two_visits_only_the_later_one_stays_open(clinic):
    first, second = clinic.book(START), clinic.book(berlin(2, 11))
    agree(first.customer_id)
    go_to(END)
    appointments.say(first, "completed", now(), DESK)
    go_to(berlin(2, 11, 45))
    appointments.say(second, "completed", now(), DESK)
    go_to(now())
    open_cases = Case.objects.filter(path="reactivation", waits=True)
    assert [case.subject for case in open_cases] == [second.id]


def test_somebody_else_is_not_concerned(clinic):
    booked = visited(clinic)
    clinic.book(berlin(30, 10), name="Leo Ek")
    assert again(booked).state == "due_set"


# Beside the follow-up


def test_nothing_is_asked_while_the_follow_up_may_still_ask(db):
    clinic = Clinic(comes_again_days=20, policy=NOT_HELD_OUT)
    booked = visited(clinic)
    post = go_to(END + timedelta(days=100))
    sent = [(letter.headers["X-Kept"].split("control=")[1], letter.date) for letter in post.letters]
    suggested = [at for name, at in sent if name.startswith("next_step")]
    invited = [at for name, at in sent if name.startswith("invitation")]
    assert len(suggested) == 3
    assert len(invited) == 2
    assert max(suggested) < min(invited)
    assert queries.current(booked.id).state == "closed"
    assert min(invited) >= END + timedelta(days=28)


# Who is left alone


def test_who_is_held_out_is_chosen_once_and_gets_nothing(clinic, monkeypatch):
    leo = clinic.book(START, clinic.ben, name="Leo Ek")
    chosen = {str(leo.customer_id)}
    monkeypatch.setattr(holdout, "held_out", lambda key, person, season, share: person in chosen)
    mia = visited(clinic)
    agree(leo.customer_id)
    appointments.say(leo, "completed", now(), DESK)
    go_to(now())
    groups = [again(each).facts["group"] for each in (mia, leo)]
    assert groups == ["invited", "held_out"]
    chosen.clear()
    post = go_to(DUE + timedelta(days=35))
    assert invitations(post) == ["invitation_first", "invitation_second"]
    assert {each.recipient.address for each in post.letters[-2:]} == {"mia@example.com"}
    assert again(leo).facts["held_out"]


# Who receives


def test_who_answers_it_outside_goes_on_doing_so(clinic):
    appointments.change_policy(clinic.business, {"built_in": ["follow_up"]}, now(), DESK)
    booked = visited(clinic)
    offer = HandOff.objects.get(case__subject=booked.id, to="reactivation")
    assert (offer.status, again(booked)) == ("offered", None)


def test_nobody_is_due_again_by_what_they_missed(clinic):
    after = {**DEFAULT_HAND_OFFS, "missed_by_customer": ("reactivation",)}
    with pytest.raises(PolicyError, match="reactivation follows only completed, stale"):
        appointments.change_policy(clinic.business, {"hand_offs": after}, now(), DESK)


def test_it_says_why_somebody_who_is_due_gets_nothing(clinic, monkeypatch):
    due = "Due again on 2027-08-29, 180 days after the visit, as the service says."
    silent = visited(clinic, agreed=False)
    assert reactivation.notes(again(silent)) == [
        due,
        "Not invited: they have not agreed to it.",
    ]
    agree(silent.customer_id)
    assert reactivation.notes(again(silent)) == [due]
    monkeypatch.setattr(holdout, "held_out", lambda key, person, season, share: True)
    held = visited(clinic, berlin(3, 10), name="Leo Ek")
    assert "left alone by chance" in reactivation.notes(again(held))[1]
    assert reactivation.notes(queries.current(held.id)) == []


def test_the_customers_language_is_spoken(clinic):
    booked = visited(clinic)
    people.correct_contact(
        booked.customer_id,
        people.checked_contact("Mia Wong", "mia@example.com", locale="de"),
    )
    letter = go_to(DUE - timedelta(days=13)).letters[-1]
    assert "wiederkommen" in letter.text


def test_an_answer_goes_to_who_asked_last_though_the_follow_up_would_still_keep_it(clinic):
    visited = clinic.book(START)
    agree(visited.customer_id)
    go_to(END)
    appointments.say(visited, "completed", now(), DESK)
    go_to(now())
    assert queries.listening(visited.id, "replied").path == "follow_up"
    go_to(DUE - timedelta(days=10))
    assert queries.current(visited.id, "follow_up").state == "closed"
    assert queries.listening(visited.id, "replied").path == "reactivation"
    assert queries.listening(visited.id, "went_badly").path == "follow_up"
