"""The Follow-Up path: from an outcome to the next step, or to a quiet end.

    OPEN -> CHECKED -> NEXT_STEP -> CLOSED          after a visit that took place
    RECOVERING -> CLOSED                            after one that was missed or cancelled
    with COMPLAINT as the visible exception.

A case of this path belongs to one outcome of one appointment; a corrected outcome ends it. It
never thanks for a visit that did not take place: the two beginnings share no message.

The notice of a cancellation is itself the offer of a new time; nothing follows it unless the
business wants that. What belongs to the visit itself (aftercare, the private question) goes to
everybody it concerns. What asks for a new visit stops at once when one is booked, answered,
declined or refused.
"""

from __future__ import annotations

from collections.abc import Callable

from kept.core.case import Case, Event, Facts
from kept.core.path import (
    ControlRule,
    EscalationRule,
    Open,
    Path,
    Rule,
    State,
    Tell,
    after,
)
from kept.core.time import hours
from kept.core.wishes import refuses_suggestions

OPEN, CHECKED, NEXT_STEP = "open", "checked", "next_step"
RECOVERING, COMPLAINT, CLOSED = "recovering", "complaint", "closed"

NEW = frozenset({""})
AFTER_VISIT = frozenset({OPEN, CHECKED, NEXT_STEP})
WAITING = AFTER_VISIT | {RECOVERING}
ANY = WAITING | {COMPLAINT, CLOSED}

STATES = (
    State(OPEN, "stage", "The visit took place; what belongs to it is on its way.", waits=True),
    State(CHECKED, "stage", "We asked how it went.", waits=True),
    State(NEXT_STEP, "stage", "The next visit has been suggested.", waits=True),
    State(RECOVERING, "exception", "A visit did not take place; a new one is offered.", waits=True),
    State(COMPLAINT, "exception", "Something was not right; a person is on it.", waits=True),
    State(CLOSED, "closed", "Nothing more is sent.", waits=False),
)


# What a control or a rule may ask. Each looks at the case and answers; none acts.


def is_uncomplained(case: Case) -> bool:
    """Nobody has told us yet that something was not right with this visit."""
    return not case.facts.get("complained_here")


def has_aftercare(case: Case) -> bool:
    """The service has words for after the visit, and nobody has complained about it."""
    return bool(case.facts.get("aftercare")) and is_uncomplained(case)


def has_next_step(case: Case) -> bool:
    """The service says when to come again, no visit is booked, and the customer may be asked."""
    wanted = case.facts.get("comes_again") and not case.facts.get("booked_again")
    return bool(wanted) and may_be_asked(case)


def may_be_asked(case: Case) -> bool:
    """Nobody at the customer's address has refused to be asked for something new, complained, or
    has a visit ahead."""
    return not any(case.facts.get(each) for each in ("refused", "complained", "booked_nearby"))


def was_missed(case: Case) -> bool:
    """Somebody saw that the visit was missed (it is not assumed), no other is booked, and nobody
    has complained about it."""
    missed = str(case.facts.get("recovers", "")).startswith("missed") and is_uncomplained(case)
    return missed and not case.facts.get("assumed") and not case.facts.get("booked_again")


def is_offered(case: Case) -> bool:
    """It was missed, or the policy asks for it after a cancellation too; the customer may be asked,
    and no other visit is booked."""
    cancelled = str(case.facts.get("recovers", "")).startswith("cancelled")
    wanted = was_missed(case) or (cancelled and case.policy.offer_after_cancelling)
    return wanted and not case.facts.get("booked_again") and may_be_asked(case)


def is_offered_again(case: Case) -> bool:
    """As before; but who gave the time back themselves is asked only once."""
    return case.facts.get("recovers") != "cancelled_by_customer" and is_offered(case)


def asks_how_it_went(event: Event) -> bool:
    return event.data.get("control") == "how_did_it_go"


def suggests(event: Event) -> bool:
    return str(event.data.get("control", "")).startswith("next_step")


def books_again(case: Case, event: Event) -> Facts:
    return {"booked_again": True}


def ends(result: str) -> Callable[[Case, Event], Facts]:
    """What the case says of its end."""

    def note(case: Case, event: Event) -> Facts:
        return {"result": result}

    return note


def notes_words(case: Case, event: Event) -> Facts:
    return {"feedback": event.name, "words": str(event.data.get("words", ""))}


def keeps_words(case: Case, event: Event) -> Facts:
    """What they last wrote; a word about how it went is not lost by it."""
    words = str(event.data.get("words", ""))
    return {"words": words} if words and not case.facts.get("words") else {}


