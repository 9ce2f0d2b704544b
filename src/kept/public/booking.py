"""Booking: service, staff, time, details, check, done. Every step is an address of its own.

Only two things change anything, both by POST: choosing a time holds it for ten minutes, and the
last form books. What the visitor has chosen stands in the address; what they have typed travels in
the form; the hold is named by a signed token in both, and by a cookie so that Back works too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import actions as appointments
from kept.appointments.actions import Booking, CannotBook
from kept.appointments.queries import Appointment
from kept.clock import queries as clock
from kept.core import time as core_time
from kept.core.case import Actor, Role
from kept.lib import i18n
from kept.public import times, tokens
from kept.public.forms import Details
from kept.public.models import Submission
from kept.public.tokens import Held
from kept.schedule import actions as schedule_actions
from kept.schedule import queries as schedule
from kept.schedule.actions import HOLD_FOR
from kept.schedule.queries import Resource, Service
from kept.web import pages

ANY = "any"
HOLD_COOKIE = "kept_hold"
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Choice:
    """What the visitor has chosen so far, as the address says it."""

    request: HttpRequest
    business: Business
    service: Service
    staff: list[Resource]
    who: Resource | None
    now: datetime

    @cached_property
    def hint(self) -> tuple[str, str]:
        """The visitor's zone ("" when none was given), and what is wrong with it ("": nothing)."""
        return zone_hint(self.request.GET)

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
    def held(self) -> Held | None:
        """The visitor's hold as the address, the form or the cookie names it."""
        given = self.request.POST.get("hold") or self.request.GET.get("hold")
        return tokens.read_hold(given or self.request.COOKIES.get(HOLD_COOKIE, ""))

    def asked(self, **changes: Any) -> times.Asked:
        asked = times.Asked(
            service=self.service,
            staff=[self.who] if self.who else self.staff,
            zone=self.zone,
            locale=page_locale(self.business),
            now=self.now,
            other=self.other,
            but=self.held.id if self.held else None,
        )
        return replace(asked, **changes)

    def url(self, name: str, **query: str) -> str:
        """The address of a step with this choice, the visitor's zone kept."""
        arguments = [self.business.slug, self.service.id, self.who_slug]
        kept = {"tz": self.request.GET.get("tz", ""), **query}
        return with_query(reverse(f"public:{name}", args=arguments), **kept)


def with_query(path: str, **query: str) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path


def zone_hint(query: QueryDict) -> tuple[str, str]:
    """The zone named in an address, and what is wrong with it. Never silently another one."""
    name = query.get("tz", "").strip()[:64]
    if not name:
        return "", ""
    try:
        return core_time.zone(name).key, ""
    except core_time.UnknownZone as error:
        return "", str(error)


def page_locale(business: Business) -> str:
    return i18n.text_locale(i18n.known_locale(business.locale, pages.LOCALE))


# Finding what the address names; whatever belongs to another business is not found


def _business(slug: str) -> Business:
    business = accounts.business_by_slug(slug)
    if business is None:
        raise Http404
    return business


def _service(business: Business, service_id: UUID) -> tuple[Service, list[Resource]]:
    """A service and who gives it. One that nobody gives cannot be booked."""
    try:
        service = schedule.service(business.id, service_id)
    except Service.DoesNotExist as error:
        raise Http404 from error
    return service, schedule.staff_of(service)


def _choice(request: HttpRequest, slug: str, service_id: UUID, who: str) -> Choice:
    business = _business(slug)
    service, staff = _service(business, service_id)
    return Choice(request, business, service, staff, _who(who, staff), clock.now())


def _who(who: str, staff: list[Resource]) -> Resource | None:
    if who == ANY:
        return None
    for resource in staff:
        if str(resource.id) == who:
            return resource
    raise Http404


def _bookable(business: Business) -> list[Service]:
    return [each for each in schedule.services(business.id) if schedule.staff_of(each)]


