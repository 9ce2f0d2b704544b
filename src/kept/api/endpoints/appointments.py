"""Appointments: booking them, listing them, and everything that may happen to one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.accounts.queries import Business
from kept.api import shapes
from kept.api.answers import Answer, answer, etag
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import AppointmentOut, ListOut, TimelineOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.matching import if_match, not_modified
from kept.api.once import once
from kept.api.problems import Problem, not_found
from kept.api.takes import (
    AppointmentsIn,
    BookingIn,
    CancelIn,
    CorrectIn,
    CustomerIn,
    MissIn,
    PathId,
    RemarkIn,
    RescheduleIn,
    path_id,
)
from kept.appointments import actions, queries
from kept.appointments.queries import Appointment, Leg
from kept.clock.queries import now as clock
from kept.core.availability import Refusal
from kept.core.case import Role
from kept.people.actions import Contact
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource, Service

router = Router(tags=["Appointments"])

NO_SUCH = "There is no such appointment."
Alongside = Callable[[Appointment], None]
WHOSE = {"customer": Role.CUSTOMER, "business": Role.STAFF, "staff": Role.STAFF}


# Booking


@router.post(
    "/appointments", summary="Book an appointment", **makes(AppointmentOut, 404, 409, etag=True)
)
def book(request: HttpRequest, body: BookingIn) -> HttpResponse:
    """One of the offered slots, for a customer. Its confirmation goes out at once.

    409 when the time cannot be had; `code` says why, `alternatives` has the next free slots.
    """
    business, now = business_of(request), clock()
    booking = actions.Booking(
        service=body.service,
        start=body.start,
        contact=_contact(body.customer),
        staff=body.staff,
        notes=body.notes,
        origin="api",
    )

    def show(row: Appointment) -> Answer:
        address = request.build_absolute_uri(f"{request.path}/{row.id}")
        return _shown(shapes.new_appointment(row), 201, {"Location": address})

    def act(alongside: Alongside) -> None:
        actions.book(business, booking, now, actor_of(request), alongside)

    try:
        return once(request, now, show, act)
    except actions.CannotBook as refused:
        offered = schedule.service(business.id, body.service)
        raise _cannot_book(refused, business, offered, body.start, body.staff, now) from refused
    except Service.DoesNotExist as error:
        raise not_found("There is no such service.", "#/service") from error
    except Resource.DoesNotExist as error:
        raise not_found("No such member of staff gives this service.", "#/staff") from error


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
    resources = schedule.staff_of(service, only=staff)
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


def _shown(
    shape: AppointmentOut, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    return answer(shape, status, {"ETag": etag(shape["version"]), **(headers or {})})


# Reading


@router.get("/appointments", summary="Appointments by time", **lists(ListOut[AppointmentOut]))
def list_appointments(
    request: HttpRequest,
    asked: Query[AppointmentsIn],
) -> HttpResponse:
    """The appointments whose present time touches `from` up to `to`, by start."""
    business = business_of(request).id
    rows = queries.listing(business, begin=asked.begin, end=asked.end, state=asked.state or "")
    order: Order = {"start": datetime.fromisoformat, "case_id": UUID}
    return page(request, rows, order, shapes.appointment_list, asked)


@router.get(
    "/appointments/{appointment_id}",
    summary="One appointment",
    **reads(AppointmentOut, 404, etag=True),
)
def get_appointment(request: HttpRequest, appointment_id: PathId) -> HttpResponse:
    """The appointment as it is now, with every leg it has had."""
    shown = _shown(shapes.appointment_list([_leg(request, appointment_id)])[0])
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


def _leg(request: HttpRequest, appointment_id: str) -> Leg:
    wanted = path_id(appointment_id, NO_SUCH)
    try:
        return queries.current_leg_of(business_of(request).id, wanted)
    except Leg.DoesNotExist as error:
        raise not_found(NO_SUCH) from error


# Changing

ONE = "/appointments/{appointment_id}"
CHANGES = changes(AppointmentOut, versioned=True)


@router.post(f"{ONE}/acknowledge", summary="The customer says that they will come", **CHANGES)
def acknowledge(
    request: HttpRequest, appointment_id: PathId, body: RemarkIn | None = None
) -> HttpResponse:
    """An answer of the customer that reached you. It also proves that they know the time."""
    return _say(request, appointment_id, "acknowledged", body)


@router.post(f"{ONE}/arrive", summary="The customer is here", **CHANGES)
def arrive(
    request: HttpRequest, appointment_id: PathId, body: RemarkIn | None = None
) -> HttpResponse:
    """They came. On the day of the appointment, or in the twelve hours before it."""
    return _say(request, appointment_id, "arrived", body)


@router.post(f"{ONE}/complete", summary="The service was given", **CHANGES)
def complete(
    request: HttpRequest, appointment_id: PathId, body: RemarkIn | None = None
) -> HttpResponse:
    """The visit is over. What comes next is offered to the paths that follow."""
    return _say(request, appointment_id, "completed", body)


@router.post(f"{ONE}/reschedule", summary="Move it to another time", **CHANGES)
def reschedule(request: HttpRequest, appointment_id: PathId, body: RescheduleIn) -> HttpResponse:
    """This leg closes, the next one opens, and the customer is told. If the new time cannot be
    had nothing has changed: 409 with `alternatives`.
    """
    business, now = business_of(request), clock()
    row = _appointment(request, appointment_id)
    try:
        return _change(
            request,
            row,
            now,
            lambda expected, alongside: actions.move(
                row,
                body.start,
                now,
                actor_of(request),
                staff=body.staff,
                reason=body.reason,
                expected=expected,
                alongside=alongside,
            ),
        )
    except actions.CannotBook as refused:
        leg = queries.current_leg(row)
        who = body.staff or leg.staff_id
        raise _cannot_book(
            refused, business, queries.service_as_booked(leg), body.start, who, now, but=leg.case_id
        ) from refused
    except Resource.DoesNotExist as error:
        raise not_found("No such member of staff gives this service.", "#/staff") from error


@router.post(f"{ONE}/cancel", summary="Give the time back", **CHANGES)
def cancel(request: HttpRequest, appointment_id: PathId, body: CancelIn) -> HttpResponse:
    """Nothing more is sent but the news itself; the slot is offered again at once.

    The window in which customers may cancel by themselves does not bind you.
    """
    now, row = clock(), _appointment(request, appointment_id)
    return _change(
        request,
        row,
        now,
        lambda expected, alongside: actions.cancel(
            row,
            now,
            actor_of(request),
            by=WHOSE[body.by],
            reason=body.reason,
            expected=expected,
            alongside=alongside,
        ),
    )


@router.post(f"{ONE}/miss", summary="It did not take place", **CHANGES)
def miss(request: HttpRequest, appointment_id: PathId, body: MissIn) -> HttpResponse:
    """`by` says whose doing that was: the customer did not come, or the business could not."""
    now, row = clock(), _appointment(request, appointment_id)
    return _change(
        request,
        row,
        now,
        lambda expected, alongside: actions.miss(
            row,
            now,
            actor_of(request),
            by=WHOSE[body.by],
            reason=body.reason,
            expected=expected,
            alongside=alongside,
        ),
    )


@router.post(f"{ONE}/correct", summary="Put right what was recorded wrongly", **CHANGES)
def correct(request: HttpRequest, appointment_id: PathId, body: CorrectIn) -> HttpResponse:
    """What was handed on is withdrawn, and offered anew where the new outcome asks for it."""
    now, row = clock(), _appointment(request, appointment_id)
    return _change(
        request,
        row,
        now,
        lambda expected, alongside: actions.correct(
            row,
            body.state,
            now,
            actor_of(request),
            reason=body.reason,
            by=WHOSE[body.by or "customer"],
            expected=expected,
            alongside=alongside,
        ),
    )


def _say(
    request: HttpRequest, appointment_id: str, name: str, body: RemarkIn | None
) -> HttpResponse:
    now, row = clock(), _appointment(request, appointment_id)
    return _change(
        request,
        row,
        now,
        lambda expected, alongside: actions.say(
            row,
            name,
            now,
            actor_of(request),
            reason=body.reason if body else "",
            expected=expected,
            alongside=alongside,
        ),
    )


def _change(
    request: HttpRequest,
    row: Appointment,
    now: datetime,
    change: Callable[[int | None, Alongside], object],
) -> HttpResponse:
    """Make a change once, if the version is the one the client has seen, and show the result."""

    def show(changed: Appointment) -> Answer:
        return _shown(shapes.appointment(changed))

    def act(alongside: Alongside) -> None:
        change(if_match(request, row), alongside)

    return once(request, now, show, act)


def _appointment(request: HttpRequest, appointment_id: str) -> Appointment:
    wanted = path_id(appointment_id, NO_SUCH)
    try:
        return queries.appointment(business_of(request).id, wanted)
    except Appointment.DoesNotExist as error:
        raise not_found(NO_SUCH) from error
