"""What a path is made of: states, rules, controls, escalations, written as data.

A path file (`core/paths/*.py`) reads like a table made from these; `decide` walks it.
Predicates in a path are small named functions over the case: they look, they never act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from kept.core import time
from kept.core.case import Case, Event, Facts
from kept.core.time import Exactly, Offset
from kept.core.wishes import Purpose

AT_ONCE = Exactly(timedelta(0))
Quiet = Literal["", "quiet_hours", "after_visit_hours", "asking_hours"]
"""The hours a letter keeps to, by the policy's field."""


class To(Enum):
    """Where a rule leads when its target is not a fixed state."""

    STAY = "stay"
    NAMED = "the state named in the event's data under 'to'"


@dataclass(frozen=True, slots=True)
class State:
    """`kind`: *stage* (on the primary path), *exception* (visible, off it), *closed* (gone on)."""

    name: str
    kind: Literal["stage", "exception", "closed"]
    says: str
    waits: bool  # True: something must still happen, so the case may not be left without a duty


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant counted from an anchor of the case: `24h before start`.

    `offset` is an Offset, or the name of a policy field that holds one. `asked` answers the instant
    itself where neither path nor policy but the case says it; its docstring says which it is.
    """

    anchor: str
    offset: Offset | str = AT_ONCE
    side: Literal["before", "after"] = "after"
    asked: Callable[[Case], datetime] | None = None

    def of(self, case: Case) -> datetime:
        """The instant, in UTC."""
        if self.asked is not None:
            return self.asked(case)
        offset = self.offset
        if isinstance(offset, str):
            offset = case.policy.offset(offset)
        shift = time.before if self.side == "before" else time.after
        return shift(case.anchors[self.anchor], offset, ZoneInfo(case.zone))


def at(anchor: str) -> Moment:
    return Moment(anchor)


def before(anchor: str, offset: Offset | str) -> Moment:
    return Moment(anchor, offset, "before")


def after(anchor: str, offset: Offset | str) -> Moment:
    return Moment(anchor, offset, "after")


def asked(moment: Callable[[Case], datetime], anchor: str) -> Moment:
    """The instant that this answers; it counts from that anchor."""
    return Moment(anchor, asked=moment)


@dataclass(frozen=True, slots=True)
class Tell:
    """Post this message to the customer.

    Without a usable channel, `unreachable` is raised instead, unless `needed` says the customer
    knows anyway. `missed` is raised when its time was over before it could be sent, unless another
    message of that kind is still to come.
    `purpose` is what the law and the person distinguish (`wishes`): a *service* message belongs to
    what was booked; a *review* one asks for a public word about it; a *marketing* one asks for
    something new. A person may refuse each.
    """

    message: str
    purpose: Purpose = "service"
    unreachable: str = ""
    needed: Callable[[Case], bool] | None = None
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """Record this event, as if it had happened by itself; it says these things."""

    event: str
    data: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escalate:
    """Raise this escalation, unless `unless` says there is no need."""

    kind: str
    unless: Callable[[Case], bool] | None = None


@dataclass(frozen=True, slots=True)
class ExpireHandOffs:
    """Offered hand-offs that nobody accepted expire, and `kind` is raised."""

    kind: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """Of these kinds of escalation, what is still open is closed: its time is over."""

    kinds: tuple[str, ...]


Duty = Tell | Open | Escalate | ExpireHandOffs | Lapse


@dataclass(frozen=True, slots=True)
class ControlRule:
    """One timed duty: what, when, in which states, and until when it is of use.

    `min_gap`: planned only when due at least this long after the case was opened; otherwise it
    is skipped as booked late. `quiet` names the policy's hours it keeps to ("": it goes at any
    hour). `run` numbers deliberate repetitions. `rank` orders reminders: of several due at once
    only the highest goes.
    `gives_way`: it waits for the next day when another one is written to the person today.
    """

    name: str
    says: str
    due: Moment
    useful_until: Moment | None
    states: frozenset[str]
    does: Duty
    when: Callable[[Case], bool] | None = None
    min_gap: str = ""
    quiet: Quiet = ""
    rank: int = 0
    run: Callable[[Case], int] | None = None
    gives_way: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What an event does in the states it may happen in.

    `only` narrows the rule by the event's own data; `guard` returns the sentence of refusal.
    `then` names events that follow from this one where their own rules allow them.
    `resolves` closes open escalations ("*": all). `outcome` names the outcome that is handed on.
    `offers` names a path that this case is offered to from now on, until it ends; `accepts`, the
    path that takes up that offer by this very event.
    `frees` answers from when on what was claimed is free again. `anchor` is set to this moment, or
    to the one that `moment` answers.
    """

    event: str
    frm: frozenset[str]
    to: str | To = To.STAY
    only: Callable[[Event], bool] | None = None
    guard: Callable[[Case, Event, datetime], str | None] | None = None
    sets: Callable[[Case, Event], Facts] | None = None
    then: tuple[str, ...] = ()
    raises: Callable[[Case, Event], tuple[str, ...]] | None = None
    resolves: tuple[str, ...] = ()
    outcome: Callable[[Case, Event], str] | None = None
    offers: str = ""
    accepts: str = ""
    anchor: str = ""
    moment: Callable[[Case, Event], datetime] | None = None
    tells: bool = False
    frees: Callable[[Case, datetime], datetime] | None = None
    asked: bool = False  # somebody may ask for it (a request), as opposed to it following by itself


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """A kind of escalation: whose it is, by when, what to do, and whether a note may close it.

    It is due `within` that time of being raised, but `no_later_than` the anchor still to come.
    `until`: from then on it makes no sense any more (None: until it is resolved). It is not raised
    after that, and what is still open then is closed by a control with `Lapse`, which says
    `afterwards`. When it is raised it takes the place of the kinds it `replaces`.
    """

    kind: str
    owner: str
    within: Exactly
    reason: str
    suggestion: str
    no_later_than: str = ""
    by_note: bool = True
    note_means: str = ""  # the event that a person's resolution amounts to
    why_not: str = ""  # the sentence when a note may not close it
    until: Moment | None = None
    afterwards: str = ""
    replaces: tuple[str, ...] = ()
    stays: bool = False  # no event closes it in passing ("*"): it is about no state


