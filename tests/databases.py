"""Give tests that really commit a clean database, on SQLite and on PostgreSQL.

Django's own way, `flush`, deletes row by row on SQLite, and the history of a case refuses deletion.
So SQLite gets its file back from a copy taken after the migrations, and PostgreSQL is emptied by
TRUNCATE, which row triggers do not see.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

# Written by Django itself after each migration, and the same for every test.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


class SQLiteSlate:
    """A migrated SQLite file that can be made new again."""

    def __init__(self, connection):
        self.connection = connection
        self.file = Path(connection.settings_dict["NAME"])
        self.template = self.file.with_name(self.file.name + "-template")
        connection.close()
        with closing(sqlite3.connect(self.file)) as own:
            own.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self.file, self.template)

    @property
    def url(self):
        return f"sqlite:///{self.file}"

    def restore(self):
        """Put the copy in place.

        The file is replaced, not written over: a connection that a thread left open keeps the old
        file and cannot spoil the new one.
        """
        self.connection.close()
        for rest in ("-wal", "-shm", "-journal"):
            self.file.with_name(self.file.name + rest).unlink(missing_ok=True)
        fresh = self.file.with_name(self.file.name + "-fresh")
        shutil.copyfile(self.template, fresh)
        fresh.replace(self.file)

    def part_with(self):
        """The file may go, whoever still has it open."""


END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class PostgresSlate:
    """A migrated PostgreSQL database that can be emptied."""

    def __init__(self, connection):
        self.connection = connection
        with connection.cursor() as cursor:
            filled = [table for table in self._tables(cursor) if self._has_rows(cursor, table)]
        assert not filled, f"The migrations leave rows that restore() would lose: {filled}"
        connection.close()

    @property
    def url(self):
        settings = self.connection.settings_dict
        user = settings["USER"] + (f":{settings['PASSWORD']}" if settings["PASSWORD"] else "")
        host = settings["HOST"].replace("/", "%2F")
        port = f":{settings['PORT']}" if settings["PORT"] else ""
        return f"postgresql://{user}@{host}{port}/{settings['NAME']}"

    def _tables(self, cursor):
        return sorted(set(self.connection.introspection.table_names(cursor)) - KEPT_TABLES)

    def _has_rows(self, cursor, table):
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {self.connection.ops.quote_name(table)})")
        return cursor.fetchone()[0]

    def part_with(self):
        """End what is still connected, so that the database can be dropped.

        A web server's thread under test may keep its connection a moment longer than the tests.
        """
        with self.connection.cursor() as cursor:
            cursor.execute(END_OTHERS)

    def restore(self):
        """Cut off whoever is still connected, then empty all tables and start numbering again."""
        self.connection.close()
        with self.connection.cursor() as cursor:
            # A thread that left a transaction open would make TRUNCATE wait for ever.
            cursor.execute(END_OTHERS)
            tables = [self.connection.ops.quote_name(table) for table in self._tables(cursor)]
            if tables:
                cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        self.connection.close()


def clean_slate(connection):
    """Remember the freshly migrated database behind this connection."""
    kinds = {"sqlite": SQLiteSlate, "postgresql": PostgresSlate}
    return kinds[connection.vendor](connection)
