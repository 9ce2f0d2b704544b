"""Event logs as tables: one row is one event of one case.

A log whose cases stand together is read as a stream. One ordered by time is gathered first
(`gathering.py`), because an appointment can only be told from all of its events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from kept.audit.history import Appointment
from kept.audit.quality import Quality
from kept.audit.reading.asking import Ask, Question, answer
from kept.audit.reading.files import Meter
from kept.audit.reading.gathering import gathered
from kept.audit.reading.instants import FIRST_YEAR, LAST_YEAR, Times, is_iso
from kept.audit.reading.mapping import Column, Map, Part, Word, fold
from kept.audit.reading.money import Prices
from kept.audit.reading.rules import NO_CASE, UNKNOWN_ACTIVITY
from kept.audit.reading.stories import (
    FACTS,
    NO_FACTS,
    Deeds,
    Facts,
    Happening,
    Said,
    Stories,
    happened_at,
)
from kept.audit.reading.tables import Table
from kept.audit.reading.trouble import CannotRead

C = Column
_WORDS = tuple(Word)
_TIMES = frozenset({C.START, C.END})
MOST_ACTIVITIES = 500
CUT_SHORT = object()  # what stands beside an event in a row with too few cells


@dataclass(slots=True)
class Columns:
    """Where the columns of a log are: the three it must have, and those of the facts."""

    case: int
    activity: int
    timestamp: int
    facts: tuple[tuple[int, int], ...]  # place in FACTS, place in the row
    need: int


def columns(table: Table, chosen: Map, part: Part) -> Columns:
    """CannotRead if one that is needed is not there."""
    found = {column: _place(table, part.columns.get(column, ())) for column in Column}
    places = [found[c] for c in (C.CASE, C.ACTIVITY, C.TIMESTAMP)]
    if None in places:
        raise CannotRead(
            f"An event log needs columns for the case, the activity and the time; the map"
            f" “{chosen.title}” does not find all of them in {table.source.name}."
        )
    case, activity, timestamp = (place or 0 for place in places)
    facts = tuple((n, at) for n, c in enumerate(FACTS) if (at := found[c]) is not None)
    return Columns(case, activity, timestamp, facts, max(case, activity, timestamp) + 1)


def _place(table: Table, headings: Sequence[str]) -> int | None:
    folded = table.folded
    return next((folded.index(fold(h)) for h in headings if fold(h) in folded), None)


@dataclass(slots=True)
class Survey(Said):
    """What the first pass found."""

    together: bool = True  # every case's events stand together


def survey(table: Table, where: Columns, meter: Meter) -> Survey:
    """Look at every row once."""
    found, finished, present = Survey(), set[int](), ""
    case, activity, timestamp, need = where.case, where.activity, where.timestamp, where.need
    activities, beside = found.activities, Beside(where.facts)
    before: Sequence[str] = ()
    said: object
    said_before: object = None
    with table.rows(meter) as rows:
        for line, row in rows:
            if len(row) < need:
                continue
            if row[activity] not in activities:
                _add(activities, row[activity], line)
            if row[timestamp][4:5] != "-":
                found.dates.look(row[timestamp], f"line {line}")
            if row[case] != present:
                known = hash(row[case])  # a number instead of the name: there may be very many
                found.together = found.together and known not in finished
                finished.add(known)
                present = row[case]
            # What stands beside an event is mostly what stood beside the one before it.
            said = beside.said(row) if len(row) >= beside.width else CUT_SHORT
            if said is CUT_SHORT or said != said_before:
                for fact, at in where.facts:
                    if at < len(row) and row[at] and (at >= len(before) or row[at] != before[at]):
                        _look_at(found, FACTS[fact], row[at], line)
            before, said_before = row, said
    return found


def _add(activities: dict[str, str], said: str, line: int) -> None:
    if len(activities) >= MOST_ACTIVITIES:
        raise CannotRead(
            f"There are more than {MOST_ACTIVITIES} activities by line {line}: is another column"
            " the one that says what happened? A map says which it is."
        )
    activities[said] = f"line {line}"


def _look_at(found: Survey, column: Column, said: str, line: int) -> None:
    found.filled.add(column)
    if column in _TIMES:
        if not is_iso(said):
            found.dates.look(said, f"line {line}")
    elif column is C.PRICE:
        found.prices.look(said, f"line {line}")
    elif column is C.CURRENCY:
        found.prices.look_at_currency(said)


def settle(chosen: Map, said: Said, ask: Ask | None) -> Map:
    """The map with a meaning for every activity, by asking where it knows none."""
    for activity, place in said.activities.items():
        if activity.strip() and fold(activity) not in chosen.activities:
            meant = Word(answer(_question(activity, place), ask))
            chosen = replace(chosen, activities={**chosen.activities, fold(activity): meant})
    return chosen


def _question(activity: str, place: str) -> Question:
    said = activity.strip()[:40]
    return Question(
        "activity",
        f"What does the activity “{said}” mean ({place})?",
        f"“{said}” ({place}) is an activity that the map does not know. Say what it means under"
        " [activities] in a map; “nothing” leaves it out.",
        _WORDS,
        (said,),
        Word.NOTHING,
    )


def written(chosen: Map, found: Said, ask: Ask | None) -> Map:
    """The map with how times and prices are written."""
    return replace(
        chosen,
        order=chosen.order or found.dates.order(ask),
        decimal=chosen.decimal or found.prices.decimal(ask),
        currency=chosen.currency or found.prices.currency(),
    )


@dataclass(slots=True)
class Log:
    """The second pass: appointments out of the events."""

    table: Table
    where: Columns
    chosen: Map
    together: bool
    times: Times
    now: datetime
    quality: Quality
    meter: Meter

    def appointments(self) -> Iterator[Appointment]:
        """In the order in which the cases first appear."""
        prices = Prices(self.chosen.decimal, self.chosen.currency)
        stories = Stories(self.chosen, self.times, self.now, self.quality, prices)
        events = self._events()
        cases = _standing_together(events) if self.together else gathered(events)
        for happenings in cases:
            if (found := stories.appointment(happenings)) is not None:
                yield found

    def _events(self) -> Iterator[tuple[str, Happening]]:
        """Every event that has a case, a known activity and a time."""
        where, deeds = self.where, Deeds(self.chosen.activities)
        case, activity, timestamp, need = where.case, where.activity, where.timestamp, where.need
        facts, instant = Beside(where.facts).facts, datetime.fromisoformat
        with self.table.rows(self.meter) as rows:
            for line, row in rows:
                if len(row) < need or not row[case]:
                    self._drop(NO_CASE, line)
                    continue
                if (deed := deeds[row[activity]]) is None:
                    self._drop(UNKNOWN_ACTIVITY, line)
                    continue
                at: datetime | None
                try:
                    at = instant(row[timestamp])  # most logs, and this is the innermost loop
                except ValueError:
                    at = None
                if at is None or at.tzinfo is not UTC or not FIRST_YEAR <= at.year < LAST_YEAR:
                    at = happened_at(row[timestamp], self.times, self.quality, f"line {line}")
                    if at is None:
                        continue
                yield row[case], (at, deed, line, facts(row))

    def _drop(self, reason: str, line: int) -> None:
        self.quality.read += 1
        self.quality.drop(reason, f"line {line}")


class Beside:
    """The facts beside each event. Those that are the same as beside the event before are the same
    object, so that nobody need look at them again. `said(row)` is what stands there as it is
    written, of a row that is not cut short before `width`."""

    def __init__(self, places: Sequence[tuple[int, int]]) -> None:
        self.places = places
        self.said: Callable[[Sequence[str]], object] = _nothing
        if places:
            self.said = itemgetter(*(at for _, at in places))
        self.width = max((at for _, at in places), default=-1) + 1
        self._said: object = None
        self._facts = NO_FACTS

    def facts(self, row: Sequence[str]) -> Facts:
        if len(row) < self.width:
            return self._made(row)
        said = self.said(row)
        if said != self._said:
            self._said, self._facts = said, self._made(row)
        return self._facts

    def _made(self, row: Sequence[str]) -> Facts:
        found = None
        for fact, at in self.places:
            if at < len(row) and row[at]:
                found = found or list(NO_FACTS)
                found[fact] = row[at].strip()
        return NO_FACTS if found is None else tuple(found)


def _nothing(row: Sequence[str]) -> object:
    return None


def _standing_together(events: Iterator[tuple[str, Happening]]) -> Iterator[list[Happening]]:
    for _, case in groupby(events, _CASE):
        yield [happening for _, happening in case]


_CASE = itemgetter(0)
