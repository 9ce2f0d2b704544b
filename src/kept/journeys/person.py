"""One person, whole: every case of theirs on every path, and one timeline over all of them.

It knows no path by name, so a new one appears here by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, zip_longest
from typing import Literal, TypeVar, get_args
from uuid import UUID

from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.cases.queries import Case, Control, Escalation, Event, HandOff
from kept.core.case import Status
from kept.core.path import Lapse, Path, Tell
from kept.core.paths import PATHS
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.people import queries as people
from kept.people.queries import Consent, Customer

Kind = Literal["change", "letter", "person", "hand_off", "wish", "system"]
KINDS: tuple[Kind, ...] = get_args(Kind)
HangsOn = TypeVar("HangsOn", Control, Escalation)
Row = Event | Message | HandOff | Consent

# What the letter itself says better: it stands in the timeline with what became of it.
SAID_BY_THE_LETTER = frozenset({"message_accepted", "message_delivered"})


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What somebody asked, by which a case began: its id, its reference, and about what."""

    id: UUID
    reference: str
    service: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one case stands: what is planned on it, the next first, and what is open.

    `leg`: the present booked time of the appointment it is about (None: it is about none).
    """

    case: Case
    path: Path
    leg: Leg | None
    planned: list[Control]
    open: list[Escalation]

    @property
    def goes_on(self) -> bool:
        return self.case.waits or bool(self.planned or self.open)

    @property
    def result(self) -> str:
        """How it ended, where the path says so."""
        return str(self.case.facts.get("result") or "")

    @property
    def enquiry(self) -> Enquiry | None:
        """What was asked, of a case that is about an enquiry and about no appointment."""
        carried = self.case.facts.get("carries") or {}
        if self.leg is not None or "lead_id" not in carried:
            return None
        about = str(carried.get("service") or "")
        return Enquiry(UUID(carried["lead_id"]), str(carried["reference"]), about)

    @property
    def reference(self) -> str:
        """Of the appointment or the enquiry it is about; "" of neither."""
        if self.leg is not None:
            return self.leg.appointment.reference
        return self.enquiry.reference if self.enquiry else ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the timeline: what, when, on which case (None: it is about the person)."""

    at: datetime
    kind: Kind
    row: Row
    case: Case | None = None

    @property
    def key(self) -> tuple[datetime, str]:
        """Sorts entries, those of one moment as they were written."""
        return self.at, f"{self.kind}{self.row.pk!s:0>40}"


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with everything that is known about where they stand."""

    customer: Customer
    cases: list[Case]  # all that can be read, the newest first
    standings: list[Standing]  # what goes on first, then what is over; the newest on top
    damaged: dict[UUID, str]  # cases that cannot be read, and why
    not_to_write: dict[str, str]
    said: list[Consent]

    @property
    def next(self) -> Control | None:
        """The next thing planned on any path."""
        planned = chain.from_iterable(each.planned for each in self.standings)
        return min(planned, key=lambda control: control.due_at, default=None)


def person(business: UUID, customer_id: UUID) -> Person:
    """Raises Customer.DoesNotExist, also for one of another business."""
    customer = people.customer_of(business, customer_id)
    found, damaged = _cases(customer)
    return Person(
        customer,
        found,
        _standings(found),
        damaged,
        people.not_to_write(customer),
        people.everything_said(customer),
    )


def timeline(person: Person) -> list[Happening]:
    """What happened on every case of a person, and what they said they want; the newest first."""
    found = {case.id: case for case in person.cases}
    happenings = [
        *_events(found),
        *_letters(person.customer, found),
        *(
            Happening(row.offered_at, "hand_off", row, row.case)
            for row in cases.hand_offs_of(found)
        ),
        *(Happening(row.at, "wish", row) for row in person.said),
    ]
    return sorted(happenings, key=lambda each: each.key, reverse=True)


def _cases(customer: Customer) -> tuple[list[Case], dict[UUID, str]]:
    """The cases of a customer, the newest first; and those that cannot be read, with the reason."""
    rows = cases.of_person(customer.business_id, customer.id)
    damaged = {row.id: why for row in rows if (why := cases.why_unreadable(row))}
    return [row for row in rows if row.id not in damaged], damaged


def _standings(found: Sequence[Case]) -> list[Standing]:
    ids = [case.id for case in found]
    legs = appointments.current_legs({case.subject for case in found})
    planned = _by_case(each for each in cases.controls(ids) if _is_ahead(each))
    asked = _by_case(each for each in cases.escalations_of(ids) if each.resolved_at is None)
    standings = [
        Standing(
            case,
            PATHS[case.path],
            legs.get(case.subject),
            sorted(planned.get(case.id, []), key=lambda control: control.due_at),
            asked.get(case.id, []),
        )
        for case in found
        # What was moved goes on at its new time; that is the one to look at.
        if case.state != "rescheduled"
    ]
    return sorted(standings, key=lambda each: not each.goes_on)


def _by_case(rows: Iterable[HangsOn]) -> Mapping[UUID, list[HangsOn]]:
    grouped: dict[UUID, list[HangsOn]] = {}
    for row in rows:
        grouped.setdefault(row.case_id, []).append(row)
    return grouped


def _is_ahead(control: Control) -> bool:
    """Something that will be done. Nobody waits for the closing of what is over."""
    if control.status != Status.PLANNED.value:
        return False
    rules = {rule.name: rule for rule in PATHS[control.case.path].controls}
    rule = rules.get(control.name)
    return rule is not None and not isinstance(rule.does, Lapse)


def _events(found: Mapping[UUID, Case]) -> Iterator[Happening]:
    # Case by case: what follows an event of its own case may say the same once more.
    events = sorted(cases.events(found), key=lambda event: (event.case_id, event.seq))
    for event, then in zip_longest(events, events[1:]):
        if not says_itself_twice(event, then) and event.name not in SAID_BY_THE_LETTER:
            yield Happening(event.at, kind_of(event), event, found[event.case_id])


def _letters(customer: Customer, found: Mapping[UUID, Case]) -> Iterator[Happening]:
    for row in outbox.to_person(customer.business_id, customer.id):
        if row.case in found:
            yield Happening(row.handed_over_at or row.created_at, "letter", row, found[row.case])


def kind_of(event: Event) -> Kind:
    """What an event is to somebody who reads: a change, a letter, a matter for a person ..."""
    if event.name.startswith("message_"):
        return "letter"
    if event.name.startswith("escalat"):
        return "person"
    if event.name.startswith("hand_off_"):
        return "hand_off"
    return "system" if event.name.startswith(SYSTEM) else "change"


SYSTEM = ("control_", "stage_", "preparation", "policy_", "consent_")


def says_itself_twice(event: Event, then: Event | None) -> bool:
    """A letter says itself that it was due; and what a duty did at once, says so of the duty."""
    if event.name != "control_due":
        return False
    duty = {rule.name: rule.does for rule in PATHS[event.case.path].controls}
    if isinstance(duty.get(str(event.data["control"])), Tell):
        return True
    return then is not None and (then.case_id, then.at) == (event.case_id, event.at)
