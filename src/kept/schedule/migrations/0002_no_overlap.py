"""The database refuses two live claims on one resource that overlap.

PostgreSQL: an exclusion constraint over one int8range that carries both the resource and the
minutes: `resource * 2^32 + minute`. 2^32 minutes are more than 8,000 years, so ranges of two
resources can never meet, and no extension is needed. SQLite: the same, said by triggers; its
writers come one after the other (immediate transactions), so a trigger sees every claim there is.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EXCLUSION = """
ALTER TABLE schedule_claim ADD CONSTRAINT claims_do_not_overlap EXCLUDE USING gist (
    int8range(resource::bigint * 4294967296 + "start", resource::bigint * 4294967296 + "end")
    WITH &&
) WHERE (live)
"""

TRIGGER = """
CREATE TRIGGER claims_do_not_overlap_{verb} BEFORE {event} ON schedule_claim
WHEN NEW.live AND EXISTS (
    SELECT 1 FROM schedule_claim AS other
    WHERE other.live AND other.resource = NEW.resource AND other.id <> NEW.id
      AND other."end" > NEW."start" AND other."start" < NEW."end"
)
BEGIN SELECT RAISE(ABORT, 'claims_do_not_overlap'); END
"""


def forbid_overlap(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(EXCLUSION)
        return
    editor.execute(TRIGGER.format(verb="insert", event="INSERT"))
    columns = 'UPDATE OF resource, "start", "end", live'
    editor.execute(TRIGGER.format(verb="update", event=columns))


def allow_overlap(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE schedule_claim DROP CONSTRAINT claims_do_not_overlap")
        return
    editor.execute("DROP TRIGGER claims_do_not_overlap_insert")
    editor.execute("DROP TRIGGER claims_do_not_overlap_update")


class Migration(migrations.Migration):
    dependencies = [("schedule", "0001_initial")]
    operations = [migrations.RunPython(forbid_overlap, allow_overlap)]
