"""Appointments: booking them, listing them, and everything that may happen to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypedDict
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.accounts.queries import Business
from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, address_of, answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import AppointmentOut, FollowingOut, ListOut, TimelineOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.matching import if_match, not_modified
from kept.api.once import once
from kept.api.problems import Problem, invalid, not_found
from kept.api.takes import (
    AppointmentsIn,
    BookingIn,
    CancelIn,
    ComplaintIn,
    ContactIn,
    CorrectIn,
    CustomerIn,
    LateIn,
    MissIn,
    PathId,
    PrepareIn,
    RemarkIn,
    RescheduleIn,
    SaidIn,
    TellIn,
    WalkInIn,
    path_id,
)
from kept.appointments import actions, queries
from kept.appointments.queries import Appointment, Leg
from kept.clock.queries import now as clock
from kept.core.availability import Refusal
from kept.core.case import Actor, Role
from kept.core.time import NonexistentTime, refuse_left_out
from kept.journeys import actions as following
from kept.journeys import queries as journeys
from kept.people.actions import Contact, contact_of
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource, Service

router = Router(tags=["Appointments"])

NO_SUCH = "There is no such appointment."
NOT_THEIRS = "There is no such member of staff."
NO_REMARK = RemarkIn(reason="")
Asked = Ask[Appointment]
Alongside = Callable[[Appointment], None]
Opened = Callable[[Leg], None]
WHOSE = {"customer": Role.CUSTOMER, "business": Role.STAFF, "staff": Role.STAFF}


# Booking


@router.post(
    "/appointments", summary="Book an appointment", **makes(AppointmentOut, 404, 409, etag=True)
)
def book(request: HttpRequest, body: BookingIn) -> HttpResponse:
    """One of the offered slots, for a customer. Its confirmation goes out at once.

    409 when the time cannot be had; `code` says why, `alternatives` has the next free slots.
    """
    booking = actions.Booking(
        service=body.service,
        start=_start(request, body.start),
        contact=_contact(body.customer),
        staff=body.staff,
        notes=body.notes,
        origin="api",
        freely=body.freely,
    )
    if body.told:
        return _made(request, booking, _book_told, _read_anew)
    return _made(request, booking, actions.book, shapes.new_appointment)


def _read_anew(leg: Leg, now: datetime) -> AppointmentOut:
    return shapes.appointment(leg.appointment, now)


def _book_told(
    business: Business,
    booking: actions.Booking,
    now: datetime,
    actor: Actor,
    alongside: Opened,
) -> None:
    """A person has told the customer already, on the phone."""

    def told(leg: Leg) -> None:
        reason = "Told while it was booked"
        actions.say(leg.appointment, "told_by_staff", now, actor, reason=reason)
        alongside(leg)

    actions.book(business, booking, now, actor, told)


@router.post(
    "/walk-ins",
    summary="Somebody is here without an appointment",
    **makes(AppointmentOut, 404, 409, etag=True),
)
def walk_in(request: HttpRequest, body: WalkInIn) -> HttpResponse:
    """Their appointment begins as attended: now, or earlier on this day of the business.

    Outside the opening hours too; never over another booking.
    """
    booking = actions.Booking(
        service=body.service,
        start=_start(request, body.start) if body.start else clock(),
        contact=_contact(body.customer),
        staff=body.staff,
        notes=body.notes,
        freely=True,
    )
    return _made(request, booking, actions.walk_in, shapes.new_appointment)


def _made(
    request: HttpRequest,
    booking: actions.Booking,
    make: Callable[[Business, actions.Booking, datetime, Actor, Opened], object],
    shape: Callable[[Leg, datetime], AppointmentOut],
) -> HttpResponse:
    """Make an appointment once, and answer where it is."""
    business, now = business_of(request), clock()

    def show(leg: Leg) -> Answer:
        address = address_of("api:get_appointment", leg.appointment_id)
        return _shown(shape(leg, now)).made(request, address)

    def act(alongside: Opened) -> None:
        make(business, booking, now, actor_of(request), alongside)

    try:
        return once(request, now, show, act)
    except actions.CannotBook as refused:
        service = schedule.service(business.id, booking.service)
        raise _cannot_book(
            refused, business, service, booking.start, booking.staff, now
        ) from refused
    except Service.DoesNotExist as error:
        raise not_found("There is no such service.", "#/service") from error
    except Resource.DoesNotExist as error:
        raise not_found(NOT_THEIRS, "#/staff") from error


def _start(request: HttpRequest, written: datetime) -> datetime:
    """The instant (UTC), unless it is written as a local time that the business's clocks skip."""
    try:
        refuse_left_out(written, shapes.zone_of(business_of(request)))
    except NonexistentTime as error:
        raise invalid("#/start", str(error)) from error
    return written.astimezone(UTC)


