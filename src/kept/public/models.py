"""What the booking page remembers: forms that may be sent twice, and who holds how much."""

from django.db import models


class Submission(models.Model):
    """A booking form that has become an appointment; sent again, it leads to the same one.

    Written in the transaction of the booking: either both exist or neither.
    """

    key = models.UUIDField(primary_key=True, help_text="The form's own token.")
    appointment = models.ForeignKey(
        "appointments.Appointment", models.CASCADE, related_name="+", help_text="What it became."
    )


class HoldPlace(models.Model):
    """One of the few holds that visitors of one network may have at a time with one business.

    Free when its hold no longer stands. The origin is kept as a digest, so that nobody's address
    is stored.
    """

    origin = models.CharField(max_length=64, help_text="A digest of business and network.")
    number = models.PositiveIntegerField()
    hold = models.UUIDField()
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Of two visitors at once, one has the place.
            models.UniqueConstraint(fields=["origin", "number"], name="one_hold_a_place")
        ]
