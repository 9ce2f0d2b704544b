"""Promise 2: what was booked stays booked."""

from __future__ import annotations

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery

from kept.appointments.queries import Appointment, Leg, what_is_lost
from kept.cases.queries import Case, Control, Escalation, Event
from kept.checks.finding import Found, Moment, reference, stream
from kept.core.availability import from_minute, to_minute
from kept.core.paths.appointment import AHEAD
from kept.outbox.queries import Message
from kept.schedule.queries import Claim

NOTICES = ("confirmation", "moved_notice")


def bookings_are_never_lost(moment: Moment) -> Found:
    """Each appointment is whole: its legs, their cases, their time, and their confirmation.

    A customer's link leads to the appointment by its token, so an appointment with exactly one
    current leg is also a link that shows the present truth.
    """
    found = Found(Appointment.objects.count())
    _legs(found)
    _cases(found)
    _confirmations(found)
    _times(found, moment)
    _agreements(found)
    return found


def _legs(found: Found) -> None:
    counted = Appointment.objects.annotate(
        all_legs=Count("legs"),
        current_legs=Count("legs", filter=Q(legs__current=True)),
        first=Min("legs__number"),
        last=Max("legs__number"),
    )
    whole = Q(current_legs=1, first=1, last=F("all_legs"))
    found.add(
        stream(counted.exclude(whole)),
        lambda row: (
            f"{row.reference} has {row.all_legs} legs, {row.current_legs} of them current, "
            f"numbered {row.first} to {row.last}."
        ),
    )
    newest = Leg.objects.filter(appointment=OuterRef("appointment"), number__gt=OuterRef("number"))
    overtaken = Leg.objects.filter(Exists(newest), current=True).select_related("appointment")
    found.add(
        stream(overtaken),
        lambda leg: f"{leg.appointment.reference}: leg {leg.number} is current, and not the last.",
    )


def _agreements(found: Found) -> None:
    """What was agreed at booking can still be read."""
    legs = stream(Leg.objects.select_related("appointment"))
    found.add(
        (leg for leg in legs if what_is_lost(leg)),
        lambda leg: f"{leg.appointment.reference}: leg {leg.number} {what_is_lost(leg)}.",
    )


def _cases(found: Found) -> None:
    same = Q(case__subject=F("appointment_id"), case__number=F("number"), case__path="appointment")
    legs = Leg.objects.select_related("appointment")
    found.add(
        stream(legs.exclude(same)),
        lambda leg: f"{leg.appointment.reference}: leg {leg.number} has the case of another.",
    )
    cases = Case.objects.filter(path="appointment").annotate(reference=reference("subject"))
    found.add(
        stream(cases.filter(leg=None)),
        lambda case: f"{case.reference}: case {case.id} has no leg.",
    )
    began = Event.objects.filter(case=OuterRef("pk"), name__in=["booked", "walked_in"])
    found.add(
        stream(cases.filter(~Exists(began))),
        lambda case: f"{case.reference}: the history of leg {case.number} has no beginning.",
    )


def _confirmations(found: Found) -> None:
    """Each leg says of its confirmation what became of it, and those posted are in the outbox."""
    notice = Control.objects.filter(case=OuterRef("pk"), name__in=NOTICES)
    cases = Case.objects.filter(path="appointment").annotate(reference=reference("subject"))
    found.add(
        stream(cases.filter(~Exists(notice))),
        lambda case: f"{case.reference}: nothing was planned to confirm leg {case.number}.",
    )
    posted = Control.objects.filter(name__in=NOTICES, fired_at__isnull=False)
    posted = posted.select_related("case").annotate(reference=reference("case__subject"))
    message = Message.objects.filter(
        case=OuterRef("case_id"), control=OuterRef("name"), run=OuterRef("run")
    )
    found.add(
        stream(posted.filter(~Exists(message)).exclude(status="skipped").exclude(status="expired")),
        lambda control: f"{control.reference}: its {control.name} is not in the outbox.",
    )
    found.add(
        stream(posted.filter(run=1, fired_at__gt=F("case__leg__booked_at"))),
        lambda control: f"{control.reference}: {control.name} came later than the booking.",
    )


def _times(found: Found, moment: Moment) -> None:
    """Who is expected still has their time (or somebody has been asked to find them another)."""
    minute = to_minute(moment.now.replace(second=0, microsecond=0))
    held = Claim.objects.filter(
        holder=OuterRef("case_id"), kind=Claim.LEG, live=True, end__gt=minute
    )
    asked = Escalation.objects.filter(
        case=OuterRef("case_id"), resolved_at=None, kind="RESOURCE_LOST"
    )
    ahead = Leg.objects.filter(
        ~Exists(asked), current=True, case__state__in=AHEAD, end__gt=moment.now
    )
    taken = {f"taken_{name}": Subquery(held.values(name)[:1]) for name in TAKEN}
    rows = stream(ahead.annotate(**taken).select_related("appointment", "staff"))
    found.add((leg for leg in rows if not _has_its_time(leg)), _say_time)


TAKEN = ("start", "end", "resource")


def _has_its_time(leg: Leg) -> bool:
    """What is claimed for it is the time it is booked for (buffers may go beyond), of its staff."""
    start, end, resource = (getattr(leg, f"taken_{name}") for name in TAKEN)
    if start is None or resource != leg.staff.number:
        return False
    return from_minute(start) <= leg.start and leg.end <= from_minute(end)


def _say_time(leg: Leg) -> str:
    return (
        f"{leg.appointment.reference} is booked at {leg.start.isoformat()}, "
        f"and the time of {leg.staff.name} is not taken."
    )
