"""The Reactivation path: from a completed visit to the next one, or to silence.

    DUE_SET -> DUE -> OVERDUE -> LAPSED -> CLOSED
    with SNOOZED, where the customer named a later day themselves, and PAUSED, while a visit is
    booked or a complaint is open.

A case belongs to one completed visit, and a person has one open case of this path: the newest visit
says when they are due. The states follow the calendar and not the letters, so that the desk sees
who is due whether or not they may be written to, and who is held out is counted like everybody.

An invitation asks for something new: it needs the person's agreement. A recall of a service that is
due by medicine or by contract belongs to that service and needs none. Neither goes to somebody who
has refused. An answer or a no ends it at once; a visit booked, by whoever reads the same mailbox,
and a complaint stop it until that is over. A visit that took place is another case; one that did
not leaves its person due again, once nobody else asks any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from kept.core.case import Case, Event, Facts
from kept.core.path import (
    ControlRule,
    EscalationRule,
    Moment,
    Open,
    Path,
    Rule,
    Settle,
    State,
    Tell,
    after,
    at,
    before,
)
from kept.core.time import CalendarDays, hours
from kept.core.time import after as counted
from kept.core.wishes import refuses_suggestions

DUE_SET, DUE, OVERDUE = "due_set", "due", "overdue"
SNOOZED, PAUSED, LAPSED, CLOSED = "snoozed", "paused", "lapsed", "closed"

NEW = frozenset({""})
ASKING = frozenset({DUE_SET, DUE, OVERDUE})
WALKING = ASKING | {SNOOZED, LAPSED}
WAITING = WALKING | {PAUSED}
ANY = WAITING | {CLOSED}

LONGEST_SNOOZE = timedelta(days=400)

STATES = (
    State(DUE_SET, "stage", "The next visit has its day; it is not yet time to ask.", waits=True),
    State(DUE, "stage", "The next visit is due about now.", waits=True),
    State(OVERDUE, "stage", "The day has passed without a visit.", waits=True),
    State(SNOOZED, "exception", "The customer wants to be asked later.", waits=True),
    State(
        PAUSED,
        "exception",
        "A visit is booked or a complaint is open; nothing is asked.",
        waits=True,
    ),
    State(LAPSED, "exception", "Nobody came; at most one letter a year.", waits=True),
    State(CLOSED, "closed", "Nothing more is sent.", waits=False),
)


# What a control or a rule may ask. Each looks at the case and answers; none acts.


def has_day(case: Case) -> bool:
    """There is a day on which the next visit is due, and nothing else stood against asking."""
    return not case.facts.get("why_not")


def may_be_invited(case: Case) -> bool:
    """The customer has agreed to letters that ask for something new, and is not held out."""
    wanted = _may_be_asked(case) and bool(case.facts.get("agreed"))
    return wanted and not case.facts.get("held_out")


def is_recalled(case: Case) -> bool:
    """The service is due by medicine or by contract."""
    return _may_be_asked(case) and bool(case.facts.get("recall"))


def _may_be_asked(case: Case) -> bool:
    return has_day(case) and not case.facts.get("refused")


def may_go_on(case: Case) -> bool:
    """No complaint is open, and the outcome of every visit they booked is known."""
    return not case.facts.get("complained") and not booked(case)


def still_waits(case: Case) -> bool:
    """A complaint is open, or the outcome of a visit they booked is not known."""
    return not may_go_on(case)


def nth_invitation(number: int) -> Callable[[Case], bool]:
    """The predicate of the `number`-th invitation of a case."""

    def predicate(case: Case) -> bool:
        if case.facts.get("recall") or not may_be_invited(case):
            return False
        earlier = int(str(case.facts.get("letters_before") or 0))
        return earlier + number <= case.policy.invitations_a_year

    predicate.__doc__ = "It is no recall; the customer has agreed, is not held out, and not tired."
    return predicate


def invites_as_asked(case: Case) -> bool:
    """It is no recall, and the customer has agreed; whom chance held out has now asked."""
    wanted = _may_be_asked(case) and bool(case.facts.get("agreed"))
    return wanted and not case.facts.get("recall")


def still_fresh(case: Case) -> bool:
    """The customer may be invited, and what they agreed to will not be too old by then."""
    if case.state != LAPSED or not may_be_invited(case):
        return False
    zone, said = ZoneInfo(case.zone), datetime.fromisoformat(str(case.facts["agreed_at"]))
    again = counted(case.anchors["lapsed"], case.policy.invitation_yearly, zone)
    return again <= counted(said, case.policy.agreement_fresh, zone)


def has_nothing_planned(case: Case, now: datetime) -> bool:
    return not any(control.status == "planned" for control in case.controls)


def is_not_wanted(event: Event) -> bool:
    return bool(event.data.get("why_not"))


def asks(event: Event) -> bool:
    return str(event.data.get("control", "")).startswith(("invitation", "recall"))


def asks_of_the_year(event: Event) -> bool:
    return event.data.get("control") == "invitation_yearly"


def waits_from_the_start(event: Event) -> bool:
    return bool(event.data.get("paused"))


def rounds(case: Case) -> int:
    """How often the calendar began: each time somebody is due again it does so anew."""
    return int(str(case.facts.get("rounds") or 1))


def is_replaced(case: Case, now: datetime) -> bool:
    return bool(case.facts.get("replaced_by"))


# Whom a visit keeps from being asked, and until when. One of their own does until its outcome is
# known, one of whoever reads the same mailbox until it is over.


def booked(case: Case) -> frozenset[str]:
    """The person's own visits whose outcome is not known, by appointment."""
    return frozenset(cast(Iterable[str], case.facts.get("booked") or ()))


