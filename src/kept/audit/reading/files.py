"""Opening what somebody named: its bytes, unpacked, counted and bounded; its form, by content."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from typing_extensions import Buffer

from kept.audit.reading.trouble import CannotRead

Progress = Callable[[int, int], None]  # bytes read so far, bytes in all

CSV, ICS, XES = "csv", "ics", "xes"
OCEL_JSON, OCEL_XML, OCEL_SQLITE = "ocel.json", "ocel.xml", "ocel.sqlite"

LONGEST_LINE = 1_000_000  # characters: nothing that people export has longer ones
_HEAD = 65_536
_CHUNK = 1 << 18

_REFUSED = {
    b"PK\x03\x04": "is a workbook or an archive. Save the sheet as CSV, or unpack it.",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook. Save the sheet as CSV and try again.",
    b"%PDF": "is a PDF. Export a table (CSV), a calendar (ICS) or an event log instead.",
}


class Meter:
    """Adds up what was read of all files, in all passes, and says so."""

    def __init__(self, whole: int, progress: Progress | None) -> None:
        self._whole, self._progress, self._done = whole, progress, 0

    def add(self, count: int) -> None:
        """That many bytes more."""
        self._done += count
        if self._progress is not None:
            self._progress(min(self._done, self._whole), self._whole)


class _Counted(io.RawIOBase):
    """A file whose reading is counted."""

    def __init__(self, path: Path, meter: Meter | None) -> None:
        self._file, self._meter = path.open("rb", buffering=0), meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        count = self._file.readinto(buffer)
        if self._meter is not None:
            self._meter.add(count)
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Input:
    """One file. `kind` is one of the forms above; `size` is what lies on the disk, in bytes."""

    path: Path
    kind: str
    size: int
    packed: bool

    @property
    def name(self) -> str:
        return self.path.name

    @contextmanager
    def bytes(self, meter: Meter | None = None) -> Iterator[IO[bytes]]:
        """Its content, unpacked. CannotRead where it is cut off or damaged."""
        with _counted(self.path, meter) as raw, _readable(self.path.name):
            yield gzip.GzipFile(fileobj=raw) if self.packed else raw  # type: ignore[misc]

    @contextmanager
    def text(self, encoding: str, meter: Meter | None = None) -> Iterator[Iterator[str]]:
        """Its lines, with their ends; what cannot be decoded becomes a replacement mark."""
        with self.bytes(meter) as binary:
            wrapped = io.TextIOWrapper(binary, encoding, errors="replace", newline="")
            yield chain.from_iterable(_parts(wrapped, self.path.name))
            wrapped.detach()


@contextmanager
def _counted(path: Path, meter: Meter | None) -> Iterator[IO[bytes]]:
    try:
        raw = _Counted(path, meter)
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened: {error.strerror}.") from error
    with io.BufferedReader(raw, _CHUNK) as buffered:
        yield buffered


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CannotRead(f"{name} is damaged or cut off: fetch it again.") from error


def _parts(text: IO[str], name: str) -> Iterator[Iterable[str]]:
    """The lines of a text, many at a time: going through them costs next to nothing, where asking
    for each takes as long as reading a table out of them."""
    left, before = "", 0
    while part := text.read(_CHUNK):
        present = left + part
        # A "\r" at the very end may be half of an end of line.
        end = max(present.rfind("\n"), present.rfind("\r", 0, len(present) - 1)) + 1
        if len(present) >= LONGEST_LINE:
            _refuse_endless(present, before, name)
        yield io.StringIO(present[:end], newline="")
        before += present.count("\n", 0, end) or present.count("\r", 0, end)
        left = present[end:]
    yield io.StringIO(left, newline="")


def _refuse_endless(text: str, before: int, name: str) -> None:
    for number, line in enumerate(io.StringIO(text, newline=""), before + 1):
        if len(line) >= LONGEST_LINE:
            raise CannotRead(
                f"Line {number} of {name} is longer than a million characters:"
                " this is no table, calendar or log that can be read."
            )


def inspect(path: Path) -> Input:
    """What the file is, found from its content. CannotRead if it is nothing that can be audited."""
    if not path.is_file():
        raise CannotRead(f"There is no file {path.name}.")
    size = os.stat(path).st_size
    packed = _first_bytes(path, packed=False, most=2) == b"\x1f\x8b"
    head = _first_bytes(path, packed, _HEAD)
    if not head.strip():
        raise CannotRead(f"{path.name} is empty.")
    return Input(path, _kind(head, path.name), size, packed)


def _first_bytes(path: Path, packed: bool, most: int) -> bytes:
    with Input(path, "", 0, packed).bytes() as binary:
        return binary.read(most)


def _kind(head: bytes, name: str) -> str:
    for start, why in _REFUSED.items():
        if head.startswith(start):
            raise CannotRead(f"{name} {why}")
    if head.startswith(b"SQLite format 3\0"):
        return OCEL_SQLITE
    text = head.decode(_by_mark(head) or "utf-8", errors="replace").lstrip("\ufeff \r\n\t")
    if text[:15].upper() == "BEGIN:VCALENDAR":
        return ICS
    if text.startswith(("{", "[")):
        return OCEL_JSON
    return _markup(text, name) if text.startswith("<") else CSV


_TAG = re.compile(r"<\s*(?:[\w.-]+:)?([A-Za-z][\w.-]*)")


def _markup(text: str, name: str) -> str:
    tags = [found[1] for found in _TAG.finditer(text)]
    if not tags or tags[0] != "log":
        raise CannotRead(f"{name} is neither an XES nor an OCEL event log.")
    objects = {"object-types", "event-types", "objects", "events"}
    return OCEL_XML if objects.intersection(tags[1:3]) else XES


def _by_mark(head: bytes) -> str:
    """The encoding that the first bytes give away; empty if they do not."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 3 and head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if len(head) > 3 and head[::2].count(0) > len(head) // 4:
        return "utf-16-be"
    return ""


def encoding(source: Input) -> str:
    """How a text file is encoded: as its mark says, else UTF-8 if all of it is, else cp1252."""
    with source.bytes() as binary:
        head = binary.read(_HEAD)
        if marked := _by_mark(head):
            return marked
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := binary.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"
