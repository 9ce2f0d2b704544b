from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("schedule", "0007_recall"),
    ]

    operations = [
        migrations.AddField(
            model_name="service",
            name="preparation",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="What is to be ready before a visit, by whom and when.",
            ),
        ),
    ]
