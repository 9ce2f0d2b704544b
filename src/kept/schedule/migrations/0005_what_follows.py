"""What follows an outcome may be another thing at each service."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schedule", "0004_closures_on_the_wall")]

    operations = [
        migrations.AddField(
            model_name="service",
            name="hand_offs",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What follows which outcome; of one that is not named the policy speaks.",
            ),
        ),
    ]
