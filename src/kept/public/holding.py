"""A visitor's hold: ten minutes for a time, while they fill in the form.

The hold is named by a signed token, in the address and in the form. A cookie of its own names it
too, so that Back does not show one's own time as taken.

Visitors of one network have a few holds at a time, so that nobody can hold a whole day. Who comes
when these are used up books all the same, only without a hold: a booking needs none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils.crypto import salted_hmac

from kept.public import times
from kept.public.choice import HOLD_COOKIE, Choice
from kept.public.models import HoldPlace
from kept.public.origin import network_of
from kept.public.tokens import Held
from kept.schedule import actions as schedule_actions
from kept.schedule import queries as schedule
from kept.schedule.actions import HOLD_FOR
from kept.schedule.queries import Resource
from kept.web import pages

PLACES = 6
"""Holds that visitors of one network may have at a time with one business."""
PLACES_UNKNOWN = 30
"""And all together those of whom nobody knows where they come from."""
FORGOTTEN_AFTER = timedelta(days=1)


class HeldEnough(Exception):
    """The time is free, and this visitor cannot hold it: it is theirs once they book it."""


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
    """Hold this time for the visitor, in place of what they held before. None: it is taken.

    Raises HeldEnough. Of many at once from one network no more than PLACES get a hold.
    """
    hold_id = choice.held.id if choice.held else uuid4()
    for _ in range(PLACES):
        try:
            with transaction.atomic():
                _take_place(choice, hold_id)
                return _hold(choice, start, hold_id)
        except IntegrityError:
            continue  # somebody else was given this place at the same moment: look again
        except HeldEnough:
            if not times.who_is_free(choice.asked(), start):
                return None
            raise
    raise HeldEnough


def _take_place(choice: Choice, hold_id: UUID) -> None:
    """A place for this hold, until it no longer stands. Raises HeldEnough, IntegrityError."""
    network = network_of(choice.request)
    origin = salted_hmac("kept.public.hold", f"{choice.business.id} {network}").hexdigest()
    rows = HoldPlace.objects.filter(origin=origin).select_for_update().order_by("number")
    places = {place.hold: place for place in rows}
    if hold_id in places:
        return
    standing = schedule.standing_holds(places, choice.now)
    free = next((place for place in places.values() if place.hold not in standing), None)
    if free is None and len(places) >= (PLACES if network else PLACES_UNKNOWN):
        raise HeldEnough
    place = free or HoldPlace(origin=origin, number=len(places))
    place.hold, place.taken_at = hold_id, choice.now
    place.save()


def forget_places(now: datetime) -> int:
    """Let go of places nobody has used for a day; answers how many. For the worker."""
    return HoldPlace.objects.filter(taken_at__lt=now - FORGOTTEN_AFTER).delete()[0]


def _hold(choice: Choice, start: datetime, hold_id: UUID) -> Held | None:
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
