"""OCEL 2.0 event logs, as JSON, XML and SQLite: events that relate to objects.

The objects that are appointments are the cases; an event that relates to two of them happened to
both. Objects are read first, because events may stand before them; then the events, which stand in
no order and are gathered by case.
"""

from __future__ import annotations

import codecs
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import Any
from urllib.parse import quote

from kept.audit.history import Appointment
from kept.audit.quality import Quality
from kept.audit.reading import files
from kept.audit.reading.files import Input, Meter
from kept.audit.reading.gathering import gathered
from kept.audit.reading.instants import Times
from kept.audit.reading.mapping import Column, Map, fold
from kept.audit.reading.markup import Attributes, Elements
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
from kept.audit.reading.trouble import CannotRead
from kept.audit.reading.xes import Beside

PERSONS = frozenset({"person", "customer", "client", "patient"})
LONGEST_ELEMENT = 4_000_000  # characters of one event or object
MOST_RELATED = 10_000  # objects of one event
HALF = re.compile("[\ud800-\udfff]")
_CHUNK = 1 << 16
_STEPS = 10_000_000  # of SQLite between two looks
_MOST_STEPS = 2_000  # looks: ten thousand million steps are no log any more


@dataclass(slots=True)
class Thing:
    """An object: its kind, its attributes, and the objects it relates to."""

    id: str
    kind: str
    attributes: dict[str, str] = field(default_factory=dict)
    related: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Event:
    """An event: its activity, its time, its attributes, and the objects it relates to."""

    number: int
    activity: str
    at: str
    attributes: dict[str, str] = field(default_factory=dict)
    related: list[str] = field(default_factory=list)


def things(source: Input, meter: Meter | None = None) -> Iterator[Thing]:
    """The objects of a log in any of its three forms."""
    return _READERS[source.kind](source, meter).things()


def events(source: Input, meter: Meter | None = None) -> Iterator[Event]:
    """The events of a log in any of its three forms."""
    return _READERS[source.kind](source, meter).events()


@dataclass(slots=True)
class Cases:
    """What the first pass found: the appointments among the objects, with what is said of them."""

    said: Said = field(default_factory=Said)
    facts: dict[str, Facts] = field(default_factory=dict)  # by appointment


def survey(source: Input, chosen: Map, meter: Meter | None = None) -> Cases:
    """The appointments, and what the activities of the log are called."""
    found, beside = Cases(), Beside(chosen)
    kinds = {fold(each) for each in chosen.object_types}
    persons: set[str] = set()
    waiting: list[tuple[str, list[str]]] = []
    for thing in things(source, meter):
        if fold(thing.kind) in kinds:
            known = found.facts.get(thing.id, NO_FACTS)  # one row a change, in databases
            found.facts[thing.id] = _joined(known, beside.facts(thing.attributes))
            waiting.append((thing.id, thing.related))
        elif not thing.kind:
            waiting.append((thing.id, thing.related))
        elif fold(thing.kind) in PERSONS:
            persons.add(thing.id)
    for case, related in waiting:
        if case not in found.facts:
            continue
        found.facts[case] = _with_person(found.facts[case], related, persons)
    if not found.facts:
        raise CannotRead(
            f"{source.name} has no objects of the kind {' or '.join(sorted(kinds))}. Say under"
            " object_types in a map which kind is the appointment."
        )
    for facts in found.facts.values():
        found.said.look(facts, "an object")
    for event in events(source):
        if len(found.said.activities) < 500:
            found.said.activities.setdefault(event.activity, f"event {event.number}")
        found.said.look(beside.facts(event.attributes), f"event {event.number}")
    return found


def _with_person(facts: Facts, related: Iterable[str], persons: set[str]) -> Facts:
    """A person's number in the log stands for the person where nothing else is said."""
    at = FACTS.index(Column.CUSTOMER)
    who = next((each for each in related if each in persons), "")
    return facts if facts[at] or not who else (*facts[:at], who, *facts[at + 1 :])


@dataclass(slots=True)
class Log:
    """Appointments out of events and objects."""

    source: Input
    chosen: Map
    cases: Cases
    times: Times
    now: datetime
    quality: Quality
    meter: Meter

    def appointments(self) -> Iterator[Appointment]:
        """In the order in which the appointments first happen in the file."""
        prices = Prices(self.chosen.decimal or ".", self.chosen.currency)
        stories = Stories(self.chosen, self.times, self.now, self.quality, prices, "event")
        stories.in_order = False
        for happenings in gathered(self._happenings()):
            if (found := stories.appointment(happenings)) is not None:
                yield found

    def _happenings(self) -> Iterator[tuple[str, Happening]]:
        deeds, beside = Deeds(self.chosen.activities), Beside(self.chosen)
        for event in events(self.source, self.meter):
            concerned = [each for each in event.related if each in self.cases.facts]
            if not concerned:
                self._drop(NO_CASE, event)
            elif (deed := deeds[event.activity]) is None:
                self._drop(UNKNOWN_ACTIVITY, event)
            elif (at := self._at(event)) is not None:
                said = beside.facts(event.attributes)
                for case in dict.fromkeys(concerned):
                    yield case, (at, deed, event.number, _joined(self.cases.facts[case], said))

    def _at(self, event: Event) -> datetime | None:
        return happened_at(event.at, self.times, self.quality, f"event {event.number}")

    def _drop(self, reason: str, event: Event) -> None:
        self.quality.read += 1
        self.quality.drop(reason, f"event {event.number}")


