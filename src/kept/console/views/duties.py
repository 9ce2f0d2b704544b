"""What needs a person, and what was handed on to the next path."""

from __future__ import annotations

from collections.abc import Sequence
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
from kept.cases.queries import Escalation, Event, HandOff
from kept.console import lateness, words
from kept.console.access import Desk, at_desk, sent, show, way_back
from kept.console.forms import Note, Refuse
from kept.console.rows import Button, buttons
from kept.console.story import Open, escalation
from kept.core.case import NotAllowed
from kept.core.decide import OPEN_OFFER
from kept.core.policy import from_data
from kept.leads import queries as leads
from kept.leads.queries import Lead

LISTED = 200


@dataclass(frozen=True, slots=True)
class Item:
    """An escalation with the appointment it is about and what one tap would settle it.

    `words`: what the customer last said of it, in their own.
    """

    open: Open
    leg: Leg | None
    lead: Lead | None
    buttons: list[Button]
    late: bool
    words: Event | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A hand-off with the appointment it comes from."""

    row: HandOff
    leg: Leg | None
    lead: Lead | None
    late: bool


@at_desk(Member.FRONT_DESK)
def escalations(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What needs a person, the most urgent first; with `?resolved=1` what once did."""
    resolved = request.GET.get("resolved") == "1"
    found = cases.escalations(desk.business.id, is_open=not resolved)
    if resolved:
        found = found.order_by("-resolved_at")
    context: dict[str, object] = {
        "items": items(desk, list(found[:LISTED])),
        "damaged": [] if resolved else queries.damaged(desk.business.id, desk.now),
        "resolved": resolved,
        "late_count": 0 if resolved else lateness.count(desk),
        "back": request.get_full_path(),
    }
    return show(request, desk, "console/escalations.html", context)


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


def items(desk: Desk, rows: Sequence[Escalation]) -> list[Item]:
    legs = queries.current_legs(row.case.subject for row in rows)
    said_by = cases.said_by_customers({row.case_id for row in rows})
    asked = leads.of_cases(row.case_id for row in rows)
    found = []
    for row in rows:
        leg = legs.get(row.case.subject)
        if leg is not None and queries.why_unreadable(leg):
            continue  # it is named above the list
        said = escalation(desk, row, leg)
        taps = buttons(desk, leg) if leg is not None and not said.by_note else []
        late = row.due_at < desk.now
        lead = asked.get(row.case_id)
        found.append(Item(said, leg, lead, taps, late=late, words=said_by.get(row.case_id)))
    return found


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
    leg = queries.current_legs([row.case.subject]).get(row.case.subject)
    context: dict[str, object] = {
        "open": escalation(desk, row),
        "leg": leg,
        "lead": leads.of_cases([row.case_id]).get(row.case_id),
        "form": form,
        "buttons": buttons(desk, leg) if leg else [],
        "next": request.POST.get("next", ""),
    }
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/resolve.html", context, status=status)


SEE_TO = {"take": appointments.take_escalation, "release": appointments.release_escalation}


def _see_to(request: HttpRequest, desk: Desk, row: Escalation) -> HttpResponse:
    """Somebody sees to it, so that nobody else need; or gives it back."""
    doing = request.POST["do"]
    try:
        SEE_TO[doing](desk.business.id, row.id, desk.now, desk.actor)
    except NotAllowed as error:
        messages.warning(request, words.plain(str(error)).replace("staff:", ""))
    else:
        messages.success(
            request, "You see to it now." if doing == "take" else "Given back: anybody may take it."
        )
    return redirect(way_back(request, "console:escalations"))


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
