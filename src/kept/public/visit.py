"""The customer's page: one link for the life of an appointment, and what may be done there.

Looking changes nothing, however often and whoever looks: mail scanners open every link. Every act
is a page of its own with a form that is sent by POST. Addresses of acts carry the leg they were
made for; of an earlier leg they show the present truth and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kept.appointments import actions, letters
from kept.appointments import queries as appointments
from kept.appointments.actions import CannotBook, Stale
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.calendars import invitation
from kept.clock import queries as clock
from kept.core import time as core_time
from kept.core.case import Actor, NotAllowed, Role
from kept.core.time import parse_offset
from kept.lib import i18n
from kept.public import said, times
from kept.public import situation as situations
from kept.public.booking import day_list, with_query
from kept.public.forms import Cancel, CannotCome, Late
from kept.public.situation import Situation
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource
from kept.web import pages
from kept.web.forms import Form

SAME, ANY = "same", "any"


@dataclass(frozen=True)
class Visit:
    """An appointment as its customer's page needs it, read once."""

    request: HttpRequest
    appointment: Appointment
    leg: Leg
    now: datetime

    @property
    def locale(self) -> str:
        business, customer = self.appointment.business, self.appointment.customer
        return i18n.text_locale(i18n.known_locale(customer.locale or business.locale, pages.LOCALE))

    @property
    def zone(self) -> str:
        """The zone of the place; when nobody travels, the customer's."""
        online = self.leg.snapshot["mode"] == "online"
        return (self.appointment.customer.time_zone if online else "") or self.leg.case.zone

    @property
    def other(self) -> str:
        zones = {self.appointment.customer.time_zone, self.leg.case.zone} - {self.zone, ""}
        return next(iter(zones), "")

    @property
    def situation(self) -> Situation:
        return situations.situation(self.leg, self.now)

    @property
    def acts(self) -> tuple[str, ...]:
        return situations.acts(self.leg, self.now)

    @cached_property
    def timeline(self) -> Timeline:
        return appointments.timeline(self.appointment)

    @property
    def actor(self) -> Actor:
        return Actor(Role.CUSTOMER, self.appointment.customer.name)

    def url(self, act: str) -> str:
        return reverse(f"public:{act}", args=[self.appointment.token, self.leg.number])

    @property
    def page_url(self) -> str:
        return reverse("public:appointment", args=[self.appointment.token])

    @property
    def book_url(self) -> str:
        """Where to book the same service again; the list when it is no longer offered."""
        slug = self.appointment.business.slug
        offered = schedule.services(self.appointment.business_id)
        if offered.filter(id=self.leg.service_id).exists():
            return reverse("public:staff", args=[slug, self.leg.service_id])
        return reverse("public:services", args=[slug])


def _visit(request: HttpRequest, token: str) -> Visit:
    found = appointments.by_token(token)
    if found is None:
        raise Http404
    return Visit(request, found, appointments.current_leg(found), clock.now())


