"""Everything that may be done to an appointment.

Each action is one transaction: the claim on the time, the leg, the case and its duties, the
confirmation in the outbox. `alongside` runs in the same transaction (a door remembers its answer
there), and gets the appointment; with a booking, its leg, with everything read already.
"""

from __future__ import annotations

import time as real_time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from kept.accounts import queries as accounts
from kept.accounts.actions import new_policy_version
from kept.accounts.queries import Business
from kept.appointments import queries
from kept.appointments.models import Appointment, Leg
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.queries import Escalation
from kept.cases.rows import policy_of
from kept.core import time
from kept.core.availability import Refusal
from kept.core.case import SYSTEM, Actor, Event, NotAllowed, Role
from kept.core.paths.appointment import AHEAD, RESOLVED, UNRESOLVED
from kept.core.policy import Policy
from kept.core.time import close_of_business, parse_offset
from kept.lib.again import in_one_transaction
from kept.lib.ids import new_id, new_reference, new_token
from kept.outbox import queries as outbox
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.actions import Contact
from kept.people.queries import Customer
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Claim, Closure, Resource, Service

PATH = "appointment"
# Seconds a change waits for each message that is being handed over when it first sees it: longer
# than a deliverer may take from its mark to the first octet, so that none begins afterwards.
HAND_OVER_PATIENCE = 5.0

Answer = TypeVar("Answer")
Alongside = Callable[[Appointment], None]
Opened = Callable[[Leg], None]


def nothing(made: Appointment | Leg) -> None:
    """The default for `alongside`."""


class CannotBook(Exception):
    """The time cannot be booked. `refusal` says why in one word; the message in a sentence."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(SENTENCES[refusal])
        self.refusal = refusal


SENTENCES = {
    Refusal.PAST: "This time has passed. Choose a time that is still to come.",
    Refusal.TAKEN: "This time was just taken. Choose another time.",
    Refusal.OUTSIDE_HOURS: "This time is outside the opening hours. Choose a time that is offered.",
    Refusal.TOO_SOON: "This time is too soon to be booked. Choose a later time.",
    Refusal.TOO_FAR: "This time is too far ahead to be booked. Choose an earlier time.",
    Refusal.OFF_GRID: "Appointments do not begin at this time. Choose a time that is offered.",
    Refusal.NO_STAFF: "Nobody gives this service at present. Choose another one, or call.",
}
FURTHEST = timedelta(days=3650)  # as far as the horizon of a service may go


class Stale(Exception):
    """The appointment has changed since it was read. `version` is the present one."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"The appointment has changed meanwhile (it is at version {version}): read it again."
        )
        self.version = version


@dataclass(frozen=True, slots=True)
class Booking:
    """What somebody asks for. `staff` None: whoever is free. `hold`: a visitor's held slot.

    `freely`: the front desk may book outside hours, notice and grid; never over another booking.
    """

    service: UUID
    start: datetime
    contact: Contact
    staff: UUID | None = None
    notes: str = ""
    origin: str = "page"
    freely: bool = False
    hold: UUID | None = None


# Booking


@in_one_transaction
def book(
    business: Business,
    booking: Booking,
    now: datetime,
    actor: Actor,
    alongside: Opened = nothing,
) -> Appointment:
    """Book an appointment: one leg, its case, its duties, its confirmation in the outbox.

    Everything new is written in one statement, at the end (`_Leg.open`).
    Raises CannotBook, Service.DoesNotExist, Resource.DoesNotExist (nobody of that id gives the
    service), and TimeError for a start without an offset.
    """
    service, policy = schedule_queries.service_and_policy(business.id, booking.service)
    customer = people.customer_for(
        business.id, booking.contact, now, by_stranger=booking.origin == "page"
    )
    appointment = _new_appointment(business, customer, booking, now)
    if booking.hold is not None:
        schedule.drop_hold(booking.hold, business.id)
    lives_by = booking.contact.time_zone
    leg = _Leg(business, appointment, service, policy, customer, now, number=1, lives_by=lives_by)
    _check_start(booking.start, now)
    leg.claim_time(booking.start, booking.staff, freely=booking.freely)
    booked = Event("booked", now, actor, data={"origin": booking.origin})
    alongside(leg.open(booked, told=False))
    return appointment


