"""Whether certainty holds for a case, and if not, what broke it first and when.

Certainty holds while everything that was due has been done, or left out for a reason, and nothing
waits for a person. It is lost in two ways: a duty is overdue and nothing has become of it, or
something was put before a person who has not settled it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kept.core.case import Control, Event, Status
from kept.core.path import Lapse, Path

PATIENCE = timedelta(minutes=1)
"""What a worker and a mail server at work need at most; a confirmation leaves within it."""

NOT_ACTED_UPON = "It was due, and nobody has acted upon it."
NOT_TAKEN = "Its message is ready, and no mail server has taken it yet."


@dataclass(frozen=True, slots=True)
class Certainty:
    """`holds`, or what broke it: a control, or the event after which a person was asked.

    `reason` says in one sentence why it holds, or what is wrong; `since` is when it broke.
    """

    holds: bool
    reason: str
    broken_by: str = ""
    since: datetime | None = None

    @property
    def sentence(self) -> str:
        """The reason, and when it is lost by what."""
        if self.holds:
            return self.reason
        what = self.broken_by.replace("_", " ").capitalize()
        return f"{what}: {self.reason[:1].lower()}{self.reason[1:]}"


def certainty(
    path: Path,
    state: str,
    asked: Iterable[str],
    history: Sequence[Event],
    controls: Iterable[Control],
    now: datetime,
    patience: timedelta = PATIENCE,
) -> Certainty:
    """Of several breaks the first one counts; of two at one moment the first in the path's table.

    `asked`: the kinds of the escalations that are open; `history`, oldest first, says what raised
    them, and may be empty when there are none.
    """
    kinds = set(asked)
    breaks = [*_asked(path, kinds, history), *_overdue(path, controls, now - patience)]
    if not breaks:
        return Certainty(True, path.state(state).says)
    order = {rule.name: number for number, rule in enumerate(path.controls)}
    return min(breaks, key=lambda each: (each.since, order.get(each.broken_by, len(order))))


def _asked(path: Path, kinds: set[str], history: Sequence[Event]) -> Iterator[Certainty]:
    """What was put before a person and is still open: broken by what raised it."""
    cause, raised = "", dict[str, tuple[str, datetime]]()
    follows = following_events(path)
    for event in history:
        if event.name == "escalated":
            raised[str(event.data["kind"])] = (cause, event.at)
        elif event.name not in follows:
            cause = str(event.data.get("control") or event.name)
    for kind in kinds & raised.keys() - path.staying:  # a complaint makes nothing less sure
        broken_by, since = raised[kind]
        yield Certainty(False, path.escalation(kind).reason, broken_by, since)


def following_events(path: Path) -> set[str]:
    """Events that only follow from others, in the same decision."""
    of_rules = {name for rule in path.rules for name in rule.then}
    return of_rules | {"escalation_replaced", "escalation_lapsed"}


def _overdue(path: Path, controls: Iterable[Control], before: datetime) -> Iterator[Certainty]:
    for each in controls:
        if each.status is not Status.PLANNED or isinstance(path.control(each.name).does, Lapse):
            continue
        since = each.due_at if each.fired_at is None else each.fired_at
        if since <= before:
            reason = NOT_ACTED_UPON if each.waiting else NOT_TAKEN
            yield Certainty(False, reason, each.name, since)
