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
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from kept.accounts import queries as accounts
from kept.accounts.queries import Business, Member, User
from kept.clock import queries as clock
from kept.console import surroundings, words
from kept.core.case import Actor, Role
from kept.web import pages

P = ParamSpec("P")
ACTS_FOR = "acts_for"
"""The key of the session under which the business one acts for (its id) is kept."""

FOR_BUSINESS, AND_SWITCH = "for_business", "and_switch"
"""What every form carries: the business it was made for; and the wish to act for it again."""

RANK = {Member.STAFF: 0, Member.FRONT_DESK: 1, Member.OWNER: 2}


def name_of(user: User) -> str:
    """The name under which a member acts: what stands in the history."""
    return user.get_full_name() or user.email


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
        return Actor(Role.STAFF, name_of(self.user))


View = Callable[Concatenate[HttpRequest, Desk, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def at_desk(
    least: str, *, posts: bool = False, any_business: bool = False
) -> Callable[[View[P]], Door[P]]:
    """A page for members of a business in this role or a higher one.

    `posts`: the page also takes POST; without it only GET and HEAD, which change nothing. Whatever
    belongs to another business is not found: every room raises DoesNotExist for it, and that
    becomes 404 here. A form is taken only for the business it was made for, unless the page is
    about the person and not about a business (`any_business`).
    """
    allowed = {"GET", "HEAD", "POST"} if posts else {"GET", "HEAD"}

    def decorate(view: View[P]) -> Door[P]:
        @wraps(view)
        def door(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if request.method not in allowed:
                return not_this_way(allowed)
            if request.method == "POST" and not any_business:
                go_back_if_wished(request)
            member = membership(request)
            if member is None and any_business:
                member = accounts.membership(request.user)
            if member is None:
                return nowhere(request)
            desk = Desk(request.user, member, member.business, clock.now())
            if request.method == "POST" and not any_business and not fits(request, desk):
                return made_for_another(request, desk)
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
    """The membership this session acts under; None when it is over, or there is none at all.

    The first time it is the user's first one, and that is kept: who is later removed from a
    business is told so, and never acts for another one without having chosen it.
    """
    user = cast(User, request.user)
    chosen = request.session.get(ACTS_FOR)
    if chosen is not None:
        return _member_of(user, chosen)
    found = accounts.membership(user)
    if found is not None:
        act_for(request, found)
    return found


def act_for(request: HttpRequest, member: Member) -> None:
    """From now on this session acts for this business."""
    request.session[ACTS_FOR] = str(member.business_id)


def _member_of(user: User, business_id: object) -> Member | None:
    """This user's membership in the business of that id; None too for what is no id."""
    mine = accounts.memberships(user)
    return next((each for each in mine if str(each.business_id) == str(business_id)), None)


def go_back_if_wished(request: HttpRequest) -> None:
    """A form whose sender was asked, and who acts again for the business it was made for."""
    if AND_SWITCH not in request.POST:
        return
    found = _member_of(cast(User, request.user), request.POST.get(FOR_BUSINESS))
    if found is not None:
        act_for(request, found)


def fits(request: HttpRequest, desk: Desk) -> bool:
    """Whether a form was made for the business it would be written to.

    One that does not say is taken only from who has no other business it could be meant for.
    """
    named = request.POST.get(FOR_BUSINESS)
    if named is None:
        return len(accounts.memberships(desk.user)) == 1
    return named == str(desk.business.id)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where a page was asked for."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    query = f"?{urlencode({'next': back})}" if back else ""
    return HttpResponseRedirect(reverse("console:sign_in") + query)


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where a form wants to lead when it is done (`next`): a path of this site, or `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, hosts, request.is_secure())
    return wanted if safe and wanted.startswith("/") else otherwise


def not_this_way(allowed: set[str]) -> HttpResponse:
    response = HttpResponse("This address does not take that request.", status=405)
    response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def nowhere(request: HttpRequest) -> HttpResponse:
    """Signed in, and a member of nothing, or no longer of the business acted for."""
    user = cast(User, request.user)
    remaining = accounts.memberships(user)
    if not remaining:
        return pages.render(request, "console/nobody.html", {}, status=403)
    lost = accounts.business_if_any(request.session.get(ACTS_FOR, ""))
    context = {"memberships": remaining, "lost": lost}
    return pages.render(request, "console/no_longer.html", context, status=403)


def made_for_another(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What happened to a form sent after its sender had turned to another business.

    What was typed is kept in the page, to be sent where it belongs. Only one's own business is
    named.
    """
    named = request.POST.get(FOR_BUSINESS)
    meant = _member_of(desk.user, named)
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", FOR_BUSINESS, AND_SWITCH}
    ]
    context: dict[str, object] = {
        "nameless": named is None,
        "made_for": meant.business if meant else None,
        "back_to": {FOR_BUSINESS: named, AND_SWITCH: "yes"},
        "typed": typed,
    }
    return show(request, desk, "console/other_business.html", context, status=409)


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
    around = surroundings.around(request, desk) | {"carried": {FOR_BUSINESS: str(desk.business.id)}}
    return pages.render(
        request,
        template,
        {**around, **(context or {})},
        locale=desk.business.locale,
        status=status,
    )