def _render(
    visit: Visit, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    leg, appointment = visit.leg, visit.appointment
    context = {
        "business": appointment.business,
        "appointment": appointment,
        "customer": appointment.customer,
        "leg": leg,
        "visit": visit,
        "zone": visit.zone,
        "other": visit.other,
        "service_name": leg.snapshot["name"],
        "price": letters.price_text(leg, visit.locale),
        **(context or {}),
    }
    return pages.render(visit.request, template, context, locale=visit.locale, status=status)


# The page


@require_safe
def page(request: HttpRequest, token: str, leg: int | None = None) -> HttpResponse:
    """How things stand. Links in messages carry the leg they were sent for."""
    visit = _visit(request, token)
    return _show(visit, earlier=_earlier_leg(visit, leg))


def _earlier_leg(visit: Visit, number: int | None) -> Leg | None:
    """The leg a link was made for, when it is no longer the present one."""
    if number is None or number == visit.leg.number:
        return None
    for leg in appointments.legs(visit.appointment):
        if leg.number == number:
            return leg
    raise Http404


def _show(
    visit: Visit, *, earlier: Leg | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    leg, state = visit.leg, visit.leg.case.state
    context = {
        "situation": visit.situation,
        "acts": visit.acts,
        "earlier": earlier,
        "problem": problem,
        "steps": _steps(visit),
        "notice": said.about_notice(visit.appointment, leg, visit.timeline),
        "reminders": said.reminders(visit.appointment, leg, visit.timeline),
        "told": said.told_otherwise(visit.appointment, leg),
        "change_until": datetime.fromisoformat(leg.case.anchors["change_until"]),
        "ended": _ended(visit) if state in {"cancelled", "missed"} else None,
        "again": _same_time_again(visit) if state == "cancelled" else None,
        "acknowledged": leg.case.facts.get("acknowledged", ""),
        "late": leg.case.facts.get("late", ""),
    }
    return _render(visit, "public/appointment.html", context, status)


def _steps(visit: Visit) -> list[Any]:
    """The drawn path, except where an exception has ended it: there a sentence says so."""
    if visit.leg.case.state not in {name for name, _ in situations.PATH}:
        return []
    return situations.drawn(visit.leg, _reached(visit))


ENTERING = {
    "booked": "scheduled",
    "walked_in": "attended",
    "confirmed": "confirmed",
    "prepared": "prepared",
    "arrived": "attended",
    "completed": "completed",
}


def _reached(visit: Visit) -> dict[str, datetime]:
    """When each state was entered, by the history of the leg."""
    reached: dict[str, datetime] = {}
    for event in visit.timeline.events:
        if event.case_id != visit.leg.case_id:
            continue
        state = event.data.get("to") if event.name == "corrected" else ENTERING.get(event.name)
        if state:
            reached[str(state)] = event.at
    return reached


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended an appointment before it was completed, when and why."""

    by_customer: bool
    at: datetime
    reason: str


def _ended(visit: Visit) -> Ended | None:
    state = visit.leg.case.state
    for event in reversed(visit.timeline.events):
        to = event.data.get("to") if event.name == "corrected" else event.name
        if event.case_id == visit.leg.case_id and to == state:
            by = visit.leg.case.facts.get("by")
            return Ended(by == "customer", event.at, event.reason if event.name == state else "")
    return None


def _asked(visit: Visit, staff: list[Resource], **changes: Any) -> times.Asked:
    values: dict[str, Any] = {
        "service": visit.leg.service,
        "staff": staff,
        "zone": visit.zone,
        "locale": visit.locale,
        "now": visit.now,
        "other": visit.other,
        **changes,
    }
    return times.Asked(**values)


def _same_time_again(visit: Visit) -> str:
    """The address that takes the same time again, while it is still free; else ""."""
    leg = visit.leg
    if leg.service.archived_at is not None:
        return ""
    able = schedule.staff_of(leg.service)
    same = [each for each in able if each.id == leg.staff_id]
    if not same or not times.who_is_free(_asked(visit, same), leg.start):
        return ""
    slug = visit.appointment.business.slug
    return reverse("public:hold", args=[slug, leg.service_id, leg.staff_id])


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The entry to be imported into a calendar; the same UID as in the mails."""
    visit = _visit(request, token)
    cancelled = visit.leg.case.state == "cancelled"
    entry = letters.calendar_entry(visit.leg, visit.now, cancelled=cancelled)
    answer = HttpResponse(invitation.download(entry), content_type="text/calendar; charset=utf-8")
    name = f"{visit.appointment.reference}.ics"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return pages.private(answer)


# Acts: each has a page (GET) and a button that names it (POST)

Do = Callable[[Visit, Form | None], None]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a customer may do: its page, its form, what it does.

    What it led to is said by the page of the appointment, now and whenever it is opened again.
    """

    name: str
    template: str
    form: type[Form] | None
    do: Do


def _acknowledge(visit: Visit, form: Form | None) -> None:
    _say(visit, "acknowledged")


def _cancel(visit: Visit, form: Form | None) -> None:
    reason = form.cleaned_data["reason"] if form else ""
    actions.cancel(
        visit.appointment,
        visit.now,
        visit.actor,
        by=Role.CUSTOMER,
        reason=reason,
        expected=visit.leg.case.version,
    )


def _run_late(visit: Visit, form: Form | None) -> None:
    minutes = int(form.cleaned_data["minutes"]) if form else 0
    _say(visit, "running_late", data={"minutes": minutes})


def _cannot_come(visit: Visit, form: Form | None) -> None:
    _say(visit, "change_requested", reason=form.cleaned_data["reason"] if form else "")


def _say(visit: Visit, name: str, **said: Any) -> None:
    version = visit.leg.case.version
    actions.say(visit.appointment, name, visit.now, visit.actor, expected=version, **said)


ACTS = {
    act.name: act
    for act in (
        Act("acknowledge", "public/acknowledge.html", None, _acknowledge),
        Act("cancel", "public/cancel.html", Cancel, _cancel),
        Act("late", "public/late.html", Late, _run_late),
        Act("cannot-come", "public/cannot_come.html", CannotCome, _cannot_come),
    )
}


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, token: str, leg: int, name: str) -> HttpResponse:
    """The page of an act; sent by POST, the act itself."""
    visit, wanted = _visit(request, token), ACTS[name]
    earlier = _earlier_leg(visit, leg)
    if request.method == "POST":
        return _do(visit, wanted, earlier)
    if earlier is not None or name not in visit.acts:
        return _show(visit, earlier=earlier, problem=_why_not(visit, name, earlier))
    return _ask(visit, wanted, wanted.form() if wanted.form else None)


def _ask(visit: Visit, wanted: Act, form: Form | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "action": visit.url(wanted.name), **_terms(visit)}
    return _render(visit, wanted.template, context, status)


def _terms(visit: Visit) -> dict[str, Any]:
    """The terms of a cancellation, as agreed at booking."""
    terms = visit.leg.snapshot["terms"]
    zone = ZoneInfo(visit.leg.case.zone)
    free_until = core_time.before(visit.leg.start, parse_offset(terms["late_cancel"]), zone)
    return {"free_until": free_until, "late_cancel": visit.now > free_until}


def _do(visit: Visit, wanted: Act, earlier: Leg | None) -> HttpResponse:
    if _is_done_already(visit, wanted.name):
        return _to_page(visit)
    # A yes that comes right after a cancellation is for the engine to judge.
    heard = wanted.name == "acknowledge" and visit.situation is Situation.CANCELLED
    if earlier is not None or not (heard or wanted.name in visit.acts):
        why = _why_not(visit, wanted.name, earlier)
        return _show(visit, earlier=earlier, problem=why, status=409)
    form = wanted.form(visit.request.POST) if wanted.form else None
    if form is not None and not form.is_valid():
        return _ask(visit, wanted, form, 422)
    try:
        wanted.do(visit, form)
    except Stale:
        return _again(visit, wanted)
    except NotAllowed as refused:
        return _show(_fresh(visit), problem=refused.detail, status=409)
    if heard:
        messages.warning(visit.request, HEARD)
    return _to_page(visit)


def _is_done_already(visit: Visit, name: str) -> bool:
    """The same form sent twice: the second one finds what the first has done."""
    state, said = visit.leg.case.state, visit.leg.case.facts.get("acknowledged")
    return {
        "cancel": state == "cancelled",
        "acknowledge": state in situations.AHEAD and said == "yes",
        "cannot-come": state in situations.AHEAD and said == "wants_change",
    }.get(name, False)


def _to_page(visit: Visit) -> HttpResponse:
    return pages.private(HttpResponseRedirect(visit.page_url, status=303))


HEARD = "It was cancelled a moment ago. We heard both, and will ask you which you meant."


def _fresh(visit: Visit) -> Visit:
    return _visit(visit.request, visit.appointment.token)


def _again(visit: Visit, wanted: Act) -> HttpResponse:
    """Something happened in between. If it was no move, the customer's wish still stands."""
    fresh = _fresh(visit)
    return _do(fresh, wanted, visit.leg if fresh.leg.number != visit.leg.number else None)


WHY_NOT = {
    Situation.OPEN: "There is no need for that: the appointment can still be changed here.",
    Situation.CLOSE: "It is too late to change this appointment online. Call, or tell us below.",
    Situation.OVER: "The time of this appointment is over, so it can no longer be changed.",
    Situation.HERE: "The visit has begun, so it can no longer be changed.",
    Situation.COMPLETED: "The visit is over, so it can no longer be changed.",
    Situation.CANCELLED: "This appointment is cancelled. You can book a new one.",
    Situation.MISSED: "The time of this appointment is over. You can book a new one.",
}


def _why_not(visit: Visit, name: str, earlier: Leg | None) -> str:
    """Why an act is not offered now. Following an old link is no mistake: nothing to say."""
    if visit.request.method != "POST" and earlier is not None:
        return ""
    if earlier is not None:
        return "The appointment was moved in the meantime. Nothing has been changed."
    if name == "acknowledge" and visit.leg.case.facts.get("acknowledged") == "yes":
        return "You have said already that you will come."
    if name == "cannot-come" and visit.leg.case.facts.get("acknowledged") == "wants_change":
        return "You have told us already. We will be in touch."
    return WHY_NOT[visit.situation]


# Moving: the new time first, the old one kept until the new one is booked


@require_safe
def move(request: HttpRequest, token: str, leg: int) -> HttpResponse:
    """Choose a new time."""
    visit = _visit(request, token)
    earlier = _earlier_leg(visit, leg)
    if earlier is not None or "move" not in visit.acts:
        return _show(visit, earlier=earlier, problem=_why_not(visit, "move", earlier))
    return _new_times(visit)


def _new_times(visit: Visit, problem: str = "", status: int = 200) -> HttpResponse:
    who, staff = _movers(visit)
    url = lambda **query: with_query(visit.url("move"), who=who, **query)  # noqa: E731
    listing = day_list(_asked_to_move(visit, staff), visit.request.GET, url, problem)
    context = {
        **listing,
        "who": who,
        "who_choices": _who_choices(visit),
        "slot_action": visit.url("move-check"),
        "slot_method": "get",
    }
    return _render(visit, "public/move.html", context, status)


def _asked_to_move(visit: Visit, staff: list[Resource]) -> times.Asked:
    return _asked(visit, staff, but=visit.leg.case_id, without=visit.leg.start)


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
    return [(SAME, visit.leg.staff.name), (ANY, "Anybody")]


@require_http_methods(["GET", "HEAD", "POST"])
def move_check(request: HttpRequest, token: str, leg: int) -> HttpResponse:
    """From this time to that one? Sent by POST, the move."""
    visit = _visit(request, token)
    earlier = _earlier_leg(visit, leg)
    posted = request.method == "POST"
    if posted and earlier is not None and _wanted_start(visit) == visit.leg.start:
        return _to_page(visit)  # the same form sent twice
    if earlier is not None or "move" not in visit.acts:
        why = _why_not(visit, "move", earlier)
        return _show(visit, earlier=earlier, problem=why, status=409 if posted else 200)
    return _move_to(visit) if posted else _ask_to_move(visit)


def _wanted_start(visit: Visit) -> datetime | None:
    given = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    try:
        return core_time.parse_instant(given.get("start", ""))
    except core_time.NotAnInstant:
        return None


def _ask_to_move(visit: Visit) -> HttpResponse:
    start = _wanted_start(visit)
    if start is None:
        return _new_times(visit, "Choose one of the times in the list.", 400)
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
    return _render(visit, "public/move_check.html", context)


def _free_for(visit: Visit, staff: list[Resource], start: datetime) -> list[Resource]:
    """Who could do it then; the present person first."""
    free = times.who_is_free(_asked_to_move(visit, staff), start)
    return sorted(free, key=lambda resource: resource.id != visit.leg.staff_id)


def _was_taken(visit: Visit, start: datetime) -> str:
    said = i18n.format_time(start, visit.zone, visit.locale)
    return f"{said} was just taken. Choose another time. Your appointment is unchanged."


def _move_to(visit: Visit) -> HttpResponse:
    start = _wanted_start(visit)
    if start is None:
        return _new_times(visit, "Choose one of the times in the list.", 400)
    _, staff = _movers(visit)
    for resource in _free_for(visit, staff, start):
        try:
            _move(visit, start, resource.id)
        except CannotBook:
            continue
        except Stale:
            fresh = _fresh(visit)
            if fresh.leg.number == visit.leg.number and "move" in fresh.acts:
                return _move_to(fresh)
            return _show(fresh, problem=_why_not(fresh, "move", visit.leg), status=409)
        except NotAllowed as refused:
            return _show(_fresh(visit), problem=refused.detail, status=409)
        messages.success(visit.request, "Your appointment is moved.")
        return _to_page(visit)
    return _new_times(visit, _was_taken(visit, start), 409)


def _move(visit: Visit, start: datetime, staff: UUID) -> None:
    actions.move(
        visit.appointment,
        start,
        visit.now,
        visit.actor,
        staff=staff,
        expected=visit.leg.case.version,
    )
