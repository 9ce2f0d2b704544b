"""The one clock of an installation, and the heartbeats of those who read it."""

from django.db import models


class Clock(models.Model):
    """A single row (id 1). `real`: the wall clock. `lapse`: starts at `base`, runs `speed` times.

    A database that has lived on the real clock never leaves it: its people were told real times.
    """

    REAL, LAPSE = "real", "lapse"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    mode = models.CharField(max_length=5, choices=[(REAL, REAL), (LAPSE, LAPSE)])
    base = models.DateTimeField(help_text="What the clock said at `since`.")
    since = models.DateTimeField(help_text="Real time at which it said so.")
    speed = models.FloatField(default=1.0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_clock")]


class Heartbeat(models.Model):
    """The last sign of life of each process that turns the handle, in real time."""

    name = models.CharField(max_length=80, primary_key=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    idle = models.BooleanField(default=False, help_text="It found nothing left that is due.")
    turned = models.BigIntegerField(default=0, help_text="Controls and messages handled so far.")
    failed = models.BigIntegerField(default=0, help_text="Rows it had to push back so far.")
    mail_away_since = models.DateTimeField(
        null=True, help_text="Real time since which it cannot reach the mail server."
    )
    mail_detail = models.CharField(max_length=500, blank=True, default="", help_text="Why not.")
