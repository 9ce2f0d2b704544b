"""Services, resources, hours, closures, and the claims that make double booking impossible."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Resource(models.Model):
    """What an appointment needs for its time: a member of staff, later also a room.

    `number` is the resource in a claim's exclusion range (see migration 0002).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="resources")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    time_zone = models.CharField(max_length=64)
    active = models.BooleanField(default=True)


class Hours(models.Model):
    """One span of the weekly hours, in the resource's own zone. `end` 00:00 is midnight."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 = Monday.")
    start = models.TimeField()
    end = models.TimeField()


class Service(models.Model):
    """What can be booked. Archived, never deleted: a booked leg keeps its own snapshot."""

    PLACES = [("here", "At the business"), ("online", "Online"), ("there", "At the customer's")]

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="services")
    name = models.CharField(max_length=200)
    public_name = models.CharField(
        max_length=200, blank=True, help_text="What messages call it, where the name says too much."
    )
    duration_minutes = models.PositiveIntegerField()
    buffer_before_minutes = models.PositiveIntegerField(default=0)
    buffer_after_minutes = models.PositiveIntegerField(default=0)
    step_minutes = models.PositiveIntegerField(default=15)
    notice_minutes = models.PositiveIntegerField(default=0)
    horizon_days = models.PositiveIntegerField(default=365)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    mode = models.CharField(max_length=10, choices=PLACES, default="here")
    place = models.CharField(max_length=300, blank=True, help_text="Room, link or directions.")
    directions = models.CharField(
        max_length=300, blank=True, default="", help_text="Parking, entrance, how to find us."
    )
    private = models.BooleanField(default=False, help_text="Its name appears in no message.")
    change_until = models.CharField(max_length=20, blank=True, help_text="Overrides the policy.")
    late_cancel = models.CharField(max_length=20, blank=True, help_text="Overrides the policy.")
    hand_offs = models.JSONField(
        default=dict,
        blank=True,
        help_text="What follows which outcome; of one that is not named the policy speaks.",
    )
    aftercare = models.TextField(
        blank=True, default="", max_length=2000, help_text="Sent after the visit: what to mind."
    )
    preparation = models.JSONField(
        default=list, blank=True, help_text="What is to be ready before a visit, by whom and when."
    )
    comes_again_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="After how many days people usually come again."
    )
    recall = models.BooleanField(
        default=False,
        help_text="Due by medicine or by contract: its next visit is said without an agreement.",
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    staff = models.ManyToManyField(Resource, related_name="services")


class Closure(models.Model):
    """A time in which a resource (or, without one, the whole business) is closed.

    It was meant by the clocks on the wall in `zone`; when a zone changes its rules, the instants
    follow.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="closures")
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    zone = models.CharField(max_length=64, blank=True, default="")
    wall_start = models.CharField(max_length=16, blank=True, default="")
    wall_end = models.CharField(max_length=16, blank=True, default="")


class Claim(models.Model):
    """A resource is taken for a span of time, buffers included, in minutes since 1970 (UTC).

    The database refuses two live claims on one resource that overlap: an exclusion constraint on
    PostgreSQL, a trigger on SQLite. A claim is released, never deleted, so that the audit can see
    which slots were given back.
    """

    LEG, HOLD, CLOSURE, OUTSIDE = "leg", "hold", "closure", "outside"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    resource = models.PositiveIntegerField(help_text="Resource.number.")
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    holder = models.UUIDField(help_text="The leg, hold, closure or outside event.", db_index=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Of a hold.")
    live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end__gt=models.F("start")), name="claim_has_length"
            )
        ]
        indexes = [
            # Read by availability: what is taken of this resource from now on.
            models.Index(
                fields=["resource", "end", "start"],
                condition=models.Q(live=True),
                name="live_claims",
            ),
        ]
