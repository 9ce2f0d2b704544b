"""Events are never updated or deleted: the database refuses, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

POSTGRESQL = """
CREATE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'history_is_append_only'; END $$;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE ON cases_event
FOR EACH ROW EXECUTE FUNCTION history_is_append_only();
"""

SQLITE = """
CREATE TRIGGER history_is_append_only_{verb} BEFORE {verb} ON cases_event
BEGIN SELECT RAISE(ABORT, 'history_is_append_only'); END
"""


def protect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL)
        return
    for verb in ("update", "delete"):
        editor.execute(SQLITE.format(verb=verb))


def unprotect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP TRIGGER history_is_append_only ON cases_event")
        editor.execute("DROP FUNCTION history_is_append_only()")
        return
    for verb in ("update", "delete"):
        editor.execute(f"DROP TRIGGER history_is_append_only_{verb}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
