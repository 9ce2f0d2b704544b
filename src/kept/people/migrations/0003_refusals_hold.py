"""What somebody agreed to or refused is never updated or deleted: the database refuses, whoever
asks. And a refusal is found by the address it was made at, however that is written."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Upper

POSTGRESQL = """
CREATE FUNCTION consents_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'consents_are_append_only'; END $$;
CREATE TRIGGER consents_are_append_only BEFORE UPDATE OR DELETE ON people_consent
FOR EACH ROW EXECUTE FUNCTION consents_are_append_only();
"""

SQLITE = """
CREATE TRIGGER consents_are_append_only_{verb} BEFORE {verb} ON people_consent
BEGIN SELECT RAISE(ABORT, 'consents_are_append_only'); END
"""


def protect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL)
        return
    for verb in ("update", "delete"):
        editor.execute(SQLITE.format(verb=verb))


def unprotect(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP TRIGGER consents_are_append_only ON people_consent")
        editor.execute("DROP FUNCTION consents_are_append_only()")
        return
    for verb in ("update", "delete"):
        editor.execute(f"DROP TRIGGER consents_are_append_only_{verb}")


class Migration(migrations.Migration):
    dependencies = [("people", "0002_follow_up")]
    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("business"), Upper("email"), name="customer_by_folded_email"
            ),
        ),
        migrations.RunPython(protect, unprotect),
    ]
