"""`decide`: what becomes of a case when an event happens. Pure; the heart of the house.

Some events mean the same on every path, and are understood here: `control_due` (time passed),
`message_*` (what became of a message), `hand_off_*`, `escalation_resolved`. Everything else, and
what those mean for the state, stands in the path.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar, assert_never

from kept.core.asked import acceptable, why_not
from kept.core.case import (
    DONE,
    EXPIRED,
    FAILED,
    PLANNED,
    SKIPPED,
    SYSTEM,
    VOID,
    Case,
    Control,
    Decision,
    Escalation,
    Event,
    Facts,
    HandOff,
    HandOffStatus,
    NotAllowed,
    Post,
    Role,
    Snooze,
    Status,
    Told,
    whole,
    zone_of_person,
)
from kept.core.path import (
    ControlRule,
    Escalate,
    EscalationRule,
    ExpireHandOffs,
    Lapse,
    Open,
    Path,
    Rule,
    Tell,
)
from kept.core.plan import UNREACHABLE, plan, unwanted
from kept.core.policy import next_paths
from kept.core.replay import step
from kept.core.time import CalendarDays, after, same_local_day
from kept.core.wishes import REFUSED

Value = TypeVar("Value")


def decide(path: Path, case: Case, event: Event, now: datetime) -> Decision:
    """What becomes of `case` when `event` happens at `now`.

    1. Refuse what the path does not allow now: raises NotAllowed with what would be accepted.
    2. Take the event, and what follows from it by itself.
    3. Plan the controls anew; fire those that are due when the event is time passing.
    4. Say what is different.

    The same event on the same case always gives the same decision.
    """
    walk = _Walk(path, case, now)
    handler = ENGINE.get(event.name)
    walk.answers = handler is None and event.actor.role is Role.CUSTOMER
    if handler is not None:
        handler(walk, event)
    else:
        walk.take(event)
    walk.replan(cause=event.name)
    if event.name == "control_due" or not case.state:
        walk.fire_due()
    else:
        walk.fire_due(only_immediate=True)
    walk.settle()
    walk.ask_instead()
    return walk.decision()


class _Walk:
    """The decision while it is being made. Lives for one call of `decide`."""

    def __init__(self, path: Path, case: Case, now: datetime) -> None:
        self.path, self.before, self.case, self.now = path, case, case, now
        self.known = {(control.name, control.run): control for control in case.controls}
        self.events: list[Event] = []
        self.post: list[Post] = []
        self.raised: dict[str, Escalation] = {}
        self.resolved: dict[str, Event] = {}
        self.taken: dict[str, str] = {}
        self.snoozed: dict[str, Snooze | None] = {}
        self.told: Told | None = None
        self.release_from: datetime | None = None
        self.answers = False  # what goes out at once answers what the person did themselves

    # -- taking events ------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Record the event and what its rule says. Raises NotAllowed."""
        refused = why_not(self.path, self.case, event, self.now)
        rule = self.path.rule(event, self.case.state)
        if refused or rule is None:
            raise self.refusal(event, refused)
        self._record(event)
        self._follow(rule, event)
        for name in rule.then:
            self.take_if_allowed(replace(event, name=name, data={}))

    def take_if_allowed(self, event: Event) -> None:
        if self.path.rule(event, self.case.state) is not None:
            self.take(event)

    def refusal(self, event: Event, detail: str) -> NotAllowed:
        """With what this actor could ask for instead, at this moment."""
        instead = acceptable(self.path, self.case, event.actor, self.now)
        return NotAllowed(event.name, self.case.state, detail, instead)

    def _record(self, event: Event) -> None:
        """Append to the history, and say of each stage that is passed over why."""
        state = step(self.path, self.case.state, event)
        for skipped in self._passed_over(state):
            data: Facts = {"stage": skipped}
            self.events.append(Event("stage_skipped", self.now, SYSTEM, event.name, data))
        self.events.append(event)
        stages = self.path.stages
        if self.case.state in stages and state not in stages:
            self.note({"left_from": self.case.state})  # where a correction takes the path up again
        self.case = replace(self.case, state=state)

    def _passed_over(self, state: str) -> tuple[str, ...]:
        """The stages between the one the case stands in, or left the path from, and `state`."""
        stages, here = self.path.stages, self.case.state
        if state not in stages:
            return ()
        if here and here not in stages:
            here = str(self.case.facts.get("left_from", ""))
        reached = stages.index(here) + 1 if here else 0
        return stages[reached : stages.index(state)]

    def _follow(self, rule: Rule, event: Event) -> None:
        """Everything a rule may say beside the new state."""
        kinds = rule.raises(self.case, event) if rule.raises else ()
        if rule.sets:
            self.note(rule.sets(self.case, event))
        if rule.anchor:
            set_to = rule.moment(self.case, event) if rule.moment else self.now
            anchors = {**self.case.anchors, rule.anchor: set_to}
            self.case = replace(self.case, anchors=anchors)
        if rule.tells:
            self._tell(event)
        if rule.frees:
            self.release_from = rule.frees(self.case, self.now)
        passing = self.case.escalations - self.path.staying
        closed = passing if "*" in rule.resolves else frozenset(rule.resolves)
        self.resolve(closed, event)
        for kind in kinds:
            self.escalate(kind, event)
        if rule.outcome:
            self._hand_on(rule.outcome(self.case, event), event)
        if rule.offers:
            offer = HandOff(rule.offers, OPEN_OFFER, version=1)
            self.case = replace(self.case, hand_offs=(*self.case.hand_offs, offer))
        if rule.accepts:
            self._accepted_by(rule.accepts, event)

    def _tell(self, event: Event) -> None:
        via = str(event.data.get("channel") or event.actor.role)
        self.told = Told(via, _evidence(event), str(event.data.get("control", "")))

    def note(self, facts: Facts) -> None:
        self.case = replace(self.case, facts={**self.case.facts, **facts})

    # -- escalations and hand-offs --------------------------------------------------------

    def escalate(self, kind: str, event: Event, *, detail: str = "") -> None:
        """Raise an escalation, once: a second reason only brings it back into sight.

        When its time was over before it could be raised, it never was: the history holds its cause
        (what failed, what came too late), and no closing of what nobody ever saw open.
        """
        rule = self.path.escalation(kind)
        if kind in self.case.escalations:
            self._bring_back(kind, rule)
            return
        if rule.until is not None and self.now >= rule.until.of(self.case):
            return
        self.take_place(rule)
        tried = detail or str(event.data.get("detail", ""))
        due = self._due_by(rule)
        late = too_late(rule, self.case, due)
        self.raised[kind] = Escalation(
            kind, rule.owner, due, rule.reason, tried, rule.suggestion, late
        )
        self.case = replace(
            self.case,
            escalations=self.case.escalations | {kind},
            too_late={**self.case.too_late, kind: late},
        )
        data: Facts = {"kind": kind, "detail": tried}
        self.events.append(Event("escalated", self.now, SYSTEM, rule.reason, data))

    def _due_by(self, rule: EscalationRule) -> datetime:
        due = self.now + rule.within.delta
        latest = self.case.anchors.get(rule.no_later_than)
        return due if latest is None or latest < self.now else min(due, latest)

    def _bring_back(self, kind: str, rule: EscalationRule) -> None:
        """What was put off has got worse meanwhile: somebody looks at it now."""
        snooze = self.case.snoozed.get(kind)
        if snooze is not None and snooze.until > self.now:
            data: Facts = {"kind": kind}
            self.snooze(Event("escalation_woken", self.now, SYSTEM, rule.reason, data), None)

    def take_place(self, rule: EscalationRule) -> None:
        """Close what this kind takes the place of: one question about one thing."""
        for kind in sorted(self.case.escalations.intersection(rule.replaces)):
            data: Facts = {"kind": kind, "by": rule.kind}
            event = Event("escalation_replaced", self.now, SYSTEM, rule.reason, data)
            self.events.append(event)
            self.resolve(frozenset({kind}), event)

    def lapse(self, kinds: Iterable[str]) -> None:
        """Close what is open of these: its time is over."""
        for kind in sorted(self.case.escalations.intersection(kinds)):
            data: Facts = {"kind": kind}
            afterwards = self.path.escalation(kind).afterwards
            event = Event("escalation_lapsed", self.now, SYSTEM, afterwards, data)
            self.events.append(event)
            self.resolve(frozenset({kind}), event)

    def resolve(self, kinds: frozenset[str], cause: Event) -> None:
        for kind in sorted(kinds & self.case.escalations):
            self.resolved[kind] = cause
            self.raised.pop(kind, None)
        self.case = replace(
            self.case,
            escalations=self.case.escalations - kinds,
            taken=_without(kinds, self.case.taken),
            snoozed=_without(kinds, self.case.snoozed),
            too_late=_without(kinds, self.case.too_late),
        )

    def take_escalation(self, event: Event, who: str) -> None:
        """From now on this is `who`'s to resolve ("": anybody's again). Twice is once."""
        kind = self.require_open(event)
        if self.case.taken.get(kind, "") == who:
            return
        self.taken[kind] = who
        self.case = replace(self.case, taken={**self.case.taken, kind: who})
        self.events.append(event)

    def snooze(self, event: Event, snooze: Snooze | None) -> None:
        """From now on this is out of sight (None: it is back). Twice is once."""
        kind = self.require_open(event)
        if self.case.snoozed.get(kind) == snooze:
            return
        self.snoozed[kind] = snooze
        others = _without({kind}, self.case.snoozed)
        self.case = replace(self.case, snoozed={**others, kind: snooze} if snooze else others)
        self.events.append(event)

    def require_open(self, event: Event) -> str:
        """The kind an event speaks of. Raises NotAllowed when none of it is open."""
        kind = str(event.data["kind"])
        if kind not in self.case.escalations:
            raise self.refusal(event, f"No escalation {kind} is open: it is already resolved.")
        return kind

    def _hand_on(self, outcome: str, event: Event) -> None:
        """Withdraw what was offered for an earlier outcome; offer what this one maps to."""
        version = whole(self.case.facts.get("outcome_version", 0)) + 1
        old = tuple(_withdrawn(hand_off) for hand_off in self.case.hand_offs)
        accept_by = self.now + self.case.policy.gap("accept_within").delta
        targets = next_paths(self.case.policy, self.case.facts.get("hand_offs"), outcome)
        new = tuple(
            HandOff(to, outcome, version, HandOffStatus.OFFERED, accept_by) for to in targets or ()
        )
        record: Facts = {
            "value": outcome,
            "at": self.now.isoformat(),
            "actor": str(event.actor),
            # Nobody saw it: what a policy assumed is never counted as known.
            "source": "assumed" if event.actor == SYSTEM else str(event.actor.role),
        }
        self.note({"outcome": record if outcome else None, "outcome_version": version})
        self.case = replace(self.case, hand_offs=old + new)

    def _accepted_by(self, to: str, event: Event) -> None:
        """The path that this case is offered to has taken it up, in the same moment."""
        for offer in self.case.hand_offs:
            if offer.to == to and offer.status is HandOffStatus.OFFERED:
                self._set_hand_off(replace(offer, status=HandOffStatus.ACCEPTED))
                data: Facts = {**event.data, "to": to, "version": offer.version}
                accepted = replace(event, name="hand_off_accepted", data=data)
                self.events.append(accepted)

    def answer_hand_off(self, event: Event, status: HandOffStatus) -> None:
        to, offer = str(event.data["to"]), event.data.get("version")
        for hand_off in self.case.hand_offs:
            meant = offer in (None, hand_off.version)  # not a later offer to the same path
            if hand_off.to == to and meant and hand_off.status in ANSWERABLE:
                break
        else:
            raise self.refusal(event, f"No hand-off to {to} is waiting for an answer.")
        self._set_hand_off(replace(hand_off, status=status))
        self.events.append(event)
        version = self.case.facts.get("outcome_version")
        present = [h for h in self.case.hand_offs if h.version == version]
        if not any(h.status in NOT_TAKEN for h in present):
            self.resolve(frozenset({"HANDOFF_NOT_ACCEPTED"}), event)

    def _set_hand_off(self, changed: HandOff) -> None:
        rows = tuple(changed if h.key == changed.key else h for h in self.case.hand_offs)
        self.case = replace(self.case, hand_offs=rows)

    # -- controls -------------------------------------------------------------------------

    def replan(self, cause: str) -> None:
        controls = plan(self.path, self.case, self.now, cause)
        if controls is not self.case.controls:
            self.case = replace(self.case, controls=controls)

    def set_control(self, control: Control) -> None:
        rows = {(c.name, c.run): c for c in self.case.controls} | {control.key: control}
        self.case = replace(self.case, controls=tuple(rows.values()))

    def end_control(self, event: Event, status: Status, reason: str) -> None:
        """What became of the control a message belongs to.

        A control whose message failed is mended by a later acceptance; a void one stays void:
        its message was withdrawn, and what is heard of it afterwards is only evidence.
        """
        key = (str(event.data["control"]), whole(event.data.get("run", 1)))
        for control in self.case.controls:
            if control.key == key and control.status in CHANGED_BY[status]:
                self.set_control(replace(control, status=status, reason=reason))

    def fire_due(self, *, only_immediate: bool = False) -> None:
        """Fire every control that is due, oldest first. Each firing may change what is planned."""
        fired: set[tuple[str, int]] = set()
        while control := self._next_due(fired, only_immediate):
            fired.add(control.key)
            self._fire(control)
            self.replan(cause=control.name)

    def _next_due(self, fired: set[tuple[str, int]], only_immediate: bool) -> Control | None:
        due = [
            control
            for control in self.case.controls
            if control.waiting and control.due_at <= self.now and control.key not in fired
        ]
        if only_immediate:
            due = [control for control in due if self._is_message(control)]
        return min(due, key=lambda c: (c.due_at, self.path.order[c.name]), default=None)

    def _is_message(self, control: Control) -> bool:
        return isinstance(self.path.control(control.name).does, Tell)

    def _fire(self, control: Control) -> None:
        rule = self.path.control(control.name)
        if control.useful_until is not None and self.now >= control.useful_until:
            self._expire(control, rule)
            return
        data: Facts = {"control": control.name, "run": control.run}
        due = Event("control_due", self.now, SYSTEM, rule.says, data)
        match rule.does:
            case Tell() as tell:
                self._fire_message(control, rule, tell, due)
            case Open(event=name, data=data):
                self._done(control, due)
                self.take_if_allowed(Event(name, self.now, SYSTEM, rule.says, data))
            case Escalate(kind=kind, unless=unless):
                if unless is not None and unless(self.case):
                    self._end_unsent(control, SKIPPED, "no need")
                else:
                    self._done(control, due)
                    self.escalate(kind, due)
            case ExpireHandOffs(kind=kind):
                self._done(control, due)
                self._expire_hand_offs(kind, due)
            case Lapse(kinds=kinds):
                self._done(control, due)
                self.lapse(kinds)
            case _ as unreachable:  # pragma: no cover
                assert_never(unreachable)

    def _expire(self, control: Control, rule: ControlRule) -> None:
        """Nobody was there to do it in time: of what was to be said, a person hears in time."""
        self._end_unsent(control, EXPIRED, "too late: the time it was of use is over")
        missed = rule.does.missed if isinstance(rule.does, Tell) else ""
        if missed and not any(self._says_instead(other, missed) for other in self.case.controls):
            detail = f"{control.name} was due while no worker ran"
            self.escalate(missed, self.events[-1], detail=detail)

    def _says_instead(self, control: Control, missed: str) -> bool:
        does = self.path.control(control.name).does
        useful = control.useful_until is None or self.now < control.useful_until
        return control.waiting and useful and isinstance(does, Tell) and does.missed == missed

    def _done(self, control: Control, due: Event) -> None:
        self.events.append(due)
        self.set_control(replace(control, status=DONE, fired_at=self.now))

    def _end_unsent(self, control: Control, status: Status, reason: str) -> None:
        data: Facts = {"control": control.name, "run": control.run}
        name = f"control_{status}"
        self.events.append(Event(name, self.now, SYSTEM, reason, data))
        self.set_control(replace(control, status=status, reason=reason, fired_at=self.now))

    def _fire_message(self, control: Control, rule: ControlRule, tell: Tell, due: Event) -> None:
        later, refused = self._superseded_by(control, rule), unwanted(rule, self.case)
        if self._gives_way(rule):
            self._put_off(control)
        elif later:
            self._end_unsent(control, SKIPPED, f"superseded by {later}, due as well")
        elif refused and not self.answers:
            self._withhold(control, tell, refused)
        elif not self.case.facts.get("channels"):
            self._end_unsent(control, SKIPPED, UNREACHABLE)
            if tell.unreachable and (tell.needed is None or tell.needed(self.case)):
                self.escalate(tell.unreachable, due)
        else:
            self.events.append(due)
            self.set_control(replace(control, fired_at=self.now))
            self.post.append(Post(control.name, control.run, tell.message, control.useful_until))
            if refused:
                self.note({"in_answer": {**self.case.in_answer, control.name: control.run}})

    # -- what the person does not want to be written -----------------------------------------

    def withhold(self) -> None:
        """Take back what is on its way and not wanted any more."""
        for control in self.case.controls:
            does = self.path.control(control.name).does
            refused = unwanted(self.path.control(control.name), self.case)
            on_its_way = control.status is PLANNED and control.fired_at is not None
            if refused and on_its_way and isinstance(does, Tell):
                self._withhold(control, does, refused)

    def _withhold(self, control: Control, tell: Tell, refused: str) -> None:
        """It is not written. What the person must know nevertheless somebody is to tell them."""
        self._end_unsent(control, SKIPPED, refused)
        if tell.unreachable and (tell.needed is None or tell.needed(self.case)):
            self.escalate(tell.unreachable, self.events[-1], detail=refused)

    def ask_instead(self) -> None:
        """A person hears, once, that this customer is not written about what is booked."""
        kind, before = self.path.withheld, self.known
        new = [c for c in self.case.controls if self._is_withheld(c) and before.get(c.key) != c]
        if kind and new and not self.case.escalations & self._of_the_untold():
            self.escalate(kind, self.events[-1], detail=new[0].reason)
            self.replan(cause=self.events[-1].name)  # it ends when its time is over, too

    def _is_withheld(self, control: Control) -> bool:
        if control.status is not SKIPPED or control.reason not in REFUSED:
            return False
        does = self.path.control(control.name).does
        # Of what must be told somebody was asked by name.
        return isinstance(does, Tell) and does.purpose == "service" and not does.unreachable

    def _of_the_untold(self) -> frozenset[str]:
        duties = [rule.does for rule in self.path.controls]
        return frozenset(duty.unreachable for duty in duties if isinstance(duty, Tell))

    def _gives_way(self, rule: ControlRule) -> bool:
        """Another letter is written to this person today, and one a day is enough."""
        if not rule.gives_way:
            return False
        zone = zone_of_person(self.case)
        written = [*self._written_here(), *filter(None, [self.case.written_at])]
        # Of two asks for a review on one day neither would know of the other in time: nobody is
        # asked twice, whatever else may share a day.
        asks_a_review = isinstance(rule.does, Tell) and rule.does.purpose == "review"
        if self.case.policy.several_a_day and not asks_a_review:
            return False
        return any(same_local_day(at, self.now, zone) for at in written)

    def _written_here(self) -> Iterator[datetime]:
        """When this case itself wrote what gives way to others: its own letters do to each other.
        Not what answers the person at once: an enquiry is acknowledged, and times are offered."""
        for control in self.case.controls:
            went = control.status in {PLANNED, DONE} and control.fired_at
            if went and self.path.control(control.name).gives_way:
                yield went

    def _put_off(self, control: Control) -> None:
        zone = zone_of_person(self.case)
        same_time = self.now.astimezone(zone).time().replace(second=0, microsecond=0)
        tomorrow = after(self.now, CalendarDays(1, same_time), zone)
        moments: Facts = {control.name: tomorrow.isoformat()}
        self.note({"put_off": {**self.case.put_off, **moments}})
        data: Facts = {"control": control.name, "run": control.run, "to": tomorrow.isoformat()}
        reason = "another message went to this person today"
        self.events.append(Event("control_put_off", self.now, SYSTEM, reason, data))

    def _superseded_by(self, control: Control, rule: ControlRule) -> str:
        """The name of a more important message that goes out at this very moment."""
        if rule.rank == 0:
            return ""
        posted = {(post.control, post.run) for post in self.post}
        for other in self.case.controls:
            useful = other.useful_until is None or self.now < other.useful_until
            due = other.waiting and other.due_at <= self.now and useful
            if (due or other.key in posted) and self._rank(other) > rule.rank:
                return other.name
        return ""

    def _rank(self, control: Control) -> int:
        return self.path.control(control.name).rank

    def _expire_hand_offs(self, kind: str, due: Event) -> None:
        late = [h for h in self.case.hand_offs if h.status is HandOffStatus.OFFERED]
        for hand_off in late:
            self._set_hand_off(replace(hand_off, status=HandOffStatus.EXPIRED))
        self.escalate(kind, due, detail=", ".join(h.to for h in late))

    # -- the end ----------------------------------------------------------------------------

    def settle(self) -> None:
        """Take what follows by itself from the state reached."""
        for rule in self.path.settles:
            if self.case.state == rule.state and rule.when(self.case, self.now):
                self.take_if_allowed(Event(rule.event, self.now, SYSTEM))
                self.replan(cause=rule.event)

    def decision(self) -> Decision:
        before, present = self.known, self.case.controls
        # What no plan changed is the very same object, and need not be compared.
        touched = [c for c in present if before.get((c.name, c.run)) is not c]
        controls = tuple(c for c in touched if before.get(c.key) != c)
        offered = set(self.before.hand_offs)
        resolved = frozenset(self.resolved) & self.before.escalations
        return Decision(
            case=self.case,
            events=tuple(self.events),
            controls=controls,
            post=tuple(self.post),
            withdraw=tuple(c.key for c in controls if _called_back(c, before.get(c.key))),
            raised=tuple(self.raised.values()),
            resolved=resolved,
            causes={kind: self.resolved[kind] for kind in sorted(resolved)},
            taken=self.taken,
            snoozed=self.snoozed,
            hand_offs=tuple(h for h in self.case.hand_offs if h not in offered),
            told=self.told,
            release_from=self.release_from,
        )


