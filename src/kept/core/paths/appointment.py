"""The appointment path: from a booked time to a visible outcome.

    SCHEDULED -> CONFIRMED -> PREPARED -> ATTENDED -> COMPLETED
    with RESCHEDULED, CANCELLED and MISSED as visible exceptions.

A case of this path is one *leg*: one booked time of an appointment. What the customer was told
never changes inside a leg; a move closes it and opens the next. Read the tables from the bottom:
STATES, CONTROLS ("what happens 24 hours before?"), ESCALATIONS, RULES.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kept.core.case import Case, Control, Event, Facts, Role, Status, whole
from kept.core.path import (
    ControlRule,
    Escalate,
    EscalationRule,
    ExpireHandOffs,
    Lapse,
    Open,
    Path,
    Rule,
    Settle,
    State,
    Tell,
    To,
    after,
    asked,
    at,
    before,
)
from kept.core.preparation import CUSTOMER, Item, done, first_due, items, open_items
from kept.core.time import hours, minutes, same_local_day

SCHEDULED, CONFIRMED, PREPARED = "scheduled", "confirmed", "prepared"
ATTENDED, COMPLETED = "attended", "completed"
RESCHEDULED, CANCELLED, MISSED = "rescheduled", "cancelled", "missed"

NEW = frozenset({""})
AHEAD = frozenset({SCHEDULED, CONFIRMED, PREPARED})
UNRESOLVED = AHEAD | {ATTENDED}
RESOLVED = frozenset({COMPLETED, MISSED, CANCELLED})
ANY = UNRESOLVED | RESOLVED | {RESCHEDULED}

OUTCOMES = {
    "completed": "the service was given",
    "missed_by_customer": "the customer did not come",
    "missed_by_business": "the business could not keep the appointment",
    "cancelled_by_customer": "the customer gave the time back",
    "cancelled_by_business": "the business gave the time back",
}

STATES = (
    State(SCHEDULED, "stage", "A time is booked; the customer has not been told yet.", waits=True),
    State(CONFIRMED, "stage", "The confirmation has been handed over.", waits=True),
    State(PREPARED, "stage", "The preparation window is open and every duty is done.", waits=True),
    State(ATTENDED, "stage", "The customer is here.", waits=True),
    State(COMPLETED, "stage", "The service was given.", waits=False),
    State(RESCHEDULED, "closed", "The time moved; the next leg carries on.", waits=False),
    State(CANCELLED, "exception", "The time was given back.", waits=False),
    State(MISSED, "exception", "The time passed without the customer being served.", waits=False),
)


# What a control or a rule may ask. Each looks at the case and answers; none acts.


def first_leg(case: Case) -> bool:
    """It is the first time that was booked."""
    return case.leg == 1


def later_leg(case: Case) -> bool:
    """The appointment was moved to this time."""
    return case.leg > 1


def confirmation_run(case: Case) -> int:
    """Staff may send the confirmation again, and a corrected address asks for it."""
    return whole(case.facts.get("confirmation_run", 1))


def outcome_version(case: Case) -> int:
    return whole(case.facts.get("outcome_version", 0))


def time_open(case: Case) -> int:
    """A correction that takes an outcome back opens the case anew, and its duties with it."""
    return outcome_version(case) + 1


def is_expected(case: Case) -> bool:
    """Nobody suspects that the customer will not come (held until a person has asked)."""
    return "POSSIBLE_CANCEL" not in case.escalations


def has_to_prepare(case: Case) -> bool:
    """The customer has something left to prepare, and nobody suspects that they will not come."""
    return is_expected(case) and bool(open_items(case.facts, CUSTOMER))


def asks_acknowledgement(case: Case) -> bool:
    """The policy asks every customer to say that they will come."""
    return case.policy.ask_acknowledgement


def assumes_missed(case: Case) -> bool:
    """The policy takes a visit nobody recorded as missed, as an assumption."""
    return case.policy.assume_missed


def has_acknowledged(case: Case) -> bool:
    """The customer said that they will come."""
    return case.facts.get("acknowledged") == "yes"


def was_told(case: Case) -> bool:
    """The customer believes in some time, this one or an earlier one."""
    return bool(case.facts.get("told"))


def asked_until_start(case: Case) -> bool:
    """Something is open that makes no sense once the visit has begun."""
    return bool(case.escalations.intersection(UNTIL_START))


def asked_until_end(case: Case) -> bool:
    """Something is open that makes no sense once the visit's time is over."""
    return bool(case.escalations.intersection(UNTIL_END))


def asked_until_day_after(case: Case) -> bool:
    """Something is open that makes no sense a day after the visit's time."""
    return bool(case.escalations.intersection(UNTIL_DAY_AFTER))


def asked_at_close(case: Case) -> bool:
    """The business has closed, and the question of the day's end stands already."""
    return "UNRESOLVED" in case.escalations


