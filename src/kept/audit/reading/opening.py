"""The door: files in, a history out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kept.audit.history import Appointment, Enquiry, Field, Source
from kept.audit.quality import Quality
from kept.audit.reading import bookings, eventlog, files, ics, ocel, stories, xes
from kept.audit.reading.asking import Ask
from kept.audit.reading.choosing import choose, part_for
from kept.audit.reading.files import Input, Meter, Progress
from kept.audit.reading.instants import Times
from kept.audit.reading.mapping import Map, Word, find, fold, ready
from kept.audit.reading.payments import RULE, TELLS
from kept.audit.reading.tables import Table, open_table
from kept.audit.reading.trouble import CannotRead

Read = Callable[[Quality, Meter], Iterator[Appointment]]

NO_CANCELLED = (
    "No row is cancelled. Either nobody ever cancelled, or this file leaves cancelled appointments"
    " out: rates computed from what is left are too good."
)
NO_MISSED = (
    "No row is marked as missed. Either everybody came, or nobody marks it: a no-show rate of"
    " nothing is no finding."
)


@dataclass
class FileHistory:
    """A history that comes from files. `learned` is the map with everything that was asked for,
    to be written down for the next time; None if nothing was asked. It can be read again; `quality`
    is of the latest reading."""

    source: Source
    quality: Quality
    learned: Map | None
    _read: Read
    _meter: Callable[[], Meter]

    def appointments(self) -> Iterator[Appointment]:
        """One by one, in the order of the files. `quality` is complete when they have ended."""
        _empty(self.quality)
        yield from self._read(self.quality, self._meter())

    def enquiries(self) -> Iterator[Enquiry]:
        """No file that can be read has any."""
        return iter(())


def open_files(
    paths: Sequence[Path | str],
    *,
    zone: ZoneInfo,
    now: datetime,
    mapping: Map | Path | str | None = None,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> FileHistory:
    """The files as one history; their forms are found from their content.

    `zone` is that of the business: times that name none are read in it, and hours and weekdays
    are counted in it. What is over by `now` is past. `mapping` is a map, the file of one, or the
    name of a ready one; without it the headings decide. `ask` answers what the files leave open.
    `progress` is called with the bytes read so far and in all; tables and
    calendars are read twice.

    CannotRead, before the first appointment or while reading, says what to do.
    """
    if not paths:
        raise CannotRead("Name at least one file.")
    inputs = [files.inspect(Path(each)) for each in paths]
    chosen = mapping if mapping is None or isinstance(mapping, Map) else find(mapping)
    asked: list[str] = []

    def remembering(question: object) -> str:
        asked.append(str(question))
        return ask(question)  # type: ignore[misc, arg-type]

    form = _form(inputs)
    opened = form(inputs, zone, now.astimezone(UTC), chosen, remembering if ask else None, progress)
    return replace(opened, learned=opened.learned if asked else None)


Form = Callable[
    [Sequence[Input], ZoneInfo, datetime, Map | None, Ask | None, Progress | None], FileHistory
]


def _form(inputs: Sequence[Input]) -> Form:
    kinds = {each.kind for each in inputs}
    if len(kinds) > 1:
        raise CannotRead(
            "These files are of different kinds. Audit each kind on its own: what one of them can"
            " answer, another cannot."
        )
    if (form := _FORMS.get(kinds.pop())) is None:
        raise CannotRead("Files of this kind cannot be read.")
    return form


def _table_history(
    inputs: Sequence[Input],
    zone: ZoneInfo,
    now: datetime,
    mapping: Map | None,
    ask: Ask | None,
    progress: Progress | None,
) -> FileHistory:
    tables = [open_table(each) for each in inputs]
    chosen, _ = choose(tables, mapping, ask)
    if chosen.kind == "events":
        return _log_history(tables, zone, now, chosen, ask, progress)
    several = len(tables) > 1
    sheets = [
        bookings.sheet(
            table, chosen, part_for(table, chosen), f"{table.source.name} " if several else ""
        )
        for table in tables
    ]
    bookings.check_payments(sheets)
    size = _size(inputs)
    found = bookings.survey(sheets, Meter(2 * size, progress))
    settled = bookings.settle(chosen, found, ask)
    sheets = [replace_part(each, settled, n, chosen) for n, each in enumerate(sheets)]
    source = Source(
        name=", ".join(each.name for each in inputs),
        kind="csv",
        zone=zone,
        now=now,
        knows=bookings.knows(settled, found),
        currency=settled.currency,
        notes=_notes(settled, found.words, found.possible, paid=found.paid),
        inferred=TELLS if found.paid else {},
    )

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        times = Times(_zone(settled, zone), settled.order)
        return bookings.Bookings(sheets, settled, found, times, now, quality, meter).appointments()

    return FileHistory(source, Quality(), settled, read, lambda: _second_half(size, progress))


def _log_history(
    tables: Sequence[Table],
    zone: ZoneInfo,
    now: datetime,
    chosen: Map,
    ask: Ask | None,
    progress: Progress | None,
) -> FileHistory:
    if len(tables) > 1:
        raise CannotRead("Several event logs are no one history: join them, or audit each.")
    table = tables[0]
    size = table.source.size
    where = eventlog.columns(table, chosen, part_for(table, chosen))
    found = eventlog.survey(table, where, Meter(2 * size, progress))
    settled = eventlog.written(eventlog.settle(chosen, found, ask), found, ask)
    source = Source(
        name=table.source.name,
        kind="csv",
        zone=zone,
        now=now,
        knows=stories.knows(settled, found),
        currency=settled.currency,
        notes=stories.notes(settled, found),
    )

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        times = Times(_zone(settled, zone), settled.order)
        log = eventlog.Log(table, where, settled, found.together, times, now, quality, meter)
        return log.appointments()

    return FileHistory(source, Quality(), settled, read, lambda: _second_half(size, progress))


def _trace_history(
    inputs: Sequence[Input],
    zone: ZoneInfo,
    now: datetime,
    mapping: Map | None,
    ask: Ask | None,
    progress: Progress | None,
) -> FileHistory:
    source = _only(inputs)
    chosen, said = _by_activities(mapping, lambda each: xes.survey(source, each))
    settled = eventlog.written(eventlog.settle(chosen, said, ask), said, ask)

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        times = Times(_zone(settled, zone), settled.order)
        return xes.Log(source, settled, times, now, quality, meter).appointments()

    return _of_log(source, "xes", zone, now, settled, said, read, progress)


def _object_history(
    inputs: Sequence[Input],
    zone: ZoneInfo,
    now: datetime,
    mapping: Map | None,
    ask: Ask | None,
    progress: Progress | None,
) -> FileHistory:
    source = _only(inputs)
    cases: dict[str, ocel.Cases] = {}

    def survey(each: Map) -> stories.Said:
        cases[each.name] = ocel.survey(source, each)
        return cases[each.name].said

    chosen, said = _by_activities(mapping, survey)
    settled = eventlog.written(eventlog.settle(chosen, said, ask), said, ask)

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        times = Times(_zone(settled, zone), settled.order)
        found = cases[chosen.name]
        return ocel.Log(source, settled, found, times, now, quality, meter).appointments()

    return _of_log(source, "ocel", zone, now, settled, said, read, progress)


def _calendar_history(
    inputs: Sequence[Input],
    zone: ZoneInfo,
    now: datetime,
    mapping: Map | None,
    ask: Ask | None,
    progress: Progress | None,
) -> FileHistory:
    size = _size(inputs)
    found = ics.survey(inputs, zone, Meter(2 * size, progress))
    name = ", ".join(each.name for each in inputs)
    source = Source(name, "ics", zone, now, found.knows(), notes=ics.NOTES)

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        return ics.Calendars(inputs, found, zone, now, quality, meter).appointments()

    return FileHistory(source, Quality(), None, read, lambda: _second_half(size, progress))


def _only(inputs: Sequence[Input]) -> Input:
    if len(inputs) > 1:
        raise CannotRead("Several event logs are no one history: join them, or audit each.")
    return inputs[0]


def _by_activities(
    mapping: Map | None, survey: Callable[[Map], stories.Said]
) -> tuple[Map, stories.Said]:
    """The map that knows most of the activities; the general one where several know all."""
    if mapping is not None:
        return mapping, survey(mapping)
    best: tuple[int, Map, stories.Said] | None = None
    for each in reversed([known for known in ready().values() if known.kind == "events"]):
        said = survey(each)
        unknown = sum(1 for name in said.activities if fold(name) not in each.activities)
        if best is None or unknown < best[0]:
            best = unknown, each, said
        if not unknown:
            break
    if best is None:
        raise CannotRead("No ready map for event logs is there.")
    return best[1:]


def _of_log(
    source: Input,
    kind: str,
    zone: ZoneInfo,
    now: datetime,
    settled: Map,
    said: stories.Said,
    read: Read,
    progress: Progress | None,
) -> FileHistory:
    whole = Source(
        name=source.name,
        kind=kind,
        zone=zone,
        now=now,
        knows=stories.knows(settled, said),
        currency=settled.currency,
        notes=stories.notes(settled, said),
    )
    return FileHistory(whole, Quality(), settled, read, lambda: Meter(source.size, progress))


def replace_part(sheet: bookings.Sheet, settled: Map, number: int, chosen: Map) -> bookings.Sheet:
    """The sheet with what was decided since."""
    part = settled.parts[chosen.parts.index(sheet.part)]
    return bookings.sheet(sheet.table, settled, part, sheet.label)


def _notes(
    chosen: Map, words: set[Word], possible: set[Word], *, paid: bool = False
) -> tuple[str, ...]:
    if chosen.knows:
        return _distinct(*chosen.notes, *chosen.cannot.values())
    if paid:
        told = {field: why for field, why in chosen.cannot.items() if field not in TELLS}
        chosen = replace(chosen, cannot=told, notes=(*chosen.notes, RULE))
    cancelled = {Word.CANCELLED, Word.CANCELLED_BY_BUSINESS}
    found = words | possible
    left_out = Field.CANCELLED in chosen.cannot
    survivors = () if left_out or words & cancelled else (NO_CANCELLED,)
    silent = (NO_MISSED,) if Word.MISSED in found and Word.MISSED not in words else ()
    return _distinct(*chosen.notes, *chosen.cannot.values(), *survivors, *silent)


def _distinct(*sentences: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _zone(chosen: Map, zone: ZoneInfo) -> ZoneInfo:
    if not chosen.zone:
        return zone
    try:
        return ZoneInfo(chosen.zone)
    except (KeyError, ValueError, OSError) as error:
        raise CannotRead(f"“{chosen.zone}” in the map is no time zone.") from error


def _size(inputs: Sequence[Input]) -> int:
    return sum(each.size for each in inputs)


def _second_half(size: int, progress: Progress | None) -> Meter:
    meter = Meter(2 * size, progress)
    meter.add(size)
    return meter


def _empty(quality: Quality) -> None:
    quality.read = quality.used = 0
    quality.dropped, quality.noted, quality.where = Counter(), Counter(), {}


_FORMS: dict[str, Form] = {
    files.CSV: _table_history,
    files.ICS: _calendar_history,
    files.XES: _trace_history,
    files.OCEL_JSON: _object_history,
    files.OCEL_XML: _object_history,
    files.OCEL_SQLITE: _object_history,
}
