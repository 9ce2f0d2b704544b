"""The event log as OCEL 2.0, in its JSON and its SQLite form.

Events relate to every thing they concern, with a qualifier that says what it is to them; the values
of a thing that change carry the time since when they hold. Nothing is flattened. What the log has
no words for (the text of a message, a person's name) is not in it.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO

from kept.audit.history import History
from kept.audit.writing.telling import EVENTS, OBJECTS, Event, Kind, Object, Plain, told

Progress = Callable[[int], None]
FROM_THE_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a value holds that never changed, as the standard writes it."""

STEPS = {"lifecycle": "string", "resource": "string"}
"""What every event has beside its own attributes."""


def nothing(number: int) -> None:
    """Nobody watches the progress."""


class Once:
    """Things that several appointments share stand in the log once: what was written of them."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def new(self, objects: Iterable[Object]) -> Iterator[Object]:
        for each in objects:
            if each.kind in {"person", "staff", "service"}:
                if each.id in self._seen:
                    continue
                self._seen.add(each.id)
            yield each


def _text(value: Plain) -> str | float | int | bool:
    """A value as both forms write it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    return value


def _attributes(event: Event) -> dict[str, Plain]:
    return {**event.attributes, "lifecycle": event.lifecycle, "resource": event.resource}


# JSON


def write_json(history: History, out: IO[str], progress: Progress = nothing) -> int:
    """Write the log, one appointment after the other; answers how many there were."""
    number = 0

    def counted(done: int) -> None:
        nonlocal number
        number = done
        progress(done)

    out.writelines(json_parts(history, counted))
    return number


def json_parts(history: History, progress: Progress = nothing) -> Iterator[str]:
    """The log, piece by piece.

    Events go out at once; the things, which stand in a list of their own, wait in a temporary file.
    """
    count = 0
    once = Once()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as things:
        yield f'{{"objectTypes": {_types(OBJECTS)},\n"eventTypes": {_types(_events())},\n'
        yield '"events": ['
        for number, appointment in enumerate(history.appointments(), 1):
            said = told(appointment, history.source.currency)
            for event in said.events:
                before = ",\n" if count else "\n"
                count += 1
                yield before + json.dumps(_event(event, count), ensure_ascii=False)
            for each in once.new(said.objects):
                things.write(",\n" if things.tell() else "\n")
                things.write(json.dumps(_object(each), ensure_ascii=False))
            progress(number)
        yield '\n],\n"objects": ['
        things.seek(0)
        while piece := things.read(1 << 16):
            yield piece
        yield "\n]}\n"


def _events() -> dict[str, dict[str, Kind]]:
    return {name: {**known, **STEPS} for name, known in EVENTS.items()}  # type: ignore[dict-item]


def _types(kinds: dict[str, dict[str, Kind]]) -> str:
    return json.dumps(
        [
            {"name": name, "attributes": [{"name": n, "type": kind} for n, kind in known.items()]}
            for name, known in kinds.items()
        ]
    )


def _event(event: Event, number: int) -> dict[str, object]:
    return {
        "id": f"event-{number}",
        "type": event.activity,
        "time": _text(event.at),
        "attributes": [{"name": n, "value": _text(v)} for n, v in _attributes(event).items()],
        "relationships": [{"objectId": key, "qualifier": what} for key, what in event.objects],
    }


def _object(thing: Object) -> dict[str, object]:
    return {
        "id": thing.id,
        "type": thing.kind,
        "attributes": [
            {"name": name, "time": _text(since or FROM_THE_FIRST), "value": _text(value)}
            for name, value, since in thing.attributes
        ],
        "relationships": [{"objectId": key, "qualifier": what} for key, what in thing.related],
    }


# SQLite


def write_sqlite(history: History, path: Path, progress: Progress = nothing) -> int:
    """Write the log into a new database, one appointment after the other; answers how many there
    were. Raises FileExistsError: what is there already is not written over."""
    if path.exists():
        raise FileExistsError(path)
    number = count = 0
    once = Once()
    with closing(sqlite3.connect(path)) as log:
        # The file is thrown away if this does not end well.
        log.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _layout())
        log.execute("BEGIN")
        for number, appointment in enumerate(history.appointments(), 1):
            said = told(appointment, history.source.currency)
            for each in once.new(said.objects):
                _insert_object(log, each)
            for event in said.events:
                count += 1
                _insert_event(log, event, f"event-{count}")
            progress(number)
        log.commit()
    return number


COLUMN: dict[Kind, str] = {
    "string": "TEXT",
    "time": "TIMESTAMP",
    "integer": "INTEGER",
    "float": "REAL",
    "boolean": "BOOLEAN",
}


def table(name: str) -> str:
    """The name of a type as a part of a table's name: letters only."""
    return "".join(part.capitalize() for part in name.replace("_", " ").split())


def _layout() -> str:
    """The tables of the standard, and one for each type."""
    parts = [
        "CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);",
        "CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);",
        "CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);",
        "CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);",
        "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,"
        " PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));",
        "CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT,"
        " ocel_qualifier TEXT, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));",
    ]
    for of, kinds in (("event", _events()), ("object", OBJECTS)):
        for name, known in kinds.items():
            own = "".join(f', "{each}" {COLUMN[kind]}' for each, kind in known.items())
            change = ", ocel_changed_field TEXT" if of == "object" else ""
            parts.append(
                f'CREATE TABLE "{of}_{table(name)}" '
                f"(ocel_id TEXT, ocel_time TIMESTAMP{change}{own});"
            )
            parts.append(f"INSERT INTO {of}_map_type VALUES ('{name}', '{table(name)}');")
    return "\n".join(parts)


def _insert_event(log: sqlite3.Connection, event: Event, key: str) -> None:
    log.execute("INSERT INTO event VALUES (?, ?)", (key, event.activity))
    _insert(log, f"event_{table(event.activity)}", key, event.at, _attributes(event))
    log.executemany(
        "INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)",
        [(key, other, what) for other, what in event.objects],
    )


def _insert_object(log: sqlite3.Connection, thing: Object) -> None:
    """What holds from the first in one row; each change in a row of its own that names it."""
    name = f"object_{table(thing.kind)}"
    log.execute("INSERT INTO object VALUES (?, ?)", (thing.id, thing.kind))
    first = {each: value for each, value, since in thing.attributes if since is None}
    _insert(log, name, thing.id, FROM_THE_FIRST, first)
    for each, value, since in thing.attributes:
        if since is not None:
            _insert(log, name, thing.id, since, {each: value, "ocel_changed_field": each})
    log.executemany(
        "INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)",
        [(thing.id, other, what) for other, what in thing.related],
    )


def _insert(
    log: sqlite3.Connection, name: str, key: str, at: datetime, values: dict[str, Plain]
) -> None:
    columns = "".join(f', "{each}"' for each in values)
    marks = ", ?" * len(values)
    log.execute(
        f'INSERT INTO "{name}" (ocel_id, ocel_time{columns}) VALUES (?, ?{marks})',
        (key, _text(at), *map(_text, values.values())),
    )
