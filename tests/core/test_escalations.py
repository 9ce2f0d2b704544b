"""What only a person can resolve: raised once, owned, due, and closed by a note or by the deed."""

from dataclasses import replace

import pytest

from kept.core.paths.appointment import ESCALATIONS
from tests.core.builders import APPOINTMENT, STAFF, Visit, later

UNTOLD = ["CONTACT_GAP", "CONFIRMATION_FAILED", "TOLD_DIFFERS"]


def with_open(kind):
    visit = Visit("72h")
    visit.case = replace(visit.case, escalations=frozenset({kind}))
    return visit


def note(visit, kind):
    return visit.happens("escalation_resolved", by=STAFF, reason="rang her", kind=kind)


@pytest.mark.parametrize("rule", ESCALATIONS, ids=lambda rule: rule.kind)
def test_each_has_an_owner_a_time_a_reason_and_a_suggestion(rule):
    assert rule.owner in {"front_desk", "staff", "owner"}
    assert rule.within.delta.total_seconds() > 0
    assert rule.reason.endswith(".")
    assert rule.suggestion.endswith(".")
    assert rule.by_note or rule.why_not


@pytest.mark.parametrize("kind", [rule.kind for rule in ESCALATIONS if rule.by_note])
def test_a_note_resolves_it(kind):
    decision = note(with_open(kind), kind)
    assert decision.resolved == {kind}
    assert decision.case.escalations == frozenset()
    assert decision.events[0].reason == "rang her"


@pytest.mark.parametrize("kind", UNTOLD)
def test_a_note_that_the_customer_was_told_counts_as_told(kind):
    decision = note(with_open(kind), kind)
    assert "told_by_staff" in [event.name for event in decision.events]
    assert decision.told.via == "staff"


@pytest.mark.parametrize("kind", ["OUTCOME_DUE", "UNRESOLVED"])
def test_no_note_takes_the_place_of_an_outcome(kind):
    visit = Visit("72h")
    visit.until(visit.after_end("24h"))
    refused = visit.refusal("escalation_resolved", by=STAFF, reason="later", kind=kind)
    assert str(refused) == "Record the outcome (arrive, complete or miss); that resolves it."
    assert {"arrived", "completed", "missed"} <= set(refused.allowed)


@pytest.mark.parametrize("kind", ["UNACKED", "NO_SUCH_KIND"])
def test_what_is_not_open_cannot_be_resolved(kind):
    refused = Visit("72h").refusal("escalation_resolved", by=STAFF, reason="x", kind=kind)
    assert str(refused) == f"No escalation {kind} is open: it is already resolved."
    assert "cancelled" in refused.allowed


def test_it_is_raised_once_while_it_is_open_and_anew_after_that():
    visit = Visit("72h")
    visit.happens("change_requested")
    visit.happens("change_requested")
    assert len(visit.raised) == 1
    note(visit, "POSSIBLE_CANCEL")
    visit.happens("change_requested")
    assert len(visit.raised) == 2


def test_it_is_due_within_its_time_and_not_after_the_start():
    early = Visit("72h")
    early.happens("resource_lost", detail="Grace is ill")
    assert early.raised[0].due_at == later(early.now, "4h")
    assert early.raised[0].tried == "Grace is ill"
    late = Visit("2h")
    late.happens("resource_lost")
    assert late.raised[0].due_at == late.start
    during = Visit("2h")
    during.until(later(during.start, "10m"))
    during.happens("resource_lost")
    assert during.raised[0].due_at == later(during.now, "4h")


def test_every_escalation_that_the_path_can_raise_is_declared():
    raised = {"CONFLICTING_REPLIES", "POSSIBLE_CANCEL", "RESOURCE_LOST", "MESSAGE_INCOMPLETE"}
    raised |= {"CONFIRMATION_FAILED", "CONTROL_MISSED", "TOLD_DIFFERS"}
    for control in APPOINTMENT.controls:
        kind = getattr(control.does, "kind", "") or getattr(control.does, "unreachable", "")
        raised |= {kind} - {""}
    assert raised == {rule.kind for rule in APPOINTMENT.escalations}
