"""Who hears of what happens, what there is to hear, and what became of each delivery."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Endpoint(models.Model):
    """An address of somebody else's program. A disabled one hears nothing until it is enabled;
    what happens meanwhile is kept for it."""

    STANDARD, CLOUDEVENTS = "standard", "cloudevents"
    FORMATS = [(STANDARD, "Standard Webhooks"), (CLOUDEVENTS, "CloudEvents 1.0")]
    BY_HAND, GONE, IN_VAIN = "by_hand", "gone", "in_vain"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    types = models.JSONField(default=list, help_text="Names of events; empty: all of them.")
    listens_since = models.DateTimeField(help_text="To the types as they are chosen now.")
    form = models.CharField(max_length=20, choices=FORMATS, default=STANDARD)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_by = models.CharField(max_length=10, blank=True, help_text="by_hand, gone, in_vain")
    disabled_why = models.CharField(max_length=300, blank=True)
    owner_to_tell = models.BooleanField(default=False, help_text="Nobody has written to them yet.")
    tell_at = models.DateTimeField(null=True, help_text="When to (try to) write to the owners.")
    rests_until = models.DateTimeField(null=True, help_text="Nobody answered there just now.")
    secret = models.CharField(max_length=100)
    old_secret = models.CharField(max_length=100, blank=True)
    old_secret_until = models.DateTimeField(null=True, help_text="Real time.")
    new_secret_used = models.BooleanField(
        default=False,
        help_text="An answer was signed with the present secret: the old one is over.",
    )

    class Meta:
        indexes = [
            # Read by the worker: disabled by itself, and no owner knows yet.
            models.Index(
                fields=["tell_at"],
                condition=models.Q(owner_to_tell=True),
                name="owners_to_tell",
            ),
        ]


class Event(models.Model):
    """Something that happened, as it is told to others. Written with what it tells of; its id is
    the `webhook-id` of every attempt to deliver it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    case = models.UUIDField(null=True, help_text="Null for a test.")
    subject = models.UUIDField(help_text="The appointment: within it, order is kept.")
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=80)
    at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        indexes = [
            # Read by the checks: what was told of a case.
            models.Index(fields=["case", "version"], name="told_of_a_case"),
            # Read when old ones are cleared away.
            models.Index(fields=["at"], name="webhook_events_by_age"),
        ]


class Delivery(models.Model):
    """One event for one endpoint. Numbered by the database: that is the order within a subject.

    pending -> sending -> delivered; held while its endpoint is disabled; skipped by hand; failed
    only for tests, which are tried once.
    """

    PENDING, SENDING, HELD = "pending", "sending", "held"
    DELIVERED, SKIPPED, FAILED = "delivered", "skipped", "failed"
    UNFINISHED = (PENDING, SENDING, HELD)

    id = models.BigAutoField(primary_key=True)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    subject = models.UUIDField()
    status = models.CharField(max_length=10, default=PENDING)
    wake_at = models.DateTimeField(help_text="When to try (again).")
    attempts = models.PositiveIntegerField(default=0, help_text="Since it was last put in the row.")
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_until = models.DateTimeField(null=True, help_text="Real time: the lease.")
    delivered_at = models.DateTimeField(null=True, help_text="For the first time.")
    test = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="delivered_once_each")
        ]
        indexes = [
            # Read by the worker: what is to be sent, oldest first.
            models.Index(
                fields=["wake_at"], condition=models.Q(status="pending"), name="to_deliver"
            ),
            # Read by the worker: what of the same subject comes before it.
            models.Index(
                fields=["endpoint", "subject", "id"],
                condition=models.Q(status__in=["pending", "sending", "held"]),
                name="deliveries_in_order",
            ),
            # Read by recovery: attempts whose worker may have died.
            models.Index(
                fields=["claimed_until"],
                condition=models.Q(status="sending"),
                name="deliveries_in_hand",
            ),
            # Read by the log of an endpoint, the newest first.
            models.Index(fields=["endpoint", "-id"], name="delivery_log"),
        ]


class Attempt(models.Model):
    """One attempt to deliver, and what came back."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveIntegerField(null=True, help_text="Of HTTP; null: no answer.")
    error = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=2000, blank=True, help_text="How the body begins.")