def too_late(rule: EscalationRule, case: Case, due: datetime) -> datetime:
    """From when on resolving it helps nobody: at the anchor it must be settled by, or when it stops
    making sense; where the path names neither, when it is due."""
    over = rule.until.of(case) if rule.until else None
    anchor = case.anchors.get(rule.no_later_than)
    if anchor is None:
        return over or due
    harm = max(due, anchor)  # raised only after the anchor, it still has its time
    return min(harm, over) if over else harm


def _without(kinds: Collection[str], known: Mapping[str, Value]) -> dict[str, Value]:
    return {kind: value for kind, value in known.items() if kind not in kinds}


def _called_back(control: Control, was: Control | None) -> bool:
    """Its message had been posted and is not wanted any more."""
    posted = was is not None and was.fired_at is not None
    skipped = control.status is SKIPPED and posted
    return skipped or (control.status is VOID and control.fired_at is not None)


def _evidence(event: Event) -> str:
    """How surely the customer knows: the transport took it, they said so, or a person told them."""
    if event.name.startswith("message_"):
        return "accepted"
    return "acknowledged" if event.name == "acknowledged" else "told"


OPEN_OFFER = "enquiry"  # what is offered before there is an outcome: the case itself
ANSWERABLE = frozenset({HandOffStatus.OFFERED, HandOffStatus.EXPIRED})
NOT_TAKEN = frozenset({HandOffStatus.EXPIRED, HandOffStatus.REJECTED})


