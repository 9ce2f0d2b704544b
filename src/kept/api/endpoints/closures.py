"""When nobody, or somebody, cannot be booked: /closures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask, ids_of
from kept.api.answers import Answer, answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import ClosedOut, ClosureOut, ListOut, TouchedOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.once import once
from kept.api.problems import invalid, not_found
from kept.api.takes import ClosureIn, PageIn, PathId
from kept.appointments import actions as appointments
from kept.appointments.queries import Leg
from kept.clock.queries import now as clock
from kept.schedule import queries as schedule
from kept.schedule.actions import ScheduleError
from kept.schedule.queries import Closure, Resource

router = Router(tags=["Staff"])


def _show(request: HttpRequest, row: Closure, now: datetime) -> Answer:
    return tagged(shapes.closure(row, shapes.zone_of(business_of(request))))


acts = Acts(
    router,
    "/closures/{closure_id}",
    schedule.closure,
    _show,
    "There is no such closure, or it is over.",
)


@router.get("/closures", summary="When it is closed", **lists(ListOut[ClosureOut]))
def list_closures(request: HttpRequest, asked: Query[PageIn]) -> HttpResponse:
    """Closures that are not over, by start. `staff` null: the whole business."""
    business = business_of(request)
    zone = shapes.zone_of(business)
    order: Order = {"start": datetime.fromisoformat, "id": UUID}

    def show(found: list[Closure]) -> list[ClosureOut]:
        return [shapes.closure(row, zone) for row in found]

    return page(request, schedule.closures(business.id, clock()), order, show, asked)


@router.post("/closures", summary="Close a time", **makes(ClosedOut, 404, etag=True))
def add_closure(request: HttpRequest, body: ClosureIn) -> HttpResponse:
    """Nobody (or not this person) can be booked in it. What is booked stays booked: `appointments`
    names it, and each is an escalation for a person.
    """
    business, now = business_of(request), clock()

    def show(made: tuple[Closure, list[Leg]]) -> Answer:
        row, legs = made
        shape = shapes.closure(row, shapes.zone_of(business))
        # The tag of the closure itself: what is asked for next is that, without its appointments.
        closed = answer({**shape, "appointments": ids_of(legs)}, headers=tagged(shape).headers)
        return closed.made(request, reverse("api:get_closure", args=[row.id]))

    def act(alongside: Callable[[tuple[Closure, list[Leg]]], None]) -> None:
        who = None if body.staff is None else schedule.staff_member(business.id, body.staff)
        appointments.close(
            business,
            who,
            body.start,
            body.end,
            body.reason,
            now,
            actor_of(request),
            lambda row, legs: alongside((row, legs)),
        )

    try:
        return once(request, now, show, act)
    except ScheduleError as error:
        raise invalid(f"#/{error.field}", str(error)) from error
    except Resource.DoesNotExist as error:
        raise not_found("There is no such member of staff.", "#/staff") from error


@router.get("/closures/{closure_id}", summary="One closure", **reads(ClosureOut, 404, etag=True))
def get_closure(request: HttpRequest, closure_id: PathId) -> HttpResponse:
    """From when until when, and whose time it is."""
    return acts.read(request, closure_id)


@acts.delete("Open again", **changes(TouchedOut, versioned=True))
def lift_closure(ask: Ask[Closure]) -> None:
    """What it kept shut can be booked again. The answer names the appointments that have their time
    back; a person need not see to them any more.
    """
    acts.look(ask)(ask.thing)
    appointments.lift_closure(ask.business, ask.thing.id, ask.now, ask.actor, ask.done)
