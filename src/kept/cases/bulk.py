"""What hangs on many cases at once, as plain values: for who reads a whole business.

Each function asks one question about all of the cases it is given, and makes no instances.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from kept.cases.models import Case, Control, Escalation, Event, HandOff
from kept.cases.rows import event_value
from kept.core import case as core
from kept.lib.plain import Key, among, key, made, rows


class Happened(NamedTuple):
    """One entry of a history; of its data only what is said here."""

    case: Key
    at: datetime
    name: str
    role: str
    kind: str | None
    control: str | None
    to: str | None


class Due(NamedTuple):
    """One duty and what became of it."""

    case: Key
    due_at: datetime
    fired_at: datetime | None
    name: str
    run: int
    status: str
    reason: str


class Put(NamedTuple):
    """Something that was put before a person."""

    id: Key
    case: Key
    raised_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    kind: str
    owner: str
    taken_by: str


class Offered(NamedTuple):
    """Something that was handed on."""

    id: Key
    case: Key
    offered_at: datetime
    accept_by: datetime | None
    answered_at: datetime | None
    to: str
    status: str
    answered_by: str


def events(cases: Iterable[Key], names: Iterable[str] | None = None) -> list[Happened]:
    """The histories of these cases, case by case, each in its order; `names`: only these events."""
    found = Event.objects.filter(among("case_id", cases)).order_by("case_id", "seq")
    if names is not None:
        found = found.filter(name__in=list(names))
    data = Cast("data", TextField())
    read = rows(found, keys=["case_id"], instants=["at"], values=["name", "actor_role", data])
    return made(Happened, ((*row, *_said(said)) for *row, said in read))


def _said(data: str) -> tuple[str | None, str | None, str | None]:
    """Of most events there is nothing more to say; looking into each in the database takes as long
    as reading it."""
    if data == "{}":
        return None, None, None
    found = json.loads(data)
    return found.get("kind"), found.get("control"), found.get("to")


def duties(cases: Iterable[Key]) -> list[Due]:
    """The duties of these cases, those of each by name."""
    found = Control.objects.filter(among("case_id", cases)).order_by("case_id", "name", "run")
    read = rows(
        found,
        keys=["case_id"],
        instants=["due_at", "fired_at"],
        values=["name", "run", "status", "reason"],
    )
    return made(Due, read)


def put_before_people(cases: Iterable[Key]) -> list[Put]:
    """The escalations of these cases, those of each by when they were raised."""
    found = Escalation.objects.filter(among("case_id", cases)).order_by(
        "case_id", "raised_at", "id"
    )
    read = rows(
        found,
        keys=["id", "case_id"],
        instants=["raised_at", "due_at", "resolved_at"],
        values=["kind", "owner", "taken_by"],
    )
    return made(Put, read)


def handed_on(cases: Iterable[Key]) -> list[Offered]:
    """What these cases handed on, that of each by the path it is for."""
    found = HandOff.objects.filter(among("case_id", cases)).order_by("case_id", "to", "version")
    read = rows(
        found,
        keys=["id", "case_id"],
        instants=["offered_at", "accept_by", "answered_at"],
        values=["to", "status", "answered_by"],
    )
    return made(Offered, read)


class Begun(NamedTuple):
    """What a case knows now, and the zone it is read in. The anchors are text, as they stand."""

    number: int
    zone: str
    anchors: Mapping[str, str]
    facts: core.Facts


def known(cases: Iterable[Key]) -> dict[Key, Begun]:
    """What each of these cases knows."""
    found = Case.objects.filter(among("id", cases))
    rows = found.values_list("id", "number", "zone", "anchors", "facts")
    return {
        key(case): Begun(number, zone, anchors, facts)
        for case, number, zone, anchors, facts in rows
    }


def histories(cases: Iterable[Key]) -> dict[Key, list[core.Event]]:
    """The whole histories of these cases, each in its order, as `decide` reads them."""
    found: dict[Key, list[core.Event]] = {}
    for row in Event.objects.filter(among("case_id", cases)).order_by("case_id", "seq"):
        found.setdefault(key(row.case_id), []).append(event_value(row))
    return found


class Following(NamedTuple):
    """A case that follows an appointment, with what its facts say (text, or None)."""

    case: Key
    subject: Key
    person: Key | None
    path: str
    number: int
    waits: bool
    asked: str | None
    result: str | None
    feedback: str | None
    group: str | None


def _following(found: QuerySet[Case]) -> list[Following]:
    facts = [KT(f"facts__{name}") for name in ("asked", "result", "feedback", "group")]
    keys = ["id", "subject", "person_id"]
    return list(
        map(Following._make, rows(found, keys=keys, values=["path", "number", "waits", *facts]))
    )


def following(
    business: UUID, paths: Iterable[str], subjects: Iterable[Key]
) -> dict[tuple[str, Key, int], Following]:
    """What follows these appointments on these paths: by path, appointment and outcome version."""
    found = Case.objects.filter(
        among("subject", subjects), business_id=business, path__in=list(paths)
    )
    return {(each.path, each.subject, each.number): each for each in _following(found)}


def walking(business: UUID, path: str, at_a_time: int) -> Iterator[list[Following]]:
    """Every case of a business on this path, in the order of their ids, so many at a time."""
    found = Case.objects.filter(business_id=business, path=path).order_by("id")
    page = _following(found[:at_a_time])
    while page:
        yield page
        page = _following(found.filter(id__gt=UUID(page[-1].case))[:at_a_time])


def happened_at(cases: Iterable[Key], name: str) -> dict[Key, datetime]:
    """When this happened first on each of these cases, if it did."""
    found = Event.objects.filter(among("case_id", cases), name=name).order_by("-seq")
    return dict(rows(found, keys=["case_id"], instants=["at"]))


def told_of(subjects: Iterable[Key], name: str) -> set[Key]:
    """In the history of which of these subjects this happened, on any of their cases."""
    found = Event.objects.filter(among("case__subject", subjects), name=name)
    return {subject for (subject,) in rows(found, keys=["case__subject"])}
