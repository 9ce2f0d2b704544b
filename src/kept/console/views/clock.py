"""The demo's clock: jumping, but never over what is due on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kept.accounts.queries import Member
from kept.appointments import steps
from kept.cases import queries as cases
from kept.cases.queries import Event
from kept.clock import queries as clock
from kept.clock.actions import ClockRefused
from kept.console.access import Desk, at_desk, way_back
from kept.console.story import entries
from kept.lib import i18n
from kept.people import queries as people

PATIENCE, AT_MOST = 15.0, 60.0  # seconds without anything done, and in all, a browser waits

JUMPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


@at_desk(Member.OWNER, posts=True)
def jump(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Move the time-lapse clock: to the next due moment, or an hour, a day or a week on."""
    if not clock.is_lapse() or request.method != "POST":
        raise Http404
    target = _target(desk, request.POST.get("to", ""))
    if target is None:
        messages.info(request, "Nothing is planned any more, so there is nothing to jump to.")
    else:
        _step(request, desk, target)
    return redirect(_back(request))


def _target(desk: Desk, to: str) -> datetime | None:
    if to in JUMPS:
        return desk.now + JUMPS[to]
    following = steps.next_moment()
    return max(following, desk.now) if following else None


def _step(request: HttpRequest, desk: Desk, target: datetime) -> None:
    try:
        reached = steps.step_to(target, patience=PATIENCE, at_most=AT_MOST)
    except (steps.NoWorker, ClockRefused) as error:
        messages.error(request, str(error))
        return
    said = f"It is now {_at(desk, reached)}. {_happened(desk, reached)}"
    if reached < target:
        said += (
            f" The worker is still busy, so the clock stopped short of {_at(desk, target)}: "
            "press the button again to go on."
        )
    messages.success(request, said)


def _happened(desk: Desk, until: datetime) -> str:
    """What happened on the way, in a few words each."""
    events = cases.events_between(desk.business.id, desk.now, until)
    whose = _whose(events)
    told = list(
        dict.fromkeys(
            f"{entry.title} ({whose[entry.case]})" if entry.case in whose else entry.title
            for entry in reversed(entries(desk, events))
        )
    )
    if not told:
        return "Nothing happened on the way."
    shown = "; ".join(told[:6])
    return f"On the way: {shown}{f'; and {len(told) - 6} more' if len(told) > 6 else ''}."


def _whose(events: Sequence[Event]) -> dict[UUID, str]:
    """The person of each case something happened on, by the case; of some nobody is known."""
    persons = {event.case_id: event.case.person_id for event in events}
    known = people.customers({each for each in persons.values() if each is not None})
    return {case: known[person].name for case, person in persons.items() if person in known}


def _at(desk: Desk, instant: datetime) -> str:
    zone, locale = desk.business.time_zone, desk.business.locale
    day = i18n.format_date_short(instant, zone, locale)
    return f"{day}, {i18n.format_time(instant, zone, locale)}"


def _back(request: HttpRequest) -> str:
    return way_back(request, reverse("console:today"))
