"""Promises 3, 7 and 8: what leaves, how often, and whether it is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from kept.appointments import zone_rules
from kept.appointments.queries import Leg
from kept.cases.queries import Case, Control, Escalation, Event, history
from kept.checks.duties import UNDER_WAY
from kept.checks.finding import Found, Moment, reference, stream
from kept.core.case import Status
from kept.core.path import ControlRule, Path, Tell, To
from kept.core.paths import PATHS
from kept.core.paths.appointment import AHEAD, CANCELLED, UNTOLD
from kept.core.replay import replay
from kept.outbox.queries import Message
from kept.people.queries import Told


def nothing_leaves_after_a_change(moment: Moment) -> Found:
    """No message was handed over in a state of its leg that does not want it.

    Each mark carries the version its case had at that moment, in the order of commits; the state
    at that version is the fold of the history up to there.
    """
    handed = Message.objects.filter(handed_over_version__isnull=False)
    found = Found(handed.count())
    found.add(_after_a_change(), _say_after)
    return found


def _after_a_change() -> Iterator[Message]:
    for path in PATHS.values():
        yield from _of_path(path)


def _of_path(path: Path) -> Iterator[Message]:
    """The letters of one path that left in a state that does not want them."""
    of_path = Case.objects.filter(id=OuterRef("case"), path=path.name)
    suspect = Q()
    for control in path.controls:
        if isinstance(control.does, Tell):
            suspect |= Q(_moved_on(path, control), control=control.name)
    candidates = Message.objects.filter(suspect, Exists(of_path), handed_over_version__isnull=False)
    for message in stream(candidates.annotate(reference=reference("subject"))):
        message.state_then = replay(path, history(message.case, until=message.handed_over_version))
        if message.state_then not in path.control(message.control).states:
            yield message


def _moved_on(path: Path, control: ControlRule) -> Exists:
    """Before its letter left, the case had once moved to a state that does not want it."""
    moves = {
        rule.event
        for rule in path.rules
        if rule.to is not To.STAY and rule.to not in control.states
    }
    return Exists(
        Event.objects.filter(
            case=OuterRef("case"), name__in=sorted(moves), seq__lte=OuterRef("handed_over_version")
        )
    )


def _say_after(message: Message) -> str:
    name = getattr(message, "reference", None) or message.subject
    state = message.state_then  # type: ignore[attr-defined]  # noted above
    return (
        f"{name}: {message.control} of leg {message.leg} was handed over when it was already "
        f"{state}."
    )


def messages_go_out_once(moment: Moment) -> Found:
    """Once per leg, control, run, person and channel; a second time only after recorded doubt."""
    found = Found(Message.objects.count())
    key = ("case", "control", "run", "person", "channel")
    counted = Message.objects.order_by().values(*key).annotate(times=Count("id"))
    found.add(
        stream(counted.filter(times__gt=1)),
        lambda row: f"{row['control']} of leg {row['case']} is in the outbox {row['times']} times.",
    )
    evidence = Message.objects.annotate(
        taken=Count("evidence", filter=Q(evidence__kind="accepted")),
        doubts=Count("evidence", filter=Q(evidence__kind="doubt")),
        reference=reference("subject"),
    )
    found.add(
        stream(evidence.filter(taken__gt=F("doubts") + 1)),
        lambda row: (
            f"{row.reference}: {row.control} of leg {row.leg} was accepted {row.taken} times, "
            f"with {row.doubts} doubts between."
        ),
    )
    claimed = evidence.filter(status__in=[Message.ACCEPTED, Message.DELIVERED], taken=0)
    found.add(
        stream(claimed),
        lambda row: (
            f"{row.reference}: {row.control} of leg {row.leg} counts as accepted, without evidence."
        ),
    )
    return found


def told_equals_the_truth(moment: Moment) -> Found:
    """What the customer was last told is so, or is being mended, or somebody has been asked to.

    They are told wall times, so it is not so when the rules of the zone have changed since.

    It matters until the visit's time is over; of a cancelled one, somebody is asked for a day more.
    Afterwards they know.
    """
    ahead = Q(case__state__in=AHEAD, end__gt=moment.now)
    legs = Leg.objects.filter(ahead | Q(case__state=CANCELLED), current=True)
    found = Found(legs.count())
    asked = Escalation.objects.filter(case=OuterRef("case_id"), resolved_at=None, kind__in=UNTOLD)
    untended = legs.filter(~Exists(asked)).select_related("appointment", "case")
    found.add(
        stream(_not_told_the_time(untended, moment)),
        lambda leg: (
            f"{leg.appointment.reference}: the customer has not been told {leg.start.isoformat()}, "
            f"and nothing is under way."
        ),
    )
    found.add(
        stream(_not_told_of_the_end(untended, moment)),
        lambda leg: (
            f"{leg.appointment.reference}: the customer has not been told that it is cancelled."
        ),
    )
    found.add(
        zone_rules.out_of_step(moment.now),
        lambda shift: (
            f"{shift.leg.appointment.reference}: the customer was told {shift.leg.wall} in "
            f"{shift.leg.case.zone}, which by new rules of that zone is another instant. "
            "Start Kept again."
        ),
    )
    return found


def _not_told_the_time(legs: QuerySet[Leg], moment: Moment) -> QuerySet[Leg]:
    true = Told.objects.filter(
        subject=OuterRef("appointment_id"),
        leg=OuterRef("number"),
        start=OuterRef("start"),
        cancelled=False,
    )
    ahead = legs.filter(~Exists(true), case__state__in=AHEAD)
    return ahead.filter(~_under_way(moment, "confirmation", "moved_notice"))


def _not_told_of_the_end(legs: QuerySet[Leg], moment: Moment) -> QuerySet[Leg]:
    """Cancelled by the business after the customer had been told the time."""
    believes = Told.objects.filter(subject=OuterRef("appointment_id"), cancelled=False)
    by_request = Event.objects.filter(case=OuterRef("case_id"), name="cancelled")
    cancelled = legs.filter(Exists(believes), Exists(by_request), case__state=CANCELLED)
    cancelled = cancelled.filter(~Q(case__facts__by="customer"))
    ever_asked = Escalation.objects.filter(case=OuterRef("case_id"), kind__in=UNTOLD)
    cancelled = cancelled.exclude(Exists(ever_asked), end__lte=moment.now - timedelta(days=1))
    return cancelled.filter(~_under_way(moment, "cancelled_notice"))


def _under_way(moment: Moment, *controls: str) -> Q:
    """A notice is planned, or in the outbox and still of use."""
    planned = Control.objects.filter(
        case=OuterRef("case_id"),
        name__in=controls,
        status=Status.PLANNED.value,
        fired_at=None,
        due_at__gt=moment.overdue,
    )
    posted = Message.objects.filter(
        Q(useful_until=None) | Q(useful_until__gt=moment.overdue),
        case=OuterRef("case_id"),
        control__in=controls,
        status__in=UNDER_WAY,
    )
    return Q(Exists(planned)) | Q(Exists(posted))
