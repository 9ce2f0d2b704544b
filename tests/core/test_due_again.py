"""Who booked, complained, or was visited since, is due again when nothing came of it.

What ends it for good is the person's own word, and a visit that took place.
"""

from datetime import timedelta

import pytest

from kept.core.policy import Policy
from tests.core.builders import ComesAgain, Visit, later, policy

DAY = timedelta(days=1)
RECOVERY = Policy().recovery_until.delta


def times(visit, ahead=20):
    """When a visit booked now begins and ends."""
    start = visit.now + ahead * DAY
    return {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}


def booked(visit, about="the next", ahead=20, nearby=False):
    name = "visit_booked_nearby" if nearby else "visit_booked"
    visit.happens(name, about=about, **times(visit, ahead))
    assert visit.state == "paused"
    return visit


def given_back(visit, about="the next"):
    visit.happens("visit_given_back", about=about)
    return visit


def asked_again(visit, days=200):
    """The letters of the days to come, and how long after now."""
    before, now = len(visit.posted), visit.now
    visit.until(now + days * DAY)
    return [(post.control, (at - now).days) for at, post in visit.posted[before:]]


# A visit that is booked


def test_who_has_booked_is_asked_nothing_until_the_outcome_is_known():
    visit = booked(ComesAgain().day(-13))
    assert asked_again(visit) == []
    assert visit.state == "paused"
    assert visit.control("patience_ends").status == "planned"


def test_what_was_booked_and_given_back_leaves_them_due_again():
    visit = given_back(booked(ComesAgain().day(1)))
    # After the recovery of that visit the first has gone already: the others keep their distance.
    assert asked_again(visit) == [("invitation_second", 51), ("invitation_third", 111)]


def test_what_is_given_back_long_before_the_day_changes_nothing_about_it():
    visit = given_back(booked(ComesAgain().day(-100)))
    assert asked_again(visit) == [
        ("invitation_first", 85),
        ("invitation_second", 129),
        ("invitation_third", 189),
    ]
    assert visit.state == "overdue"


def test_who_moved_their_visit_has_still_booked_it():
    visit = booked(booked(ComesAgain().day(1)), ahead=40)
    assert asked_again(visit) == []
    assert asked_again(given_back(visit))


def test_of_two_visits_both_must_be_given_back():
    visit = booked(booked(ComesAgain().day(1)), about="another")
    assert asked_again(given_back(visit), 30) == []
    assert asked_again(given_back(visit, "another"))


def test_a_visit_that_took_place_ends_it():
    visit = booked(ComesAgain().day(1))
    visit.happens("visit_took_place", about="the next", **times(visit))
    assert (visit.state, visit.result) == ("closed", "booked")
    assert not visit.waiting()


def test_an_older_visit_written_down_later_does_not():
    visit = ComesAgain().day(1)
    old = {"start": (visit.start - DAY).isoformat(), "end": visit.start.isoformat()}
    visit.happens("visit_took_place", about="an older one", **old)
    assert visit.state == "due"


def test_a_visit_that_took_the_place_and_was_none_leaves_them_due_again():
    visit = ComesAgain().day(1)
    visit.happens("visited_since", about="the next")
    assert (visit.state, visit.result) == ("closed", "newer visit")
    visit.happens("newer_visit_withdrawn", about="the next")
    assert (visit.state, visit.result) == ("paused", "")
    assert asked_again(visit) == [("invitation_second", 51), ("invitation_third", 111)]


def test_who_has_a_visit_ahead_from_the_beginning_waits_from_the_beginning():
    visit = ComesAgain(begins={"paused": True}, booked=["the next"])
    assert visit.state == "paused"
    assert asked_again(given_back(visit), 400)


def test_what_nobody_ever_says_the_outcome_of_ends_one_day():
    visit = booked(ComesAgain().day(1))
    visit.until(visit.now + 500 * DAY)
    assert (visit.state, visit.result) == ("closed", "booked")


# Somebody else who reads the same mailbox


def test_a_visit_of_somebody_else_there_is_waited_for_until_it_is_over():
    visit = booked(ComesAgain().day(-20), nearby=True, ahead=30)
    first = asked_again(visit)[0]
    assert first[0] == "invitation_first"
    assert first[1] >= 30 + RECOVERY.days


def test_what_they_give_back_is_waited_for_no_longer():
    visit = booked(ComesAgain().day(-20), nearby=True, ahead=30)
    given_back(booked(visit, nearby=True, ahead=300))  # they had moved it
    assert asked_again(visit)[0] == ("invitation_first", 7)


def test_a_recall_is_about_their_own_visit_and_waits_for_no_other():
    visit = ComesAgain(recall=True).day(-20)
    visit.happens("visit_booked_nearby", about="the other one", **times(visit, 30))
    assert visit.state == "due_set"
    assert asked_again(visit, 10) == [("recall_first", 5)]
    assert given_back(booked(visit)).state == "paused"


# A complaint


@pytest.mark.parametrize("settled", [True, False])
def test_a_complaint_holds_it_until_a_person_has_settled_it(settled):
    visit = ComesAgain().day(-20)
    visit.happens("complained_elsewhere", about="a visit")
    assert asked_again(visit, 30) == []
    if settled:
        visit.happens("complaint_settled", about="a visit")
    assert bool(asked_again(visit)) is settled
    visit.until(visit.now + 500 * DAY)
    assert (visit.state, visit.result) == ("closed", "lapsed" if settled else "complaint")


# The day they named, and the limits


def test_the_day_they_named_is_kept_over_a_visit_given_back():
    visit = ComesAgain().day(1)
    visit.happens("snoozed", until=(visit.now + 100 * DAY).isoformat())
    booked(visit, ahead=20)
    visit.happens("snoozed", until=(visit.now + 120 * DAY).isoformat())
    assert visit.state == "paused"
    assert asked_again(given_back(visit))[0][1] >= 120


def test_it_is_three_letters_at_most_however_often_they_book():
    visit = ComesAgain()
    for _ in range(6):
        given_back(booked(visit.until(visit.now + 100 * DAY)))
        visit.until(visit.now + 20 * DAY)
    visit.until(visit.now + 400 * DAY)
    letters = [post.control for _, post in visit.posted]
    assert sorted(set(letters)) == sorted(letters)
    assert len(letters) <= 3


def test_who_refuses_meanwhile_is_not_due_again():
    visit = booked(ComesAgain().day(1))
    visit.happens("opted_out")
    assert (visit.state, visit.result) == ("closed", "opted out")


def test_the_hours_of_the_first_letter_are_those_of_the_policy():
    exactly = policy(invitation_first="300h")
    visit = given_back(booked(ComesAgain(policy=exactly).day(-60), nearby=True))
    assert visit.until(later(Visit().start, "9000h")).sent()
