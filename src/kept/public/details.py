"""Who books: the form, the page to check it on, and the booking itself.

What was typed travels in the form from page to page; nothing is stored before it is booked. The
form has a token of its own: however often it is sent, it books once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kept.appointments import actions as appointments
from kept.appointments.actions import Booking, CannotBook
from kept.appointments.queries import Appointment, Leg
from kept.core import time as core_time
from kept.core.availability import Refusal
from kept.core.case import Actor, Role
from kept.journeys import reactivation as journeys
from kept.people.actions import Contact
from kept.public import booked, times, tokens
from kept.public.choice import Choice, choice_of, instant, render, without_who
from kept.public.choosing import times_of, why_not
from kept.public.forms import Details, known_of
from kept.public.holding import HeldEnough, held_until, holding, named, take, with_cookie
from kept.public.models import Submission
from kept.public.tokens import Held


@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """Who books: the form, the page to check it on, and the booking itself."""
    choice = choice_of(request, slug, service_id, who)
    given = request.POST if request.method == "POST" else request.GET
    start = instant(given.get("start", ""))
    if start is None:
        return times_of(choice, _("Choose one of the times in the list."), 400)
    if request.method != "POST":
        return _show_details(choice, start)
    step = request.POST.get("step", "")
    if (already := _booked_already(choice)) is not None:
        return booked.shown(already) if step == "book" else booked.shown_again(request, already)
    form = Details(
        request.POST,
        business=choice.business,
        time_zone=choice.hint[0],
        locale=choice.locale,
        invites=journeys.invites(choice.business),
        invited=_invited(choice),
    )
    form.is_valid()
    steps = {"book": _book, "change": _change, "times": _other_time}
    if choice.gone and step != "times":
        return _conflict(choice, start, form, _token_of(choice)[0])
    return steps.get(step, _check)(choice, start, form)


def _booked_already(choice: Choice) -> Appointment | None:
    """What the same form has become, when it was sent before."""
    key = _token_of(choice)[1]
    return _booked_before(key) if key else None


def _show_details(choice: Choice, start: datetime) -> HttpResponse:
    held = holding(choice, start)
    if held is None and (mine := booked.here(choice, start)) is not None:
        return booked.shown_again(choice.request, mine)
    if choice.gone or (held is None and not times.who_is_free(choice.asked(), start)):
        return times_of(choice, why_not(choice, start))
    invites = journeys.invites(choice.business)
    form = Details(
        business=choice.business,
        initial=_known(choice),
        invites=invites,
        invited=_invited(choice),
    )
    return _details(choice, start, form, held, tokens.new_form())


def _invited(choice: Choice) -> Contact | None:
    return choice.invited.contact if choice.invited else None


def _known(choice: Choice) -> dict[str, str]:
    """What whoever was written to need not type again: their own letter led them here."""
    invited = choice.invited
    return known_of(invited.contact, nameless=invited.nameless) if invited else {}


def _details(
    choice: Choice, start: datetime, form: Details, held: Held | None, token: str, status: int = 200
) -> HttpResponse:
    context = _summary(choice, start, held) | {
        "form": form,
        "token": token,
        "problem": bool(form.is_bound and form.errors),
    }
    return render(choice, choice.request, "public/details.html", context, status)


def _summary(choice: Choice, start: datetime, held: Held | None) -> dict[str, Any]:
    """What is being booked, as the details, the check and the conflict page show it."""
    who = named(choice, held)[0] if held else choice.who
    return {
        "start": start,
        "start_value": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": start + core_time.ONE_MINUTE * choice.service.duration_minutes,
        "with_whom": who,
        "held_until": held_until(choice, held),
        "never_held": choice.held is None,
        "hold": tokens.sign_hold(held) if held else "",
        "action": choice.url("details"),
        "place": choice.service.place or choice.business.address,
    }


def _token_of(choice: Choice) -> tuple[str, UUID | None]:
    token = choice.request.POST.get("token", "")
    return token, tokens.form_key(token, choice.business.id)


def _change(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    """Back from the check page to the form, with everything as it was typed."""
    token, key = _token_of(choice)
    held = holding(choice, start)
    return _details(choice, start, _as_typed(form), held, token if key else tokens.new_form())


def _as_typed(form: Details) -> Details:
    """The same form with what was typed in it, not yet judged."""
    typed = {name: form.data.get(name, "") for name in form.fields}
    invites = "agree" in form.fields
    return Details(initial=typed, business=form.business, invites=invites, invited=form.invited)


def _other_time(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    """The list of times again, and the time chosen there; what was typed comes along."""
    if "chosen" not in choice.request.POST:
        return _show_times(choice, start, form)
    chosen = instant(choice.request.POST["chosen"])
    if chosen is None:
        return _show_times(choice, start, form, _("Choose one of the times in the list."), 400)
    free, held = _take(choice, chosen)
    if not free:
        return _show_times(choice, start, form, why_not(choice, chosen), 409)
    token, key = _token_of(choice)
    token = token if key else tokens.new_form()
    if form.errors:
        answer = _details(choice, chosen, _as_typed(form), held, token)
    else:
        answer = _to_check(choice, chosen, form, held, token)
    return _with_hold(answer, held)


def _take(choice: Choice, start: datetime) -> tuple[bool, Held | None]:
    """Whether this time can be had, and the hold on it, unless the visitor's network has enough."""
    try:
        held = take(choice, start)
    except HeldEnough:
        return True, None
    return held is not None, held


