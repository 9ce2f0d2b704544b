"""Booking for somebody on the phone, and for somebody who stands at the desk."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments.actions import Booking
from kept.appointments.queries import Appointment, Leg
from kept.console import slots
from kept.console.access import Desk, at_desk, sent, show
from kept.console.acts import REFUSALS, contact_of, written_in
from kept.console.forms import Booked, Walked, choices_of
from kept.core.availability import Refusal
from kept.leads import queries as leads
from kept.leads.queries import Lead
from kept.lib import i18n
from kept.people import queries as people
from kept.schedule import queries as schedule
from kept.schedule.queries import Service


@at_desk(Member.FRONT_DESK, posts=True)
def book(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Service, person and day in the address; the time and the customer in the form."""
    services = list(schedule.services(desk.business.id))
    context: dict[str, object] = {"services": services}
    service = _service(request, desk, services)
    if service is None:
        return show(request, desk, "console/book.html", context)
    offer = slots.offer(request, desk, service)
    form = Booked(sent(request), initial=_known(request, desk, offer))
    if request.method == "POST" and form.is_valid():
        made = _book(desk, service, form, offer, _lead(request, desk))
        if made is not None:
            messages.success(request, f"Booked: {made.reference}.")
            return redirect("console:appointment", made.id)
        offer = slots.offer(request, desk, service)
    context |= {"service": service, "offer": offer, "form": form}
    return show(request, desk, "console/book.html", context, status=409 if form.is_bound else 200)


def _service(request: HttpRequest, desk: Desk, services: list[Service]) -> Service | None:
    """The service asked for. One of another business is not found."""
    asked = request.GET.get("service", "")
    if not asked:
        return services[0] if len(services) == 1 else None
    return schedule.service(desk.business.id, _uuid(asked, Service.DoesNotExist))


def _known(request: HttpRequest, desk: Desk, offer: slots.Offer) -> dict[str, object]:
    """What the form begins with: for a customer we know (`?customer=`), who they are."""
    begin: dict[str, object] = {
        "day": offer.day,
        "slot": request.GET.get("slot", ""),
        "locale": written_in(desk.business),
    }
    if asked := request.GET.get("customer", ""):
        person = people.customer_of(desk.business.id, _uuid(asked, people.Customer.DoesNotExist))
        begin |= {"name": person.name, "email": person.email, "phone": person.phone}
        begin["locale"] = written_in(desk.business, person.locale)
        begin["known_locale"] = person.locale
    return begin


def _uuid(text: str, otherwise: type[Exception]) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise otherwise from error


def _lead(request: HttpRequest, desk: Desk) -> UUID | None:
    """The enquiry this booking answers (`?lead=`). One of another business is not found."""
    asked = request.GET.get("lead", "")
    return leads.lead(desk.business.id, _uuid(asked, Lead.DoesNotExist)).pk if asked else None


def _book(
    desk: Desk, service: Service, form: Booked, offer: slots.Offer, lead: UUID | None
) -> Appointment | None:
    chosen = slots.chosen(desk, form, offer)
    if chosen is None:
        return None
    data = form.cleaned_data

    def told(leg: Leg) -> None:
        if data["told"]:
            appointments.say(
                leg.appointment,
                "told_by_staff",
                desk.now,
                desk.actor,
                reason="Told on the phone while it was booked",
            )

    try:
        booking = Booking(
            service=service.id,
            start=chosen.start,
            contact=contact_of(desk, data, str(form.initial.get("known_locale", ""))),
            staff=chosen.staff,
            notes=data["notes"],
            origin="phone",
            freely=chosen.freely,
            lead=lead,
        )
        return appointments.book(desk.business, booking, desk.now, desk.actor, told)
    except REFUSALS as error:
        form.refuse(error)
        return None


@at_desk(Member.FRONT_DESK, posts=True)
def walk_in(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Somebody is here without an appointment: it begins now, as attended."""
    form = Walked(sent(request), initial={"locale": written_in(desk.business)})
    form.fields["service"].choices = choices_of(  # type: ignore[attr-defined]
        (service.id, f"{service.name} ({_length(desk, service)})")
        for service in schedule.services(desk.business.id)
    )
    form.fields["staff"].choices = choices_of(  # type: ignore[attr-defined]
        ((each.id, each.name) for each in schedule.staff(desk.business.id)), "Whoever is free"
    )
    if request.method == "POST" and form.is_valid():
        made = _walk_in(desk, form)
        if made is not None:
            messages.success(request, f"Recorded as here: {made.reference}.")
            return redirect("console:appointment", made.id)
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/walk_in.html", {"form": form}, status=status)


def _length(desk: Desk, service: Service) -> str:
    """Like "45 minutes": what somebody who stands at the desk wants to know."""
    locale = i18n.source_locale(desk.business.locale)
    return i18n.format_duration(timedelta(minutes=service.duration_minutes), locale)


def _walk_in(desk: Desk, form: Walked) -> Appointment | None:
    data = form.cleaned_data
    try:
        booking = Booking(
            service=UUID(data["service"]),
            start=desk.now.replace(second=0, microsecond=0),
            contact=contact_of(desk, data),
            staff=UUID(data["staff"]) if data["staff"] else None,
            notes=data["notes"],
            origin="walk_in",
            freely=True,
        )
        return appointments.walk_in(desk.business, booking, desk.now, desk.actor)
    except appointments.CannotBook as refused:
        gone = refused.refusal is Refusal.STAFF_GONE
        nobody = "Nobody who gives this service is free at this moment."
        form.add_error("staff", "This person does not give this service." if gone else nobody)
    except REFUSALS as error:
        form.refuse(error)
    return None
