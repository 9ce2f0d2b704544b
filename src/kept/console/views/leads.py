"""Who asks: the board, one lead, what can be done with it, and how fast they are answered."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kept.accounts.queries import Member
from kept.clock import queries as clock
from kept.console import leads as drawn
from kept.console import once, words
from kept.console.access import Desk, at_desk, sent, show
from kept.console.acts import contact_of, written_in
from kept.console.following import after_enquiry
from kept.console.forms import SaidAfterEnquiry, choices_of
from kept.console.leads import ACTS, Act, NewLead
from kept.console.views.appointment import written_down
from kept.core.case import NotAllowed
from kept.journeys import queries as journeys
from kept.leads import actions, queries, sources
from kept.leads.actions import Asked, Taken
from kept.leads.letters import booking_url
from kept.leads.queries import Lead
from kept.leads.speed import speed
from kept.people.actions import ContactError
from kept.schedule import queries as schedule
from kept.web.forms import Form

SPANS = (7, 30, 90)
AGREES = "They said so to a member of staff"


@at_desk(Member.FRONT_DESK)
def leads(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The leads by state; those that wait for a person first."""
    asked = request.GET.get("state", "open")
    state = asked if asked in (*queries.STATES, "open") else "open"
    found = list(queries.leads(desk.business.id, state=state)[: drawn.LISTED])
    board = drawn.board(desk, state)
    context: dict[str, object] = {
        "state": state,
        "rows": drawn.rows(desk, drawn.in_order(found) if state == "open" else found),
        "board": board,
        "any": any(bar.count for bar in board),
        "height": len(queries.STATES) * drawn.STEP,
        "width": drawn.WIDTH,
        "label": drawn.LABEL,
        "form_url": request.build_absolute_uri(reverse("public:ask", args=[desk.business.slug])),
    }
    return show(request, desk, "console/leads.html", context)


@at_desk(Member.FRONT_DESK)
def lead(request: HttpRequest, desk: Desk, lead_id: UUID) -> HttpResponse:
    """The whole story of a lead."""
    found = queries.lead(desk.business.id, lead_id)
    service = f"&service={found.service_id}" if found.service_id else ""
    context: dict[str, object] = {
        "lead": found,
        "customer": found.customer,
        "state": words.told_of(found.case.state, words.STATES),
        "story": drawn.story(desk, found),
        "following": after_enquiry(desk, found),
        "acts": drawn.possible(found),
        "source": words.told_of(found.source, drawn.SOURCES),
        "book_url": f"{reverse('console:book')}?customer={found.customer_id}"
        f"&lead={found.pk}{service}",
        "their_url": booking_url(found),
        "appointment_id": found.case.facts.get("appointment"),
        "back": request.path,
    }
    return show(request, desk, "console/lead.html", context)


@at_desk(Member.FRONT_DESK, posts=True)
def act(request: HttpRequest, desk: Desk, lead_id: UUID, act: str) -> HttpResponse:
    """The page of one act; POST does it."""
    doing = ACTS.get(act)
    if doing is None:
        raise Http404
    found = queries.lead(desk.business.id, lead_id)
    form = drawn.form_for(doing, found, sent(request))
    if request.method == "POST" and form.is_valid() and _done(request, desk, found, doing, form):
        return redirect("console:lead", found.pk)
    possible = doing in drawn.possible(found)
    context: dict[str, object] = {"lead": found, "act": doing, "form": form, "possible": possible}
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/lead_act.html", context, status=status)


def _done(request: HttpRequest, desk: Desk, found: Lead, doing: Act, form: Form) -> bool:
    try:
        drawn.do(desk, found, doing, form.cleaned_data)
    except NotAllowed as error:
        form.refuse(error)
        return False
    messages.success(request, f"{doing.title}.")
    return True


@at_desk(Member.FRONT_DESK, posts=True)
def said_after(request: HttpRequest, desk: Desk, lead_id: UUID) -> HttpResponse:
    """What somebody told a person who asked once, fell silent, and is invited."""
    found = queries.lead(desk.business.id, lead_id)
    form = SaidAfterEnquiry(sent(request))
    case = journeys.listening(found.pk, str(form.data.get("said", "")))
    if case is not None and written_down(request, desk, form, case):
        return redirect("console:lead", found.pk)
    context: dict[str, object] = {"lead": found, "form": form, "nothing": case is None}
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/said_after.html", context, status=status)


