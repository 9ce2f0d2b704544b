"""Moving: the new time first, the old one kept until the new one is booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kept.appointments import actions
from kept.appointments.actions import CannotBook, Stale
from kept.core.case import NotAllowed
from kept.core.time import local_day
from kept.public import times
from kept.public.acts import not_allowed, why_not
from kept.public.choice import instant, with_query
from kept.public.choosing import spoken
from kept.public.days import day_list
from kept.public.visit import (
    Visit,
    asked_for,
    earlier_leg,
    fresh,
    render,
    show,
    to_page,
    visit_of,
)
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource

SAME, ANY = "same", "any"
LEAD = 3  # days shown before the booked one


@require_safe
def move(request: HttpRequest, token: str, leg: int) -> HttpResponse:
    """Choose a new time."""
    visit = visit_of(request, token)
    earlier = earlier_leg(visit, leg)
    if earlier is not None or "move" not in visit.acts:
        return show(visit, earlier=earlier, problem=why_not(visit, "move", earlier))
    return _new_times(visit)


def _new_times(visit: Visit, problem: str = "", status: int = 200) -> HttpResponse:
    who, staff = _movers(visit)
    url = lambda **query: with_query(visit.url("move"), who=who, **query)  # noqa: E731
    asked = _asked_to_move(visit, staff)
    listing = day_list(asked, _around(visit, asked), url, problem)
    context = {
        **listing,
        "who": who,
        "who_choices": _who_choices(visit),
        "slot_action": visit.url("move-check"),
        "slot_method": "get",
    }
    return render(visit, "public/move.html", context, status)


def _around(visit: Visit, asked: times.Asked) -> Mapping[str, str]:
    """The days asked for; at first those about the booked one, which is open."""
    query = visit.request.GET
    if "from" in query or "day" in query:
        return query
    booked = local_day(visit.leg.start, ZoneInfo(asked.zone))
    first = booked - timedelta(days=LEAD)
    soon = first <= asked.today
    return {"day": str(booked)} if soon else {"from": str(first), "day": str(booked)}


def _asked_to_move(visit: Visit, staff: list[Resource]) -> times.Asked:
    return asked_for(visit, staff, but=visit.leg.case_id, without=visit.leg.start)


def _movers(visit: Visit) -> tuple[str, list[Resource]]:
    """Whose times are shown: the same person's, unless anybody's are asked for."""
    able = schedule.staff_of(visit.leg.service)
    same = [each for each in able if each.id == visit.leg.staff_id]
    who = (visit.request.POST or visit.request.GET).get("who", SAME)
    return (SAME, same) if same and who != ANY else (ANY, able)


def _who_choices(visit: Visit) -> list[tuple[str, str]]:
    able = schedule.staff_of(visit.leg.service)
    if len(able) < 2 or visit.leg.staff_id not in {each.id for each in able}:
        return []
    return [(SAME, visit.leg.staff.name), (ANY, _("Anybody"))]


@require_http_methods(["GET", "HEAD", "POST"])
def move_check(request: HttpRequest, token: str, leg: int) -> HttpResponse:
    """From this time to that one? Sent by POST, the move."""
    visit = visit_of(request, token)
    earlier = earlier_leg(visit, leg)
    posted = request.method == "POST"
    if posted and earlier is not None and _wanted_start(visit) == visit.leg.start:
        return to_page(visit)  # the same form sent twice
    if earlier is not None or "move" not in visit.acts:
        why = why_not(visit, "move", earlier)
        return show(visit, earlier=earlier, problem=why, status=409 if posted else 200)
    return _move_to(visit) if posted else _ask_to_move(visit)


def _wanted_start(visit: Visit) -> datetime | None:
    given = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    return instant(given.get("start", ""))


def _ask_to_move(visit: Visit) -> HttpResponse:
    start = _wanted_start(visit)
    if start is None:
        return _new_times(visit, _("Choose one of the times in the list."), 400)
    who, staff = _movers(visit)
    free = _free_for(visit, staff, start)
    if not free:
        return _new_times(visit, _was_taken(visit, start))
    context = {
        "start": start,
        "start_value": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": start + (visit.leg.end - visit.leg.start),
        "with_whom": free[0],
        "who": who,
        "action": visit.url("move-check"),
        "back": with_query(visit.url("move"), who=who),
    }
    return render(visit, "public/move_check.html", context)


def _free_for(visit: Visit, staff: list[Resource], start: datetime) -> list[Resource]:
    """Who could do it then; the present person first."""
    free = times.who_is_free(_asked_to_move(visit, staff), start)
    return sorted(free, key=lambda resource: resource.id != visit.leg.staff_id)


def _was_taken(visit: Visit, start: datetime) -> str:
    said = _("%(time)s was just taken. Choose another time. Your appointment is unchanged.")
    return said % {"time": spoken(start, visit.zone, visit.locale)}


def _move_to(visit: Visit) -> HttpResponse:
    start = _wanted_start(visit)
    if start is None:
        return _new_times(visit, _("Choose one of the times in the list."), 400)
    try:
        moved = _move_with_any(visit, start)
    except Stale:
        return _again(visit)
    except NotAllowed:
        return show(fresh(visit), problem=not_allowed(visit), status=409)
    if not moved:
        return _new_times(visit, _was_taken(visit, start), 409)
    messages.success(visit.request, _("Your appointment is moved."))
    return to_page(visit)


def _move_with_any(visit: Visit, start: datetime) -> bool:
    """Move to this time with the first who can do it; False when nobody can any more."""
    _who, staff = _movers(visit)
    for resource in _free_for(visit, staff, start):
        try:
            _move(visit, start, resource.id)
        except CannotBook:
            continue
        return True
    return False


def _again(visit: Visit) -> HttpResponse:
    """Something happened in between. If it was no move, the customer's wish still stands."""
    now = fresh(visit)
    moved = now.leg.number != visit.leg.number
    if not moved and "move" in now.acts:
        return _move_to(now)
    why = why_not(now, "move", visit.leg if moved else None)
    return show(now, problem=why, status=409)


def _move(visit: Visit, start: datetime, staff: UUID) -> None:
    actions.move(
        visit.appointment,
        start,
        visit.now,
        visit.actor,
        staff=staff,
        expected=visit.leg.case.version,
    )
