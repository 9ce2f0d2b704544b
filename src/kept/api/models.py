"""What the API remembers of requests that may be repeated."""

from django.db import models


class Remembered(models.Model):
    """The answer to a request made with an Idempotency-Key, kept so that a repeat gets the same.

    Written in the transaction of the request itself: either both exist or neither.
    """

    business = models.ForeignKey("accounts.Business", models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "key"], name="answered_once")]