@at_desk(Member.FRONT_DESK, posts=True)
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Somebody asks on the phone or at the desk."""
    form = NewLead(sent(request), initial={"locale": written_in(desk.business)})
    form.fields["service"].choices = choices_of(  # type: ignore[attr-defined]
        ((each.id, each.name) for each in schedule.services(desk.business.id)), "Something else"
    )
    if request.method == "POST" and form.is_valid():
        taken = _receive(desk, form)
        if taken is not None:
            said = "Added to what they asked before." if taken.joined else "Written down."
            messages.success(request, said)
            return redirect("console:lead", taken.lead.pk)
    status = 409 if form.is_bound else 200
    return show(request, desk, "console/new_lead.html", {"form": form}, status=status)


def _receive(desk: Desk, form: NewLead) -> Taken | None:
    data = form.cleaned_data
    try:
        asked = Asked(
            contact_of(desk, data),
            data["source"],
            words=data["notes"],
            service=UUID(data["service"]) if data["service"] else None,
            agrees=AGREES if data["agrees"] else "",
            acknowledge=bool(data["send"]),
        )
        return actions.receive(desk.business, asked, desk.now, desk.actor)
    except ContactError as error:
        form.refuse(error)
    except ValueError:
        form.add_error("phone", "Give a phone number or an e-mail address: how do we answer them?")
    return None


@at_desk(Member.FRONT_DESK)
def fast(request: HttpRequest, desk: Desk) -> HttpResponse:
    """How fast who asked was answered, in the last `?days=`."""
    asked = request.GET.get("days", "")
    days = next((each for each in SPANS if str(each) == asked), 30)
    begin = desk.now - timedelta(days=days)
    found = drawn.fast(speed(desk.business.id, begin, desk.now + timedelta(seconds=1), desk.now))
    context: dict[str, object] = {
        "found": found,
        "any": any(each.speed.leads for each in found),
        "drawn": any(each.width for each in found),
        "days": days,
        "choices": SPANS,
        "bars": (bars := drawn.bars(found[0].speed)),
        "shares_height": len(bars) * drawn.STEP,
        "shares_label": drawn.SHARES_LABEL,
        "height": len(found) * drawn.STEP,
        "width": drawn.WIDTH,
        "label": drawn.LABEL,
    }
    return show(request, desk, "console/leads_speed.html", context)


# Set-up: where people ask from


@at_desk(Member.OWNER, posts=True)
def doors(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form and who may frame it; the programs that pass calls and messages on."""
    doing = request.POST.get("do", "")
    new_source = drawn.NewSource(request.POST if doing == "source" else None)
    frames = drawn.Frames(
        request.POST if doing == "frames" else None,
        initial={"origins": "\n".join(queries.origins(desk.business.id))},
    )
    if doing == "source" and new_source.is_valid():
        made = sources.create(desk.business, now=desk.now, **new_source.cleaned_data)
        return once.put(redirect("console:lead_doors"), desk.user, made.secret)
    if doing == "frames" and frames.is_valid():
        try:
            actions.allow_frames(desk.business.id, frames.cleaned_data["origins"].splitlines())
        except actions.FrameError as error:
            frames.add_error("origins", str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("console:lead_doors")
    secret = once.waiting(request, desk.user)
    form = request.build_absolute_uri(reverse("public:ask", args=[desk.business.slug]))
    context: dict[str, object] = {
        "frames": frames,
        "new_source": new_source,
        "sources": [
            (each, request.build_absolute_uri(reverse("public:call", args=[each.id])))
            for each in queries.sources(desk.business.id)
        ],
        "secret": secret,
        "form_url": form,
        "frame_url": f"{form}frame",
    }
    status = 409 if new_source.is_bound or frames.is_bound else 200
    page = show(request, desk, "console/setup/lead_doors.html", context, status=status)
    return once.take(page) if secret else page


@at_desk(Member.OWNER, posts=True)
def door(request: HttpRequest, desk: Desk, source_id: UUID) -> HttpResponse:
    """One source: another secret, or no more of it."""
    found = queries.source(desk.business.id, source_id)
    if request.POST.get("do") == "rotate":
        made = sources.rotate(desk.business.id, found.id, clock.real_now())
        return once.put(redirect("console:lead_doors"), desk.user, made.secret)
    if request.POST.get("do") == "revoke":
        sources.revoke(desk.business.id, found.id, desk.now)
        messages.success(request, f"Nothing of “{found.name}” is taken any more.")
        return redirect("console:lead_doors")
    return show(request, desk, "console/setup/lead_door.html", {"source": found})