def _with_hold(answer: HttpResponse, held: Held | None) -> HttpResponse:
    return with_cookie(answer, tokens.sign_hold(held)) if held else answer


def _show_times(
    choice: Choice, start: datetime, form: Details, problem: str = "", status: int = 200
) -> HttpResponse:
    token = _token_of(choice)[0]
    day = str(core_time.local_day(start, ZoneInfo(choice.zone)))
    typed = {
        "form": _as_typed(form),
        "token": token,
        "hold": choice.request.POST.get("hold", ""),
        "start_value": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "action": choice.url("details"),
        "open": {"from": day, "day": day},
    }
    return times_of(choice, problem, status, typed)


def _check(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    """Everything once more before it counts. The time is held (again) while it is read."""
    token, key = _token_of(choice)
    if key is None:
        token = tokens.new_form()
    if form.errors:
        return _details(choice, start, form, holding(choice, start), token, 422)
    before = holding(choice, start)
    free, held = _take(choice, start)
    if not free:
        return _conflict(choice, start, form, token)
    # A form without a hold (from the page of a time just lost) had none that could be over.
    was_over = before is None and bool(choice.request.POST.get("hold"))
    answer = _to_check(choice, start, form, held, token, hold_was_over=was_over)
    return _with_hold(answer, held)


def _to_check(
    choice: Choice,
    start: datetime,
    form: Details,
    held: Held | None,
    token: str,
    *,
    hold_was_over: bool = False,
) -> HttpResponse:
    context = _summary(choice, start, held) | {
        "form": form,
        "token": token,
        "hold_was_over": hold_was_over,
        "contact": form.contact,
    }
    return render(choice, choice.request, "public/check.html", context)


def _conflict(choice: Choice, start: datetime, form: Details, token: str) -> HttpResponse:
    """Somebody was faster: what was typed is kept, and the free times nearby are offered."""
    context = _summary(choice, start, None) | {
        "form": form,
        "token": token,
        "problem": why_not(choice, start),
        "nearby": times.nearby(choice.asked(), start),
    }
    return render(choice, choice.request, "public/conflict.html", context, 409)


def _book(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    token, key = _token_of(choice)
    if key is None:
        too_old = _("This page was open for too long. Check it and send it once more.")
        form.add_error(None, too_old)
        return _details(choice, start, form, holding(choice, start), tokens.new_form(), 422)
    if form.errors or form.contact is None:
        return _details(choice, start, form, holding(choice, start), token, 422)
    try:
        return booked.shown(_book_once(choice, start, form, key))
    except CannotBook as refused:
        gone = refused.refusal is Refusal.STAFF_GONE
        return _conflict(without_who(choice) if gone else choice, start, form, token)


def _booked_before(key: UUID) -> Appointment | None:
    """The appointment this form has already become."""
    found = Submission.objects.select_related("appointment").filter(key=key).first()
    return found.appointment if found else None


def _book_once(choice: Choice, start: datetime, form: Details, key: UUID) -> Appointment:
    """Book; of the same form sent twice at the same moment one books and both get its answer.

    The second one finds the time taken by the first, or its key in use. Raises CannotBook.
    """
    held = holding(choice, start)
    try:
        if held is not None and choice.who is None:
            try:
                return _make(choice, start, form, key, held.staff, held)
            except CannotBook:
                return _make(choice, start, form, key, None, held)
        return _make(choice, start, form, key, choice.who.id if choice.who else None, held)
    except (CannotBook, IntegrityError):
        before = _booked_before(key)
        if before is None:
            raise
        return before


def _make(
    choice: Choice,
    start: datetime,
    form: Details,
    key: UUID,
    who: UUID | None,
    held: Held | None,
) -> Appointment:
    assert form.contact is not None
    booking = Booking(
        service=choice.service.id,
        start=start,
        contact=form.contact,
        staff=who,
        notes=form.cleaned_data["notes"],
        origin="page",
        hold=held.id if held else None,
        lead=choice.invited.answers if choice.invited else None,
    )

    def remember(leg: Leg) -> None:
        Submission.objects.create(key=key, appointment=leg.appointment)
        if wording := form.agreed_to():
            journeys.agree_by_page(leg.appointment.customer, choice.now, wording)

    actor = Actor(Role.CUSTOMER, form.contact.name)
    return appointments.book(choice.business, booking, choice.now, actor, alongside=remember)
