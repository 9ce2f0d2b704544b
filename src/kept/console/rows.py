"""Appointments as the rows of a list: flags in words, and the buttons that would work now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.console import words
from kept.console.access import Desk
from kept.core.case import Event
from kept.core.paths.appointment import AHEAD, ATTENDED, COMPLETED, MISSED, UNTOLD
from kept.core.time import ONE_MINUTE, same_local_day
from kept.people.queries import Told

Tone = Literal["calm", "good", "warn", "bad", "off"]

SOON = timedelta(hours=1)
"""How long before the start the button "Arrived" is the one that is meant."""

MISTAKE = "Undone: recorded by mistake"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to know about an appointment, in words."""

    words: str
    icon: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Button:
    """One tap that records something: an act of the appointment with its fields filled in."""

    words: str
    act: str
    fields: dict[str, str] = field(default_factory=dict)
    style: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment in a list."""

    leg: Leg
    flags: list[Flag]
    buttons: list[Button]
    escalations: list[Escalation]
    begins_earlier: bool = False
    ends_later: bool = False

    @property
    def price(self) -> str | None:
        found: str | None = self.leg.snapshot["price"]
        return found

    @property
    def currency(self) -> str:
        return str(self.leg.snapshot["currency"])


def rows(desk: Desk, legs: Sequence[Leg], on: tuple[datetime, datetime] | None = None) -> list[Row]:
    """These appointments with what there is to know and to do. `on`: the bounds of a day sheet."""
    told = appointments.told_by_subject([leg.appointment_id for leg in legs])
    open_ones = _open_escalations([leg.case_id for leg in legs])
    return [
        Row(
            leg,
            flags(desk, leg, told.get(leg.appointment_id), open_ones[leg.case_id]),
            buttons(desk, leg),
            open_ones[leg.case_id],
            begins_earlier=on is not None and leg.start < on[0],
            ends_later=on is not None and leg.end > on[1],
        )
        for leg in legs
    ]


def _open_escalations(ids: Iterable[UUID]) -> dict[UUID, list[Escalation]]:
    found: dict[UUID, list[Escalation]] = defaultdict(list)
    for escalation in cases.escalations_of(ids):
        if escalation.resolved_at is None:
            found[escalation.case_id].append(escalation)
    return found


def flags(desk: Desk, leg: Leg, told: Told | None, open_ones: Sequence[Escalation]) -> list[Flag]:
    """What there is to know, the most pressing first."""
    found = [
        Flag(words.told_of(each.kind, words.ESCALATIONS), "alert", "bad") for each in open_ones
    ]
    found += _told_flags(leg, told, open_ones)
    if leg.case.state in AHEAD and desk.now < leg.end:
        found += _ahead_flags(leg, desk.now)
    if leg.case.facts.get("late_cancel"):
        found.append(Flag("Late cancellation", "clock", "off"))
    return found


def _told_flags(leg: Leg, told: Told | None, open_ones: Sequence[Escalation]) -> list[Flag]:
    if any(each.kind in UNTOLD for each in open_ones) or appointments.told_is_true(leg, told):
        return []
    if told is None:
        return [Flag("Not told yet", "clock", "calm")] if leg.case.state in AHEAD else []
    untrue = "Was told it takes place" if leg.case.state == "cancelled" else "Was told another time"
    return [Flag(untrue, "alert", "warn")]


def _ahead_flags(leg: Leg, now: datetime) -> list[Flag]:
    case, found = leg.case, []
    if appointments.is_soon(leg, now):
        found.append(Flag(_just_booked(leg, now), "clock", "warn"))
    if case.state == "scheduled":
        found.append(Flag("Not confirmed yet", "clock", "warn"))
    said = case.facts.get("acknowledged")
    if said == "yes":
        found.append(Flag("Says they will come", "check", "good"))
    elif said == "wants_change":
        found.append(Flag("Wants a change", "arrow", "warn"))
    found += _preparation_flags(leg, now)
    late = case.facts.get("late")
    if late is not None:
        found.append(
            Flag(f"Running {late} minutes late" if late else "Running late", "clock", "warn")
        )
    elif now > leg.start + appointments.late_grace(leg):
        found.append(Flag("Late?", "clock", "warn"))
    return found


def _preparation_flags(leg: Leg, now: datetime) -> list[Flag]:
    """What is not ready by when it was asked for; until then the desk need not know of it."""
    due = [i.what for i, at, ready in appointments.to_prepare(leg) if not ready and at <= now]
    return [Flag(f"Not ready: {', '.join(due)}", "alert", "warn")] if due else []


def _just_booked(leg: Leg, now: datetime) -> str:
    done = "booked" if leg.number == 1 else "moved"
    return f"Just {done}: starts in {-((now - leg.start) // ONE_MINUTE)} min"


def buttons(desk: Desk, leg: Leg) -> list[Button]:
    """What may be recorded with one tap now. Only what the path would accept is offered."""
    state = leg.case.state
    if state in AHEAD:
        return _before_the_visit(desk, leg)
    if state == ATTENDED:
        done = Button("Completed", "complete", style="primary")
        return [done, *_undo(desk, leg, _before_arriving(leg))]
    if state == COMPLETED:
        return _undo(desk, leg, ATTENDED)
    if state == MISSED and may(desk, leg, "arrived"):
        return [Button("Arrived after all", "arrive")]
    return []


def _before_arriving(leg: Leg) -> str:
    """The state an arrival by mistake is taken back to: where the case came from."""
    facts = leg.case.facts
    if not facts.get("confirmed"):
        return "scheduled"  # nobody told the customer yet, and the arrival has told them nothing
    return "prepared" if facts.get("preparation_opened") else "confirmed"


def _before_the_visit(desk: Desk, leg: Leg) -> list[Button]:
    found = []
    if may(desk, leg, "arrived") and same_local_day(desk.now, leg.start, desk.zone):
        soon = leg.start - SOON <= desk.now
        found.append(Button("Arrived", "arrive", style="primary" if soon else ""))
    if desk.now >= leg.start:
        if may(desk, leg, "completed"):
            found.append(Button("Completed", "complete"))
        if may(desk, leg, "missed"):
            found.append(Button("Did not come", "miss", {"by": "customer"}))
    return found


def _undo(desk: Desk, leg: Leg, back: str) -> list[Button]:
    event = Event("corrected", desk.now, desk.actor, MISTAKE, {"to": back, "by": "customer"})
    if appointments.why_not(leg, event, desk.now):
        return []
    fields = {"to": back, "reason": MISTAKE, "by": "customer"}
    return [Button("Undo", "correct", fields, style="quiet")]


def may(desk: Desk, leg: Leg, name: str) -> bool:
    """True when the path would accept this event from staff now."""
    event = Event(name, desk.now, desk.actor, "", {"by": "customer"})
    return not appointments.why_not(leg, event, desk.now)


def value(legs: Iterable[Leg]) -> dict[str, Decimal]:
    """What these appointments are worth as booked, by currency."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for leg in legs:
        if leg.snapshot["price"] is not None:
            total[leg.snapshot["currency"]] += Decimal(leg.snapshot["price"])
    return dict(total)
