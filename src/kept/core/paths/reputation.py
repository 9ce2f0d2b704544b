"""The Reputation path: one and the same ask for a review, to everybody who was served.

    ELIGIBLE -> ASKED -> CLOSED                     after a visit that took place
    HELD (a complaint is open), UNREADY (there is no link yet) stand in its way for a while
    ANSWERING -> CLOSED                             a review was seen; a person replies in public

Who is asked is decided by what somebody saw of the visit and by nothing the customer said about
it. A complaint delays the ask and never prevents it; the answer to "how did it go" is not known
here at all. Left out are: whom nobody saw, staff and their families, who was asked a short time
ago, and who does not want to be asked. Each of these is the result of a case, and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kept.core.case import Case, Event, Facts, Status
from kept.core.path import (
    ControlRule,
    EscalationRule,
    Open,
    Path,
    Rule,
    Settle,
    State,
    Tell,
    after,
)
from kept.core.time import hours

ELIGIBLE, ASKED, HELD, UNREADY = "eligible", "asked", "held", "unready"
ANSWERING, CLOSED = "answering", "closed"

NEW = frozenset({""})
BEFORE = frozenset({ELIGIBLE, HELD, UNREADY})
WAITING = BEFORE | {ASKED}
ANY = WAITING | {ANSWERING, CLOSED}

Noting = Callable[[Case, Event], Facts]

ASK, REMINDER = "review_ask", "review_reminder"

STATES = (
    State(ELIGIBLE, "stage", "The visit took place; the ask for a review is to come.", waits=True),
    State(ASKED, "stage", "We asked for a review.", waits=True),
    State(HELD, "exception", "A complaint is open; the ask waits, 14 days at most.", waits=True),
    State(UNREADY, "exception", "No review page is set up that could be named.", waits=True),
    State(ANSWERING, "exception", "A review was seen; a person replies to it.", waits=True),
    State(CLOSED, "closed", "Nothing more is asked.", waits=False),
)


# What a control or a rule may ask. Each looks at the case and answers; none acts. None of them
# looks at what the customer said of the visit: that must not decide who is asked (FTC guide on
# soliciting reviews; Google Maps, fake engagement).


LEFT_OUT = (
    ("assumed", "nobody saw the visit"),
    ("insider", "insider"),
    ("asked_recently", "asked recently"),
)
"""What leaves somebody out, and what is said of it; the first that holds."""


def why_left_out(case: Case) -> str:
    """Why this visit is not asked about; "" when it is."""
    if "review" in case.not_to_write:
        return "refused"
    return next((says for fact, says in LEFT_OUT if case.facts.get(fact)), "")


def is_left_out(case: Case, now: datetime) -> bool:
    return bool(why_left_out(case))


def has_no_link(case: Case, now: datetime) -> bool:
    return not case.facts.get("links")


def holds(case: Case) -> bool:
    """A complaint is open, and not so long that we ask anyway."""
    return bool(case.facts.get("complained")) and not case.facts.get("held_long")


def is_held(case: Case, now: datetime) -> bool:
    return holds(case)


def is_answered(case: Case, now: datetime) -> bool:
    return not case.escalations


def follows_a_visit(case: Case) -> bool:
    """The case is about a visit (and not about a review that was seen)."""
    return not case.facts.get("review")


def is_to_be_asked(case: Case) -> bool:
    """Somebody saw the visit, a review page is set up, no complaint holds the ask, and the customer
    is no insider, was not asked recently and has not refused."""
    ready = follows_a_visit(case) and bool(case.facts.get("links"))
    return ready and not why_left_out(case) and not holds(case)


def may_be_reminded(case: Case) -> bool:
    """A review page is still set up."""
    return bool(case.facts.get("links"))


def is_ask(event: Event) -> bool:
    return event.data.get("control") == ASK


def is_bad(event: Event) -> bool:
    return bool(event.data.get("bad"))


def is_about_reviews(event: Event) -> bool:
    return event.data.get("wish") in {"review", "contact"}


def has_links(event: Event) -> bool:
    return bool(event.data.get("links"))


def fact(name: str, value: object = True) -> Noting:
    def note(case: Case, event: Event) -> Facts:
        return {name: value}

    return note


def ends(result: str) -> Noting:
    """What the case says of its end."""
    return fact("result", result)


def ends_left_out(case: Case, event: Event) -> Facts:
    return {"result": why_left_out(case)}


def ends_unasked(case: Case, event: Event) -> Facts:
    """Why nobody was asked although nothing left them out."""
    if case.is_switched_off:
        return {"result": "switched off"}
    ask = next((each for each in case.controls if each.name == ASK), None)
    if not case.facts.get("links"):
        return {"result": "no link"}
    if not case.facts.get("channels"):
        return {"result": "no address"}
    failed = ask is not None and ask.status is Status.FAILED
    return {"result": "not delivered" if failed else "not in time"}


def notes_links(case: Case, event: Event) -> Facts:
    return {"links": bool(event.data.get("links"))}


def notes_click(case: Case, event: Event) -> Facts:
    return {"clicks": int(str(case.facts.get("clicks") or 0)) + 1}


def ends_clicked(case: Case, event: Event) -> Facts:
    return {**notes_click(case, event), "result": "clicked"}


def to_a_person(case: Case, event: Event) -> tuple[str, ...]:
    """Every review is answered; behind a bad one stands a visit that can be put right."""
    return ("REVIEW_REPLY", "REVIEW_RECOVERY") if event.data.get("bad") else ("REVIEW_REPLY",)


def asks_who_it_was(case: Case, event: Event) -> tuple[str, ...]:
    return ("WRONG_PERSON",)


CONTROLS = (
    ControlRule(
        ASK,
        "Ask for a review",
        due=after("clear", "review_ask"),
        useful_until=after("opened", "review_until"),
        states=frozenset({ELIGIBLE}),
        does=Tell("review_ask", purpose="review"),
        when=is_to_be_asked,
        quiet="asking_hours",
        gives_way=True,
    ),
    ControlRule(
        "review_hold",
        "Ask although the complaint is still open",
        due=after("opened", "review_hold"),
        useful_until=None,
        states=frozenset({HELD}),
        does=Open("hold_over"),
    ),
    ControlRule(
        "review_end",
        "Give up asking",
        due=after("opened", "review_until"),
        useful_until=None,
        states=BEFORE,
        does=Open("not_asked"),
        when=follows_a_visit,
    ),
    ControlRule(
        REMINDER,
        "Ask once more, for the last time",
        due=after("asked", "review_reminder"),
        useful_until=after("asked", hours(13 * 24)),
        states=frozenset({ASKED}),
        does=Tell("review_reminder", purpose="review"),
        when=may_be_reminded,
        quiet="asking_hours",
        gives_way=True,
    ),
    ControlRule(
        "review_wait",
        "End the waiting for a review",
        due=after("asked", hours(30 * 24)),
        useful_until=None,
        states=frozenset({ASKED}),
        does=Open("no_answer"),
    ),
)

# Tables: one row a line or two, read across.
# fmt: off
ESCALATIONS = (
    EscalationRule(
        "REVIEW_REPLY", "front_desk", hours(14 * 24), "A review was seen, and nobody has replied.",
        "Thank, and answer what was said, in public where it stands. Offer nothing for a change.",
        no_later_than="reply_by",
    ),
    EscalationRule(
        "REVIEW_RECOVERY", "owner", hours(14 * 24), "A review says that something was not right.",
        "Find out what happened and put it right; never offer anything for changing the review.",
        no_later_than="reply_by", note_means="put_right",
    ),
    EscalationRule(
        "WRONG_PERSON", "front_desk", hours(24), "Who was asked says that they were not here.",
        "See whose visit it was, and correct the outcome or the address.",
    ),
)

RULES = (
    # How a case begins
    Rule("visit_completed", NEW, to=ELIGIBLE, anchor="clear"),
    Rule("review_seen", NEW, to=ANSWERING, only=is_bad, raises=to_a_person,
         then=("review_complained",)),
    Rule("review_seen", NEW, to=ANSWERING, raises=to_a_person),
    # Where its visit is known it is a complaint like any other, until somebody has put it right.
    Rule("review_complained", frozenset({ANSWERING})),
    Rule("put_right", frozenset({ANSWERING, CLOSED})),
    # What became of a message
    Rule("message_accepted", BEFORE, only=is_ask, then=("asked",)),
    Rule("message_doubtful", BEFORE, only=is_ask, then=("asked",)),
    Rule("message_accepted", frozenset({CLOSED}), only=is_ask, sets=fact("asked"),
         anchor="asked"),
    Rule("message_doubtful", frozenset({CLOSED}), only=is_ask, sets=fact("asked"),
         anchor="asked"),
    Rule("message_accepted", ANY),
    Rule("message_delivered", ANY),
    Rule("message_doubtful", ANY),
    Rule("message_delayed", ANY),
    Rule("message_failed", ANY),
    Rule("message_expired", ANY),
    Rule("message_incomplete", ANY),
    Rule("asked", BEFORE, to=ASKED, anchor="asked", sets=fact("asked")),
    # What stands in its way, and no longer does
    Rule("left_out", BEFORE, to=CLOSED, sets=ends_left_out),
    Rule("link_missing", frozenset({ELIGIBLE}), to=UNREADY),
    Rule("links_changed", frozenset({UNREADY}), to=ELIGIBLE, only=has_links, sets=notes_links),
    Rule("links_changed", WAITING, sets=notes_links),
    Rule("held", frozenset({ELIGIBLE}), to=HELD),
    Rule("complained_elsewhere", BEFORE, sets=fact("complained")),
    Rule("complaint_settled", frozenset({HELD}), to=ELIGIBLE, anchor="clear",
         sets=fact("complained", False)),
    Rule("complaint_settled", BEFORE, sets=fact("complained", False)),
    # Money given back is seen to for a day before anything is asked: the ask waits its time anew.
    Rule("refunded_elsewhere", BEFORE, anchor="clear"),
    Rule("hold_over", frozenset({HELD}), to=ELIGIBLE, sets=fact("held_long")),
    Rule("asked_elsewhere", BEFORE, sets=fact("asked_recently")),
    Rule("marked_insider", BEFORE, sets=fact("insider")),
    Rule("marked_insider", frozenset({ASKED}), to=CLOSED, sets=ends("insider")),
    Rule("opted_out", BEFORE, only=is_about_reviews, to=CLOSED, sets=ends("refused")),
    Rule("opted_out", frozenset({ASKED}), only=is_about_reviews, to=CLOSED, sets=ends("refused")),
    # What the customer does with it
    Rule("clicked", frozenset({ASKED}), to=CLOSED, sets=ends_clicked, asked=True),
    Rule("clicked", frozenset({CLOSED}), sets=notes_click, asked=True),
    Rule("review_declined", frozenset({ASKED}), to=CLOSED, sets=ends("rather not"), asked=True),
    Rule("wrong_person", frozenset({ASKED}), to=CLOSED, sets=ends("wrong person"),
         raises=asks_who_it_was, asked=True),
    Rule("reviewed", WAITING, to=CLOSED, sets=ends("reviewed")),
    # What happens elsewhere
    Rule("outcome_withdrawn", BEFORE, to=CLOSED, sets=ends("outcome corrected")),
    Rule("outcome_withdrawn", frozenset({ASKED}), to=CLOSED,
         sets=ends("outcome corrected after asking")),
    Rule("contact_changed", ANY, sets=lambda case, event: {"channels": event.data["channels"]}),
    Rule("policy_changed", ANY),
    # How it ends
    Rule("not_asked", BEFORE, to=CLOSED, sets=ends_unasked),
    Rule("no_answer", frozenset({ASKED}), to=CLOSED, sets=ends("no answer")),
    Rule("answered", frozenset({ANSWERING}), to=CLOSED, sets=ends("answered")),
    Rule("review_withdrawn", frozenset({ANSWERING}), to=CLOSED, sets=ends("withdrawn"),
         resolves=("*",)),
)

SETTLES = (
    *(Settle(state, is_left_out, "left_out") for state in (ELIGIBLE, HELD, UNREADY)),
    Settle(ELIGIBLE, has_no_link, "link_missing"),
    Settle(ELIGIBLE, is_held, "held"),
    Settle(ANSWERING, is_answered, "answered"),
)
# fmt: on

# By whoever reads the same mailbox, like by themselves.
HEARD_THERE = {
    "asked": "asked_elsewhere",
    "review_complained": "complained_elsewhere",
    "put_right": "complaint_settled",
    "review_withdrawn": "complaint_settled",
}

REPUTATION = Path(
    name="reputation",
    title="From a visit to a review",
    states=STATES,
    rules=RULES,
    controls=CONTROLS,
    escalations=ESCALATIONS,
    settles=SETTLES,
    announces=HEARD_THERE,
    announces_nearby=HEARD_THERE,
    receives={"completed": "visit_completed"},
)
