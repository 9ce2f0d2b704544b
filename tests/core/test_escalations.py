"""What only a person can resolve: raised once, owned, due, and closed by a note or by the deed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kept.core.case import Actor, Role, Snooze
from kept.core.decide import too_late
from kept.core.path import Lapse
from kept.core.paths.appointment import ESCALATIONS
from tests.core.builders import APPOINTMENT, MINUTE, STAFF, Visit, later, policy

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
    visit.until(visit.after_end("15m" if kind == "OUTCOME_DUE" else "24h"))
    refused = visit.refusal("escalation_resolved", by=STAFF, reason="later", kind=kind)
    assert str(refused) == "Record the outcome (arrive, complete or miss); that resolves it."
    assert {"completed", "missed"} <= set(refused.allowed)


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
    raised |= {"CONFIRMATION_FAILED", "CONTROL_MISSED", "TOLD_DIFFERS", "NEVER_TOLD"}
    raised |= {APPOINTMENT.withheld, "COMPLAINT"}
    for control in APPOINTMENT.controls:
        kind = getattr(control.does, "kind", "") or getattr(control.does, "unreachable", "")
        raised |= {kind} - {""}
    assert raised == {rule.kind for rule in APPOINTMENT.escalations}


# Until when they make sense


@pytest.mark.parametrize("rule", ESCALATIONS, ids=lambda rule: rule.kind)
def test_each_says_until_when_it_makes_sense_and_a_duty_closes_it_then(rule):
    closing = [
        control
        for control in APPOINTMENT.controls
        if isinstance(control.does, Lapse) and rule.kind in control.does.kinds
    ]
    if rule.until is None:
        assert closing == []
        assert rule.afterwards == ""
    else:
        assert [control.due for control in closing] == [rule.until]
        assert rule.afterwards.endswith(".")


def test_what_only_a_person_can_end_is_said_by_name():
    endless = {rule.kind for rule in ESCALATIONS if rule.until is None}
    endless -= {"OUTCOME_DUE", "UNRESOLVED", "HANDOFF_NOT_ACCEPTED", "NEVER_TOLD"}
    assert endless == {"COMPLAINT"}


@pytest.mark.parametrize(
    ("kind", "until"),
    [("UNACKED", "start"), ("CONTROL_MISSED", "start"), ("POSSIBLE_CANCEL", "end")],
)
def test_a_call_before_the_visit_is_not_asked_for_after_it(kind, until):
    visit = with_open(kind)
    visit.transport = "hangs"
    visit.happens("running_late", by=STAFF, minutes=5)
    moment = getattr(visit, until)
    visit.until(moment - MINUTE)
    assert kind in visit.open
    visit.until(moment)
    assert kind not in visit.open
    [closed] = visit.said("escalation_lapsed")
    assert closed.data["kind"] == kind
    assert closed.reason == APPOINTMENT.escalation(kind).afterwards
    assert visit.decisions[-1].causes == {kind: closed}


def test_who_could_not_be_told_in_time_is_asked_for_as_an_outcome_instead():
    visit = Visit("72h", transport="refuses")
    visit.until(visit.end - MINUTE)
    assert "CONFIRMATION_FAILED" in visit.open
    visit.until(visit.after_end("15m"))
    assert visit.open == {"OUTCOME_DUE"}


def test_at_the_close_of_business_one_question_takes_the_place_of_the_other():
    visit = Visit("72h")
    visit.until(visit.after_end("15m"))
    assert visit.open == {"OUTCOME_DUE"}
    visit.until(visit.after_end("24h"))
    assert visit.open == {"UNRESOLVED"}
    [replaced] = visit.said("escalation_replaced")
    assert replaced.data == {"kind": "OUTCOME_DUE", "by": "UNRESOLVED"}
    assert replaced.reason == "No outcome at close of business."


def test_a_longer_grace_does_not_ask_a_second_time_after_the_close():
    visit = Visit("72h")
    visit.until(visit.end)
    visit.case = replace(visit.case, policy=policy(outcome_grace="48h"))
    visit.happens("policy_changed")
    visit.until(visit.after_end("72h"))
    assert visit.open == {"UNRESOLVED"}
    assert visit.became("outcome_due") == "skipped: no need"


def test_what_fails_when_it_makes_no_sense_any_more_is_history_and_no_task():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.start)
    visit.message("failed", "final_reminder")
    assert visit.open == frozenset()
    assert visit.became("final_reminder") == "failed: the transport refused it"
    assert visit.said("message_failed") != []
    assert {"escalated", "escalation_lapsed"} & set(visit.names()) == set()


def test_what_was_never_open_is_never_closed():
    """A worker that slept past the visit finds the reminder too late; there was nobody to ask."""
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.sleep_until(visit.after_end("3h"))
    assert visit.became("final_reminder").startswith("expired: ")
    assert [event.data["control"] for event in visit.said("control_expired")] == ["final_reminder"]
    assert "CONTROL_MISSED" not in {event.data["kind"] for event in visit.said("escalated")}
    assert visit.said("escalation_lapsed") == []


def test_a_cancellation_nobody_could_tell_is_asked_for_until_the_day_after():
    visit = Visit("72h")
    visit.transport = "refuses"
    visit.happens("cancelled", by=STAFF, side="business")
    visit.until(visit.after_end("23h59m"))
    assert visit.open >= {"TOLD_DIFFERS"}
    visit.until(visit.after_end("24h"))
    assert "TOLD_DIFFERS" not in visit.open


def test_what_is_found_on_a_closed_leg_is_closed_at_its_end_as_well():
    visit = Visit("72h")
    visit.happens("moved", by=STAFF)
    visit.message("incomplete", "confirmation")
    assert visit.open == {"MESSAGE_INCOMPLETE"}
    visit.until(visit.end)
    assert visit.open == frozenset()


def test_a_question_answered_in_time_leaves_nothing_to_close():
    visit = Visit("72h")
    visit.happens("change_requested")
    assert visit.became("lapse_at_end") == "planned"
    note(visit, "POSSIBLE_CANCEL")
    assert visit.became("lapse_at_end") == "void: escalation_resolved"


def test_the_worker_wakes_late_and_the_closed_question_says_why_it_was_closed():
    visit = with_open("POSSIBLE_CANCEL")
    visit.happens("running_late", by=STAFF, minutes=5)
    visit.sleep_until(visit.after_end("72h"))
    assert visit.open == {"UNRESOLVED"}
    reason = APPOINTMENT.escalation("POSSIBLE_CANCEL").afterwards
    assert visit.decisions[-1].causes["POSSIBLE_CANCEL"].reason == reason


# Who sees to it


GRACE, ADA = Actor(Role.STAFF, "grace"), Actor(Role.STAFF, "ada")


def take(visit, who, kind="POSSIBLE_CANCEL"):
    return visit.happens("escalation_taken", by=who, kind=kind)


def test_who_takes_it_has_it_and_twice_is_once():
    visit = with_open("POSSIBLE_CANCEL")
    assert take(visit, GRACE).taken == {"POSSIBLE_CANCEL": "staff:grace"}
    again = take(visit, GRACE)
    assert (again.events, again.taken) == ((), {})
    assert visit.case.taken == {"POSSIBLE_CANCEL": "staff:grace"}


def test_what_somebody_has_is_not_taken_from_them_until_it_is_given_back():
    visit = with_open("POSSIBLE_CANCEL")
    take(visit, GRACE)
    refused = visit.refusal("escalation_taken", by=ADA, kind="POSSIBLE_CANCEL")
    assert str(refused) == "staff:grace sees to it already: it must be given back first."
    released = visit.happens("escalation_released", by=ADA, kind="POSSIBLE_CANCEL")
    assert released.taken == {"POSSIBLE_CANCEL": ""}
    assert visit.happens("escalation_released", by=ADA, kind="POSSIBLE_CANCEL").events == ()
    take(visit, ADA)
    assert visit.case.taken == {"POSSIBLE_CANCEL": "staff:ada"}


def test_once_resolved_it_is_nobodys_and_raised_again_it_is_anybodys():
    visit = with_open("POSSIBLE_CANCEL")
    take(visit, GRACE)
    note(visit, "POSSIBLE_CANCEL")
    assert visit.case.taken == {}
    visit.refusal("escalation_taken", by=GRACE, kind="POSSIBLE_CANCEL")
    visit.refusal("escalation_released", by=GRACE, kind="POSSIBLE_CANCEL")
    visit.happens("change_requested")
    assert take(visit, ADA).events


# What is put off


def asks_for_a_change():
    visit = Visit("72h")
    visit.happens("change_requested")
    return visit


def snooze(visit, until, who=GRACE, kind="POSSIBLE_CANCEL"):
    return visit.happens("escalation_snoozed", by=who, kind=kind, until=until.isoformat())


def refused_to_snooze(visit, until, who=GRACE, kind="POSSIBLE_CANCEL"):
    data = {"kind": kind, "until": until.isoformat()}
    return str(visit.refusal("escalation_snoozed", by=who, **data))


def test_what_is_put_off_says_until_when_and_by_whom_and_twice_is_once():
    visit = asks_for_a_change()
    until = visit.now + timedelta(hours=2)
    put_off = Snooze(until, "staff:grace")
    assert snooze(visit, until).snoozed == {"POSSIBLE_CANCEL": put_off}
    again = snooze(visit, until)
    assert (again.events, again.snoozed) == ((), {})
    assert visit.open == {"POSSIBLE_CANCEL"}  # it waits, and is as open as before
    woken = visit.happens("escalation_woken", by=ADA, kind="POSSIBLE_CANCEL")
    assert woken.snoozed == {"POSSIBLE_CANCEL": None}
    assert visit.case.snoozed == {}
    assert visit.happens("escalation_woken", by=ADA, kind="POSSIBLE_CANCEL").events == ()


def test_nothing_is_put_off_into_the_past_nor_until_it_is_too_late_to_help():
    visit = asks_for_a_change()
    start = visit.case.anchors["start"]
    assert visit.case.too_late == {"POSSIBLE_CANCEL": start}
    assert refused_to_snooze(visit, visit.now) == "That time is over."
    assert refused_to_snooze(visit, start) == "It would come back too late to help."
    assert snooze(visit, start - timedelta(minutes=1)).events


def test_what_one_sees_to_nobody_else_puts_off():
    visit = asks_for_a_change()
    take(visit, GRACE)
    until = visit.now + timedelta(hours=1)
    assert refused_to_snooze(visit, until, ADA).startswith("staff:grace sees to it already")
    assert snooze(visit, until, GRACE).events


def test_what_gets_worse_while_it_is_put_off_comes_back():
    visit = asks_for_a_change()
    snooze(visit, visit.now + timedelta(hours=2))
    decision = visit.happens("change_requested")
    assert decision.snoozed == {"POSSIBLE_CANCEL": None}
    assert [each.name for each in decision.events] == ["change_requested", "escalation_woken"]
    assert decision.raised == ()


def test_what_came_back_by_itself_needs_nobody_to_bring_it_back():
    visit = asks_for_a_change()
    snooze(visit, visit.now + timedelta(minutes=5))
    visit.until(visit.now + timedelta(minutes=6))
    assert visit.happens("change_requested").snoozed == {}


def test_once_resolved_it_is_put_off_no_more_and_raised_again_it_is_in_sight():
    visit = asks_for_a_change()
    snooze(visit, visit.now + timedelta(hours=2))
    note(visit, "POSSIBLE_CANCEL")
    assert (visit.case.snoozed, visit.case.too_late) == ({}, {})
    visit.refusal("escalation_woken", by=GRACE, kind="POSSIBLE_CANCEL")
    assert visit.happens("change_requested").raised
    assert visit.case.snoozed == {}


@pytest.mark.parametrize(
    ("kind", "late"),
    [
        ("UNACKED", lambda case, due: case.anchors["start"]),
        ("MESSAGE_INCOMPLETE", lambda case, due: case.anchors["end"]),
        ("COMPLAINT", lambda case, due: due),
    ],
    ids=["before the start", "while it makes sense", "when it is due"],
)
def test_it_is_too_late_when_its_harm_is_done(kind, late):
    case, due = asks_for_a_change().case, datetime(2027, 1, 1, tzinfo=UTC)
    assert too_late(APPOINTMENT.escalation(kind), case, due) == late(case, due)


def test_raised_after_the_start_it_has_its_time_until_it_makes_no_sense_any_more():
    case = asks_for_a_change().case
    start, end = case.anchors["start"], case.anchors["end"]
    rule = APPOINTMENT.escalation("CONTACT_GAP")
    soon = start + timedelta(minutes=10)
    assert too_late(rule, case, soon) == soon
    assert too_late(rule, case, end + timedelta(hours=1)) == end