@in_one_transaction
def walk_in(
    business: Business,
    booking: Booking,
    now: datetime,
    actor: Actor,
    alongside: Opened = nothing,
) -> Appointment:
    """Somebody is here without an appointment: it begins at *attended*.

    At the whole minute of the booking's start, which lies on the present day of the business.
    Raises CannotBook.
    """
    service, policy = schedule_queries.service_and_policy(business.id, booking.service)
    start = time.utc(booking.start).replace(second=0, microsecond=0)
    if not time.same_local_day(start, now, ZoneInfo(business.time_zone)):
        raise CannotBook(Refusal.TOO_FAR if start > now else Refusal.PAST)
    booking = replace(booking, start=start, origin="walk_in")
    customer = people.customer_for(business.id, booking.contact, now)
    appointment = _new_appointment(business, customer, booking, now)
    leg = _Leg(business, appointment, service, policy, customer, now, number=1)
    leg.claim_time(booking.start, booking.staff, freely=True)
    alongside(leg.open(Event("walked_in", now, actor, data={"origin": "walk_in"}), told=True))
    return appointment


def _check_start(start: datetime, now: datetime) -> None:
    """What not even the front desk may do. Raises CannotBook."""
    begin = time.utc(start)
    if begin.second or begin.microsecond:
        raise CannotBook(Refusal.OFF_GRID)
    if begin > now + FURTHEST:
        raise CannotBook(Refusal.TOO_FAR)
    # Who is here and was not booked is a walk-in; a time that has begun cannot be announced.
    if begin < now.replace(second=0, microsecond=0):
        raise CannotBook(Refusal.PAST)


def _new_appointment(
    business: Business, customer: Customer, booking: Booking, now: datetime
) -> Appointment:
    return Appointment(
        business=business,
        reference=new_reference(),
        token=new_token(),
        customer=customer,
        origin=booking.origin,
        notes=booking.notes,
        created_at=now,
    )


