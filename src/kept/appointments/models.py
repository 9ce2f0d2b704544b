"""Appointments and their legs: one identity for life, one leg per booked time."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Appointment(models.Model):
    """One identity for life: reference, customer page, calendar UID. Survives every move."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="appointments")
    reference = models.CharField(max_length=12)
    token = models.CharField(max_length=40, unique=True, help_text="Of the customer's page.")
    customer = models.ForeignKey("people.Customer", models.PROTECT, related_name="appointments")
    origin = models.CharField(max_length=20, help_text="page, console, phone, walk_in, api")
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "reference"], name="reference_is_unique")
        ]
        indexes = [models.Index(fields=["business", "created_at", "id"], name="newest_first")]


class Leg(models.Model):
    """One booked time. What it says never changes; a move closes it and opens the next.

    What it says is the wall time in the zone of its case. The instants follow from that, and do
    change when the rules of the zone do (see `zone_rules.py`).
    """

    case = models.OneToOneField("cases.Case", models.PROTECT, primary_key=True, related_name="leg")
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="legs")
    number = models.PositiveIntegerField()
    current = models.BooleanField(default=True)
    service = models.ForeignKey("schedule.Service", models.PROTECT, related_name="+")
    snapshot = models.JSONField(help_text="The service, its price and terms as booked.")
    staff = models.ForeignKey("schedule.Resource", models.PROTECT, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()
    booked_at = models.DateTimeField()
    wall = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="What the clocks in the case's zone show at the start: 2027-03-28T09:00.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appointment", "number"], name="legs_are_numbered"),
            models.UniqueConstraint(
                fields=["appointment"],
                condition=models.Q(current=True),
                name="one_current_leg",
            ),
        ]
        indexes = [
            # Read by the day sheet and by lists: what is booked, by time.
            models.Index(fields=["business", "start"], name="legs_by_time"),
        ]


class ZoneRules(models.Model):
    """An edition of the time-zone database this installation has gone by, and what it changed."""

    edition = models.CharField(max_length=20, help_text="Such as 2026f; empty where none is named.")
    used_from = models.DateTimeField(help_text="Real time.")
    looked_at = models.PositiveIntegerField(help_text="Appointments ahead whose time was asked.")
    shifted = models.PositiveIntegerField(help_text="Of those, given another instant.")
    escalated = models.PositiveIntegerField(help_text="Of all, left to a person.")
