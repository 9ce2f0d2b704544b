"""What somebody agreed to or refused is not replaced either: SQLite's INSERT OR REPLACE takes away
what is in its way without asking the trigger for DELETE, in a shell that is not Kept's own."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = """
CREATE TRIGGER consents_are_append_only_insert BEFORE INSERT ON people_consent
WHEN EXISTS (SELECT 1 FROM people_consent WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'consents_are_append_only'); END
"""


def protect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(SQLITE)


def unprotect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER consents_are_append_only_insert")


class Migration(migrations.Migration):
    dependencies = [("people", "0003_refusals_hold")]
    operations = [migrations.RunPython(protect, unprotect)]
