"""Promises 4, 5, 6 and 9: nothing waits for somebody's memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from kept.appointments.queries import Appointment, Leg
from kept.cases.queries import Case, Control, Escalation, HandOff, waiting, waiting_without_duty
from kept.checks.finding import Found, Moment, reference, stream
from kept.core import case as core
from kept.core.case import Status
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.paths.appointment import UNRESOLVED
from kept.core.plan import plan
from kept.outbox.queries import Message

UNDER_WAY = (Message.QUEUED, Message.CLAIMED, Message.HANDING_OVER)
TOLD = (Message.ACCEPTED, Message.DELIVERED, Message.DOUBTFUL)
LETTERS = sorted(
    {rule.name for path in PATHS.values() for rule in path.controls if isinstance(rule.does, Tell)}
)


def nothing_waits_for_memory(moment: Moment) -> Found:
    """Every open case has a planned control or an open escalation."""
    found = Found(Case.objects.filter(waits=True).count())
    found.add(
        stream(waiting_without_duty().annotate(reference=reference("subject"))),
        lambda case: (
            f"{case.reference or case.id}: leg {case.number} is {case.state}, nothing is planned "
            f"and nobody has been asked."
        ),
    )
    offered = HandOff.objects.filter(case=OuterRef("pk"), status="offered")
    open_states = Q()
    for path in PATHS.values():
        open_states |= Q(path=path.name, state__in=path.waiting)
    forgotten = Case.objects.filter(open_states | Exists(offered), waits=False)
    found.add(
        stream(forgotten.annotate(reference=reference("subject"))),
        lambda case: (
            f"{case.reference or case.id}: leg {case.number} is {case.state} and is not counted "
            f"among those that wait."
        ),
    )
    return found


def every_end_has_an_outcome(moment: Moment) -> Found:
    """An appointment that is over has an outcome, or an escalation that says it has none."""
    over = Leg.objects.filter(current=True, end__lte=moment.now)
    asked = Escalation.objects.filter(
        case=OuterRef("case_id"), resolved_at=None, kind__in=["OUTCOME_DUE", "UNRESOLVED"]
    )
    in_time = Control.objects.filter(
        case=OuterRef("case_id"),
        name="outcome_due",
        status=Status.PLANNED.value,
        due_at__gt=moment.overdue,
    )
    silent = over.filter(~Exists(asked), ~Exists(in_time), case__state__in=UNRESOLVED)
    found = Found(over.count())
    found.add(
        stream(silent.select_related("appointment", "case")),
        lambda leg: (
            f"{leg.appointment.reference} ended at {leg.end.isoformat()}, is still "
            f"{leg.case.state}, and nobody has been asked what happened."
        ),
    )
    return found


def every_control_says_why(moment: Moment) -> Found:
    """Every control ends with what became of it and why, none is left lying, and what is still
    ahead is planned as the path plans it."""
    controls = Control.objects.select_related("case").annotate(reference=reference("case__subject"))
    found = Found(Control.objects.count())
    for rows, what in (
        (_without_reason(controls), "ended without a reason"),
        (_left_lying(controls, moment), "was due and has been left lying"),
        (_never_ending(controls), "waits for a message that is not under way"),
        (_done_for_nothing(controls), "counts as done, and no message went out"),
        (_said_nevertheless(controls), "has ended, and its message is still to be sent"),
    ):
        found.add(stream(rows), lambda control, what=what: _say(control, what))  # type: ignore[misc]
    found.add(_stuck(moment), _say_stuck)
    found.add(_otherwise(moment), str)
    return found


def _say(control: Control, what: str) -> str:
    case = control.case
    name = getattr(control, "reference", None) or case.id
    failed = f", failed {control.failures} times" if control.failures else ""
    return (
        f"{name}: {control.name} (leg {case.number}, run {control.run}, {control.status}, due "
        f"{control.due_at.isoformat()}{failed}) {what}."
    )


def _without_reason(controls: QuerySet[Control]) -> QuerySet[Control]:
    explained = [Status.PLANNED.value, Status.DONE.value]
    return controls.filter(reason="").exclude(status__in=explained)


def _left_lying(controls: QuerySet[Control], moment: Moment) -> QuerySet[Control]:
    return controls.filter(status=Status.PLANNED.value, fired_at=None, due_at__lte=moment.overdue)


def _message(**wanted: object) -> Exists:
    return Exists(
        Message.objects.filter(
            case=OuterRef("case_id"), control=OuterRef("name"), run=OuterRef("run"), **wanted
        )
    )


def _never_ending(controls: QuerySet[Control]) -> QuerySet[Control]:
    posted = controls.filter(status=Status.PLANNED.value, fired_at__isnull=False)
    return posted.filter(~_message(status__in=UNDER_WAY))


def _done_for_nothing(controls: QuerySet[Control]) -> QuerySet[Control]:
    done = controls.filter(status=Status.DONE.value, name__in=LETTERS)
    return done.filter(~_message(status__in=TOLD))


def _said_nevertheless(controls: QuerySet[Control]) -> QuerySet[Control]:
    ended = controls.filter(name__in=LETTERS).exclude(status=Status.PLANNED.value)
    return ended.filter(_message(status__in=[Message.QUEUED, Message.CLAIMED]))


def _stuck(moment: Moment) -> Iterator[Message]:
    held = Message.objects.filter(
        status__in=[Message.CLAIMED, Message.HANDING_OVER], claimed_until__lt=moment.lease_over
    )
    return stream(held.annotate(reference=reference("subject")))


def _say_stuck(message: Message) -> str:
    name = getattr(message, "reference", None) or message.subject
    return f"{name}: {message.control} (leg {message.leg}) is held by a worker that has gone."


def _otherwise(moment: Moment) -> Iterator[str]:
    """What is planned from now on, beside the plan that is made anew from the case."""
    for row, case in waiting():
        for what in _differences(case, moment.now):
            known = Appointment.objects.filter(id=row.subject).first()
            yield f"{known.reference if known else row.id}: leg {row.number} {what}."


def _differences(case: core.Case, now: datetime) -> Iterator[str]:
    there = {control.key: control for control in case.controls}
    for wanted in plan(PATHS[case.path], case, now, "looked at"):
        have = there.get(wanted.key)
        if have is None:
            if wanted.waiting and wanted.due_at > now:
                yield f"lacks its {wanted.name}, due {wanted.due_at.isoformat()}"
        elif have.waiting and have.due_at > now and have != wanted:
            ought = _when(wanted) if wanted.waiting else "not at all"
            yield f"has its {wanted.name} planned for {_when(have)} instead of {ought}"


def _when(control: core.Control) -> str:
    until = f" (of use until {control.useful_until.isoformat()})" if control.useful_until else ""
    return f"{control.due_at.isoformat()}{until}"
