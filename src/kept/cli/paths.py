"""Printing a path: its states, its controls with their times, and the instants of a sample."""

from __future__ import annotations

from datetime import datetime, timedelta

from kept.cli import out
from kept.cli.problems import Misused
from kept.core import drawing
from kept.core.path import AT_ONCE, ControlRule, Escalate, Lapse, Moment, Open, Path, Tell
from kept.core.paths import PATHS
from kept.core.policy import Policy
from kept.core.time import TimeError, format_offset
from kept.core.time import zone as known_zone


def show(name: str, *, as_json: bool) -> None:
    """Print a path as it is written."""
    path = _path(name)
    if as_json:
        out.data(_described(path))
    else:
        _draw(path)


def _path(name: str) -> Path:
    if name not in PATHS:
        raise Misused(f"There is no path {name!r}; there are: {', '.join(PATHS)}.")
    return PATHS[name]


def _described(path: Path) -> dict[str, object]:
    return {
        "name": path.name,
        "title": path.title,
        "states": [
            {"name": state.name, "kind": state.kind, "says": state.says} for state in path.states
        ],
        "controls": [
            {
                "name": rule.name,
                "says": rule.says,
                "due": _moment(rule.due),
                "useful_until": _moment(rule.useful_until) if rule.useful_until else None,
                "states": [state.name for state in path.states if state.name in rule.states],
                "does": _duty(rule),
            }
            for rule in path.controls
        ],
        "escalations": [
            {
                "kind": rule.kind,
                "owner": rule.owner,
                "reason": rule.reason,
                "suggestion": rule.suggestion,
                "makes_sense_until": _moment(rule.until) if rule.until else None,
            }
            for rule in path.escalations
        ],
        "outcomes": dict(path.outcomes),
    }


def _moment(moment: Moment) -> str:
    """`24h before start`, with the policy's usual value where the policy decides."""
    offset = moment.offset
    if isinstance(offset, str):
        offset = Policy().offset(offset)
    if offset == AT_ONCE:
        return f"at {moment.anchor}"
    return f"{format_offset(offset)} {moment.side} {moment.anchor}"


def _duty(rule: ControlRule) -> str:
    duty = rule.does
    if isinstance(duty, Tell):
        return f"tell the customer: {duty.message}"
    if isinstance(duty, Open):
        return f"record: {duty.event}"
    if isinstance(duty, Escalate):
        return f"escalate: {duty.kind}"
    if isinstance(duty, Lapse):
        return f"close what is open of: {', '.join(duty.kinds)}"
    return f"expire hand-offs, escalate: {duty.kind}"


def _draw(path: Path) -> None:
    from rich.table import Table

    console = out.console()
    console.print(f"[bold]{path.name}[/]: {path.title}\n")
    console.print(" ──▶ ".join(stage.upper() for stage in path.stages))
    others = [state.name.upper() for state in path.states if state.name not in path.stages]
    console.print(f"off the path: {' · '.join(others)}\n")
    states = Table("state", "what it says", box=None, pad_edge=False)
    for state in path.states:
        states.add_row(state.name, state.says)
    console.print(states)
    controls = Table("\ncontrol", "\ndue", "\nuseful until", "\nwhat it does", box=None)
    controls.pad_edge = False
    for rule in path.controls:
        until = _moment(rule.useful_until) if rule.useful_until else "always"
        controls.add_row(rule.name, _moment(rule.due), until, rule.says)
    console.print(controls)
    console.print(
        "\nThe times are the usual ones; `kept policy` shows what a business has set.",
        style="dim",
    )


def sample(
    name: str, start: datetime, zone_name: str, booked_before: timedelta, *, as_json: bool
) -> None:
    """Print the real instants of every control for a booking at this wall time.

    `start` is naive: the time on the wall of that zone.
    """
    path = _path(name)
    try:
        rows = drawing.sample(path, start, known_zone(zone_name), Policy(), booked_before)
    except TimeError as error:
        raise Misused(str(error)) from None
    if as_json:
        out.data(
            [
                {
                    "control": row.control,
                    "says": row.says,
                    "local": row.local,
                    "utc": row.utc,
                    "status": row.status,
                    "reason": row.reason,
                }
                for row in rows
            ]
        )
        return
    for text in drawing.sample_lines(rows):
        out.line(text)
