"""Rows in the words of people: events, controls, escalations, evidence, flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kept.accounts.queries import ApiKey, Member
from kept.appointments.queries import Appointment
from kept.audit.letters import WeeklyLetter
from kept.cases.queries import Escalation, HandOff
from kept.journeys.reputation import Review, ReviewLink
from kept.leads.queries import Lead, Source
from kept.outbox.queries import Message
from kept.people.queries import Customer
from kept.schedule.queries import Closure, Resource, Service
from kept.webhooks.queries import Delivery, Endpoint

NOT_FOUND = (
    ApiKey.DoesNotExist,
    Appointment.DoesNotExist,
    Closure.DoesNotExist,
    Customer.DoesNotExist,
    Delivery.DoesNotExist,
    Endpoint.DoesNotExist,
    Escalation.DoesNotExist,
    HandOff.DoesNotExist,
    Lead.DoesNotExist,
    Member.DoesNotExist,
    Message.DoesNotExist,
    Resource.DoesNotExist,
    Review.DoesNotExist,
    ReviewLink.DoesNotExist,
    Service.DoesNotExist,
    Source.DoesNotExist,
    WeeklyLetter.DoesNotExist,
)
"""What the rooms raise for rows that do not exist, and for those of another business."""

WISHES = {
    "contact": "Any contact at all",
    "service": "Letters about visits",
    "review": "Being asked for a review",
    "marketing": "Suggestions of something new",
}
"""What a person may agree to or refuse, the widest first."""

STATES = {
    "scheduled": "Scheduled",
    "confirmed": "Confirmed",
    "prepared": "Prepared",
    "attended": "Attended",
    "completed": "Completed",
    "rescheduled": "Moved",
    "cancelled": "Cancelled",
    "missed": "Missed",
    "open": "Visit over",
    "checked": "Asked how it went",
    "next_step": "Next visit suggested",
    "recovering": "New time offered",
    "complaint": "Complaint",
    "eligible": "Review to be asked for",
    "asked": "Asked for a review",
    "held": "Ask delayed by a complaint",
    "unready": "No review page named",
    "answering": "Review to be replied to",
    "due_set": "Day of the next visit known",
    "due": "Next visit due",
    "overdue": "Next visit overdue",
    "snoozed": "To be asked later",
    "paused": "Waits for a visit, or for a complaint to be settled",
    "lapsed": "Did not come back",
    "closed": "Closed",
    "received": "Received",
    "acknowledged": "Acknowledged",
    "engaged": "In conversation",
    "qualified": "We can help",
    "unreachable": "Not reached",
    "not_a_fit": "Not for us",
    "opted_out": "Wants to hear no more",
    "booked": "Booked",
    "stale": "Went quiet",
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
    "item_prepared": "Something is ready",
    "item_reopened": "Something is not ready after all",
    "told_by_staff": "Told by a person",
    "complained": "The customer told us that something was not right",
    "refunded": "The customer got their money back",
    "review_complained": "What it says counts as a complaint",
    "put_right": "Somebody has put it right",
    "refunded_elsewhere": "Money was given back",
    "contact_changed": "The customer's contact was changed",
    "link_renewed": "The customer's link was replaced; the old one leads nowhere",
    "policy_changed": "The policy was changed; what is to come was planned anew",
    "resource_lost": "Staff or place is no longer available",
    "resource_restored": "Staff or place is available again",
    "zone_rules_changed": "The clocks of its zone are changed; its time on them stays",
    "arrived": "Arrived",
    "completed": "Completed",
    "missed": "Missed",
    "cancelled": "Cancelled",
    "moved": "Moved to another time",
    "corrected": "Corrected",
    "came_after_all": "The visit took place after all",
    "stage_skipped": "A step was passed over",
    "escalated": "Needs a person",
    "escalation_resolved": "Resolved by a person",
    "escalation_taken": "Somebody sees to it",
    "escalation_released": "Given back: anybody may see to it",
    "escalation_snoozed": "Put off",
    "escalation_woken": "Back in sight",
    "escalation_lapsed": "Closed, its time being over",
    "escalation_replaced": "Another question took its place",
    "control_due": "Its time has come",
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
    "visit_completed": "Begun after a visit",
    "enquiry_fell_silent": "Begun after an enquiry that fell silent",
    "enquired_elsewhere": "They asked something",
    "visit_lost": "Begun after a visit that did not take place",
    "checked": "Asked how it went",
    "suggested": "The next visit was suggested",
    "went_well": "The customer says all was well",
    "went_badly": "The customer says something was not right",
    "replied": "The customer has answered",
    "declined": "The customer wants no new visit now",
    "opted_out": "The customer wants no suggestions",
    "consent_changed": "What the customer wants to be written was changed",
    "visit_booked": "A new visit is booked",
    "complained_elsewhere": "Something was not right at another visit",
    "outcome_withdrawn": "The outcome was corrected",
    "run_out": "Its time is over",
    "not_recovered": "No new visit came of it",
    "settled": "The complaint is settled",
    "control_put_off": "Put off until tomorrow",
    "asked": "Asked for a review",
    "left_out": "Is not asked for a review",
    "link_missing": "There is no review page to name",
    "links_changed": "The review pages were changed",
    "held": "Put off: a complaint is open",
    "complaint_settled": "The complaint is settled",
    "hold_over": "The complaint delays it no longer",
    "asked_elsewhere": "Asked for a review of another visit",
    "marked_insider": "Belongs to the business",
    "review_declined": "The customer would rather not write a review",
    "clicked": "The customer went to the review page",
    "wrong_person": "The customer says they were not here",
    "reviewed": "The customer wrote a review",
    "not_asked": "Nobody was asked",
    "no_answer": "No answer came",
    "review_seen": "A review was seen",
    "review_withdrawn": "The review was entered by mistake",
    "answered": "Everything about the review is done",
    "fell_due": "The next visit is due soon",
    "became_overdue": "The day has passed without a visit",
    "lapsed": "Nobody came, and the asking ends",
    "fell_silent": "Nothing more is planned",
    "snoozed": "The customer wants to be asked later",
    "gone": "The customer is gone",
    "agreed": "The customer agrees to suggestions",
    "visited_since": "A newer visit took place",
    "visit_booked_nearby": "Somebody at this address has booked",
    "paused": "Waits for a visit of somebody else there",
    "visit_given_back": "A visit did not take place",
    "visit_took_place": "A visit took place",
    "newer_visit_withdrawn": "The newer visit was none after all",
    "resumed": "Due again",
    "waited_in_vain": "Nobody has said what became of it",
    "lead_came_in": "Asked",
    "lead_entered": "Asked in person",
    "word_sent": "They were told that we have it",
    "enquiry_joined": "Asked the same once more",
    "asked_again": "Asked again",
    "reached": "Reached: we have spoken",
    "not_reached": "Called in vain",
    "responded": "We have answered",
    "due_again": "To be called again",
    "qualified": "We can help",
    "taken_over": "Taken over by a person: no more letters by itself",
    "not_a_fit": "Not for us",
    "gave_up": "Given up: nobody was reached",
    "stopped": "Wants to hear no more",
    "booked_elsewhere": "Taken over by another program",
    "went_quiet": "Nothing was heard any more",
    "never_reached": "Nobody was ever reached",
}

CAUSES = {
    "moved": "The appointment was moved",
    "cancelled": "The appointment was cancelled",
    "arrived": "The customer is here",
    "completed": "The visit is completed",
    "missed": "The appointment was missed",
    "corrected": "The state was corrected",
    "walked_in": "The customer walked in",
    "acknowledged": "The customer has answered",
    "change_requested": "The customer asked for a change",
    "confirmation_requested": "It is sent again",
    "contact_changed": "The contact was corrected",
    "policy_changed": "The policy was changed",
    "escalation_resolved": "A person has seen to it",
    "hand_off_accepted": "Everything was taken over",
    "hand_off_rejected": "It was refused",
    "no channel reaches the customer": "No e-mail reaches the customer",
    "booked late: superseded by the confirmation": (
        "Booked so late that it would only repeat the confirmation"
    ),
    "switched off by policy": "Switched off in the policy",
    "the customer is not to be contacted": "The customer is not to be contacted",
    "the customer refused letters about visits": "The customer refused letters about visits",
    "the customer refused to be asked for a review": "The customer refused to be asked",
    "the customer refused suggestions": "The customer refused suggestions",
}
"""Why something planned is not done, by the event or the words the path gives as its reason."""

CONTROLS = {
    "confirmation": "Confirmation",
    "moved_notice": "Notice of the new time",
    "preparation_reminder": "Reminder of what is to be prepared",
    "first_reminder": "First reminder",
    "preparation": "Preparation opens",
    "acknowledgement": "Call those who did not answer",
    "final_reminder": "Final reminder",
    "lapse_at_start": "Close what made sense only before the visit",
    "lapse_at_end": "Close what made sense only until the end of the visit",
    "lapse_day_after": "Close what made sense only until the day after",
    "assumed_missed": "Assume that nobody came",
    "outcome_due": "Ask for the outcome",
    "unresolved": "Ask the owner for the outcome",
    "cancelled_notice": "Notice of the cancellation",
    "hand_offs": "What was handed on must be taken over",
    "aftercare": "What to mind after the visit",
    "how_did_it_go": "Question how it went",
    "next_step_first": "Suggestion of the next visit",
    "next_step_second": "Second suggestion",
    "next_step_third": "Last suggestion",
    "follow_up_end": "End of the follow-up",
    "missed_first": "We missed you, and a new time",
    "recovery_second": "Offer of a new time",
    "recovery_third": "Last offer of a new time",
    "recovery_end": "End of the offers",
    "review_ask": "Ask for a review",
    "review_reminder": "Last ask for a review",
    "review_hold": "End of the delay by a complaint",
    "review_end": "End of the asking",
    "review_wait": "End of the waiting for a review",
    "falls_due": "The next visit is due soon",
    "invitation_first": "Invitation to the next visit",
    "invitation_second": "Second invitation",
    "invitation_third": "Last invitation",
    "recall_first": "Notice that the next visit is due",
    "recall_second": "Second notice that it is due",
    "recall_third": "Last notice that it is due",
    "becomes_overdue": "The day passes without a visit",
    "lapses": "End of the invitations",
    "invitation_as_asked": "Invitation on the day the customer named",
    "recall_as_asked": "Notice on the day the customer named",
    "snooze_ends": "End after the day the customer named",
    "pause_ends": "Begin to ask again",
    "patience_ends": "End of waiting for what nobody settles",
    "invitation_yearly": "Invitation of the year",
    "lead_ack": "Word that the enquiry has come",
    "answer_overdue": "Ask the owner to see to it",
    "lead_nudge_first": "Offer of free times",
    "lead_nudge_second": "Second offer of free times",
    "lead_nudge_third": "Third offer of free times",
    "lead_nudge_fourth": "Last offer of free times",
    "try_again": "Another call is due",
    "went_quiet": "End of a lead nothing is heard of",
    "never_reached": "End of a lead nobody reached",
}

RETURNS = {
    "booked": "booked again",
    "replied": "answered",
    "declined": "wants no new visit",
    "opted out": "wants no suggestions",
    "gone": "moved away or died",
    "complaint": "something was not right",
    "newer visit": "came again in the meantime",
    "outcome corrected": "the outcome was corrected",
    "lapsed": "did not come",
    "asked": "still being asked",
    "no return": "booked what was given back, or later than is counted",
    "not due": "not due yet",
    "due already": "asked about another visit",
    "no due date": "nothing says when they come again",
    "visit ahead": "had the next visit booked already",
    "recall": "told that their visit is due, which needs no agreement",
    "not agreed": "had not agreed to be invited",
}
"""How an invitation ended, and why somebody is in neither group."""

PATHS = {
    "follow_up": "Follow-up",
    "reputation": "Reputation",
    "reactivation": "Reactivation",
    "lead_response": "Lead response",
    "appointment": "Booking",
}

BY_HAND = {
    "follow_up": "You do this by hand: ask how it went, or offer the new time.",
    "reputation": "You do this by hand: ask for a review.",
    "reactivation": "You do this by hand: invite them to come again.",
}
"""What it means that a person takes a hand-off over."""


def taking_over(row: HandOff) -> str:
    """What “Take over” means, in a sentence."""
    if row.own:
        return f"Kept does the {told_of(row.to, PATHS).lower()} itself, unless you take it over."
    return BY_HAND.get(row.to, "You do this by hand.")


STATUSES = {
    "offered": "Waiting",
    "expired": "Not taken over in time",
    "rejected": "Refused",
    "accepted": "Taken over",
    "withdrawn": "Withdrawn",
}
"""What became of a hand-off."""

OUTCOMES = {
    "completed": "Completed",
    "missed_by_customer": "Missed by the customer",
    "missed_by_business": "Missed by us",
    "cancelled_by_customer": "Cancelled by the customer",
    "cancelled_by_business": "Cancelled by us",
    "enquiry": "Enquiry",
    "booked": "Booked",
    "stale": "Went quiet",
    "unreachable": "Not reached",
    "not_a_fit": "Not for us",
    "opted_out": "Wants to hear no more",
}

ESCALATIONS = {
    "CONTACT_GAP": "Cannot be reached",
    "CONFIRMATION_FAILED": "Was not told the time",
    "NOT_WRITTEN": "Wants no letters",
    "TOLD_DIFFERS": "Believes something that is not so",
    "NEVER_TOLD": "Was never told of the cancellation",
    "CONTROL_MISSED": "A reminder was not sent",
    "UNACKED": "Has not said they will come",
    "CONFLICTING_REPLIES": "Said both yes and no",
    "POSSIBLE_CANCEL": "May not come",
    "RESOURCE_LOST": "Staff or place is gone",
    "MESSAGE_INCOMPLETE": "Calendar entry was missing",
    "OUTCOME_DUE": "No outcome yet",
    "UNRESOLVED": "No outcome at close of business",
    "HANDOFF_NOT_ACCEPTED": "What comes next was not taken over",
    "COMPLAINT": "Was not content",
    "REPLY": "Has written back",
    "MISSED_AGAIN": "Missed two visits in a row",
    "REBOOK_BY_HAND": "Needs a new time from us",
    "REVIEW_REPLY": "A review to reply to",
    "REVIEW_RECOVERY": "A bad review: something to put right",
    "WRONG_PERSON": "Was asked about a visit of somebody else",
    "LEAD_DUE": "Has asked and waits",
    "TOO_MANY_ASK": "Very many enquiries at once",
    "OWNER_OVERDUE": "Has asked, and nobody answered in time",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something needs a person, in a word, and the kinds of escalation of that sort."""

    words: str
    kinds: frozenset[str]