def _withdrawn(hand_off: HandOff) -> HandOff:
    """The outcome no longer holds; only a refusal needs no taking back."""
    refused = hand_off.status is HandOffStatus.REJECTED
    return hand_off if refused else replace(hand_off, status=HandOffStatus.WITHDRAWN)


# What a control must be for the news of its message to change it. A refusal may follow an
# acceptance (a bounce), and an acceptance a refusal (another address was tried).
CHANGED_BY = {
    DONE: frozenset({PLANNED, DONE, FAILED, EXPIRED}),
    FAILED: frozenset({PLANNED, DONE}),
    EXPIRED: frozenset({PLANNED}),
}


# What the engine understands on every path.


def _time_passed(walk: _Walk, event: Event) -> None:
    """Nothing to record: each control that fires records itself."""


def _message_accepted(walk: _Walk, event: Event) -> None:
    walk.end_control(event, DONE, str(event.data.get("doubt", "")))
    walk.take(event)


def _message_failed(walk: _Walk, event: Event) -> None:
    reason = str(event.data.get("detail") or "the transport refused it")
    walk.end_control(event, FAILED, reason)
    walk.take(event)


def _message_doubtful(walk: _Walk, event: Event) -> None:
    """It may have arrived and is not sent again: the duty is done as far as it can be."""
    walk.end_control(event, DONE, str(event.data.get("detail") or "it may have arrived"))
    walk.take(event)