def over_at(case: Case) -> Mapping[str, str]:
    """When visits are over that are not waited for: of others, or given back."""
    return cast(Mapping[str, str], case.facts.get("over_at") or {})


def waits_for_visit(case: Case, event: Event) -> Facts:
    return {"booked": sorted(booked(case) | {str(event.data["about"])})}


def waits_for_others(case: Case, event: Event) -> Facts:
    """A recall belongs to a visit of the person's own, and waits for those alone."""
    if case.facts.get("recall"):
        return {}
    over = {**over_at(case), str(event.data["about"]): str(event.data["end"])}
    return {"over_at": over, "waits_for_others": True}


def is_to_wait(case: Case, now: datetime) -> bool:
    return bool(case.facts.get("waits_for_others"))


def gives_back(case: Case, event: Event) -> Facts:
    about = str(event.data["about"])
    over = {**over_at(case), about: event.at.isoformat()}
    return {"booked": sorted(booked(case) - {about}), "over_at": over}


def settles_complaint(case: Case, event: Event) -> Facts:
    return {"complained": False}


def when_over(case: Case, event: Event) -> datetime:
    """When nobody else asks any more: the recovery of a visit that did not take place has its time,
    and so has whoever has just complained."""
    ends = [datetime.fromisoformat(end) for end in over_at(case).values()]
    return counted(max([*ends, event.at]), case.policy.offset("recovery_until"), _zone(case))


def due_again(case: Case, event: Event) -> datetime:
    """The day it was due, or the first on which there is time left for a first invitation; not
    before the day the customer named."""
    named = max(event.at, case.anchors.get("asked_for", event.at))
    tomorrow = counted(named, CalendarDays(1, time(0)), _zone(case))
    first = counted(tomorrow, case.policy.invitation_first, _zone(case))
    return max(case.anchors["due"], first)


def begins_again(case: Case, event: Event) -> Facts:
    return {"rounds": rounds(case) + 1, "over_at": {}, "waits_for_others": False}


def may_be_replaced(case: Case, event: Event) -> Facts:
    """By a visit later than the one that began this case."""
    later = datetime.fromisoformat(str(event.data["start"])) > case.anchors["visit"]
    return {"replaced_by": event.data["about"]} if later else {}


def ends_replaced(case: Case, event: Event) -> Facts:
    """They came: because they had booked, or just so."""
    by = str(event.data.get("about") or case.facts["replaced_by"])
    return {"replaced_by": by, "result": "booked" if by in booked(case) else "newer visit"}