def _joined(of_case: Facts, of_event: Facts) -> Facts:
    if of_event is NO_FACTS:
        return of_case
    return tuple(said or known for known, said in zip(of_case, of_event, strict=True))


# The three forms.


class _Json:
    """{"objects": [...], "events": [...]}, read one element at a time."""

    def __init__(self, source: Input, meter: Meter | None) -> None:
        self._source, self._meter = source, meter

    def things(self) -> Iterator[Thing]:
        for each in self._elements("objects"):
            yield Thing(
                _text(each.get("id")),
                _text(each.get("type")),
                _named(each.get("attributes")),
                [_text(to.get("objectId")) for to in _objects(each.get("relationships"))],
            )

    def events(self) -> Iterator[Event]:
        for number, each in enumerate(self._elements("events"), 1):
            yield Event(
                number,
                _text(each.get("type")),
                _text(each.get("time")),
                _named(each.get("attributes")),
                [_text(to.get("objectId")) for to in _objects(each.get("relationships"))],
            )

    def _elements(self, wanted: str) -> Iterator[Mapping[str, Any]]:
        with self._source.bytes(self._meter) as binary:
            stream = _JsonStream(binary.read, self._source.name)
            yield from (each for each in stream.elements(wanted) if isinstance(each, dict))


class _JsonStream:
    """The elements of one array at the top of a JSON object; memory holds one at a time."""

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self._read, self._name = read, name
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder()
        self._bytes = codecs.getincrementaldecoder("utf-8-sig")("replace")

    def elements(self, wanted: str) -> Iterator[Any]:
        self._expect("{")
        if self._peek() == "}":
            return
        while True:
            key = self._value()
            self._expect(":")
            if self._peek() == "[":
                self._at += 1
                for each in self._array():
                    if key == wanted:
                        yield each
            else:
                self._value()
            if self._next() != ",":
                return

    def _array(self) -> Iterator[Any]:
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            mark = self._next()
            if mark == "]":
                return
            if mark != ",":
                raise self._unsound()

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self._unsound() from error
                self._more()
                continue
            except (RecursionError, ValueError) as error:  # also a number of thousands of digits
                raise self._unsound() from error
            if end < len(self._text) or self._ended:
                self._at = end
                return value
            self._more()  # a number could go on in the next part

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text):
                mark = self._text[self._at]
                if mark not in " \t\r\n\ufeff":
                    return mark
                self._at += 1
            if self._ended:
                raise self._unsound()
            self._more()

    def _next(self) -> str:
        mark = self._peek()
        self._at += 1
        return mark

    def _expect(self, mark: str) -> None:
        if self._next() != mark:
            raise self._unsound()

    def _more(self) -> None:
        left = self._text[self._at :]
        if len(left) > LONGEST_ELEMENT:
            raise CannotRead(f"{self._name} holds an event or object without end.")
        # As much again as is left over: a long element is not tried again for every small part.
        part = self._read(max(_CHUNK, len(left)))
        self._ended = not part
        self._text, self._at = left + self._bytes.decode(part, self._ended), 0

    def _unsound(self) -> CannotRead:
        return CannotRead(f"{self._name} is no sound OCEL 2.0 log in JSON: export it again.")