def _contact(customer: CustomerIn) -> Contact:
    """In standard form already: reading the body has checked every part of it."""
    return Contact(**customer.model_dump(exclude_none=True))


def _cannot_book(
    refused: actions.CannotBook,
    business: Business,
    service: Service,
    start: datetime,
    staff: UUID | None,
    now: datetime,
    *,
    but: UUID | None = None,
) -> Problem:
    """409 with the next free slots. `but`: the leg that is moved may overlap its old time."""
    gone = refused.refusal is Refusal.STAFF_GONE  # then anybody else will have to do
    resources = schedule.staff_of(service, only=None if gone else staff)
    # Nothing comes after a time that is too far ahead.
    begin = now if refused.refusal is Refusal.TOO_FAR else max(start, now)
    free: list[schedule.Slot] = []
    for days in (1, 7, 62):
        end = begin + timedelta(days=days)
        free = schedule.free_slots(service, resources, begin, end, now, but=but)[:5]
        if len(free) == 5:
            break
    alternatives = shapes.slots(free, shapes.zone_of(business))
    return Problem(409, refused.refusal.value, str(refused), alternatives=alternatives)


def _shown(shape: AppointmentOut) -> Answer:
    return tagged(shape, shape["version"])


# Reading


@router.get("/appointments", summary="Appointments by time", **lists(ListOut[AppointmentOut]))
def list_appointments(
    request: HttpRequest,
    asked: Query[AppointmentsIn],
) -> HttpResponse:
    """The appointments whose present time touches `from` up to `to`, by start."""
    if asked.begin and asked.end and asked.end <= asked.begin:
        raise invalid("?to", "This must be after `from`.")
    business = business_of(request).id
    rows = queries.listing(
        business,
        begin=asked.begin,
        end=asked.end,
        state=asked.state or "",
        reference=asked.reference or "",
        updated_since=asked.updated_since,
    )
    order: Order = {"start": datetime.fromisoformat, "case_id": UUID}
    return page(request, rows, order, partial(shapes.appointment_list, now=clock()), asked)


@router.get(
    "/appointments/{appointment_id}",
    summary="One appointment",
    **reads(AppointmentOut, 404, etag=True),
)
def get_appointment(request: HttpRequest, appointment_id: PathId) -> HttpResponse:
    """The appointment as it is now, with every leg it has had."""
    shown = _shown(shapes.appointment_list([_leg(request, appointment_id)], clock())[0])
    return not_modified(request, shown) or shown.response()


@router.get(
    "/appointments/{appointment_id}/timeline",
    summary="All that happened and will happen",
    **reads(TimelineOut, 404),
)
def get_timeline(request: HttpRequest, appointment_id: PathId) -> HttpResponse:
    """The history, the duties with what became of them, the messages with their evidence."""
    leg = _leg(request, appointment_id)
    known = queries.timeline(leg.appointment)
    zone = shapes.zone_of(business_of(request))
    return answer(shapes.timeline(leg, known, clock(), zone)).response()