def ends_unsettled(case: Case, event: Event) -> Facts:
    return {"result": "complaint" if case.facts.get("complained") else "booked"}


def opens_again(case: Case, event: Event) -> Facts:
    """The visit that took the place of this one was none."""
    return {**gives_back(case, event), "replaced_by": "", "result": ""}


def snoozes(case: Case) -> int:
    return int(str(case.facts.get("snoozes") or 0))


def years(case: Case) -> int:
    """Which yearly letter comes next."""
    return int(str(case.facts.get("years") or 0)) + 1


def day_asked_for(case: Case, event: Event) -> datetime:
    return datetime.fromisoformat(str(event.data["until"]))


def why_not_then(case: Case, event: Event, now: datetime) -> str | None:
    """Somebody may be asked later, and not for ever. Before a day is named nothing is refused."""
    if "until" not in event.data:
        return None
    until = day_asked_for(case, event)
    if now < until <= now + LONGEST_SNOOZE:
        return None
    return f"The day to ask again lies ahead, and within {LONGEST_SNOOZE.days} days."


# How letters keep their distance: a moment before which each may not go.

IN_ORDER = ("first", "second", "third")


def begins(case: Case, event: Event) -> Facts:
    """While the follow-up of the visit may still ask, nothing is asked here."""
    if not case.facts.get("follow_up"):
        return {}
    ends = counted(case.anchors["opened"], case.policy.offset("follow_up_until"), _zone(case))
    return _not_before(case, ends, IN_ORDER)


def keeps_distance(case: Case, event: Event) -> Facts:
    """What comes after this letter waits its full time, however late this one went."""
    _, _, which = str(event.data["control"]).partition("_")
    later = IN_ORDER[IN_ORDER.index(which) + 1 :] if which in IN_ORDER else ()
    gap = case.policy.gap("invitation_gap").delta
    return _not_before(case, event.at + gap, later)


def _not_before(case: Case, earliest: datetime, which: tuple[str, ...]) -> Facts:
    gap = case.policy.gap("invitation_gap").delta
    names = [(f"invitation_{each}", f"recall_{each}") for each in which] + [("lapses",)]
    moments = {
        name: (earliest + gap * place).isoformat()
        for place, together in enumerate(names)
        for name in together
    }
    before = case.put_off
    latest = {name: max(moment, before.get(name, "")) for name, moment in moments.items()}
    return {"put_off": {**before, **latest}}


def _zone(case: Case) -> ZoneInfo:
    return ZoneInfo(case.zone)


# What the case says of itself.


def ends(result: str) -> Callable[[Case, Event], Facts]:
    """What the case says of its end."""

    def note(case: Case, event: Event) -> Facts:
        return {"result": result}

    return note


def ends_at_once(case: Case, event: Event) -> Facts:
    return {"result": event.data["why_not"]}


def notes_gone(case: Case, event: Event) -> Facts:
    return {"result": "gone", "gone": str(event.data.get("words", ""))}


def agrees(case: Case, event: Event) -> Facts:
    return {"agreed": True, "agreed_at": event.at.isoformat(), "refused": False}


def goes_to_sleep(case: Case, event: Event) -> Facts:
    return {"snoozes": snoozes(case) + 1}


def counts_the_year(case: Case, event: Event) -> Facts:
    return {"years": years(case)}


def answers(case: Case, event: Event) -> tuple[str, ...]:
    """Somebody wrote back: nothing more is sent by itself, and a person reads it."""
    return ("REPLY",)


def letter(
    name: str,
    says: str,
    due: Moment,
    until: Moment | None,
    states: frozenset[str],
    when: Callable[[Case], bool],
    *,
    rank: int = 0,
    run: Callable[[Case], int] | None = None,
) -> ControlRule:
    """A letter of this path: kept out of the night, and never two for one person on a day."""
    recall = name.startswith("recall")
    return ControlRule(
        name,
        says,
        due,
        until,
        states,
        does=Tell("recall") if recall else Tell("invitation", purpose="marketing"),
        when=when,
        quiet="after_visit_hours" if recall else "asking_hours",
        rank=rank,
        run=run,
        gives_way=True,
    )


