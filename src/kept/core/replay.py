"""The state of a case is the fold of its events."""

from __future__ import annotations

from collections.abc import Iterable

from kept.core.case import Event
from kept.core.path import Path, To


class BrokenHistory(ValueError):
    """An event stands in a history where the path does not allow it."""


def step(path: Path, state: str, event: Event) -> str:
    """The state after one recorded event. Events without a rule of their own change nothing."""
    rule = path.rule(event, state)
    if rule is None:
        if any(other.event == event.name for other in path.rules):
            raise BrokenHistory(f"{event.name!r} cannot follow in state {state!r}")
        return state
    if rule.to is To.STAY:
        return state
    return str(event.data["to"]) if rule.to is To.NAMED else rule.to


def replay(path: Path, events: Iterable[Event]) -> str:
    """The state that follows from a whole history, oldest first. Raises BrokenHistory."""
    state = ""
    for event in events:
        state = step(path, state, event)
    return state
