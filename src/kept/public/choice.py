"""What a visitor has chosen so far, as the address says it, and what it names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.clock import queries as clock
from kept.core import time as core_time
from kept.journeys import invited
from kept.leads import queries as leads
from kept.people import actions as people
from kept.people.actions import Contact
from kept.public import times, tokens
from kept.public.tokens import Held
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource, Service
from kept.web import pages

ANY = "any"
HOLD_COOKIE = "kept_hold"


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a letter with a link to book was written to, and what a booking there answers: their
    enquiry, or the appointment it followed."""

    contact: Contact
    answers: UUID
    nameless: bool = False  # only their number is known


@dataclass(frozen=True)
class Choice:
    """What the visitor has chosen so far, as the address says it."""

    request: HttpRequest
    business: Business
    service: Service
    staff: list[Resource]
    who: Resource | None
    now: datetime
    gone: Resource | None = None
    """Whom they had chosen, who can no longer be booked for it: now it is anybody."""

    @cached_property
    def hint(self) -> tuple[str, str]:
        """The visitor's zone ("" when none was given), and what is wrong with it ("": nothing)."""
        return zone_hint(self.request.GET)

    @cached_property
    def locale(self) -> str:
        return pages.readers_locale(self.request, self.business.locale)

    @property
    def zone(self) -> str:
        """The zone times are shown in: the business's; when nobody travels, the visitor's."""
        online = self.service.mode == "online"
        return (self.hint[0] if online else "") or self.business.time_zone

    @property
    def other(self) -> str:
        hint = self.hint[0]
        if not hint:
            return ""
        return self.business.time_zone if self.zone == hint else hint

    @property
    def who_slug(self) -> str:
        return str(self.who.id) if self.who else ANY

    @cached_property
    def invited(self) -> Invited | None:
        """Whose letter led here: of an enquiry, or an invitation, of this business."""
        lead = leads.by_token(self.request.GET.get("lead", ""))
        if lead is not None and lead.business_id == self.business.id:
            nameless = lead.customer.name == leads.nameless(lead.customer.phone)
            return Invited(people.contact_of(lead.customer), lead.case_id, nameless=nameless)
        case = invited.case_of(self.business.id, self.request.GET.get("for", ""))
        if case is None or case.person is None:
            return None
        return Invited(people.contact_of(case.person), case.subject)

    @cached_property
    def held(self) -> Held | None:
        """The visitor's hold as the address, the form or the cookie names it."""
        given = self.request.POST.get("hold") or self.request.GET.get("hold")
        return tokens.read_hold(given or self.request.COOKIES.get(HOLD_COOKIE, ""))

    def asked(self, **changes: Any) -> times.Asked:
        asked = times.Asked(
            service=self.service,
            staff=[self.who] if self.who else self.staff,
            zone=self.zone,
            locale=self.locale,
            now=self.now,
            other=self.other,
            but=self.held.id if self.held else None,
        )
        return replace(asked, **changes)

    def url(self, name: str, **query: str) -> str:
        """The address of a step with this choice, the visitor's zone kept."""
        arguments = [self.business.slug, self.service.id, self.who_slug]
        return with_query(
            reverse(f"public:{name}", args=arguments), **carried(self.request), **query
        )


def with_query(path: str, **query: str) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path


def keep_zone(request: HttpRequest, name: str, *arguments: object) -> str:
    path = reverse(f"public:{name}", args=list(arguments))
    return with_query(path, **carried(request))


def carried(request: HttpRequest) -> dict[str, str]:
    """What every step hands to the next: the visitor's zone, and the letter they come from."""
    return {name: request.GET.get(name, "") for name in ("tz", "lead", "for")}


def zone_hint(query: QueryDict) -> tuple[str, str]:
    """The zone named in an address, and what is wrong with it. Never silently another one."""
    name = query.get("tz", "").strip()[:64]
    if not name:
        return "", ""
    try:
        return core_time.zone(name).key, ""
    except core_time.UnknownZone:
        near = core_time.similar_zones(name)
        said = (
            _("We do not know the time zone “%(name)s”. Did you mean %(near)s?")
            if near
            else _("We do not know the time zone “%(name)s”. Write one like Asia/Tokyo.")
        )
        return "", said % {"name": name, "near": ", ".join(near)}


def instant(text: str) -> datetime | None:
    """The time an address or a form names; None for what names none, or no whole minute."""
    try:
        at = core_time.parse_instant(text)
    except core_time.NotAnInstant:
        return None
    return at if at == at.replace(second=0, microsecond=0) else None


# Finding what the address names; whatever belongs to another business is not found


def business_of(request: HttpRequest, slug: str) -> Business:
    """The business of a page; from here on it is the visitor's language that is spoken."""
    business = accounts.business_by_slug(slug)
    if business is None:
        raise Http404
    pages.speak(pages.readers_locale(request, business.locale))
    return business


def service_of(business: Business, service_id: UUID) -> tuple[Service, list[Resource]]:
    """A service and who gives it. One that nobody gives cannot be booked."""
    try:
        service = schedule.service(business.id, service_id)
    except Service.DoesNotExist as error:
        raise Http404 from error
    return service, schedule.staff_of(service)


def choice_of(request: HttpRequest, slug: str, service_id: UUID, who: str) -> Choice:
    business = business_of(request, slug)
    service, staff = service_of(business, service_id)
    able = next((each for each in staff if str(each.id) == who), None)
    gone = _gone(business, who) if able is None and who != ANY else None
    return Choice(request, business, service, staff, able, clock.now(), gone)


def _gone(business: Business, who: str) -> Resource:
    """Somebody who left while a visitor was choosing; whoever never was here is not found."""
    try:
        gone = schedule.staff_ever(business.id, UUID(who))
    except ValueError as error:
        raise Http404 from error
    if gone is None:
        raise Http404
    return gone


def without_who(choice: Choice) -> Choice:
    """The choice when the one they wanted has left: anybody who gives the service now."""
    staff = schedule.staff_of(choice.service)
    return replace(choice, staff=staff, who=None, gone=choice.who or choice.gone)


def bookable(business: Business) -> list[Service]:
    return [each for each in schedule.services(business.id) if schedule.staff_of(each)]


def render(
    choice_or_business: Choice | Business,
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    given = choice_or_business
    business = given if isinstance(given, Business) else given.business
    context = {"business": business, **context}
    if isinstance(given, Choice):
        context |= {
            "choice": given,
            "service_name": given.service.name,
            "zone": given.zone,
            "other": given.other,
            "zone_problem": given.hint[1],
        }
    locale = pages.readers_locale(request, business.locale)
    return pages.render(request, template, context, locale=locale, status=status)
