"""Each of the five stages has a moment or a reason why it was passed over."""

import pytest

from kept.core.case import Event
from kept.core.replay import BrokenHistory, replay
from tests.core.builders import APPOINTMENT, STAFF, START, Visit

ENTERED_BY = {
    "scheduled": {"booked"},
    "confirmed": {"confirmed"},
    "prepared": {"prepared"},
    "attended": {"arrived", "walked_in"},
    "completed": {"completed"},
}


def stages(visit):
    """What the history says of each stage."""
    skipped = {event.data["stage"]: event.reason for event in visit.said("stage_skipped")}
    names = visit.names()
    return {
        stage: "reached" if ENTERED_BY[stage].intersection(names) else skipped.get(stage, "nothing")
        for stage in APPOINTMENT.stages
    }


def walk(**how):
    visit = Visit(**how)
    visit.until(visit.end)
    if visit.state != "attended":
        visit.happens("arrived", by=STAFF)
    visit.happens("completed", by=STAFF)
    return visit


@pytest.mark.parametrize(
    ("how", "passed_over"),
    [
        ({"ahead": "72h"}, {}),
        ({"ahead": "3h"}, {}),
        ({"ahead": "72h", "channels": ()}, {"confirmed": "arrived", "prepared": "arrived"}),
        ({"ahead": "72h", "transport": "refuses"}, {"confirmed": "arrived", "prepared": "arrived"}),
        (
            {"ahead": "0m", "begins": "walked_in"},
            dict.fromkeys(["scheduled", "confirmed", "prepared"], "walked_in"),
        ),
    ],
)
def test_it_is_reached_or_passed_over_for_a_reason(how, passed_over):
    assert stages(walk(**how)) == dict.fromkeys(APPOINTMENT.stages, "reached") | passed_over


def test_the_state_is_the_fold_of_the_events():
    visit = walk(ahead="72h")
    assert replay(APPOINTMENT, visit.events) == "completed"
    assert replay(APPOINTMENT, visit.events[:1]) == "scheduled"
    assert replay(APPOINTMENT, ()) == ""


def test_a_history_that_the_path_does_not_allow_is_broken():
    with pytest.raises(BrokenHistory, match="'completed' cannot follow in state ''"):
        replay(APPOINTMENT, [Event("completed", START)])