def _message_expired(walk: _Walk, event: Event) -> None:
    reason = str(event.data.get("detail") or "it could not be sent while it was of use")
    walk.end_control(event, EXPIRED, reason)
    walk.take(event)


def _consent_changed(walk: _Walk, event: Event) -> None:
    """What the person refuses to be written is another from now on, on this path as on all."""
    walk.events.append(event)
    walk.note({"not_to_write": event.data["not_to_write"], "in_answer": {}})
    walk.withhold()
    if walk.path.withheld and "service" not in walk.case.not_to_write:
        walk.resolve(frozenset({walk.path.withheld}), event)


def _hand_off_accepted(walk: _Walk, event: Event) -> None:
    walk.answer_hand_off(event, HandOffStatus.ACCEPTED)


def _hand_off_rejected(walk: _Walk, event: Event) -> None:
    """A refusal leaves the next step with us: a person must see it."""
    walk.answer_hand_off(event, HandOffStatus.REJECTED)
    detail = f"{event.data['to']} refused: {event.reason}"
    walk.escalate("HANDOFF_NOT_ACCEPTED", event, detail=detail)


def _escalation_resolved(walk: _Walk, event: Event) -> None:
    """A person closes an escalation with a note, where the path says that a note is enough."""
    kind = walk.require_open(event)
    rule = walk.path.escalation(kind)
    if not rule.by_note:
        raise walk.refusal(event, rule.why_not)
    walk.events.append(event)
    walk.resolve(frozenset({kind}), event)
    if rule.note_means:
        walk.take_if_allowed(replace(event, name=rule.note_means, data={}))


