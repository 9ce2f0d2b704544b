"""Where an appointment stands for its customer, and what they may do about it.

Read the table ACTS: it is the whole rule. The engine refuses what is not in it as well; here it is
decided what is offered, so that nobody is led to a page that cannot help them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as lazy

from kept.appointments.queries import Leg, may_change
from kept.core.case import Role
from kept.core.preparation import CUSTOMER, items
from kept.web.parts import Step


class Situation(StrEnum):
    """What the customer's page is about."""

    OPEN = "open"  # ahead, and may be changed online
    CLOSE = "close"  # ahead or running, too late to change online
    OVER = "over"  # the time is over and nobody has said what happened
    HERE = "here"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    MISSED = "missed"


AHEAD = ("scheduled", "confirmed", "prepared")
SETTLED = {
    "attended": Situation.HERE,
    "completed": Situation.COMPLETED,
    "cancelled": Situation.CANCELLED,
    "missed": Situation.MISSED,
}

ACTS: dict[Situation, tuple[str, ...]] = {
    Situation.OPEN: ("acknowledge", "move", "cancel", "prepare"),
    Situation.CLOSE: ("acknowledge", "late", "cannot-come", "prepare"),
    Situation.OVER: (),
    Situation.HERE: (),
    Situation.COMPLETED: (),
    # A yes right after a cancellation is heard: the engine asks a person which was meant.
    Situation.CANCELLED: (),
    Situation.MISSED: (),
}


def situation(leg: Leg, now: datetime) -> Situation:
    """Of a current leg, at this moment."""
    state = leg.case.state
    if state not in AHEAD:
        return SETTLED[state]
    if now >= leg.end:
        return Situation.OVER
    return Situation.OPEN if may_change(leg, Role.CUSTOMER, now)[0] else Situation.CLOSE


def acts(leg: Leg, now: datetime) -> tuple[str, ...]:
    """What is offered: the table, without what has been said already."""
    facts = leg.case.facts
    said = {
        "acknowledge": facts.get("acknowledged") == "yes" or now >= leg.start,
        "cannot-come": facts.get("acknowledged") == "wants_change",
        "prepare": not any(item.by == CUSTOMER for item in items(facts)),
    }
    return tuple(act for act in ACTS[situation(leg, now)] if not said.get(act))


# The path as the customer sees it

PATH = (
    ("scheduled", lazy("Booked")),
    ("confirmed", lazy("Confirmed")),
    ("prepared", lazy("Ready")),
    ("attended", lazy("Your visit")),
    ("completed", lazy("Done")),
)


def drawn(leg: Leg, reached: dict[str, datetime]) -> list[Step]:
    """The steps of the path; `reached` says when each state was entered.

    A step that was passed over (a visitor who came before the confirmation went out) is not said
    to have happened; but a visit that is done did, whether or not anybody recorded the arrival.
    """
    names = [name for name, _ in PATH]
    present = names.index(leg.case.state)
    return [
        _step(str(label), number, present, reached.get(name), took_place=name == "attended")
        for number, (name, label) in enumerate(PATH)
    ]


def _step(label: str, number: int, present: int, at: datetime | None, *, took_place: bool) -> Step:
    if number > present:
        return Step(label, "ahead")
    if number == present:
        return Step(label, "done" if number == len(PATH) - 1 else "now", at)
    return Step(label, "done", at) if at or took_place else Step(label, "passed")
