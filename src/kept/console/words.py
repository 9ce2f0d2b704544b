"""Rows in the words of people: events, controls, escalations, evidence, flags."""

from __future__ import annotations

from kept.accounts.queries import ApiKey, Member
from kept.appointments.queries import Appointment
from kept.cases.queries import Escalation, HandOff
from kept.outbox.queries import Message
from kept.people.queries import Customer
from kept.schedule.queries import Closure, Resource, Service

NOT_FOUND = (
    ApiKey.DoesNotExist,
    Appointment.DoesNotExist,
    Closure.DoesNotExist,
    Customer.DoesNotExist,
    Escalation.DoesNotExist,
    HandOff.DoesNotExist,
    Member.DoesNotExist,
    Message.DoesNotExist,
    Resource.DoesNotExist,
    Service.DoesNotExist,
)
"""What the rooms raise for rows that do not exist, and for those of another business."""

STATES = {
    "scheduled": "Scheduled",
    "confirmed": "Confirmed",
    "prepared": "Prepared",
    "attended": "Attended",
    "completed": "Completed",
    "rescheduled": "Moved",
    "cancelled": "Cancelled",
    "missed": "Missed",
}

EVENTS = {
    "booked": "Booked",
    "walked_in": "Walked in",
    "confirmed": "Confirmed: the customer has been told",
    "confirmation_lost": "Back to scheduled: the confirmation did not arrive",
    "confirmation_requested": "The confirmation is to be sent again",
    "preparation_opened": "The preparation window opened",
    "prepared": "Prepared: everything due so far is done",
    "acknowledged": "The customer says they will come",
    "change_requested": "The customer wants a change",
    "running_late": "The customer is running late",
    "told_by_staff": "Told by a person",
    "contact_changed": "The customer's contact was changed",
    "policy_changed": "A new policy is in force; duties were planned anew",
    "resource_lost": "Staff or place is no longer available",
    "resource_restored": "Staff or place is available again",
    "zone_rules_changed": "The clocks of its zone are changed; its time on them stays",
    "arrived": "Arrived",
    "completed": "Completed",
    "missed": "Missed",
    "cancelled": "Cancelled",
    "moved": "Moved to another time",
    "corrected": "Corrected",
    "stage_skipped": "A stage was passed over",
    "escalated": "Needs a person",
    "escalation_resolved": "Resolved by a person",
    "escalation_lapsed": "Closed: its time is over",
    "escalation_replaced": "Another question took its place",
    "control_due": "Fell due",
    "control_skipped": "Skipped",
    "control_expired": "Too late",
    "message_accepted": "Accepted by the mail server",
    "message_delivered": "Delivered",
    "message_failed": "Could not be delivered",
    "message_delayed": "Not delivered yet; it is tried again",
    "message_doubtful": "May or may not have arrived",
    "message_expired": "Not sent: its time of use was over",
    "message_incomplete": "Went out without its calendar entry",
    "hand_off_accepted": "Taken over",
    "hand_off_rejected": "Refused",
}

CONTROLS = {
    "confirmation": "Confirmation",
    "moved_notice": "Notice of the new time",
    "first_reminder": "First reminder",
    "preparation": "Preparation opens",
    "acknowledgement": "Call those who did not answer",
    "final_reminder": "Final reminder",
    "lapse_at_start": "Close what made sense only before the visit",
    "lapse_at_end": "Close what made sense only until the end of the visit",
    "lapse_day_after": "Close what made sense only until the day after",
    "assumed_missed": "Assume that nobody came",
    "outcome_due": "Ask for the outcome",
    "unresolved": "No outcome at close of business",
    "cancelled_notice": "Notice of the cancellation",
    "hand_offs": "Hand-offs must be accepted",
}

PATHS = {
    "follow_up": "Follow-up",
    "reputation": "Reputation",
    "reactivation": "Reactivation",
    "lead_response": "Lead response",
}

OUTCOMES = {
    "completed": "Completed",
    "missed_by_customer": "Missed by the customer",
    "missed_by_business": "Missed by us",
    "cancelled_by_customer": "Cancelled by the customer",
    "cancelled_by_business": "Cancelled by us",
}

ESCALATIONS = {
    "CONTACT_GAP": "Cannot be reached",
    "CONFIRMATION_FAILED": "Was not told the time",
    "TOLD_DIFFERS": "Believes something that is not so",
    "CONTROL_MISSED": "A reminder was not sent",
    "UNACKED": "Has not said they will come",
    "CONFLICTING_REPLIES": "Said both yes and no",
    "POSSIBLE_CANCEL": "May not come",
    "RESOURCE_LOST": "Staff or place is gone",
    "MESSAGE_INCOMPLETE": "Calendar entry was missing",
    "OUTCOME_DUE": "No outcome yet",
    "UNRESOLVED": "No outcome at close of business",
    "HANDOFF_NOT_ACCEPTED": "What comes next was not taken over",
}

LADDER = {
    "queued": "queued",
    "accepted": "accepted by the mail server",
    "delivered": "delivered",
    "failed": "refused",
    "bounced": "came back",
    "expired": "too late to be of use",
    "withdrawn": "withdrawn before it left",
    "retrying": "not taken; tried again",
    "doubt": "may or may not have arrived",
}

ROLES = {
    "customer": "the customer",
    "staff": "staff",
    "integration": "an integration",
    "system": "Kept, by itself",
    "front_desk": "the front desk",
    "owner": "the owner",
}

ORIGINS = {
    "page": "the booking page",
    "console": "the console",
    "phone": "phone",
    "walk_in": "walk-in",
    "api": "an integration",
    "move": "a move",
}


def told_of(name: str, words: dict[str, str]) -> str:
    """The words for a name; a name nobody has words for is shown as it is, never hidden."""
    return words.get(name) or name.replace("_", " ").lower().capitalize()


def actor(role: str, name: str) -> str:
    """Like "Ada Lindt (staff)" or "Kept, by itself"."""
    said = ROLES.get(role, role)
    return f"{name} ({said})" if name else said


def many(count: int, one: str, more: str) -> str:
    """Like "1 appointment stays" or "3 appointments stay"."""
    return f"{count} {one if count == 1 else more}"


def ago(seconds: float) -> str:
    """Like "12 minutes" or "3 days": the largest whole unit."""
    for length, one, more in (
        (86400, "day", "days"),
        (3600, "hour", "hours"),
        (60, "minute", "minutes"),
        (1, "second", "seconds"),
    ):
        if seconds >= length:
            return many(int(seconds // length), one, more)
    return "a moment"
