"""What the command prints: data to stdout, everything said about it to stderr."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from rich.console import Console


def data(value: object) -> None:
    """JSON to stdout. Instants are RFC 3339 with their offset."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def line(text: str = "") -> None:
    """A line of the answer, written out at once: who watches a pipe sees it too."""
    click.echo(text)
    sys.stdout.flush()


def note(text: str) -> None:
    """A line about the answer."""
    click.echo(text, err=True)


def when(instant: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """`Mon 2027-03-01 09:00 +01:00`: wall time of the zone, with its offset at that instant."""
    local = instant.astimezone(zone)
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    offset = local.isoformat(timespec="minutes")[16:]
    return f"{DAYS[local.weekday()]} {local.date()} {clock} {offset}"


# Not strftime's names: those follow the locale of the machine.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


READABLE = 120  # columns; a narrower terminal folds lines, which loses less than cutting them


UNBOUNDED = 100_000  # columns: a row of a table in a file or a pipe is one line


def console() -> Console:
    """A rich console on stdout: no colours into a pipe, none with NO_COLOR.

    A terminal folds what is too long for it; a file or a pipe gets every row as one line.
    """
    from rich.console import Console

    usual = Console(highlight=False, emoji=False)
    if usual.is_terminal:
        usual.width = max(usual.width, READABLE)
        return usual
    return Console(
        file=_Trimmed(sys.stdout),
        width=UNBOUNDED,
        highlight=False,
        emoji=False,
    )


class _Trimmed(StringIO):
    """A file that leaves out the blanks with which a table fills up its last column."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(_TRAILING.sub("", text))

    def flush(self) -> None:
        self._file.flush()


_TRAILING = re.compile(r"[ ]+$", re.MULTILINE)
