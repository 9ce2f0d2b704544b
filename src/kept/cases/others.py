"""What an event on one case means for the other cases of the same person.

Two things reach them, in the transaction of the event itself: what its path announces (a visit was
booked, so nobody need ask for one any more), and that an outcome handed on to them is taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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
from kept.core.paths.appointment import APPOINTMENT
from kept.core.paths.lead_response import LEAD_RESPONSE
from kept.core.time import same_local_day
from kept.lib.ready import Question, Ready
from kept.outbox import queries as outbox
from kept.people import queries as people

if TYPE_CHECKING:
    from kept.cases.actions import Opening

HEARD = {
    heard
    for path in PATHS.values()
    for heard in (*path.announces.values(), *path.announces_nearby.values())
}
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
# A miss that a policy assumed is heard of when its follow-up begins. To hear it sooner every
# reminder of everybody would read all that follows their visits, for the one that might be it.
SPEAKING[APPOINTMENT.name] -= {"control_due"}
LEAD = LEAD_RESPONSE.name
NOBODY, NO_LEAD = " ", UUID(int=0)  # an address that nobody has, and the lead of nobody
Circle = dict[UUID | None, list[Loaded]]  # person -> the cases of their mailbox, of those loaded
A_DAY = timedelta(hours=27)  # the longest local day there is, and an hour to spare


def concern_others(path: str, event: str) -> bool:
    """Whether such an event on this path may concern the person's other cases."""
    return event in SPEAKING[path]


def listening_to(persons: Iterable[UUID]) -> set[UUID]:
    """The cases of these people, and of whoever shares their address, that listen to what happens
    on their other cases."""
    everybody = frozenset().union(*people.mailboxes(persons).values())
    return _waiting(everybody)


def _waiting(persons: Iterable[UUID]) -> set[UUID]:
    rows = models.Case.objects.filter(person__in=persons, path__in=LISTENING, waits=True)
    return set(rows.values_list("id", flat=True))


def replaced_by(subjects: Iterable[UUID], persons: Iterable[UUID]) -> set[UUID]:
    """The cases of these people that ended because of one of these visits."""
    named = [str(each) for each in subjects]
    rows = models.Case.objects.filter(person__in=list(persons), facts__replaced_by__in=named)
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
    leads = _leads(**_reached(opening.business, person.email, person.phone, opening.answers))
    # Nothing can listen yet to somebody who is new with this.
    theirs = [] if person._state.adding else _theirs(person=person.id)
    shares = bool(person.email) and getattr(person, "shares_address", True)
    nearby = _waiting(people.at_address(person)) if shares else set()
    return {case for (case,) in (*leads, *theirs)} | nearby


def asks_leads(business: UUID, email: str, phone: str, lead: UUID | None) -> Question:
    """What `listening_to_newcomer` asks whoever comes, to be asked ahead."""
    return _leads.of(**_reached(business, email, phone, lead))


def _reached(business: UUID, email: str, phone: str, lead: UUID | None) -> dict[str, object]:
    return {
        "business": business,
        "email": email.lower() or NOBODY,
        "phone": phone or NOBODY,
        "lead": lead or NO_LEAD,
    }


def _waiting_leads(business: Any, email: Any, phone: Any, lead: Any) -> QuerySet[Any, tuple[UUID]]:
    same = Q(address=email) | Q(person__phone=phone)
    followed = Q(subject=lead, path__in=LISTENING)
    found = models.Case.objects.alias(address=Lower("person__email"))
    waiting = found.filter(waits=True, business=business)
    return waiting.filter(followed | (Q(path=LEAD) & same)).values_list("id")


_leads = Ready(_waiting_leads)
_theirs = Ready(
    lambda person: models.Case.objects.filter(
        waits=True, person=person, path__in=LISTENING
    ).values_list("id")
)


def answering(path: str, event: core.Event, listening: Iterable[Loaded]) -> core.Event:
    """A new booking says which leads it answers: the way back, beside theirs to the booking."""
    if path != APPOINTMENT.name or event.data.get("origin") == "move":
        return event
    leads = [str(each.row.subject) for each in listening if each.row.path == LEAD]
    return replace(event, data={**event.data, "leads": sorted(leads)}) if leads else event


def of_one_mailbox(cases: Iterable[Loaded]) -> Circle:
    """The cases by their person, with those of whoever reads the same mailbox. A batch holds
    hundreds of people, and none hears of another."""
    circle: Circle = defaultdict(list)
    for case in cases:
        own = {case.row.person_id} - {None}
        for person in case.mailbox | own:
            circle[person].append(case)
    return circle


def know_mailboxes(loaded: Iterable[Loaded]) -> None:
    """Tell cases who reads the mailbox of their person, where any of them asks about it."""
    cases = list(loaded)
    if not any(case.row.path in LISTENING for case in cases):
        return
    boxes = people.mailboxes({case.row.person_id for case in cases if case.row.person_id})
    for case in cases:
        if case.row.person_id is not None:
            case.mailbox = boxes[case.row.person_id]