class _Leg:
    """A leg while it is being opened."""

    def __init__(
        self,
        business: Business,
        appointment: Appointment,
        service: Service,
        policy: int,
        customer: Customer,
        now: datetime,
        number: int,
        lives_by: str = "",
    ) -> None:
        self.id = new_id()
        self.business, self.appointment, self.service = business, appointment, service
        self.customer, self.now, self.number = customer, now, number
        # The zone given with this booking; who books from elsewhere once does not live there.
        self.lives_by = lives_by or customer.time_zone
        self.policy = policy  # the id of the version in force
        self.staff: Resource
        self.start: datetime
        self.freely = False
        self.overruled: Refusal | None = None
        self.claim: Claim
        self._read: dict[UUID | None, list[Resource]] = {}
        self._seen_free = False

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.service.duration_minutes)

    def claim_time(self, start: datetime, staff: UUID | None, *, freely: bool) -> None:
        """Claim the time with this member of staff, or with whoever is free. Raises CannotBook."""
        if staff is not None and staff not in self._read:
            self._read[staff], self._seen_free = schedule.lock_giver(self.service, staff, start)
        candidates = self._least_busy_first(self.candidates(staff), start)
        if not candidates:
            raise CannotBook(Refusal.NO_STAFF)
        several = len(candidates) > 1
        # Of several the busy ones are passed over unasked; about one the claim itself tells.
        around = schedule_queries.taken_around
        busy = around(self.service, candidates, start, self.now) if several else {}
        refusals = []
        for candidate in candidates:
            refused = schedule_queries.refusal(
                self.service, candidate, start, self.now, on_grid=not freely, busy=busy
            )
            if refused is None or (freely and refused is not Refusal.TAKEN):
                overruled = refused
                refused = self._claim(candidate, start, and_go_on=several)
                if refused is None:
                    self.freely, self.overruled = freely, overruled
                    return
            refusals.append(refused)
        # "Taken" says most: somebody could have done it at another time.
        raise CannotBook(Refusal.TAKEN if Refusal.TAKEN in refusals else refusals[0])

    def keeps(self, staff: UUID) -> UUID | None:
        """This person, if they still give the service; else anybody may."""
        return staff if self._givers(staff) else None

    def candidates(self, staff: UUID | None) -> list[Resource]:
        """The one asked for, or everybody who gives the service. Raises Resource.DoesNotExist."""
        asked = self._givers(staff)
        if staff is not None and not asked:
            raise Resource.DoesNotExist("This member of staff does not give this service.")
        return asked

    def _givers(self, staff: UUID | None) -> list[Resource]:
        """Who gives the service, or only this one of them, if they do; each read once."""
        if staff not in self._read:
            self._read[staff] = schedule_queries.staff_of(self.service, only=staff)
        return self._read[staff]

    def _least_busy_first(self, candidates: list[Resource], start: datetime) -> list[Resource]:
        """Work is shared evenly over the day of the business on which it begins."""
        if len(candidates) < 2:
            return candidates
        zone = ZoneInfo(self.business.time_zone)
        busy = schedule_queries.load(
            candidates, *time.day_bounds(time.local_day(start, zone), zone)
        )
        return sorted(candidates, key=lambda resource: busy[resource.number])

    def _claim(self, candidate: Resource, start: datetime, *, and_go_on: bool) -> Refusal | None:
        """`and_go_on`: somebody else may be asked next, so a failed claim must leave nothing
        behind, above all no lock: two who hold what the other asks for next are a deadlock."""
        begin, end = schedule.claimed_span(self.service, start)
        try:
            with transaction.atomic(savepoint=and_go_on):
                self.claim = schedule.room_for(
                    candidate,
                    begin,
                    end,
                    kind=Claim.LEG,
                    holder=self.id,
                    now=self.now,
                    seen_free=self._seen_free,
                )
        except schedule.Taken:
            return Refusal.TAKEN
        self.staff, self.start = candidate, start
        return None

    def open(self, event: Event, *, told: bool, version: int = 0) -> Leg:
        """Begin the case of the leg with `event`, and write all that is new. Raises CannotBook.

        `told`: about an earlier leg.
        """
        opening = cases.Opening(
            id=self.id,
            business=self.business.id,
            path=PATH,
            subject=self.appointment.id,
            number=self.number,
            person=self.customer,
            zone=self.business.time_zone,
            anchors=self._anchors(),
            facts=self._facts(told),
            policy=self.policy,
            version=version,
        )
        leg = self._row()
        new = [row for row in (self.customer, self.appointment) if row._state.adding]
        try:
            with schedule.taken_if_refused():
                leg.case = cases.begin(opening, event, self.now, along=[*new, self.claim, leg])
        except schedule.Taken:
            raise CannotBook(Refusal.TAKEN) from None
        return leg

    def _row(self) -> Leg:
        return Leg(
            case_id=self.id,
            business=self.business,
            appointment=self.appointment,
            number=self.number,
            service=self.service,
            snapshot=self._snapshot(),
            staff=self.staff,
            start=self.start,
            end=self.end,
            booked_at=self.now,
            wall=time.wall_text(self.start, ZoneInfo(self.business.time_zone)),
        )

    def _snapshot(self) -> dict[str, object]:
        """The service as it was booked, and the rule by which this time could be."""
        offered = schedule_queries.rule_for(self.service, self.staff, self.start)
        return {
            **_snapshot(self.service, self.business, policy_of(self.policy)),
            "offered": {**offered, "freely": self.freely, "overruled": self.overruled},
        }

    def _anchors(self) -> dict[str, datetime]:
        policy = policy_of(self.policy)
        zone, terms = ZoneInfo(self.business.time_zone), _terms(self.service, policy)
        counted = anchors_from(self.start, self.end, self.staff, zone, policy, terms)
        return {"opened": self.now, **counted}

    def _facts(self, told: bool) -> dict[str, object]:
        price, own = self.service.price, self.service.hand_offs
        return {
            "channels": people_queries.channels(self.customer),
            "told": told,
            "recipient_zone": self.lives_by,
            "buffer_after_minutes": self.service.buffer_after_minutes,
            **({"hand_offs": own} if own else {}),
            "carries": {
                "reference": self.appointment.reference,
                "service": self.service.name,
                "service_id": str(self.service.id),
                "value": str(price) if price is not None else None,
                "currency": self.business.currency,
                "service_snapshot": _snapshot(self.service, self.business, policy_of(self.policy)),
            },
        }


