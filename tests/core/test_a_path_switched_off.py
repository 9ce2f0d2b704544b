"""A policy that takes a path away stops its letters at once, also of what is already walked."""

import pytest

from kept.core.policy import DEFAULT_HAND_OFFS
from tests.core.builders import AfterVisit, Asked, ComesAgain, later, policy
from tests.core.test_policy_changes import change
from tests.core.test_reputation import Ask


def after(walk, duration):
    return walk.until(later(walk.start, duration))


FOLLOWS = {"follows": "completed", "carries": {"service_snapshot": {"hand_offs": {}}}}
WALKS = {
    "follow_up": lambda **more: AfterVisit(aftercare=True, comes_again=30, **{**FOLLOWS, **more}),
    "reputation": lambda **more: Ask(**{**FOLLOWS, **more}),
    "reactivation": lambda **more: ComesAgain(40, **{**FOLLOWS, **more}),
}
OTHERS = sorted(WALKS)


def without(path):
    """Both ways to take a path away: nobody hands on to it, or somebody else walks it."""
    left = [each for each in OTHERS if each != path]
    return [{"built_in": left}, {"hand_offs": {**DEFAULT_HAND_OFFS, "completed": left}}]


SWITCHED = [(path, off) for path in OTHERS for off in without(path)]
OFF = "skipped: switched off by policy"


@pytest.mark.parametrize(("path", "off"), SWITCHED)
def test_no_letter_goes_any_more_and_each_says_why(path, off):
    alone = after(WALKS[path](), "4000h")
    walk = after(WALKS[path](), "1h")
    change(walk, **off)
    letters = {each.control for _, each in alone.posted}
    assert len(letters) > 1
    planned = letters & {control.name for control in walk.case.controls}
    assert {walk.became(each) for each in planned} == {OFF}
    assert after(walk, "4000h").sent() == []
    assert not walk.raised  # nobody is asked to do instead what the business does not want


@pytest.mark.parametrize(("path", "off"), SWITCHED)
def test_another_path_goes_on(path, off):
    for other in set(WALKS) - {path}:
        walk = after(WALKS[other](), "1h")
        change(walk, **off)
        assert after(walk, "4000h").sent() == after(WALKS[other](), "4000h").sent()


@pytest.mark.parametrize(("path", "off"), SWITCHED)
def test_a_letter_that_waits_for_the_mail_server_is_called_back(path, off):
    walk = WALKS[path]()
    walk.transport = "hangs"
    after(walk, "700h" if path == "reactivation" else "80h")
    _, first = walk.posted[0]
    change(walk, **off)
    assert (first.control, 1) in walk.withdrawn
    assert walk.became(first.control) == OFF


@pytest.mark.parametrize(("path", "off"), SWITCHED)
def test_switched_on_again_what_lies_ahead_goes(path, off):
    walk = after(WALKS[path](), "1h")
    change(walk, **off)
    change(walk)
    assert after(walk, "4000h").sent() == after(WALKS[path](), "4000h").sent()


@pytest.mark.parametrize("path", OTHERS)
def test_what_a_service_says_for_itself_holds_against_the_policy_of_the_house(path):
    own = {"carries": {"service_snapshot": {"hand_offs": {"completed": [path]}}}}
    built_in, hand_offs = without(path)
    walk = after(WALKS[path](**own), "1h")
    change(walk, **hand_offs)
    assert after(walk, "4000h").sent() == after(WALKS[path](), "4000h").sent()
    walk = after(WALKS[path](**own), "1h")
    change(walk, **built_in)
    assert after(walk, "4000h").sent() == []


def test_a_case_that_begins_while_its_path_is_off_writes_nothing():
    """What was handed on a moment before is received all the same."""
    walk = AfterVisit(policy=policy(built_in=[]), aftercare=True, **FOLLOWS)
    assert walk.became("how_did_it_go") == OFF
    assert after(walk, "4000h").sent() == []


def test_a_path_that_no_policy_switches_is_always_walked():
    assert policy(built_in=[]).walks("appointment", "", None)
    assert not Asked(policy=policy(built_in=[])).case.is_switched_off


def test_a_complaint_still_reaches_a_person():
    walk = after(AfterVisit(**FOLLOWS), "1h")
    change(walk, built_in=[])
    walk.happens("went_badly")
    assert walk.raised


def test_who_would_have_been_asked_for_a_review_is_said_not_to_be_for_that_reason():
    ask = after(Ask(**FOLLOWS), "1h")
    change(ask, built_in=[])
    assert after(ask, "4000h").result == "switched off"


def test_a_policy_of_before_that_names_no_outcome_takes_nothing_away():
    walk = AfterVisit(aftercare=True, follows="unheard_of")
    assert walk.became("aftercare") == "planned"
