"""What is asked for, why it may be refused, and what a door does in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from kept.appointments.models import Appointment, Leg
from kept.core.availability import Refusal
from kept.people.actions import Contact

Answer = TypeVar("Answer")
Alongside = Callable[[Appointment], None]
Opened = Callable[[Leg], None]


def nothing(made: Appointment | Leg) -> None:
    """The default for `alongside`."""


class CannotBook(Exception):
    """The time cannot be booked. `refusal` says why in one word; the message in a sentence."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(SENTENCES[refusal])
        self.refusal = refusal


SENTENCES = {
    Refusal.PAST: "This time has passed. Choose a time that is still to come.",
    Refusal.TAKEN: "This time was just taken. Choose another time.",
    Refusal.OUTSIDE_HOURS: "This time is outside the opening hours. Choose a time that is offered.",
    Refusal.TOO_SOON: "This time is too soon to be booked. Choose a later time.",
    Refusal.TOO_FAR: "This time is too far ahead to be booked. Choose an earlier time.",
    Refusal.OFF_GRID: "Appointments do not begin at this time. Choose a time that is offered.",
    Refusal.STAFF_GONE: "This person cannot be booked for it any more. Choose somebody else.",
    Refusal.NO_STAFF: "Nobody gives this service at present. Choose another one, or call.",
}


class Stale(Exception):
    """The appointment has changed since it was read. `version` is the present one."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"The appointment has changed meanwhile (it is at version {version}): read it again."
        )
        self.version = version


@dataclass(frozen=True, slots=True)
class Booking:
    """What somebody asks for. `staff` None: whoever is free. `hold`: a visitor's held slot.

    `freely`: the front desk may book outside hours, notice and grid; never over another booking.
    `lead`: the enquiry whose link led here, or the appointment whose invitation did. An enquiry of
    the same address or number is found without it.
    """

    service: UUID
    start: datetime
    contact: Contact
    staff: UUID | None = None
    notes: str = ""
    origin: str = "page"
    freely: bool = False
    hold: UUID | None = None
    lead: UUID | None = None
