"""A new SQLite database is laid out in one go, and is the one that the migrations make."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tools import new_database

ROOT = Path(new_database.__file__).parent.parent
THROUGH_HISTORY = "import sys; from tools import new_database; new_database.migrated(sys.argv[1])"
MIGRATE = """
from kept.cli import house
with house.opened(migrated=False, there=False):
    house.migrate()
"""


def run(folder, *command):
    folder.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KEPT_")}
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    subprocess.run(
        [sys.executable, *command],
        env=kept | {"KEPT_DATA_DIR": str(folder), "PYTHONPATH": path},
        check=True,
        capture_output=True,
    )
    return folder / "kept.sqlite3"


def contents(database):
    """Every table, index and trigger, and every row, however they are ordered and numbered."""
    with closing(sqlite3.connect(database)) as there:
        made = set(there.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        migrations = set(there.execute("SELECT app, name FROM django_migrations"))
        kinds = set(there.execute("SELECT app_label, model FROM django_content_type"))
        permissions = set(
            there.execute(
                "SELECT app_label, model, codename, name FROM auth_permission "
                "JOIN django_content_type AS kind ON kind.id = content_type_id"
            )
        )
        # Which numbers were given and taken back on the way is no part of it.
        tables = {name for kind, name, *_ in made if kind == "table"} - {"sqlite_sequence"}
        rows = {name: there.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in tables}
    return made, migrations, kinds, permissions, rows


def test_it_is_the_one_that_the_migrations_make_and_needs_none_of_them(tmp_path):
    laid = run(tmp_path / "laid", "-c", MIGRATE)
    went = run(tmp_path / "went", "-c", THROUGH_HISTORY, str(tmp_path / "went"))
    for ours, theirs in zip(contents(laid), contents(went), strict=True):
        assert ours == theirs
    # One that is there is not laid out again: what is missing is done, and what it holds stays.
    with closing(sqlite3.connect(laid)) as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'console'")
        database.execute("DROP TABLE console_failedsignin")
        database.execute("UPDATE django_migrations SET applied = '2020-01-01 00:00:00'")
        database.commit()
    run(tmp_path / "laid", "-c", MIGRATE)
    with closing(sqlite3.connect(laid)) as database:
        done = "SELECT app FROM django_migrations WHERE applied >= '2021-01-01'"
        assert database.execute(done).fetchall() == [("console",)]
