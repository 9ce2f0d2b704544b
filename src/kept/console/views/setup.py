"""What the owner sets up: services, staff and hours, closures, the policy, keys, members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from kept.accounts import actions as accounts
from kept.accounts import queries as members_of
from kept.accounts.queries import Member, User
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.appointments.queries import Leg
from kept.clock.queries import real_now
from kept.console import forms, once, policies, words
from kept.console.access import Desk, at_desk, sent, show
from kept.core.policy import Policy, PolicyError, from_data, warnings
from kept.core.time import TimeError, local_day
from kept.journeys import reactivation, reputation
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Resource, Service


@at_desk(Member.OWNER)
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """One topic a page, and what of it all is probably not meant."""
    present = _policy_of(desk)
    unready = [*reputation.to_set_up(desk.business), *reactivation.to_set_up(desk.business)]
    found = [*warnings(present), *_doubtful_services(desk, present), *unready]
    context = {
        "warnings": found,
        "booking_url": _booking_url(desk),
        "owners_address": desk.business.email if _is_an_owners(desk) else "",
    }
    return show(request, desk, "console/setup/index.html", context)


def _is_an_owners(desk: Desk) -> bool:
    """The business is reached under an address somebody signs in with, as it is at first."""
    owners = (each for each in members_of.members(desk.business.id) if each.role == Member.OWNER)
    return desk.business.email.lower() in {each.user.email.lower() for each in owners}


def _booking_url(desk: Desk) -> str:
    """Where customers book, as it is written on a web site or a card."""
    return f"{settings.BASE_URL}{reverse('public:services', args=[desk.business.slug])}"


# The business itself


@at_desk(Member.OWNER, posts=True)
def business(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Name, address and how to reach it: what every message carries."""
    names = ("name", "email", "phone", "address", "locale", "currency")
    known = {name: getattr(desk.business, name) for name in names}
    form = forms.Business(sent(request), initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.update_business(desk.business, **form.cleaned_data)
        except accounts.AccountError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. What has been sent already stays as it was.")
            return redirect("console:setup")
    return _form(request, desk, "console/setup/business.html", form)


def _form(
    request: HttpRequest, desk: Desk, template: str, form: Any, **context: object
) -> HttpResponse:
    status = 400 if form.is_bound else 200
    return show(request, desk, template, {"form": form, **context}, status=status)


# Services


@at_desk(Member.OWNER)
def services(request: HttpRequest, desk: Desk) -> HttpResponse:
    found = list(schedule_queries.services(desk.business.id))
    context: dict[str, object] = {
        "services": found,
        "warnings": _doubtful_services(desk, _policy_of(desk)),
    }
    return show(request, desk, "console/setup/services.html", context)


def _staff_choices(desk: Desk) -> list[tuple[str, str]]:
    return [(str(each.id), each.name) for each in schedule_queries.staff(desk.business.id)]


@at_desk(Member.OWNER, posts=True)
def new_service(request: HttpRequest, desk: Desk) -> HttpResponse:
    form = forms.Service(sent(request), staff=_staff_choices(desk), policy=_policy_of(desk))
    if request.method == "POST" and form.is_valid():
        try:
            made = schedule.create_service(desk.business.id, _details(form))
        except schedule.ScheduleError as error:
            form.refuse(error)
        else:
            _say_whether_it_can_be_booked(request, made)
            _warn_of_terms(request, desk, made)
            return redirect("console:services")
    return _form(request, desk, "console/setup/service.html", form)


def _say_whether_it_can_be_booked(request: HttpRequest, made: Service) -> None:
    if schedule_queries.staff_of(made):
        messages.success(request, f"{made.name} can be booked now.")
    else:
        said = f"{made.name} is added. Nobody gives it yet, so it cannot be booked: say who does."
        messages.warning(request, said)


def _warn_of_terms(request: HttpRequest, desk: Desk, saved: Service) -> None:
    """Terms that can be, but are probably not meant."""
    for said in schedule_queries.doubts(saved, _policy_of(desk)):
        messages.warning(request, said)


def _policy_of(desk: Desk) -> Policy:
    return from_data(members_of.policy_in_force(desk.business.id).data)


HOW_IT_FOLLOWS = ("after_", "paths_")
"""How the fields begin that say what follows an outcome."""


def _details(form: forms.Service) -> schedule.ServiceDetails:
    data = dict(form.cleaned_data)
    data["staff"] = [UUID(each) for each in data["staff"]]
    data["hand_offs"] = form.hand_offs()
    data = {name: each for name, each in data.items() if not name.startswith(HOW_IT_FOLLOWS)}
    return schedule.ServiceDetails(**data)


@at_desk(Member.OWNER, posts=True)
def service(request: HttpRequest, desk: Desk, service_id: UUID) -> HttpResponse:
    """Change a service. The booked appointments that keep the old terms are listed."""
    found = schedule_queries.service(desk.business.id, service_id)
    present = _policy_of(desk)
    form = forms.Service(
        sent(request),
        initial=_known_service(found),
        staff=_staff_choices(desk),
        policy=present,
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = schedule.update_service(desk.business.id, found.id, _details(form))
        except schedule.ScheduleError as error:
            form.refuse(error)
        else:
            kept = _keeping_old_terms(saved, desk.now)
            messages.success(request, _saved_service(saved, kept))
            _warn_of_terms(request, desk, saved)
            return redirect("console:service", found.id)
    legs = queries.upcoming_of(found.id, desk.now)
    old = {leg.pk for leg in _keeping_old_terms(found, desk.now)}
    return _form(
        request,
        desk,
        "console/setup/service.html",
        form,
        service=found,
        warnings=schedule_queries.doubts(found, present),
        upcoming=[(leg, leg.pk in old) for leg in legs],
        old=len(old),
    )


def _known_service(service: Service) -> dict[str, object]:
    known: dict[str, object] = {
        name: getattr(service, name)
        for name in schedule.ServiceDetails.__slots__
        if name not in {"staff", "hand_offs"}
    }
    own = forms.known_hand_offs(service.hand_offs)
    staff = [str(each.id) for each in schedule_queries.staff_of(service)]
    lines = "\n".join(map(forms.item_line, service.preparation))
    return {**known, **own, "staff": staff, "preparation": lines}


def _keeping_old_terms(service: Service, now: datetime) -> list[Leg]:
    """The booked appointments whose price or duration is no longer that of the service."""
    price = None if service.price is None else f"{service.price:.2f}"
    return [
        leg
        for leg in queries.upcoming_of(service.id, now)
        if leg.snapshot["duration_minutes"] != service.duration_minutes
        or _money(leg.snapshot["price"]) != price
    ]


def _money(price: object) -> str | None:
    return None if price is None else f"{float(str(price)):.2f}"


def _saved_service(service: Service, kept: Sequence[Leg]) -> str:
    if not kept:
        return f"{service.name} is saved."
    keep = words.many(len(kept), "booked appointment keeps", "booked appointments keep")
    return f"{service.name} is saved. {keep} the price and duration of the booking; see below."


@at_desk(Member.OWNER, posts=True)
def archive_service(request: HttpRequest, desk: Desk, service_id: UUID) -> HttpResponse:
    """It can no longer be booked; what is booked stays, and is listed first."""
    found = schedule_queries.service(desk.business.id, service_id)
    if request.method == "POST":
        schedule.archive_service(desk.business.id, found.id, desk.now)
        messages.success(request, f"{found.name} can no longer be booked.")
        return redirect("console:services")
    upcoming = queries.upcoming_of(found.id, desk.now)
    context: dict[str, object] = {"service": found, "upcoming": upcoming}
    return show(request, desk, "console/setup/archive_service.html", context)


# Staff and their hours


@at_desk(Member.OWNER)
def staff(request: HttpRequest, desk: Desk) -> HttpResponse:
    found = [(each, _week(each)) for each in schedule_queries.staff(desk.business.id)]
    return show(request, desk, "console/setup/staff.html", {"staff": found})


def _week(resource: Resource) -> list[tuple[str, str]]:
    """The weekly hours in words, by weekday."""
    spans: dict[int, list[str]] = {}
    for row in schedule_queries.hours_rows(resource):
        spans.setdefault(row.weekday, []).append(f"{row.start:%H:%M}–{row.end:%H:%M}")
    return [
        (said, ", ".join(spans[day])) for day, said in enumerate(forms.WEEKDAYS) if day in spans
    ]


@at_desk(Member.OWNER, posts=True)
def new_staff(request: HttpRequest, desk: Desk) -> HttpResponse:
    begin: dict[str, object] = {"time_zone": desk.business.time_zone}
    form = forms.Staff(sent(request), initial=begin)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = schedule.create_staff(
                desk.business.id, data["name"], data["email"], data["time_zone"], form.hours()
            )
        except (schedule.ScheduleError, TimeError) as error:
            _refuse_hours(form, error)
        else:
            messages.success(
                request, f"{made.name} is added. Say at each service whether they give it."
            )
            return redirect("console:staff")
    return _form(request, desk, "console/setup/staff_member.html", form)


def _refuse_hours(form: forms.Staff, error: Exception) -> None:
    field = getattr(error, "field", "time_zone")
    form.add_error(field if field in form.fields else None, str(error))


@at_desk(Member.OWNER, posts=True)
def staff_member(request: HttpRequest, desk: Desk, resource_id: UUID) -> HttpResponse:
    """Name, zone and hours. Booked appointments outside the new hours are named; they stay."""
    found = schedule_queries.staff_member(desk.business.id, resource_id)
    form = forms.Staff(sent(request), initial=_known_staff(found))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            schedule.update_staff(found, data["name"], data["email"])
            schedule.set_hours(found, data["time_zone"], form.hours())
        except (schedule.ScheduleError, TimeError) as error:
            _refuse_hours(form, error)
        else:
            messages.success(request, f"Saved. {_outside_words(desk, found.id)}")
            return redirect("console:staff_member", found.id)
    outside = outside_hours(desk, found)
    return _form(
        request, desk, "console/setup/staff_member.html", form, member=found, outside=outside
    )


def outside_hours(desk: Desk, resource: Resource) -> list[Leg]:
    """The booked appointments to come of this person that lie outside the present hours."""
    legs = queries.upcoming_with(resource.id, desk.now)
    return [leg for leg in legs if not schedule_queries.is_open(resource, leg.start, leg.end)]


def _outside_words(desk: Desk, resource_id: UUID) -> str:
    found = outside_hours(desk, schedule_queries.staff_member(desk.business.id, resource_id))
    if not found:
        return "Every booked appointment fits the hours."
    lie = words.many(len(found), "booked appointment lies", "booked appointments lie")
    return f"{lie} outside these hours; nothing of what is booked changes. See below."


def _known_staff(resource: Resource) -> dict[str, object]:
    known: dict[str, object] = {
        "name": resource.name,
        "email": resource.email,
        "time_zone": resource.time_zone,
    }
    count = [0] * 7
    for row in schedule_queries.hours_rows(resource):
        span, count[row.weekday] = count[row.weekday], count[row.weekday] + 1
        known[f"from_{row.weekday}_{span}"] = row.start
        known[f"to_{row.weekday}_{span}"] = row.end
    return known


@at_desk(Member.OWNER, posts=True)
def retire_staff(request: HttpRequest, desk: Desk, resource_id: UUID) -> HttpResponse:
    """They can no longer be booked. Done only once it was seen which appointments lose them."""
    found = schedule_queries.staff_member(desk.business.id, resource_id)
    affected = appointments.booked_with(found, desk.now)
    if request.method != "POST" or request.POST.get("seen") != _seen(affected):
        context: dict[str, object] = {
            "member": found,
            "affected": affected,
            "seen": _seen(affected),
            "changed": request.method == "POST",
        }
        return show(request, desk, "console/setup/retire_staff.html", context)
    escalated = appointments.retire_staff(desk.business, found.id, desk.now, desk.actor)
    messages.success(request, f"{found.name} can no longer be booked. {_stay_booked(escalated)}")
    return redirect("console:staff")


def _stay_booked(escalated: Sequence[Leg]) -> str:
    if not escalated:
        return "No appointment is affected."
    stay = words.many(len(escalated), "appointment stays", "appointments stay")
    return f"{stay} booked, for a person to see to; nothing was cancelled."


# Closures


@at_desk(Member.OWNER)
def closures(request: HttpRequest, desk: Desk) -> HttpResponse:
    found = list(schedule_queries.closures(desk.business.id, desk.now))
    return show(request, desk, "console/setup/closures.html", {"closures": found})


@at_desk(Member.OWNER, posts=True)
def new_closure(request: HttpRequest, desk: Desk) -> HttpResponse:
    """First shows which booked appointments it touches; saves only when that was seen."""
    present = local_day(desk.now, desk.zone)
    begin: dict[str, object] = {"first_day": present, "last_day": present + timedelta(days=1)}
    form = forms.Closure(
        sent(request),
        initial={**begin, "last_at": time.min},
        staff=_staff_choices(desk),
    )
    if request.method != "POST" or not form.is_valid():
        return _form(request, desk, "console/setup/new_closure.html", form)
    span = form.span(desk.zone)
    if span is None:
        return _form(request, desk, "console/setup/new_closure.html", form)
    who = _who(desk, form.cleaned_data["staff"])
    affected = appointments.affected_by(desk.business, who, *span)
    if request.POST.get("seen") != _seen(affected):
        context: dict[str, object] = {
            "form": form,
            "affected": affected,
            "seen": _seen(affected),
            "who": who,
            "begin": span[0],
            "end": span[1],
            "changed": "seen" in request.POST,
        }
        return show(request, desk, "console/setup/closure_affects.html", context)
    reason = form.cleaned_data["reason"]
    escalated = appointments.close(desk.business, who, *span, reason, desk.now, desk.actor)
    messages.success(request, _closed(escalated))
    return redirect("console:closures")


def _seen(affected: Sequence[Leg]) -> str:
    """What was on the page that was looked at: another booking meanwhile makes it another."""
    return ",".join(sorted(f"{leg.pk.hex}" for leg in affected)) or "none"


def _closed(escalated: Sequence[Leg]) -> str:
    return f"The closure is saved. {_stay_booked(escalated)}"


def _who(desk: Desk, staff: str) -> Resource | None:
    return schedule_queries.staff_member(desk.business.id, UUID(staff)) if staff else None


@at_desk(Member.OWNER, posts=True)
def lift_closure(request: HttpRequest, desk: Desk, closure_id: UUID) -> HttpResponse:
    """End a closure early: what it kept shut can be booked again."""
    found = schedule_queries.closure(desk.business.id, closure_id)
    if request.method == "POST":
        restored = appointments.lift_closure(desk.business, found.id, desk.now, desk.actor)
        messages.success(request, _lifted(restored))
        return redirect("console:closures")
    return show(request, desk, "console/setup/lift_closure.html", {"closure": found})


def _lifted(restored: Sequence[Leg]) -> str:
    if not restored:
        return "The closure is lifted; the time can be booked again."
    who = words.many(len(restored), "appointment", "appointments")
    return (
        f"The closure is lifted; the time can be booked again. {who} in it can take place after "
        "all."
    )


# Policy


def _doubtful_services(desk: Desk, present: Policy) -> list[str]:
    found = schedule_queries.services(desk.business.id)
    return [said for each in found for said in schedule_queries.doubts(each, present)]


@at_desk(Member.OWNER, posts=True)
def policy(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every field of the policy. A change is a new version, for what is still open too.

    What it would do to what is planned is shown first; it is saved only when that was seen.
    """
    in_force = members_of.policy_in_force(desk.business.id)
    present = from_data(in_force.data)
    filled_in = request.method != "POST" and policies.named(request.GET)
    form = (
        policies.proposed(request.GET, present)
        if filled_in
        else policies.PolicyForm(sent(request), initial=policies.initial(present))
    )
    if request.method == "POST" and form.is_valid() and "again" not in request.POST:
        changes = policies.changes(form, present)
        if not changes:
            messages.info(request, "Nothing was changed, so there is no new version.")
            return redirect("console:policy")
        try:
            return _ask_or_save(request, desk, form, changes, in_force.number)
        except PolicyError as error:
            policies.refuse(form, error)
    context: dict[str, object] = {
        "form": form,
        "proposed": policies.described(form) if filled_in and form.is_valid() else [],
        "version": in_force,
        "versions": members_of.policy_versions(desk.business.id),
        "warnings": [*warnings(present), *_doubtful_services(desk, present)],
    }
    status = 400 if form.errors else 200
    return show(request, desk, "console/setup/policy.html", context, status=status)


def _ask_or_save(
    request: HttpRequest,
    desk: Desk,
    form: policies.PolicyForm,
    changes: dict[str, object],
    number: int,
) -> HttpResponse:
    """Save what was seen; else show what it would do. Raises PolicyError."""
    then, effect = queries.policy_effect(desk.business.id, changes, desk.now)
    seen = policies.seen(number, effect)
    if request.POST.get("seen") != seen:
        context: dict[str, object] = {
            "form": form,
            "changes": policies.described(form),
            "effect": effect,
            "numbers": policies.effects(effect),
            "why": list(effect.why.items()),
            "warnings": [*warnings(then), *_doubtful_services(desk, then)],
            "seen": seen,
            "changed": "seen" in request.POST,
        }
        return show(request, desk, "console/setup/policy_effect.html", context)
    appointments.change_policy(desk.business, changes, desk.now, desk.actor)
    messages.success(request, _planned_anew(effect))
    return redirect("console:policy")


def _planned_anew(effect: queries.PolicyEffect) -> str:
    """The figures that were looked at before it was saved, and no others."""
    said = "; ".join(
        f"{each.words}, in {words.many(each.count, 'appointment', 'appointments')}"
        for each in policies.effects(effect)
    )
    return f"Saved as a new version. {said or 'Nothing that is planned changes'}."


# Keys


@at_desk(Member.OWNER, posts=True)
def keys(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The keys of the API. A new one is shown once, on the page after its making."""
    form = forms.Key(sent(request))
    if request.method == "POST" and form.is_valid():
        secret = accounts.new_api_key(desk.business, form.cleaned_data["name"], desk.now)
        return once.put(redirect("console:keys"), desk.user, secret)
    found = members_of.api_keys(desk.business.id)
    return _showing_once(request, desk, "console/setup/keys.html", form, keys=found)


def _showing_once(
    request: HttpRequest, desk: Desk, template: str, form: Any, **context: object
) -> HttpResponse:
    """A page with the secret the form before it made, if it did; reloaded, without."""
    secret = once.waiting(request, desk.user)
    page = _form(request, desk, template, form, secret=secret, **context)
    return once.take(page) if secret else page


@at_desk(Member.OWNER, posts=True)
def revoke_key(request: HttpRequest, desk: Desk, key_id: UUID) -> HttpResponse:
    found = members_of.api_key(desk.business.id, key_id)
    if request.method == "POST":
        accounts.revoke_api_key(desk.business.id, found.id, desk.now)
        messages.success(request, f"The key “{found.name}” no longer works.")
        return redirect("console:keys")
    return show(request, desk, "console/setup/revoke_key.html", {"key": found})


# Members


@at_desk(Member.OWNER, posts=True)
def members(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Who may act for the business. A new member's sign-in link is shown once."""
    form = forms.NewMember(sent(request))
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        if members_of.user_by_email(email) is not None:
            form.add_error("email", ALREADY_KNOWN)
        else:
            user = accounts.add_member(desk.business, email, role)
            return _with_link(redirect("console:members"), desk, user)
    return _showing_once(
        request,
        desk,
        "console/setup/members.html",
        form,
        members=members_of.members(desk.business.id),
    )


def _with_link(response: HttpResponse, desk: Desk, user: User) -> HttpResponse:
    """The page after this redirect shows a new sign-in link of this user."""
    return once.put(response, desk.user, sign_in_url(accounts.new_sign_in_link(user, real_now())))


# A link made by one business must not open an account that also belongs to another one.
ALREADY_KNOWN = (
    "Somebody with this address has an account on this installation already. "
    "Whoever runs the installation can make them a member here, with `kept member`."
)


def sign_in_url(secret: str) -> str:
    return settings.BASE_URL + reverse("console:by_link", args=[secret])


@at_desk(Member.OWNER, posts=True)
def member(request: HttpRequest, desk: Desk, member_id: int) -> HttpResponse:
    """Another role, a new sign-in link, or no longer a member."""
    found = members_of.member(desk.business.id, member_id)
    problem = ""
    alone = len(members_of.memberships(found.user)) == 1
    if request.method == "POST" and request.POST.get("do") == "link" and alone:
        return _with_link(redirect("console:member", found.id), desk, found.user)
    if request.method == "POST":
        try:
            messages.success(request, _change_member(request, desk, found))
            return redirect("console:members")
        except accounts.AccountError as error:
            problem = str(error)
    secret = once.waiting(request, desk.user)
    context: dict[str, object] = {
        "member": found,
        "roles": Member.ROLES,
        "secret": secret,
        "problem": problem,
        "alone": alone,
    }
    status = 409 if problem else 200
    page = show(request, desk, "console/setup/member.html", context, status=status)
    return once.take(page) if secret else page


def _change_member(request: HttpRequest, desk: Desk, found: Member) -> str:
    """What was done, in a sentence. Raises AccountError."""
    doing = request.POST.get("do", "")
    if doing == "remove":
        accounts.remove_member(desk.business, found.id)
        return f"{found.user.email} is no longer a member."
    role = request.POST.get("role", "")
    if doing != "role" or role not in dict(Member.ROLES):
        raise accounts.AccountError("Choose what to change.")
    accounts.set_role(desk.business, found.id, role)
    return f"{found.user.email} is now: {dict(Member.ROLES)[role].lower()}."
