"""What may be asked of a case now: the path's own guards, looked at before anybody asks.

Doors show only what would be accepted, and a refusal says what would. Neither is a promise: what
is asked is decided anew when it comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kept.core.case import Actor, Case, Event, Role
from kept.core.path import Path


def why_not(path: Path, case: Case, event: Event, now: datetime) -> str:
    """Why the path would refuse this event now, in a sentence; "" when it would not."""
    rule = path.rule(event, case.state)
    if rule is None:
        return f"This cannot be done while it is {case.state}."
    return (rule.guard(case, event, now) if rule.guard else None) or ""


def acceptable(path: Path, case: Case, actor: Actor, now: datetime) -> tuple[str, ...]:
    """The events this actor may ask for now and be accepted, in the path's order.

    One that is accepted in some way is listed: a correction that may lead to one state only.
    """
    return tuple(
        name
        for name in path.allowed(case.state)
        if any(not why_not(path, case, way, now) for way in _ways(path, case, name, actor, now))
    )


def _ways(path: Path, case: Case, name: str, actor: Actor, now: datetime) -> Iterator[Event]:
    """An event in every way it may be asked for: with a reason, and to every state it may name.

    Whose doing it was can always be said, and no path refuses one side what it grants the other.
    """
    for to in (*path.corrections.get(case.state, ()), ""):
        said = {"by": Role.CUSTOMER.value, "to": to}
        yield Event(name, now, actor, "asked beforehand", said)