def hand_offs_open(case: Case) -> bool:
    """A hand-off is still waiting for its answer."""
    return any(hand_off.status == "offered" for hand_off in case.hand_offs)


def ready_for_visit(case: Case, now: datetime) -> bool:
    """The preparation window is open and every reminder due so far is done or skipped."""

    def unsettled(control: Control) -> bool:
        due = control.status is Status.PLANNED and control.due_at <= now
        return due and control.name in REMINDERS

    return bool(case.facts.get("preparation_opened")) and not any(map(unsettled, case.controls))


def confirms(event: Event) -> bool:
    return event.data.get("control") in {"confirmation", "moved_notice"}


def at_once(case: Case, now: datetime) -> datetime:
    return now


def once_put_in_order(case: Case, now: datetime) -> datetime:
    """Finished early, the room and the person are still needed for what the service plans after."""
    return now + timedelta(minutes=whole(case.facts.get("buffer_after_minutes", 0)))


def took_place(event: Event) -> bool:
    """Corrected to a visit that there was, so that nobody need ask for another in its place."""
    return event.data["to"] in {ATTENDED, COMPLETED}


def back_to_waiting(event: Event) -> bool:
    return event.data["to"] in AHEAD


def announces_cancellation(event: Event) -> bool:
    return event.data.get("control") == "cancelled_notice"


def has_been_told(case: Case, event: Event) -> Facts:
    return {"told": True}


def knows_this_time(case: Case, event: Event) -> Facts:
    """Told of this very leg; `told` alone may speak of an earlier one, or of nothing at all."""
    return {"confirmed": True}


def lost_this_time(case: Case, event: Event) -> Facts:
    return {"confirmed": False}


def wants_change(case: Case, event: Event) -> Facts:
    return {"acknowledged": "wants_change"}


def acknowledges(case: Case, event: Event) -> Facts:
    """When they said so themselves is kept: a cancellation just after it contradicts it."""
    said = None if event.actor.role is Role.STAFF else event.at.isoformat()
    return {"acknowledged": "yes", "told": True, "acknowledged_at": said}


def opens_preparation(case: Case, event: Event) -> Facts:
    return {"preparation_opened": event.at.isoformat()}


def is_ready(case: Case, event: Event) -> Facts:
    return {"prepared_items": sorted(done(case.facts) | {str(event.data["item"])})}


def is_not_ready(case: Case, event: Event) -> Facts:
    return {"prepared_items": sorted(done(case.facts) - {str(event.data["item"])})}


def runs_late(case: Case, event: Event) -> Facts:
    return {"late": str(event.data.get("minutes", ""))}


def repeats_confirmation(case: Case, event: Event) -> Facts:
    return {"confirmation_run": confirmation_run(case) + 1}


def new_contact(case: Case, event: Event) -> Facts:
    """A new address; if the customer was never reached, the confirmation goes out once more.

    One that is still on its way to the old address is taken back: that address was wrong. Where no
    address is left and a person has been asked to tell them already, nobody is asked twice.
    """
    asked = bool(case.escalations & {"CONTACT_GAP", "CONFIRMATION_FAILED"})
    unreached = asked or case.state == SCHEDULED
    if asked and not event.data["channels"]:
        unreached = False
    again = {"confirmation_run": confirmation_run(case) + 1} if unreached else {}
    return {"channels": event.data["channels"], **again}


def side(event: Event) -> str:
    """Who a miss or a cancellation is put down to: the customer or the business.

    What was said counts ("she called and asked us to cancel"), before who pressed the button.
    """
    by = event.data.get("by") or event.actor.role
    return "customer" if by == Role.CUSTOMER else "business"


def missed_by(case: Case, event: Event) -> str:
    return f"missed_by_{side(event)}"


def cancelled_by(case: Case, event: Event) -> str:
    return f"cancelled_by_{side(event)}"


def completed(case: Case, event: Event) -> str:
    return "completed"


def no_outcome(case: Case, event: Event) -> str:
    """The outcome recorded before no longer holds; nothing has taken its place yet."""
    return ""


def corrected_outcome(case: Case, event: Event) -> str:
    """The outcome of the state a correction leads to; none while it is open again."""
    to = event.data["to"]
    if to in {MISSED, CANCELLED}:
        return f"{to}_by_{side(event)}"
    return COMPLETED if to == COMPLETED else ""


def notes_lateness(case: Case, event: Event) -> Facts:
    """Four different outcomes stay four: late and early cancellation are told apart here.

    By the terms agreed when it was booked; a policy changed since does not count.
    """
    start = case.anchors["start"]
    late_from = case.anchors.get("late_cancel", start - case.policy.gap("late_cancel").delta)
    return {"late_cancel": event.at > late_from, "by": side(event)}


