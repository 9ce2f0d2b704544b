"""What a time without a worker left behind, for those who can still call the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kept.appointments import queries
from kept.appointments.queries import Lateness, Leg
from kept.cases.queries import Control
from kept.clock import queries as clock
from kept.console import words
from kept.console.access import Desk

DAYS = (1, 3, 7)
"""How far one may look back; the first is what the other pages tell of."""

LISTED = 300
A_TURN = timedelta(seconds=10)  # of real time: a worker at work needs no longer


@dataclass(frozen=True, slots=True)
class Behind:
    """A duty that was late or left out. `became`: what became of it, and why."""

    duty: Control
    leg: Leg | None
    name: str
    became: str


def count(desk: Desk) -> int:
    """How many duties of the last day were late or left out. For the front desk; else none."""
    if not desk.is_front_desk:
        return 0
    begin = desk.now - timedelta(days=DAYS[0])
    return queries.count_late(begin, desk.now, desk.business.id, least=_least())


def report(desk: Desk, days: int) -> Lateness:
    """The report on so many days until now."""
    begin = desk.now - timedelta(days=days)
    return queries.lateness(begin, desk.now, desk.business.id, least=_least())


def _least() -> timedelta:
    """Where a second counts for many, a worker at work may seem late."""
    row = clock.current()
    speed = row.speed if row is not None and clock.is_lapse() else 1.0
    return max(queries.LATE, A_TURN * speed)


def said(found: Lateness) -> list[str]:
    """The figures in words, those that are none left out."""
    longest = length(found.longest)
    people = words.many(len(found.not_reminded), "customer", "customers")
    figures = (
        (found.late, f"{found.late} done late, the longest by {longest}"),
        (found.expired, f"{found.expired} not done: their time of use was over"),
        (found.superseded, f"{found.superseded} left out for a more important message"),
        (len(found.not_reminded), f"{people} got no reminder at all"),
    )
    return [sentence for number, sentence in figures if number]


def listed(duties: Sequence[Control]) -> list[Behind]:
    """The newest of these duties, each with its appointment."""
    newest = duties[::-1][:LISTED]
    legs = queries.current_legs({each.case.subject for each in newest})
    return [_behind(each, legs.get(each.case.subject)) for each in newest]


def _behind(duty: Control, leg: Leg | None) -> Behind:
    name = words.told_of(duty.name, words.CONTROLS)
    if duty.status in {"expired", "skipped"}:
        return Behind(duty, leg, name, words.cause(duty.reason))
    late = duty.fired_at - duty.due_at if duty.fired_at else timedelta(0)
    return Behind(duty, leg, name, f"{length(late)} late")


def length(span: timedelta) -> str:
    """Like "23 h 50 min" or "8 min"."""
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
