"""Leads, what was asked, and the doors enquiries come in by."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Lead(models.Model):
    """One conversation with somebody who asked. It shares its id with its case."""

    case = models.OneToOneField("cases.Case", models.PROTECT, primary_key=True, related_name="+")
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    customer = models.ForeignKey("people.Customer", models.PROTECT, related_name="+")
    reference = models.CharField(max_length=12)
    token = models.CharField(max_length=64, unique=True, help_text="Of the link that books for it.")
    source = models.CharField(max_length=20, help_text="The door it first came in by.")
    service = models.ForeignKey("schedule.Service", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Read by the list and by the measures: the leads of a time.
            models.Index(fields=["business", "opened_at"], name="leads_by_time"),
            # Read when somebody reads a reference out.
            models.Index(fields=["business", "reference"], name="lead_by_reference"),
        ]


class Enquiry(models.Model):
    """One thing somebody sent or said, as it came. A lead has one or more; none is ever changed.

    `key` names it at its door (the id of a message, of a form), so that what comes twice is one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="enquiries")
    at = models.DateTimeField()
    source = models.CharField(max_length=20)
    service = models.ForeignKey("schedule.Service", models.PROTECT, null=True, related_name="+")
    words = models.TextField(blank=True, max_length=4000)
    contact = models.JSONField(help_text="Name, e-mail and phone as they gave them.")
    key = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "key"],
                condition=~models.Q(key=""),
                name="asked_once",
            )
        ]


class Source(models.Model):
    """A door that somebody else's program calls: it signs what it sends with a secret of its own.

    After a rotation what was signed with the secret before is taken until `previous_until` (real
    time). The secret is kept as it is, because a signature cannot be checked with less.
    """

    MISSED_CALL, SMS, MAIL = "missed_call", "sms", "mail"
    KINDS = [(MISSED_CALL, "Missed calls"), (SMS, "Text messages"), (MAIL, "E-mail")]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=KINDS)
    name = models.CharField(max_length=100)
    secret = models.CharField(max_length=200)
    previous = models.CharField(max_length=200, blank=True)
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Heard(models.Model):
    """A call of a source that was taken, so that it is not taken twice."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    at = models.DateTimeField(help_text="Real time.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="heard_once")]


class Frame(models.Model):
    """A site that may show the form of this business in a frame: its origin."""

    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    origin = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "origin"], name="one_frame_an_origin")
        ]


class Asking(models.Model):
    """One enquiry through the public form by a visitor of some network, as a digest.

    Only so that nobody sends a thousand of them; forgotten after a day.
    """

    origin = models.CharField(max_length=64, help_text="A digest of business and network.")
    at = models.DateTimeField(help_text="Real time.")

    class Meta:
        indexes = [models.Index(fields=["origin", "at"], name="askings_of_an_origin")]
