"""Rows that are never changed, deleted or written over: the database refuses, whoever asks.

For migrations. Events and consents were given the same by their own migrations before.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython

POSTGRESQL = """
CREATE FUNCTION {rule}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{rule}'; END $$;
CREATE TRIGGER {rule} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {rule}();
"""
POSTGRESQL_UNDO = "DROP TRIGGER {rule} ON {table}; DROP FUNCTION {rule}();"

# SQLite's INSERT OR REPLACE takes away what is in its way without asking the trigger for DELETE,
# unless the connection says so (`recursive_triggers`); the shell of who forges history would not.
SQLITE = {
    "update": "BEFORE UPDATE ON {table}",
    "delete": "BEFORE DELETE ON {table}",
    "insert": "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)",
}


def append_only(table: str, rule: str) -> RunPython:
    """The operation that protects `table` (key: `id`); what it refuses is an error that names
    `rule`. Undone by migrating back."""
    return RunPython(
        lambda _apps, editor: _run(_making(table, rule, editor), editor),
        lambda _apps, editor: _run(_undoing(table, rule, editor), editor),
    )


def _run(statements: Iterator[str], editor: BaseDatabaseSchemaEditor) -> None:
    for each in statements:
        editor.execute(each)


def _making(table: str, rule: str, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
    if editor.connection.vendor == "postgresql":
        yield POSTGRESQL.format(table=table, rule=rule)
        return
    for verb, when in SQLITE.items():
        trigger = f"CREATE TRIGGER {rule}_{verb} {when.format(table=table)}"
        yield f"{trigger} BEGIN SELECT RAISE(ABORT, '{rule}'); END"


def _undoing(table: str, rule: str, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
    if editor.connection.vendor == "postgresql":
        yield POSTGRESQL_UNDO.format(table=table, rule=rule)
        return
    for verb in SQLITE:
        yield f"DROP TRIGGER {rule}_{verb}"
