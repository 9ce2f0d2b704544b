"""What was late, and what was handed on to the next path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts import queries as accounts
from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.cases.queries import HandOff
from kept.console import lateness, words
from kept.console.access import Desk, at_desk, sent, show, way_back
from kept.console.forms import Refuse
from kept.core.case import NotAllowed
from kept.core.decide import OPEN_OFFER
from kept.core.policy import from_data
from kept.leads import queries as leads
from kept.leads.queries import Lead

LISTED = 200


@dataclass(frozen=True, slots=True)
class Offered:
    """A hand-off with the appointment it comes from."""

    row: HandOff
    leg: Leg | None
    lead: Lead | None
    late: bool


@at_desk(Member.FRONT_DESK)
def late(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What was late, left out or not sent in the last `?days=`, and who was not reminded."""
    asked = request.GET.get("days", "")
    days = next((each for each in lateness.DAYS if str(each) == asked), lateness.DAYS[0])
    found = lateness.report(desk, days)
    context: dict[str, object] = {
        "found": found,
        "said": lateness.said(found),
        "duties": lateness.listed(found.duties),
        "days": days,
        "choices": lateness.DAYS,
    }
    return show(request, desk, "console/lateness.html", context)


STATUSES = ("offered", "expired", "rejected", "accepted", "withdrawn")


TAKEN_DAYS = 30


def taken_over(desk: Desk) -> list[tuple[cases.TakenOver, str]]:
    """How what was handed on lately was taken over, and the share that was not, in words."""
    begin, end = desk.now - timedelta(days=TAKEN_DAYS), desk.now + timedelta(seconds=1)
    found = cases.taken_over(desk.business.id, begin, end, desk.now)
    shares = ((each, each.late_share) for each in found if each.offered)
    return [
        (each, "none yet" if part is None else f"{part * 100:.0f}\N{NO-BREAK SPACE}%")
        for each, part in shares
    ]


@at_desk(Member.FRONT_DESK)
def hand_offs(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What was handed on, by what became of it; those that wait for an answer first."""
    status = request.GET.get("status", "offered")
    status = status if status in STATUSES else "offered"
    # That an open lead is offered to Booking is not for a person to answer: they book.
    found = cases.hand_offs(desk.business.id, status).exclude(outcome=OPEN_OFFER)
    newest = list(found.reverse()[:LISTED]) if status != "offered" else list(found[:LISTED])
    legs = queries.current_legs(row.case.subject for row in newest)
    asked = leads.of_cases(row.case_id for row in newest)
    policy = from_data(accounts.policy_in_force(desk.business.id).data)
    context: dict[str, object] = {
        "offered": [
            Offered(
                row,
                legs.get(row.case.subject),
                asked.get(row.case_id),
                late=row.accept_by is not None and row.accept_by < desk.now,
            )
            for row in newest
        ],
        "taken": taken_over(desk),
        "days": TAKEN_DAYS,
        "kept_does": ", ".join(sorted(words.PATHS[each] for each in policy.built_in)),
        "status": status,
        "statuses": STATUSES,
        "back": request.get_full_path(),
    }
    return show(request, desk, "console/hand_offs.html", context)


@at_desk(Member.FRONT_DESK, posts=True)
def accept(request: HttpRequest, desk: Desk, hand_off_id: UUID) -> HttpResponse:
    """Take the next step over."""
    return _answer(request, desk, hand_off_id, accept=True)


@at_desk(Member.FRONT_DESK, posts=True)
def reject(request: HttpRequest, desk: Desk, hand_off_id: UUID) -> HttpResponse:
    """Refuse it, with the reason: a person will have to see to the next step."""
    return _answer(request, desk, hand_off_id, accept=False)


def _answer(request: HttpRequest, desk: Desk, hand_off_id: UUID, *, accept: bool) -> HttpResponse:
    row = cases.hand_off(desk.business.id, hand_off_id)
    form = Refuse(sent(request))
    if accept:
        del form.fields["reason"]
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data.get("reason", "")
        try:
            appointments.answer_hand_off(
                desk.business.id, row.id, desk.now, desk.actor, accept=accept, reason=reason
            )
        except NotAllowed as error:
            form.refuse(error)
        else:
            messages.success(request, "Taken over." if accept else "Refused.")
            return redirect(way_back(request, "console:hand_offs"))
    context: dict[str, object] = {
        "row": row,
        "leg": queries.current_legs([row.case.subject]).get(row.case.subject),
        "form": form,
        "accept": accept,
        "next": request.POST.get("next", ""),
    }
    return show(
        request,
        desk,
        "console/answer_hand_off.html",
        context,
        status=409 if form.is_bound else 200,
    )
