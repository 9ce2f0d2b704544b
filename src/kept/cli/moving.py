"""Showing and moving the clock of an installation."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kept.accounts import queries as accounts
from kept.appointments.steps import NoWorker, next_moment, quiet_within, step_to
from kept.cli import out
from kept.cli.problems import Refused
from kept.clock import actions as clock
from kept.clock import queries


def show(*, as_json: bool) -> None:
    """Say what the clock says."""
    answer = _reading()
    if as_json:
        out.data(answer)
        return
    if not answer["lapse"]:
        out.line(f"The real clock: {_shown(queries.now())}.")
        return
    speed = f"{answer['speed']:g} times as fast" if answer["speed"] else "standing still"
    out.line(f"The time-lapse clock: {_shown(queries.now())}, {speed}.")
    due = next_moment()
    if due is not None:
        out.line(f"Next is due:          {_shown(due)}.")


def _reading() -> dict[str, object]:
    row = queries.current()
    return {
        "now": queries.now().astimezone(_zone()),
        "lapse": queries.is_lapse(),
        "speed": row.speed if row is not None and queries.is_lapse() else 1.0,
        "next_due": next_moment(),
        "workers": [beat.name for beat in queries.workers()],
    }


def _zone() -> ZoneInfo:
    """The zone of the businesses here when they share one, else UTC."""
    zones = {business.time_zone for business in accounts.businesses()}
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")


def _shown(instant: datetime) -> str:
    zone = _zone()
    return f"{out.when(instant, zone, seconds=True)} ({zone.key})"


def advance(by: timedelta, *, through: bool, wait: float, as_json: bool) -> None:
    """Move forward by this much; see `advance_to`."""
    if through:
        advance_to(queries.now() + by, through=True, wait=wait, as_json=as_json)
    else:
        clock.advance(by)
        _moved(wait, as_json=as_json)


def advance_to(instant: datetime, *, through: bool, wait: float, as_json: bool) -> None:
    """Move forward to an instant, and wait until what became due has been handled.

    `through`: stop at every due moment on the way, so that each duty falls due at its own time;
    otherwise jump. `wait`: how many seconds of real time nothing at all may get done.
    """
    if through:
        _step_to(instant, wait)
    else:
        clock.advance_to(instant)
    _moved(wait, as_json=as_json)


def _step_to(instant: datetime, wait: float) -> None:
    try:
        reached = step_to(instant, patience=wait)
    except NoWorker as error:
        raise Refused(str(error)) from None
    if reached < instant:
        raise Refused(
            f"It is {_shown(reached)}, and for {wait:g} seconds the worker got nothing done: "
            "run it again to go on, or with a longer --wait."
        )


def run_at(speed: float, *, as_json: bool) -> None:
    """Let the clock run this many times as fast."""
    clock.run_at(speed)
    show(as_json=as_json)


def _moved(wait: float, *, as_json: bool) -> None:
    handled = _handled_within(wait)
    if as_json:
        out.data({**_reading(), "handled": handled})
    else:
        out.line(f"It is now {_shown(queries.now())}.")
    if not handled:
        out.note(_why_not_handled())


def _why_not_handled() -> str:
    if queries.workers():
        return "The worker is still busy with what became due."
    return "No worker is running: what became due waits for `kept serve` or `kept work`."


def _handled_within(patience: float) -> bool:
    """Wait until nothing due is left, as long as a worker lives and something gets done."""
    try:
        return quiet_within(patience)
    except NoWorker:
        return False
