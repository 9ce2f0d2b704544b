"""The customer's page: one link for the life of an appointment, and the present truth behind it.

Looking changes nothing, however often and whoever looks: mail scanners open every link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from kept.appointments import letters
from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.calendars import invitation
from kept.cases.queries import Event
from kept.clock import queries as clock
from kept.core.case import Actor, Role
from kept.core.preparation import CUSTOMER
from kept.core.time import ONE_MINUTE
from kept.public import said, times
from kept.public import situation as situations
from kept.public.situation import Situation
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource
from kept.web import pages

SOON = timedelta(hours=2)
OF_USE = {Situation.OPEN, Situation.CLOSE, Situation.CANCELLED}
"""When it is of use to know what became of the letter about the appointment."""


@dataclass(frozen=True)
class Visit:
    """An appointment as its customer's page needs it, read once."""

    request: HttpRequest
    appointment: Appointment
    leg: Leg
    now: datetime

    @property
    def locale(self) -> str:
        """As the browser asks; else the customer's, as they booked or as somebody noted it."""
        business, customer = self.appointment.business, self.appointment.customer
        known = filter(None, (customer.locale, business.locale))
        return pages.readers_locale(self.request, *known)

    @property
    def zone(self) -> str:
        """The zone of the place; when nobody travels, the customer's."""
        online = self.leg.snapshot["mode"] == "online"
        return (appointments.customers_zone(self.leg) if online else "") or self.leg.case.zone

    @property
    def other(self) -> str:
        zones = {appointments.customers_zone(self.leg), self.leg.case.zone} - {self.zone, ""}
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


def visit_of(request: HttpRequest, token: str) -> Visit:
    found = appointments.by_token(token)
    if found is None:
        raise Http404
    visit = Visit(request, found, appointments.current_leg(found), clock.now())
    pages.speak(visit.locale)
    return visit


def fresh(visit: Visit) -> Visit:
    return visit_of(visit.request, visit.appointment.token)


def render(
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
        "to_prepare": _to_prepare(visit),
        **(context or {}),
    }
    return pages.render(visit.request, template, context, locale=visit.locale, status=status)


# The page


@require_safe
def page(request: HttpRequest, token: str, leg: int | None = None) -> HttpResponse:
    """How things stand. Links in messages carry the leg they were sent for."""
    visit = visit_of(request, token)
    return show(visit, earlier=earlier_leg(visit, leg))


def earlier_leg(visit: Visit, number: int | None) -> Leg | None:
    """The leg a link was made for, when it is no longer the present one."""
    if number is None or number == visit.leg.number:
        return None
    for leg in appointments.legs(visit.appointment):
        if leg.number == number:
            return leg
    raise Http404


def to_page(visit: Visit) -> HttpResponse:
    return pages.private(HttpResponseRedirect(visit.page_url, status=303))


def show(
    visit: Visit, *, earlier: Leg | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    leg, state = visit.leg, visit.leg.case.state
    notice = said.about_notice(visit.appointment, leg, visit.timeline)
    context = {
        "situation": visit.situation,
        "acts": visit.acts,
        "earlier": earlier,
        "problem": problem,
        "steps": _steps(visit),
        "notice": notice if visit.situation in OF_USE else None,
        "reminders": said.reminders(visit.appointment, leg, visit.timeline),
        "told": said.told_otherwise(visit.appointment, leg, visit.timeline, notice),
        "change_until": datetime.fromisoformat(leg.case.anchors["change_until"]),
        "ended": _ended(visit) if state in {"cancelled", "missed"} else None,
        "again": _same_time_again(visit) if state == "cancelled" else None,
        "acknowledged": leg.case.facts.get("acknowledged", ""),
        "late": leg.case.facts.get("late", ""),
        "starts_in": _starts_in(visit),
    }
    return render(visit, "public/appointment.html", context, status)


@dataclass(frozen=True, slots=True)
class ToPrepare:
    """One thing the customer is to have ready, and whether they said that it is."""

    id: str
    what: str
    due_at: datetime
    ready: bool


def _to_prepare(visit: Visit) -> list[ToPrepare]:
    """What the business prepares is no concern of the customer's."""
    return [
        ToPrepare(item.id, item.what, due_at, ready)
        for item, due_at, ready in appointments.to_prepare(visit.leg)
        if item.by == CUSTOMER
    ]


def _starts_in(visit: Visit) -> int | None:
    """In how many minutes it begins, when that is soon: somebody may be booking on their way."""
    left = visit.leg.start - visit.now
    return left // ONE_MINUTE if timedelta(0) < left <= SOON else None


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
    """When each state was entered, by the history of the leg; it was booked before any move."""
    reached: dict[str, datetime] = {}
    for event in visit.timeline.events:
        if event.case_id != visit.leg.case_id:
            continue
        state = event.data.get("to") if event.name == "corrected" else ENTERING.get(event.name)
        if state:
            reached[str(state)] = event.at
    if "scheduled" in reached and visit.leg.number > 1:
        reached["scheduled"] = visit.appointment.created_at
    return reached


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended an appointment before it was completed, when and why.

    `reason`: only what the business says to its customer, or what the customer wrote themselves.
    """

    by_customer: bool
    at: datetime
    reason: str


def _ended(visit: Visit) -> Ended | None:
    state = visit.leg.case.state
    for event in reversed(visit.timeline.events):
        to = event.data.get("to") if event.name == "corrected" else event.name
        if event.case_id == visit.leg.case_id and to == state:
            by_customer = visit.leg.case.facts.get("by") == "customer"
            return Ended(by_customer, event.at, _reason(event, by_customer=by_customer))
    return None


def _reason(event: Event, *, by_customer: bool) -> str:
    """What was typed, where its customer may read it.

    What staff note when a customer cancels is for the house, and so is every note of a miss or of
    a correction.
    """
    if event.name != "cancelled":
        return ""
    theirs = event.actor_role == Role.CUSTOMER
    return event.reason if theirs or not by_customer else ""


def asked_for(visit: Visit, staff: list[Resource], **changes: Any) -> times.Asked:
    values: dict[str, Any] = {
        "service": appointments.service_as_booked(visit.leg),
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
    if not same or not times.who_is_free(asked_for(visit, same), leg.start):
        return ""
    slug = visit.appointment.business.slug
    return reverse("public:hold", args=[slug, leg.service_id, leg.staff_id])


@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The entry to be imported into a calendar; the same UID as in the mails."""
    visit = visit_of(request, token)
    cancelled = visit.leg.case.state == "cancelled"
    entry = letters.calendar_entry(visit.leg, visit.now, cancelled=cancelled)
    answer = HttpResponse(invitation.download(entry), content_type="text/calendar; charset=utf-8")
    name = f"{visit.appointment.reference}.ics"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return pages.private(answer)
