from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_not_written_over"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["at"], name="events_by_time"),
        ),
    ]