def notes_side(case: Case, event: Event) -> Facts:
    return {"by": side(event)}


def notes_correction(case: Case, event: Event) -> Facts:
    """Whose doing the corrected outcome is; a visit that took place is nobody's fault.

    When a time recorded as missed had been given back is not known, so it counts as late unless
    the correction says otherwise.
    """
    to = event.data["to"]
    late = bool(event.data.get("late_cancel", True)) if to == CANCELLED else None
    return {"by": side(event) if to in {MISSED, CANCELLED} else None, "late_cancel": late}


def believes_otherwise(case: Case) -> bool:
    """The customer was told the time, and it was not they who gave it back."""
    return was_told(case) and case.facts.get("by") != "customer"


def failed_kind(case: Case, event: Event) -> tuple[str, ...]:
    """A confirmation that failed leaves the customer untold; a reminder leaves a control missed."""
    if confirms(event):
        return ("CONFIRMATION_FAILED",)
    key = (event.data.get("control"), event.data.get("run", 1))
    put_aside = {c.key for c in case.controls if c.status in {Status.SKIPPED, Status.VOID}}
    return () if key in put_aside else ("CONTROL_MISSED",)


def delayed_kind(case: Case, event: Event) -> tuple[str, ...]:
    """Only what the customer has to know is escalated while it is tried or in doubt."""
    return failed_kind(case, event) if confirms(event) else ()


def notice_failed_kind(case: Case, event: Event) -> tuple[str, ...]:
    """The customer still believes in a time that is cancelled.

    News that comes only days later, after a long outage, comes too late to spare them the way, and
    not too late to speak to them.
    """
    if not (announces_cancellation(event) and believes_otherwise(case)):
        return ()
    return ("NEVER_TOLD",) if event.at >= DAY_AFTER.of(case) else ("TOLD_DIFFERS",)


def told_too_late(case: Case, event: Event) -> tuple[str, ...]:
    """Evidence that the customer was told the time arrives after it was cancelled.

    Harmless while the cancellation itself is on its way; otherwise they now believe in it.
    """
    notices = [control for control in case.controls if control.name == "cancelled_notice"]
    on_its_way = any(notice.status in {Status.PLANNED, Status.DONE} for notice in notices)
    return () if on_its_way or case.facts.get("by") == "customer" else ("TOLD_DIFFERS",)


def cancelled_kind(case: Case, event: Event) -> tuple[str, ...]:
    """After the start no notice goes out any more: a person must speak to the customer."""
    too_late = event.at >= case.anchors["start"]
    return ("TOLD_DIFFERS",) if too_late and was_told(case) and side(event) != "customer" else ()


def cancelled_kinds(case: Case, event: Event) -> tuple[str, ...]:
    """What a cancellation leaves for a person: somebody to be told, or to be asked again."""
    return (*cancelled_kind(case, event), *taken_back_at_once(case, event))


def taken_back_at_once(case: Case, event: Event) -> tuple[str, ...]:
    """Their own cancellation within two minutes of their own yes: perhaps two people, or two
    devices. The cancellation counts, and a person asks which was meant."""
    said = case.facts.get("acknowledged_at")
    if not said or not _by_themselves(event):
        return ()
    apart = abs(event.at - datetime.fromisoformat(str(said)))
    return ("CONFLICTING_REPLIES",) if apart <= CONTRADICTION else ()


def late_reply(case: Case, event: Event) -> tuple[str, ...]:
    """A yes within two minutes of a cancellation: a person speaks to the customer.

    It contradicts their own cancellation; what we cancelled they only did not know yet. What
    somebody presses at the desk is no answer of the customer.
    """
    apart = abs(event.at - case.anchors["resolved"])
    if apart > CONTRADICTION or event.actor.role is Role.STAFF:
        return ()
    return ("CONFLICTING_REPLIES" if case.facts.get("by") == "customer" else "TOLD_DIFFERS",)


def _by_themselves(event: Event) -> bool:
    """The customer's own click or message, not what somebody at the desk typed for them."""
    return side(event) == "customer" and event.actor.role is not Role.STAFF


def left_to_a_person(case: Case, event: Event) -> tuple[str, ...]:
    """What new rules of a zone leave open: a time that is not to be had, a time told otherwise."""
    lost = ("RESOURCE_LOST",) if event.data.get("time_taken") else ()
    differs = ("TOLD_DIFFERS",) if event.data.get("told_otherwise") and was_told(case) else ()
    return lost + differs


def untold_again(case: Case, event: Event) -> tuple[str, ...]:
    """Taken back to scheduled, nobody has told the customer, and no confirmation goes out late.

    Once the visit is over there is nothing to tell: its outcome is asked for instead.
    """
    over = event.at >= case.anchors["end"]
    return ("CONFIRMATION_FAILED",) if event.data["to"] == SCHEDULED and not over else ()


