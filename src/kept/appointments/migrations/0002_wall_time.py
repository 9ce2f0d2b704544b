"""Legs keep the wall time they were booked for, and which zone rules were gone by is remembered.

Of legs that are still open it is read from their instant by the rules of today, which are the best
there is to go by. Closed ones stay without it.
"""

from zoneinfo import ZoneInfo

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

BATCH = 500


def read_wall_times(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    model = apps.get_model("appointments", "Leg")
    unread = model._default_manager.filter(current=True, case__waits=True, wall="")
    while legs := list(unread.select_related("case")[:BATCH]):
        for leg in legs:
            shown = leg.start.astimezone(ZoneInfo(leg.case.zone))
            leg.wall = shown.replace(tzinfo=None).isoformat(timespec="minutes")
        model.objects.bulk_update(legs, ["wall"])


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ZoneRules",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "edition",
                    models.CharField(
                        help_text="Such as 2026f; empty where none is named.", max_length=20
                    ),
                ),
                ("used_from", models.DateTimeField(help_text="Real time.")),
                (
                    "looked_at",
                    models.PositiveIntegerField(
                        help_text="Appointments ahead whose time was asked."
                    ),
                ),
                (
                    "shifted",
                    models.PositiveIntegerField(help_text="Of those, given another instant."),
                ),
                ("escalated", models.PositiveIntegerField(help_text="Of all, left to a person.")),
            ],
        ),
        migrations.AddField(
            model_name="leg",
            name="wall",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the clocks in the case's zone show at the start: 2027-03-28T09:00.",
                max_length=16,
            ),
        ),
        migrations.RunPython(read_wall_times, migrations.RunPython.noop),
    ]
