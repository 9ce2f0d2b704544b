"""Setting up a business, its keys, its sign-in links and its policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from kept.accounts import actions as accounts
from kept.accounts import queries
from kept.accounts.queries import Business, User
from kept.appointments import actions as appointments
from kept.cli import house, out, sample, standing
from kept.cli.kinds import as_written
from kept.cli.problems import Misused, Refused
from kept.cli.serving import check_clock, start_clock
from kept.clock import queries as clock
from kept.core import policy as policies
from kept.core.case import Actor, Role
from kept.core.time import zone as known_zone
from kept.schedule import queries as schedule

FIRST_KEY = "first key"


def set_up(
    name: str,
    time_zone: str,
    owner: str,
    *,
    at: datetime | None,
    with_sample: bool,
    another: bool,
    as_json: bool,
) -> None:
    """Create a business; print its first key and its owner's sign-in link, once.

    Raises Refused where there is a business already, unless `another` is asked for.
    """
    # Everything that can be wrong is looked at before anything is written.
    known_zone(time_zone)
    email = _checked_email(owner)
    check_clock(at, None)
    house.migrate()
    with transaction.atomic():
        start_clock(at, None)
        if not another:
            _refuse_a_second()
        now = clock.now()
        business, user = accounts.create_business(name, time_zone, email, now)
        if with_sample:
            sample.furnish(business)
        key = accounts.new_api_key(business, FIRST_KEY, now)
        link = sign_in_url(user)
    answer = {"business": _described(business), "api_key": key, "sign_in_url": link}
    if as_json:
        out.data(answer)
    else:
        _tell(business, key, link)


def _refuse_a_second() -> None:
    if queries.businesses():
        raise Refused(
            f"There is a business here already: {_slugs()}. `kept sign-in EMAIL` makes a new link "
            "and `kept key` a new key for it; `kept setup --another` makes a further business."
        )


def _checked_email(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError:
        raise Misused(
            f"--owner is {email!r}, which is not an e-mail address: write owner@example.com."
        ) from None
    return email.strip()


def _described(business: Business) -> dict[str, str]:
    return {
        "id": str(business.id),
        "name": business.name,
        "slug": business.slug,
        "time_zone": business.time_zone,
        "booking_url": booking_url(business),
    }


def _tell(business: Business, key: str, link: str) -> None:
    out.line(f"{business.name} is set up (slug: {business.slug}, {business.time_zone}).")
    out.line(f"API key:  {key}")
    out.line(f"Sign in:  {link}")
    out.line(f"Booking:  {booking_url(business)}")
    out.note("The key is shown this once; the link works once, within 7 days.")
    if mail := standing.about_mail():
        out.note(f"Note: {mail}")
    out.note("Next: run `kept serve`, then open the link.")


def sign_in_url(user: User) -> str:
    """A new one-time sign-in link."""
    secret = accounts.new_sign_in_link(user, clock.real_now())
    # Written out here, like the next: to reverse it would load every page of the web.
    return f"{settings.BASE_URL}/sign-in/{secret}"


def booking_url(business: Business) -> str:
    """Where customers book."""
    return f"{settings.BASE_URL}/book/{business.slug}/"


def new_link(email: str, *, as_json: bool) -> None:
    """Print a new one-time sign-in link for somebody who is a member already."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise Refused(f"Nobody here signs in as {email!r}.")
    link = sign_in_url(user)
    if as_json:
        out.data({"sign_in_url": link})
    else:
        out.line(link)
        out.note("It works once, within 7 days.")


def add_member(slug: str | None, email: str, role: str, *, as_json: bool) -> None:
    """Make this person a member in this role; print a sign-in link for an account that is new."""
    business = the_business(slug)
    known = queries.user_by_email(email) is not None
    with transaction.atomic():
        user = accounts.add_member(business, email, role)
        # Who was a member already has kept the role they had.
        for each in queries.members(business.id):
            if each.user_id == user.pk and each.role != role:
                accounts.set_role(business, each.pk, role)
    # Somebody with an account signs in as before: a link would open their other businesses too.
    link = "" if known else sign_in_url(user)
    if as_json:
        answer = {"business": business.slug, "email": user.email, "role": role}
        out.data({**answer, **({"sign_in_url": link} if link else {})})
        return
    out.line(f"{user.email} acts for {business.name} now, as {role.replace('_', ' ')}.")
    if link:
        out.line(f"Sign in:  {link}")
        out.note("It works once, within 7 days.")
    else:
        out.note("They have an account here and sign in as before; `kept sign-in` makes a link.")


def new_key(slug: str | None, name: str, *, as_json: bool) -> None:
    """Print a further API key of a business, once."""
    business = the_business(slug)
    key = accounts.new_api_key(business, name, clock.now())
    if as_json:
        out.data({"business": _described(business), "api_key": key})
    else:
        out.line(key)
        out.note(f"A key of {business.name}. It is shown this once.")


def the_business(slug: str | None) -> Business:
    """The business of this slug, or the only one there is. Raises Refused, Misused."""
    if slug is not None:
        found = queries.business_by_slug(slug)
        if found is None:
            raise Refused(f"There is no business {slug!r}; there are: {_slugs()}.")
        return found
    every = queries.businesses()
    if len(every) == 1:
        return every[0]
    if not every:
        raise Refused("There is no business yet: make one with `kept setup`.")
    raise Misused(f"There are several businesses; choose one with --business: {_slugs()}.")


def _slugs() -> str:
    return ", ".join(business.slug for business in queries.businesses()) or "none"


# Policy


def policy(slug: str | None, changes: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    """Show the policy in force; with changes, put them in force first."""
    business = the_business(slug)
    planned = None
    if changes:
        data = {name: as_written(text) for name, text in changes}
        actor = Actor(Role.STAFF, "kept policy")
        planned = appointments.change_policy(business, data, clock.now(), actor)
    version = queries.policy_in_force(business.id)
    warnings = _warnings(business, policies.from_data(version.data))
    if as_json:
        out.data(
            {
                "business": business.slug,
                "version": version.number,
                "policy": version.data,
                "warnings": warnings,
                **({} if planned is None else {"planned_anew": planned}),
            }
        )
        return
    _show_policy(business, version.number, version.data, warnings, planned)


def _warnings(business: Business, present: policies.Policy) -> list[str]:
    """What is doubtful about the policy, and about services with terms of their own under it."""
    own = (schedule.doubts(each, present) for each in schedule.services(business.id))
    return policies.warnings(present) + [said for each in own for said in each]


def _show_policy(
    business: Business,
    number: int,
    data: dict[str, object],
    warnings: Sequence[str],
    planned: int | None,
) -> None:
    out.line(f"{business.name}, policy version {number}")
    for name, value in data.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        out.line(f"  {name:<22} {shown}")
    for warning in warnings:
        out.note(f"Note: {warning}")
    if planned is not None:
        noun = "appointment was" if planned == 1 else "appointments were"
        out.note(f"{planned} {noun} planned anew.")
