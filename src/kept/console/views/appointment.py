"""One appointment: its page, and everything that can be done to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.letters import customer_url
from kept.appointments.queries import Appointment, Leg
from kept.cases.queries import Case
from kept.console import acts, slots
from kept.console import today as days
from kept.console.access import Desk, at_desk, not_yours, sent, show, way_back
from kept.console.acts import ACTS, REFUSALS, Act
from kept.console.following import following
from kept.console.forms import Move, Note, Refuse, SaidAfter
from kept.console.story import story
from kept.core.case import NotAllowed
from kept.journeys import actions as following_acts
from kept.journeys import queries as journeys
from kept.leads import queries as leads
from kept.people.queries import channels, not_to_write
from kept.web.forms import Form


def found(desk: Desk, appointment_id: UUID) -> tuple[Appointment, Leg]:
    """The appointment and its present leg. Raises DoesNotExist for one this user may not see."""
    appointment = queries.appointment(desk.business.id, appointment_id)
    leg = queries.current_leg(appointment)
    if not days.visible(desk, [leg]):
        raise Appointment.DoesNotExist
    return appointment, leg


@at_desk(Member.STAFF)
def detail(request: HttpRequest, desk: Desk, appointment_id: UUID) -> HttpResponse:
    """The whole story of an appointment."""
    appointment, leg = found(desk, appointment_id)
    possible, told = acts.possible(desk, leg), story(desk, appointment)
    context: dict[str, object] = {
        "appointment": appointment,
        "customer": appointment.customer,
        "refused": sorted(set(not_to_write(appointment.customer).values())),
        "story": told,
        "enquiries": list(leads.of_cases(told.answers).values()) if told.answers else [],
        "following": following(desk, appointment),
        "visit": [act for act in possible if act.where == "visit"],
        "change": [act for act in possible if act.where == "change"],
        "about_customer": [act for act in possible if act.where == "customer"],
        "may_move": acts.may_move(desk, leg),
        "to_prepare": [
            {"item": item, "due_at": due_at, "ready": ready}
            for item, due_at, ready in queries.to_prepare(leg)
        ],
        "customer_url": customer_url(appointment),
        "note": Note(),
        "refuse": Refuse(),
        "back": request.path,
    }
    return show(request, desk, "console/appointment.html", context)


def after(request: HttpRequest, appointment: Appointment) -> str:
    """Where to go when an act is done: back to where its button stood, within this site."""
    return way_back(request, reverse("console:appointment", args=[appointment.id]))


@at_desk(Member.STAFF, posts=True)
def act(request: HttpRequest, desk: Desk, appointment_id: UUID, name: str) -> HttpResponse:
    """The page of one act; POST does it."""
    doing = ACTS.get(name)
    if doing is None:
        raise Http404
    appointment, leg = found(desk, appointment_id)
    if not acts.permitted(desk, doing):
        return not_yours(request, desk, doing.least)
    if request.method != "POST":
        given = {key: request.GET[key] for key in ("to", "reason", "by") if key in request.GET}
        return _page(request, desk, doing, leg, acts.form_for(doing, leg, given=given))
    form = acts.form_for(doing, leg, request.POST)
    if form.is_valid():
        try:
            messages.success(request, doing.do(desk, appointment, form.cleaned_data))
        except REFUSALS as error:
            form.refuse(error)
        else:
            return redirect(after(request, appointment))
    return _page(request, desk, doing, queries.current_leg(appointment), form)


def _page(request: HttpRequest, desk: Desk, doing: Act, leg: Leg, form: Form) -> HttpResponse:
    """The form of an act, or why it cannot be done, with what can be done instead."""
    refresh_version(form, leg)
    context: dict[str, object] = {
        "act": doing,
        "leg": leg,
        "appointment": leg.appointment,
        "form": form,
        "hidden": ["version"],
        "refused": acts.why_not(desk, leg, doing),
        "possible": acts.possible(desk, leg),
        "may_move": acts.may_move(desk, leg),
        "reached": bool(channels(leg.appointment.customer)),
        "next": request.POST.get("next", ""),
    }
    return show(request, desk, "console/act.html", context, status=409 if form.is_bound else 200)


def refresh_version(form: Form, leg: Leg) -> None:
    """The page shows the appointment as it is now, so what is sent next answers to that."""
    if form.is_bound:
        form.data = {**dict(form.data.items()), "version": str(leg.case.version)}


@at_desk(Member.FRONT_DESK, posts=True)
def said_after(request: HttpRequest, desk: Desk, appointment_id: UUID) -> HttpResponse:
    """What the customer told a person about what follows: it stops, or a complaint begins."""
    appointment, leg = found(desk, appointment_id)
    form = SaidAfter(sent(request))
    said = form.cleaned_data["said"] if form.is_valid() else ""
    case = journeys.listening(appointment.id, said)
    if case is not None and written_down(request, desk, form, case):
        return redirect(after(request, appointment))
    context: dict[str, object] = {
        "appointment": appointment,
        "leg": leg,
        "form": form,
        "nothing": case is None,
        "next": request.POST.get("next", ""),
    }
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/said_after.html", context, status=status)


def written_down(request: HttpRequest, desk: Desk, form: SaidAfter, case: Case) -> bool:
    """Let the case hear what was sent with the form; False where nothing good was sent, or where
    it is refused (the form says so)."""
    if request.method != "POST" or not form.is_valid():
        return False
    said = form.cleaned_data["said"]
    try:
        following_acts.say(
            desk.business.id,
            case.id,
            said,
            desk.now,
            desk.actor,
            words=form.cleaned_data["words"],
            until=form.until(desk.now),
        )
    except NotAllowed as refused:
        form.refuse(refused)
        return False
    messages.success(request, DONE[said])
    return True


DONE = {
    "replied": "Written down. Nothing more is sent by itself; somebody should answer.",
    "declined": "Written down. No new visit is suggested any more.",
    "snoozed": "Written down. They are asked again on that day, and not before.",
    "gone": "Written down. They are not asked to come again.",
    "went_well": "Written down.",
    "went_badly": "Written down. It needs a person now, and nothing more is sent.",
}


@at_desk(Member.FRONT_DESK, posts=True)
def move(request: HttpRequest, desk: Desk, appointment_id: UUID) -> HttpResponse:
    """Choose another time; the old one is kept until the new one is booked."""
    appointment, leg = found(desk, appointment_id)
    offer = slots.offer(request, desk, queries.service_as_booked(leg), leg=leg)
    form = Move(
        sent(request),
        initial={"version": leg.case.version, "day": offer.day, "slot": request.GET.get("slot")},
    )
    if request.method == "POST" and form.is_valid() and _move(desk, appointment, form, offer):
        moved = queries.current_leg(appointment)
        told = acts.by_mail(moved, "The customer is being told the new time.")
        messages.success(request, f"Moved. {told}")
        return redirect("console:appointment", appointment.id)
    leg = queries.current_leg(appointment)
    refresh_version(form, leg)
    context: dict[str, object] = {
        "appointment": appointment,
        "leg": leg,
        "form": form,
        "offer": slots.offer(request, desk, queries.service_as_booked(leg), leg=leg),
        "reached": bool(channels(appointment.customer)),
        "refused": "" if acts.may_move(desk, leg) else "This appointment cannot be moved any more.",
        "possible": acts.possible(desk, leg),
    }
    return show(request, desk, "console/move.html", context, status=409 if form.is_bound else 200)


def _move(desk: Desk, appointment: Appointment, form: Move, offer: slots.Offer) -> bool:
    chosen = slots.chosen(desk, form, offer)
    if chosen is None:
        return False
    try:
        appointments.move(
            appointment,
            chosen.start,
            desk.now,
            desk.actor,
            staff=chosen.staff,
            reason=form.cleaned_data["reason"],
            freely=chosen.freely,
            expected=form.cleaned_data["version"],
        )
    except REFUSALS as error:
        form.refuse(error)
        return False
    return True
