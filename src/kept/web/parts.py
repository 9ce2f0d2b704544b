"""The pieces a page is put together from, as values. The templates beside draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext_lazy as lazy

Standing = Literal["done", "now", "ahead", "passed"]

STANDING_WORDS = {
    "done": lazy("done"),
    "now": lazy("now"),
    "ahead": lazy("not yet"),
    "passed": lazy("passed over"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a drawn path: its word, where it stands, and since when (if known)."""

    label: str
    standing: Standing
    at: datetime | None = None
    note: str = ""

    @property
    def words(self) -> str:
        return str(STANDING_WORDS[self.standing])


def steps(labels: Sequence[str], reached: int, times: Sequence[datetime | None] = ()) -> list[Step]:
    """The steps of a path of which number `reached` (from 0) is the present one.

    `times` are the instants at which the steps were reached, as far as they are known.
    """
    known = [*times, *[None] * len(labels)]
    return [
        Step(label, _standing(number, reached), at if number <= reached else None)
        for number, (label, at) in enumerate(zip(labels, known, strict=False))
    ]


def _standing(number: int, reached: int) -> Standing:
    if number == reached:
        return "now"
    return "done" if number < reached else "ahead"


@dataclass(frozen=True, slots=True)
class Chip:
    """A short word with an icon and a tone; never colour alone."""

    word: str
    icon: str
    tone: Literal["calm", "good", "warn", "bad", "off"]


CHIPS = {
    # states of an appointment
    "scheduled": Chip("Scheduled", "clock", "calm"),
    "confirmed": Chip("Confirmed", "check", "good"),
    "prepared": Chip("Prepared", "check", "good"),
    "attended": Chip("Attended", "person", "good"),
    "completed": Chip("Completed", "done", "off"),
    "rescheduled": Chip("Moved", "arrow", "off"),
    "cancelled": Chip("Cancelled", "cross", "off"),
    "missed": Chip("Missed", "alert", "bad"),
    # what became of a control
    "planned": Chip("Planned", "clock", "calm"),
    "done": Chip("Done", "check", "good"),
    "skipped": Chip("Skipped", "arrow", "off"),
    "void": Chip("Dropped", "cross", "off"),
    "expired": Chip("Too late", "alert", "warn"),
    "failed": Chip("Failed", "alert", "bad"),
    # what became of a message
    "queued": Chip("Queued", "clock", "calm"),
    "claimed": Chip("Being sent", "arrow", "calm"),
    "handing_over": Chip("Being sent", "arrow", "calm"),
    "accepted": Chip("Accepted", "check", "good"),
    "delivered": Chip("Delivered", "done", "good"),
    "doubtful": Chip("In doubt", "alert", "warn"),
    "withdrawn": Chip("Withdrawn", "cross", "off"),
    # hand-offs and escalations
    "offered": Chip("Offered", "arrow", "calm"),
    "rejected": Chip("Refused", "cross", "bad"),
    "open": Chip("Open", "alert", "warn"),
    "resolved": Chip("Resolved", "check", "off"),
}


def chip(name: str) -> Chip:
    """The chip of a state or status; an unknown one is shown by its own name, never hidden."""
    return CHIPS.get(name) or Chip(name.replace("_", " ").capitalize(), "dot", "calm")


# Drawn for this project on a grid of 24, to be stroked.
ICONS = {
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "done": "M2.5 12.5l4.5 4.5L15 9M11 15.5l1.5 1.5L21.5 7.5",
    "cross": "M6.5 6.5l11 11M17.5 6.5l-11 11",
    "clock": "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 7.5v5l3 2",
    "alert": "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
    "arrow": "M4 12h15M13 6l6 6-6 6",
    "person": "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
    "calendar": "M4 6h16v14H4zM4 10.5h16M8 3.5v4M16 3.5v4",
    "place": "M12 21c-4-4.5-6.5-7.7-6.5-11a6.5 6.5 0 0 1 13 0c0 3.3-2.5 6.5-6.5 11"
    "M12 8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 1 0 0-4.4",
    "phone": "M6 4h3l1.5 4.5-2 1.5c1 2.3 2.7 4 5 5l1.5-2L19.5 14.5v3.5"
    "c0 1-1 2-2 2C10.5 19.5 4.5 13.5 4 6.5c0-1.3 1-2.5 2-2.5",
    "mail": "M3.5 6h17v12.5h-17zM3.5 7l8.5 6.5L20.5 7",
    "info": "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 11v5.5M12 7.5v.3",
    "dot": "M12 9a3 3 0 1 0 0 6a3 3 0 1 0 0-6",
}
