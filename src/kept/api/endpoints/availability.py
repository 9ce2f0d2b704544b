"""GET /availability."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.answers import Answer
from kept.api.declare import reads
from kept.api.gives import SlotsOut
from kept.api.keys import business_of
from kept.api.problems import invalid, not_found
from kept.api.takes import SlotsIn
from kept.clock.queries import now as clock
from kept.schedule import queries as schedule
from kept.schedule.queries import Service

router = Router(tags=["Appointments"])

LONGEST = timedelta(days=62)


@router.get("/availability", summary="Free slots", **reads(SlotsOut, 404))
def list_slots(
    request: HttpRequest,
    asked: Query[SlotsIn],
) -> HttpResponse:
    """Every start from `from` up to, not including, `to` that can be booked now, by time.

    At most 62 days at once. A slot is not held: of two who book it one gets a 409.
    """
    _check_range(asked.begin, asked.end)
    business = business_of(request)
    try:
        offered = schedule.service(business.id, asked.service)
    except Service.DoesNotExist as error:
        raise not_found("There is no such service.", "?service") from error
    resources = schedule.staff_of(offered, only=asked.staff)
    if asked.staff is not None and not resources:
        raise not_found("No such member of staff gives this service.", "?staff")
    found = schedule.free_minutes(offered, resources, asked.begin, asked.end, clock())
    ids, minutes = [each.id for each in resources], offered.duration_minutes
    return Answer(200, shapes.slots_body(found, ids, minutes, shapes.zone_of(business))).response()


def _check_range(begin: datetime, end: datetime) -> None:
    if end <= begin:
        raise invalid("?to", "This must be after `from`.")
    if end - begin > LONGEST:
        raise invalid("?to", f"Ask for at most {LONGEST.days} days at once.")