def to_a_person(case: Case, event: Event) -> tuple[str, ...]:
    """What no letter mends: a visit we gave back ourselves, and the second miss in a row."""
    if str(case.facts.get("recovers", "")).endswith("by_business"):
        return ("REBOOK_BY_HAND",)
    return ("MISSED_AGAIN",) if case.facts.get("missed_before") else ()


def hears_complaint(case: Case, event: Event) -> Facts:
    """About this visit it ends every letter; about another one what asks for something."""
    here = event.data.get("about") == case.carries.get("root_id", "")
    return {"complained": True, **({"complained_here": True} if here else {})}


def complains(case: Case, event: Event) -> tuple[str, ...]:
    return ("COMPLAINT",)


def answers(case: Case, event: Event) -> tuple[str, ...]:
    """Somebody wrote back: nothing more is sent by itself, and a person reads it."""
    return ("REPLY",)


CONTROLS = (
    ControlRule(
        "aftercare",
        "Send what to mind after the visit",
        due=after("opened", "aftercare"),
        useful_until=after("opened", hours(48)),
        states=AFTER_VISIT,
        quiet="after_visit_hours",
        does=Tell("aftercare"),
        when=has_aftercare,
    ),
    ControlRule(
        "how_did_it_go",
        "Ask privately how it went",
        due=after("opened", "how_did_it_go"),
        useful_until=after("opened", hours(7 * 24)),
        states=frozenset({OPEN}),
        does=Tell("how_did_it_go"),
        when=is_uncomplained,
        quiet="after_visit_hours",
        gives_way=True,
    ),
    ControlRule(
        "next_step_first",
        "Suggest the next visit",
        due=after("opened", "next_step_first"),
        useful_until=after("opened", "follow_up_until"),
        states=AFTER_VISIT,
        does=Tell("next_step", purpose="marketing"),
        when=has_next_step,
        quiet="asking_hours",
        rank=1,
        gives_way=True,
    ),
    ControlRule(
        "next_step_second",
        "Suggest it once more",
        due=after("opened", "next_step_second"),
        useful_until=after("opened", "follow_up_until"),
        states=AFTER_VISIT,
        does=Tell("next_step", purpose="marketing"),
        when=has_next_step,
        quiet="asking_hours",
        rank=2,
        gives_way=True,
    ),
    ControlRule(
        "next_step_third",
        "Suggest it for the last time",
        due=after("opened", "next_step_third"),
        useful_until=after("opened", "follow_up_until"),
        states=AFTER_VISIT,
        does=Tell("next_step", purpose="marketing"),
        when=has_next_step,
        quiet="asking_hours",
        rank=3,
        gives_way=True,
    ),
    ControlRule(
        "follow_up_end",
        "End the follow-up",
        due=after("opened", "follow_up_until"),
        useful_until=None,
        states=AFTER_VISIT,
        does=Open("run_out"),
    ),
    ControlRule(
        "missed_first",
        "Ask whether all is well, and offer a new time",
        due=after("opened", "recovery_first"),
        useful_until=after("opened", hours(20)),  # the next morning, if it is late
        states=frozenset({RECOVERING}),
        quiet="after_visit_hours",
        does=Tell("missed_you"),
        when=was_missed,
        rank=1,
    ),
    ControlRule(
        "recovery_second",
        "Offer a new time once more",
        due=after("opened", "recovery_second"),
        useful_until=after("opened", "recovery_until"),
        states=frozenset({RECOVERING}),
        does=Tell("rebook_offer", purpose="marketing"),
        when=is_offered_again,
        quiet="asking_hours",
        rank=2,
        gives_way=True,
    ),
    ControlRule(
        "recovery_third",
        "Offer a new time for the last time",
        due=after("opened", "recovery_third"),
        useful_until=after("opened", "recovery_until"),
        states=frozenset({RECOVERING}),
        does=Tell("rebook_offer", purpose="marketing"),
        when=is_offered,
        quiet="asking_hours",
        rank=3,
        gives_way=True,
    ),
    ControlRule(
        "recovery_end",
        "End the recovery: no new visit came of it",
        due=after("opened", "recovery_until"),
        useful_until=None,
        states=frozenset({RECOVERING}),
        does=Open("not_recovered"),
    ),
)

# Tables: one row a line or two, read across.
# fmt: off
ESCALATIONS = (
    EscalationRule(
        "COMPLAINT", "owner", hours(4), "The customer says that something was not right.",
        "Call the customer, and write down what was agreed.", note_means="settled",
    ),
    EscalationRule(
        "REPLY", "front_desk", hours(4), "The customer has answered.",
        "Read it and answer; nothing more is sent by itself.",
    ),
    EscalationRule(
        "MISSED_AGAIN", "front_desk", hours(24), "The second visit in a row was missed.",
        "Call the customer; agree on a deposit if that helps. Nobody is banned by a rule.",
    ),
    EscalationRule(
        "REBOOK_BY_HAND", "front_desk", hours(4), "We gave back this customer's time ourselves.",
        "Call with a new time before anybody else gets it.",
    ),
)

