"""The Lead Response path: from somebody who asks to a booked time, or to a quiet end.

    RECEIVED -> ACKNOWLEDGED -> ENGAGED -> QUALIFIED -> BOOKED
    with UNREACHABLE, NOT_A_FIT, OPTED_OUT and STALE as visible exceptions.

A case of this path is one lead: one conversation with one person. A letter acknowledges it at once,
and a person is due all the same: `answer_by` says by when, and is computed from the opening hours
where the lead is received. From its first moment the lead is offered to Booking; a booking of the
same person, through whatever door, accepts it.

What invites to book ends with any word from the person, with a booking, with a refusal, and when
somebody takes the lead over. When somebody has answered in writing it waits until the person is
silent once more. A lead that has ended stays ended: who asks again begins a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from kept.core.case import Case, Event, Facts, HandOffStatus
from kept.core.path import (
    ControlRule,
    Escalate,
    EscalationRule,
    ExpireHandOffs,
    Open,
    Path,
    Rule,
    Settle,
    State,
    Tell,
    after,
    at,
)
from kept.core.time import after as after_time
from kept.core.time import hours
from kept.core.wishes import refuses_suggestions

RECEIVED, ACKNOWLEDGED, ENGAGED = "received", "acknowledged", "engaged"
QUALIFIED, BOOKED = "qualified", "booked"
UNREACHABLE, NOT_A_FIT, OPTED_OUT, STALE = "unreachable", "not_a_fit", "opted_out", "stale"

NEW = frozenset({""})
WAITING = frozenset({RECEIVED, ACKNOWLEDGED, ENGAGED, QUALIFIED})
ENDED = frozenset({BOOKED, UNREACHABLE, NOT_A_FIT, OPTED_OUT, STALE})
ANY = WAITING | ENDED

BOOKING = "appointment"  # the path that is to accept the lead
MOST_LETTERS = 6  # to one lead, the acknowledgements among them
MOST_ENQUIRIES = 6  # of one lead that are acknowledged by letter; a person answers all the same
NOT_AGREED: Mapping[str, list[str]] = {STALE: []}  # who has not agreed is handed on to nobody
NUDGES = tuple(f"lead_nudge_{which}" for which in ("first", "second", "third", "fourth"))
MOST_ATTEMPTS = 3  # calls in vain to somebody whom no letter reaches

OUTCOMES = {
    "stale": "nothing was heard for two weeks; handed on only if they agreed to be written to",
    "unreachable": "nobody could be reached",
    "not_a_fit": "the business cannot help",
    "opted_out": "the person wants to hear no more",
}

STATES = (
    State(RECEIVED, "stage", "Somebody has asked; they have not heard from us yet.", waits=True),
    State(ACKNOWLEDGED, "stage", "They know that we have their enquiry.", waits=True),
    State(ENGAGED, "stage", "We are talking with each other.", waits=True),
    State(QUALIFIED, "stage", "We can help, and know with what.", waits=True),
    State(BOOKED, "stage", "They have booked.", waits=False),
    State(UNREACHABLE, "exception", "Nobody could be reached.", waits=False),
    State(NOT_A_FIT, "exception", "We cannot help them.", waits=False),
    State(OPTED_OUT, "exception", "They want to hear no more from us.", waits=False),
    State(STALE, "exception", "Nothing was heard for two weeks.", waits=False),
)


# What a control or a rule may ask. Each looks at the case and answers; none acts.


def is_acknowledged(case: Case) -> bool:
    """They wrote to us; who stands at the desk or is on the phone need not be told by letter.

    Nor is anybody told a seventh time of one lead: anybody may type anybody's address, for days.
    """
    return bool(case.facts.get("acknowledge")) and which_enquiry(case) <= MOST_ENQUIRIES


def may_be_nudged(case: Case) -> bool:
    """They said nothing since, nobody took over, and fewer than six letters went out."""
    return bool(case.facts.get("nudging")) and _count(case, "letters") < MOST_LETTERS


def is_unanswered(case: Case) -> bool:
    """They wait for a person."""
    return bool(case.facts.get("unanswered"))


def is_to_be_tried_again(case: Case) -> bool:
    """They were called in vain, fewer than three times, and no letter reaches them."""
    attempts = _count(case, "attempts")
    silent = not case.facts.get("channels") and not case.facts.get("met")
    return silent and 0 < attempts < MOST_ATTEMPTS


def was_never_reached(case: Case) -> bool:
    """No letter reaches them, and nobody has ever spoken with them."""
    return not case.facts.get("channels") and not case.facts.get("met")


def was_reached(case: Case) -> bool:
    """A letter reaches them, or somebody has spoken with them."""
    return not was_never_reached(case)


def hand_offs_open(case: Case) -> bool:
    """Something that was handed on has not been accepted."""
    return any(each.status is HandOffStatus.OFFERED for each in case.hand_offs)


def which_enquiry(case: Case) -> int:
    """Each enquiry that is acknowledged has its own letter."""
    return max(1, _count(case, "asked"))


def which_round(case: Case) -> int:
    """Nudges begin anew when somebody has found out what the person needs."""
    return max(1, _count(case, "rounds"))


def which_wait(case: Case) -> int:
    """Each time somebody waits for an answer counts by itself."""
    return max(1, _count(case, "waits"))


def which_attempt(case: Case) -> int:
    return max(1, _count(case, "attempts"))


def _count(case: Case, name: str) -> int:
    return int(str(case.facts.get(name) or 0))


def acknowledges(event: Event) -> bool:
    return event.data.get("control") == "lead_ack"


def is_new_booking(event: Event) -> bool:
    """A time moved is no new one: what was asked meanwhile is still asked."""
    return event.data.get("origin") != "move"


def is_taken_elsewhere(case: Case) -> bool:
    """Another program has taken the lead over, and books there."""
    accepted = (each for each in case.hand_offs if each.status is HandOffStatus.ACCEPTED)
    return any(each.to == BOOKING for each in accepted)


# What becomes known.


def comes_in(case: Case, event: Event) -> Facts:
    return {"unanswered": True, "waits": 1, "asked": 1, "rounds": 1, "nudging": True}


def is_here(case: Case, event: Event) -> Facts:
    """They are on the phone or at the desk: they have been answered."""
    return {"met": True, "asked": 1, "rounds": 1, "touched": True}


def asks(case: Case, event: Event) -> Facts:
    """They wait for an answer; if they do already, it is the same wait."""
    waits = _count(case, "waits") + (0 if is_unanswered(case) else 1)
    return {"unanswered": True, "waits": waits, "nudging": False}


def asks_again(case: Case, event: Event) -> Facts:
    return {**asks(case, event), **adds(case, event), "asked": _count(case, "asked") + 1}


def adds(case: Case, event: Event) -> Facts:
    """What may be done with the lead when it ends, once the person has said so."""
    return {"hand_offs": event.data["hand_offs"]} if "hand_offs" in event.data else {}


def writes_back(case: Case, event: Event) -> Facts:
    return {**asks(case, event), **adds(case, event), "met": True}


def speaks(case: Case, event: Event) -> Facts:
    return {"unanswered": False, "met": True, "nudging": False, "touched": True}


def is_answered_now(case: Case, event: Event) -> Facts:
    return {"unanswered": False, "touched": True}


def writes_to_them(case: Case, event: Event) -> Facts:
    """A person has answered: what is sent by itself waits until they are silent once more, for as
    long as before the first offer."""
    silent = case.policy.offset("lead_nudge_first")
    earliest = after_time(event.at, silent, ZoneInfo(case.zone)).isoformat()
    return {
        **is_answered_now(case, event),
        "put_off": {**case.put_off, **dict.fromkeys(NUDGES, earliest)},
    }


def is_tried(case: Case, event: Event) -> Facts:
    return {**is_answered_now(case, event), "attempts": _count(case, "attempts") + 1}


def is_due_again(case: Case, event: Event) -> Facts:
    return {"unanswered": True, "waits": _count(case, "waits") + 1}


def fits(case: Case, event: Event) -> Facts:
    """From here on the person is invited to book, unless somebody has taken the lead over; whoever
    says so may decide it otherwise."""
    found = {"service": event.data["service"]} if event.data.get("service") else {}
    offers = bool(event.data.get("offer", not case.facts.get("taken_over")))
    return {
        **is_answered_now(case, event),
        **found,
        "nudging": offers,
        "rounds": _count(case, "rounds") + 1,
    }


def is_taken(case: Case, event: Event) -> Facts:
    return {"nudging": False, "taken_over": str(event.actor)}


def gets_a_letter(case: Case, event: Event) -> Facts:
    return {"letters": _count(case, "letters") + 1}


def refuses(case: Case, event: Event) -> Facts:
    """Nothing invites them any more: neither this lead, nor what it would be handed on to."""
    return {"nudging": False, "hand_offs": NOT_AGREED}


def agrees(case: Case, event: Event) -> Facts:
    """What the lead is handed on to when it falls silent says the policy."""
    return {"hand_offs": {}}


def books(case: Case, event: Event) -> Facts:
    return {"result": "booked", "appointment": event.data.get("about")}


def ends(result: str) -> Callable[[Case, Event], Facts]:
    """What the case says of its end."""

    def note(case: Case, event: Event) -> Facts:
        return {"result": result}

    return note


def as_outcome(result: str) -> Callable[[Case, Event], str]:
    return lambda case, event: result


def calls(case: Case, event: Event) -> tuple[str, ...]:
    """A person is due, unless the owner has been asked already."""
    flood = ("TOO_MANY_ASK",) if event.data.get("too_many") else ()
    return flood if "OWNER_OVERDUE" in case.escalations else ("LEAD_DUE", *flood)


def _nudge(name: str, says: str, rank: int) -> ControlRule:
    return ControlRule(
        f"lead_{name}",
        says,
        due=after("offered", f"lead_{name}"),
        useful_until=after("offered", "lead_stale"),
        states=frozenset({ACKNOWLEDGED, QUALIFIED}),
        does=Tell("lead_nudge", purpose="marketing"),
        when=may_be_nudged,
        quiet="asking_hours",
        rank=rank,
        run=which_round,
        gives_way=True,
    )


CONTROLS = (
    ControlRule(
        "lead_ack",
        "Say that the enquiry has come, with a link to book",
        due=at("enquired"),
        useful_until=after("enquired", hours(24)),
        states=WAITING,
        does=Tell("lead_received"),
        when=is_acknowledged,
        run=which_enquiry,
    ),
    ControlRule(
        "answer_overdue",
        "Tell the owner that nobody has answered in time",
        due=at("answer_by"),
        useful_until=None,
        states=WAITING,
        does=Escalate("OWNER_OVERDUE"),
        when=is_unanswered,
        run=which_wait,
    ),
    _nudge("nudge_first", "Offer free times", 1),
    _nudge("nudge_second", "Offer free times once more", 2),
    _nudge("nudge_third", "Offer free times a third time", 3),
    _nudge("nudge_fourth", "Offer free times for the last time", 4),
    ControlRule(
        "try_again",
        "Ask for another call",
        due=at("try_again"),
        useful_until=None,
        states=WAITING,
        does=Open("due_again"),
        when=is_to_be_tried_again,
        run=which_attempt,
    ),
    ControlRule(
        "went_quiet",
        "End a lead of whom nothing was heard",
        due=after("contact", "lead_stale"),
        useful_until=None,
        states=WAITING,
        does=Open("went_quiet"),
        when=was_reached,
    ),
    ControlRule(
        "never_reached",
        "End a lead whom nobody could reach",
        due=after("contact", "lead_stale"),
        useful_until=None,
        states=WAITING,
        does=Open("never_reached"),
        when=was_never_reached,
    ),
    ControlRule(
        "hand_offs",
        "What was handed on must be accepted by now",
        due=after("resolved", "accept_within"),
        useful_until=None,
        states=frozenset({STALE}),
        does=ExpireHandOffs("HANDOFF_NOT_ACCEPTED"),
        when=hand_offs_open,
    ),
)

DUE = ("LEAD_DUE", "OWNER_OVERDUE")

# Tables: one row a line or two, read across.
# fmt: off
ESCALATIONS = (
    EscalationRule(
        "LEAD_DUE", "front_desk", hours(14 * 24), "Somebody has asked and waits for a person.",
        "Call, or write back; then record what came of it.", no_later_than="answer_by",
        note_means="responded",
    ),
    EscalationRule(
        "OWNER_OVERDUE", "owner", hours(1), "Nobody has answered in time.",
        "See to it that somebody calls now, or call yourself.", note_means="responded",
        replaces=("LEAD_DUE",),
    ),
    EscalationRule(
        "TOO_MANY_ASK", "owner", hours(1),
        "Very many people wrote within an hour: no more of them are acknowledged by letter.",
        "See whether people wrote these. Answer those who did; for a while letters go to nobody.",
    ),
    EscalationRule(
        "HANDOFF_NOT_ACCEPTED", "owner", hours(24), "What comes next was not taken over in time.",
        "Take the next step by hand, or accept it in the receiving system.",
    ),
)

RULES = (
    # How a lead begins
    Rule("lead_came_in", NEW, to=RECEIVED, sets=comes_in, raises=calls, offers=BOOKING),
    Rule("lead_entered", NEW, to=ENGAGED, sets=is_here, offers=BOOKING),
    # What became of a message
    Rule("message_accepted", frozenset({RECEIVED}), only=acknowledges, sets=gets_a_letter,
         then=("word_sent",)),
    Rule("message_accepted", ANY, sets=gets_a_letter),
    Rule("message_delivered", ANY),
    Rule("message_doubtful", ANY),
    Rule("message_delayed", ANY),
    Rule("message_failed", ANY),
    Rule("message_expired", ANY),
    Rule("message_incomplete", ANY),
    Rule("word_sent", frozenset({RECEIVED}), to=ACKNOWLEDGED),
    # What the person says
    Rule("enquiry_joined", WAITING, sets=adds),
    Rule("asked_again", frozenset({RECEIVED}), sets=asks_again, raises=calls, anchor="contact"),
    Rule("asked_again", frozenset({ACKNOWLEDGED}), to=ENGAGED, sets=asks_again, raises=calls,
         anchor="contact"),
    Rule("asked_again", frozenset({ENGAGED, QUALIFIED}), sets=asks_again, raises=calls,
         anchor="contact"),
    Rule("replied", frozenset({RECEIVED, ACKNOWLEDGED}), to=ENGAGED, sets=writes_back,
         raises=calls, anchor="contact", asked=True),
    Rule("replied", frozenset({ENGAGED, QUALIFIED}), sets=writes_back, raises=calls,
         anchor="contact", asked=True),
    Rule("stopped", WAITING, to=OPTED_OUT, sets=ends("opted_out"), resolves=("*",),
         outcome=as_outcome("opted_out"), asked=True),
    Rule("opted_out", WAITING, only=refuses_suggestions, sets=refuses),
    Rule("agreed", WAITING, sets=agrees),
    # What we do
    Rule("reached", frozenset({RECEIVED, ACKNOWLEDGED}), to=ENGAGED, sets=speaks, resolves=DUE,
         anchor="contact", asked=True),
    Rule("reached", frozenset({ENGAGED, QUALIFIED}), sets=speaks, resolves=DUE, anchor="contact",
         asked=True),
    Rule("not_reached", WAITING, sets=is_tried, resolves=DUE, asked=True),
    Rule("responded", frozenset({RECEIVED}), to=ACKNOWLEDGED, sets=writes_to_them, resolves=DUE,
         anchor="contact", asked=True),
    Rule("responded", frozenset({ACKNOWLEDGED, ENGAGED, QUALIFIED}), sets=writes_to_them,
         resolves=DUE, anchor="contact", asked=True),
    Rule("due_again", WAITING, sets=is_due_again, raises=calls),
    Rule("qualified", frozenset({RECEIVED, ACKNOWLEDGED, ENGAGED}), to=QUALIFIED, sets=fits,
         resolves=DUE, anchor="offered", asked=True),
    Rule("taken_over", WAITING, sets=is_taken, asked=True),
    Rule("not_a_fit", WAITING, to=NOT_A_FIT, sets=ends("not_a_fit"), resolves=("*",),
         outcome=as_outcome("not_a_fit"), asked=True),
    Rule("gave_up", WAITING, to=UNREACHABLE, sets=ends("unreachable"), resolves=("*",),
         outcome=as_outcome("unreachable"), asked=True),
    # What happens elsewhere
    Rule("visit_booked", WAITING, to=BOOKED, only=is_new_booking, sets=books, resolves=("*",),
         accepts=BOOKING),
    Rule("booked_elsewhere", WAITING, to=BOOKED, sets=ends("booked elsewhere"), resolves=("*",)),
    Rule("contact_changed", ANY, sets=lambda case, event: {"channels": event.data["channels"]}),
    Rule("policy_changed", ANY),
    # How it ends
    Rule("went_quiet", WAITING, to=STALE, sets=ends("stale"), resolves=("*",),
         outcome=as_outcome("stale"), anchor="resolved"),
    Rule("never_reached", WAITING, to=UNREACHABLE, sets=ends("unreachable"), resolves=("*",),
         outcome=as_outcome("unreachable")),
)
# fmt: on

LEAD_RESPONSE = Path(
    name="lead_response",
    title="From somebody who asks to a booked time",
    states=STATES,
    rules=RULES,
    controls=CONTROLS,
    escalations=ESCALATIONS,
    outcomes=OUTCOMES,
    settles=tuple(
        Settle(state, lambda case, now: is_taken_elsewhere(case), "booked_elsewhere")
        for state in (RECEIVED, ACKNOWLEDGED, ENGAGED, QUALIFIED)
    ),
    # Who asks has answered whatever invites them elsewhere.
    announces={"lead_came_in": "enquired_elsewhere", "lead_entered": "enquired_elsewhere"},
)
