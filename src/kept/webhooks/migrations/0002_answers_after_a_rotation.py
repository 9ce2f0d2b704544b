"""Once the new secret has signed an answer, the one before signs none any more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="new_secret_used",
            field=models.BooleanField(
                default=False,
                help_text="An answer was signed with the present secret: the old one is over.",
            ),
        ),
    ]
