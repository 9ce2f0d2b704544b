"""GET and POST /staff."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.answers import Answer, answer
from kept.api.declare import lists, makes
from kept.api.gives import ListOut, StaffOut
from kept.api.keys import business_of
from kept.api.lists import page
from kept.api.once import once
from kept.api.problems import invalid
from kept.api.takes import PageIn, StaffIn
from kept.clock.queries import now as clock
from kept.core.time import UnknownZone, WeeklyHours
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Resource

router = Router(tags=["Staff"])


@router.get("/staff", summary="Who can be booked", **lists(ListOut[StaffOut]))
def list_staff(
    request: HttpRequest,
    asked: Query[PageIn],
) -> HttpResponse:
    """The people who can be booked, by name, with their weekly hours in their own time zone."""
    rows = schedule_queries.staff(business_of(request).id)

    def show(found: list[Resource]) -> list[StaffOut]:
        return [shapes.staff(row) for row in found]

    return page(request, rows, {"name": str, "id": UUID}, show, asked)


@router.post("/staff", summary="Add a member of staff", **makes(StaffOut))
def add_staff(request: HttpRequest, body: StaffIn) -> HttpResponse:
    """Somebody new who can be booked, in their weekly hours."""
    business = business_of(request)
    hours = [WeeklyHours(each.weekday, each.start, each.end) for each in body.weekly_hours]

    def show(row: Resource) -> Answer:
        return answer(shapes.staff(row), 201, {"Location": request.path})

    def act(alongside: Callable[[Resource], None]) -> None:
        zone = body.time_zone or business.time_zone
        with transaction.atomic():
            alongside(schedule.create_staff(business.id, body.name, body.email or "", zone, hours))

    try:
        return once(request, clock(), show, act)
    except schedule.ScheduleError as error:
        raise invalid(f"#/{error.field}", str(error)) from error
    except UnknownZone as error:
        raise invalid("#/time_zone", str(error)) from error
