"""What the audit keeps: the weekly letters to owners, and what became of each."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class WeeklyLetter(models.Model):
    """The letter about one week to one owner of a business.

    Waiting, then in the hands of a worker (`taken_until`), then being handed over, then accepted;
    or given up, which is told at the desk until somebody has seen it (`seen_at`); or left, because
    its reader is no owner any more. Whoever dies while handing it over leaves a doubt: then it is
    handed over again, under the same Message-ID. A second copy says nothing new, but silence would
    mean two things.
    """

    WAITING, HANDING_OVER, ACCEPTED = "waiting", "handing_over", "accepted"
    GIVEN_UP, LEFT = "given_up", "left"
    UNSETTLED = (WAITING, HANDING_OVER)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    week = models.DateField(help_text="The local day on which it was due.")
    due_at = models.DateTimeField(null=True, help_text="The moment at which it was due.")
    address = models.EmailField(help_text="The owner's.")
    subject_line = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField()
    late = models.CharField(max_length=200, blank=True, help_text="Said on top, if it left late.")
    created_at = models.DateTimeField()
    status = models.CharField(max_length=20, default=WAITING)
    attempts = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(help_text="When to try (again).")
    taken_until = models.DateTimeField(null=True, help_text="Real time: the lease of an attempt.")
    handed_over_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="When somebody saw that it was given up.")
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "week", "address"], name="one_letter_a_week"
            )
        ]
        indexes = [
            # Read by the worker: what has not left yet, and what somebody died over.
            models.Index(
                fields=["try_at"],
                condition=models.Q(status__in=("waiting", "handing_over")),
                name="weekly_letters_unsettled",
            ),
            # Read by the desk: what was given up and nobody has seen yet.
            models.Index(
                fields=["business"],
                condition=models.Q(status="given_up", seen_at__isnull=True),
                name="weekly_letters_given_up",
            ),
        ]


class WeeklyEvidence(models.Model):
    """One thing that became known of a weekly letter: handed over, accepted, failed, doubt ...

    Never updated or deleted: the database refuses.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    letter = models.ForeignKey(WeeklyLetter, models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    detail = models.CharField(max_length=500, blank=True)
