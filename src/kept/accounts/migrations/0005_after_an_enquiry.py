"""What follows an enquiry that fell silent was said nowhere, and is what it had been all along."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

STALE = {"stale": ["reactivation"]}


def name_it(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    versions = apps.get_model("accounts", "PolicyVersion")._default_manager
    for version in versions.iterator(chunk_size=500):
        said = version.data.get("hand_offs")
        if isinstance(said, dict) and "stale" not in said:
            version.data = {**version.data, "hand_offs": {**said, **STALE}}
            version.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_heard")]
    operations = [migrations.RunPython(name_it, migrations.RunPython.noop)]
