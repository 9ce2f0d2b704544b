"""What a customer may do: each act has a page (GET) and a button that names it (POST).

Addresses of acts carry the leg they were made for; of an earlier leg they show the present truth
and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from kept.appointments import actions
from kept.appointments.actions import Stale
from kept.appointments.queries import Leg
from kept.core import time as core_time
from kept.core.case import NotAllowed, Role
from kept.core.paths.appointment import CONTRADICTION
from kept.core.preparation import done
from kept.core.time import parse_offset
from kept.public import situation as situations
from kept.public.forms import Cancel, CannotCome, Late, Prepare
from kept.public.situation import Situation
from kept.public.visit import Visit, earlier_leg, fresh, render, show, to_page, visit_of
from kept.web.forms import Form

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


def _prepare(visit: Visit, form: Form | None) -> None:
    said = form.cleaned_data if form else {}
    ready = said["ready"] == "yes"
    if (said["item"] in done(visit.leg.case.facts)) is ready:
        return  # said twice, or by two people: it is so
    _say(visit, "item_prepared" if ready else "item_reopened", data={"item": said["item"]})


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
        Act("prepare", "public/prepare.html", Prepare, _prepare),
    )
}


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, token: str, leg: int, name: str) -> HttpResponse:
    """The page of an act; sent by POST, the act itself."""
    visit, wanted = visit_of(request, token), ACTS[name]
    earlier = earlier_leg(visit, leg)
    if request.method == "POST":
        return _do(visit, wanted, earlier)
    if earlier is not None or name not in visit.acts:
        return show(visit, earlier=earlier, problem=why_not(visit, name, earlier))
    return _ask(visit, wanted, wanted.form() if wanted.form else None)


def _ask(visit: Visit, wanted: Act, form: Form | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "action": visit.url(wanted.name), **_terms(visit)}
    return render(visit, wanted.template, context, status)


def _terms(visit: Visit) -> dict[str, Any]:
    """The terms of a cancellation, as agreed at booking."""
    terms = visit.leg.snapshot["terms"]
    zone = ZoneInfo(visit.leg.case.zone)
    free_until = core_time.before(visit.leg.start, parse_offset(terms["late_cancel"]), zone)
    return {"free_until": free_until, "late_cancel": visit.now > free_until}


def _do(visit: Visit, wanted: Act, earlier: Leg | None) -> HttpResponse:
    if _is_done_already(visit, wanted.name):
        return to_page(visit)
    # A yes that comes right after a cancellation is for the engine to judge.
    heard = wanted.name == "acknowledge" and _just_cancelled(visit)
    if earlier is not None or not (heard or wanted.name in visit.acts):
        why = why_not(visit, wanted.name, earlier)
        return show(visit, earlier=earlier, problem=why, status=409)
    form = wanted.form(visit.request.POST) if wanted.form else None
    if form is not None and not form.is_valid():
        return _ask(visit, wanted, form, 422)
    try:
        wanted.do(visit, form)
    except Stale:
        return _again(visit, wanted)
    except NotAllowed:
        return show(fresh(visit), problem=not_allowed(visit), status=409)
    if heard:
        messages.warning(visit.request, _what_was_heard(visit))
    return to_page(visit)


def _is_done_already(visit: Visit, name: str) -> bool:
    """The same form sent twice: the second one finds what the first has done."""
    state, said = visit.leg.case.state, visit.leg.case.facts.get("acknowledged")
    return {
        "cancel": state == "cancelled",
        "acknowledge": state in situations.AHEAD and said == "yes",
        "cannot-come": state in situations.AHEAD and said == "wants_change",
    }.get(name, False)


def _just_cancelled(visit: Visit) -> bool:
    """So short a time ago that a yes may have been on its way."""
    if visit.situation is not Situation.CANCELLED:
        return False
    cancelled_at = datetime.fromisoformat(visit.leg.case.anchors["resolved"])
    return visit.now - cancelled_at <= CONTRADICTION


def _what_was_heard(visit: Visit) -> str:
    if visit.leg.case.facts.get("by") == "customer":
        return _("It was cancelled a moment ago. We heard both, and will ask you which you meant.")
    said = _(
        "%(business)s cancelled it a moment ago. We heard that you wanted to come, and will"
        " get in touch."
    )
    return said % {"business": visit.appointment.business.name}


def _again(visit: Visit, wanted: Act) -> HttpResponse:
    """Something happened in between. If it was no move, the customer's wish still stands."""
    now = fresh(visit)
    return _do(now, wanted, visit.leg if now.leg.number != visit.leg.number else None)


WHY_NOT = {
    Situation.OPEN: lazy("There is no need for that: the appointment can still be changed here."),
    Situation.CLOSE: lazy(
        "It is too late to change this appointment online. Call us, or tell us below."
    ),
    Situation.OVER: lazy("The time of this appointment is over, so it can no longer be changed."),
    Situation.HERE: lazy("The visit has begun, so it can no longer be changed."),
    Situation.COMPLETED: lazy("The visit is over, so it can no longer be changed."),
    Situation.CANCELLED: lazy("This appointment is cancelled. You can book a new one."),
    Situation.MISSED: lazy("The time of this appointment is over. You can book a new one."),
}


def not_allowed(visit: Visit) -> str:
    """Refused by the engine, because of something that happened in the same moment."""
    return _("Something has changed in the meantime, so this is no longer possible.")


def why_not(visit: Visit, name: str, earlier: Leg | None) -> str:
    """Why an act is not offered now. Following an old link is no mistake: nothing to say."""
    if visit.request.method != "POST" and earlier is not None:
        return ""
    if earlier is not None:
        return _("The appointment was moved in the meantime. Nothing has been changed.")
    if name == "acknowledge" and visit.leg.case.facts.get("acknowledged") == "yes":
        return _("You have already said that you will come.")
    if name == "cannot-come" and visit.leg.case.facts.get("acknowledged") == "wants_change":
        return _("You have already told us. We will get in touch.")
    return str(WHY_NOT[visit.situation])
