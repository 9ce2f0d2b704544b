"""A complaint, wherever it was told: at the desk, of a visit nothing follows, or in a review."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Escalation, HandOff
from kept.checks import promises
from kept.core.case import NotAllowed, Role
from kept.core.policy import DEFAULT_HAND_OFFS
from kept.journeys import actions, queries, reactivation, reputation
from tests.appointments.clinic import DESK, Clinic, berlin, go_to, now

NO_FOLLOW_UP = {
    "hand_offs": {
        **{outcome: [] for outcome in DEFAULT_HAND_OFFS},
        "completed": ["reputation", "reactivation"],
    }
}


@pytest.fixture
def clinic(db):
    made = Clinic(comes_again_days=20, policy={"hold_out": 0})
    page = "https://reviews.example.com/harbour"
    reputation.add_link(made.business.id, "Reviews", page, now(), DESK)
    return made


def visited(clinic, start, outcome="completed"):
    booked = clinic.book(start)
    go_to(start + timedelta(minutes=45))
    if outcome == "completed":
        appointments.say(booked, "completed", now(), DESK)
    else:
        appointments.miss(booked, now(), DESK, by=Role.CUSTOMER)
    go_to(now())
    return booked


def complain(booked):
    appointments.say(booked, "complained", now(), DESK, reason="It hurts.")


def settle(clinic, kind="COMPLAINT"):
    for each in Escalation.objects.filter(kind=kind, resolved_at=None):
        appointments.resolve_escalation(clinic.business.id, each.id, "we spoke", now(), DESK)


def letters(post):
    return [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters]


def states(booked):
    return {
        path: queries.current(booked.id, path).state
        for path in ("follow_up", "reputation", "reactivation")
        if queries.current(booked.id, path)
    }


def broken():
    return [line for promise in promises.run(now()) for line in promise.broken]


@pytest.mark.parametrize("settled", [True, False])
def test_one_told_at_the_desk_holds_what_asks_until_it_is_settled(clinic, settled):
    booked = visited(clinic, berlin(2, 10))
    complain(booked)
    assert states(booked) == {"follow_up": "open", "reputation": "held", "reactivation": "paused"}
    assert letters(go_to(berlin(8, 12))) == []  # of this visit nothing at all
    if settled:
        settle(clinic)
        assert states(booked)["reputation"] == "eligible"
    # Settled, the ask waits its two days; open, it is held for two weeks, and then goes anyway.
    assert ("review_ask" in letters(go_to(berlin(12, 12)))) is settled
    assert broken() == []
    assert "review_ask" in letters(go_to(berlin(24, 12))) or settled


def test_a_visit_that_nothing_follows_can_be_complained_about(clinic):
    appointments.change_policy(clinic.business, NO_FOLLOW_UP, now(), DESK)
    missed = visited(clinic, berlin(2, 10), "missed")
    assert states(missed) == {}
    complain(missed)
    assert Escalation.objects.get(kind="COMPLAINT").case.path == "appointment"
    second = visited(clinic, berlin(3, 10))
    assert states(second) == {"reputation": "held", "reactivation": "paused"}
    offers = HandOff.objects.filter(case__subject=second.id)
    assert {tuple(each.payload["flags"]) for each in offers} == {("complaint",)}
    assert broken() == []


def test_before_its_outcome_there_is_nothing_to_complain_about(clinic):
    booked = clinic.book(berlin(2, 10))
    with pytest.raises(NotAllowed):
        complain(booked)


@pytest.mark.parametrize(("rating", "holds"), [(1, True), (3, True), (4, False), (5, False)])
def test_a_bad_review_of_a_known_visit_is_one(clinic, rating, holds):
    first = visited(clinic, berlin(2, 10))
    second = visited(clinic, berlin(3, 10))
    said = reputation.Seen("Reviews", rating, "So it was.", appointment=first.id)
    reputation.record_review(clinic.business, said, now(), DESK)
    assert queries.current(first.id, "reputation").state == "closed"
    assert states(second)["reputation"] == ("held" if holds else "eligible")
    assert states(second)["reactivation"] == ("paused" if holds else "due_set")
    settle(clinic, "REVIEW_RECOVERY")
    assert states(second)["reputation"] == "eligible"
    assert broken() == []


def test_one_whose_visit_nobody_knows_holds_nothing(clinic):
    booked = visited(clinic, berlin(2, 10))
    bad = reputation.Seen("Reviews", 1, "So it was.")
    reputation.record_review(clinic.business, bad, now(), DESK)
    assert states(booked)["reputation"] == "eligible"


def test_one_entered_by_mistake_holds_nothing_any_more(clinic):
    first, second = visited(clinic, berlin(2, 10)), visited(clinic, berlin(3, 10))
    bad = reputation.Seen("Reviews", 1, "So it was.", appointment=first.id)
    row, _ = reputation.record_review(clinic.business, bad, now(), DESK)
    assert states(second)["reputation"] == "held"
    reputation.withdraw_review(clinic.business.id, row.id, now(), DESK)
    assert states(second)["reputation"] == "eligible"


def test_of_two_both_must_be_settled(clinic):
    first, second = visited(clinic, berlin(2, 10)), visited(clinic, berlin(3, 10))
    complain(first)
    actions.say(clinic.business.id, queries.current(first.id).id, "went_badly", now(), DESK)
    one, other = Escalation.objects.filter(kind="COMPLAINT", resolved_at=None)
    appointments.resolve_escalation(clinic.business.id, one.id, "we spoke", now(), DESK)
    assert states(second)["reputation"] == "held"
    appointments.resolve_escalation(clinic.business.id, other.id, "we spoke", now(), DESK)
    assert states(second)["reputation"] == "eligible"


@pytest.mark.parametrize("refunded", [True, False])
def test_money_given_back_lets_the_ask_for_a_review_wait_its_time_anew(clinic, refunded):
    booked = visited(clinic, berlin(2, 10))
    go_to(berlin(4, 9))
    if refunded:
        appointments.say(booked, "refunded", now(), DESK)
    assert ("review_ask" in letters(go_to(berlin(5, 12)))) is not refunded
    assert ("review_ask" in letters(go_to(berlin(8, 12)))) is refunded
    assert broken() == []


def test_it_says_from_which_day_somebody_is_due_after_the_asking_had_to_wait(clinic):
    booked = visited(clinic, berlin(2, 10))
    case = queries.current(booked.id, "reactivation")
    first, _ = reactivation.notes(case)
    assert first == "Due again on 2027-03-22, 20 days after the visit, as the service says."
    complain(booked)
    go_to(now() + timedelta(days=40))
    settle(clinic)
    go_to(now() + timedelta(days=8))
    case.refresh_from_db()
    later, _ = reactivation.notes(case)
    assert later.startswith(f"{first[:-1]}; after it had to wait, on 2027-0")
