"""Closures keep the wall times they were made for, by the zone of their business.

Of standing ones they are read from their instants by the rules of today.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def read_wall_times(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    standing = apps.get_model("schedule", "Closure")._default_manager.filter(lifted_at=None)
    for closure in standing.select_related("business"):
        zone = ZoneInfo(closure.business.time_zone)
        closure.zone = zone.key
        closure.wall_start = _shown(closure.start, zone)
        closure.wall_end = _shown(closure.end, zone)
        closure.save(update_fields=["zone", "wall_start", "wall_end"])


def _shown(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")


class Migration(migrations.Migration):
    dependencies = [("schedule", "0003_directions")]

    operations = [
        migrations.AddField(
            model_name="closure",
            name="zone",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="closure",
            name="wall_start",
            field=models.CharField(blank=True, default="", max_length=16),
        ),
        migrations.AddField(
            model_name="closure",
            name="wall_end",
            field=models.CharField(blank=True, default="", max_length=16),
        ),
        migrations.RunPython(read_wall_times, migrations.RunPython.noop),
    ]