REASONS = {
    "untold": Reason(
        "Not told",
        frozenset(
            {"CONTACT_GAP", "CONFIRMATION_FAILED", "NOT_WRITTEN", "TOLD_DIFFERS", "NEVER_TOLD"}
            | {"CONTROL_MISSED", "MESSAGE_INCOMPLETE"}
        ),
    ),
    "unsure": Reason(
        "May not come", frozenset({"UNACKED", "CONFLICTING_REPLIES", "POSSIBLE_CANCEL"})
    ),
    "time_lost": Reason(
        "Needs another time", frozenset({"RESOURCE_LOST", "REBOOK_BY_HAND", "MISSED_AGAIN"})
    ),
    "no_outcome": Reason("No outcome", frozenset({"OUTCOME_DUE", "UNRESOLVED"})),
    "asked": Reason(
        "Waits for an answer", frozenset({"LEAD_DUE", "OWNER_OVERDUE", "TOO_MANY_ASK", "REPLY"})
    ),
    "unhappy": Reason(
        "Complaints and reviews",
        frozenset({"COMPLAINT", "REVIEW_REPLY", "REVIEW_RECOVERY", "WRONG_PERSON"}),
    ),
    "next_step": Reason("Not taken over", frozenset({"HANDOFF_NOT_ACCEPTED"})),
}
"""The sorts of what needs a person, by which the queue is narrowed. Every kind is of one."""


