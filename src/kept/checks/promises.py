"""The twelve promises, by number, and how to see whether they hold.

Each is a function over the live data that answers what breaks it in plain words. They read; where
one tries whether the database refuses something, what it tried is undone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError

from kept.checks.bookings import bookings_are_never_lost
from kept.checks.claims import claims_never_overlap
from kept.checks.duties import (
    every_control_says_why,
    every_end_has_an_outcome,
    nothing_waits_for_memory,
)
from kept.checks.finding import Found, Moment, moment
from kept.checks.handing_on import outcomes_are_handed_on
from kept.checks.history import the_state_is_the_fold
from kept.checks.messages import (
    messages_go_out_once,
    nothing_leaves_after_a_change,
    told_equals_the_truth,
)
from kept.checks.requests import reading_changes_nothing
from kept.checks.walls import nothing_crosses
from kept.clock import queries as clock

log = logging.getLogger("kept.checks")

LAG = timedelta(minutes=1)  # of real time: what a worker at work may still be about to do

Check = Callable[[Moment], Found]
Progress = Callable[["Promise"], None]


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise and the check that goes with it."""

    number: int
    title: str
    check: Check

    @property
    def name(self) -> str:
        return self.check.__name__


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found. `broken`: one sentence for each thing that breaks the promise."""

    number: int
    name: str
    title: str
    ok: bool
    broken: list[str] = field(default_factory=list)
    looked_at: int = 0


# fmt: off
PROMISES = (
    Promise(1, "Two claims on one resource never overlap", claims_never_overlap),
    Promise(2, "A booking is never lost, nor its confirmation", bookings_are_never_lost),
    Promise(3, "Nothing of a leg leaves after it has changed", nothing_leaves_after_a_change),
    Promise(4, "Every open case has a duty or an escalation", nothing_waits_for_memory),
    Promise(5, "Every appointment past its end has an outcome or an escalation",
            every_end_has_an_outcome),
    Promise(6, "Every control ends with what became of it and why", every_control_says_why),
    Promise(7, "Each message goes out once, or the doubt is recorded", messages_go_out_once),
    Promise(8, "What the customer was told equals the truth, or is escalated",
            told_equals_the_truth),
    Promise(9, "Every outcome is handed on once, and accepted or escalated",
            outcomes_are_handed_on),
    Promise(10, "The state equals the fold of the events, and who listens is told of each",
            the_state_is_the_fold),
    Promise(11, "No request changes anything by reading", reading_changes_nothing),
    Promise(12, "No row points into another business", nothing_crosses),
)
# fmt: on


def run(
    now: datetime,
    *,
    only: Collection[int] | None = None,
    progress: Progress | None = None,
    lag: timedelta = LAG,
) -> list[Result]:
    """See which promises hold at `now`; `only` these numbers. `progress` hears of each beforehand.

    What has been due for less than `lag` of real time is a worker's to do and breaks nothing.
    """
    row = clock.current()
    speed = row.speed if row is not None and clock.is_lapse() else 1.0
    when = moment(now, clock.real_now(), speed=speed, lag=lag)
    results = []
    for promise in PROMISES:
        if only is not None and promise.number not in only:
            continue
        if progress is not None:
            progress(promise)
        found = _checked(promise, when)
        ok = not found.broken
        results.append(
            Result(promise.number, promise.name, promise.title, ok, found.broken, found.looked_at)
        )
    return results


def _checked(promise: Promise, when: Moment) -> Found:
    """One row that no check foresaw must not keep the other promises from being looked at."""
    try:
        return promise.check(when)
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("Promise %s could not be checked.", promise.number)
        said = f"This could not be checked to its end: {type(error).__name__}: {error}."
        return Found(0, [said])