def only_near_the_day(case: Case, event: Event, now: datetime) -> str | None:
    """Arriving or finishing on another day is a slip of the finger, not a visit."""
    start = case.anchors["start"]
    near = same_local_day(now, start, ZoneInfo(case.zone)) or now >= start - EARLIEST_ARRIVAL
    return None if near else "The appointment is on another day: move it to the present day first."


def only_around_the_visit(case: Case, event: Event, now: datetime) -> str | None:
    """Who arrives comes on the day, or within four hours of the end of a visit past midnight."""
    latest = case.anchors["end"] + LATEST_ARRIVAL
    same_day = same_local_day(now, case.anchors["start"], ZoneInfo(case.zone))
    if now >= latest and not same_day:
        return "The appointment is long over: record that it was completed, or missed."
    return only_near_the_day(case, event, now)


def only_who_came(case: Case, event: Event, now: datetime) -> str | None:
    """Before the start only those are served who were seen to arrive; nobody else can have been."""
    if now >= case.anchors["start"]:
        return None
    if case.state in {CANCELLED, MISSED}:
        return BOOK_ANEW
    far = only_near_the_day(case, event, now)
    return far or (NOT_HERE_YET if case.state in AHEAD else None)


def only_after_start(case: Case, event: Event, now: datetime) -> str | None:
    """A visit can be missed only once its time has come, and somebody missed it."""
    if now < case.anchors["start"]:
        return "The appointment has not started: cancel or move it instead."
    return None if event.data.get("by") in SIDES else SAY_WHO_MISSED


def only_before_end(case: Case, event: Event, now: datetime) -> str | None:
    """What is over can no longer be changed; its outcome is recorded instead."""
    if now < case.anchors["end"]:
        return None
    return "The appointment is over: record its outcome (complete or miss) instead."


def only_an_open_item(case: Case, event: Event, now: datetime) -> str | None:
    """What is said to be ready is one of the things still open; customers speak for themselves."""
    return _one_of(open_items(case.facts), case, event, now, NOTHING_OPEN)


def only_a_ready_item(case: Case, event: Event, now: datetime) -> str | None:
    """What is taken back is one of the things somebody said are ready."""
    ready = done(case.facts)
    those = tuple(item for item in items(case.facts) if item.id in ready)
    return _one_of(those, case, event, now, NOTHING_READY)


def _one_of(
    those: tuple[Item, ...], case: Case, event: Event, now: datetime, nothing: str
) -> str | None:
    mine = {i.id for i in those if event.actor.role is not Role.CUSTOMER or i.by == CUSTOMER}
    named = event.data.get("item")
    if not mine or (named is not None and named not in mine):
        return nothing
    return only_before_end(case, event, now)


def only_within_window(case: Case, event: Event, now: datetime) -> str | None:
    """The customer's own change window; staff and integrations may change until the end."""
    over = only_before_end(case, event, now)
    if over or event.actor.role is not Role.CUSTOMER:
        return over
    if now <= case.anchors["change_until"]:
        return None
    return "It is too late to change this appointment online: please call."


def only_right_after_cancelling(case: Case, event: Event, now: datetime) -> str | None:
    """A cancelled appointment does not come back to life by an answer to an old message."""
    if late_reply(case, event):
        return None
    return "This appointment was cancelled: please book a new time."


def only_same_day(case: Case, event: Event, now: datetime) -> str | None:
    """Who comes late on the same day has come; later than that it is a correction."""
    if same_local_day(now, case.anchors["start"], ZoneInfo(case.zone)):
        return None
    return "The appointment was on another day: correct its outcome instead."


def correctable(case: Case, event: Event, now: datetime) -> str | None:
    """A correction needs a reason and a state that can be true now."""
    to = event.data["to"]
    if not event.reason.strip():
        return "Say why the state is corrected."
    if to == case.state:
        return f"The appointment is already {to}."
    if to not in CORRECTIONS.get(case.state, ()):
        return f"{case.state} cannot be corrected to {to}."
    if to in {CONFIRMED, PREPARED} and not case.facts.get("confirmed"):
        return "The customer was never told: correct it to scheduled."
    if to == MISSED:
        return only_after_start(case, event, now)
    if to == CANCELLED and event.data.get("by") not in SIDES:
        return "Say who cancelled it: the customer or the business."
    return only_who_came(case, event, now) if to in {ATTENDED, COMPLETED} else None


def complains(case: Case, event: Event) -> tuple[str, ...]:
    """What a customer tells somebody once the visit is over, or has not taken place."""
    return ("COMPLAINT",)


def was_paid_back(case: Case, event: Event) -> Facts:
    return {"refunded": event.at.isoformat()}


