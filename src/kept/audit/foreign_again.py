"""What Kept would have written and asked about the appointments of a foreign file.

A file says when something was booked, when it was and how it ended, and no more. With that each
appointment can be walked along Kept's path; what anybody would have done about a letter cannot be
known, so that no break is said to be prevented here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from kept.audit.figures import LISTED
from kept.audit.history import Field, History, Leg, Outcome
from kept.core import time
from kept.core.again import walk_again
from kept.core.case import Actor, Case, Event, Facts, NotAllowed, Role
from kept.core.paths.appointment import APPOINTMENT
from kept.core.policy import Policy

NEEDED = (Field.BOOKED_AT, Field.END)

ASSUMED = (
    "Every customer is taken to have an address that works: the file does not say.",
    "People do what they really did, at the same time: nobody knows what a letter would have made "
    "them do.",
    "It is not said what would have broken: the file does not show what broke in the first place.",
)


class CannotWalk(Exception):
    """The file lacks what the path counts from. The message names it."""


@dataclass(frozen=True, slots=True)
class WouldGo:
    """One letter, and when it would have gone. `reference`: the place in the file."""

    reference: str
    control: str
    at: datetime


@dataclass(slots=True)
class FileSimulation:
    """What came of it. `letters` counts by name, `listed` has the first `LISTED`; `asked`: what a
    person would have been asked, by kind; `not_walked`: appointments left out, and why;
    `refusals`: what was done and would have been refused."""

    legs: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    listed: list[WouldGo] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    not_walked: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)


def simulate_file(
    history: History,
    policy: Policy,
    begin: datetime | None = None,
    end: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> FileSimulation:
    """Walk the appointments of a file that start in [begin, end) along Kept's path.

    Raises CannotWalk when the file does not say when things were booked or when they end.
    """
    source = history.source
    if missing := [each.value for each in NEEDED if each not in source.knows]:
        raise CannotWalk(f"{source.name} does not say {' and '.join(missing)}.")
    found = FileSimulation()
    for read, appointment in enumerate(history.appointments(), 1):
        if progress and read % 1000 == 0:
            progress(read)
        for number, leg in enumerate(appointment.legs, 1):
            if (begin and leg.start < begin) or (end and leg.start >= end):
                continue
            _walk(found, leg, number, policy, source.zone.key, source.now)
    return found


def _walk(
    found: FileSimulation, leg: Leg, number: int, policy: Policy, zone: str, now: datetime
) -> None:
    if why := _why_not(leg):
        found.not_walked[why] += 1
        return
    try:
        events = list(_events(leg, number))
        again = walk_again(APPOINTMENT, _case(leg, number, policy, zone), events, now, {})
    except NotAllowed as error:
        found.not_walked[str(error)] += 1
        return
    found.legs += 1
    for letter in again.letters:
        if letter.handed_over_at is None:
            continue
        name = letter.post.control
        found.letters[name] += 1
        if len(found.listed) < LISTED:
            found.listed.append(WouldGo(leg.reference, name, letter.handed_over_at))
    found.asked.update(question.asked.kind for question in again.questions)
    found.refusals.update(event.name for event, _ in again.refused)


def _why_not(leg: Leg) -> str:
    if leg.booked_at is None or leg.end is None:
        return "it is not said when it was booked, or when it ends"
    if leg.booked_at >= leg.start:
        return "it was entered after it had begun"
    if leg.outcome in ENDED_BEFORE and leg.outcome_at is None:
        return "it is not said when it was cancelled or moved"
    return ""


CUSTOMER, STAFF = Actor(Role.CUSTOMER), Actor(Role.STAFF)
ENDED_BEFORE = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS, Outcome.RESCHEDULED})
BECAME = {
    Outcome.CANCELLED: ("cancelled", CUSTOMER, {"by": "customer"}),
    Outcome.CANCELLED_BY_BUSINESS: ("cancelled", STAFF, {"by": "business"}),
    Outcome.RESCHEDULED: ("moved", STAFF, {}),
    Outcome.COMPLETED: ("completed", STAFF, {}),
    Outcome.MISSED: ("missed", STAFF, {"by": "customer"}),
    Outcome.MISSED_BY_BUSINESS: ("missed", STAFF, {"by": "business"}),
}
"""What the file's outcome means on the path. An unknown one is nothing that happened."""


def _events(leg: Leg, number: int) -> Iterator[Event]:
    assert leg.booked_at is not None
    assert leg.end is not None
    yield Event("booked", leg.booked_at, CUSTOMER if number == 1 else STAFF)
    if leg.outcome in BECAME:
        name, actor, data = BECAME[leg.outcome]
        at = leg.outcome_at if leg.outcome in ENDED_BEFORE and leg.outcome_at else leg.end
        facts: Facts = data
        yield Event(name, at, actor, "", facts)


def _case(leg: Leg, number: int, policy: Policy, zone: str) -> Case:
    """The case before it begins. The file knows no opening hours: the day's end is the end of the
    visit and its grace."""
    assert leg.booked_at is not None
    assert leg.end is not None
    where = time.zone(zone)
    return Case(
        path=APPOINTMENT.name,
        state="",
        zone=zone,
        anchors={
            "opened": leg.booked_at,
            "start": leg.start,
            "end": leg.end,
            "close": time.after(leg.end, policy.outcome_grace, where),
            "change_until": time.before(leg.start, policy.change_until, where),
            "late_cancel": time.before(leg.start, policy.late_cancel, where),
        },
        policy=policy,
        facts={"channels": ["email"], "told": number > 1, "buffer_after_minutes": 0},
        leg=number,
    )