def anchors_from(
    start: datetime,
    end: datetime,
    staff: Resource,
    zone: ZoneInfo,
    policy: Policy,
    terms: Mapping[str, str],
) -> dict[str, datetime]:
    """The instants that follow from the time of a visit, the hours and the terms agreed."""
    grace = time.after(end, policy.outcome_grace, zone)
    hours = schedule_queries.weekly_hours(staff)
    close = close_of_business(end, hours, ZoneInfo(staff.time_zone), not_before=grace)
    return {
        "start": start,
        "end": end,
        "close": close,
        "change_until": time.before(start, parse_offset(terms["change_until"]), zone),
        "late_cancel": time.before(start, parse_offset(terms["late_cancel"]), zone),
    }


def _terms(service: Service, policy: Policy) -> dict[str, str]:
    """The terms of change agreed at booking: the service's own, else the policy's."""
    return {
        "change_until": service.change_until or time.format_offset(policy.change_until),
        "late_cancel": service.late_cancel or time.format_offset(policy.late_cancel),
    }


def _snapshot(service: Service, business: Business, policy: Policy) -> dict[str, object]:
    """The service as it was booked. Editing or archiving it later changes nothing here."""
    return {
        "id": str(service.id),
        "name": service.name,
        "public_name": service.public_name or ("" if service.private else service.name),
        "duration_minutes": service.duration_minutes,
        "buffer_before_minutes": service.buffer_before_minutes,
        "buffer_after_minutes": service.buffer_after_minutes,
        "price": str(service.price) if service.price is not None else None,
        "currency": business.currency,
        "mode": service.mode,
        # Only who comes to the business is sent to its address.
        "place": service.place or (business.address if service.mode == "here" else ""),
        "directions": service.directions,
        "private": service.private,
        "terms": _terms(service, policy),
        "hand_offs": service.hand_offs,
    }


