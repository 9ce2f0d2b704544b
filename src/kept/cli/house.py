"""Opening the house: the settings, Django, the database; and what may go wrong, in sentences."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kept.cli.out import note
from kept.cli.problems import Misused, Refused
from kept.lib import env

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor

NEW_DATABASE = Path(__file__).with_name("new_database.sql")


@contextmanager
def opened(*, migrated: bool = True, there: bool = True) -> Iterator[None]:
    """Django is ready inside, and what the rooms refuse comes out as one sentence.

    `migrated`: the database must already be prepared for this version. `there`: it must at least
    exist. Only who may make it says otherwise; a question never leaves anything behind.
    """
    if there:
        require_there()
    open_django()
    with _in_sentences():
        if migrated:
            require_migrated()
        yield


def require_there() -> None:
    """Raises Misused when the SQLite file of the settings does not exist, and makes nothing."""
    try:
        missing = env.missing_file()
    except env.SettingError as error:
        raise Misused(str(error)) from None
    if missing is not None:
        raise Misused(
            f"There is no database at {missing} yet: `kept setup` or `kept migrate` makes it. If "
            "yours is elsewhere, set KEPT_DATA_DIR or KEPT_DATABASE_URL as for `kept serve`."
        )


def open_django() -> None:
    """Read the settings and load the rooms. Doing it twice changes nothing. Raises Misused."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kept.config.settings")
    import django

    try:
        django.setup()
    except env.SettingError as error:
        raise Misused(str(error)) from None
    _check_mail_url()


def _check_mail_url() -> None:
    from django.conf import settings

    from kept.channels.email import from_url

    try:
        from_url(settings.EMAIL_URL)
    except ValueError as error:
        raise Misused(f"KEPT_EMAIL_URL cannot be used: {error}.") from None


@contextmanager
def _in_sentences() -> Iterator[None]:
    from django.db import DatabaseError, OperationalError, ProgrammingError

    from kept.accounts.actions import AccountError
    from kept.clock.actions import ClockRefused
    from kept.core.case import NotAllowed
    from kept.core.policy import PolicyError
    from kept.core.time import TimeError

    try:
        yield
    except (ClockRefused, NotAllowed) as error:
        raise Refused(str(error)) from None
    except (AccountError, PolicyError, TimeError) as error:
        raise Misused(str(error)) from None
    except DatabaseError as error:
        # The plain class is what SQLite raises for a file that is damaged or no database; its
        # other children are mistakes of ours.
        if type(error) not in {DatabaseError, OperationalError, ProgrammingError}:
            raise
        raise Misused(_about_database(error)) from error


def _about_database(error: Exception) -> str:
    """The driver's words without the address it tried: a password may stand in that."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    from django.db import connection

    check = "check KEPT_DATABASE_URL and KEPT_DATA_DIR"
    if connection.vendor == "sqlite":
        check += ", and that the file belongs to the user who runs Kept"
    return f"The database cannot be used ({first}): {check}."


# Migrations


def migrate() -> int:
    """Bring the database to this version; answers how many steps that took.

    Two that start at once take turns.
    """
    from django.core.management import call_command

    with _alone():
        laid = _lay_out() if (new := _is_new()) else 0
        steps = len(_plan())
        if steps and not new:
            number = "1 step" if steps == 1 else f"{steps} steps"
            note(f"Bringing the database up to this version ({number}) ...")
        if steps:
            call_command("migrate", verbosity=0, interactive=False)
    return laid + steps


def _lay_out() -> int:
    """Lay out a new SQLite database in one go; answers how many migrations that has saved.

    It takes half as long again as everything else of a start to go through the history of the
    tables. What came of it stands in `new_database.sql` (see `tools/new_database.py`); migrations
    that are newer than that still have their turn.
    """
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    if connection.vendor != "sqlite":
        return 0
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.executescript(NEW_DATABASE.read_text(encoding="utf-8"))
    return MigrationRecorder.Migration.objects.count()


def _is_new() -> bool:
    from django.db import connection

    return not connection.introspection.table_names()


def require_migrated() -> None:
    """Raises Misused when the database is not at this version."""
    if _plan():
        raise Misused(
            "The database is not prepared for this version of Kept: run `kept migrate` "
            "(`kept serve` and `kept setup` do it first)."
        )


def _plan() -> list[object]:
    """The migrations that are still to be applied. Raises Misused for a newer database."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    _refuse_newer(executor)
    return list(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _refuse_newer(executor: MigrationExecutor) -> None:
    loader = executor.loader
    unknown = [
        f"{app}.{name}"
        for app, name in sorted(loader.applied_migrations)
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise Misused(
            f"This database was written by a newer Kept ({unknown[0]} is not known here): "
            "install that version again, or restore the backup made before the upgrade."
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time may migrate one database."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        return
    with _lock_file(Path(settings.DATA_DIR, "migrate.lock")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(path: Path) -> IO[str]:
    try:
        return path.open("w")
    except OSError as error:
        raise Misused(
            f"{path} cannot be written ({error.strerror}): this user must own it, and everything "
            "else in KEPT_DATA_DIR."
        ) from None


MIGRATION_LOCK = 0x6B657074  # "kept"; any number will do that nobody else on this database uses
