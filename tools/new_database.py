"""`python tools/new_database.py`: write down what the migrations make of an empty SQLite database.

A new installation is laid out from what is written here in one go, because going through the whole
history of the tables takes longer than all else of a first start. Migrations that are added later
are applied on top, so this may be run at leisure: before a release, say.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src" / "kept" / "cli" / "new_database.sql"
HEAD = """\
-- An empty SQLite database of Kept as the migrations make it; tools/new_database.py writes this.
BEGIN IMMEDIATE;
"""


def written(database: sqlite3.Connection) -> Iterator[str]:
    """The statements that make a database like this one, in the order in which they must come."""
    things = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "ORDER BY type = 'trigger', type = 'index', rowid"
    ).fetchall()
    tables = [name for name, sql in things if sql.startswith("CREATE TABLE")]
    yield from (sql for _, sql in things if not sql.startswith("CREATE TRIGGER"))
    for table in tables:
        yield from _rows(database, table)
    yield from (sql for _, sql in things if sql.startswith("CREATE TRIGGER"))
    # The numbers that AUTOINCREMENT goes on from follow from the rows.


def _rows(database: sqlite3.Connection, table: str) -> Iterator[str]:
    names = [column[1] for column in database.execute(f'PRAGMA table_info("{table}")')]
    # When it was applied is when somebody lays it out.
    held = ["'CURRENT_TIMESTAMP'" if name == "applied" else f'quote("{name}")' for name in names]
    text = " || ', ' || ".join(held)
    columns = ", ".join(f'"{name}"' for name in names)
    for (values,) in database.execute(f'SELECT {text} FROM "{table}" ORDER BY rowid'):
        yield f'INSERT INTO "{table}" ({columns}) VALUES ({values})'


def script(database: sqlite3.Connection) -> str:
    """All of it, in one transaction."""
    statements = (re.sub(r"\s+$", "", each, flags=re.MULTILINE) for each in written(database))
    return HEAD + "".join(f"{each};\n" for each in statements) + "COMMIT;\n"


def migrated(folder: str) -> Path:
    """A new database in this folder that went through every migration."""
    os.environ |= {"KEPT_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "kept.config.settings"}
    os.environ.pop("KEPT_DATABASE_URL", None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    return Path(folder, "kept.sqlite3")


def main() -> int:
    sys.path.insert(0, str(TARGET.parents[2]))
    with tempfile.TemporaryDirectory() as folder:
        TARGET.write_text(script(sqlite3.connect(migrated(folder))), encoding="utf-8")
    print(f"{TARGET.name} is as the migrations are.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