NOTHING_OPEN = "This is not among what is still to be prepared: it may be ready already."
NOTHING_READY = "This is not among what was said to be ready."
SIDES = frozenset({"customer", "business"})
NOT_HERE_YET = "The appointment has not begun: if they are here, say first that they arrived."
BOOK_ANEW = "The appointment has not begun: if they come after all, book a new time."
SAY_WHO_MISSED = "Say who missed it: the customer or the business."
CONTRADICTION = timedelta(seconds=120)
EARLIEST_ARRIVAL = timedelta(hours=12)  # before the start
LATEST_ARRIVAL = timedelta(hours=4)  # after the end
REMINDERS = frozenset({"first_reminder", "final_reminder"})

# Until when an escalation makes sense, where it does not until it is resolved.
UNTIL_START = ("CONTROL_MISSED", "UNACKED")
UNTIL_END = (
    "CONTACT_GAP",
    "CONFIRMATION_FAILED",
    "NOT_WRITTEN",
    "CONFLICTING_REPLIES",
    "POSSIBLE_CANCEL",
    "RESOURCE_LOST",
    "MESSAGE_INCOMPLETE",
)
UNTIL_DAY_AFTER = ("TOLD_DIFFERS",)
AT_START, AT_END, DAY_AFTER = at("start"), at("end"), after("end", hours(24))

# A cancelled time may have been given to somebody else: it comes back only as a new booking.
CORRECTIONS = {
    ATTENDED: (SCHEDULED, CONFIRMED, PREPARED, COMPLETED, MISSED),
    COMPLETED: (ATTENDED, MISSED),
    MISSED: (ATTENDED, COMPLETED, CANCELLED),
    CANCELLED: (ATTENDED, COMPLETED, MISSED),
}


CONTROLS = (
    ControlRule(
        "confirmation",
        "Confirm the booking to the customer at once",
        due=at("opened"),
        useful_until=at("start"),
        states=AHEAD,
        does=Tell("confirmation", unreachable="CONTACT_GAP"),
        when=first_leg,
        run=confirmation_run,
        rank=4,
    ),
    ControlRule(
        "moved_notice",
        "Tell the customer the new time at once",
        due=at("opened"),
        useful_until=at("start"),
        states=AHEAD,
        does=Tell("moved_notice", unreachable="CONTACT_GAP"),
        when=later_leg,
        run=confirmation_run,
        rank=4,
    ),
    ControlRule(
        "preparation_reminder",
        "Remind the customer of what they have still to prepare",
        due=asked(first_due, "start"),
        useful_until=before("start", "final_reminder_until"),
        states=AHEAD,
        does=Tell("preparation_reminder"),
        when=has_to_prepare,
        min_gap="first_reminder_gap",
        quiet="quiet_hours",
        rank=1,
    ),
    ControlRule(
        "first_reminder",
        "First reminder, early enough to change the time",
        due=before("start", "first_reminder"),
        useful_until=before("start", "first_reminder_until"),
        states=AHEAD,
        does=Tell("first_reminder", missed="CONTROL_MISSED"),
        when=is_expected,
        min_gap="first_reminder_gap",
        quiet="quiet_hours",
        rank=2,
    ),
    ControlRule(
        "preparation",
        "Open the preparation window",
        due=before("start", "preparation"),
        useful_until=at("end"),
        states=AHEAD,
        does=Open("preparation_opened"),
    ),
    ControlRule(
        "acknowledgement",
        "Ask a person to call when the customer has not answered",
        due=before("start", "preparation"),
        useful_until=at("start"),
        states=AHEAD,
        does=Escalate("UNACKED", unless=has_acknowledged),
        when=asks_acknowledgement,
        min_gap="first_reminder_gap",
    ),
    ControlRule(
        "final_reminder",
        "Final reminder: where, when, how to reach us",
        due=before("start", "final_reminder"),
        useful_until=before("start", "final_reminder_until"),
        states=AHEAD,
        does=Tell("final_reminder", missed="CONTROL_MISSED"),
        when=is_expected,
        min_gap="final_reminder_gap",
        quiet="quiet_hours",
        rank=3,
    ),
    ControlRule(
        "lapse_at_start",
        "Close what made sense only before the visit",
        due=AT_START,
        useful_until=None,
        states=AHEAD,
        does=Lapse(UNTIL_START),
        when=asked_until_start,
    ),
    ControlRule(
        "lapse_at_end",
        "Close what made sense only until the end of the visit",
        due=AT_END,
        useful_until=None,
        states=ANY,  # a message of a leg that has closed may be found incomplete, too
        does=Lapse(UNTIL_END),
        when=asked_until_end,
    ),
    ControlRule(
        "lapse_day_after",
        "Close what made sense only until the day after",
        due=DAY_AFTER,
        useful_until=None,
        states=frozenset({CANCELLED}),
        does=Lapse(UNTIL_DAY_AFTER),
        when=asked_until_day_after,
    ),
    ControlRule(
        "assumed_missed",
        "By policy, nobody came when nobody said so",
        due=after("end", "outcome_grace"),
        useful_until=None,
        states=AHEAD,
        does=Open("missed", {"by": "customer"}),
        when=assumes_missed,
        run=time_open,
    ),
    ControlRule(
        "outcome_due",
        "Ask for the outcome",
        due=after("end", "outcome_grace"),
        useful_until=None,
        states=UNRESOLVED,
        does=Escalate("OUTCOME_DUE", unless=asked_at_close),
        run=time_open,
    ),
    ControlRule(
        "unresolved",
        "No outcome at close of business",
        due=at("close"),
        useful_until=None,
        states=UNRESOLVED,
        does=Escalate("UNRESOLVED"),
        run=time_open,
    ),
    ControlRule(
        "cancelled_notice",
        "Tell the customer it is cancelled at once",
        due=at("resolved"),
        useful_until=at("start"),
        states=frozenset({CANCELLED}),
        does=Tell("cancelled_notice", unreachable="TOLD_DIFFERS", needed=believes_otherwise),
        rank=4,
    ),
    ControlRule(
        "hand_offs",
        "Every hand-off must be accepted by now",
        due=after("resolved", "accept_within"),
        useful_until=None,
        states=RESOLVED,
        does=ExpireHandOffs("HANDOFF_NOT_ACCEPTED"),
        when=hand_offs_open,
        run=outcome_version,
    ),
)

