"""What a path plans for a case in its present state.

The planned controls of a case always equal this plan: after a move, a policy change or a
correction they are made anew from the case, never patched by hand.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from kept.core.case import Case, Control, Status
from kept.core.path import ControlRule, Path, Tell
from kept.core.time import quiet_shift

# What has been done, has failed or has expired is history: no plan changes it.
FINAL = frozenset({Status.DONE, Status.FAILED, Status.EXPIRED})
COALESCE = timedelta(minutes=30)  # two messages closer than this are one too many


def plan(path: Path, case: Case, now: datetime, cause: str) -> tuple[Control, ...]:
    """Every control of the case as it ought to be after `cause`, history included.

    1. Each control rule of the path gives at most one row (a new `run` gives a new row).
    2. Rows that no longer apply become *void* because of `cause`.
    3. Reminders that quiet hours push onto one another become one.
    """
    rows = {control.key: control for control in case.controls}
    for rule in path.controls:
        run = rule.run(case) if rule.run else 1
        _void_other_runs(rows, rule.name, run, cause)
        row = _planned(path, rule, case, now, rows.get((rule.name, run)), run, cause)
        if row is not None:
            rows[row.key] = row
    _coalesce(path, rows)
    return tuple(rows.values())


def _void_other_runs(rows: dict[tuple[str, int], Control], name: str, run: int, cause: str) -> None:
    for key, row in rows.items():
        if row.name == name and row.run != run and row.status is Status.PLANNED:
            rows[key] = replace(row, status=Status.VOID, reason=cause)


def _planned(
    path: Path,
    rule: ControlRule,
    case: Case,
    now: datetime,
    row: Control | None,
    run: int,
    cause: str,
) -> Control | None:
    """The row this rule asks for, or None where there is and was nothing."""
    if row is not None and row.status in FINAL:
        return row
    applies = rule.when is None or rule.when(case)
    if not applies or case.state not in rule.states:
        return _not_wanted(path, rule, case, row, run, cause, applies)
    if row is not None and row.status is Status.PLANNED and row.fired_at is not None:
        return row  # its message is on the way: only a change of state may void it
    return _timed(rule, case, now, row, run)


def _not_wanted(
    path: Path,
    rule: ControlRule,
    case: Case,
    row: Control | None,
    run: int,
    cause: str,
    applies: bool,
) -> Control | None:
    if row is not None:
        planned = row.status is Status.PLANNED
        return replace(row, status=Status.VOID, reason=cause) if planned else row
    # A case that begins further on (a walk-in) says of each duty it passes over why.
    passed_over = applies and not case.controls and path.stages[0] in rule.states
    if passed_over and case.state != path.stages[0]:
        due = rule.due.of(case)
        return Control(rule.name, due, _until(rule, case), run, Status.SKIPPED, cause)
    return None


def _until(rule: ControlRule, case: Case) -> datetime | None:
    return rule.useful_until.of(case) if rule.useful_until else None


def _timed(rule: ControlRule, case: Case, now: datetime, row: Control | None, run: int) -> Control:
    due, until = rule.due.of(case), _until(rule, case)
    reason = ""
    if rule.name in case.policy.switched_off:
        reason = "switched off by policy"
    elif rule.min_gap and due < case.anchors["opened"] + case.policy.gap(rule.min_gap).delta:
        reason = "booked late: superseded by the confirmation"
    elif until is not None and until <= due:
        reason = "too late to be of use"
    elif due < now and _reopened(row) and rule.rank:
        reason = "its time had passed when it was planned"
    elif rule.quiet and case.policy.quiet_hours is not None:
        shifted = _keep_quiet(rule, case, due, until, now)
        if shifted is None:
            reason = "falls into quiet hours"
        due = shifted or due
    status = Status.SKIPPED if reason else Status.PLANNED
    return Control(rule.name, due, until, run, status, reason)


def _reopened(row: Control | None) -> bool:
    """It was skipped or void before: a change of policy or a correction brings nothing back late.

    A control that was planned all along and whose time a policy change put into the past is due
    at once instead: its reader would otherwise get nothing.
    """
    return row is not None and row.status is not Status.PLANNED


def _keep_quiet(
    rule: ControlRule, case: Case, due: datetime, until: datetime | None, now: datetime
) -> datetime | None:
    window, start = case.policy.quiet_hours, case.anchors["start"]
    if window is None:
        return due
    lead = start - until if until is not None else timedelta(0)
    gap = case.policy.gap(rule.min_gap).delta if rule.min_gap else timedelta(0)
    earliest = case.anchors["opened"] + gap
    zone = ZoneInfo(str(case.facts.get("recipient_zone") or case.zone))
    return quiet_shift(due, start, window, zone, min_lead=lead, earliest=earliest)


def _coalesce(path: Path, rows: dict[tuple[str, int], Control]) -> None:
    """Of two reminders pulled onto one another only the one nearer to the visit goes."""
    rules = {
        rule.name: rule for rule in path.controls if isinstance(rule.does, Tell) and rule.quiet
    }
    waiting = [row for row in rows.values() if row.waiting and row.name in rules]
    waiting.sort(key=lambda row: rules[row.name].rank)
    for lower, higher in pairwise(waiting):
        if abs(higher.due_at - lower.due_at) < COALESCE:
            reason = f"one message with {higher.name}"
            rows[lower.key] = replace(lower, status=Status.SKIPPED, reason=reason)
