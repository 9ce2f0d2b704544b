"""What an event log tells of an appointment: the things there are, and what happened to them.

Names are those of the paths. What happened is told by the *history*, as the audit sees it: of an
outcome that was corrected the one that counts, once, and nothing of a step that was taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Literal

from kept.audit.history import Appointment, Asked, Duty, Handed, Leg, Outcome, Sent, Stage
from kept.audit.measures.seen import CONFIRMATIONS
from kept.core.case import HandOffStatus, Status

Plain = str | Decimal | datetime | int | bool
Attributes = tuple[tuple[str, Plain, datetime | None], ...]
Kind = Literal["string", "time", "integer", "float", "boolean"]


@dataclass(frozen=True, slots=True)
class Object:
    """A thing the log knows. `attributes`: name, value, and since when (None: from the first)."""

    id: str
    kind: str
    attributes: Attributes = ()
    related: tuple[tuple[str, str], ...] = ()  # the id of the other one, and what it is to it


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `lifecycle` is a transition of XES' standard model."""

    activity: str
    at: datetime
    lifecycle: str = "complete"
    resource: str = ""  # by whom: customer, staff, integration, system
    attributes: dict[str, Plain] = field(default_factory=dict)
    objects: tuple[tuple[str, str], ...] = ()


OBJECTS: dict[str, dict[str, Kind]] = {
    "appointment": {"currency": "string"},
    "leg": {
        "number": "integer",
        "leg_start": "time",
        "leg_end": "time",
        "booked_at": "time",
        "leg_price": "float",
        "outcome": "string",
    },
    "person": {},
    "staff": {"name": "string"},
    "service": {"name": "string"},
    "message": {"control": "string", "status": "string"},
    "control": {"name": "string", "due_at": "time", "status": "string", "reason": "string"},
    "escalation": {"kind": "string", "due_at": "time", "owner": "string"},
    "hand_off": {"to": "string", "accept_by": "time", "status": "string"},
}
"""The kinds of things, each with its attributes."""

# A move stands before the booking that it leads to: both happen at one instant.
EVENTS: dict[str, dict[str, Kind]] = {
    "moved": {},
    "booked": {
        "start": "time",
        "end": "time",
        "service": "string",
        "staff": "string",
        "channel": "string",
        "price": "float",
        "currency": "string",
        "late_window": "integer",
        "confirmation_spared": "boolean",
    },
    "confirmed": {},
    "acknowledged": {},
    "prepared": {},
    "reminded": {"control": "string"},
    "attended": {},
    "completed": {},
    "missed": {},
    "missed by the business": {},
    "cancelled": {},
    "cancelled by the business": {},
    "assumed": {},
    "message": {"control": "string"},
    "control": {"name": "string", "status": "string", "reason": "string"},
    "escalation": {"kind": "string", "broken_by": "string"},
    "hand_off": {"to": "string", "status": "string"},
}
"""The activities, each with its attributes."""

OUTCOMES = {
    Outcome.COMPLETED: "completed",
    Outcome.MISSED: "missed",
    Outcome.MISSED_BY_BUSINESS: "missed by the business",
    Outcome.CANCELLED: "cancelled",
    Outcome.CANCELLED_BY_BUSINESS: "cancelled by the business",
    Outcome.RESCHEDULED: "moved",
    Outcome.ASSUMED: "assumed",
}
STAGES = {Stage.CONFIRMED: "confirmed", Stage.PREPARED: "prepared", Stage.ATTENDED: "attended"}
ACTS = {"arrived": "attended", "walked_in": "attended"}
LIFECYCLE = {
    Status.DONE: "complete",
    Status.SKIPPED: "autoskip",
    Status.VOID: "withdraw",
    Status.EXPIRED: "ate_abort",
    Status.FAILED: "ate_abort",
}
REMINDER = "reminder"  # in the name of a message that reminds


def is_spared(leg: Leg) -> bool:
    """Whether nothing was to be confirmed, and the path gave its reason."""
    return any(
        duty.name in CONFIRMATIONS and duty.status == Status.SKIPPED and duty.justified
        for duty in leg.duties
    )


@dataclass(frozen=True, slots=True)
class Told:
    """Of one appointment everything the log tells, its events by time."""

    reference: str
    person: str
    objects: tuple[Object, ...]
    events: tuple[Event, ...]


