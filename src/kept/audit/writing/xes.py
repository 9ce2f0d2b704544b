"""The event log as XES (IEEE 1849): one trace is one appointment with all its legs.

XES knows one case: what happened to a message, a control, an escalation or a hand-off stands in
the trace of its appointment, and which leg, which person and which member of staff it concerned
only as text. What concerns two appointments (a person's visits, one hour of one person at work) is
not in it: OCEL keeps that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO
from xml.sax.saxutils import quoteattr

from kept.audit.history import History
from kept.audit.writing.telling import Event, Plain, Told, told

EXTENSIONS = {
    "Concept": ("concept", "http://www.xes-standard.org/concept.xesext"),
    "Time": ("time", "http://www.xes-standard.org/time.xesext"),
    "Lifecycle": ("lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    "Organizational": ("org", "http://www.xes-standard.org/org.xesext"),
    "Cost": ("cost", "http://www.xes-standard.org/cost.xesext"),
}
KEYS = {"price": "cost:total", "currency": "cost:currency"}
"""Attributes that an extension of the standard has a name for."""

NOT_IN_XML = re.compile("[^\\t\\n\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LOST = (
    "One trace is one appointment. Flattened away: which message, control, escalation or hand-off "
    "an event concerns beside its name, and everything that several appointments share (a person, "
    "a member of staff, a service). The OCEL export keeps it."
)


def write(history: History, out: IO[str], progress: Callable[[int], None] = lambda n: None) -> int:
    """Write the log, one appointment after the other; answers how many there were.

    Every instant is in UTC. `progress` is told how many appointments are written.
    """
    number = 0

    def counted(done: int) -> None:
        nonlocal number
        number = done
        progress(done)

    out.writelines(parts(history, counted))
    return number


def parts(history: History, progress: Callable[[int], None] = lambda n: None) -> Iterator[str]:
    """The log, piece by piece."""
    yield "".join(_head(history))
    for number, appointment in enumerate(history.appointments(), 1):
        yield "".join(_trace(told(appointment, history.source.currency)))
        progress(number)
    yield "</log>\n"


def _head(history: History) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<!-- {LOST} -->\n"
    yield ('<log xes.version="1849-2023" xes.features="" xmlns="http://www.xes-standard.org/">\n')
    for name, (prefix, uri) in EXTENSIONS.items():
        yield f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield '  <global scope="trace">\n    <string key="concept:name" value="?"/>\n  </global>\n'
    yield '  <global scope="event">\n'
    yield '    <string key="concept:name" value="?"/>\n'
    yield '    <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>\n'
    yield '    <string key="lifecycle:transition" value="complete"/>\n'
    yield "  </global>\n"
    yield '  <classifier name="Activity" keys="concept:name lifecycle:transition"/>\n'
    yield f"  {_attribute('concept:name', history.source.name)}\n"
    yield f"  {_attribute('lifecycle:model', 'standard')}\n"


def _trace(said: Told) -> Iterator[str]:
    yield f"  <trace>\n    {_attribute('concept:name', said.reference)}\n"
    if said.person:
        yield f"    {_attribute('customer', said.person)}\n"
    for event in said.events:
        yield "    <event>\n"
        for key, value in _of_event(event):
            yield f"      {_attribute(key, value)}\n"
        yield "    </event>\n"
    yield "  </trace>\n"


def _of_event(event: Event) -> Iterator[tuple[str, Plain]]:
    yield "concept:name", event.activity
    yield "time:timestamp", event.at
    yield "lifecycle:transition", event.lifecycle
    if event.resource:
        yield "org:resource", event.resource
    for name, value in event.attributes.items():
        yield KEYS.get(name, name), value


def _attribute(key: str, value: Plain) -> str:
    kind, text = _typed(value)
    return f"<{kind} key={quoteattr(key)} value={quoteattr(text)}/>"


def _typed(value: Plain) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, datetime):
        return "date", value.astimezone(UTC).isoformat()
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, Decimal):
        return "float", str(value)
    return "string", NOT_IN_XML.sub("", value)
