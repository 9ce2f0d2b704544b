"""Weekly letters are retried, their evidence is kept, and one that was given up is told."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import kept.lib.ids
from kept.lib.append_only import append_only


def settle(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """What was handed over before stays as it was: nobody is told of it now, nothing is repeated."""
    letters = apps.get_model("audit", "WeeklyLetter").objects.filter(handed_over_at__isnull=False)
    letters.filter(error="").update(status="accepted")
    letters.exclude(error="").update(status="given_up", seen_at=models.F("handed_over_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_after_an_enquiry"),
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="WeeklyEvidence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=kept.lib.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("detail", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="weeklyletter",
            name="weekly_letters_waiting",
        ),
        migrations.AddField(
            model_name="weeklyletter",
            name="attempts",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="weeklyletter",
            name="due_at",
            field=models.DateTimeField(help_text="The moment at which it was due.", null=True),
        ),
        migrations.AddField(
            model_name="weeklyletter",
            name="late",
            field=models.CharField(
                blank=True, help_text="Said on top, if it left late.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="weeklyletter",
            name="seen_at",
            field=models.DateTimeField(
                help_text="When somebody saw that it was given up.", null=True
            ),
        ),
        migrations.AddField(
            model_name="weeklyletter",
            name="status",
            field=models.CharField(default="waiting", max_length=20),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="weeklyletter",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "handing_over"))),
                fields=["try_at"],
                name="weekly_letters_unsettled",
            ),
        ),
        migrations.AddIndex(
            model_name="weeklyletter",
            index=models.Index(
                condition=models.Q(("seen_at__isnull", True), ("status", "given_up")),
                fields=["business"],
                name="weekly_letters_given_up",
            ),
        ),
        migrations.AddField(
            model_name="weeklyevidence",
            name="letter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="evidence",
                to="audit.weeklyletter",
            ),
        ),
        append_only("audit_weeklyevidence", "weekly_evidence_is_append_only"),
    ]
