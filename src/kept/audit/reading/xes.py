"""XES event logs (IEEE 1849): one trace is one case, its events in order, as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from kept.audit.history import Appointment
from kept.audit.quality import Quality
from kept.audit.reading.files import Input, Meter
from kept.audit.reading.instants import Times
from kept.audit.reading.mapping import Map, fold
from kept.audit.reading.markup import Attributes, Elements
from kept.audit.reading.money import Prices
from kept.audit.reading.rules import NOT_FINISHED, UNKNOWN_ACTIVITY
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

NAME, AT, LIFECYCLE = "concept:name", "time:timestamp", "lifecycle:transition"
LOOKED_AT = 2000  # traces, to find the activities before the first appointment goes out


@dataclass(slots=True)
class Raw:
    """A trace or an event as it is written: its attributes, and where it begins."""

    line: int
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Trace:
    """One case."""

    said: Raw
    events: list[Raw] = field(default_factory=list)


def traces(source: Input, meter: Meter | None = None) -> Iterator[Trace]:
    """One after the other; an event outside of any trace is a trace of its own without a name."""
    reader = _Reader(source.name)
    with source.bytes(meter) as binary:
        yield from reader.elements.read(binary, reader.found)


class _Reader:
    def __init__(self, name: str) -> None:
        self.found: list[Trace] = []
        self.elements = Elements(name, self._begin, self._finish)
        self._trace: Trace | None = None
        self._event: Raw | None = None
        self._deep = 0  # within an attribute of an attribute

    def _begin(self, tag: str, attributes: Attributes) -> None:
        if tag == "event":
            self._event, self._deep = Raw(self.elements.line), 0
        elif tag == "trace":
            self._trace, self._deep = Trace(Raw(self.elements.line)), 0
        elif self._event is not None or self._trace is not None:
            self._deep += 1
            if self._deep == 1 and (key := attributes.get("key")):
                present = self._event or (self._trace.said if self._trace else None)
                if present is not None:
                    present.attributes[key] = attributes.get("value", "")

    def _finish(self, tag: str) -> None:
        if tag == "event" and self._event is not None:
            if self._trace is None:
                self.found.append(Trace(Raw(self._event.line), [self._event]))
            else:
                self._trace.events.append(self._event)
            self._event, self._deep = None, 0
        elif tag == "trace" and self._trace is not None:
            self.found.append(self._trace)
            self._trace = None
        elif self._deep:
            self._deep -= 1


class Beside:
    """Which attribute is which fact, by the map's headings; the same for traces and events."""

    def __init__(self, chosen: Map) -> None:
        columns = chosen.parts[0].columns
        self._known = {
            fold(heading): place
            for place, column in enumerate(FACTS)
            for heading in columns.get(column, ())
        }
        self._cache: dict[str, int | None] = {}

    def place(self, key: str) -> int | None:
        """Where in FACTS; None if it is none."""
        try:
            return self._cache[key]
        except KeyError:
            if len(self._cache) > 10_000:
                self._cache.clear()
            found = self._cache[key] = self._known.get(fold(key))
            return found

    def facts(self, attributes: Attributes) -> Facts:
        """What of these attributes is a fact."""
        found: list[str] | None = None
        for key, value in attributes.items():
            if value and (place := self.place(key)) is not None:
                found = found or list(NO_FACTS)
                found[place] = value.strip()
        return NO_FACTS if found is None else tuple(found)


def survey(source: Input, chosen: Map) -> Said:
    """Activities and facts of the first traces."""
    said, beside = Said(), Beside(chosen)
    for trace in islice(traces(source), LOOKED_AT):
        for each in (trace.said, *trace.events):
            said.look(beside.facts(each.attributes), f"line {each.line}")
        for event in trace.events:
            said.activities.setdefault(event.attributes.get(NAME, ""), f"line {event.line}")
    return said


@dataclass(slots=True)
class Log:
    """Appointments out of traces."""

    source: Input
    chosen: Map
    times: Times
    now: datetime
    quality: Quality
    meter: Meter

    def appointments(self) -> Iterator[Appointment]:
        """In the order of the file."""
        prices = Prices(self.chosen.decimal or ".", self.chosen.currency)
        stories = Stories(self.chosen, self.times, self.now, self.quality, prices)
        deeds, beside = Deeds(self.chosen.activities), Beside(self.chosen)
        for trace in traces(self.source, self.meter):
            shared = beside.facts(trace.said.attributes)
            happenings = [
                each
                for event in trace.events
                if (each := self._happening(event, deeds, beside)) is not None
            ]
            found = stories.appointment(happenings, shared) if happenings else None
            if found is not None:
                yield found

    def _happening(self, event: Raw, deeds: Deeds, beside: Beside) -> Happening | None:
        said = event.attributes
        deed = deeds[said.get(NAME, "")]
        if said.get(LIFECYCLE, "complete").casefold() != "complete":
            self._drop(NOT_FINISHED, event)
        elif deed is None:
            self._drop(UNKNOWN_ACTIVITY, event)
        else:
            place = f"line {event.line}"
            at = happened_at(said.get(AT, ""), self.times, self.quality, place)
            return None if at is None else (at, deed, event.line, beside.facts(said))
        return None

    def _drop(self, reason: str, event: Raw) -> None:
        self.quality.read += 1
        self.quality.drop(reason, f"line {event.line}")
