"""What becomes of one appointment: moved, cancelled, missed, corrected, said."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from kept.accounts import queries as accounts
from kept.appointments import queries
from kept.appointments.alone import change_alone
from kept.appointments.asking import Alongside, nothing
from kept.appointments.models import Appointment, Leg
from kept.appointments.new_leg import NewLeg, check_start
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.core.case import Actor, Event, NotAllowed, Role
from kept.core.paths.appointment import AHEAD, RESOLVED, UNRESOLVED
from kept.core.preparation import done
from kept.people import queries as people_queries
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Claim


def move(
    appointment: Appointment,
    start: datetime,
    now: datetime,
    actor: Actor,
    *,
    staff: UUID | None = None,
    reason: str = "",
    freely: bool = False,
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """Move an appointment: this leg closes, the next one opens, in one transaction.

    The old time is given back first, so the new one may overlap it. Unless somebody else is asked
    for, the customer keeps the person they booked, or gets whoever is free when that person no
    longer gives the service. Name, price, length and terms stay as agreed at booking, whatever
    became of the service since. If the new time cannot be had, nothing has changed.

    Raises CannotBook, NotAllowed, Stale, and Resource.DoesNotExist for somebody asked for who has
    never worked here.
    """

    def change(leg: Leg) -> Appointment:
        new = _next_leg(appointment, leg, now)
        who = staff or new.keeps(leg.staff_id)
        schedule.lock({leg.staff.number, *(each.number for each in new.candidates(who))})
        data = {"from": leg.start.isoformat(), "to": start.isoformat()}
        event = Event("moved", now, actor, reason, data)
        closing = cases.apply([cases.Incoming(leg.case_id, event)], now)[0]
        check_start(start, now)
        if start == leg.start and who == leg.staff_id:
            instead = queries.allowed(leg, actor.role, now)
            raise NotAllowed(event.name, leg.case.state, ALREADY_THERE, instead)
        Leg.objects.filter(case_id=leg.case_id).update(current=False)
        new.claim_time(start, who, freely=freely)
        version = case_queries.case(leg.case_id).version
        booked = Event("booked", now, actor, reason, {"origin": "move", **data})
        new.open(booked, told=bool(closing.case.facts.get("told")), version=version)
        return appointment

    return change_alone(appointment, change, expected, alongside)


ALREADY_THERE = "The appointment is at this time already: choose another one."


def _next_leg(appointment: Appointment, leg: Leg, now: datetime) -> NewLeg:
    # Read anew: the address may have been corrected since the caller read the appointment.
    customer = people_queries.customer(appointment.customer_id)
    service = queries.service_as_booked(leg)
    new = NewLeg(
        appointment.business,
        appointment,
        service,
        accounts.policy_in_force(appointment.business_id).pk,
        customer,
        now,
        leg.number + 1,
        lives_by=queries.customers_zone(leg),
    )
    new.ready = sorted(done(leg.case.facts))
    return new


def _request(
    appointment: Appointment,
    event: Event,
    now: datetime,
    expected: int | None,
    alongside: Alongside,
) -> Appointment:
    def change(leg: Leg) -> Appointment:
        before = leg.case.state
        after = cases.apply([cases.Incoming(leg.case_id, event)], now)[0].case.state
        if after in UNRESOLVED and (before in RESOLVED or event.name == "corrected"):
            _take_back_time(leg, after, now)
        return appointment

    return change_alone(appointment, change, expected, alongside)


def _take_back_time(leg: Leg, state: str, now: datetime) -> None:
    """An outcome taken back was no outcome: what is left of the time belongs to the leg again.

    Where somebody else has it by now, a person must find the one who still waits another time.
    """
    held = schedule_queries.held_until(leg.case_id)
    begin = max(leg.start, now.replace(second=0, microsecond=0), held or leg.start)
    end = leg.end + timedelta(minutes=leg.snapshot["buffer_after_minutes"])
    if begin >= end:
        return
    try:
        with transaction.atomic():
            schedule.claim(leg.staff, begin, end, kind=Claim.LEG, holder=leg.case_id, now=now)
    except schedule.Taken:
        if state in AHEAD:
            detail = "it was given to somebody else while this appointment counted as over"
            event = Event("resource_lost", now, data={"detail": detail})
            cases.apply([cases.Incoming(leg.case_id, event)], now)


def cancel(
    appointment: Appointment,
    now: datetime,
    actor: Actor,
    *,
    by: Role,
    reason: str = "",
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """Give the time back. `by` says whose wish it was, whoever typed it. Raises NotAllowed."""
    event = Event("cancelled", now, actor, reason, {"by": _by(by)})
    return _request(appointment, event, now, expected, alongside)


def miss(
    appointment: Appointment,
    now: datetime,
    actor: Actor,
    *,
    by: Role,
    reason: str = "",
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """Record that it did not take place, and whose doing that was. Raises NotAllowed."""
    event = Event("missed", now, actor, reason, {"by": _by(by)})
    return _request(appointment, event, now, expected, alongside)


def _by(role: Role) -> str:
    return "customer" if role is Role.CUSTOMER else "business"


def correct(
    appointment: Appointment,
    to: str,
    now: datetime,
    actor: Actor,
    *,
    reason: str,
    by: Role | None = None,
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """Put right what was recorded wrongly; what was handed on is withdrawn. Raises NotAllowed.

    `by` says whose doing a miss or a cancellation was; nobody is blamed by default.
    """
    data = {"to": to} if by is None else {"to": to, "by": _by(by)}
    event = Event("corrected", now, actor, reason, data)
    return _request(appointment, event, now, expected, alongside)


def say(
    appointment: Appointment,
    name: str,
    now: datetime,
    actor: Actor,
    *,
    reason: str = "",
    data: dict[str, object] | None = None,
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """One of SAYINGS happened: acknowledged, arrived, completed ... Raises NotAllowed."""
    if name not in SAYINGS:
        raise ValueError(f"{name!r} is not one of {', '.join(sorted(SAYINGS))}")
    event = Event(name, now, actor, reason, data or {})
    return _request(appointment, event, now, expected, alongside)


SAYINGS = frozenset(
    {
        "acknowledged",
        "arrived",
        "completed",
        "change_requested",
        "running_late",
        "item_prepared",
        "item_reopened",
        "told_by_staff",
        "confirmation_requested",
        "complained",
        "refunded",
    }
)
