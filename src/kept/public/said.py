"""What the page says about messages: what is on its way, what arrived, what could not be sent.

Nothing is said to have been sent before a transport has taken it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.outbox.queries import Message
from kept.people import queries as people

NOTICES = {
    "confirmation": "confirmation",
    "moved_notice": "message with the new time",
    "cancelled_notice": "notice of the cancellation",
}
ON_ITS_WAY = {Message.QUEUED, Message.CLAIMED, Message.HANDING_OVER}
TAKEN = {Message.ACCEPTED, Message.DELIVERED}
LOST = {Message.FAILED, Message.EXPIRED}


@dataclass(frozen=True, slots=True)
class Saying:
    """One truthful sentence about a message, with the instant it happened at, if any."""

    tone: str
    words: str
    at: datetime | None = None
    after: str = ""


def about_notice(appointment: Appointment, leg: Leg, timeline: Timeline) -> Saying | None:
    """What became of the message about the present state of the appointment."""
    message = _notice(leg, timeline)
    if message is not None:
        return _saying(message)
    reachable = people.channels(appointment.customer)
    if reachable or leg.case.state not in {"scheduled", "confirmed", "prepared"}:
        return None
    if appointment.customer.email_bad:
        return Saying("warn", f"Mail to {appointment.customer.email} does not arrive.", after=CALL)
    return Saying(
        "warn", "We have no e-mail address of yours, so no message will come.", after=KEEP
    )


KEEP = "Keep the address of this page: it always shows how things stand."
CALL = "Please tell us the right address. Your appointment stands; keep the address of this page."


def _notice(leg: Leg, timeline: Timeline) -> Message | None:
    cancelled = leg.case.state == "cancelled"
    wanted = {"cancelled_notice"} if cancelled else {"confirmation", "moved_notice"}
    found = [
        message
        for message in timeline.messages
        if message.leg == leg.number and message.control in wanted
    ]
    return found[-1] if found else None


def _saying(message: Message) -> Saying | None:
    noun, to = NOTICES[message.control], message.address
    if message.status in ON_ITS_WAY and not message.error:
        return Saying("calm", f"We are sending a {noun} to {to}.")
    if message.status in ON_ITS_WAY:
        return Saying(
            "warn", f"The {noun} to {to} could not be sent yet; we keep trying.", after=KEEP
        )
    if message.status in TAKEN:
        return Saying("good", f"We sent a {noun} to {to} on", at=message.handed_over_at)
    if message.status == Message.DOUBTFUL:
        return Saying("warn", f"We cannot be sure that the {noun} reached {to}.", after=KEEP)
    if message.status in LOST:
        return Saying("bad", f"The {noun} to {to} could not be delivered.", after=CALL)
    return None


def reminders(appointment: Appointment, leg: Leg, timeline: Timeline) -> list[datetime]:
    """When reminders of this leg are planned, if there is a way to send them."""
    if not people.channels(appointment.customer):
        return []
    return [
        control.due_at
        for control in timeline.controls
        if control.case_id == leg.case_id
        and control.name in {"first_reminder", "final_reminder"}
        and control.status == "planned"
        and control.fired_at is None
    ]


@dataclass(frozen=True, slots=True)
class LastTold:
    """What the customer was last told, where it is no longer so."""

    start: datetime
    cancelled: bool


def told_otherwise(appointment: Appointment, leg: Leg) -> LastTold | None:
    """The last message, when it said something that is not true any more."""
    told = appointments.told(appointment)
    if told is None or appointments.told_is_true(leg, told):
        return None
    return LastTold(told.start, told.cancelled)
