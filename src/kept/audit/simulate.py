"""What another policy would have made of the history: which letters when, and which breaks remain.

Three walks are compared: what really happened; the same policy once more, which shows what was
nobody's policy (a mail server away, a worker that stood still); and the other policy. Only the
difference between the last two is the policy's doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.audit import own
from kept.audit.figures import LISTED, Report
from kept.audit.own_again import Simulated, Walked
from kept.audit.report import audit
from kept.core.again import Again, Key
from kept.core.paths.appointment import APPOINTMENT
from kept.core.policy import Policy, to_data

ASSUMED = (
    "People do what they really did, at the same time: nobody knows what another letter would "
    "have made them do.",
    "A letter that was not really sent is taken to arrive at once; where every letter about the "
    "appointment was lost, so is it.",
    "A question that nobody was really asked is taken as answered at once.",
    "Only the appointments themselves are gone through again, and not what follows a visit.",
)


class Changed(StrEnum):
    """What another policy makes of a letter."""

    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One letter that would have gone at another time, or not at all. `was`, `would`: when it was
    taken by the mail server under each policy; `why`: of one that is not sent, the reason."""

    reference: str
    leg: int
    control: str
    what: Changed
    was: datetime | None
    would: datetime | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class NotAnyMore:
    """Something a person did that the other policy would have refused, and its sentence."""

    reference: str
    at: datetime
    event: str
    who: str
    sentence: str


@dataclass(slots=True)
class Simulation:
    """What came of it. `changes`: each setting that differs, before and after. `letters` lists the
    first `LISTED` differences; `counted` has all of them. `asked`: what a person would have been
    asked more (or less) often, by kind."""

    changes: dict[str, tuple[object, object]]
    really: Report
    again: Report
    would: Report
    legs: int = 0
    sent: int = 0
    would_send: int = 0
    counted: Counter[Changed] = field(default_factory=Counter)
    letters: list[Difference] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    refused: list[NotAnyMore] = field(default_factory=list)
    refusals: int = 0


def simulate(
    business: Business,
    policy: Policy,
    now: datetime,
    begin: datetime | None = None,
    end: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Walk the history of a business again under `policy`. Nothing is written."""
    look = _Look()
    would = Simulated(business, now, policy, begin, end, look.at)
    return Simulation(
        changes=differing(accounts.policies_since(business.id)[-1][1], policy),
        really=audit(own.history(business, now, begin, end), begin=begin, end=end),
        again=audit(Simulated(business, now, None, begin, end), begin=begin, end=end),
        would=audit(would, progress=progress, begin=begin, end=end),
        legs=look.legs,
        sent=look.sent,
        would_send=look.would_send,
        counted=look.counted,
        letters=look.letters,
        asked=look.asked,
        refused=look.refused,
        refusals=look.refusals,
    )


def differing(one: Policy, other: Policy) -> dict[str, tuple[object, object]]:
    """The settings in which two policies differ, as `kept policy` writes them."""
    before, after = to_data(one), to_data(other)
    return {name: (before[name], after[name]) for name in before if before[name] != after.get(name)}


class _Look:
    """What was different, leg by leg."""

    def __init__(self) -> None:
        self.legs = self.sent = self.would_send = self.refusals = 0
        self.counted: Counter[Changed] = Counter()
        self.letters: list[Difference] = []
        self.asked: Counter[str] = Counter()
        self.refused: list[NotAnyMore] = []

    def at(self, walked: Walked) -> None:
        self.legs += 1
        self.sent += len(_taken(walked.then))
        self.would_send += len(_taken(walked.now))
        for each in differences(walked):
            self.counted[each.what] += 1
            if len(self.letters) < LISTED:
                self.letters.append(each)
        self.asked.update(_kinds(walked.now))
        self.asked.subtract(_kinds(walked.then))
        self._refused(walked)

    def _refused(self, walked: Walked) -> None:
        before = [event for event, _ in walked.then.refused]
        for event, sentence in walked.now.refused:
            if event in before:
                continue
            self.refusals += 1
            if len(self.refused) < LISTED:
                name, who = walked.row.reference, str(event.actor.role)
                self.refused.append(NotAnyMore(name, event.at, event.name, who, sentence))


def _kinds(again: Again) -> list[str]:
    return [question.asked.kind for question in again.questions]


def _taken(again: Again) -> dict[Key, datetime]:
    return {
        each.key: each.handed_over_at
        for each in again.letters
        if each.handed_over_at and not each.failed_at
    }


def differences(walked: Walked) -> Iterator[Difference]:
    """The letters of a leg that differ, in the order of the path."""
    was, would = _taken(walked.then), _taken(walked.now)
    order = APPOINTMENT.order
    for key in sorted(was.keys() | would.keys(), key=lambda key: (order[key[0]], key[1])):
        before, after = was.get(key), would.get(key)
        if before == after:
            continue
        what = Changed.MOVED if before and after else Changed.ADDED if after else Changed.DROPPED
        why = "" if after else _why_not(walked.now, key)
        name, number = walked.row.reference, walked.row.number
        yield Difference(name, number, key[0], what, before, after, why)


def _why_not(again: Again, key: Key) -> str:
    for control in again.case.controls:
        if control.key == key:
            return control.reason or str(control.status)
    return "nothing would have called for it"


def letters_said(found: Simulation) -> str:
    """How many letters would have gone, and how many of them otherwise, in a sentence."""
    if not found.counted:
        return f"The same letters as before ({found.sent:,}), at the same times."
    kinds = [
        f"{found.counted[what]:,} {said}" for what, said in _CHANGED.items() if found.counted[what]
    ]
    return f"{found.would_send:,} letters instead of {found.sent:,}: {', '.join(kinds)}."


_CHANGED = {
    Changed.ADDED: "more",
    Changed.DROPPED: "not sent any more",
    Changed.MOVED: "at another time",
}