TELL_THEM = "Tell the customer by phone, then resolve this with a note: it counts as told."
SAY_OUTCOME = "Record what happened: arrived and completed, or missed."
NOTHING_TO_TELL = "The visit is over: there is nothing left to tell."
OUTCOME_SAYS = "The visit is over: its outcome says what became of it."
NOT_BY_NOTE = "Record the outcome (arrive, complete or miss); that resolves it."

# Tables: one row a line or two, read across.
# fmt: off
ESCALATIONS = (
    EscalationRule(
        "CONTACT_GAP", "front_desk", hours(2), "No channel reaches the customer.",
        TELL_THEM, no_later_than="start", note_means="told_by_staff",
        until=AT_END, afterwards=NOTHING_TO_TELL,
    ),
    EscalationRule(
        "CONFIRMATION_FAILED", "front_desk", hours(1), "The customer could not be told the time.",
        TELL_THEM, no_later_than="start", note_means="told_by_staff",
        until=AT_END, afterwards=NOTHING_TO_TELL,
    ),
    EscalationRule(
        "NOT_WRITTEN", "front_desk", hours(24), "The customer refused letters, so none goes out.",
        "Tell them only in a way they agreed to, and resolve this with a note: it counts as told.",
        no_later_than="start", note_means="told_by_staff",
        until=AT_END, afterwards=NOTHING_TO_TELL,
    ),
    EscalationRule(
        "TOLD_DIFFERS", "front_desk", hours(1), "The customer believes something that is not so.",
        TELL_THEM, no_later_than="start", note_means="told_by_staff",
        until=DAY_AFTER, afterwards="A day after its time nobody waits for this visit any more.",
    ),
    EscalationRule(
        "NEVER_TOLD", "front_desk", hours(24),
        "The customer was never told that the visit was cancelled, and its time is over.",
        "Speak to the customer: they may have come in vain.", note_means="told_by_staff",
    ),
    EscalationRule(
        "CONTROL_MISSED", "front_desk", hours(1), "A reminder could not be sent.",
        "Call the customer, or correct the address.", no_later_than="start",
        until=AT_START, afterwards="The visit has begun: it is too late to remind anybody.",
    ),
    EscalationRule(
        "UNACKED", "front_desk", hours(4), "The customer has not said that they will come.",
        "Call the customer: a person's call is what helps most.", no_later_than="start",
        until=AT_START, afterwards="The visit has begun: it shows who comes.",
    ),
    EscalationRule(
        "CONFLICTING_REPLIES", "front_desk", minutes(30), "The customer said both yes and no.",
        "Ask the customer which was meant; book again if they want to come.",
        no_later_than="start",
        until=AT_END, afterwards="The time is over: nobody can come to it any more.",
    ),
    EscalationRule(
        "POSSIBLE_CANCEL", "front_desk", minutes(30), "The customer may not come.",
        "Call the customer: move it, cancel it, or keep it.", no_later_than="start",
        until=AT_END, afterwards=OUTCOME_SAYS,
    ),
    EscalationRule(
        "RESOURCE_LOST", "front_desk", hours(4), "Staff or place is no longer available.",
        "Move the appointment or give it to somebody else; cancel it as the business if neither.",
        no_later_than="start",
        until=AT_END, afterwards=OUTCOME_SAYS,
    ),
    EscalationRule(
        "MESSAGE_INCOMPLETE", "owner", hours(4), "A message went out without its calendar entry.",
        "Check the business's address and the service's texts; the customer has the time in words.",
        until=AT_END, afterwards="The visit is over: the next message shows whether it is mended.",
    ),
    EscalationRule(
        "OUTCOME_DUE", "staff", hours(2), "The time is over and nobody said what happened.",
        SAY_OUTCOME, by_note=False, why_not=NOT_BY_NOTE,
    ),
    EscalationRule(
        "UNRESOLVED", "owner", hours(24), "No outcome at close of business.",
        SAY_OUTCOME, by_note=False, why_not=NOT_BY_NOTE,
        replaces=("OUTCOME_DUE",),
    ),
    EscalationRule(
        "HANDOFF_NOT_ACCEPTED", "owner", hours(24), "What comes next was not taken over in time.",
        "Take the next step by hand, or accept it in the receiving system.",
    ),
    EscalationRule(
        "COMPLAINT", "owner", hours(4), "The customer says that something was not right.",
        "Call the customer, and write down what was agreed.", note_means="settled", stays=True,
    ),
)

