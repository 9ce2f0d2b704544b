"""A case walked once more: what would have become of it under another policy.

What came from outside happens again at its time: what the customer, the desk and the integrations
did, and what became of each letter. Everything else is decided anew, by the same `decide` that
decided it then. Nobody knows what people would have done differently; they do the same here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from types import MappingProxyType

from kept.core.case import (
    SYSTEM,
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
)
from kept.core.certainty import following_events
from kept.core.decide import ENGINE, decide
from kept.core.path import Open, Path
from kept.core.policy import Policy

Key = tuple[str, int]

AT_ONCE = timedelta(0)
"""What a mail server at work, and a path that takes over by itself, need: next to nothing."""


@dataclass(frozen=True, slots=True)
class News:
    """What was heard of a letter, and how long after it was posted."""

    after: timedelta
    name: str
    data: Facts = field(default_factory=dict)


TAKEN = (News(AT_ONCE, "message_accepted"),)
NO_CHANGES: Mapping[datetime, Policy] = MappingProxyType({})
LOST = (News(AT_ONCE, "message_failed"),)
GOOD, BAD = frozenset({"message_accepted", "message_doubtful"}), frozenset({"message_failed"})
LOST_FOR_GOOD = BAD | {"message_expired"}


@dataclass(slots=True)
class Letter:
    """A letter that would have been posted, and what would have become of it."""

    post: Post
    posted_at: datetime
    handed_over_at: datetime | None = None
    failed_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def key(self) -> Key:
        return (self.post.control, self.post.run)

    @property
    def status(self) -> str:
        """In the words of a message."""
        if self.withdrawn_at:
            return "withdrawn"
        if self.failed_at:
            return "failed"
        return "accepted" if self.handed_over_at else "queued"


@dataclass(slots=True)
class Question:
    """Something that would have been put before a person."""

    asked: Escalation
    raised_at: datetime
    resolved_at: datetime | None = None


@dataclass(slots=True)
class Offer:
    """Something that would have been handed on, as it stands at the end."""

    hand_off: HandOff
    offered_at: datetime
    answered_at: datetime | None = None
    answered_by: str = ""


@dataclass(slots=True)
class Again:
    """The walk as it would have been. `refused`: what somebody did then and could not have done
    now, with the sentence they would have read."""

    case: Case
    events: list[Event] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    offers: dict[Key, Offer] = field(default_factory=dict)
    refused: list[tuple[Event, str]] = field(default_factory=list)


# What a history tells


def outside(path: Path, history: Iterable[Event]) -> tuple[Event, ...]:
    """The events of a history that nothing in the path brought about: what happens again."""
    follows = following_events(path) | {rule.event for rule in path.settles}
    follows |= {"escalated", "stage_skipped", "policy_changed", "control_due"}
    by_the_house = {rule.does.event for rule in path.controls if isinstance(rule.does, Open)}
    # A path that Kept walks accepts by itself, and what got worse comes back into sight by itself.
    by_the_house |= {"hand_off_accepted", "escalation_woken"}
    return tuple(
        event
        for event in history
        if event.name not in follows
        and not event.name.startswith(("message_", "control_"))
        and not (event.name in by_the_house and event.actor.role is Role.SYSTEM)
    )


def fates(history: Iterable[Event]) -> dict[Key, tuple[News, ...]]:
    """What became of each letter of a history: by control and run. Of one that was still on its
    way, or was taken back on it, nothing was heard, and nothing will be."""
    posted: dict[Key, datetime] = {}
    found: dict[Key, list[News]] = {}
    for event in history:
        key = _letter_of(event)
        if event.name == "control_due":
            posted[key] = event.at
            found[key] = []
        elif event.name.startswith("message_") and key in posted:
            news = News(event.at - posted[key], event.name, event.data)
            found[key].append(news)
    return {key: tuple(news) for key, news in found.items()}


def _letter_of(event: Event) -> Key:
    return str(event.data.get("control", "")), int(str(event.data.get("run", 1)))


def fate_of_new(known: Mapping[Key, tuple[News, ...]]) -> tuple[News, ...]:
    """What becomes of a letter that there was not: it is taken at once, or lost where everything
    that was written to this person then was lost."""
    names = {news.name for each in known.values() for news in each}
    return LOST if names & BAD and not names & GOOD else TAKEN


# The walk


def walk_again(
    path: Path,
    case: Case,
    events: Iterable[Event],
    until: datetime,
    known: Mapping[Key, tuple[News, ...]],
    changes: Mapping[datetime, Policy] = NO_CHANGES,
) -> Again:
    """Walk `case`, as it is before its first event, through `events` (from outside, in order).

    `known`: what became of letters (`fates`). `changes`: policies that came into force later, and
    when. A path that Kept walks itself accepts by itself what is offered to it. Controls fall due
    at their instants, as if a worker were always there; nothing happens after `until`. Raises
    NotAllowed when not even the first event is.
    """
    walk = _Walk(path, case, until, known, changes)
    for number, event in enumerate(events):
        walk.expect(event)
        if number == 0:
            walk.to(event.at)
            if not walk.again.events:
                raise NotAllowed(event.name, "", walk.again.refused[0][1])
    walk.to(until)
    return walk.again


NEWS, ACT = 0, 1


def _rank(event: Event) -> int:
    return NEWS if event.name.startswith("message_") else ACT


class _Walk:
    """The walk while it is under way. Lives for one call of `walk_again`."""

    def __init__(
        self,
        path: Path,
        case: Case,
        until: datetime,
        known: Mapping[Key, tuple[News, ...]],
        changes: Mapping[datetime, Policy],
    ) -> None:
        self.path, self.until, self.known, self.changes = path, until, known, changes
        self.again = Again(case)
        self.now = datetime.min.replace(tzinfo=until.tzinfo)
        self._coming: list[tuple[datetime, int, int, Event]] = []
        self._order = count()
        self._looked: set[tuple[Key, datetime]] = set()
        for at in changes:
            self.expect(Event("policy_changed", at))

    def expect(self, event: Event) -> None:
        heapq.heappush(self._coming, (event.at, _rank(event), next(self._order), event))

    def to(self, until: datetime) -> None:
        """Let everything happen that does until then, in the order of time."""
        while (at := self._next()) is not None and at <= until:
            self.now = max(self.now, at)
            if self._next_due() == at and not self._is_news(at):
                self._time_passes()
            else:
                self._happens(heapq.heappop(self._coming)[-1])

    def _next(self) -> datetime | None:
        """The next instant at which something happens."""
        due, coming = self._next_due(), [at for at, *_ in self._coming[:1]]
        return min([*coming, *([due] if due else [])], default=None)

    def _next_due(self) -> datetime | None:
        due = [max(self.now, c.due_at) for c in self.again.case.controls if self._may_fire(c)]
        return min(due, default=None)

    def _is_news(self, at: datetime) -> bool:
        """Of what happens at one instant the news of a letter is heard first; then what is due is
        done; then comes what somebody does."""
        return bool(self._coming) and self._coming[0][:2] == (at, NEWS)

    def _may_fire(self, control: Control) -> bool:
        return control.waiting and (control.key, control.due_at) not in self._looked

    def _time_passes(self) -> None:
        for control in self.again.case.controls:
            if control.waiting and control.due_at <= self.now:
                self._looked.add((control.key, control.due_at))
        self._take(Event("control_due", self.now))

    def _happens(self, event: Event) -> None:
        if event.name == "policy_changed":
            self.again.case = replace(self.again.case, policy=self.changes[event.at])
        elif event.name.startswith("message_") and self._is_withdrawn(event):
            return
        try:
            self._take(event)
        except NotAllowed as error:
            # An answer to a question that never arose is no answer anybody misses.
            if event.name not in ENGINE:
                self.again.refused.append((event, str(error)))
            return
        if event.name.startswith("message_"):
            self._heard(event)
        elif event.name in {"hand_off_accepted", "hand_off_rejected"}:
            self._answered(event)

    def _take(self, event: Event) -> None:
        decision = decide(self.path, self.again.case, event, self.now)
        self.again.case = decision.case
        self.again.events += decision.events
        self._write(decision)
        self._ask(decision)
        self._hand_on(decision)

    # -- letters --------------------------------------------------------------------------

    def _write(self, decision: Decision) -> None:
        for letter in self.again.letters:
            if letter.key in decision.withdraw and letter.handed_over_at is None:
                letter.withdrawn_at = letter.withdrawn_at or self.now
        for post in decision.post:
            letter = Letter(post, self.now)
            self.again.letters.append(letter)
            for news in self.known.get(letter.key, fate_of_new(self.known)):
                about: Facts = {**news.data, "control": post.control, "run": post.run}
                self.expect(Event(news.name, self.now + news.after, SYSTEM, "", about))

    def _letter(self, event: Event) -> Letter:
        return next(each for each in self.again.letters if each.key == _letter_of(event))

    def _is_withdrawn(self, event: Event) -> bool:
        return self._letter(event).withdrawn_at is not None

    def _heard(self, event: Event) -> None:
        letter = self._letter(event)
        if event.name in GOOD | BAD:  # somebody had it in their hands
            letter.handed_over_at = letter.handed_over_at or self.now
        if event.name in GOOD:
            letter.failed_at = None
        elif event.name in LOST_FOR_GOOD:
            letter.failed_at = self.now

    # -- questions and hand-offs ----------------------------------------------------------

    def _ask(self, decision: Decision) -> None:
        for question in self.again.questions:
            if question.asked.kind in decision.resolved and question.resolved_at is None:
                question.resolved_at = self.now
        self.again.questions += [Question(each, self.now) for each in decision.raised]

    def _hand_on(self, decision: Decision) -> None:
        for each in decision.hand_offs:
            known = self.again.offers.get(each.key)
            if known is not None:
                known.hand_off = each
                continue
            self.again.offers[each.key] = Offer(each, self.now)
            if each.to in self.again.case.policy.built_in:
                data: Facts = {"to": each.to, "version": each.version}
                self.expect(Event("hand_off_accepted", self.now + AT_ONCE, SYSTEM, "", data))

    def _answered(self, event: Event) -> None:
        for offer in self.again.offers.values():
            answered = offer.hand_off.status in {HandOffStatus.ACCEPTED, HandOffStatus.REJECTED}
            if offer.hand_off.to == event.data["to"] and answered and offer.answered_at is None:
                offer.answered_at, offer.answered_by = self.now, str(event.actor)
