"""What the engine does on every path, tried on the smallest one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kept.core.case import Case, Event
from kept.core.decide import decide
from kept.core.path import ControlRule, Open, Path, Rule, State, at
from kept.core.paths import PATHS
from kept.core.plan import plan
from kept.core.policy import Policy
from tests.core.builders import APPOINTMENT, START, Visit

HOUR = timedelta(hours=1)
OPEN = frozenset({"open"})
ERRAND = Path(
    name="errand",
    title="The smallest path",
    states=(State("open", "stage", "It is open.", waits=True),),
    rules=(
        Rule("begun", frozenset({""}), to="open", then=("noted", "closed")),
        Rule("noted", OPEN, sets=lambda case, event: {"noted": True}),
        Rule("closed", frozenset({"half open"})),
    ),
    controls=(),
    escalations=(),
)


def test_what_follows_is_taken_only_where_it_is_allowed():
    case = Case("errand", "", "UTC", {}, Policy())
    decision = decide(ERRAND, case, Event("begun", START), START)
    assert [event.name for event in decision.events] == ["begun", "noted"]
    assert decision.case.facts == {"noted": True}


def test_a_path_knows_its_states():
    assert APPOINTMENT.state("missed").kind == "exception"
    assert APPOINTMENT.waiting == {"scheduled", "confirmed", "prepared", "attended"}
    assert APPOINTMENT.stages == ("scheduled", "confirmed", "prepared", "attended", "completed")


@pytest.mark.parametrize("table", ["states", "controls", "escalations"])
def test_no_name_is_used_twice(table):
    names = [getattr(row, "name", "") or row.kind for row in getattr(APPOINTMENT, table)]
    assert len(names) == len(set(names))


def test_every_state_a_rule_or_control_speaks_of_exists():
    known = {state.name for state in APPOINTMENT.states} | {""}
    for rule in APPOINTMENT.rules:
        assert rule.frm <= known
        assert not isinstance(rule.to, str) or rule.to in known
    for control in APPOINTMENT.controls:
        assert control.states <= known


def test_a_path_knows_what_its_duties_count_from():
    assert APPOINTMENT.counts_from == {"opened", "start", "end", "close"}
    assert PATHS["follow_up"].counts_from == {"opened"}
    assert ERRAND.counts_from == frozenset()


def test_a_path_knows_what_takes_an_outcome_back():
    assert APPOINTMENT.taking_back == {"arrived", "corrected"}
    assert PATHS["follow_up"].taking_back == frozenset()


def test_a_path_knows_after_which_events_it_may_speak_to_the_others():
    assert PATHS["follow_up"].speaks_after == {
        "visit_lost",
        "went_badly",
        "settled",
        "escalation_resolved",  # its note settles the complaint
    }
    assert PATHS["reputation"].speaks_after == {
        *("asked", "message_accepted", "message_doubtful"),
        *("review_seen", "review_complained", "review_withdrawn"),
        *("escalation_resolved", "put_right"),
    }
    assert ERRAND.speaks_after == frozenset()
    timed = ControlRule("tell", "", at("opened"), None, OPEN, does=Open("closed"))
    speaking = replace(ERRAND, announces={"closed": "heard"}, controls=(timed,))
    assert speaking.speaks_after == {"closed", "begun", "control_due"}


def test_what_is_planned_already_is_planned_as_it_stands():
    visit = Visit(ahead="72h")
    planned = visit.case.controls
    assert plan(APPOINTMENT, visit.case, visit.now, "nothing") is planned
    moved = replace(visit.case, anchors={**visit.case.anchors, "close": visit.end + HOUR})
    again = plan(APPOINTMENT, moved, visit.now, "moved")
    assert {new.name for new, old in zip(again, planned, strict=True) if new is not old} == {
        "unresolved"
    }