@router.get(
    "/appointments/{appointment_id}/following",
    summary="What follows it",
    **reads(FollowingOut, 404),
)
def get_following(request: HttpRequest, appointment_id: PathId) -> HttpResponse:
    """What Kept itself does after each outcome: its letters, what the customer said, and why."""
    return _following(request, _leg(request, appointment_id).appointment, clock()).response()


def _following(request: HttpRequest, row: Appointment, now: datetime) -> Answer:
    found = journeys.of_appointment(row.id)
    return answer(shapes.following(found, shapes.zone_of(business_of(request))))


def _leg(request: HttpRequest, appointment_id: str) -> Leg:
    wanted = path_id(appointment_id, NO_SUCH)
    try:
        return queries.current_leg_of(business_of(request).id, wanted)
    except Leg.DoesNotExist as error:
        raise not_found(NO_SUCH) from error


# What may happen to one


def _show(request: HttpRequest, row: Appointment, now: datetime) -> Answer:
    return _shown(shapes.appointment(row, now))


acts = Acts(
    router,
    "/appointments/{appointment_id}",
    queries.appointment,
    _show,
    NO_SUCH,
)
CHANGES = changes(AppointmentOut, versioned=True)


class Terms(TypedDict):
    """What every action on an appointment takes beside what it is about."""

    expected: int | None
    alongside: Alongside


def _terms(ask: Asked) -> Terms:
    """Only in the version the client has seen, if it says which; the answer is kept alongside."""
    return {"expected": if_match(ask.request, ask.thing), "alongside": ask.done}


def _say(ask: Asked, event: str, reason: str, **data: object) -> None:
    actions.say(ask.thing, event, ask.now, ask.actor, reason=reason, data=data, **_terms(ask))


