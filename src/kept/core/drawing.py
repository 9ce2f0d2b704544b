"""Drawing a path: where one case stands on it, and when its controls would come for a given time.

Pages and the command line render what these functions return; nothing here knows how.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from kept.core import replay
from kept.core.case import Case, Event, Status
from kept.core.path import Path
from kept.core.plan import plan
from kept.core.policy import Policy
from kept.core.time import close_of_business, instant

# --- Where a case stands --------------------------------------------------------------------------


class Mark(StrEnum):
    """What a step of the drawn path is to a case."""

    DONE = "done"
    NOW = "now"
    NOT_YET = "not yet"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One state on the drawn path: when it was entered or passed over (None: neither), and why."""

    name: str
    says: str
    mark: Mark
    at: datetime | None = None
    reason: str = ""


def steps(path: Path, state: str, events: Iterable[Event]) -> list[Step]:
    """The path of one case in `state`, after `events` (oldest first).

    On the primary path: every stage, whatever became of it. For an exception: the stages that
    still hold, then the exception. A stage that was taken back (a bounce, a correction) is not yet
    reached. The last state of a path is *done*, not *now*: nothing happens there any more.
    """
    passed = _fold(path, events)
    if state and state not in path.stages:
        shown = [name for name in path.stages if name in passed] + [state]
    else:
        shown = list(path.stages)
    return [_step(path, name, state, passed.get(name)) for name in shown]


def _step(path: Path, name: str, state: str, known: Step | None) -> Step:
    says = path.state(name).says
    mark = known.mark if known else Mark.NOT_YET
    if name == state and (path.state(name).waits or name not in path.stages):
        mark = Mark.NOW
    return Step(name, says, mark, known.at if known else None, known.reason if known else "")


def _fold(path: Path, events: Iterable[Event]) -> dict[str, Step]:
    """What the history says of each state that still holds."""
    passed: dict[str, Step] = {}
    here = ""
    for event in events:
        if event.name == "stage_skipped":
            stage = str(event.data["stage"])
            passed[stage] = Step(stage, "", Mark.SKIPPED, event.at, event.reason)
            continue
        state = replay.step(path, here, event)
        if state != here:
            holds = _still_holds(path, state)
            passed = {name: step for name, step in passed.items() if name in holds}
            passed[state] = Step(state, "", Mark.DONE, event.at, event.reason)
        here = state
    return passed


def _still_holds(path: Path, state: str) -> frozenset[str]:
    """The stages that a case in this state may have behind it.

    Before a stage all earlier ones; before an exception those from which the path leads there, so
    that a visit corrected to missed no longer shows an arrival.
    """
    if state in path.stages:
        return frozenset(path.stages[: path.stages.index(state)])
    return frozenset().union(*(rule.frm for rule in path.rules if rule.to == state))


# --- When its controls come -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One control of a sample booking: `local` carries the offset in force at that moment."""

    control: str
    says: str
    local: datetime
    utc: datetime
    status: Status
    reason: str


def sample(
    path: Path,
    start_wall: datetime,
    zone: ZoneInfo,
    policy: Policy,
    booked_before: timedelta,
    length: timedelta = timedelta(hours=1),
    fold: int | None = None,
) -> list[SampleRow]:
    """When each control comes for a booking that starts at this wall time, in order of time.

    `fold` as in `core.time.instant`. Raises NonexistentTime or AmbiguousTime when the clocks of
    `zone` change over `start_wall`.
    """
    start = instant(start_wall, zone, fold)
    opened, end = start - booked_before, start + length
    close = close_of_business(end, (), zone, not_before=end + policy.gap("outcome_grace").delta)
    anchors = {"opened": opened, "start": start, "end": end, "close": close}
    case = Case(path.name, path.stages[0], zone.key, anchors, policy, {"channels": ["email"]})
    controls = sorted(plan(path, case, opened, "sample"), key=lambda control: control.due_at)
    return [
        SampleRow(
            control.name,
            path.control(control.name).says,
            control.due_at.astimezone(zone),
            control.due_at.astimezone(UTC),
            control.status,
            control.reason,
        )
        for control in controls
    ]


def sample_lines(rows: Sequence[SampleRow]) -> list[str]:
    """The rows as lines of a table, for a terminal or a page."""
    cells = [("control", "local time", "UTC", "")] + [_cells(row) for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def _cells(row: SampleRow) -> tuple[str, str, str, str]:
    became = f"{row.status}: {row.reason}" if row.reason else str(row.status)
    local = f"{row.local:%a} {row.local.isoformat(' ', 'minutes')}"
    return (row.control, local, f"{row.utc:%Y-%m-%d %H:%M}", became)
