"""An event is not replaced either: SQLite's INSERT OR REPLACE takes away what is in its way without
asking the trigger for DELETE, unless the connection says so (`recursive_triggers`). Those of Kept
do; the shell of somebody who forges a history would not. It costs some microseconds an event, of the two milliseconds a booking takes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = """
CREATE TRIGGER history_is_append_only_insert BEFORE INSERT ON cases_event
WHEN EXISTS (SELECT 1 FROM cases_event WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM cases_event WHERE case_id = NEW.case_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'history_is_append_only'); END
"""


def protect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(SQLITE)


def unprotect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER history_is_append_only_insert")


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_acted_upon")]
    operations = [migrations.RunPython(protect, unprotect)]