@dataclass(frozen=True, slots=True)
class Settle:
    """In this state, once the predicate holds, this event follows by itself."""

    state: str
    when: Callable[[Case, datetime], bool]
    event: str


@dataclass(frozen=True)  # with a dictionary: what is looked up at every step is put together once
class Path:
    """A path: the whole of what may become of a case.

    `announces`: what the person's other cases hear of an event on this one, in the same
    transaction; `announces_nearby`: what those of whoever shares their address hear. `receives`:
    the event a case begins with when an outcome is handed on to it.
    `withheld`: the kind raised, once, when a service message is not written because the person
    does not want it ("": nobody need know).
    """

    name: str
    title: str
    states: tuple[State, ...]
    rules: tuple[Rule, ...]
    controls: tuple[ControlRule, ...]
    escalations: tuple[EscalationRule, ...]
    settles: tuple[Settle, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)  # outcome -> what it means
    corrections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # from -> to
    announces: Mapping[str, str] = field(default_factory=dict)  # event -> what the others hear
    announces_nearby: Mapping[str, str] = field(default_factory=dict)
    receives: Mapping[str, str] = field(default_factory=dict)  # outcome -> first event
    withheld: str = ""

    def rule(self, event: Event, state: str) -> Rule | None:
        """The first rule for this event in this state, or None."""
        for rule in self._rules.get((event.name, state), ()):
            if rule.only is None or rule.only(event):
                return rule
        return None

    @cached_property
    def _rules(self) -> Mapping[tuple[str, str], list[Rule]]:
        found: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.rules:
            for state in rule.frm:
                found.setdefault((rule.event, state), []).append(rule)
        return found

    def allowed(self, state: str) -> tuple[str, ...]:
        """The events somebody may ask for in this state, whatever the hour, in the path's order.

        Which of them would be accepted now is said by `asked.acceptable`.
        """
        return self._allowed.get(state, ())

    @cached_property
    def _allowed(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for rule in self.rules:
            for state in rule.frm if rule.asked else ():
                found.setdefault(state, {})[rule.event] = None
        return {state: tuple(names) for state, names in found.items()}

    def state(self, name: str) -> State:
        return next(state for state in self.states if state.name == name)

    def control(self, name: str) -> ControlRule:
        return self._controls[name]

    @cached_property
    def _controls(self) -> Mapping[str, ControlRule]:
        return {rule.name: rule for rule in self.controls}

    @cached_property
    def repeated(self) -> tuple[ControlRule, ...]:
        """The controls of which there may be several runs."""
        return tuple(rule for rule in self.controls if rule.run)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each control in the path."""
        return {rule.name: place for place, rule in enumerate(self.controls)}

    @cached_property
    def reminders(self) -> Mapping[str, int]:
        """The rank of each message that keeps to the allowed hours and that another may stand for.

        What has no rank is said by no other: what to mind after a visit, how it went.
        """
        told = (rule for rule in self.controls if isinstance(rule.does, Tell) and rule.quiet)
        return {rule.name: rule.rank for rule in told if rule.rank}

    def escalation(self, kind: str) -> EscalationRule:
        return next(rule for rule in self.escalations if rule.kind == kind)

    @cached_property
    def staying(self) -> frozenset[str]:
        """The kinds of escalation that outlive the state in which they were raised."""
        return frozenset(rule.kind for rule in self.escalations if rule.stays)

    @cached_property
    def stages(self) -> tuple[str, ...]:
        return tuple(state.name for state in self.states if state.kind == "stage")

    @cached_property
    def counts_from(self) -> frozenset[str]:
        """The instants every case of this path has from its beginning: its duties count from them.

        Those that an event sets (`resolved`) come later.
        """
        moments = [rule.due for rule in self.controls]
        moments += [rule.useful_until for rule in self.controls if rule.useful_until]
        set_later = {rule.anchor for rule in self.rules}
        return frozenset(moment.anchor for moment in moments) - set_later

    @cached_property
    def taking_back(self) -> frozenset[str]:
        """The events that may take an outcome back, or put another one in its place."""
        rules = (rule for rule in self.rules if rule.outcome and not rule.frm <= self.waiting)
        return frozenset(rule.event for rule in rules)

    @cached_property
    def speaks_after(self) -> frozenset[str]:
        """The events that may lead to one this path announces, themselves or by what follows."""
        found = frozenset(self.announces) | frozenset(self.announces_nearby)
        while more := found | {r.event for r in self.rules if found.intersection(r.then)}:
            if more == found:
                break
            found = more
        if any(rule.note_means in found for rule in self.escalations):
            found |= {"escalation_resolved"}
        timed = any(isinstance(r.does, Open) and r.does.event in found for r in self.controls)
        return found | {"control_due"} if timed else found

    @cached_property
    def waiting(self) -> frozenset[str]:
        return frozenset(state.name for state in self.states if state.waits)