UNTOLD = ("CONTACT_GAP", "CONFIRMATION_FAILED", "TOLD_DIFFERS", "NEVER_TOLD")
TOLD = (*UNTOLD, "NOT_WRITTEN")  # what nobody need ask any more once a person has told them
DOUBTED = ("UNACKED", "POSSIBLE_CANCEL")

RULES = (
    # How a leg begins
    Rule("booked", NEW, to=SCHEDULED),
    Rule("walked_in", NEW, to=ATTENDED),
    # What became of a message. Once the customer is here, or the leg closed, it is only evidence.
    Rule("message_accepted", frozenset({SCHEDULED}), only=confirms, then=("confirmed",),
         sets=has_been_told, resolves=UNTOLD, tells=True),
    Rule("message_accepted", AHEAD, only=confirms, sets=has_been_told, resolves=UNTOLD, tells=True),
    Rule("message_accepted", AHEAD, sets=has_been_told, resolves=("CONTROL_MISSED",), tells=True),
    Rule("message_accepted", frozenset({CANCELLED}), only=announces_cancellation, resolves=UNTOLD,
         tells=True),
    Rule("message_accepted", frozenset({CANCELLED}), sets=has_been_told, raises=told_too_late),
    Rule("message_accepted", ANY, sets=has_been_told),
    Rule("message_delivered", ANY),
    Rule("message_doubtful", AHEAD, raises=delayed_kind),
    Rule("message_doubtful", frozenset({CANCELLED}), raises=notice_failed_kind),
    Rule("message_doubtful", ANY),
    Rule("message_delayed", AHEAD, raises=delayed_kind),
    Rule("message_delayed", frozenset({CANCELLED}), raises=notice_failed_kind),
    Rule("message_delayed", ANY),
    Rule("message_failed", frozenset({CONFIRMED, PREPARED}), only=confirms,
         then=("confirmation_lost",), raises=failed_kind),
    Rule("message_failed", AHEAD, raises=failed_kind),
    Rule("message_failed", frozenset({CANCELLED}), raises=notice_failed_kind),
    Rule("message_failed", frozenset({ATTENDED}), only=confirms, sets=lost_this_time),
    Rule("message_failed", ANY),
    Rule("message_expired", AHEAD, raises=failed_kind),
    Rule("message_expired", frozenset({CANCELLED}), raises=notice_failed_kind),
    Rule("message_expired", ANY),
    Rule("message_incomplete", ANY, raises=lambda case, event: ("MESSAGE_INCOMPLETE",)),
    Rule("confirmed", frozenset({SCHEDULED}), to=CONFIRMED, sets=knows_this_time),
    Rule("confirmation_lost", frozenset({CONFIRMED, PREPARED}), to=SCHEDULED, sets=lost_this_time),
    # The way to the visit
    Rule("preparation_opened", AHEAD, sets=opens_preparation),
    Rule("prepared", frozenset({CONFIRMED}), to=PREPARED),
    Rule("told_by_staff", frozenset({SCHEDULED}), then=("confirmed",), sets=has_been_told,
         resolves=TOLD, tells=True, asked=True),
    Rule("told_by_staff", AHEAD | {CANCELLED}, sets=has_been_told, resolves=TOLD, tells=True,
         asked=True),
    Rule("acknowledged", frozenset({SCHEDULED}), then=("confirmed",), sets=acknowledges,
         resolves=(*TOLD, *DOUBTED), tells=True, asked=True, guard=only_before_end),
    Rule("acknowledged", AHEAD, sets=acknowledges, resolves=(*TOLD, *DOUBTED), tells=True,
         asked=True, guard=only_before_end),
    Rule("acknowledged", frozenset({CANCELLED}), raises=late_reply,
         guard=only_right_after_cancelling),
    Rule("change_requested", AHEAD, sets=wants_change, asked=True, guard=only_before_end,
         raises=lambda case, event: ("POSSIBLE_CANCEL",)),
    Rule("running_late", AHEAD, sets=runs_late, asked=True, guard=only_before_end),
    Rule("confirmation_requested", AHEAD, sets=repeats_confirmation, asked=True,
         guard=only_before_end),
    Rule("item_prepared", AHEAD | {ATTENDED}, sets=is_ready, asked=True, guard=only_an_open_item),
    Rule("item_reopened", AHEAD | {ATTENDED}, sets=is_not_ready, asked=True,
         guard=only_a_ready_item),
    Rule("contact_changed", AHEAD, sets=new_contact),
    Rule("contact_changed", ANY, sets=lambda case, event: {"channels": event.data["channels"]}),
    Rule("link_renewed", ANY),
    Rule("policy_changed", ANY),
    Rule("resource_lost", AHEAD, raises=lambda case, event: ("RESOURCE_LOST",)),
    Rule("resource_restored", AHEAD, resolves=("RESOURCE_LOST",)),
    # The wall time stays as it was told; the instants of the case were set anew before this.
    Rule("zone_rules_changed", AHEAD, raises=left_to_a_person),
    # Attendance
    Rule("arrived", AHEAD, to=ATTENDED, asked=True, guard=only_around_the_visit,
         resolves=(*TOLD, *DOUBTED, "CONTROL_MISSED")),
    Rule("arrived", frozenset({MISSED}), to=ATTENDED, asked=True, guard=only_same_day,
         outcome=no_outcome, resolves=("*",)),
    Rule("completed", UNRESOLVED, to=COMPLETED, asked=True, guard=only_who_came,
         anchor="resolved", outcome=completed, resolves=("*",), frees=once_put_in_order),
    # Exceptions
    # A miss keeps its time: whoever comes after all, later the same day, is served in it.
    Rule("missed", AHEAD, to=MISSED, asked=True, guard=only_after_start, anchor="resolved",
         outcome=missed_by, sets=notes_side, resolves=("*",)),
    Rule("cancelled", AHEAD, to=CANCELLED, asked=True, guard=only_within_window, anchor="resolved",
         outcome=cancelled_by, sets=notes_lateness, raises=cancelled_kinds, resolves=("*",),
         frees=at_once),
    Rule("moved", AHEAD, to=RESCHEDULED, asked=True, guard=only_within_window, resolves=("*",),
         frees=at_once),
    # What the customer tells somebody afterwards, whether or not anything follows the visit
    Rule("complained", RESOLVED, raises=complains, asked=True),
    Rule("settled", ANY),
    Rule("refunded", RESOLVED, sets=was_paid_back, asked=True),
    # Mistakes. Arrived by a slip of the finger: the wait goes on, and so does whatever is open.
    Rule("corrected", frozenset({ATTENDED}), to=To.NAMED, asked=True, only=back_to_waiting,
         guard=correctable, raises=untold_again),
    Rule("corrected", frozenset({CANCELLED, MISSED}), to=To.NAMED, asked=True, only=took_place,
         guard=correctable, anchor="resolved", outcome=corrected_outcome, sets=notes_correction,
         resolves=("*",), then=("came_after_all",)),
    Rule("corrected", RESOLVED | {ATTENDED}, to=To.NAMED, asked=True, guard=correctable,
         anchor="resolved", outcome=corrected_outcome, sets=notes_correction, resolves=("*",)),
    Rule("came_after_all", frozenset({ATTENDED, COMPLETED})),
)
# fmt: on

APPOINTMENT = Path(
    name="appointment",
    title="From a booked time to a visible outcome",
    states=STATES,
    rules=RULES,
    controls=CONTROLS,
    escalations=ESCALATIONS,
    settles=(Settle(CONFIRMED, ready_for_visit, "prepared"),),
    outcomes=OUTCOMES,
    corrections=CORRECTIONS,
    announces={
        "booked": "visit_booked",
        "walked_in": "visit_booked",
        "came_after_all": "visit_booked",
        "completed": "visit_took_place",
        "cancelled": "visit_given_back",
        "missed": "visit_given_back",
        "corrected": "visit_corrected",
        "complained": "complained_elsewhere",
        "settled": "complaint_settled",
        "refunded": "refunded_elsewhere",
    },
    announces_nearby={
        "booked": "visit_booked_nearby",
        "walked_in": "visit_booked_nearby",
        "came_after_all": "visit_booked_nearby",
        "cancelled": "visit_given_back",
        "complained": "complained_elsewhere",
        "settled": "complaint_settled",
    },
    withheld="NOT_WRITTEN",
)
