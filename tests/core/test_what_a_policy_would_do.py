"""Asked before it is saved: what would a policy do to what is planned?"""

from dataclasses import replace

import pytest

from kept.core.preview import Becomes, policy_effect
from tests.core.builders import APPOINTMENT, Visit, policy


def effect(visit, **data):
    """{control: what would become of it}, and no change is made."""
    before = visit.case
    found = policy_effect(APPOINTMENT, visit.case, policy(**data), visit.now)
    assert visit.case is before
    return {change.control.name: change.what for change in found}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, {}),
        ({"first_reminder": "48h"}, {"first_reminder": Becomes.MOVED}),
        ({"switched_off": ["final_reminder"]}, {"final_reminder": Becomes.SKIPPED}),
        ({"ask_acknowledgement": True}, {"acknowledgement": Becomes.PLANNED}),
    ],
)
def test_it_names_what_would_be_done_differently(data, expected):
    assert effect(Visit("96h"), **data) == expected


def test_a_reminder_whose_time_would_be_past_goes_at_once():
    visit = Visit("96h")
    visit.until(visit.before("36h"))
    assert effect(visit, first_reminder="48h") == {"first_reminder": Becomes.AT_ONCE}


def test_a_reminder_that_was_skipped_is_planned_after_all():
    visit = Visit("96h", policy=policy(switched_off=["first_reminder"]))
    assert effect(visit) == {"first_reminder": Becomes.PLANNED}


def test_a_skipped_one_that_stays_skipped_for_another_reason_is_no_change():
    visit = Visit("96h", policy=policy(switched_off=["first_reminder"]))
    assert effect(visit, first_reminder="2h") == {}


@pytest.mark.parametrize(
    "data", [{"first_reminder": "48h"}, {"switched_off": ["first_reminder"]}, {}]
)
def test_what_it_says_is_what_the_change_then_does(data):
    visit = Visit("96h")
    said = policy_effect(APPOINTMENT, visit.case, policy(**data), visit.now)
    visit.case = replace(visit.case, policy=policy(**data))
    assert visit.happens("policy_changed").controls == tuple(change.control for change in said)
