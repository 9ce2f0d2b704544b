"""What the neighbouring paths know beside their cases."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class ReviewLink(models.Model):
    """A public page where customers may review a business, as the business names it.

    `place`: only for visits at this place, as its services say it; empty: for every visit.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="review_links")
    name = models.CharField(max_length=60, help_text="Whose page it is, as customers know it.")
    url = models.CharField(max_length=500)
    place = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "url", "place"],
                condition=models.Q(removed_at__isnull=True),
                name="linked_once",
            )
        ]


class Review(models.Model):
    """A review that was seen in public. Its replying is a case of the Reputation path.

    `key` tells two reviews apart: what the page calls it, or else what it says.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="reviews")
    key = models.CharField(max_length=200)
    site = models.CharField(max_length=60, help_text="Where it stands.")
    rating = models.PositiveSmallIntegerField(help_text="Out of five.")
    words = models.TextField(max_length=5000, blank=True)
    author = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    written_on = models.DateField()
    seen_at = models.DateTimeField()
    appointment = models.ForeignKey(
        "appointments.Appointment",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The visit it is about, when known.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "key"], name="seen_once")]


class Insider(models.Model):
    """Somebody who belongs to the business: staff, family. They are not asked for a review."""

    customer = models.OneToOneField("people.Customer", models.PROTECT, primary_key=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=220, help_text="Who said so.")
