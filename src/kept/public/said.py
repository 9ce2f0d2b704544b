"""What the page says about messages: what is on its way, what arrived, what could not be sent.

Nothing is said to have been sent before a transport has taken it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.core.case import Role
from kept.outbox.queries import Message
from kept.people import queries as people

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
    on_its_way: bool = False


def about_notice(appointment: Appointment, leg: Leg, timeline: Timeline) -> Saying | None:
    """What became of the message about the present state of the appointment."""
    message = _notice(leg, timeline)
    if message is not None:
        return _saying(message)
    reachable = people.channels(appointment.customer)
    if reachable or leg.case.state not in {"scheduled", "confirmed", "prepared"}:
        return None
    if appointment.customer.email_bad:
        words = _("Mail to %(address)s does not arrive.") % {"address": appointment.customer.email}
        return Saying("warn", words, after=str(CALL))
    words = _("We have no e-mail address for you, so you will get no messages.")
    return Saying("warn", words, after=str(KEEP))


KEEP = lazy("Keep the address of this page: it always shows how things stand.")
CALL = lazy(
    "Please tell us the right address. Your appointment stands; keep the address of this page."
)


def _notice(leg: Leg, timeline: Timeline) -> Message | None:
    cancelled = leg.case.state == "cancelled"
    wanted = {"cancelled_notice"} if cancelled else {"confirmation", "moved_notice"}
    found = [
        message
        for message in timeline.messages
        if message.leg == leg.number and message.control in wanted
    ]
    return found[-1] if found else None


# Whole sentences, one for each kind of message and what became of it: the parts of a sentence
# cannot be put together in every language.
SENDING = {
    "confirmation": lazy("We are sending a confirmation to %(to)s."),
    "moved_notice": lazy("We are sending a message with the new time to %(to)s."),
    "cancelled_notice": lazy("We are sending a notice of the cancellation to %(to)s."),
}
STUCK = {
    "confirmation": lazy("The confirmation could not be sent to %(to)s yet; we keep trying."),
    "moved_notice": lazy(
        "The message with the new time could not be sent to %(to)s yet; we keep trying."
    ),
    "cancelled_notice": lazy(
        "The notice of the cancellation could not be sent to %(to)s yet; we keep trying."
    ),
}
SENT = {
    "confirmation": lazy("We sent a confirmation to %(to)s:"),
    "moved_notice": lazy("We sent a message with the new time to %(to)s:"),
    "cancelled_notice": lazy("We sent a notice of the cancellation to %(to)s:"),
}
DOUBTFUL = {
    "confirmation": lazy("We cannot be sure that the confirmation reached %(to)s."),
    "moved_notice": lazy("We cannot be sure that the message with the new time reached %(to)s."),
    "cancelled_notice": lazy(
        "We cannot be sure that the notice of the cancellation reached %(to)s."
    ),
}
NOT_SENT = {
    "confirmation": lazy("The confirmation could not be delivered to %(to)s."),
    "moved_notice": lazy("The message with the new time could not be delivered to %(to)s."),
    "cancelled_notice": lazy("The notice of the cancellation could not be delivered to %(to)s."),
}


def _saying(message: Message) -> Saying | None:
    def words(sentences: dict[str, Any]) -> str:
        return str(sentences[message.control]) % {"to": message.address}

    if message.status in ON_ITS_WAY and not message.error:
        return Saying("calm", words(SENDING), on_its_way=True)
    if message.status in ON_ITS_WAY:
        return Saying("warn", words(STUCK), after=str(KEEP))
    if message.status in TAKEN:
        return Saying("good", words(SENT), at=message.handed_over_at)
    if message.status == Message.DOUBTFUL:
        return Saying("warn", words(DOUBTFUL), after=str(KEEP))
    if message.status in LOST:
        return Saying("bad", words(NOT_SENT), after=str(CALL))
    return None


def reminders(appointment: Appointment, leg: Leg, timeline: Timeline) -> list[datetime]:
    """When reminders of this leg are planned, if there is a way to send them."""
    if not people.channels(appointment.customer):
        return []
    return [
        control.due_at
        for control in timeline.controls
        if control.case_id == leg.case_id
        and control.name in REMINDERS
        and control.status == "planned"
        and control.fired_at is None
    ]


REMINDERS = frozenset({"preparation_reminder", "first_reminder", "final_reminder"})


@dataclass(frozen=True, slots=True)
class LastTold:
    """What the customer was last told, where it is no longer so."""

    start: datetime
    cancelled: bool


def told_otherwise(
    appointment: Appointment, leg: Leg, timeline: Timeline, notice: Saying | None
) -> LastTold | None:
    """The last message, when it said something that is not true any more.

    Not to somebody who changed it themselves while the letter that says so is on its way.
    """
    told = appointments.told(appointment)
    if told is None or appointments.told_is_true(leg, told):
        return None
    if notice is not None and notice.on_its_way and _changed_it_themselves(leg, timeline):
        return None
    return LastTold(told.start, told.cancelled)


def _changed_it_themselves(leg: Leg, timeline: Timeline) -> bool:
    """The last that made this leg what it is came from the customer."""
    changes = [
        event.actor_role
        for event in timeline.events
        if event.case_id == leg.case_id and event.name in {"booked", "cancelled"}
    ]
    return changes[-1:] == [Role.CUSTOMER]
