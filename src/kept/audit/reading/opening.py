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
from kept.audit.reading import bookings, files
from kept.audit.reading.asking import Ask
from kept.audit.reading.choosing import choose, part_for
from kept.audit.reading.files import Input, Meter, Progress
from kept.audit.reading.instants import Times
from kept.audit.reading.mapping import Map, Word, find
from kept.audit.reading.tables import open_table
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
    _size: int
    _progress: Progress | None

    def appointments(self) -> Iterator[Appointment]:
        """One by one, in the order of the files. `quality` is complete when they have ended."""
        _empty(self.quality)
        yield from self._read(self.quality, _second_half(self._size, self._progress))

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
    `progress` is called with the bytes read so far and in all; every file is read twice.

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
    several = len(tables) > 1
    sheets = [
        bookings.sheet(
            table, chosen, part_for(table, chosen), f"{table.source.name} " if several else ""
        )
        for table in tables
    ]
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
        notes=_notes(settled, found.words, found.possible),
    )

    def read(quality: Quality, meter: Meter) -> Iterator[Appointment]:
        times = Times(_zone(settled, zone), settled.order)
        return bookings.Bookings(sheets, settled, found, times, now, quality, meter).appointments()

    return FileHistory(source, Quality(), settled, read, size, progress)


def replace_part(sheet: bookings.Sheet, settled: Map, number: int, chosen: Map) -> bookings.Sheet:
    """The sheet with what was decided since."""
    part = settled.parts[chosen.parts.index(sheet.part)]
    return bookings.sheet(sheet.table, settled, part, sheet.label)


def _notes(chosen: Map, words: set[Word], possible: set[Word]) -> tuple[str, ...]:
    if chosen.knows:
        return (*chosen.notes, *chosen.cannot.values())
    cancelled = {Word.CANCELLED, Word.CANCELLED_BY_BUSINESS}
    found = words | possible
    left_out = Field.CANCELLED in chosen.cannot
    survivors = () if left_out or words & cancelled else (NO_CANCELLED,)
    silent = (NO_MISSED,) if Word.MISSED in found and Word.MISSED not in words else ()
    return (*chosen.notes, *chosen.cannot.values(), *survivors, *silent)


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


_FORMS: dict[str, Form] = {files.CSV: _table_history}
