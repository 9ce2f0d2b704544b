"""A policy that stops letters, tried on what is open: at once, with a reason anybody can read, and
beside a house where the same people live the same life and nobody touches the policy."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Control
from kept.checks import promises
from kept.core.case import Role
from kept.core.policy import DEFAULT_HAND_OFFS, PolicyError
from kept.journeys import actions, queries, reputation
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now
from tests.leads import clinic as leads

SERVICE = {"comes_again_days": 42, "aftercare": "Rest a little."}
BEFORE = {"hold_out": 0, "offer_after_cancelling": True}
OFF = "switched off by policy"


def without(outcome, path):
    left = [each for each in DEFAULT_HAND_OFFS[outcome] if each != path]
    return {"hand_offs": {**DEFAULT_HAND_OFFS, outcome: left}}


# What becomes of the same person in each house; answers what it is about in the first.


def books(*houses):
    first, *_ = [house.book(berlin(3, 10)) for house in houses]
    return first.id


def visits(*houses, outcome="completed"):
    booked = [house.book(berlin(2, 10)) for house in houses]
    for each in booked:
        agrees = {"given": True, "source": "page"}
        actions.record_wish(each.customer_id, "marketing", now(), MIA, **agrees)
    go_to(berlin(2, 10, 45))
    for each in booked:
        if outcome == "missed":
            appointments.miss(each, now(), DESK, by=Role.CUSTOMER)
        else:
            appointments.say(each, outcome, now(), DESK)
    return booked[0].id


def misses(*houses):
    return visits(*houses, outcome="missed")


def cancels(*houses):
    booked = [house.book(berlin(4, 10)) for house in houses]
    for each in booked:
        appointments.cancel(each, now(), MIA, by=Role.CUSTOMER)
    return booked[0].id


def asks_and_falls_silent(*houses):
    asked = [leads.lead(house, agrees="Write to me later") for house in houses]
    for each in asked:
        leads.say(each, "responded")
    go_to(now() + timedelta(days=15))
    return asked[0].case_id


ONLY = {path: {"built_in": [path]} for path in ("follow_up", "reputation", "reactivation")}
SOON = {"after_visit_hours": ["09:00", "09:15"]}  # not within the time in which it is of use

# What somebody does, what the policy becomes, which letters stop, and why
SWITCHES = [
    (books, {"switched_off": ["first_reminder"]}, {"first_reminder"}, OFF),
    (visits, ONLY["reactivation"], {"aftercare", "how_did_it_go", "review_ask"}, OFF),
    (visits, without("completed", "follow_up"), {"aftercare", "how_did_it_go"}, OFF),
    (visits, without("completed", "reactivation"), {"invitation_first"}, OFF),
    (misses, ONLY["reputation"], {"missed_first", "recovery_second"}, OFF),
    (misses, SOON, {"missed_first"}, "falls into quiet hours"),
    (cancels, {"offer_after_cancelling": False}, {"recovery_third"}, "policy_changed"),
    (asks_and_falls_silent, without("stale", "reactivation"), {"invitation_first"}, OFF),
    (visits, {"invitations_a_year": 1}, {"invitation_second"}, "policy_changed"),
]


@pytest.fixture
def houses(db):
    """Two houses, alike; and what each has sent so far, by the address it sends from."""
    both = [Clinic(policy=BEFORE, name=name, **SERVICE) for name in ("Harbour", "Quayside")]
    for each in both:
        page = "https://reviews.example.com/page"
        reputation.add_link(each.business.id, "Reviews", page, now(), DESK)
    return both


def letters(post, house):
    return {
        each.headers["X-Kept"].split("control=")[1]
        for each in post.letters
        if each.sender.address == house.business.email
    }


def reasons(subject, names):
    rows = Control.objects.filter(case__subject=subject, name__in=names)
    return {row.reason for row in rows}


@pytest.mark.parametrize(("lives", "policy", "stopped", "why"), SWITCHES)
def test_what_a_policy_switches_off_stops_at_once_and_says_why(houses, lives, policy, stopped, why):
    here, there = houses
    subject = lives(here, there)
    go_to(now())
    appointments.change_policy(here.business, policy, now(), DESK)
    planned = Control.objects.filter(case__subject=subject, name__in=stopped, status="planned")
    assert not planned.exists()
    assert reasons(subject, stopped) == {why}
    post = go_to(now() + timedelta(days=80 if "invitation_second" in stopped else 35))
    assert stopped & letters(post, here) == set()
    assert stopped <= letters(post, there)
    assert [line for promise in promises.run(now()) for line in promise.broken] == []


def test_nobody_is_asked_by_hand_for_what_the_house_does_not_want(houses):
    here, _ = houses
    subject = visits(here)
    go_to(now())
    appointments.change_policy(here.business, {"built_in": []}, now(), DESK)
    go_to(now() + timedelta(days=30))
    assert queries.current(subject, "reputation").facts["result"] == "switched off"
    assert queries.current(subject, "follow_up").facts["result"] == "run out"


def test_hours_in_which_nothing_may_go_cannot_be_set(houses):
    here, _ = houses
    hours = {"quiet_hours": ["06:00", "09:00"], "asking_hours": ["10:00", "12:00"]}
    with pytest.raises(PolicyError, match="no hour in common"):
        appointments.change_policy(here.business, hours, now(), DESK)
