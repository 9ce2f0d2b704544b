"""What others are told of a decision: every transition, what was said, and what hangs on it.

Thin on purpose: ids, times and states, no name, no address, no text of a message. Who may know more
asks for it. The one exception is a hand-off, whose payload is all that the receiver needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from kept.cases import models
from kept.cases.rows import Loaded
from kept.core import case as core
from kept.core.paths import PATHS
from kept.core.replay import step
from kept.webhooks.catalogue import MESSAGES, MOVE, type_of
from kept.webhooks.telling import Happening

Offers = Mapping[tuple[str, int], models.HandOff]
Data = dict[str, object]


def told(
    case: Loaded, decision: core.Decision, offers: Offers, now: datetime
) -> Iterator[Happening]:
    """What is told of a decision just taken up: `case.row` is as it will be written, `case.value`
    still as it was. `offers`: the rows of the hand-offs it names.

    In the order in which it happened; what is handed on comes after the outcome it follows from.
    """
    row, after = case.row, decision.case
    say = partial(Happening, row.business_id, row.id, row.subject, at=decision_time(decision, now))
    state, first = case.value.state, row.version - len(decision.events) + 1
    for version, event in enumerate(decision.events, first):
        before, state = state, step(PATHS[row.path], state, event)
        about = {**_about(row, after), "version": version, "state": state}
        if name := type_of(PATHS[row.path], event, before, state):
            data = {**about, **_step(row, after, event, before)}
            yield say(version=version, type=name, data=data)
        if name := _message(event):
            yield say(version=version, type=name, data={**about, "message": _letter(event)})
    about = _about(row, after)
    for name, data in [*_hand_offs(decision, offers), *_escalations(decision)]:
        yield say(version=row.version, type=name, data={**about, **data})


def decision_time(decision: core.Decision, now: datetime) -> datetime:
    """When it happened."""
    return decision.events[0].at if decision.events else now


def _about(row: models.Case, value: core.Case) -> Data:
    carries = _carries(value)
    return {
        "business_id": str(row.business_id),
        "path": row.path,
        "case_id": str(row.id),
        "root_id": str(row.subject),
        "appointment_id": _appointment(row, carries),
        "reference": carries.get("reference"),
        "leg": int(str(value.facts.get("leg", row.number))),
        "version": row.version,
        "state": value.state,
        "person_id": _text(row.person_id),
        "service": _service(carries),
        "start": _instant(value.anchors.get("start")),
        "end": _instant(value.anchors.get("end")),
        "time_zone": row.zone,
    }


def _carries(value: core.Case) -> Data:
    return dict(value.carries)


def _appointment(row: models.Case, carries: Data) -> str | None:
    return str(row.subject) if row.path == "appointment" else _text(carries.get("appointment_id"))


def _service(carries: Data) -> Data | None:
    snapshot = carries.get("service_snapshot")
    if not isinstance(snapshot, dict):
        return None
    return {"id": snapshot["id"], "name": snapshot["public_name"]}


def _is_private(value: core.Case) -> bool:
    snapshot = _carries(value).get("service_snapshot")
    return isinstance(snapshot, dict) and bool(snapshot.get("private"))


def _step(row: models.Case, value: core.Case, event: core.Event, before: str) -> Data:
    minutes = event.data.get("minutes")
    return {
        "previous_state": before or None,
        "event": event.name,
        "actor": {"role": str(event.actor.role), "name": event.actor.name},
        "reason": (not _is_private(value) and event.reason) or None,
        "moved": _moved(row, event) if not before else None,
        "outcome": value.facts.get("outcome") or None,
        **({"minutes": minutes} if isinstance(minutes, int) else {}),
    }


def _moved(row: models.Case, event: core.Event) -> Data | None:
    if event.data.get("origin") != MOVE:
        return None
    return {
        "start_from": event.data["from"],
        "start_to": event.data["to"],
        "leg_from": row.number - 1,
    }


def _message(event: core.Event) -> str:
    family, _, result = event.name.partition("_")
    return f"message.{result}" if family == "message" and result in MESSAGES else ""


def _letter(event: core.Event) -> Data:
    return {
        "control": str(event.data.get("control", "")),
        "run": int(str(event.data.get("run", 1))),
        "channel": str(event.data.get("channel", "email")),
        "result": event.name.partition("_")[2],
    }


def _escalations(decision: core.Decision) -> Iterator[tuple[str, Data]]:
    for raised in decision.raised:
        need = _need(raised.kind, raised.owner, raised.due_at, raised.reason, raised.suggestion)
        yield "escalation.raised", need
    for kind, who in decision.taken.items():
        yield f"escalation.{'taken' if who else 'released'}", _need(kind, by=who)
    for kind, cause in decision.causes.items():
        yield "escalation.resolved", _need(kind, by=str(cause.actor))


def _need(
    kind: str,
    owner: str = "",
    due_at: datetime | None = None,
    reason: str = "",
    suggestion: str = "",
    by: str = "",
) -> Data:
    need = {
        "kind": kind,
        "owner": owner or None,
        "due_at": _instant(due_at),
        "reason": reason or None,
        "suggestion": suggestion or None,
        "by": by or None,
    }
    return {"escalation": need}


def _hand_offs(decision: core.Decision, offers: Offers) -> Iterator[tuple[str, Data]]:
    """A correction that offers the same path something else is one event, not two."""
    status = core.HandOffStatus
    old = {h.to: h for h in decision.hand_offs if h.status is status.WITHDRAWN}
    new = {h.to for h in decision.hand_offs if h.status is status.OFFERED}
    for each in decision.hand_offs:
        if each.status is status.WITHDRAWN and each.to in new:
            continue
        revised = old.get(each.to) if each.status is status.OFFERED else None
        name = f"hand_off.{'revised' if revised else each.status.value}"
        revises = str(offers[revised.key].id) if revised else None
        yield name, {"hand_off": contract(offers[each.key]), "revises": revises}


def contract(row: models.HandOff) -> Data:
    """Everything that is agreed between two paths, as it stands."""
    payload = row.payload
    names = ("from_path", "to_path", "root_id", "appointment_id", "outcome_version", "person_id")
    more = ("service_snapshot", "outcome", "outcome_source", "value", "currency")
    taken = row.status == core.HandOffStatus.ACCEPTED.value
    return {
        "id": str(row.id),
        **{name: payload.get(name) for name in (*names, *more)},
        "flags": payload.get("flags") or [],
        "consent_refs": payload.get("consent_refs") or [],
        "offered_at": row.offered_at.isoformat(),
        "accept_by": _instant(row.accept_by),
        "state": row.status,
        "accepted_by": (taken and row.answered_by) or None,
        "reason": row.reason or None,
        "built_in": row.own,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
