"""What can be booked: /services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import ListOut, ServiceOut, TouchedOut
from kept.api.keys import business_of
from kept.api.lists import page
from kept.api.once import once
from kept.api.problems import Problem, invalid, not_found
from kept.api.takes import PageIn, PathId, ServiceChangeIn, ServiceIn
from kept.appointments import queries as appointments
from kept.clock.queries import now as clock
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Service

router = Router(tags=["Services"])


def _show(request: HttpRequest, row: Service, now: datetime) -> Answer:
    return tagged(shapes.service(row, business_of(request).currency))


acts = Acts(
    router,
    "/services/{service_id}",
    schedule_queries.service,
    _show,
    "There is no such service.",
)


@router.get("/services", summary="What can be booked", **lists(ListOut[ServiceOut]))
def list_services(
    request: HttpRequest,
    asked: Query[PageIn],
) -> HttpResponse:
    """The services that are not archived, by name."""
    business = business_of(request)
    rows = schedule_queries.services(business.id)

    def show(found: list[Service]) -> list[ServiceOut]:
        return [shapes.service(row, business.currency) for row in found]

    return page(request, rows, {"name": str, "id": UUID}, show, asked)


@router.post("/services", summary="Add a service", **makes(ServiceOut, 404, etag=True))
def add_service(request: HttpRequest, body: ServiceIn) -> HttpResponse:
    """Something new that can be booked, with the people who give it."""
    business, now = business_of(request), clock()
    details = schedule.ServiceDetails(**body.model_dump())

    def show(row: Service) -> Answer:
        return _show(request, row, now).made(request, reverse("api:get_service", args=[row.id]))

    def act(alongside: Callable[[Service], None]) -> None:
        with transaction.atomic():
            alongside(schedule.create_service(business.id, details))

    try:
        return once(request, now, show, act)
    except schedule.ScheduleError as error:
        raise refused(error) from error


def refused(error: schedule.ScheduleError) -> Problem:
    """Staff that is not there is not found, here or at another business; the rest is invalid."""
    pointer = f"#/{error.field}"
    return (
        not_found(str(error), pointer) if error.field == "staff" else invalid(pointer, str(error))
    )


@router.get("/services/{service_id}", summary="One service", **reads(ServiceOut, 404, etag=True))
def get_service(request: HttpRequest, service_id: PathId) -> HttpResponse:
    """What it is, how long it takes, what it costs and who gives it."""
    return acts.read(request, service_id)


@acts.patch("Change a service", **changes(ServiceOut, versioned=True))
def change_service(ask: Ask[Service], body: ServiceChangeIn) -> None:
    """What is given changes, the rest stays. What is booked keeps the price, the duration and the
    terms of its booking.
    """
    given = body.model_dump(exclude_unset=True)
    try:
        with transaction.atomic():
            look = acts.look(ask)
            changed = schedule.change_service(ask.business.id, ask.thing.id, given, look)
            ask.done(changed)
    except schedule.ScheduleError as error:
        raise refused(error) from error


@acts.delete("Take a service away", **changes(TouchedOut, versioned=True))
def archive_service(ask: Ask[Service]) -> None:
    """It can no longer be booked. The answer names the appointments still to come; they stay."""
    with transaction.atomic():
        acts.look(ask)(ask.thing)
        schedule.archive_service(ask.business.id, ask.thing.id, ask.now)
        ask.done(appointments.upcoming_of(ask.thing.id, ask.now))
