"""Printing a path: its states, its controls with their times, and the instants of a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from kept.cli import out
from kept.cli.problems import Misused
from kept.core import drawing
from kept.core.drawing import SampleRow
from kept.core.pages import in_words
from kept.core.path import AT_ONCE, ControlRule, Escalate, Lapse, Moment, Open, Path, Tell
from kept.core.paths import PATHS
from kept.core.policy import Policy
from kept.core.time import TimeError, format_offset, instant, refuse_left_out
from kept.core.time import zone as known_zone
from kept.lib.i18n import format_duration


def show(name: str, *, as_json: bool) -> None:
    """Print a path as it is written."""
    path = _path(name)
    if as_json:
        out.data(_described(path))
    else:
        _draw(path)


def _path(name: str) -> Path:
    if name not in PATHS:
        near = get_close_matches(name, PATHS, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise Misused(f"There is no path {name!r}; there are: {', '.join(PATHS)}.{meant}")
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
                "hours": _hours(rule) or None,
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
    if moment.asked is not None:
        return in_words(moment.asked)
    offset = moment.offset
    if isinstance(offset, str):
        offset = Policy().offset(offset)
    if offset == AT_ONCE:
        return f"at {moment.anchor}"
    return f"{format_offset(offset)} {moment.side} {moment.anchor}"


def _hours(rule: ControlRule) -> str:
    """`08:00 to 21:00`, by the policy's usual value; "" for what goes at any hour."""
    window = Policy().window(rule.quiet) if rule.quiet else None
    return f"{window.opens:%H:%M} to {window.closes:%H:%M}" if window else ""


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
        due = ", from ".join(filter(None, (_moment(rule.due), _hours(rule))))
        controls.add_row(rule.name, due, until, rule.says)
    console.print(controls)
    console.print(
        "\nThe times are the usual ones; `kept policy` shows what a business has set.",
        style="dim",
    )


def sample(
    name: str, start: datetime, zone_name: str, booked_before: timedelta, *, as_json: bool
) -> None:
    """Print the real instants of every control for a booking at this wall time.

    `start` is naive, the time on the wall of that zone; or an instant, where that happens twice.
    """
    path = _path(name)
    try:
        zone = known_zone(zone_name)
        wall, fold = _on_the_wall(start, zone)
        begins = instant(wall, zone, fold)
        rows = drawing.sample(path, wall, zone, Policy(), booked_before, LENGTH, fold)
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
    for text in _told(path, rows, begins, zone, booked_before):
        out.line(text)


def _on_the_wall(start: datetime, zone: ZoneInfo) -> tuple[datetime, int | None]:
    """What the clocks show, and where they show it twice, which of the two is meant."""
    if start.tzinfo is None:
        return start, None
    refuse_left_out(start, zone)
    there = start.astimezone(zone)
    return there.replace(tzinfo=None, fold=0), there.fold


LENGTH = timedelta(hours=1)  # of the sample visit
Row = tuple[str, str, str, str, str]


def _told(
    path: Path,
    rows: Sequence[SampleRow],
    begins: datetime,
    zone: ZoneInfo,
    booked_before: timedelta,
) -> Iterator[str]:
    """The sample as somebody tells it: from the booking, past the visit, to the last control."""
    booked, when = begins - booked_before, out.when(begins, zone)
    ago = _in_words(booked_before)
    yield f"A visit on {when} ({zone.key}) for 1 hour, booked {ago} before."
    before, after = booked.astimezone(zone).utcoffset(), begins.astimezone(zone).utcoffset()
    if before is not None and after is not None and before != after:
        way = "forward" if after > before else "back"
        yield (
            f"The clocks there are put {way} on the way, from {_offset(booked, zone)} to "
            f"{_offset(begins, zone)}: 24h are 24 real hours all the same."
        )
    yield ""
    moments = [
        (booked, ("(booked)", "", *_instants(booked, zone), "")),
        *((row.utc, _control(path, row, zone)) for row in rows),
        (begins, ("(begins)", "", *_instants(begins, zone), "")),
        (begins + LENGTH, ("(ends)", "", *_instants(begins + LENGTH, zone), "")),
    ]
    table: list[Row] = [("", "due", "local time", "UTC", "")]
    # Sorted by the instant alone: what falls on one moment keeps its order.
    table += [row for _, row in sorted(moments, key=lambda moment: moment[0])]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    for row in table:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _in_words(duration: timedelta) -> str:
    days, rest = divmod(duration, timedelta(days=1))
    if rest or not days:
        return format_duration(duration, "en_GB")
    return "1 day" if days == 1 else f"{days} days"


def _control(path: Path, row: SampleRow, zone: ZoneInfo) -> Row:
    why = f"{row.status}: {row.reason}. " if row.reason else ""
    due = _moment(path.control(row.control).due)
    return (row.control, due, *_instants(row.utc, zone), f"{why}{row.says}")


def _instants(moment: datetime, zone: ZoneInfo) -> tuple[str, str]:
    return out.when(moment, zone), f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _offset(moment: datetime, zone: ZoneInfo) -> str:
    return out.when(moment, zone).rpartition(" ")[2]
