"""What a change of the policy would do to a case, before anybody makes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kept.core.case import Case, Control, Event, Status
from kept.core.decide import decide
from kept.core.path import Path
from kept.core.policy import Policy


class Becomes(StrEnum):
    """What would become of a control."""

    AT_ONCE = "at_once"  # it goes out, or is done, in the moment of the change
    PLANNED = "planned"  # it was skipped or void, and will be done after all
    MOVED = "moved"  # it stays planned, at another time
    SKIPPED = "skipped"  # it was planned, and will not be done


@dataclass(frozen=True, slots=True)
class Change:
    """One control that would change: `control` is the row as it would be, reason included."""

    what: Becomes
    control: Control


def policy_effect(path: Path, case: Case, policy: Policy, now: datetime) -> tuple[Change, ...]:
    """What would become of the controls of `case` if `policy` came into force at `now`.

    It asks `decide` itself, so it cannot differ from what the change then does. Only reminders and
    other duties that would be done differently are named: the same duty at the same time is not.
    """
    decision = decide(path, replace(case, policy=policy), Event("policy_changed", now), now)
    before = {control.key: control for control in case.controls}
    return tuple(_changes(before, decision.controls, now))


def _changes(
    before: dict[tuple[str, int], Control], after: Iterable[Control], now: datetime
) -> Iterable[Change]:
    for control in after:
        was = before.get(control.key)
        if what := _what(was, control, now):
            yield Change(what, control)


def _what(was: Control | None, control: Control, now: datetime) -> Becomes | None:
    waited = was is not None and was.waiting
    if control.status is Status.PLANNED:
        if control.due_at <= now:
            return Becomes.AT_ONCE
        if was is None or not waited:
            return Becomes.PLANNED
        return Becomes.MOVED if was.due_at != control.due_at else None
    return Becomes.SKIPPED if waited else None
