"""What an event on one case means for the other cases of the same person.

Two things reach them, in the transaction of the event itself: what its path announces (a visit was
booked, so nobody need ask for one any more), and that an outcome handed on to them is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from kept.cases import models
from kept.cases.rows import Loaded
from kept.core import case as core
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.paths.lead_response import LEAD_RESPONSE
from kept.core.time import same_local_day
from kept.lib.ready import Ready
from kept.outbox import queries as outbox

if TYPE_CHECKING:
    from kept.cases.actions import Opening

HEARD = {heard for path in PATHS.values() for heard in path.announces.values()}
LISTENING = tuple(
    path.name for path in PATHS.values() if any(rule.event in HEARD for rule in path.rules)
)
TAKES_TURNS = tuple(
    path.name for path in PATHS.values() if any(rule.gives_way for rule in path.controls)
)
"""The paths with letters that wait while another one writes to the person that day."""

LEADING = {
    path.name: tuple(
        rule.name for rule in path.controls if isinstance(rule.does, Tell) and not rule.gives_way
    )
    for path in PATHS.values()
}
"""The letters that wait for nobody: those of an appointment, and what to mind after a visit."""

SPEAKING = {path.name: path.speaks_after | path.taking_back for path in PATHS.values()}
LEAD = LEAD_RESPONSE.name
NOBODY, NO_LEAD = " ", UUID(int=0)  # an address that nobody has, and the lead of nobody
Circle = dict[UUID | None, list[Loaded]]  # person -> their cases, of those loaded
A_DAY = timedelta(hours=27)  # the longest local day there is, and an hour to spare


def concern_others(path: str, event: str) -> bool:
    """Whether such an event on this path may concern the person's other cases."""
    return event in SPEAKING[path]


def listening_to(persons: Iterable[UUID | None]) -> set[UUID]:
    """The cases of these people that listen to what happens on their other cases."""
    rows = models.Case.objects.filter(person__in=set(persons), path__in=LISTENING, waits=True)
    return set(rows.values_list("id", flat=True))


def listening_to_newcomer(opening: Opening) -> set[UUID]:
    """The cases that listen to what begins for this person now.

    A lead listens to whoever has its e-mail address or phone number: people ask in one form of
    their name and book in another. `answers` names a lead whose own link was followed: it hears of
    it, and so does what it was handed on to.
    """
    person = opening.person
    if person is None:
        return set()
    rows = _listening(
        person=person.id,
        business=opening.business,
        email=person.email.lower() or NOBODY,
        phone=person.phone or NOBODY,
        lead=opening.answers or NO_LEAD,
    )
    return {row.id for row in rows}


def _waiting_for(person: Any, business: Any, email: Any, phone: Any, lead: Any) -> QuerySet[Any]:
    same = Q(address=email) | Q(person__phone=phone)
    theirs = Q(person=person, path__in=LISTENING)
    followed = Q(subject=lead, business=business, path__in=LISTENING)
    found = models.Case.objects.alias(address=Lower("person__email")).filter(waits=True)
    return found.filter(theirs | followed | (Q(path=LEAD, business=business) & same)).only("id")


_listening = Ready(_waiting_for)


def answering(path: str, event: core.Event, listening: Iterable[Loaded]) -> core.Event:
    """A new booking says which leads it answers: the way back, beside theirs to the booking."""
    if path == LEAD or event.data.get("origin") == "move":
        return event
    leads = [str(each.row.subject) for each in listening if each.row.path == LEAD]
    return replace(event, data={**event.data, "leads": sorted(leads)}) if leads else event


def of_one_person(cases: Iterable[Loaded]) -> Circle:
    """The cases by their person. A batch holds hundreds of people, and none hears of another."""
    circle: Circle = defaultdict(list)
    for case in cases:
        if case.row.person_id is not None:
            circle[case.row.person_id].append(case)
    return circle


def heard(
    speaker: Loaded, decision: core.Decision, circle: Circle, now: datetime
) -> list[tuple[Loaded, core.Event]]:
    """What the other loaded cases of the same person hear of a decision, in order."""
    row, path = speaker.row, PATHS[speaker.row.path]
    said = [
        core.Event(path.announces[event.name], now, data=_about(row, event))
        for event in decision.events
        if event.name in path.announces
    ]
    taken_back = {
        hand_off.key
        for hand_off in decision.hand_offs
        if hand_off.status is core.HandOffStatus.WITHDRAWN
    }
    found = []
    for other in _others(speaker, circle):
        events = list(said)
        if other.row.subject == row.subject and (other.row.path, other.row.number) in taken_back:
            events.insert(0, core.Event("outcome_withdrawn", now, data={"case": str(row.id)}))
        found += [(other, event) for event in events]
    return found


def _about(row: models.Case, event: core.Event) -> core.Facts:
    """What the others may want to know: which case, about what, and how it came to it."""
    origin = {"origin": event.data["origin"]} if "origin" in event.data else {}
    return {"case": str(row.id), "about": str(row.subject), **origin}


def _others(speaker: Loaded, circle: Circle) -> list[Loaded]:
    return [other for other in circle.get(speaker.row.person_id, ()) if other is not speaker]


def understood(other: Loaded, event: core.Event) -> bool:
    """What a path has no rule for in its present state is nothing to it."""
    return PATHS[other.row.path].rule(event, other.value.state) is not None


def note_letters(loaded: Mapping[UUID, Loaded], now: datetime) -> None:
    """Tell the cases that give way to others when another one writes to their person today."""
    listening = [each for each in loaded.values() if each.row.path in TAKES_TURNS]
    persons = {each.row.person_id for each in listening if each.row.person_id}
    if not persons:
        return
    letters = _letters(persons, now)
    for each in listening:
        zone = core.zone_of_person(each.value)
        today = [
            at
            for case_id, at in letters[each.row.person_id]
            if case_id != each.row.id and same_local_day(at, now, zone)
        ]
        each.value = core.with_letter(each.value, max(today, default=None))


def note_posted(speaker: Loaded, circle: Circle, now: datetime) -> None:
    """A letter was just posted: of those loaded with it, the person's other cases know at once."""
    for other in _others(speaker, circle):
        if other.row.path in LISTENING:
            other.value = core.with_letter(other.value, now)


Letters = Mapping[UUID | None, list[tuple[UUID, datetime]]]  # person -> (case, when)


def _letters(persons: set[UUID], now: datetime) -> Letters:
    """The letters of these days: those posted, and those about to be that wait for nobody."""
    found: dict[UUID | None, list[tuple[UUID, datetime]]] = defaultdict(list)
    for person, case_id, at in outbox.written_to(persons, now - A_DAY, now):
        found[person].append((case_id, at))
    letters = Q()
    for path, names in LEADING.items():
        letters |= Q(case__path=path, name__in=names)
    ahead = models.Control.objects.filter(
        letters,
        case__person__in=persons,
        case__waits=True,
        status=core.Status.PLANNED.value,
        due_at__range=(now - A_DAY, now + A_DAY),
    )
    for person, case_id, at in ahead.values_list("case__person", "case_id", "due_at"):
        found[person].append((case_id, at))
    return found
