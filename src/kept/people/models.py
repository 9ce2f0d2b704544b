"""Customers, how to reach them, and what they were last told."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.db.models.functions import Upper

from kept.lib.ids import new_id


class Customer(models.Model):
    """A person a business serves. The only table with names and addresses of customers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="customers")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    email_bad = models.CharField(max_length=300, blank=True, help_text="Why it cannot be used.")
    phone = models.CharField(max_length=40, blank=True, help_text="E.164.")
    time_zone = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Read by customer_for: the same person books again.
            models.Index(fields=["business", "email"], name="customer_by_email"),
            # Read by what somebody refused: it holds for the address, however it is written.
            models.Index(F("business"), Upper("email"), name="customer_by_folded_email"),
        ]


class Consent(models.Model):
    """What a person agreed to or refused, with its proof. Appended, never changed: the last holds.

    `purpose` is what it is about (`core.wishes.WISHES`); `wording` is what stood before their eyes.
    Triggers refuse UPDATE and DELETE.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20)
    given = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=40, help_text="letter, page, console, api")
    by = models.CharField(max_length=220, help_text="Who recorded it.")
    wording = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "purpose", "-id"], name="last_word_first")]


class Told(models.Model):
    """What a customer was last told about an appointment, with which evidence."""

    subject = models.UUIDField(primary_key=True, help_text="The appointment.")
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", null=True)
    leg = models.PositiveIntegerField()
    start = models.DateTimeField()
    cancelled = models.BooleanField(default=False)
    via = models.CharField(max_length=20)
    evidence = models.CharField(max_length=20)
    control = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
