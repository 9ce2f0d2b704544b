"""What the booking page remembers of forms that may be sent twice."""

from django.db import models


class Submission(models.Model):
    """A booking form that has become an appointment; sent again, it leads to the same one.

    Written in the transaction of the booking: either both exist or neither.
    """

    key = models.UUIDField(primary_key=True, help_text="The form's own token.")
    appointment = models.ForeignKey(
        "appointments.Appointment", models.CASCADE, related_name="+", help_text="What it became."
    )
