"""What became known of a message is never changed or deleted: the database refuses, whoever asks."""

from django.db import migrations, models

from kept.lib.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_handed_over_in_order")]
    operations = [
        migrations.AlterField(
            model_name="evidence",
            name="message",
            field=models.ForeignKey(
                on_delete=models.PROTECT, related_name="evidence", to="outbox.message"
            ),
        ),
        append_only("outbox_evidence", "evidence_is_append_only"),
    ]
