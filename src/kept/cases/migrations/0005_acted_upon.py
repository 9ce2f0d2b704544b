"""The desk asks at every look at the day what was late of late; the history is long."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_follow_up")]

    operations = [
        migrations.AddIndex(
            model_name="control",
            index=models.Index(
                condition=models.Q(("fired_at__isnull", False)),
                fields=["fired_at"],
                name="controls_acted_upon",
            ),
        ),
    ]
