"""Who can be booked: /staff."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import ListOut, StaffOut, TouchedOut
from kept.api.keys import business_of
from kept.api.lists import page
from kept.api.once import once
from kept.api.problems import invalid
from kept.api.takes import PageIn, PathId, StaffChangeIn, StaffIn
from kept.appointments import actions as appointments
from kept.clock.queries import now as clock
from kept.core.time import WeeklyHours
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Resource

router = Router(tags=["Staff"])


def _show(request: HttpRequest, row: Resource, now: datetime) -> Answer:
    return tagged(shapes.staff(row))


acts = Acts(
    router,
    "/staff/{staff_id}",
    schedule_queries.staff_member,
    _show,
    "There is no such member of staff.",
)


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


@router.post("/staff", summary="Add a member of staff", **makes(StaffOut, etag=True))
def add_staff(request: HttpRequest, body: StaffIn) -> HttpResponse:
    """Somebody new who can be booked, in their weekly hours."""
    business, now = business_of(request), clock()
    hours = _hours(body.model_dump()["weekly_hours"])

    def show(row: Resource) -> Answer:
        return _show(request, row, now).made(request, reverse("api:get_staff", args=[row.id]))

    def act(alongside: Callable[[Resource], None]) -> None:
        zone = body.time_zone or business.time_zone
        with transaction.atomic():
            alongside(schedule.create_staff(business.id, body.name, body.email or "", zone, hours))

    try:
        return once(request, now, show, act)
    except schedule.ScheduleError as error:
        raise invalid(f"#/{error.field}", str(error)) from error


def _hours(given: Iterable[dict[str, Any]]) -> list[WeeklyHours]:
    return [WeeklyHours(**each) for each in given]


@router.get("/staff/{staff_id}", summary="One member of staff", **reads(StaffOut, 404, etag=True))
def get_staff(request: HttpRequest, staff_id: PathId) -> HttpResponse:
    """Who it is, and when they work."""
    return acts.read(request, staff_id)


@acts.patch("Change a member of staff", **changes(StaffOut, versioned=True))
def change_staff(ask: Ask[Resource], body: StaffChangeIn) -> None:
    """What is given changes, the rest stays; `weekly_hours` are the whole week. What is booked
    keeps its time, also outside the new hours.
    """
    given = body.model_dump(exclude_unset=True)
    if "email" in given:
        given["email"] = given["email"] or ""
    if "time_zone" in given:
        given["time_zone"] = given["time_zone"] or ask.business.time_zone
    if "weekly_hours" in given:
        given["hours"] = _hours(given.pop("weekly_hours"))
    try:
        with transaction.atomic():
            look = acts.look(ask)
            ask.done(schedule.change_staff(ask.business.id, ask.thing.id, given, look))
    except schedule.ScheduleError as error:
        raise invalid(f"#/{error.field}", str(error)) from error


@acts.delete("Somebody leaves", **changes(TouchedOut, versioned=True))
def retire_staff(ask: Ask[Resource]) -> None:
    """They can no longer be booked. The answer names the appointments still to come with them:
    none is cancelled, each is an escalation for a person.
    """
    acts.look(ask)(ask.thing)
    appointments.retire_staff(ask.business, ask.thing.id, ask.now, ask.actor, ask.done)