def reason_of(kind: str) -> str:
    """The sort a kind of escalation belongs to."""
    return next((key for key, reason in REASONS.items() if kind in reason.kinds), "")


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

SAMPLES = {
    "waiting": "waiting to be sent",
    "handing_over": "being sent",
    "accepted": "accepted by the mail server",
    "failed": "refused",
    "doubtful": "may or may not have arrived",
    "expired": "not sent: no mail could leave in time",
}
"""What became of a letter that somebody sent to themselves."""

MEMBERS = {"owner": "owner", "front_desk": "front desk", "staff": "staff"}
"""What a member of the business is there, beside their name."""

ROLES = {
    "customer": "the customer",
    "staff": "staff",
    "integration": "another program",
    "system": "Kept, by itself",
    "front_desk": "the front desk",
    "owner": "the owner",
}

ORIGINS = {
    "page": "on the booking page",
    "console": "at the desk",
    "phone": "by phone",
    "walk_in": "as a walk-in",
    "api": "through another program",
    "move": "by a move",
}
"""How it was booked: read after “Booked”."""

SURE = {
    "accepted": "the mail server took it",
    "acknowledged": "they have answered",
    "told": "a person said so",
}
"""How surely the customer knows what they were told."""


def told_of(name: str, words: dict[str, str]) -> str:
    """The words for a name; a name nobody has words for is shown as it is, never hidden."""
    return words.get(name) or name.replace("_", " ").lower().capitalize()


NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def plain(text: str) -> str:
    """A sentence without the names our rows have: "follow_up refused" is "follow-up refused"."""
    return NAME.sub(lambda found: _said(found[0]), text)


def _said(name: str) -> str:
    for words in (CONTROLS, PATHS, EVENTS, OUTCOMES):
        if name in words:
            return words[name].lower()
    return name.replace("_", " ")


def cause(reason: str) -> str:
    """Why something was not done, as a sentence."""
    said = CAUSES.get(reason) or EVENTS.get(reason) or CONTROLS.get(reason) or plain(reason)
    return said[:1].upper() + said[1:]


def sentences(*said: str) -> str:
    """One after the other; what somebody typed without a full stop before another gets one."""
    *before, last = [each.strip() for each in said if each.strip()] or [""]
    return " ".join([*(each if each[-1] in ".!?…" else f"{each}." for each in before), last])


def who(actor: str) -> str:
    """Who did it, of an actor written as text: "staff:Ada Lindt" is Ada Lindt."""
    role, _, name = actor.partition(":")
    return name or ("Kept" if role == "system" else ROLES.get(role, role))


def actor(role: str, name: str, members: Mapping[str, str] | None = None) -> str:
    """Like "Ada Lindt (staff)" or "Kept, by itself".

    `members`: what somebody of the business is there now, by the name they act under; who has left
    is called staff, as everybody was when it was written down.
    """
    said = (members or {}).get(name, "") if role == "staff" else ""
    said = MEMBERS.get(said) or ROLES.get(role, role)
    return f"{name} ({said})" if name else said


def nth_time(number: int) -> str:
    """Like "the second time" or "time 12"."""
    few = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"the {few[number - 1]} time" if number <= len(few) else f"time {number}"


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