# fmt: off
CONTROLS = (
    ControlRule("falls_due", "Begin to ask: the next visit is due soon",
                before("due", "invitation_first"), None,
                frozenset({DUE_SET}), Open("fell_due"), has_day, run=rounds),
    letter("invitation_first", "Invite to the next visit",
           before("due", "invitation_first"), after("due", "invitation_second"),
           ASKING, nth_invitation(1), rank=1),
    letter("recall_first", "Say that the next visit is due",
           before("due", "invitation_first"), after("due", "invitation_second"),
           ASKING, is_recalled, rank=1),
    ControlRule("becomes_overdue", "The day has passed without a visit",
                after("due", "invitation_second"), None,
                frozenset({DUE}), Open("became_overdue"), has_day, run=rounds),
    letter("invitation_second", "Invite once more",
           after("due", "invitation_second"), after("due", "invitation_third"),
           ASKING, nth_invitation(2), rank=2),
    letter("recall_second", "Say once more that it is due",
           after("due", "invitation_second"), after("due", "invitation_third"),
           ASKING, is_recalled, rank=2),
    letter("invitation_third", "Invite for the last time",
           after("due", "invitation_third"), after("due", "lapses_after"),
           ASKING, nth_invitation(3), rank=3),
    letter("recall_third", "Say for the last time that it is due",
           after("due", "invitation_third"), after("due", "lapses_after"),
           ASKING, is_recalled, rank=3),
    ControlRule("lapses", "Stop asking: nobody came",
                after("due", "lapses_after"), None, ASKING, Open("lapsed"), has_day, run=rounds),
    # While a visit is ahead or a complaint is open
    ControlRule("pause_ends", "Begin to ask again: the visit is over, and nobody else asks",
                at("resumes"), None, frozenset({PAUSED}), Open("resumed"), may_go_on, run=rounds),
    ControlRule("patience_ends", "Give up: nobody has settled it, or said what became of it",
                after("resumes", hours(400 * 24)), None,
                frozenset({PAUSED}), Open("waited_in_vain"), still_waits, run=rounds),
    # Where the customer named the day
    letter("invitation_as_asked", "Invite on the day the customer named",
           at("asked_for"), after("asked_for", hours(30 * 24)),
           frozenset({SNOOZED}), invites_as_asked, run=snoozes),
    letter("recall_as_asked", "Say that it is due on the day the customer named",
           at("asked_for"), after("asked_for", hours(30 * 24)),
           frozenset({SNOOZED}), is_recalled, run=snoozes),
    ControlRule("snooze_ends", "Stop asking: nobody came after the day the customer named",
                after("asked_for", hours(30 * 24)), None,
                frozenset({SNOOZED}), Open("lapsed"), run=snoozes),
    # Long afterwards
    letter("invitation_yearly", "Invite once a year",
           after("lapsed", "invitation_yearly"), None,
           frozenset({LAPSED}), still_fresh, run=years),
)

ESCALATIONS = (
    EscalationRule(
        "REPLY", "front_desk", hours(4), "The customer has answered.",
        "Read it and answer; nothing more is sent by itself.",
    ),
)