def _render(
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
    return pages.render(request, template, context, locale=business.locale, status=status)


# Choosing


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Where people begin who were given no more than the name of the site."""
    known = accounts.businesses()
    if len(known) == 1:
        return HttpResponseRedirect(reverse("public:services", args=[known[0].slug]))
    return pages.render(request, "public/front.html", {"empty": not known})


@require_safe
def services(request: HttpRequest, slug: str) -> HttpResponse:
    """What can be booked."""
    business = _business(slug)
    offered = _bookable(business)
    if len(offered) == 1:
        return HttpResponseRedirect(_keep_zone(request, "staff", slug, offered[0].id))
    choices = [(each, _keep_zone(request, "staff", slug, each.id)) for each in offered]
    return _render(business, request, "public/services.html", {"choices": choices})


def _keep_zone(request: HttpRequest, name: str, *arguments: object) -> str:
    path = reverse(f"public:{name}", args=list(arguments))
    return with_query(path, tz=request.GET.get("tz", ""))


@require_safe
def staff(request: HttpRequest, slug: str, service_id: UUID) -> HttpResponse:
    """With whom; "any available" first. Skipped where there is only one."""
    business = _business(slug)
    service, able = _service(business, service_id)
    if len(able) < 2:
        only = str(able[0].id) if able else ANY
        return HttpResponseRedirect(_keep_zone(request, "times", slug, service.id, only))
    context = {
        "service": service,
        "service_name": service.name,
        "any_url": _keep_zone(request, "times", slug, service.id, ANY),
        "choices": [
            (each, _keep_zone(request, "times", slug, service.id, each.id)) for each in able
        ],
        "back": _keep_zone(request, "services", slug) if len(_bookable(business)) > 1 else "",
    }
    return _render(business, request, "public/staff.html", context)


@require_safe
def times_page(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """The days with their free times; the first day that has any is open."""
    return _times(_choice(request, slug, service_id, who))


def _times(choice: Choice, problem: str = "", status: int = 200) -> HttpResponse:
    held = choice.held
    mine = _held_start(choice, held) if held else None
    asked = choice.asked(mine=mine)
    listing = day_list(
        asked, choice.request.GET, lambda **query: choice.url("times", **query), problem
    )
    context = {
        **listing,
        "slot_action": choice.url("hold"),
        "slot_method": "post",
        "held_until": _held_until(choice, held) if mine and held else None,
        "hold": tokens.sign_hold(held) if held else "",
        "back": _back_from_times(choice),
        "others": choice.staff if choice.who and len(choice.staff) > 1 else [],
        "any_url": _for_anybody(choice),
    }
    return _render(choice, choice.request, "public/times.html", context, status)


def _for_anybody(choice: Choice) -> str:
    return replace(choice, who=None).url("times")


def _back_from_times(choice: Choice) -> str:
    slug = choice.business.slug
    if len(choice.staff) > 1:
        return _keep_zone(choice.request, "staff", slug, choice.service.id)
    if len(_bookable(choice.business)) > 1:
        return _keep_zone(choice.request, "services", slug)
    return ""


def day_list(asked: times.Asked, query: QueryDict, url: Any, problem: str = "") -> dict[str, Any]:
    """The context of the list of days: which are shown, which is open, where the links lead.

    `url(**query)` gives the address of the same page with another query.
    """
    first, wrong = _first_day(asked, query.get("from", ""))
    shown = times.days(asked, first) if first else []
    opened = _opened(shown, query.get("day", ""))
    after = shown[-1].date if shown else asked.today
    later = times.next_free_day(asked, after + core_time.ONE_DAY) if shown else None
    links = [
        (day, day is opened, url(**{"from": str(first), "day": str(day.date)})) for day in shown
    ]
    return {
        "days": links,
        "nothing_here": bool(shown) and opened is None,
        "nothing_at_all": not shown or (opened is None and later is None),
        "earlier": _earlier(asked, first, url),
        "later": url(**{"from": str(later)}) if later else "",
        "later_day": times.days(asked, later, 1)[0].begin if later else None,
        "problem": problem or wrong,
    }


def _first_day(asked: times.Asked, text: str) -> tuple[date | None, str]:
    """The first day of the list (None: nothing is free at all), and what is wrong with `text`."""
    wrong = ""
    if text:
        try:
            wanted = date.fromisoformat(text)
            return min(max(wanted, asked.today), asked.last_day), ""
        except ValueError:
            wrong = f"{text[:20]!r} is not a date. Here are the next free days."
    return times.next_free_day(asked, asked.today), wrong


def _opened(shown: list[times.Day], text: str) -> times.Day | None:
    """The day asked for, if it has times; else the first that has."""
    free = [day for day in shown if day.starts]
    asked_for = [day for day in free if str(day.date) == text]
    return next(iter(asked_for or free), None)


def _earlier(asked: times.Asked, first: date | None, url: Any) -> str:
    if first is None or first <= asked.today:
        return ""
    before = max(asked.today, first - core_time.ONE_DAY * times.DAYS_SHOWN)
    return str(url(**{"from": str(before)}))


# Holding


def _held_until(choice: Choice, held: Held | None) -> datetime | None:
    claim = schedule.live_hold(held.id, choice.now) if held else None
    return claim.expires_at if claim else None


def _held_start(choice: Choice, held: Held) -> datetime | None:
    """The start the visitor's hold stands for, if it still stands and is for this service."""
    claim = schedule.live_hold(held.id, choice.now)
    if claim is None or held.staff not in {each.id for each in choice.staff}:
        return None
    return schedule.start_of_claim(choice.service, claim)


def _holds(choice: Choice, start: datetime) -> Held | None:
    """The visitor's hold, if it stands for this very time."""
    held = choice.held
    fits = held is not None and _held_start(choice, held) == start
    wanted = held is not None and choice.who in (None, *_named(choice, held))
    return held if fits and wanted else None


def _named(choice: Choice, held: Held) -> list[Resource]:
    return [each for each in choice.staff if each.id == held.staff]


def _take(choice: Choice, start: datetime) -> Held | None:
    """Hold this time for the visitor, in place of what they held before. None: it is taken."""
    hold_id = choice.held.id if choice.held else uuid4()
    for resource in times.who_is_free(choice.asked(), start):
        try:
            schedule_actions.hold(choice.service, resource, start, choice.now, hold_id)
        except schedule_actions.Taken:
            continue
        return Held(hold_id, resource.id)
    return None


@require_POST
def hold(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """Hold a time for ten minutes and go on to the details."""
    choice = _choice(request, slug, service_id, who)
    start = _instant(request.POST.get("start", ""))
    if start is None:
        return _times(choice, "Choose one of the times in the list.", 400)
    held = _holds(choice, start) or _take(choice, start)
    if held is None:
        return _times(choice, _just_taken(choice, start), 409)
    value = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    token = tokens.sign_hold(held)
    answer = HttpResponseRedirect(choice.url("details", start=value, hold=token), status=303)
    return _with_cookie(answer, token)


def _with_cookie(answer: HttpResponse, token: str) -> HttpResponse:
    """The hold in a cookie of its own, so that Back does not show one's own time as taken."""
    answer.set_cookie(
        HOLD_COOKIE, token, max_age=int(HOLD_FOR.total_seconds()), path="/book/",
        httponly=True, samesite="Lax", secure=answer_is_secure(),
    )  # fmt: skip
    return pages.private(answer)


def answer_is_secure() -> bool:
    from django.conf import settings

    return bool(settings.SESSION_COOKIE_SECURE)


def _instant(text: str) -> datetime | None:
    try:
        return core_time.parse_instant(text)
    except core_time.NotAnInstant:
        return None


def _just_taken(choice: Choice, start: datetime) -> str:
    """Why this time cannot be had; by far the most often somebody was faster."""
    said = i18n.format_time(start, choice.zone, page_locale(choice.business))
    asked = choice.asked()
    reasons = {
        schedule.refusal(asked.service, resource, start, asked.now, but=asked.but)
        for resource in asked.staff
    }
    if reasons and not reasons & {None, schedule.Refusal.TAKEN}:
        return f"{said} cannot be booked. Choose another time."
    return f"{said} was just taken. Choose another time."


# Details, check, book


@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, slug: str, service_id: UUID, who: str) -> HttpResponse:
    """Who books: the form, the page to check it on, and the booking itself."""
    choice = _choice(request, slug, service_id, who)
    given = request.POST if request.method == "POST" else request.GET
    start = _instant(given.get("start", ""))
    if start is None:
        return _times(choice, "Choose one of the times in the list.", 400)
    if request.method != "POST":
        return _show_details(choice, start)
    form = Details(request.POST, business=choice.business, time_zone=choice.hint[0])
    form.is_valid()
    steps = {"book": _book, "change": _change}
    return steps.get(request.POST.get("step", ""), _check)(choice, start, form)


def _show_details(choice: Choice, start: datetime) -> HttpResponse:
    held = _holds(choice, start)
    if held is None and not times.who_is_free(choice.asked(), start):
        return _times(choice, _just_taken(choice, start))
    form = Details(business=choice.business)
    return _details(choice, start, form, held, tokens.new_form())


def _details(
    choice: Choice, start: datetime, form: Details, held: Held | None, token: str, status: int = 200
) -> HttpResponse:
    context = _summary(choice, start, held) | {
        "form": form,
        "token": token,
        "problem": bool(form.is_bound and form.errors),
    }
    return _render(choice, choice.request, "public/details.html", context, status)


def _summary(choice: Choice, start: datetime, held: Held | None) -> dict[str, Any]:
    """What is being booked, as the details, the check and the conflict page show it."""
    named = _named(choice, held)[0] if held else choice.who
    return {
        "start": start,
        "start_value": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": start + core_time.ONE_MINUTE * choice.service.duration_minutes,
        "with_whom": named,
        "held_until": _held_until(choice, held),
        "hold": tokens.sign_hold(held) if held else "",
        "change_time": choice.url("times", hold=tokens.sign_hold(held) if held else ""),
        "action": choice.url("details"),
        "place": choice.service.place or choice.business.address,
    }


def _token_of(choice: Choice) -> tuple[str, UUID | None]:
    token = choice.request.POST.get("token", "")
    return token, tokens.form_key(token)


def _change(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    """Back from the check page to the form, with everything as it was typed."""
    token, key = _token_of(choice)
    typed = {name: form.data.get(name, "") for name in form.fields}
    again = Details(initial=typed, business=choice.business)
    held = _holds(choice, start)
    return _details(choice, start, again, held, token if key else tokens.new_form())


def _check(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    """Everything once more before it counts. The time is held (again) while it is read."""
    token, key = _token_of(choice)
    if key is None:
        token = tokens.new_form()
    if form.errors:
        return _details(choice, start, form, _holds(choice, start), token, 422)
    before = _holds(choice, start)
    held = _take(choice, start)
    if held is None:
        return _conflict(choice, start, form, token)
    context = _summary(choice, start, held) | {
        "form": form,
        "token": token,
        "hold_was_over": before is None and "hold" in choice.request.POST,
        "contact": form.contact,
    }
    answer = _render(choice, choice.request, "public/check.html", context)
    return _with_cookie(answer, tokens.sign_hold(held))


def _conflict(choice: Choice, start: datetime, form: Details, token: str) -> HttpResponse:
    """Somebody was faster: what was typed is kept, and the free times nearby are offered."""
    context = _summary(choice, start, None) | {
        "form": form,
        "token": token,
        "problem": _just_taken(choice, start),
        "nearby": times.nearby(choice.asked(), start),
    }
    return _render(choice, choice.request, "public/conflict.html", context, 409)


def _book(choice: Choice, start: datetime, form: Details) -> HttpResponse:
    token, key = _token_of(choice)
    if key is None:
        form.add_error(None, "This page was open for too long. Check it and send it once more.")
        return _details(choice, start, form, _holds(choice, start), tokens.new_form(), 422)
    if form.errors or form.contact is None:
        return _details(choice, start, form, _holds(choice, start), token, 422)
    try:
        booked = _booked_before(key) or _book_once(choice, start, form, key)
    except CannotBook:
        return _conflict(choice, start, form, token)
    return _done(booked)


def _done(booked: Appointment) -> HttpResponse:
    answer = HttpResponseRedirect(reverse("public:appointment", args=[booked.token]), status=303)
    answer.delete_cookie(HOLD_COOKIE, path="/book/")
    return pages.private(answer)


def _booked_before(key: UUID) -> Appointment | None:
    """The appointment this form has already become."""
    found = Submission.objects.select_related("appointment").filter(key=key).first()
    return found.appointment if found else None


def _book_once(choice: Choice, start: datetime, form: Details, key: UUID) -> Appointment:
    """Book; of the same form sent twice at the same moment one books and both get its answer.

    The second one finds the time taken by the first, or its key in use. Raises CannotBook.
    """
    held = _holds(choice, start)
    try:
        if held is not None and choice.who is None:
            try:
                return _make(choice, start, form, key, held.staff, held)
            except CannotBook:
                return _make(choice, start, form, key, None, held)
        return _make(choice, start, form, key, choice.who.id if choice.who else None, held)
    except (CannotBook, IntegrityError):
        booked = _booked_before(key)
        if booked is None:
            raise
        return booked


def _make(
    choice: Choice,
    start: datetime,
    form: Details,
    key: UUID,
    who: UUID | None,
    held: Held | None,
) -> Appointment:
    assert form.contact is not None
    booking = Booking(
        service=choice.service.id,
        start=start,
        contact=form.contact,
        staff=who,
        notes=form.cleaned_data["notes"],
        origin="page",
        hold=held.id if held else None,
    )

    def remember(appointment: Appointment) -> None:
        Submission.objects.create(key=key, appointment=appointment)

    actor = Actor(Role.CUSTOMER, form.contact.name)
    return appointments.book(choice.business, booking, choice.now, actor, alongside=remember)