def _escalation_taken(walk: _Walk, event: Event) -> None:
    """Somebody sees to it. What another one has is not taken from them behind their back."""
    _require_free(walk, event)
    walk.take_escalation(event, str(event.actor))


def _require_free(walk: _Walk, event: Event) -> str:
    """The kind an event speaks of, which nobody else sees to. Raises NotAllowed."""
    kind = walk.require_open(event)
    holder = walk.case.taken.get(kind, "")
    if holder not in {"", str(event.actor)}:
        raise walk.refusal(event, f"{holder} sees to it already: it must be given back first.")
    return kind


def _escalation_released(walk: _Walk, event: Event) -> None:
    """Given back, by whoever took it or for them (who is ill cannot)."""
    walk.take_escalation(event, "")


def _escalation_snoozed(walk: _Walk, event: Event) -> None:
    """Out of sight until the moment named, and back by itself while it can still be helped."""
    kind = _require_free(walk, event)
    until = datetime.fromisoformat(str(event.data["until"]))
    if until <= walk.now:
        raise walk.refusal(event, "That time is over.")
    if until >= walk.case.too_late[kind]:
        raise walk.refusal(event, "It would come back too late to help.")
    walk.snooze(event, Snooze(until, str(event.actor)))


def _escalation_woken(walk: _Walk, event: Event) -> None:
    """Back before its time; anybody may."""
    walk.snooze(event, None)


ENGINE: dict[str, Callable[[_Walk, Event], None]] = {
    "control_due": _time_passed,
    "message_accepted": _message_accepted,
    "message_failed": _message_failed,
    "message_doubtful": _message_doubtful,
    "message_expired": _message_expired,
    "consent_changed": _consent_changed,
    "hand_off_accepted": _hand_off_accepted,
    "hand_off_rejected": _hand_off_rejected,
    "escalation_resolved": _escalation_resolved,
    "escalation_taken": _escalation_taken,
    "escalation_released": _escalation_released,
    "escalation_snoozed": _escalation_snoozed,
    "escalation_woken": _escalation_woken,
}