RULES = (
    # How a case begins
    Rule("visit_completed", NEW, to=CLOSED, only=is_not_wanted, sets=ends_at_once),
    Rule("visit_completed", NEW, to=PAUSED, only=waits_from_the_start, sets=begins,
         anchor="resumes", moment=when_over),
    Rule("visit_completed", NEW, to=DUE_SET, sets=begins),
    Rule("enquiry_fell_silent", NEW, to=CLOSED, only=is_not_wanted, sets=ends_at_once),
    Rule("enquiry_fell_silent", NEW, to=DUE_SET),
    # What became of a message
    Rule("message_accepted", frozenset({LAPSED}), only=asks_of_the_year, sets=counts_the_year,
         anchor="lapsed"),
    Rule("message_accepted", ASKING, only=asks, sets=keeps_distance),
    Rule("message_accepted", ANY),
    Rule("message_delivered", ANY),
    Rule("message_doubtful", ANY),
    Rule("message_delayed", ANY),
    Rule("message_failed", ANY),
    Rule("message_expired", ANY),
    Rule("message_incomplete", ANY),
    # What the calendar says
    Rule("fell_due", frozenset({DUE_SET}), to=DUE),
    Rule("became_overdue", frozenset({DUE}), to=OVERDUE),
    Rule("lapsed", ASKING | {SNOOZED}, to=LAPSED, anchor="lapsed"),
    Rule("resumed", frozenset({PAUSED}), to=DUE_SET, sets=begins_again, anchor="due",
         moment=due_again),
    Rule("waited_in_vain", frozenset({PAUSED}), to=CLOSED, sets=ends_unsettled),
    Rule("fell_silent", frozenset({LAPSED}), to=CLOSED, sets=ends("lapsed")),
    # What the customer says, or the desk for them
    Rule("snoozed", WALKING, to=SNOOZED, guard=why_not_then, sets=goes_to_sleep,
         anchor="asked_for", moment=day_asked_for, asked=True),
    Rule("snoozed", frozenset({PAUSED}), guard=why_not_then, sets=goes_to_sleep,
         anchor="asked_for", moment=day_asked_for, asked=True),
    Rule("declined", WAITING, to=CLOSED, sets=ends("declined"), asked=True),
    Rule("replied", WAITING, to=CLOSED, sets=ends("replied"), raises=answers, asked=True),
    Rule("gone", WAITING, to=CLOSED, sets=notes_gone, asked=True),
    Rule("opted_out", WAITING, only=refuses_suggestions, to=CLOSED, sets=ends("opted out")),
    Rule("agreed", WAITING, sets=agrees),
    # What happens elsewhere
    Rule("visit_booked", WAITING, to=PAUSED, sets=waits_for_visit, anchor="resumes",
         moment=when_over),
    Rule("visit_booked_nearby", WALKING, sets=waits_for_others),
    Rule("visit_booked_nearby", frozenset({PAUSED}), sets=waits_for_others, anchor="resumes",
         moment=when_over),
    Rule("paused", WALKING, to=PAUSED, sets=lambda case, event: {"waits_for_others": False},
         anchor="resumes", moment=when_over),
    Rule("visit_given_back", frozenset({PAUSED}), sets=gives_back, anchor="resumes",
         moment=when_over),
    Rule("visit_took_place", WAITING, sets=may_be_replaced),
    Rule("newer_visit_withdrawn", frozenset({CLOSED}), to=PAUSED, sets=opens_again,
         anchor="resumes", moment=when_over),
    # Who was not yet asked anything has answered nothing by it.
    *(Rule("enquired_elsewhere", those, to=CLOSED, sets=ends("replied"))
      for those in (frozenset({DUE, OVERDUE}), frozenset({SNOOZED}), frozenset({LAPSED}))),
    Rule("visited_since", WAITING, to=CLOSED, sets=ends_replaced),
    Rule("complained_elsewhere", WAITING, to=PAUSED, sets=lambda case, event: {"complained": True},
         anchor="resumes", moment=when_over),
    Rule("complaint_settled", frozenset({PAUSED}), sets=settles_complaint, anchor="resumes",
         moment=when_over),
    Rule("outcome_withdrawn", WAITING, to=CLOSED, sets=ends("outcome corrected")),
    Rule("contact_changed", ANY, sets=lambda case, event: {"channels": event.data["channels"]}),
    Rule("policy_changed", ANY),
)
# fmt: on

REACTIVATION = Path(
    name="reactivation",
    title="From a completed visit to the next one",
    states=STATES,
    rules=RULES,
    controls=CONTROLS,
    escalations=ESCALATIONS,
    settles=(
        Settle(LAPSED, has_nothing_planned, "fell_silent"),
        *(Settle(state, is_to_wait, "paused") for state in sorted(WALKING)),
        *(Settle(state.name, is_replaced, "visited_since") for state in STATES if state.waits),
    ),
    receives={"completed": "visit_completed", "stale": "enquiry_fell_silent"},
)
