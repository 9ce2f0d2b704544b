"""A copy of the database while it is in use."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from rich.console import Console
from rich.progress import Progress

from kept.cli import out
from kept.cli.problems import Misused, Refused

PAGES_AT_A_TIME = 2000  # between two portions the installation may write


def backup(target: Path) -> None:
    """Copy the SQLite database by its online backup, check the copy, and put it in place.

    A file that is there already is never written over. Raises Refused, Misused.
    """
    if connection.vendor != "sqlite":
        raise Misused("This database is PostgreSQL: back it up with pg_dump.")
    source = Path(connection.settings_dict["NAME"])
    if not connection.introspection.table_names():
        raise Refused(f"The database at {source} holds nothing yet: there is nothing to keep.")
    unfinished = _claimed(target)
    try:
        _copy(source, unfinished)
        # A link, not a rename: it fails when the file has appeared meanwhile.
        os.link(unfinished, target)
    except FileExistsError:
        raise _exists(target) from None
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"The backup to {target} failed: {error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    out.line(str(target))
    out.note(f"Keep {settings.DATA_DIR / 'secret-key'} with it, unless KEPT_SECRET_KEY is set.")


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None] | None]:
    """How far the copy is, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True)) as bar:
        copied = bar.add_task("Copying", total=None)

        def tell(status: int, remaining: int, total: int) -> None:
            bar.update(copied, completed=total - remaining, total=total)

        yield tell


def _claimed(target: Path) -> Path:
    """An unfinished file beside the target that nobody else may read."""
    if target.exists():
        raise _exists(target)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Misused(f"{target} cannot be written ({error.strerror}).") from None
    return unfinished


def _exists(target: Path) -> Refused:
    return Refused(f"{target} is there already and is not written over: choose another name.")


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        with _progress() as progress:
            live.backup(copy, pages=PAGES_AT_A_TIME, progress=progress)
        # On its own, not with a log beside it: one file to keep.
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
