"""Where events go: the owner's pages about webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.clock.queries import real_now
from kept.console import once
from kept.console import webhooks as words
from kept.console.access import Desk, at_desk, sent, show
from kept.console.webhooks import EndpointForm, Since
from kept.core.time import local_day
from kept.webhooks import actions, queries
from kept.webhooks.actions import EndpointError
from kept.webhooks.queries import Endpoint

LISTED = 100


@at_desk(Member.OWNER)
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every endpoint, and how it is."""
    found = [(each, words.standing(each)) for each in queries.endpoints(desk.business.id)]
    return show(request, desk, "console/setup/webhooks.html", {"endpoints": found})


@at_desk(Member.OWNER, posts=True)
def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A new endpoint; its secret is shown once, on the page after its making."""
    form = EndpointForm(sent(request))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            made = actions.create(desk.business.id, data.pop("url"), desk.now, **data)
        except EndpointError as error:
            form.refuse(error)
        else:
            messages.success(request, "Added. It hears of everything from now on.")
            return once.put(_to(made.id), desk.user, made.secret)
    return _form(request, desk, "console/setup/new_webhook.html", form)


def _to(endpoint: UUID) -> HttpResponse:
    return redirect("console:webhook", endpoint)


def _form(
    request: HttpRequest, desk: Desk, template: str, form: Any, **context: object
) -> HttpResponse:
    status = 400 if form.is_bound else 200
    return show(request, desk, template, {"form": form, **context}, status=status)


@at_desk(Member.OWNER)
def endpoint(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """How it is, and the log of what was delivered."""
    found = queries.endpoint(desk.business.id, endpoint_id)
    return _page(request, desk, found, _since(desk))


def _since(desk: Desk) -> Since:
    yesterday = local_day(desk.now, desk.zone) - timedelta(days=1)
    return Since(initial={"day": yesterday, "at": "00:00"})


def _page(request: HttpRequest, desk: Desk, found: Endpoint, form: Since) -> HttpResponse:
    secret = once.waiting(request, desk.user)
    context = {
        "endpoint": found,
        "name": queries.name_of(found),
        "standing": words.standing(found),
        "lines": words.lines(queries.deliveries(found)[:LISTED]),
        "limit": LISTED,
        "both_until": _both_until(found),
        "secret": secret,
        "form": form,
    }
    status = 400 if form.is_bound else 200
    page = show(request, desk, "console/setup/webhook.html", context, status=status)
    return once.take(page) if secret else page


def _both_until(found: Endpoint) -> object:
    until = found.old_secret_until
    return until if until is not None and real_now() < until else None


@at_desk(Member.OWNER, posts=True)
def change(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """Another address, other events."""
    found = queries.endpoint(desk.business.id, endpoint_id)
    known = {name: getattr(found, name) for name in ("url", "description", "form", "types")}
    form = EndpointForm(sent(request), initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(desk.business.id, endpoint_id, desk.now, **form.cleaned_data)
        except EndpointError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. What waits goes to the new address too.")
            return _to(endpoint_id)
    template = "console/setup/change_webhook.html"
    return _form(request, desk, template, form, endpoint=found, name=queries.name_of(found))


def _asking(request: HttpRequest, desk: Desk, endpoint_id: UUID, act: str) -> HttpResponse:
    """The page that asks before it is done; it changes nothing."""
    found = queries.endpoint(desk.business.id, endpoint_id)
    context = {"endpoint": found, "name": queries.name_of(found), "act": act}
    return show(request, desk, "console/setup/webhook_act.html", context)


@at_desk(Member.OWNER, posts=True)
def test(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """Send an event that says nothing."""
    if request.method != "POST":
        return _asking(request, desk, endpoint_id, "test")
    made = actions.test(desk.business.id, endpoint_id, desk.now)
    messages.success(request, "On its way. Reload this page to see what came back.")
    return redirect("console:webhook_event", endpoint_id, made.event_id)


@at_desk(Member.OWNER, posts=True)
def rotate(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """A new secret, shown once; the old one goes on for a day."""
    if request.method != "POST":
        return _asking(request, desk, endpoint_id, "rotate")
    secret = actions.rotate(desk.business.id, endpoint_id, real_now())
    return once.put(_to(endpoint_id), desk.user, secret)


@at_desk(Member.OWNER, posts=True)
def disable(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """Send nothing there for now."""
    if request.method != "POST":
        return _asking(request, desk, endpoint_id, "disable")
    actions.disable(desk.business.id, endpoint_id, desk.now)
    messages.success(request, "Turned off. What happens meanwhile is kept for it.")
    return _to(endpoint_id)


@at_desk(Member.OWNER, posts=True)
def enable(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """Send there again."""
    if request.method != "POST":
        return _asking(request, desk, endpoint_id, "enable")
    count = actions.enable(desk.business.id, endpoint_id, desk.now)
    messages.success(request, f"Turned on. {_events(count)} now on the way.")
    return _to(endpoint_id)


def _events(count: int) -> str:
    return "1 event is" if count == 1 else f"{count} events are"


@at_desk(Member.OWNER, posts=True)
def remove(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """No more of it, and of what waits for it."""
    if request.method != "POST":
        return _asking(request, desk, endpoint_id, "remove")
    actions.remove(desk.business.id, endpoint_id)
    messages.success(request, "Removed. Nothing is sent there any more.")
    return redirect("console:webhooks")


@at_desk(Member.OWNER, posts=True)
def replay_since(request: HttpRequest, desk: Desk, endpoint_id: UUID) -> HttpResponse:
    """Send everything since a moment once more."""
    found = queries.endpoint(desk.business.id, endpoint_id)
    form = Since(sent(request)) if request.method == "POST" else _since(desk)
    if request.method == "POST" and form.is_valid():
        since = form.moment(desk.zone)
        if since is not None:
            count = actions.replay_since(desk.business.id, endpoint_id, since, desk.now)
            messages.success(request, f"{_events(count)} sent once more, in order.")
            return _to(endpoint_id)
    return _page(request, desk, found, form)


@at_desk(Member.OWNER)
def event(request: HttpRequest, desk: Desk, endpoint_id: UUID, event_id: UUID) -> HttpResponse:
    """One event: what is sent, and every attempt with what came back."""
    return _event(request, desk, endpoint_id, event_id)


def _event(request: HttpRequest, desk: Desk, endpoint_id: UUID, event_id: UUID) -> HttpResponse:
    found = queries.endpoint(desk.business.id, endpoint_id)
    row = queries.delivery(found, event_id)
    context = {
        "endpoint": found,
        "name": queries.name_of(found),
        "line": words.line(row),
        "sent": words.request_of(row),
        "tries": [(each, words.said(each)) for each in row.tries.all()],
    }
    return show(request, desk, "console/setup/webhook_event.html", context)


@at_desk(Member.OWNER, posts=True)
def replay(request: HttpRequest, desk: Desk, endpoint_id: UUID, event_id: UUID) -> HttpResponse:
    """Send one event once more."""
    if request.method != "POST":
        return _event(request, desk, endpoint_id, event_id)
    actions.replay(desk.business.id, endpoint_id, event_id, desk.now)
    messages.success(request, "It is sent once more, under its old id.")
    return redirect("console:webhook_event", endpoint_id, event_id)


@at_desk(Member.OWNER, posts=True)
def skip(request: HttpRequest, desk: Desk, endpoint_id: UUID, event_id: UUID) -> HttpResponse:
    """Give up one event, so that those behind it can go."""
    if request.method != "POST":
        return _event(request, desk, endpoint_id, event_id)
    actions.skip(desk.business.id, endpoint_id, event_id, desk.now)
    messages.success(request, "Given up. The later ones of its appointment can go now.")
    return redirect("console:webhook_event", endpoint_id, event_id)
