"""One person in pieces to draw: where each of their cases stands, and one timeline over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Literal, assert_never

from django.urls import reverse

from kept.accounts import queries as accounts
from kept.cases import queries as cases
from kept.cases.queries import Event, HandOff
from kept.console import words
from kept.console.access import Desk, name_of
from kept.console.following import ENDS, switched_off
from kept.console.story import Ahead, Open, entry, escalation, step
from kept.core import drawing
from kept.core.path import Tell
from kept.core.time import local_day
from kept.journeys import person as journeys
from kept.journeys.person import Happening, Kind, Person, Standing
from kept.outbox.queries import Message
from kept.people.queries import Consent, channels
from kept.web import parts

SHOWN: dict[str, tuple[str, frozenset[Kind]]] = {
    "": ("Everything", frozenset(journeys.KINDS)),
    "letters": ("Letters", frozenset({"letter"})),
    "person": ("What needed a person", frozenset({"person"})),
    "changes": ("What happened", frozenset({"change", "hand_off"})),
    "wishes": ("What they want", frozenset({"wish"})),
}
A_PAGE = 60


@dataclass(frozen=True, slots=True)
class Journey:
    """One case of a person, drawn where it stands."""

    standing: Standing
    title: str
    about: str
    url: str
    steps: list[parts.Step]
    sentence: str
    ahead: list[Ahead]
    open: list[Open]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the timeline, in words."""

    at: datetime
    title: str
    by: str
    why: str
    kind: Kind
    path: str
    chip: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the timeline, by day, the newest first."""

    days: list[tuple[date, list[Line]]]
    number: int
    more: bool
    count: int


def journeys_of(desk: Desk, person: Person) -> list[Journey]:
    """Every case of a person: first what goes on."""
    reached = bool(channels(person.customer))
    return [_journey(desk, each, reached=reached) for each in person.standings]


def _journey(desk: Desk, standing: Standing, *, reached: bool) -> Journey:
    case, path = standing.case, standing.path
    drawn = drawing.steps(path, case.state, cases.history(case.id))
    return Journey(
        standing,
        words.told_of(case.path, words.PATHS),
        _about(standing),
        _url(standing),
        [step(each) for each in drawn],
        " ".join([ENDS.get(standing.result, path.state(case.state).says), *switched_off(case)]),
        [
            Ahead(
                words.told_of(control.name, words.CONTROLS),
                control.due_at,
                path.control(control.name).says,
                in_hand=control.fired_at is not None,
                unsendable=isinstance(path.control(control.name).does, Tell) and not reached,
            )
            for control in standing.planned
        ],
        [escalation(desk, each) for each in standing.open],
    )


def _about(standing: Standing) -> str:
    leg, asked = standing.leg, standing.enquiry
    what = leg.snapshot["name"] if leg else asked.service if asked else ""
    return ", ".join(filter(None, (what, standing.reference)))


def _url(standing: Standing) -> str:
    if standing.leg is not None:
        return reverse("console:appointment", args=[standing.leg.appointment_id])
    return reverse("console:lead", args=[standing.enquiry.id]) if standing.enquiry else ""


def page_of(desk: Desk, person: Person, *, show: str, path: str, number: int) -> Page:
    """One page of the timeline, of everything or of what was chosen."""
    wanted = SHOWN.get(show, SHOWN[""])[1]
    found = [
        each
        for each in journeys.timeline(person)
        if each.kind in wanted and (not path or (each.case and each.case.path == path))
    ]
    begin = (number - 1) * A_PAGE
    lines = lines_of(desk, found[begin : begin + A_PAGE])
    by_day = groupby(lines, key=lambda line: local_day(line.at, desk.zone))
    days = [(day, list(lines)) for day, lines in by_day]
    return Page(days, number, len(found) > begin + A_PAGE, len(found))


def lines_of(desk: Desk, happenings: Sequence[Happening]) -> list[Line]:
    """The entries in words, in the same order."""
    members = {name_of(each.user): each.role for each in accounts.members(desk.business.id)}
    return [_line(desk, each, members) for each in happenings]


def _line(desk: Desk, each: Happening, members: dict[str, str]) -> Line:
    path = words.told_of(each.case.path, words.PATHS) if each.case else ""
    match each.row:
        case Event():
            said = entry(desk, each.row, "", members)
            return Line(each.at, said.title, said.by, said.why, each.kind, path)
        case Message():
            url = reverse("console:message", args=[each.row.id])
            title = words.told_of(each.row.control, words.CONTROLS)
            why = words.cause(each.row.error) if each.row.error else ""
            return Line(each.at, title, each.row.address, why, "letter", path, each.row.status, url)
        case HandOff():
            to = words.told_of(each.row.to, words.PATHS)
            title = f"Handed on to {to}: {words.told_of(each.row.outcome, words.OUTCOMES).lower()}"
            return Line(each.at, title, "", each.row.reason, "hand_off", path, each.row.status)
        case Consent():
            return _wish(each.row)
        case _ as unreachable:
            assert_never(unreachable)


Said = Literal["agreed", "refused"]


def _wish(row: Consent) -> Line:
    what = words.told_of(row.purpose, words.WISHES)
    said: Said = "agreed" if row.given else "refused"
    title = f"{'Agreed to' if row.given else 'Refused'}: {what.lower()}"
    return Line(row.at, title, f"{row.source}, {words.who(row.by)}", row.wording, "wish", "", said)