RULES = (
    # How a case begins
    Rule("visit_completed", NEW, to=OPEN),
    Rule("visit_lost", NEW, to=RECOVERING, raises=to_a_person),
    # What became of a message
    Rule("message_accepted", frozenset({OPEN}), only=asks_how_it_went, then=("checked",)),
    Rule("message_accepted", AFTER_VISIT, only=suggests, then=("suggested",)),
    Rule("message_accepted", ANY),
    Rule("message_delivered", ANY),
    Rule("message_doubtful", ANY),
    Rule("message_delayed", ANY),
    Rule("message_failed", ANY),
    Rule("message_expired", ANY),
    Rule("message_incomplete", ANY),
    Rule("checked", frozenset({OPEN}), to=CHECKED),
    Rule("suggested", frozenset({OPEN, CHECKED}), to=NEXT_STEP),
    # What the customer says
    # Whatever they say, and whenever: it is kept, and a complaint reaches a person.
    Rule("went_well", ANY, sets=notes_words, asked=True),
    Rule("went_badly", WAITING, to=COMPLAINT, sets=notes_words, raises=complains, asked=True),
    Rule("went_badly", frozenset({CLOSED}), to=COMPLAINT, sets=notes_words, raises=complains,
         asked=True),
    Rule("went_badly", frozenset({COMPLAINT}), sets=notes_words, raises=complains, asked=True),
    Rule("replied", WAITING, to=CLOSED, sets=ends("replied"), raises=answers, asked=True),
    Rule("declined", WAITING, to=CLOSED, sets=ends("declined"), asked=True),
    # Whatever they say later is kept as well, and what they write is read.
    Rule("replied", frozenset({COMPLAINT, CLOSED}), sets=keeps_words, raises=answers, asked=True),
    Rule("declined", frozenset({COMPLAINT, CLOSED}), sets=keeps_words, asked=True),
    Rule("opted_out", WAITING, only=refuses_suggestions, to=CLOSED, sets=ends("opted out"),
         resolves=("MISSED_AGAIN",)),
    # What happens elsewhere
    Rule("visit_booked", frozenset({RECOVERING}), to=CLOSED, sets=ends("recovered"),
         resolves=("*",)),
    Rule("visit_booked", frozenset({NEXT_STEP}), to=CLOSED, sets=ends("booked again")),
    Rule("visit_booked", frozenset({OPEN, CHECKED}), sets=books_again),
    Rule("visit_booked_nearby", WAITING, sets=lambda case, event: {"booked_nearby": True}),
    Rule("complained_elsewhere", WAITING, sets=hears_complaint),
    Rule("complaint_settled", WAITING, sets=lambda case, event: {"complained": False}),
    Rule("outcome_withdrawn", WAITING | {COMPLAINT}, to=CLOSED, sets=ends("outcome corrected"),
         resolves=("MISSED_AGAIN", "REBOOK_BY_HAND")),
    Rule("contact_changed", ANY, sets=lambda case, event: {"channels": event.data["channels"]}),
    Rule("policy_changed", ANY),
    # How it ends
    Rule("run_out", AFTER_VISIT, to=CLOSED, sets=ends("run out")),
    Rule("not_recovered", frozenset({RECOVERING}), to=CLOSED, sets=ends("not recovered")),
    Rule("settled", frozenset({COMPLAINT}), to=CLOSED, sets=ends("complaint settled")),
    # The outcome was corrected meanwhile; the others wait for this all the same.
    Rule("settled", frozenset({CLOSED})),
)
# fmt: on

FOLLOW_UP = Path(
    name="follow_up",
    title="From an outcome to the next step",
    states=STATES,
    rules=RULES,
    controls=CONTROLS,
    escalations=ESCALATIONS,
    announces={
        "visit_lost": "visit_given_back",
        "went_badly": "complained_elsewhere",
        "settled": "complaint_settled",
    },
    announces_nearby={
        "visit_lost": "visit_given_back",
        "went_badly": "complained_elsewhere",
        "settled": "complaint_settled",
    },
    receives={
        "completed": "visit_completed",
        "missed_by_customer": "visit_lost",
        "missed_by_business": "visit_lost",
        "cancelled_by_customer": "visit_lost",
        "cancelled_by_business": "visit_lost",
    },
)
