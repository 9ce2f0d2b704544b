"""The queue of what needs a person: take it, put it off, resolve it with a note."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.console import lateness, words
from kept.console.access import Desk, at_desk, sent, show, way_back
from kept.console.forms import Note, PutOff, wall_instant
from kept.console.putting_off import until
from kept.console.queue import LISTED, Wanted, items, narrowed
from kept.console.rows import buttons
from kept.console.story import escalation
from kept.core.case import NotAllowed
from kept.core.time import local_day
from kept.leads import queries as leads
from kept.lib import i18n

OPEN, SNOOZED, RESOLVED = "open", "snoozed", "resolved"


@at_desk(Member.FRONT_DESK)
def escalations(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What needs a person, what is too late first on top.

    `?why=` and `?whose=` narrow it; `?snoozed=1` is what was put off, `?resolved=1` what is over.
    """
    part = next((each for each in (SNOOZED, RESOLVED) if request.GET.get(each) == "1"), OPEN)
    away = cases.waiting_for_people(desk.business.id, desk.now, snoozed=True)
    away = away.order_by("snoozed_until", "id")
    context: dict[str, object] = {
        "part": part,
        "resolved": part == RESOLVED,
        "back": request.get_full_path(),
        "away": away.count(),
    }
    found = away if part == SNOOZED else cases.escalations(desk.business.id, is_open=False)
    if part == OPEN:
        wanted = Wanted.of(request.GET)
        open_ones = cases.waiting_for_people(desk.business.id, desk.now)
        found, by_reason, by_whose = narrowed(open_ones, wanted, str(desk.actor))
        context |= {"wanted": wanted, "by_reason": by_reason, "by_whose": by_whose}
        context["next_back"] = away.first()
        context["damaged"] = queries.damaged(desk.business.id, desk.now)
        context["late_count"] = lateness.count(desk)
    elif part == RESOLVED:
        found = found.order_by("-resolved_at")
    context["items"] = items(desk, list(found[:LISTED]))
    return show(request, desk, "console/escalations.html", context)


@at_desk(Member.FRONT_DESK, posts=True)
def resolve(request: HttpRequest, desk: Desk, escalation_id: UUID) -> HttpResponse:
    """Close an escalation with a note of what was done; or say who sees to it."""
    row = cases.escalation(desk.business.id, escalation_id)
    if request.POST.get("do") in SEE_TO:
        return _see_to(request, desk, row)
    form = Note(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            appointments.resolve_escalation(
                desk.business.id, row.id, form.cleaned_data["note"], desk.now, desk.actor
            )
        except NotAllowed as error:
            form.refuse(error)
        else:
            messages.success(request, "Resolved.")
            return redirect(way_back(request, "console:escalations"))
    context = _about(desk, row) | {"form": form, "next": request.POST.get("next", "")}
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/resolve.html", context, status=status)


def _about(desk: Desk, row: Escalation) -> dict[str, object]:
    leg = queries.current_legs([row.case.subject]).get(row.case.subject)
    return {
        "open": escalation(desk, row),
        "leg": leg,
        "lead": leads.of_cases([row.case_id]).get(row.case_id),
        "buttons": buttons(desk, leg) if leg else [],
    }


SEE_TO = {
    "take": (appointments.take_escalation, "You see to it now."),
    "release": (appointments.release_escalation, "Given back: anybody may take it."),
    "wake": (appointments.wake_escalation, "It is back among what needs a person."),
}


def _see_to(request: HttpRequest, desk: Desk, row: Escalation) -> HttpResponse:
    """Somebody sees to it, so that nobody else need; or gives it back; or it is put off no more."""
    act, done = SEE_TO[request.POST["do"]]
    try:
        act(desk.business.id, row.id, desk.now, desk.actor)
    except NotAllowed as error:
        messages.warning(request, _said(error))
    else:
        messages.success(request, done)
    return redirect(way_back(request, "console:escalations"))


def _said(error: NotAllowed) -> str:
    return words.plain(str(error)).replace("staff:", "")


@at_desk(Member.FRONT_DESK, posts=True)
def snooze(request: HttpRequest, desk: Desk, escalation_id: UUID) -> HttpResponse:
    """Put it off: by one of the choices of its row (`soon`), or until a day and time typed here."""
    row = cases.escalation(desk.business.id, escalation_id)
    form = PutOff(sent(request), initial={"day": local_day(desk.now, desk.zone)})
    if form.is_valid():
        moment = _until(desk, form)
        if moment is not None and _put_off(request, desk, row, form, moment):
            return redirect(way_back(request, "console:escalations"))
    context = _about(desk, row) | {"form": form, "next": request.POST.get("next", "")}
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/snooze.html", context, status=status)


def _until(desk: Desk, form: PutOff) -> datetime | None:
    """The moment that is meant; None with the error beside the field."""
    data = form.cleaned_data
    if data["soon"]:
        return until(desk, data["soon"])
    return wall_instant(form, data["day"], data["at"], data["twice"], desk.zone)


def _put_off(
    request: HttpRequest, desk: Desk, row: Escalation, form: PutOff, moment: datetime
) -> bool:
    """Whether it is put off now; else the form says why not."""
    try:
        appointments.snooze_escalation(desk.business.id, row.id, moment, desk.now, desk.actor)
    except NotAllowed as error:
        form.add_error(None, _said(error))
        return False
    where = desk.business.time_zone, desk.business.locale
    day, at = i18n.format_date_short(moment, *where), i18n.format_time(moment, *where)
    messages.success(request, f"Put off until {day}, {at}. It comes back by itself.")
    return True