def told(appointment: Appointment, currency: str) -> Told:
    """What there is to tell of an appointment."""
    reference = appointment.legs[0].reference
    person = f"person-{appointment.person:x}" if appointment.person is not None else ""
    whose = ((person, "customer"),) if person else ()
    objects = [Object(reference, "appointment", (("currency", currency, None),), whose)]
    objects += [Object(person, "person")] if person else []
    events: list[Event] = []
    for number, leg in enumerate(appointment.legs, 1):
        one = _Leg(reference, number, leg, currency)
        objects += one.objects()
        events += one.events()
    return Told(reference, person, tuple(objects), tuple(sorted(events, key=attrgetter("at"))))


class _Leg:
    """One booked time, with the names of everything that hangs on it."""

    def __init__(self, reference: str, number: int, leg: Leg, currency: str) -> None:
        self.reference, self.number, self.leg, self.currency = reference, number, leg, currency
        self.id = f"{reference}/{number}"
        self.staff = f"staff-{leg.staff}" if leg.staff else ""
        self.service = f"service-{leg.service}" if leg.service else ""
        self.by = {(ACTS.get(act.name, act.name), act.at): act.role for act in leg.acts}

    # Things

    def objects(self) -> Iterator[Object]:
        leg = self.leg
        known: dict[str, Plain | None] = {
            "number": self.number,
            "leg_start": leg.start,
            "leg_end": leg.end,
            "booked_at": leg.booked_at,
            "leg_price": leg.price,
        }
        attributes = [(name, value, None) for name, value in known.items() if value is not None]
        outcome: Attributes = (("outcome", leg.outcome.value, leg.outcome_at),)
        related = [
            (self.reference, "appointment"),
            (self.staff, "staff"),
            (self.service, "service"),
        ]
        yield Object(self.id, "leg", (*attributes, *outcome), _named(related))
        if self.staff and leg.staff:
            yield Object(self.staff, "staff", (("name", leg.staff, None),))
        if self.service and leg.service:
            yield Object(self.service, "service", (("name", leg.service, None),))
        mine = ((self.id, "leg"),)
        for n, sent in enumerate(leg.messages, 1):
            yield Object(f"{self.id}/message-{n}", "message", _of_message(sent), mine)
        for n, duty in enumerate(leg.duties, 1):
            yield Object(f"{self.id}/control-{n}", "control", _of_control(duty), mine)
        for n, asked in enumerate(leg.asked, 1):
            yield Object(f"{self.id}/escalation-{n}", "escalation", _of_escalation(asked), mine)
        for n, handed in enumerate(leg.handed, 1):
            yield Object(f"{self.id}/hand_off-{n}", "hand_off", _of_hand_off(handed), mine)

    # What happened

    def events(self) -> Iterator[Event]:
        """Of several at one instant in this order; the move to the next time last."""
        leg = self.leg
        if leg.booked_at is not None:
            yield self._event("booked", leg.booked_at, attributes=self._as_booked())
        for stage, name in STAGES.items():
            if (at := leg.entered.get(stage)) is not None:
                yield self._event(name, at)
        if leg.acknowledged_at is not None:
            yield self._event("acknowledged", leg.acknowledged_at)
        for n, sent in enumerate(leg.messages, 1):
            yield from self._of_message(sent, f"{self.id}/message-{n}")
        for n, duty in enumerate(leg.duties, 1):
            yield from self._of_control(duty, f"{self.id}/control-{n}")
        for n, asked in enumerate(leg.asked, 1):
            yield from self._of_escalation(asked, f"{self.id}/escalation-{n}")
        if leg.outcome in OUTCOMES and leg.outcome_at is not None:
            yield self._event(OUTCOMES[leg.outcome], leg.outcome_at)
        for n, handed in enumerate(leg.handed, 1):
            yield from self._of_hand_off(handed, f"{self.id}/hand_off-{n}")

    def _event(
        self,
        activity: str,
        at: datetime,
        *,
        about: str = "",
        lifecycle: str = "complete",
        resource: str | None = None,
        attributes: dict[str, Plain] | None = None,
    ) -> Event:
        if resource is None:
            resource = self.by.get((activity.split(" by ")[0], at), "")
        objects = [(self.reference, "appointment"), (self.id, "leg")]
        if activity in {"booked", "attended", "completed"}:
            objects += [(self.staff, "staff"), (self.service, "service")]
        objects += [(about, activity if activity != "reminded" else "message")]
        return Event(activity, at, lifecycle, resource, attributes or {}, _named(objects))

    def _as_booked(self) -> dict[str, Plain]:
        leg = self.leg
        known: dict[str, Plain | None] = {
            "start": leg.start,
            "end": leg.end,
            "service": leg.service,
            "staff": leg.staff,
            "channel": leg.channel,
            "price": leg.price,
            "currency": self.currency if leg.price is not None else None,
            "late_window": leg.late_window,
            "confirmation_spared": is_spared(leg),
        }
        return {name: value for name, value in known.items() if value is not None}

    def _of_message(self, sent: Sent, about: str) -> Iterator[Event]:
        if sent.handed_over_at is not None:
            name = "reminded" if REMINDER in sent.control else "message"
            said: dict[str, Plain] = {"control": sent.control}
            yield self._event(
                name, sent.handed_over_at, about=about, resource="system", attributes=said
            )
        if sent.failed_at is not None:
            yield self._event(
                "message",
                sent.failed_at,
                about=about,
                lifecycle="ate_abort",
                resource="system",
                attributes={"control": sent.control},
            )

    def _of_control(self, duty: Duty, about: str) -> Iterator[Event]:
        """What is still planned has not happened; what was left out happened when it was due."""
        lifecycle = LIFECYCLE.get(Status(duty.status))
        if lifecycle is None:
            return
        said: dict[str, Plain] = {"name": duty.name, "status": duty.status}
        if duty.reason:
            said["reason"] = duty.reason
        yield self._event(
            "control",
            duty.done_at or duty.due_at,
            about=about,
            lifecycle=lifecycle,
            resource="system",
            attributes=said,
        )

    def _of_escalation(self, asked: Asked, about: str) -> Iterator[Event]:
        said: dict[str, Plain] = {"kind": asked.kind, "broken_by": asked.broken_by}
        yield self._event(
            "escalation",
            asked.raised_at,
            about=about,
            lifecycle="start",
            resource="system",
            attributes=said,
        )
        if asked.resolved_at is not None:
            yield self._event(
                "escalation",
                asked.resolved_at,
                about=about,
                resource=asked.owner,
                attributes={"kind": asked.kind},
            )

    def _of_hand_off(self, handed: Handed, about: str) -> Iterator[Event]:
        said: dict[str, Plain] = {"to": handed.to, "status": HandOffStatus.OFFERED.value}
        yield self._event(
            "hand_off",
            handed.offered_at,
            about=about,
            lifecycle="start",
            resource="system",
            attributes=said,
        )
        if handed.answered_at is not None:
            yield self._event(
                "hand_off",
                handed.answered_at,
                about=about,
                resource="system",
                attributes={"to": handed.to, "status": handed.status},
            )


