"""Who may open a page of the console, and as whom they act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import reverse

from kept.accounts import queries as accounts
from kept.accounts.queries import Business, Member, User
from kept.clock import queries as clock
from kept.console import surroundings, words
from kept.core.case import Actor, Role
from kept.web import pages

P = ParamSpec("P")
BUSINESS = "business"
"""The key of the session under which the chosen business (its slug) is kept."""

RANK = {Member.STAFF: 0, Member.FRONT_DESK: 1, Member.OWNER: 2}


@dataclass(frozen=True, slots=True)
class Desk:
    """Who is at the desk, for which business, at what time."""

    user: User
    member: Member
    business: Business
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.business.time_zone)

    @property
    def role(self) -> str:
        return self.member.role

    @property
    def is_owner(self) -> bool:
        return self.role == Member.OWNER

    @property
    def is_front_desk(self) -> bool:
        """True for the front desk and for everybody who may do more."""
        return RANK[self.role] >= RANK[Member.FRONT_DESK]

    @property
    def actor(self) -> Actor:
        return Actor(Role.STAFF, self.user.get_full_name() or self.user.email)


View = Callable[Concatenate[HttpRequest, Desk, P], HttpResponse]
Door = Callable[Concatenate[HttpRequest, P], HttpResponse]


def at_desk(least: str, *, posts: bool = False) -> Callable[[View[P]], Door[P]]:
    """A page for members of a business in this role or a higher one.

    `posts`: the page also takes POST; without it only GET and HEAD, which change nothing. Whatever
    belongs to another business is not found: every room raises DoesNotExist for it, and that
    becomes 404 here.
    """
    allowed = {"GET", "HEAD", "POST"} if posts else {"GET", "HEAD"}

    def decorate(view: View[P]) -> Door[P]:
        @wraps(view)
        def door(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if request.method not in allowed:
                return not_this_way(allowed)
            member = membership(request)
            if member is None:
                return nobody(request)
            desk = Desk(request.user, member, member.business, clock.now())
            if RANK[desk.role] < RANK[least]:
                return not_yours(request, desk, least)
            try:
                return pages.private(view(request, desk, *args, **kwargs))
            except words.NOT_FOUND as error:
                raise Http404 from error

        door.least = least  # type: ignore[attr-defined]  # read by the tests of every role
        return cast("Door[P]", door)

    return decorate


def membership(request: HttpRequest) -> Member | None:
    """The membership this session acts under: the chosen business, or the user's first."""
    user = cast(User, request.user)
    chosen = request.session.get(BUSINESS)
    found = accounts.membership(user, chosen) if chosen else None
    return found or accounts.membership(user)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where a page was asked for."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    query = f"?{urlencode({'next': back})}" if back else ""
    return HttpResponseRedirect(reverse("console:sign_in") + query)


def not_this_way(allowed: set[str]) -> HttpResponse:
    response = HttpResponse("This address does not take that request.", status=405)
    response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def nobody(request: HttpRequest) -> HttpResponse:
    """Signed in, and a member of nothing."""
    return pages.render(request, "console/nobody.html", {}, status=403)


def not_yours(request: HttpRequest, desk: Desk, least: str) -> HttpResponse:
    needed = dict(Member.ROLES)[least]
    context = {"desk": desk, "needed": needed, "mine": desk.member.get_role_display()}
    return show(request, desk, "console/not_yours.html", context, status=403)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, also when that is nothing; None when only its page was asked."""
    return request.POST if request.method == "POST" else None


def show(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A page of the console with what every one of them shows: who, which business, how it is."""
    around = surroundings.around(request, desk)
    return pages.render(
        request,
        template,
        {**around, **(context or {})},
        locale=desk.business.locale,
        status=status,
    )
