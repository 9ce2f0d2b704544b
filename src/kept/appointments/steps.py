"""Moving the time-lapse clock through time instead of over it.

A jump of a day would make everything in between due at once, and late. A step stops the clock at
every moment at which something is due, and goes on once the worker has dealt with it: each control
fires at its own time, as it would in life.
"""

from __future__ import annotations

import math
import time as real_time
from datetime import datetime

from kept.cases import queries as cases
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.clock.actions import ClockRefused
from kept.outbox import queries as outbox

LOOK_AGAIN = 0.02  # seconds between two looks at what another process is doing


class NoWorker(Exception):
    """Nobody turns the handle."""

    def __init__(self) -> None:
        super().__init__(
            "No worker is running, so nothing that falls due would be handled. "
            "Start one with `kept serve` or `kept work`."
        )


def next_moment() -> datetime | None:
    """When something next falls due: a control, or another attempt at a message. None: nothing."""
    moments = [moment for moment in (cases.next_due(), outbox.next_attempt()) if moment]
    return min(moments, default=None)


def step_to(target: datetime, *, patience: float, at_most: float | None = None) -> datetime:
    """Move the clock to `target`, stopping at every due moment on the way; answers what it says.

    1. Wait until the worker has handled what is due now.
    2. Move to the next moment at which something is due, or to the target when that is nearer.
    3. Go on until the target is reached and quiet.

    `patience` and `at_most` are in seconds of real time: how long nothing at all may get done, and
    how long it may take in all (None: as long as something gets done). When either runs out the
    clock stays where it is, short of the target, and no duty has been jumped over. Raises NoWorker,
    ClockRefused.
    """
    if not clock.is_lapse():
        raise ClockRefused("This installation runs on the real clock, which cannot be moved.")
    until = math.inf if at_most is None else real_time.monotonic() + at_most
    while quiet_within(patience) and real_time.monotonic() <= until:
        now = clock.now()
        if now >= target:
            return now
        _move_to(min(next_moment() or target, target))
    return clock.now()


def quiet_within(patience: float) -> bool:
    """Wait until nothing is due any more. False when nothing gets done for `patience` seconds.

    However much there is to do: who waits for a slow machine waits as long as it gets on. There is
    nothing to be woken by across processes, so the rows are looked at again. Raises NoWorker.
    """
    before, since = None, real_time.monotonic()
    while True:
        now = clock.now()
        left = (cases.due_now(now), outbox.unsettled(now))
        if not any(left):
            return True
        if not clock.workers():
            raise NoWorker
        if left != before:
            before, since = left, real_time.monotonic()
        elif real_time.monotonic() - since > patience:
            return False
        real_time.sleep(LOOK_AGAIN)


def _move_to(instant: datetime) -> None:
    """Forward to `instant`; a clock that runs by itself may have passed it already."""
    if not clock.workers():
        raise NoWorker
    try:
        clock_actions.advance_to(instant)
    except ClockRefused:
        if clock.now() < instant:
            raise
