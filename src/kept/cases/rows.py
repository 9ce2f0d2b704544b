"""Rows to values and back: the only place that knows both shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from kept.accounts.queries import policy_version
from kept.cases import models
from kept.core import case as core
from kept.core.paths import PATHS
from kept.core.policy import Policy
from kept.lib.ids import new_id
from kept.lib.rows import new_row


class Held(Protocol):
    """What must be known of the row of a control to write another one in its place."""

    @property
    def id(self) -> UUID: ...
    @property
    def failures(self) -> int: ...
    @property
    def wake_at(self) -> datetime: ...


@dataclass(slots=True)
class Loaded:
    """A case while it is being worked on: its row, its value, and the rows it came with."""

    row: models.Case
    value: core.Case
    is_new: bool
    controls: dict[tuple[str, int], Held]
    heard: bool  # somebody outside listens to its business
    offers: dict[tuple[str, int], models.HandOff]
    mailbox: frozenset[UUID] = frozenset()  # who is written at the address of its person
    touched: bool = False  # its anchors or its facts are not what they were


@lru_cache(maxsize=512)
def policy_of(policy_id: int) -> Policy:
    """The policy of a version. Versions never change, so they may be remembered for ever."""
    return policy_version(policy_id)


def control_value(row: models.Control) -> core.Control:
    status = STATUS.get(row.status) or core.Status(row.status)
    return core.Control(
        row.name, row.due_at, row.useful_until, row.run, status, row.reason, row.fired_at
    )


STATUS = {str(each): each for each in core.Status}  # five times as quick as to call it


def hand_off_value(row: models.HandOff) -> core.HandOff:
    status = core.HandOffStatus(row.status)
    return core.HandOff(row.to, row.outcome, row.version, status, row.accept_by)


def event_value(row: models.Event) -> core.Event:
    actor = core.Actor(core.Role(row.actor_role), row.actor_name)
    return core.Event(row.name, row.at, actor, row.reason, row.data)


def case_value(
    row: models.Case,
    controls: Iterable[models.Control] = (),
    escalations: Iterable[models.Escalation] = (),
    hand_offs: Iterable[models.HandOff] = (),
) -> core.Case:
    asked = {each.kind: each for each in escalations}
    return core.Case(
        path=row.path,
        state=row.state,
        zone=row.zone,
        anchors=anchors_value(row.anchors),
        policy=policy_of(row.policy_id),
        facts=row.facts,
        leg=row.number,
        controls=tuple(map(control_value, controls)),
        escalations=frozenset(asked),
        taken={kind: each.taken_by for kind, each in asked.items() if each.taken_by},
        snoozed={
            kind: core.Snooze(each.snoozed_until, each.snoozed_by)
            for kind, each in asked.items()
            if each.snoozed_until
        },
        too_late={kind: each.too_late_at or each.due_at for kind, each in asked.items()},
        hand_offs=tuple(map(hand_off_value, hand_offs)),
    )


def why_unreadable(row: models.Case) -> str:
    """What keeps a row from being read as a case of its path; "" when it can be."""
    path = PATHS.get(row.path)
    if path is None:
        return f"has the path {row.path!r}, which there is not"
    if row.state not in {state.name for state in path.states}:
        return f"is in the state {row.state!r}, which its path does not have"
    try:
        value = case_value(row)
        ZoneInfo(value.zone)
        if not isinstance(value.facts.get("outcome") or {}, Mapping):
            return "has an outcome without its record"
        missing = path.counts_from - value.anchors.keys()
        if missing:
            return f"has lost when it is: {', '.join(sorted(missing))}"
    except Exception as error:
        return f"cannot be read ({type(error).__name__}: {error})"
    return ""


def anchors_value(anchors: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in anchors.items()}


def anchors_data(anchors: Mapping[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in anchors.items()}


def event_row(case_id: UUID, seq: int, event: core.Event) -> models.Event:
    return new_row(
        models.Event,
        case_id=case_id,
        seq=seq,
        name=event.name,
        at=event.at,
        actor_role=str(event.actor.role),
        actor_name=event.actor.name[:200],
        reason=event.reason[:500],
        data=dict(event.data),
    )


def control_row(case_id: UUID, control: core.Control, old: Held | None) -> models.Control:
    """The row of a control, keeping the id of the one it replaces."""
    return new_row(
        models.Control,
        id=old.id if old else new_id(),
        case_id=case_id,
        name=control.name,
        run=control.run,
        due_at=control.due_at,
        useful_until=control.useful_until,
        status=str(control.status),
        reason=control.reason[:500],
        fired_at=control.fired_at,
        wake_at=control.due_at,
        failures=old.failures if old else 0,
    )


def waits(value: core.Case) -> bool:
    """Something must still happen: no outcome yet, or a hand-off nobody has answered."""
    offered = any(h.status is core.HandOffStatus.OFFERED for h in value.hand_offs)
    return value.state in PATHS[value.path].waiting or offered
