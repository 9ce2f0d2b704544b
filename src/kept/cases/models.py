"""The rows of the engine. They carry the names of `kept.core.case`; only `apply` writes them."""

from __future__ import annotations

from django.db import models

from kept.lib.ids import new_id


class Case(models.Model):
    """One walk along a path. `subject` is what it is about: for a leg, its appointment."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    path = models.CharField(max_length=20)
    subject = models.UUIDField()
    number = models.PositiveIntegerField(default=1)
    person = models.ForeignKey("people.Customer", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=20)
    state_since = models.DateTimeField()
    version = models.PositiveIntegerField(help_text="Sequence number of the subject's last event.")
    waits = models.BooleanField(help_text="Something must still happen.")
    zone = models.CharField(max_length=64)
    anchors = models.JSONField()
    facts = models.JSONField()
    policy = models.ForeignKey("accounts.PolicyVersion", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["path", "subject", "number"], name="one_case_a_leg")
        ]
        indexes = [
            # Read by re-planning and by the checks: the cases that still wait for something.
            models.Index(
                fields=["business", "path"], condition=models.Q(waits=True), name="waiting_cases"
            ),
            # Read when something happens to a person: their other cases that wait.
            models.Index(
                fields=["person"], condition=models.Q(waits=True), name="waiting_of_a_person"
            ),
        ]


class Event(models.Model):
    """An immutable entry in a case's history: triggers refuse UPDATE and DELETE."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor_role = models.CharField(max_length=20)
    actor_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    data = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "seq"], name="history_in_order")]
        # Read by who asks what has changed since; they ask for minutes of years.
        indexes = [models.Index(fields=["at"], name="events_by_time")]


class Control(models.Model):
    """A timed duty of a case, and what became of it. Nothing is scheduled anywhere else."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="controls")
    name = models.CharField(max_length=40)
    run = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField()
    useful_until = models.DateTimeField(null=True)
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True)
    fired_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(help_text="due_at, or later when handling it failed.")
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "name", "run"], name="one_control_a_run")
        ]
        indexes = [
            # Read by the worker: what is due, oldest first. Dormant rows cost it nothing.
            models.Index(
                fields=["wake_at"],
                condition=models.Q(status="planned", fired_at__isnull=True),
                name="controls_due",
            ),
            # Read by the desk: what was late in the last day.
            models.Index(
                fields=["fired_at"],
                condition=models.Q(fired_at__isnull=False),
                name="controls_acted_upon",
            ),
        ]


class Escalation(models.Model):
    """Something only a person can resolve."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, models.PROTECT, related_name="escalations")
    kind = models.CharField(max_length=30)
    owner = models.CharField(max_length=20)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    tried = models.CharField(max_length=500, blank=True)
    suggestion = models.CharField(max_length=300)
    raised_at = models.DateTimeField()
    taken_by = models.CharField(max_length=220, blank=True, help_text="Who sees to it.")
    taken_at = models.DateTimeField(null=True)
    too_late_at = models.DateTimeField(null=True, help_text="Unknown of what is older: due_at.")
    snoozed_until = models.DateTimeField(null=True, help_text="Out of sight until then.")
    snoozed_by = models.CharField(max_length=220, blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=220, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=models.Q(resolved_at__isnull=True),
                name="escalated_once",
            )
        ]
        indexes = [
            # Read by the queue of a business: open ones, the most urgent first.
            models.Index(
                fields=["business", "due_at"],
                condition=models.Q(resolved_at__isnull=True),
                name="open_escalations",
            ),
        ]


class HandOff(models.Model):
    """The contract between two paths. One per case, outcome version and target."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey("accounts.Business", models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, models.PROTECT, related_name="hand_offs")
    to = models.CharField(max_length=20)
    outcome = models.CharField(max_length=30)
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10)
    payload = models.JSONField()
    offered_at = models.DateTimeField()
    accept_by = models.DateTimeField(null=True)
    own = models.BooleanField(default=False, help_text="Kept walks the receiving path itself.")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=220, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "to", "version"], name="offered_once")
        ]
        indexes = [
            # Read by receivers: what is offered to them.
            models.Index(fields=["business", "status", "offered_at"], name="hand_offs_by_status"),
            # Read by the worker: what waits for a path that Kept walks itself.
            models.Index(
                fields=["offered_at"],
                condition=models.Q(status="offered", own=True),
                name="own_hand_offs_waiting",
            ),
        ]
