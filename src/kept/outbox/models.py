"""What is to be said, its final text, and what became of it."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Message(models.Model):
    """Something one person is to be told. Its text is final once it has been handed over.

    queued -> claimed -> handing_over -> accepted -> delivered,
    or withdrawn, expired, failed, doubtful.
    `handed_over_at` is written before the transport is called: what a crash leaves in
    `handing_over` may or may not have arrived, and is recorded as such.
    """

    QUEUED, CLAIMED, HANDING_OVER = "queued", "claimed", "handing_over"
    ACCEPTED = "accepted"
    DELIVERED, DOUBTFUL = "delivered", "doubtful"
    WITHDRAWN, EXPIRED, FAILED = "withdrawn", "expired", "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    case = models.UUIDField(help_text="The case (for an appointment: the leg) it belongs to.")
    subject = models.UUIDField(db_index=True, help_text="The appointment.")
    leg = models.PositiveIntegerField()
    control = models.CharField(max_length=40)
    run = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40)
    person = models.ForeignKey("people.Customer", models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=320)
    status = models.CharField(max_length=20, default=QUEUED)
    useful_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    wake_at = models.DateTimeField(help_text="When to try (again).")
    attempts = models.PositiveIntegerField(default=0)
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_until = models.DateTimeField(null=True, help_text="Real time: the lease of an attempt.")
    handed_over_at = models.DateTimeField(null=True)
    handed_over_version = models.PositiveIntegerField(
        null=True, help_text="The case's version at that moment: what had been committed before."
    )
    subject_line = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    calendar = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            # Each message goes out once per leg, control, person and channel.
            models.UniqueConstraint(
                fields=["case", "control", "run", "person", "channel"], name="said_once"
            )
        ]
        indexes = [
            # Read by the deliverer: what is to be sent, oldest first.
            models.Index(
                fields=["wake_at"], condition=models.Q(status="queued"), name="messages_to_send"
            ),
            # Read by recovery: attempts whose worker may have died.
            models.Index(
                fields=["claimed_until"],
                condition=models.Q(status__in=["claimed", "handing_over"]),
                name="messages_in_hand",
            ),
        ]


class Evidence(models.Model):
    """One thing that became known of a message: queued, accepted, delivered, failed, doubt ...

    Never updated or deleted: the database refuses.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    detail = models.CharField(max_length=500, blank=True)


class Sample(models.Model):
    """A letter that a member of the business sent to themselves, to see how it reads.

    waiting -> handing_over -> accepted, failed, doubtful; or expired. It is about nobody: it
    belongs to no case, and no customer's address can stand in it but by being the member's own.
    """

    WAITING, HANDING_OVER = "waiting", "handing_over"
    ACCEPTED, FAILED, DOUBTFUL, EXPIRED = "accepted", "failed", "doubtful", "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    address = models.EmailField(help_text="Of the member who asked for it.")
    kind = models.CharField(max_length=40)
    subject_line = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    status = models.CharField(max_length=20, default=WAITING)
    taken_until = models.DateTimeField(null=True, help_text="Real time: the lease of the attempt.")
    handed_over_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            # Read by the deliverer: what is to be sent, oldest first.
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=["waiting", "handing_over"]),
                name="samples_to_send",
            ),
            # Read by the desk, and where another one is asked for: what a member had sent lately.
            models.Index(fields=["business", "address", "created_at"], name="samples_of_a_member"),
        ]
