"""A line at each service that helps its customers to arrive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schedule", "0002_no_overlap")]

    operations = [
        migrations.AddField(
            model_name="service",
            name="directions",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Parking, entrance, how to find us.",
                max_length=300,
            ),
        ),
    ]
