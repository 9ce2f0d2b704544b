"""GET and POST /services."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.answers import Answer, answer
from kept.api.declare import lists, makes
from kept.api.gives import ListOut, ServiceOut
from kept.api.keys import business_of
from kept.api.lists import page
from kept.api.once import once
from kept.api.problems import Problem, invalid, not_found
from kept.api.takes import PageIn, ServiceIn
from kept.clock.queries import now as clock
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Service

router = Router(tags=["Services"])


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


@router.post("/services", summary="Add a service", **makes(ServiceOut, 404))
def add_service(request: HttpRequest, body: ServiceIn) -> HttpResponse:
    """Something new that can be booked, with the people who give it."""
    business = business_of(request)
    details = schedule.ServiceDetails(**body.model_dump())

    def show(row: Service) -> Answer:
        return answer(shapes.service(row, business.currency), 201, {"Location": request.path})

    def act(alongside: Callable[[Service], None]) -> None:
        with transaction.atomic():
            alongside(schedule.create_service(business.id, details))

    try:
        return once(request, clock(), show, act)
    except schedule.ScheduleError as error:
        raise refused(error) from error


def refused(error: schedule.ScheduleError) -> Problem:
    """Staff that is not there is not found, here or at another business; the rest is invalid."""
    pointer = f"#/{error.field}"
    return (
        not_found(str(error), pointer) if error.field == "staff" else invalid(pointer, str(error))
    )
