"""The Revenue Audit: over the installation's own rows, or over files from elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from kept.audit.drawing import data, page, sheets
from kept.audit.drawing.figure import Links
from kept.audit.figures import Report
from kept.audit.reading import Ask, CannotRead, FileHistory, Question, as_toml, find, open_files
from kept.audit.report import audit
from kept.cli import out
from kept.cli.audit_told import told
from kept.cli.problems import Misused, Refused
from kept.core import time

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at, and where the answers go. `until` is the last day looked at."""

    since: date | None
    until: date | None
    page: Path | None
    tables: Path | None
    as_json: bool

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The time looked at, by the days of the zone: from the first to before the second."""
        begin = time.day_bounds(self.since, zone)[0] if self.since else None
        end = time.day_bounds(self.until, zone)[1] if self.until else None
        return begin, end


def checked(wanted: Wanted, files: Sequence[Path]) -> None:
    """Raises Misused for what cannot be meant, before anything is read or written."""
    if wanted.since and wanted.until and wanted.since > wanted.until:
        raise Misused("--from is later than --to.")
    if wanted.page and wanted.page.suffix.lower() not in {".html", ".htm"}:
        raise Misused(f"--out is a page: give it a name such as {wanted.page.stem}.html.")
    for place in (wanted.page, wanted.tables):
        not_read(place, files)
    if wanted.page and not wanted.page.absolute().parent.is_dir():
        raise Misused(f"There is no folder {wanted.page.absolute().parent} to write into.")


def not_read(place: Path | None, files: Sequence[Path]) -> None:
    """Raises Misused for a place to write to that is a file to be read."""
    if place and place.resolve() in {file.resolve() for file in files}:
        raise Misused(f"{place} is one of the files to be read: choose another place.")


# The installation's own rows


def of_the_house(slug: str | None, wanted: Wanted) -> None:
    """Audit a business of this installation. Django is set up already."""
    from django.conf import settings

    from kept.audit import own
    from kept.cli.businesses import the_business
    from kept.clock import queries as clock

    business = the_business(slug)
    begin, end = wanted.span(ZoneInfo(business.time_zone))
    history = own.history(business, clock.now(), begin, end)
    with counting() as progress:
        report = audit(history, begin=begin, end=end, progress=progress)
    _give(report, wanted, Links(lambda each: f"{settings.BASE_URL}/console/search?q={each}"))


# Files


def of_files(
    files: Sequence[Path],
    wanted: Wanted,
    *,
    zone: str | None,
    mapping: str | None,
    save_map: Path | None,
) -> None:
    """Audit exports from elsewhere. Needs no installation; stores and sends nothing."""
    not_read(save_map, files)
    of_map = "" if zone else _zone_of(mapping)
    known = zone_named(zone or of_map)
    begin, end = wanted.span(known)
    try:
        with reading() as progress:
            history = open_files(
                files,
                zone=known,
                now=datetime.now(UTC),
                mapping=mapping,
                ask=_asks(progress),
                progress=progress.read,
            )
            report = audit(history, begin=begin, end=end)
    except CannotRead as error:
        raise Misused(str(error)) from None
    _keep(history, save_map)
    _give(report, wanted, page.NOWHERE)
    if not zone and not of_map and not wanted.as_json:
        out.note(f"Times without a zone were read as {known.key}; --zone names another.")


def _zone_of(mapping: str | None) -> str:
    """The zone a map names; none of a map that cannot be read: opening the files says why."""
    try:
        return find(mapping).zone if mapping else ""
    except CannotRead:
        return ""


def zone_named(named: str | None) -> ZoneInfo:
    try:
        return time.zone(named) if named else _zone_of_this_machine()
    except time.TimeError as error:
        raise Misused(str(error)) from None


def _zone_of_this_machine() -> ZoneInfo:
    """What /etc says, as an IANA name; UTC where it says none."""
    named = os.environ.get("TZ", "").lstrip(":")
    path = os.path.realpath("/etc/localtime")
    for name in (named, path.partition("/zoneinfo/")[2]):
        if name:
            try:
                return time.zone(name)
            except time.TimeError:
                continue
    return ZoneInfo("UTC")


def _keep(history: FileHistory, place: Path | None) -> None:
    """What was asked is worth keeping: the next export is read without a question."""
    if history.learned is None:
        if place is not None:
            out.note("Nothing had to be asked, so there is no map to write.")
        return
    if place is None:
        out.note("--save-map FILE writes these answers down, and --map FILE reads them again.")
        return
    place.write_text(as_toml(history.learned), encoding="utf-8")
    out.note(f"The answers are in {place}: next time, --map {place}.")


# Questions, on a terminal only


def _asks(progress: _Reading) -> Ask | None:
    if not _on_a_terminal():
        return None

    def ask(question: Question) -> str:
        progress.pause()
        return _answer(question)

    return ask


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _answer(question: Question) -> str:
    out.note(f"\n{question.text}")
    if not question.choices:
        _examples(question)
        return str(click.prompt("  ", default=question.default, err=True))
    for number, (choice, example) in enumerate(_choices(question), 1):
        out.note(f"  {number:>2}  {choice}{f'   ({example})' if example else ''}")
    while True:
        said = str(click.prompt("  Number", default=question.default or None, err=True)).strip()
        if said.isdigit() and 1 <= int(said) <= len(question.choices):
            return question.choices[int(said) - 1]
        if said in question.choices:
            return said
        out.note(f"  Write a number from 1 to {len(question.choices)}.")


def _examples(question: Question) -> None:
    if question.examples:
        out.note(f"  for example: {', '.join(question.examples)}")


def _choices(question: Question) -> Iterator[tuple[str, str]]:
    """Each choice, with its example where they belong together."""
    if len(question.examples) < len(question.choices) - 1:
        _examples(question)
        yield from ((choice, "") for choice in question.choices)
        return
    yield from zip_longest(question.choices, question.examples, fillvalue="")


# Progress, to stderr and on a terminal only


class _Counting:
    """How many appointments were read."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("Reading", total=None)

    def __call__(self, read: int) -> None:
        self._bar.update(self._task, completed=read, description=f"{read:,} appointments")


class _Reading:
    """How much of the files was read."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("Reading", total=None)

    def read(self, done: int, whole: int) -> None:
        if not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, completed=done, total=whole)

    def pause(self) -> None:
        """A question is put: nothing may be drawn over it."""
        self._bar.stop()


@contextmanager
def counting() -> Iterator[_Counting]:
    with _bar() as bar:
        yield _Counting(bar)


@contextmanager
def reading() -> Iterator[_Reading]:
    with _bar() as bar:
        yield _Reading(bar)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


# What comes of it


def _give(report: Report, wanted: Wanted, links: Links) -> None:
    """Write what was asked for; else, and besides, tell it."""
    try:
        if wanted.page:
            wanted.page.write_text(page.document(report, links), encoding="utf-8")
        if wanted.tables:
            _write_tables(report, wanted.tables)
    except OSError as error:
        raise Refused(f"{error.filename} cannot be written: {error.strerror}.") from None
    if wanted.as_json:
        out.data(data.data(report))
    else:
        told(report)
    if wanted.page:
        out.note(f"The report is in {wanted.page}: open it in a browser, or print it.")
    if wanted.tables:
        out.note(f"The tables are in {wanted.tables}.")
    if not wanted.page and not wanted.as_json:
        out.note("--out report.html writes the whole report: every figure, picture and table.")


def _write_tables(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sheets.sheets(report).items():
        (folder / name).write_text(text, encoding="utf-8-sig", newline="")
