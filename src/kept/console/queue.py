"""The queue of what needs a person: why it is in it, whose it is, and what was tried."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.cases.queries import Escalation, Event
from kept.console import words
from kept.console.access import Desk
from kept.console.rows import Button, buttons
from kept.console.story import Open, escalation
from kept.leads import queries as leads
from kept.leads.queries import Lead
from kept.outbox import queries as outbox
from kept.outbox.queries import Message

LISTED = 200
TRIED = 4
"""How many of the last attempts a row names."""

CALLED_IN_VAIN = "not_reached"
ON_ITS_WAY = {
    "claimed": "queued",
    "handing_over": "handed over",
    "doubtful": words.LADDER["doubt"],
}


@dataclass(frozen=True, slots=True)
class Try:
    """One thing that was tried before a person was asked."""

    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """An escalation with the appointment it is about and what one tap would settle it.

    `late`: the time in which somebody was to see to it is over; `too_late`: so is the time in which
    that would have helped. `words`: what the customer last said of it, in their own.
    """

    open: Open
    leg: Leg | None
    lead: Lead | None
    buttons: list[Button]
    late: bool
    too_late: bool
    tried: list[Try]
    nothing_went: bool
    words: Event | None
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A link that narrows the list, and how much it would leave."""

    words: str
    query: str
    count: int
    here: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the queue is asked for: `why` and `whose`, "" for all of it."""

    why: str = ""
    whose: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> Wanted:
        """What cannot be read narrows nothing."""
        why, whose = asked.get("why", ""), asked.get("whose", "")
        return cls(why if why in words.REASONS else "", whose if whose in WHOSE else "")

    @property
    def query(self) -> str:
        pairs = {"why": self.why, "whose": self.whose}
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def fits(self, kind: str, taken_by: str, me: str) -> bool:
        mine = {"": True, "mine": taken_by == me, "free": not taken_by}[self.whose]
        return mine and self.why in {"", words.reason_of(kind)}


WHOSE = {"mine": "Mine", "free": "Nobody's yet"}


def narrowed(
    found: QuerySet[Escalation], wanted: Wanted, me: str
) -> tuple[QuerySet[Escalation], list[Choice], list[Choice]]:
    """The rows wanted, and the links by reason and by whose they are, with their counts."""
    known = Counter(found.order_by().values_list("kind", "taken_by"))

    def choice(said: str, then: Wanted) -> Choice:
        count = sum(times for row, times in known.items() if then.fits(*row, me))
        return Choice(said, then.query, count, here=then == wanted)

    by_reason = [choice("All", Wanted("", wanted.whose))]
    there = {words.reason_of(kind) for kind, _ in known} | {wanted.why}
    for key, reason in words.REASONS.items():
        if key in there:
            by_reason.append(choice(reason.words, Wanted(key, wanted.whose)))
    by_whose = [choice("Everybody's", Wanted(wanted.why))]
    by_whose += [choice(said, Wanted(wanted.why, key)) for key, said in WHOSE.items()]
    return _filtered(found, wanted, me), by_reason, by_whose


def _filtered(found: QuerySet[Escalation], wanted: Wanted, me: str) -> QuerySet[Escalation]:
    if wanted.why:
        found = found.filter(kind__in=words.REASONS[wanted.why].kinds)
    if wanted.whose:
        found = found.filter(taken_by=me if wanted.whose == "mine" else "")
    return found


def items(desk: Desk, rows: Sequence[Escalation]) -> list[Item]:
    """These rows with all that is known of them, in as many questions as for one."""
    legs = appointments.current_legs(row.case.subject for row in rows)
    ids = {row.case_id for row in rows}
    said_by, asked, tried = cases.said_by_customers(ids), leads.of_cases(ids), attempts(ids)
    found = []
    for row in rows:
        leg, lead = legs.get(row.case.subject), asked.get(row.case_id)
        if leg is not None and appointments.why_unreadable(leg):
            continue  # it is named above the list
        said = escalation(desk, row, leg)
        whose = leg.appointment.customer if leg else lead.customer if lead else None
        item = Item(
            said,
            leg,
            lead,
            buttons(desk, leg) if leg is not None and not said.by_note else [],
            late=row.due_at < desk.now,
            too_late=said.too_late_at <= desk.now,
            tried=tried[row.case_id],
            nothing_went=words.reason_of(row.kind) == "untold" and not tried[row.case_id],
            words=said_by.get(row.case_id),
            name=whose.name if whose else "",
        )
        found.append(item)
    return found


def attempts(ids: Iterable[UUID]) -> dict[UUID, list[Try]]:
    """What was last tried in each of these cases, the newest first: letters and calls."""
    wanted, found = list(ids), defaultdict[UUID, list[Try]](list)
    for message in outbox.tried(wanted):
        found[message.case].append(_letter(message))
    for event in cases.entries(wanted, [CALLED_IN_VAIN]):
        found[event.case_id].append(Try(words.told_of(event.name, words.EVENTS), event.at))
    for tries in found.values():
        tries.sort(key=lambda each: each.at, reverse=True)
        del tries[TRIED:]
    return found


def _letter(message: Message) -> Try:
    title = words.told_of(message.control, words.CONTROLS)
    became = words.told_of(message.status, words.LADDER | ON_ITS_WAY)
    return Try(f"{title}: {became}", message.handed_over_at or message.created_at)
