"""What the console keeps for itself: failed attempts to sign in."""

from django.db import models


class FailedSignIn(models.Model):
    """How often signing in to an account failed in a row, and until when the next try must wait.

    The account is kept as a digest, so that a mistyped address (or a password typed into the wrong
    field) is stored nowhere.
    """

    account = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(help_text="Real time.")
    wait_until = models.DateTimeField(help_text="Real time.")