def _named(objects: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, qualifier) for key, qualifier in objects if key)


def _of_message(sent: Sent) -> Attributes:
    """How its status changed, and when."""
    known: list[tuple[str, Plain, datetime | None]] = [("control", sent.control, None)]
    if sent.handed_over_at is not None:
        known.append(("status", "handed over", sent.handed_over_at))
    if sent.failed_at is not None:
        known.append(("status", "failed", sent.failed_at))
    return tuple(known)


def _of_control(duty: Duty) -> Attributes:
    known: list[tuple[str, Plain, datetime | None]] = [
        ("name", duty.name, None),
        ("due_at", duty.due_at, None),
    ]
    if duty.reason:
        known.append(("reason", duty.reason, None))
    done = duty.done_at or (None if duty.status == Status.PLANNED else duty.due_at)
    return (*known, ("status", duty.status, done))


def _of_escalation(asked: Asked) -> Attributes:
    return (
        ("kind", asked.kind, None),
        ("due_at", asked.due_at, None),
        ("owner", asked.owner, None),
    )


def _of_hand_off(handed: Handed) -> Attributes:
    known: list[tuple[str, Plain, datetime | None]] = [("to", handed.to, None)]
    if handed.accept_by is not None:
        known.append(("accept_by", handed.accept_by, None))
    known.append(("status", HandOffStatus.OFFERED.value, handed.offered_at))
    if handed.answered_at is not None:
        known.append(("status", handed.status, handed.answered_at))
    return tuple(known)