# Changing


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

    Raises CannotBook, NotAllowed, Stale, and Resource.DoesNotExist for somebody asked for who does
    not give the service.
    """

    def change(leg: Leg) -> Appointment:
        new = _next_leg(appointment, leg, now)
        who = staff or new.keeps(leg.staff_id)
        schedule.lock({leg.staff.number, *(each.number for each in new.candidates(who))})
        data = {"from": leg.start.isoformat(), "to": start.isoformat()}
        event = Event("moved", now, actor, reason, data)
        closing = cases.apply([cases.Incoming(leg.case_id, event)], now)[0]
        _check_start(start, now)
        if start == leg.start and who == leg.staff_id:
            instead = queries.allowed(leg, actor.role, now)
            raise NotAllowed(event.name, leg.case.state, ALREADY_THERE, instead)
        Leg.objects.filter(case_id=leg.case_id).update(current=False)
        new.claim_time(start, who, freely=freely)
        version = case_queries.case(leg.case_id).version
        booked = Event("booked", now, actor, reason, {"origin": "move", **data})
        new.open(booked, told=bool(closing.case.facts.get("told")), version=version)
        return appointment

    return _change(appointment, change, expected, alongside)


ALREADY_THERE = "The appointment is at this time already: choose another one."


def _next_leg(appointment: Appointment, leg: Leg, now: datetime) -> _Leg:
    # Read anew: the address may have been corrected since the caller read the appointment.
    customer = people_queries.customer(appointment.customer_id)
    service = queries.service_as_booked(leg)
    return _Leg(
        appointment.business,
        appointment,
        service,
        accounts.policy_in_force(appointment.business_id).pk,
        customer,
        now,
        leg.number + 1,
        lives_by=queries.customers_zone(leg),
    )


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

    return _change(appointment, change, expected, alongside)


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
        "told_by_staff",
        "confirmation_requested",
    }
)


def _change(
    appointment: Appointment,
    change: Callable[[Leg], Answer],
    expected: int | None,
    alongside: Alongside,
) -> Answer:
    """Run a change of the current leg, alone, and not while a message of it is being handed over.

    Once the change is committed no message of the leg may leave. The deliverer takes the lock of
    the case before it hands one over; one already in the transport's hands cannot be called back,
    so the change waits until its fate is known. There is nothing to be woken by across processes:
    the row is looked at again until it is settled. A transport that hangs is not waited for
    longer than HAND_OVER_PATIENCE for each of its messages, however late in the wait another one
    was marked; then they stand recorded as handed over before. Raises Damaged for a leg that cannot
    be read.
    """
    first_seen: dict[outbox.Attempt, float] = {}

    def may_still_begin(attempt: outbox.Attempt) -> bool:
        at = real_time.monotonic()
        return at < first_seen.setdefault(attempt, at) + HAND_OVER_PATIENCE

    @in_one_transaction
    def attempt() -> Answer | None:
        leg = queries.whole(_locked_leg(appointment))
        if expected is not None and leg.case.version != expected:
            raise Stale(leg.case.version)
        # All of them are looked at: each has its own wait, from when it is first seen.
        waits = [may_still_begin(each) for each in outbox.in_hand([leg.case_id])]
        if any(waits):
            return None
        answer = change(leg)
        alongside(appointment)
        return answer

    while (answer := attempt()) is None:
        real_time.sleep(0.02)
    return answer


def _locked_leg(appointment: Appointment) -> Leg:
    """The current leg with its case locked. A move in between is noticed and followed."""
    while True:
        leg = Leg.objects.select_related("service", "staff").get(
            appointment=appointment, current=True
        )
        leg.case = case_queries.lock(leg.case_id)
        if Leg.objects.filter(case_id=leg.case_id, current=True).exists():
            return leg


# Contact, policy, closures: what else changes an appointment


def renew_link(
    appointment: Appointment,
    now: datetime,
    actor: Actor,
    *,
    reason: str = "",
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """The customer's link got into wrong hands: the old one leads nowhere from now on.

    The next letters carry the new one; no letter is sent by this alone. Raises Stale.
    """

    def change(leg: Leg) -> Appointment:
        # Only this field: what the caller has read may be old.
        appointment.token = new_token()
        appointment.save(update_fields=["token"])
        event = Event("link_renewed", now, actor, reason)
        cases.apply([cases.Incoming(leg.case_id, event)], now)
        return appointment

    return _change(appointment, change, expected, alongside)


@in_one_transaction
def correct_contact(
    appointment: Appointment,
    contact: Contact,
    now: datetime,
    actor: Actor,
    *,
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> None:
    """The customer's address was wrong: mend it, and tell them what they were never told.

    In every appointment they have. What still waits in the outbox is addressed when it is sent,
    so it goes to the new address; a confirmation on its way to the old one is taken back and goes
    out again. Raises Stale.
    """
    customer = people.correct_contact(appointment.customer_id, contact)
    if expected is not None:
        _check_version(appointment, customer, expected)
    _contact_changed(customer, now, actor)
    alongside(appointment)


def _check_version(appointment: Appointment, customer: Customer, expected: int) -> None:
    """All that will be changed is locked at once, as everybody does. Raises Stale."""
    leg = queries.current_leg(appointment)
    case_queries.lock_all({leg.case_id, *case_queries.waiting_of(customer.id)})
    version = queries.current_leg(appointment).case.version
    if version != expected:
        raise Stale(version)


def address_refused(customer_id: UUID, now: datetime) -> None:
    """The customer's address has refused for good: their reminders need not be tried any more.

    Whoever has not been told a time is to be told by a person; who was told stays told. The caller
    holds the transaction in which the address was marked.
    """
    _contact_changed(people_queries.customer(customer_id), now, SYSTEM)


def _contact_changed(customer: Customer, now: datetime, actor: Actor) -> None:
    """Let every case of the customer that waits know which channels reach them now: what follows
    an appointment writes to the same address."""
    data: dict[str, object] = {"channels": people_queries.channels(customer)}
    event = Event("contact_changed", now, actor, data=data)
    heard: set[UUID] = set()
    # An appointment that is being moved at this moment has another leg by the time it is ours.
    while new := case_queries.waiting_of(customer.id) - heard:
        cases.apply([cases.Incoming(case_id, event) for case_id in sorted(new)], now)
        heard |= new


@in_one_transaction
def change_policy(
    business: Business, changes: dict[str, object], now: datetime, actor: Actor
) -> int:
    """New policy values; every open appointment is planned anew. Answers how many.

    Raises PolicyError.
    """
    version = new_policy_version(business, changes, now, str(actor))
    return cases.change_policy(business.id, version.pk, now, actor)


def close(
    business: Business,
    resource: Resource | None,
    start: datetime,
    end: datetime,
    reason: str,
    now: datetime,
    actor: Actor,
    alongside: Callable[[Closure, list[Leg]], None] = lambda closure, legs: None,
) -> list[Leg]:
    """Close a time; what is booked in it stays and is escalated. Answers the affected legs.

    Raises ScheduleError.
    """
    event = Event("resource_lost", now, actor, reason, {"detail": reason or "closed"})
    return _change_schedule(
        lambda: schedule.close(business.id, resource, start, end, reason),
        lambda: affected_by(business, resource, start, end),
        event,
        now,
        alongside,
    )


def lift_closure(
    business: Business,
    closure_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[list[Leg]], None] = lambda legs: None,
) -> list[Leg]:
    """End a closure; appointments that lost their time by it have it back. Answers those.

    Not one that another closure still touches, or whose member of staff has retired.
    Raises Closure.DoesNotExist.
    """
    closure = schedule_queries.closure(business.id, closure_id)
    event = Event("resource_restored", now, actor, closure.reason, {"detail": "open again"})

    return _change_schedule(
        lambda: schedule.lift(business.id, closure_id, now),
        lambda: affected_by(business, closure.resource, closure.start, closure.end),
        event,
        now,
        lambda _, legs: alongside(legs),
        only=_have_their_time_again,
    )


def _have_their_time_again(legs: list[Leg]) -> list[Leg]:
    lost = case_queries.escalated([leg.case_id for leg in legs], "RESOURCE_LOST")
    return [
        leg
        for leg in legs
        if leg.case_id in lost
        and leg.staff.active
        and not schedule_queries.is_closed(leg.staff, leg.start, leg.end)
    ]


def _all(legs: list[Leg]) -> list[Leg]:
    return legs


def retire_staff(
    business: Business,
    resource_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[list[Leg]], None] = lambda legs: None,
) -> list[Leg]:
    """They can no longer be booked; appointments still to come with them are escalated.

    Answers those. Nothing is cancelled. Raises Resource.DoesNotExist.
    """
    resource = schedule_queries.staff_member(business.id, resource_id)
    detail = f"{resource.name} is no longer available"
    event = Event("resource_lost", now, actor, data={"detail": detail})
    return _change_schedule(
        lambda: schedule.retire_staff(business.id, resource_id),
        lambda: booked_with(resource, now),
        event,
        now,
        lambda _, legs: alongside(legs),
    )


def booked_with(resource: Resource, now: datetime) -> list[Leg]:
    """The booked legs a member of staff who retires would leave: shown before it is done."""
    return _legs_ahead(schedule_queries.booked_with(resource, now))


def _change_schedule(
    change: Callable[[], Answer],
    affected: Callable[[], list[Leg]],
    event: Event,
    now: datetime,
    alongside: Callable[[Answer, list[Leg]], None],
    *,
    only: Callable[[list[Leg]], list[Leg]] = _all,
) -> list[Leg]:
    """Change the schedule and let the affected legs know, in one transaction; answers those.

    `only`: which of the affected ones the event is about, once the schedule is changed.

    Cases are locked before resources, everywhere, or two would wait for one another; which cases
    are affected is known for certain only once the schedule is changed. So: lock those known
    before, change, look again; if one was booked in between, undo and begin anew.
    """

    @in_one_transaction
    def attempt() -> list[Leg] | None:
        locked = case_queries.lock_all(leg.case_id for leg in affected())
        changed = change()
        legs = affected()
        if not locked.issuperset(leg.case_id for leg in legs):
            transaction.set_rollback(True)
            return None
        legs = only(legs)
        cases.apply([cases.Incoming(leg.case_id, event) for leg in legs], now)
        alongside(changed, legs)
        return legs

    while (legs := attempt()) is None:
        pass
    return legs


def affected_by(
    business: Business, resource: Resource | None, start: datetime, end: datetime
) -> list[Leg]:
    """The booked legs a closure would touch, buffers included: shown before it is saved."""
    closed = [resource] if resource else list(schedule_queries.staff(business.id))
    return _legs_ahead(schedule_queries.holders_between(closed, start, end))


def _legs_ahead(ids: list[UUID]) -> list[Leg]:
    """Those of these legs that still wait for their visit, by time."""
    legs = Leg.objects.filter(
        case_id__in=ids, current=True, case__state__in=["scheduled", "confirmed", "prepared"]
    )
    return list(legs.select_related("appointment__customer", "case", "staff").order_by("start"))


@in_one_transaction
def resolve_escalation(
    business: UUID, escalation_id: UUID, note: str, now: datetime, actor: Actor
) -> None:
    """A person closes an escalation with a note. Raises NotAllowed, Escalation.DoesNotExist."""
    escalation = case_queries.escalation(business, escalation_id)
    event = Event("escalation_resolved", now, actor, note, {"kind": escalation.kind})
    cases.apply([cases.Incoming(escalation.case_id, event)], now)


def take_escalation(
    business: UUID, escalation_id: UUID, now: datetime, actor: Actor, *, expected: int | None = None
) -> Escalation:
    """This person sees to it: others see that, and need not. Answers it; twice is once.

    Raises Escalation.DoesNotExist, NotAllowed (resolved already, or taken by somebody else), and
    Stale when `expected` is not the present version of its case.
    """
    return _see_to(business, escalation_id, Event("escalation_taken", now, actor), expected)


def release_escalation(
    business: UUID, escalation_id: UUID, now: datetime, actor: Actor, *, expected: int | None = None
) -> Escalation:
    """It is anybody's again, given back by whoever took it or for them. Otherwise as taking it."""
    return _see_to(business, escalation_id, Event("escalation_released", now, actor), expected)


