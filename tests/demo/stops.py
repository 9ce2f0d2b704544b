"""What stops letters, read off the paths: each rule and each refusal that takes planned ones away.

Nothing is listed by hand. A case is put into each state of a path with everything a letter may ask
for, and each rule is followed from there. Where a letter was ahead and is not any more, that is a
stop.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from kept.core.case import Case, Event, Status
from kept.core.path import Moment, Open, Tell, To
from kept.core.paths import PATHS
from kept.core.plan import plan
from kept.core.policy import Policy
from kept.core.wishes import WISHES, not_to_write

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
START = NOW + timedelta(days=2)
MOMENTS = [NOW + timedelta(minutes=1), START - timedelta(hours=2), START + timedelta(minutes=5)]

AHEAD = {
    **dict.fromkeys(("start", "change_until"), START),
    **dict.fromkeys(("end", "close"), START + timedelta(hours=1)),
    "opened": NOW,
    "visit": NOW,
    "due": NOW + timedelta(days=60),
}
WANTED = {
    "channels": ["email"],
    # somebody comes
    "to_prepare": [{"id": "1", "what": "The form", "by": "customer", "due": "20h"}],
    # somebody asks
    "nudging": True,
    # somebody was here, or was not
    "aftercare": True,
    "comes_again": True,
    "recovers": "missed_by_customer",
    "links": True,
    "agreed": True,
    "agreed_at": NOW.isoformat(),
}
KINDS = ({}, {"recall": True})  # facts of which some letters need one, and some the other
SAID = {
    "to": "attended",
    "by": "customer",
    "until": (NOW + timedelta(days=200)).isoformat(),
    "channels": [],
    "links": False,
    "offer": False,
    "item": "1",
    "why_not": "",
    "about": "another visit",
    "start": START.isoformat(),
    "end": (START + timedelta(hours=1)).isoformat(),
}


@dataclass(frozen=True)
class Stop:
    """On this path, in these states, this event takes these letters away (`wish`: what it refuses).

    The event "refused" is no rule of the path: whoever refuses a purpose gets no letter for it.
    """

    path: str
    event: str
    states: frozenset[str]
    wish: str
    letters: frozenset[str]

    def __str__(self):
        wish = f" {self.wish}" if self.wish else ""
        return f"{self.path}: {self.event}{wish} in {', '.join(sorted(self.states))}"


@cache
def stops():
    """Every stop of every path."""
    return [stop for path in PATHS.values() for stop in (*_by_rules(path), *_by_refusal(path))]


def unreached():
    """The letters the probing never saw ahead: it would miss what stops them. What goes out in the
    moment of the event it belongs to is ahead of nothing."""
    at_once = (Moment("opened"), Moment("resolved"), Moment("enquired"))
    return {
        f"{path.name}: {each.name}"
        for path in PATHS.values()
        for each in path.controls
        if isinstance(each.does, Tell)
        and each.due not in at_once
        and not any(each.name in _ahead(path, state) for state in path.waiting)
    }


def _by_rules(path):
    for rule in path.rules:
        if rule.event in _of_itself(path, rule):
            continue
        for wish in WISHES if rule.event == "opted_out" else ("",):
            event = Event(rule.event, NOW, data={**SAID, "wish": wish}, reason="asked to")
            lost = {state: _lost(path, rule, event, state) for state in rule.frm & path.waiting}
            states = frozenset(state for state, letters in lost.items() if letters)
            if states and (rule.only is None or rule.only(event)):
                yield Stop(path.name, rule.event, states, wish, frozenset().union(*lost.values()))


def _of_itself(path, rule):
    """What becomes of a message, what follows from that, and what the calendar says: a case that
    fell silent did so because nothing was planned any more."""
    messages = {each for each in path.rules if each.event.startswith("message_")}
    timed = {each.does.event for each in path.controls if isinstance(each.does, Open)}
    follows = {name for each in messages for name in each.then}
    calendar = set() if rule.asked else timed | {"fell_silent"}
    return {each.event for each in messages} | follows | calendar


def _lost(path, rule, event, state):
    lost = set()
    for now, kind in product(_moments(path), KINDS):
        case = _case(path, state, kind)
        if rule.guard is None or rule.guard(case, event, now) is None:
            lost |= _letters(path, case, now) - _letters(path, _followed(rule, case, event), now)
    return lost


def _followed(rule, case, event):
    """The case after this rule, as far as letters ask for it."""
    to = {To.STAY: case.state, To.NAMED: event.data["to"]}.get(rule.to, rule.to)
    raised = frozenset(rule.raises(case, event)) if rule.raises else frozenset()
    facts = {**case.facts, **(rule.sets(case, event) if rule.sets else {})}
    anchors = dict(case.anchors)
    if rule.anchor:
        anchors[rule.anchor] = rule.moment(case, event) if rule.moment else NOW
    return replace(
        case, state=to, facts=facts, anchors=anchors, escalations=case.escalations | raised
    )


def _by_refusal(path):
    for wish in WISHES:
        refused = {"not_to_write": not_to_write([wish])}
        lost = {state: _ahead(path, state) - _ahead(path, state, refused) for state in path.waiting}
        states = frozenset(state for state, letters in lost.items() if letters)
        if states:
            yield Stop(path.name, "refused", states, wish, frozenset().union(*lost.values()))


def _ahead(path, state, facts=()):
    return set().union(
        *(
            _letters(path, _case(path, state, {**kind, **dict(facts)}), now)
            for now, kind in product(_moments(path), KINDS)
        )
    )


def _moments(path):
    """Only where a time is booked does another moment allow something else."""
    return MOMENTS if "start" in path.counts_from else MOMENTS[:1]


def _case(path, state, facts=()):
    anchors = path.counts_from | {each.due.anchor for each in path.controls}
    known = {**dict.fromkeys(anchors, NOW), "asked_for": START, **AHEAD}
    return Case(path.name, state, "Europe/London", known, Policy(), {**WANTED, **dict(facts)})


def _letters(path, case, now):
    """The letters that still lie ahead."""
    told, planned = _told(path), plan(path, case, now, "probe")
    return {
        each.name
        for each in planned
        if each.name in told and each.status is Status.PLANNED and each.due_at > now
    }


def _told(path):
    return {each.name for each in path.controls if isinstance(each.does, Tell)}