def _objects(said: object) -> list[Mapping[str, Any]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _named(said: object) -> dict[str, str]:
    """Attributes by name; of values that changed the last one."""
    return {_text(each.get("name")): _text(each.get("value")) for each in _objects(said)}


def _text(said: object) -> str:
    """As text that can be written down again: JSON may hold half of a letter (a lone surrogate)."""
    text = "" if said is None or isinstance(said, dict | list) else str(said)
    return text if text.isascii() else HALF.sub("\ufffd", text)


class _Xml:
    """<log><objects>...</objects><events>...</events></log>"""

    def __init__(self, source: Input, meter: Meter | None) -> None:
        self._source, self._meter = source, meter
        self._elements = Elements(source.name, self._begin, self._finish, self._say)
        self._found: list[Thing | Event] = []
        self._present: Thing | Event | None = None
        self._within = ""
        self._attribute = ""
        self._words: list[str] = []
        self._number = 0

    def things(self) -> Iterator[Thing]:
        yield from (each for each in self._all() if isinstance(each, Thing))

    def events(self) -> Iterator[Event]:
        yield from (each for each in self._all() if isinstance(each, Event))

    def _all(self) -> Iterator[Thing | Event]:
        with self._source.bytes(self._meter) as binary:
            yield from self._elements.read(binary, self._found)

    def _begin(self, tag: str, said: Attributes) -> None:
        if self._present is None and tag in {"objects", "events"}:
            self._within = tag
        elif self._present is None and tag == "object" and self._within == "objects":
            self._present = Thing(said.get("id", ""), said.get("type", ""))
        elif self._present is None and tag == "event" and self._within == "events":
            self._number += 1
            at = said.get("time", "")
            self._present = Event(self._number, said.get("type", ""), at)
        elif self._present is not None and tag == "attribute":
            self._attribute, self._words = said.get("name", ""), []
        elif self._present is not None and (to := said.get("object-id")):
            self._present.related.append(to)

    def _say(self, text: str) -> None:
        if self._attribute:
            self._words.append(text)

    def _finish(self, tag: str) -> None:
        if self._present is None:
            return
        if tag == "attribute" and self._attribute:
            self._present.attributes[self._attribute] = "".join(self._words).strip()
            self._attribute = ""
        elif tag == ("event" if isinstance(self._present, Event) else "object"):
            self._found.append(self._present)
            self._present = None


class _Sqlite:
    """The tables event, object, event_object, and one table for each kind of them."""

    def __init__(self, source: Input, meter: Meter | None) -> None:
        self._source, self._meter = source, meter
        if source.packed:
            raise CannotRead(f"Unpack {source.name} first: a database cannot be read packed.")

    def things(self) -> Iterator[Thing]:
        with self._open() as log:
            known = self._tables(log)
            for kind, table in self._kinds(log, "object", known):
                for row in log.execute(f"SELECT * FROM {_quoted(table)}"):
                    said = _texts(row)
                    yield Thing(said.get("ocel_id", ""), kind, said)
            if "object_object" in known:
                for row in log.execute("SELECT * FROM object_object"):
                    said = _texts(row)
                    to = [said.get("ocel_target_id", "")]
                    yield Thing(said.get("ocel_source_id", ""), "", related=to)

    def events(self) -> Iterator[Event]:
        number = 0
        with self._open() as log:
            for kind, table in self._kinds(log, "event", self._tables(log)):
                rows = log.execute(_EVENTS.format(table=_quoted(table)))
                for _, same in groupby(rows, key=_id):
                    number += 1
                    related = list(islice(same, MOST_RELATED + 1))
                    if len(related) > MOST_RELATED:
                        raise CannotRead(f"{self._source.name} holds an event without end.")
                    said = _texts(related[0])
                    to = [str(row["_object"]) for row in related]
                    yield Event(number, kind, said.get("ocel_time", ""), said, to)
        if self._meter is not None:
            self._meter.add(self._source.size)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connected()) as log:
                yield log
        except (sqlite3.Error, IndexError, UnicodeDecodeError) as error:
            raise CannotRead(
                f"{self._source.name} cannot be read as an OCEL 2.0 log ({error})."
            ) from error

    def _connected(self) -> sqlite3.Connection:
        # Nothing is written beside the file, and nothing of what its author put in is trusted.
        where = f"file:{quote(str(self._source.path.absolute()))}?mode=ro&immutable=1"
        log = sqlite3.connect(where, uri=True)
        log.row_factory = sqlite3.Row
        log.text_factory = lambda text: text.decode("utf-8", "replace")
        log.execute("PRAGMA trusted_schema = OFF")
        # A computed column of a few letters can be as long as memory.
        log.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ELEMENT)
        looks = iter(range(_MOST_STEPS))
        log.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
        return log

    def _tables(self, log: sqlite3.Connection) -> set[str]:
        """Real tables only: a view could compute for ever."""
        said = log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {str(row["name"]) for row in said}

    def _kinds(
        self, log: sqlite3.Connection, of: str, known: set[str]
    ) -> Iterator[tuple[str, str]]:
        if not known >= {"event", "object", "event_object", f"{of}_map_type"}:
            raise CannotRead(f"{self._source.name} is a database, but no OCEL 2.0 log.")
        for row in list(log.execute(f"SELECT * FROM {of}_map_type")):
            table = f"{of}_{row['ocel_type_map']}"
            if table in known:
                yield str(row["ocel_type"]), table


# The events lead, so that those of one event come together.
_EVENTS = """
    SELECT e.*, r.ocel_object_id AS _object FROM {table} AS e
    LEFT JOIN event_object AS r ON r.ocel_event_id = e.ocel_id
"""


def _id(row: sqlite3.Row) -> object:
    return row["ocel_id"]


def _texts(row: sqlite3.Row) -> dict[str, str]:
    return {key: _text(row[key]) for key in row.keys() if row[key] is not None}  # noqa: SIM118


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_READERS: dict[str, Callable[[Input, Meter | None], _Json | _Xml | _Sqlite]] = {
    files.OCEL_JSON: _Json,
    files.OCEL_XML: _Xml,
    files.OCEL_SQLITE: _Sqlite,
}
