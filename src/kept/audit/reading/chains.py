"""Bookings that replace one another become one appointment with several legs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kept.audit.history import Appointment, Leg, Outcome
from kept.audit.quality import Quality
from kept.audit.reading.rules import IN_A_CIRCLE, NEW_BOOKING_MISSING

# What a booking that was replaced may still be called by its tool.
_REPLACED = {
    Outcome.CANCELLED,
    Outcome.CANCELLED_BY_BUSINESS,
    Outcome.UNKNOWN,
    Outcome.AHEAD,
    Outcome.RESCHEDULED,
}


@dataclass(frozen=True, slots=True)
class Link:
    """One booking, its number, and the numbers of those before and after it (or empty)."""

    appointment: Appointment
    number: str
    before: str
    after: str


def chains(links: Sequence[Link], quality: Quality) -> Iterator[Appointment]:
    """Every booking once: those without one before them begin a chain."""
    following, replaces = _following(links)
    waiting = {id(link): link for link in links}
    begins = [link for link in links if id(link) not in replaces]
    for first in [*begins, *links]:
        if id(first) in waiting:
            if first not in begins:
                quality.note(IN_A_CIRCLE, first.appointment.legs[0].reference)
            yield _one(_walk(first, following, waiting), quality)


def _following(links: Sequence[Link]) -> tuple[dict[int, Link], set[int]]:
    """Which link follows which (by identity), and which ones follow another."""
    by_number = {link.number: link for link in links if link.number}
    following: dict[int, Link] = {}
    replaces: set[int] = set()
    for link in links:
        pairs = ((by_number.get(link.before), link), (link, by_number.get(link.after)))
        for old, new in pairs:
            if not old or not new or old is new:
                continue
            if id(old) not in following and id(new) not in replaces:
                following[id(old)] = new
                replaces.add(id(new))
    return following, replaces


def _walk(first: Link, following: dict[int, Link], waiting: dict[int, Link]) -> list[Link]:
    found: list[Link] = []
    each: Link | None = first
    while each is not None and id(each) in waiting:
        found.append(waiting.pop(id(each)))
        each = following.get(id(each))
    return found


def _one(links: Sequence[Link], quality: Quality) -> Appointment:
    legs = [link.appointment.legs[0] for link in links]
    moved = [_moved(leg, later) for leg, later in pairwise(legs)]
    if legs[-1].outcome is Outcome.RESCHEDULED:
        quality.note(NEW_BOOKING_MISSING, legs[-1].reference)
    persons = (link.appointment.person for link in links)
    return Appointment((*moved, legs[-1]), next((p for p in persons if p is not None), None))


def _moved(leg: Leg, later: Leg) -> Leg:
    if leg.outcome not in _REPLACED:
        return leg
    return replace(leg, outcome=Outcome.RESCHEDULED, outcome_at=leg.outcome_at or later.booked_at)
