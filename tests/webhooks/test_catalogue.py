"""The names of events are computed from the paths, and never taken back."""

import re

import pytest

from kept.core.case import HandOffStatus
from kept.core.paths import PATHS
from kept.webhooks.catalogue import (
    HAND_OFFS,
    MESSAGES,
    SAID_BY_THE_NEXT,
    names,
    steps,
    type_of,
    types,
)

# Given out: others have built on them. Names may be added below, never removed or changed.
GIVEN_OUT = {
    "appointment.scheduled",
    "appointment.rescheduled",
    "appointment.confirmed",
    "appointment.confirmation_lost",
    "appointment.prepared",
    "appointment.attended",
    "appointment.completed",
    "appointment.missed",
    "appointment.cancelled",
    "appointment.corrected",
    "appointment.acknowledged",
    "appointment.change_requested",
    "appointment.running_late",
    "appointment.item_prepared",
    "appointment.item_reopened",
    "appointment.told_by_staff",
    "appointment.confirmation_requested",
    "appointment.contact_changed",
    "appointment.resource_lost",
    "appointment.resource_restored",
    "appointment.zone_rules_changed",
    "appointment.complained",
    "appointment.refunded",
    "follow_up.open",
    "follow_up.recovering",
    "follow_up.checked",
    "follow_up.next_step",
    "follow_up.complaint",
    "follow_up.closed",
    "follow_up.went_well",
    "follow_up.went_badly",
    "follow_up.contact_changed",
    "follow_up.replied",
    "follow_up.declined",
    "reputation.eligible",
    "reputation.answering",
    "reputation.asked",
    "reputation.closed",
    "reputation.unready",
    "reputation.held",
    "reputation.clicked",
    "reputation.contact_changed",
    "reactivation.closed",
    "reactivation.due_set",
    "reactivation.due",
    "reactivation.overdue",
    "reactivation.lapsed",
    "reactivation.snoozed",
    "reactivation.paused",
    "reactivation.contact_changed",
    "lead_response.received",
    "lead_response.engaged",
    "lead_response.acknowledged",
    "lead_response.replied",
    "lead_response.opted_out",
    "lead_response.reached",
    "lead_response.not_reached",
    "lead_response.responded",
    "lead_response.qualified",
    "lead_response.taken_over",
    "lead_response.not_a_fit",
    "lead_response.unreachable",
    "lead_response.booked",
    "lead_response.contact_changed",
    "lead_response.stale",
    "message.accepted",
    "message.delayed",
    "message.delivered",
    "message.doubtful",
    "message.expired",
    "message.failed",
    "message.incomplete",
    "escalation.raised",
    "escalation.taken",
    "escalation.released",
    "escalation.resolved",
    "hand_off.offered",
    "hand_off.revised",
    "hand_off.withdrawn",
    "hand_off.accepted",
    "hand_off.rejected",
    "hand_off.expired",
    "webhook.test",
}


def test_no_name_that_was_given_out_is_taken_back():
    assert {each.name for each in types()} >= GIVEN_OUT


def test_no_name_is_given_out_by_accident():
    """A new name is written down here when it comes: from then on it stays."""
    assert {each.name for each in types()} <= GIVEN_OUT


def test_each_name_is_explained_and_not_merely_repeated():
    for each in types():
        bare = each.name.partition(".")[2].replace("_", " ")
        assert each.says.removesuffix(".").lower() != bare, each.name


@pytest.mark.parametrize("path", PATHS.values(), ids=lambda path: path.name)
def test_every_transition_of_every_path_has_its_event(path):
    """Also of a path that is yet to be written: nothing need be listed for it."""
    changes = [(event, a, b) for event, a, b in steps(path) if a != b]
    assert {b for _, _, b in changes} == {state.name for state in path.states}
    for event, before, after in changes:
        name = type_of(path, event, before, after)
        if (path.name, event.name) in SAID_BY_THE_NEXT:
            assert name == ""
            continue
        assert name in names(), f"{event.name} from {before!r} to {after!r}"
        assert name.startswith(f"{path.name}.")


@pytest.mark.parametrize("path", PATHS.values(), ids=lambda path: path.name)
def test_whatever_somebody_may_say_has_its_event(path):
    said = {event.name: (event, a, b) for event, a, b in steps(path)}
    for name in {rule.event for rule in path.rules if rule.asked}:
        assert type_of(path, *said[name]) or (path.name, name) in SAID_BY_THE_NEXT


def test_a_stage_that_is_lost_is_not_told_as_if_it_were_reached():
    path = PATHS["appointment"]
    event = next(e for e, a, b in steps(path) if e.name == "confirmation_lost")
    assert type_of(path, event, "confirmed", "scheduled") == "appointment.confirmation_lost"


def test_a_new_leg_is_told_as_a_move_and_never_as_a_new_appointment():
    path = PATHS["appointment"]
    moved = next(e for e, a, b in steps(path) if not a and e.data.get("origin") == "move")
    assert type_of(path, moved, "", "scheduled") == "appointment.rescheduled"


def test_names_are_as_the_standard_wants_them_and_each_says_when_it_comes():
    for each in types():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", each.name)
        assert each.says[0].isupper()
        assert each.says.endswith(".")


def test_whatever_becomes_of_a_message_or_a_hand_off_has_its_event():
    events = {rule.event for path in PATHS.values() for rule in path.rules}
    assert {each.removeprefix("message_") for each in events if "message_" in each} <= set(MESSAGES)
    assert {each.value for each in HandOffStatus} | {"revised"} == set(HAND_OFFS)
