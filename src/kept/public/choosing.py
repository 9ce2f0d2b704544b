"""Choosing what, with whom and when: every step is an address of its own.

Looking changes nothing. Choosing a time is the one POST here: it holds the time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kept.accounts import queries as accounts
from kept.lib import i18n
from kept.public import booked, tokens
from kept.public.choice import (
    ANY,
    Choice,
    bookable,
    business_of,
    choice_of,
    instant,
    keep_zone,
    render,
    service_of,
)
from kept.public.days import day_list
from kept.public.holding import HeldEnough, held_start, held_until, holding, take, with_cookie
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource
from kept.web import pages


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Where people begin who were given no more than the name of the site."""
    known = accounts.businesses()
    if len(known) == 1:
        return HttpResponseRedirect(reverse("public:services", args=[known[0].slug]))
    locale = pages.readers_locale(request)
    return pages.render(request, "public/front.html", {"empty": not known}, locale=locale)


@require_safe
def services(request: HttpRequest, slug: str) -> HttpResponse:
    """What can be booked."""
    business = business_of(request, slug)
    offered = bookable(business)
    if len(offered) == 1:
        return HttpResponseRedirect(keep_zone(request, "staff", slug, offered[0].id))
    choices = [(each, keep_zone(request, "staff", slug, each.id)) for each in offered]
    return render(business, request, "public/services.html", {"choices": choices})


@require_safe
def staff(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """With whom; "any available" first. Skipped where there is only one."""
    business = business_of(request, slug)
    service, able = service_of(business, service_id)
    if len(able) < 2:
        only = str(able[0].id) if able else ANY
        return HttpResponseRedirect(keep_zone(request, "times", slug, service.id, only))
    context = {
        "service": service,
        "service_name": service.name,
        "any_url": keep_zone(request, "times", slug, service.id, ANY),
        "choices": [
            (each, keep_zone(request, "times", slug, service.id, each.id)) for each in able
        ],
        "back": keep_zone(request, "services", slug) if len(bookable(business)) > 1 else "",
    }
    return render(business, request, "public/staff.html", context)


@require_safe
def times_page(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """The days with their free times; the first day that has any is open."""
    choice = choice_of(request, slug, service_id, who)
    return times_of(choice, has_left(choice.gone) if choice.gone else "")


def times_of(
    choice: Choice, problem: str = "", status: int = 200, typed: dict[str, Any] | None = None
) -> HttpResponse:
    """The list of days. With `typed`, for somebody who has begun to fill in the form: then every
    way on is a button that carries along what they typed, and leads to `details`; the day they
    had chosen is open."""
    held = choice.held
    step = "times" if typed is None else "details"
    mine = held_start(choice, held) if held else None
    asked = choice.asked(mine=mine)
    listing = day_list(
        asked,
        choice.request.GET if typed is None or "from" in choice.request.GET else typed["open"],
        lambda **query: choice.url(step, **query),
        problem,
    )
    context = {
        **listing,
        "slot_action": choice.url("hold"),
        "slot_method": "post",
        "held_until": held_until(choice, held) if mine and held else None,
        "hold": tokens.sign_hold(held) if held else "",
        "back": _back_from_times(choice),
        "others": choice.staff if choice.who and len(choice.staff) > 1 else [],
        "any_url": replace(choice, who=None).url(step),
        "typed": typed,
    }
    return render(choice, choice.request, "public/times.html", context, status)


def _back_from_times(choice: Choice) -> str:
    slug = choice.business.slug
    if len(choice.staff) > 1:
        return keep_zone(choice.request, "staff", slug, choice.service.id)
    if len(bookable(choice.business)) > 1:
        return keep_zone(choice.request, "services", slug)
    return ""


@require_POST
def hold(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """Hold a time for ten minutes and go on to the details."""
    choice = choice_of(request, slug, service_id, who)
    start = instant(request.POST.get("start", ""))
    if start is None:
        return times_of(choice, _("Choose one of the times in the list."), 400)
    if choice.gone:
        return times_of(choice, has_left(choice.gone), 409)
    value = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        held = holding(choice, start) or take(choice, start)
    except HeldEnough:
        return HttpResponseRedirect(choice.url("details", start=value), status=303)
    if held is None:
        mine = booked.here(choice, start)
        if mine is not None:
            return booked.shown_again(request, mine)
        return times_of(choice, why_not(choice, start), 409)
    token = tokens.sign_hold(held)
    answer = HttpResponseRedirect(choice.url("details", start=value, hold=token), status=303)
    return with_cookie(answer, token)


def spoken(start: datetime, zone: str, locale: str) -> str:
    """A time as it is said in a sentence, like "10:00 on Tuesday 2 March 2027"."""
    time, day = i18n.format_time(start, zone, locale), i18n.format_date(start, zone, locale)
    return _("%(time)s on %(day)s") % {"time": time, "day": day}


def has_left(gone: Resource) -> str:
    said = {"name": gone.name}
    return _("%(name)s cannot be booked for this any more. Choose another time.") % said


def why_not(choice: Choice, start: datetime) -> str:
    """Why this time cannot be had; by far the most often somebody was faster."""
    if choice.gone:
        return has_left(choice.gone)
    said = {"time": spoken(start, choice.zone, choice.locale)}
    asked = choice.asked()
    reasons = {
        schedule.refusal(asked.service, resource, start, asked.now, but=asked.but)
        for resource in asked.staff
    }
    if reasons and not reasons & {None, schedule.Refusal.TAKEN}:
        return _("%(time)s cannot be booked. Choose another time.") % said
    return _("%(time)s was just taken. Choose another time.") % said