@in_one_transaction
def _see_to(business: UUID, escalation_id: UUID, event: Event, expected: int | None) -> Escalation:
    case = case_queries.lock(case_queries.escalation(business, escalation_id).case_id)
    row = case_queries.escalation(business, escalation_id)  # as it is now that nobody changes it
    if row.resolved_at is not None:
        raise NotAllowed(event.name, case.state, "It is already resolved.")
    wanted = str(event.actor) if event.name == "escalation_taken" else ""
    if row.taken_by == wanted:
        return row
    if expected is not None and case.version != expected:
        raise Stale(case.version)
    event = replace(event, data={"kind": row.kind})
    cases.apply([cases.Incoming(row.case_id, event)], event.at)
    return case_queries.escalation(business, escalation_id)


@in_one_transaction
def answer_hand_off(
    business: UUID,
    hand_off_id: UUID,
    now: datetime,
    actor: Actor,
    *,
    accept: bool,
    reason: str = "",
) -> None:
    """The receiving path takes a hand-off over, or refuses it. Raises NotAllowed."""
    hand_off = case_queries.hand_off(business, hand_off_id)
    name = "hand_off_accepted" if accept else "hand_off_rejected"
    data: dict[str, object] = {"to": hand_off.to, "version": hand_off.version}
    event = Event(name, now, actor, reason, data)
    cases.apply([cases.Incoming(hand_off.case_id, event)], now)
