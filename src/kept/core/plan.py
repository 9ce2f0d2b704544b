"""What a path plans for a case in its present state.

The planned controls of a case always equal this plan: after a move, a policy change or a
correction they are made anew from the case, never patched by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from kept.core.case import (
    DONE,
    EXPIRED,
    FAILED,
    PLANNED,
    SKIPPED,
    VOID,
    Case,
    Control,
    zone_of_person,
)
from kept.core.path import ControlRule, Path, Tell
from kept.core.policy import BUILT_IN
from kept.core.time import quiet_shift
from kept.core.wishes import REFUSED

FINAL = frozenset({DONE, FAILED, EXPIRED})
SWITCHED_OFF = "switched off by policy"
TOO_LATE = "too late to be of use"
UNREACHABLE = "no channel reaches the customer"
QUIET = "falls into quiet hours"
BY_POLICY = frozenset({SWITCHED_OFF, TOO_LATE, QUIET})  # why a policy alone may skip a duty
COALESCE = timedelta(minutes=30)  # two messages closer than this are one too many
LONG_ENOUGH = timedelta(days=2)  # what has no end can wait for the next morning


def plan(path: Path, case: Case, now: datetime, cause: str) -> tuple[Control, ...]:
    """Every control of the case as it ought to be after `cause`, history included.

    1. Each control rule of the path gives at most one row (a new `run` gives a new row).
    2. Rows that no longer apply become *void* because of `cause`.
    3. Reminders that quiet hours push onto one another become one.

    What has been acted upon is history, and no plan changes it or does it twice. Where nothing
    changes, which is most of the time, the answer is `case.controls` itself.
    """
    before = case.controls
    rows = {(row.name, row.run): row for row in before}
    runs = {rule.name: rule.run(case) for rule in path.repeated if rule.run}
    _void_other_runs(path, rows, runs, cause)
    for rule in path.controls:
        run = runs.get(rule.name, 1)
        old = rows.get((rule.name, run))
        if old is None:
            if before and case.state not in rule.states:
                continue  # nothing was planned and nothing is to be
        elif _is_history(old):
            continue
        row = _planned(path, rule, case, now, old, run, cause)
        if row is not None and row != old:
            rows[row.key] = row
    _coalesce(path, rows)
    after = tuple(rows.values())
    return before if after == before else after


def _is_history(row: Control) -> bool:
    """It was acted upon: its message went out, or the reason was found why none did.

    A void one whose message had been posted counts too: brought back, it would be said twice.
    """
    status = row.status
    return status in FINAL or (row.fired_at is not None and status is not PLANNED)


def _void_other_runs(
    path: Path, rows: dict[tuple[str, int], Control], runs: Mapping[str, int], cause: str
) -> None:
    """Of each duty only its present run is planned; one of an earlier path ends with that."""
    for key, row in rows.items():
        if row.status is PLANNED and (
            row.name not in path.order or row.run != runs.get(row.name, 1)
        ):
            reason = cause if row.name in path.order else "no longer part of the path"
            rows[key] = replace(row, status=VOID, reason=reason)


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
    applies = rule.when is None or rule.when(case)
    if not applies or case.state not in rule.states:
        return _not_wanted(path, rule, case, row, run, cause, applies)
    if row is not None and row.status is PLANNED and row.fired_at is not None:
        return _on_its_way(rule, case, row)
    return _timed(path, rule, case, now, row, run)


def _on_its_way(rule: ControlRule, case: Case, row: Control) -> Control:
    """Its message is posted: only a change of state may void it, a lost address, or the word that
    nothing of this path is to be written any more."""
    reason = UNREACHABLE if _unreachable(rule, case) else ""
    reason = reason or (SWITCHED_OFF if _is_of_no_path(rule, case) else "")
    return replace(row, status=SKIPPED, reason=reason) if reason else row


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
        planned = row.status is PLANNED
        return replace(row, status=VOID, reason=cause) if planned else row
    # A case that begins further on (a walk-in) says of each duty it passes over why.
    passed_over = applies and not case.controls and path.stages[0] in rule.states
    if passed_over and case.state != path.stages[0]:
        due = rule.due.of(case)
        return Control(rule.name, due, _until(rule, case), run, SKIPPED, cause)
    return None


def _until(rule: ControlRule, case: Case) -> datetime | None:
    return rule.useful_until.of(case) if rule.useful_until else None


def _timed(
    path: Path, rule: ControlRule, case: Case, now: datetime, row: Control | None, run: int
) -> Control:
    """The row of a duty that applies: planned, or skipped with the reason."""
    due, until = _due(rule, case), _until(rule, case)
    # What is due now is withheld, or sent as the answer to somebody, by whoever fires it.
    reason = _why_not(rule, case, due, until) or (unwanted(rule, case) if due > now else "")
    when = None if reason else _undisturbed(rule, case, due, until)
    if row is not None and (when or due) <= now and _left_behind(path, rule, case, row, now):
        return _not_brought_back(row)
    if when is not None and when <= now and (until is None or now < until):
        # The worker was down, or the window is new: that is no reason to wake anybody.
        from_now = _undisturbed(rule, case, now, until, now)
        when = when if from_now == now else from_now
    if when is None:
        reason = reason or QUIET
    at, status = when or due, SKIPPED if reason else PLANNED
    same = row is not None and row.due_at == at and row.useful_until == until
    if row is not None and same and row.status is status and row.reason == reason:
        return row
    return Control(rule.name, at, until, run, status, reason)


def _due(rule: ControlRule, case: Case) -> datetime:
    """When the path asks for it, or the later moment it was put off to."""
    due, put_off = rule.due.of(case), put_off_to(case, rule.name)
    return max(due, put_off) if put_off else due


def put_off_to(case: Case, control: str) -> datetime | None:
    """The moment a control was put off to, when it gave way to another path."""
    moment = case.put_off.get(control)
    return datetime.fromisoformat(moment) if moment else None


def _why_not(rule: ControlRule, case: Case, due: datetime, until: datetime | None) -> str:
    if rule.name in case.policy.switched_off or _is_of_no_path(rule, case):
        return SWITCHED_OFF
    if rule.min_gap and due < _earliest(rule, case):
        return "booked late: superseded by the confirmation"
    if until is not None and until <= due:
        return TOO_LATE
    return UNREACHABLE if _unreachable(rule, case) else ""


def _is_of_no_path(rule: ControlRule, case: Case) -> bool:
    """A letter of a path that the business has taken away since. What else the path does goes on,
    so that the case ends as it would, and whoever waits for a person still gets one."""
    return case.path in BUILT_IN and isinstance(rule.does, Tell) and case.is_switched_off


def _unreachable(rule: ControlRule, case: Case) -> bool:
    """Nothing reaches the person, and of this message nobody else is asked to tell them."""
    tells = isinstance(rule.does, Tell) and not rule.does.unreachable
    return tells and not case.facts.get("channels")


def unwanted(rule: ControlRule, case: Case) -> str:
    """Why the person is not to be written this message; "" when they may be."""
    return case.not_to_write.get(rule.does.purpose, "") if isinstance(rule.does, Tell) else ""


def _earliest(rule: ControlRule, case: Case) -> datetime:
    gap = case.policy.gap(rule.min_gap).delta if rule.min_gap else timedelta(0)
    return case.anchors["opened"] + gap


def _undisturbed(
    rule: ControlRule,
    case: Case,
    due: datetime,
    until: datetime | None,
    not_before: datetime | None = None,
) -> datetime | None:
    """The moment nearest to `due` at which the person may be disturbed; None: no useful one.

    Not before that moment, or else not before the rule's least time after the booking.
    """
    window = case.policy.window(rule.quiet) if rule.quiet else None
    if window is None:
        return due
    start = case.anchors.get("start") or until or due + LONG_ENOUGH
    lead = start - until if until is not None else timedelta(0)
    zone, earliest = zone_of_person(case), not_before or _earliest(rule, case)
    shifted = quiet_shift(due, start, window, zone, min_lead=lead, earliest=earliest)
    return None if shifted != due and shifted == until else shifted


def _left_behind(path: Path, rule: ControlRule, case: Case, row: Control, now: datetime) -> bool:
    """It was skipped or void when its time came: no message is brought back late.

    One that was planned all along and whose time a policy change put into the past is due at once
    instead: its reader would otherwise get nothing. For the same reason one that a policy had
    skipped comes back with the policy, while it is of use and no later reminder has gone. What
    somebody did not want when its time came they do not get later either.
    """
    if row.status is SKIPPED and row.reason in REFUSED:
        return True
    if rule.rank == 0 or row.status is PLANNED:
        return False
    until = _until(rule, case)
    over = until is not None and now >= until
    return over or row.reason not in BY_POLICY or _said_later(path, rule, case)


def _said_later(path: Path, rule: ControlRule, case: Case) -> bool:
    later = {other.name for other in path.controls if other.quiet and other.rank > rule.rank}
    return any(row.name in later and row.fired_at is not None for row in case.controls)


def _not_brought_back(row: Control) -> Control:
    if row.status is SKIPPED:
        return row
    reason = "its time had passed when it was planned anew"
    return replace(row, status=SKIPPED, reason=reason)


def _coalesce(path: Path, rows: dict[tuple[str, int], Control]) -> None:
    """Of two reminders pulled onto one another only the one nearer to the visit goes."""
    ranks = path.reminders
    waiting = [row for row in rows.values() if row.name in ranks and row.waiting]
    waiting.sort(key=lambda row: ranks[row.name])
    for lower, higher in pairwise(waiting):
        if abs(higher.due_at - lower.due_at) < COALESCE:
            reason = f"one message with {higher.name}"
            rows[lower.key] = replace(lower, status=SKIPPED, reason=reason)
