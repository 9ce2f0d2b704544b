"""What stops the asking, tried in the whole house: leads and follow-ups, until nothing more comes.

Bookings, refusals and complaints stand where each path is tried (`tests/leads/test_receiving.py`,
`test_follow_up.py`, `test_reputation.py`, `test_reactivation.py`); here stands what a person says.
"""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.checks import promises
from kept.journeys import actions, queries
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now
from tests.leads import clinic as leads

START = berlin(2, 10)


@pytest.fixture
def clinic(db):
    clinic = Clinic(comes_again_days=42)
    go_to(berlin(1, 10))
    return clinic


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


# Somebody who asked


def nudged(asked):
    """The offers of free times that still come."""
    sent = leads.letters(go_to(now() + timedelta(days=13)))
    return [name for name in sent if name.startswith("lead_nudge")]


def test_nobody_says_anything_and_four_offers_come(clinic):
    asked = leads.lead(clinic)
    go_to(now() + timedelta(minutes=1))
    assert len(nudged(asked)) == 4


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("replied", "engaged"),
        ("reached", "engaged"),
        ("taken_over", "acknowledged"),
        ("not_a_fit", "not_a_fit"),
        ("gave_up", "unreachable"),
    ],
)
def test_no_offer_comes_after(clinic, said, state):
    asked = leads.lead(clinic)
    go_to(now() + timedelta(minutes=1))
    leads.say(asked, said)
    assert leads.state(asked) == state
    assert nudged(asked) == []
    assert broken() == []


# Somebody who was here


def suggested():
    """The suggestions that still come in the month after a visit."""
    sent = leads.letters(go_to(now() + timedelta(days=30)))
    return [name for name in sent if name.startswith("next_step")]


def visited(clinic):
    booked = clinic.book(START)
    go_to(START + timedelta(minutes=45))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now() + timedelta(hours=25))
    return queries.current(booked.id)


def test_nobody_answers_and_three_suggestions_come(clinic):
    visited(clinic)
    assert suggested() == ["next_step_first", "next_step_second", "next_step_third"]


@pytest.mark.parametrize("said", ["replied", "declined"])
def test_no_suggestion_comes_after(clinic, said):
    case = visited(clinic)
    actions.say(clinic.business.id, case.id, said, now(), MIA, words="Thank you, not now.")
    case.refresh_from_db()
    assert case.state == "closed"
    assert suggested() == []
    assert broken() == []


def test_what_went_well_stops_nothing(clinic):
    case = visited(clinic)
    actions.say(clinic.business.id, case.id, "went_well", now(), MIA)
    assert len(suggested()) == 3