@acts.post("acknowledge", "The customer says that they will come", **CHANGES)
def acknowledge(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """An answer of the customer that reached you. It also proves that they know the time."""
    _say(ask, "acknowledged", body.reason)


@acts.post("request-change", "The customer says that they may not come", **CHANGES)
def request_change(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """They asked for another time, or are not sure. Nothing is changed: a person is to call them.

    When they know what they want, `reschedule` or `cancel` instead.
    """
    _say(ask, "change_requested", body.reason)


@acts.post("late", "The customer is running late", **CHANGES)
def late(ask: Asked, body: LateIn) -> None:
    """Noted for whoever is waiting for them."""
    _say(ask, "running_late", body.reason, minutes=body.minutes)


@acts.post("prepare", "Something is ready for the visit", **CHANGES)
def prepare(ask: Asked, body: PrepareIn) -> None:
    """One of `preparation` is ready, or, said by mistake, is not. An open one holds nothing up."""
    event = "item_prepared" if body.ready else "item_reopened"
    _say(ask, event, body.reason, item=body.item)


@acts.post("tell", "The customer was told by a person", **CHANGES)
def tell(ask: Asked, body: TellIn) -> None:
    """Say this only when the customer now knows what stands here. It counts as told."""
    _say(ask, "told_by_staff", body.reason)


@acts.post("resend", "Send the confirmation again", **CHANGES)
def resend(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """It goes to the present address. Without an e-mail address a person is asked to tell them."""
    _say(ask, "confirmation_requested", body.reason)


@acts.post("contact", "Correct the contact", **CHANGES)
def contact(ask: Asked, body: ContactIn) -> None:
    """In every appointment of this customer. What is not given stays; null takes it away.

    If the customer was never reached, the confirmation goes to the new address.
    """
    known = contact_of(ask.thing.customer)
    given = {name: value or "" for name, value in body.model_dump(exclude_unset=True).items()}
    actions.correct_contact(ask.thing, replace(known, **given), ask.now, ask.actor, **_terms(ask))


@acts.post("new-link", "Replace the customer's link", **CHANGES)
def new_link(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """It got into wrong hands: the old one leads nowhere from now on. Letters to come carry the new
    one (`customer_url`); `resend` sends it at once.
    """
    actions.renew_link(ask.thing, ask.now, ask.actor, reason=body.reason, **_terms(ask))


@acts.post("arrive", "The customer is here", **CHANGES)
def arrive(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """They came. On the day of the appointment, or in the twelve hours before it."""
    _say(ask, "arrived", body.reason)


@acts.post("complete", "The service was given", **CHANGES)
def complete(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """The visit is over. What comes next is offered to the paths that follow."""
    _say(ask, "completed", body.reason)


@acts.post("reschedule", "Move it to another time", **CHANGES)
def reschedule(ask: Asked, body: RescheduleIn) -> None:
    """This leg closes, the next one opens, and the customer is told. If the new time cannot be
    had nothing has changed: 409 with `alternatives`.
    """
    start = _start(ask.request, body.start)
    try:
        actions.move(
            ask.thing,
            start,
            ask.now,
            ask.actor,
            staff=body.staff,
            reason=body.reason,
            freely=body.freely,
            **_terms(ask),
        )
    except actions.CannotBook as refused:
        leg = queries.current_leg(ask.thing)
        service, who = queries.service_as_booked(leg), body.staff or leg.staff_id
        raise _cannot_book(
            refused, ask.business, service, start, who, ask.now, but=leg.case_id
        ) from refused
    except Resource.DoesNotExist as error:
        raise not_found(NOT_THEIRS, "#/staff") from error


@acts.post("cancel", "Give the time back", **CHANGES)
def cancel(ask: Asked, body: CancelIn) -> None:
    """Nothing more is sent but the news itself; the slot is offered again at once.

    The window in which customers may cancel by themselves does not bind you.
    """
    by = WHOSE[body.by]
    actions.cancel(ask.thing, ask.now, ask.actor, by=by, reason=body.reason, **_terms(ask))


@acts.post("miss", "It did not take place", **CHANGES)
def miss(ask: Asked, body: MissIn) -> None:
    """`by` says whose doing that was: the customer did not come, or the business could not."""
    by = WHOSE[body.by]
    actions.miss(ask.thing, ask.now, ask.actor, by=by, reason=body.reason, **_terms(ask))


@acts.post("correct", "Put right what was recorded wrongly", **CHANGES)
def correct(ask: Asked, body: CorrectIn) -> None:
    """What was handed on is withdrawn, and offered anew where the new outcome asks for it."""
    by = WHOSE[body.by] if body.by else None
    actions.correct(
        ask.thing, body.state, ask.now, ask.actor, reason=body.reason, by=by, **_terms(ask)
    )


@acts.post("complain", "The customer says that something was not right", **CHANGES)
def complain(ask: Asked, body: ComplaintIn) -> None:
    """Told to somebody of yours once the visit has its outcome, whether or not anything follows it.

    A person is to settle it. Until then nobody at the customer's address is asked for anything, and
    what is handed on says `complaint`.
    """
    _say(ask, "complained", body.reason)


@acts.post("refund", "The customer got their money back", **CHANGES)
def refund(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """Nobody is asked for a review right after it, and what is handed on later says `refund`."""
    _say(ask, "refunded", body.reason)


# What follows one

after = Acts(
    router,
    "/appointments/{appointment_id}/following",
    queries.appointment,
    _following,
    NO_SUCH,
)


@after.post("said", "The customer said something afterwards", **changes(FollowingOut))
def said(ask: Asked, body: SaidIn) -> None:
    """About what follows the present outcome. A complaint is heard at any time.

    409 while nothing follows: before the outcome, or where another program receives it.
    """
    case = journeys.listening(ask.thing.id, body.said)
    if case is None:
        raise Problem(409, "not_allowed", NOTHING_FOLLOWS, allowed=[])
    following.say(
        ask.business.id,
        case.id,
        body.said,
        ask.now,
        ask.actor,
        words=body.words,
        until=body.until,
        alongside=lambda _: ask.done(ask.thing),
    )


NOTHING_FOLLOWS = "Nothing follows this appointment yet."