COMPLAINTS = ("COMPLAINT", "REVIEW_RECOVERY")
"""What a person settles before anybody there is asked for something: told to us, or in public."""
SETTLED = "complaint_settled"


def complaints_open(persons: Iterable[UUID], *, but_of: UUID | None = None) -> bool:
    """Whether a complaint of one of these people is open, on any other case than `but_of`."""
    found = models.Escalation.objects.filter(case__person__in=list(persons), kind__in=COMPLAINTS)
    return found.filter(resolved_at=None).exclude(case=but_of).exists()


def heard(
    speaker: Loaded,
    decision: core.Decision,
    circle: Circle,
    now: datetime,
    answers: UUID | None = None,
) -> list[tuple[Loaded, core.Event]]:
    """What the other loaded cases of the same person, and of whoever shares their address, hear of
    a decision, in order. `answers`: the lead whose own link led here."""
    row, path = speaker.row, PATHS[speaker.row.path]
    to_own = _said(speaker, decision, path.announces, now)
    to_nearby = _said(speaker, decision, path.announces_nearby, now)
    taken_back = {
        hand_off.key
        for hand_off in decision.hand_offs
        if hand_off.status is core.HandOffStatus.WITHDRAWN
    }
    found = []
    for other in _others(speaker, circle):
        events = list(to_own if _is_own(other, row, answers) else to_nearby)
        if other.row.subject == row.subject and (other.row.path, other.row.number) in taken_back:
            events.insert(0, core.Event("outcome_withdrawn", now, data={"case": str(row.id)}))
        if _was_replaced_by(other, row, decision):
            events.append(core.Event("newer_visit_withdrawn", now, data=_about_row(row)))
        found += [(other, event) for event in events]
    return found


def _was_replaced_by(other: Loaded, row: models.Case, decision: core.Decision) -> bool:
    """It ended by a visit of which it is now said that there was none."""
    corrected = any(event.name == "corrected" for event in decision.events)
    ended = corrected and other.row.facts.get("replaced_by") == str(row.subject)
    return ended and decision.case.outcome.get("value") != "completed"


def _is_own(other: Loaded, row: models.Case, answers: UUID | None) -> bool:
    """It concerns the same person, and not only somebody who reads the same mailbox. An enquiry is
    made in one form of a name, and booked in another: by its address, or by its own link."""
    same = other.row.person_id == row.person_id or other.row.path == LEAD
    return same or other.row.subject == answers


def _said(
    speaker: Loaded, decision: core.Decision, announces: Mapping[str, str], now: datetime
) -> list[core.Event]:
    said = [
        core.Event(announces[event.name], now, data=_about(speaker, event))
        for event in decision.events
        if event.name in announces
    ]
    if any(event.name == SETTLED for event in said) and _is_not_the_last(speaker):
        return [event for event in said if event.name != SETTLED]
    return said


def _is_not_the_last(speaker: Loaded) -> bool:
    """Another complaint of somebody there is still open: what it holds is still held."""
    there = speaker.mailbox or {each for each in [speaker.row.person_id] if each}
    return complaints_open(there, but_of=speaker.row.id)


def _about(speaker: Loaded, event: core.Event) -> core.Facts:
    """What the others may want to know: which case, about what visit, and how it came to it."""
    row, anchors = speaker.row, speaker.value.anchors
    origin = {"origin": event.data["origin"]} if "origin" in event.data else {}
    times = {name: anchors[name].isoformat() for name in ("start", "end") if name in anchors}
    return {**_about_row(row), **times, **origin}


def _about_row(row: models.Case) -> core.Facts:
    return {"case": str(row.id), "about": str(row.subject)}


def _others(speaker: Loaded, circle: Circle) -> list[Loaded]:
    return [other for other in circle.get(speaker.row.person_id, ()) if other is not speaker]


def understood(other: Loaded, event: core.Event) -> bool:
    """What a path has no rule for in its present state is nothing to it."""
    return PATHS[other.row.path].rule(event, other.value.state) is not None


def note_letters(loaded: Mapping[UUID, Loaded], now: datetime) -> None:
    """Tell the cases that give way to others when another one writes to their mailbox today."""
    listening = [each for each in loaded.values() if each.row.path in TAKES_TURNS]
    persons = frozenset().union(*(each.mailbox for each in listening))
    if not persons:
        return
    letters = _letters(persons, now)
    for each in listening:
        zone = core.zone_of_person(each.value)
        today = [
            at
            for person in each.mailbox
            for case_id, at in letters[person]
            if case_id != each.row.id and same_local_day(at, now, zone)
        ]
        each.value = core.with_letter(each.value, max(today, default=None))


def note_posted(speaker: Loaded, circle: Circle, now: datetime) -> None:
    """A letter was just posted: of those loaded with it, the mailbox's other cases know at once."""
    for other in _others(speaker, circle):
        if other.row.path in LISTENING:
            other.value = core.with_letter(other.value, now)


Letters = Mapping[UUID | None, list[tuple[UUID, datetime]]]  # person -> (case, when)


def _letters(persons: Collection[UUID], now: datetime) -> Letters:
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
