"""The only thing the audit keeps: that the owners of a business have had their weekly letter."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class WeeklyLetter(models.Model):
    """The letter about one week to one owner of a business, in its final words.

    Waiting, then in the hands of a worker (`taken_until`), then handed over. `handed_over_at` is
    written before the mail server is called: a worker that dies in between leaves a letter that may
    have gone and is not sent again, because a second one says nothing new and the next one comes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    week = models.DateField(help_text="The local day on which it was due.")
    address = models.EmailField(help_text="The owner's.")
    subject_line = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()
    try_at = models.DateTimeField(help_text="When to try (again).")
    taken_until = models.DateTimeField(null=True, help_text="Real time: the lease of an attempt.")
    handed_over_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "week", "address"], name="one_letter_a_week"
            )
        ]
        indexes = [
            # Read by the worker: what has not left yet.
            models.Index(
                fields=["try_at"],
                condition=models.Q(handed_over_at__isnull=True),
                name="weekly_letters_waiting",
            ),
        ]
