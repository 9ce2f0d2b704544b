"""A visitor's hold: ten minutes for a time, while they fill in the form.

The hold is named by a signed token, in the address and in the form. A cookie of its own names it
too, so that Back does not show one's own time as taken.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse

from kept.public import times
from kept.public.choice import HOLD_COOKIE, Choice
from kept.public.tokens import Held
from kept.schedule import actions as schedule_actions
from kept.schedule import queries as schedule
from kept.schedule.actions import HOLD_FOR
from kept.schedule.queries import Resource
from kept.web import pages


def held_until(choice: Choice, held: Held | None) -> datetime | None:
    claim = schedule.live_hold(held.id, choice.now) if held else None
    return claim.expires_at if claim else None


def held_start(choice: Choice, held: Held) -> datetime | None:
    """The start the visitor's hold stands for, if it still stands and is for this service."""
    claim = schedule.live_hold(held.id, choice.now)
    if claim is None or held.staff not in {each.id for each in choice.staff}:
        return None
    return schedule.start_of_claim(choice.service, claim)


def holding(choice: Choice, start: datetime) -> Held | None:
    """The visitor's hold, if it stands for this very time."""
    held = choice.held
    fits = held is not None and held_start(choice, held) == start
    wanted = held is not None and choice.who in (None, *named(choice, held))
    return held if fits and wanted else None


def named(choice: Choice, held: Held) -> list[Resource]:
    return [each for each in choice.staff if each.id == held.staff]


def take(choice: Choice, start: datetime) -> Held | None:
    """Hold this time for the visitor, in place of what they held before. None: it is taken."""
    hold_id = choice.held.id if choice.held else uuid4()
    for resource in times.who_is_free(choice.asked(), start):
        try:
            schedule_actions.hold(choice.service, resource, start, choice.now, hold_id)
        except schedule_actions.Taken:
            continue
        return Held(hold_id, resource.id)
    return None


def with_cookie(answer: HttpResponse, token: str) -> HttpResponse:
    """The hold in a cookie of its own, so that Back does not show one's own time as taken."""
    answer.set_cookie(
        HOLD_COOKIE, token, max_age=int(HOLD_FOR.total_seconds()), path="/book/",
        httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return pages.private(answer)
