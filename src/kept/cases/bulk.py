"""What hangs on many cases at once, as plain values: for who reads a whole business.

Each function asks one question about all of the cases it is given, and makes no instances.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from kept.cases.models import Case, Control, Escalation, Event, HandOff
from kept.lib.among import among


class Happened(NamedTuple):
    """One entry of a history; of its data only what is said here."""

    case: UUID
    name: str
    at: datetime
    role: str
    kind: str | None
    control: str | None
    to: str | None


class Due(NamedTuple):
    """One duty and what became of it."""

    id: UUID
    case: UUID
    name: str
    run: int
    due_at: datetime
    status: str
    reason: str
    fired_at: datetime | None


class Put(NamedTuple):
    """Something that was put before a person."""

    id: UUID
    case: UUID
    kind: str
    owner: str
    raised_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    taken_by: str


class Offered(NamedTuple):
    """Something that was handed on."""

    id: UUID
    case: UUID
    to: str
    status: str
    offered_at: datetime
    accept_by: datetime | None
    answered_at: datetime | None
    answered_by: str


def events(cases: Iterable[UUID]) -> list[Happened]:
    """The histories of these cases, case by case, each in its order."""
    found = Event.objects.filter(among("case_id", cases)).order_by("case_id", "seq")
    rows = found.values_list(
        "case_id", "name", "at", "actor_role", KT("data__kind"), KT("data__control"), KT("data__to")
    )
    return [Happened._make(row) for row in rows]


def duties(cases: Iterable[UUID]) -> list[Due]:
    """The duties of these cases, those of each by when they were due."""
    found = Control.objects.filter(among("case_id", cases)).order_by("case_id", "due_at", "id")
    rows = found.values_list(
        "id", "case_id", "name", "run", "due_at", "status", "reason", "fired_at"
    )
    return [Due._make(row) for row in rows]


def put_before_people(cases: Iterable[UUID]) -> list[Put]:
    """The escalations of these cases, those of each by when they were raised."""
    found = Escalation.objects.filter(among("case_id", cases)).order_by(
        "case_id", "raised_at", "id"
    )
    rows = found.values_list(
        "id", "case_id", "kind", "owner", "raised_at", "due_at", "resolved_at", "taken_by"
    )
    return [Put._make(row) for row in rows]


def handed_on(cases: Iterable[UUID]) -> list[Offered]:
    """What these cases handed on, that of each by when it was offered."""
    found = HandOff.objects.filter(among("case_id", cases)).order_by("case_id", "offered_at", "id")
    rows = found.values_list(
        "id", "case_id", "to", "status", "offered_at", "accept_by", "answered_at", "answered_by"
    )
    return [Offered._make(row) for row in rows]


class Following(NamedTuple):
    """A case that follows an appointment, with what its facts say (text, or None)."""

    case: UUID
    path: str
    subject: UUID
    number: int
    person: UUID | None
    waits: bool
    asked: str | None
    result: str | None
    feedback: str | None
    group: str | None


def _following(found: QuerySet[Case]) -> QuerySet[Case, Any]:
    facts = {f"fact_{name}": KT(f"facts__{name}") for name in Following._fields[6:]}
    columns = ("id", "path", "subject", "number", "person_id", "waits")
    return found.annotate(**facts).values_list(*columns, *facts)


def following(
    business: UUID, paths: Iterable[str], subjects: Iterable[UUID]
) -> dict[tuple[str, UUID, int], Following]:
    """What follows these appointments on these paths: by path, appointment and outcome version."""
    found = Case.objects.filter(
        among("subject", subjects), business_id=business, path__in=list(paths)
    )
    rows = (Following._make(row) for row in _following(found))
    return {(row.path, row.subject, row.number): row for row in rows}


def walking(business: UUID, path: str, at_a_time: int) -> Iterator[list[Following]]:
    """Every case of a business on this path, in the order of their ids, so many at a time."""
    found = Case.objects.filter(business_id=business, path=path).order_by("id")
    page = [Following._make(row) for row in _following(found)[:at_a_time]]
    while page:
        yield page
        on = found.filter(id__gt=page[-1].case)
        page = [Following._make(row) for row in _following(on)[:at_a_time]]


def happened_at(cases: Iterable[UUID], name: str) -> dict[UUID, datetime]:
    """When this happened first on each of these cases, if it did."""
    found = Event.objects.filter(among("case_id", cases), name=name).order_by("-seq")
    return dict(found.values_list("case_id", "at"))
