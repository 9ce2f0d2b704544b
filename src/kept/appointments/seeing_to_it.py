"""What a person answers: escalations, and hand-offs of the paths outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from kept.appointments.asking import Stale
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.queries import Escalation
from kept.core.case import Actor, Event, Facts, NotAllowed
from kept.lib.again import in_one_transaction


@in_one_transaction
def resolve_escalation(
    business: UUID, escalation_id: UUID, note: str, now: datetime, actor: Actor
) -> None:
    """A person closes an escalation with a note. Raises NotAllowed, Escalation.DoesNotExist."""
    escalation = case_queries.escalation(business, escalation_id)
    event = Event("escalation_resolved", now, actor, note, {"kind": escalation.kind})
    cases.apply([cases.Incoming(escalation.case_id, event)], now)


def take_escalation(
    business: UUID, escalation_id: UUID, now: datetime, actor: Actor, *, expected: int | None = None
) -> Escalation:
    """This person sees to it: others see that, and need not. Answers it; twice is once.

    Raises Escalation.DoesNotExist, NotAllowed (resolved already, or taken by somebody else), and
    Stale when `expected` is not the present version of its case.
    """
    return _see_to(business, escalation_id, Event("escalation_taken", now, actor), expected)


def release_escalation(
    business: UUID, escalation_id: UUID, now: datetime, actor: Actor, *, expected: int | None = None
) -> Escalation:
    """It is anybody's again, given back by whoever took it or for them. Otherwise as taking it."""
    return _see_to(business, escalation_id, Event("escalation_released", now, actor), expected)


def snooze_escalation(
    business: UUID,
    escalation_id: UUID,
    until: datetime,
    now: datetime,
    actor: Actor,
    *,
    expected: int | None = None,
) -> Escalation:
    """It is out of sight until then, and back by itself. Answers it; twice is once.

    Raises NotAllowed also where `until` is over, or not before it is too late to help
    (`too_late_at`), or somebody else sees to it. Otherwise as taking it.
    """
    data: Facts = {"until": until.astimezone(UTC).isoformat()}
    event = Event("escalation_snoozed", now, actor, data=data)
    return _see_to(business, escalation_id, event, expected)


def wake_escalation(
    business: UUID, escalation_id: UUID, now: datetime, actor: Actor, *, expected: int | None = None
) -> Escalation:
    """It is back in sight, whoever had put it off. Otherwise as taking it."""
    return _see_to(business, escalation_id, Event("escalation_woken", now, actor), expected)


def _is_so(row: Escalation, event: Event) -> bool:
    """It is already as this event would make it."""
    match event.name:
        case "escalation_taken":
            return row.taken_by == str(event.actor)
        case "escalation_released":
            return not row.taken_by
        case "escalation_woken":
            return row.snoozed_until is None
    put_off = row.snoozed_until and (row.snoozed_until.isoformat(), row.snoozed_by)
    return put_off == (event.data["until"], str(event.actor))


@in_one_transaction
def _see_to(business: UUID, escalation_id: UUID, event: Event, expected: int | None) -> Escalation:
    case = case_queries.lock(case_queries.escalation(business, escalation_id).case_id)
    row = case_queries.escalation(business, escalation_id)  # as it is now that nobody changes it
    if row.resolved_at is not None:
        raise NotAllowed(event.name, case.state, "It is already resolved.")
    if _is_so(row, event):
        return row
    if expected is not None and case.version != expected:
        raise Stale(case.version)
    event = replace(event, data={**event.data, "kind": row.kind})
    cases.apply([cases.Incoming(row.case_id, event)], event.at)
    return case_queries.escalation(business, escalation_id)


@in_one_transaction
def answer_hand_off(
    business: UUID,
    hand_off_id: UUID,
    now: datetime,
    actor: Actor,
    *,
    accept: bool,
    reason: str = "",
) -> None:
    """The receiving path takes a hand-off over, or refuses it. Raises NotAllowed."""
    hand_off = case_queries.hand_off(business, hand_off_id)
    name = "hand_off_accepted" if accept else "hand_off_rejected"
    data: dict[str, object] = {"to": hand_off.to, "version": hand_off.version}
    event = Event(name, now, actor, reason, data)
    cases.apply([cases.Incoming(hand_off.case_id, event)], now)
