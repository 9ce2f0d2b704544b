"""Setting up businesses, members, keys, sign-in links and policy versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from kept.accounts import queries
from kept.accounts.models import ApiKey, Business, Member, PolicyVersion, SignInLink, User
from kept.core import policy as policies
from kept.core.time import zone as known_zone
from kept.lib.ids import digest, new_token
from kept.lib.text import one_line

KEY_PREFIX = "kept_"
LINK_LIFETIME = timedelta(days=7)


class AccountError(ValueError):
    """An account cannot be made or used like this. The message says what to do."""


@transaction.atomic
def create_business(
    name: str,
    time_zone: str,
    owner_email: str,
    now: datetime,
    *,
    policy: Mapping[str, object] | None = None,
    **details: str,
) -> tuple[Business, User]:
    """A business with its owner and its first policy.

    `details`: more of the fields of Business. Raises UnknownZone, AccountError, PolicyError.
    """
    name, owner_email = one_line(name), _checked_email(owner_email)
    if not 0 < len(name) <= 200:
        raise AccountError("The business needs a name of at most 200 letters.")
    if len(details.get("currency", "EUR")) != 3:
        raise AccountError(f"{details['currency']!r} is not a currency: write one like EUR.")
    first = policies.to_data(policies.changed(policies.Policy(), policy or {}))
    business = _create_with_free_slug(
        name=name,
        time_zone=known_zone(time_zone).key,
        created_at=now,
        **{"email": owner_email, **details},
    )
    PolicyVersion.objects.create(business=business, number=1, data=first, created_at=now)
    owner = add_member(business, owner_email, Member.OWNER)
    return business, owner


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise AccountError(f"{email!r} is not an e-mail address: give one that works.") from error
    return email


def _create_with_free_slug(name: str, **fields: Any) -> Business:
    """The business, with a slug made of its name that is nobody else's.

    Somebody else may take the same one in the same moment; the database says so, and the next
    one is tried. Anything else the database refuses is not about the slug.
    """
    while True:
        slug = _free_slug(name)
        try:
            with transaction.atomic():
                return Business.objects.create(name=name, slug=slug, **fields)
        except IntegrityError:
            if not Business.objects.filter(slug=slug).exists():
                raise


def _free_slug(name: str) -> str:
    base = slugify(name)[:60].strip("-_") or "business"
    taken = set(Business.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))]
    return next(slug for slug in candidates if slug not in taken)


def add_member(business: Business, email: str, role: str) -> User:
    """Make this person a member of the business; they sign in by link until they set a password.

    Who is a member already keeps the role they have. Somebody who has an account through another
    business starts afresh: whoever made that account may hold its password, a link or a session,
    and must not come in here with it. Raises AccountError.
    """
    if role not in dict(Member.ROLES):
        raise AccountError(
            f"{role!r} is not a role: choose one of {', '.join(dict(Member.ROLES))}."
        )
    email = _checked_email(email)
    # Django's user wants a user name of 150 letters; nobody ever sees or types it.
    username = email if len(email) <= 150 else digest(email)
    user, made = User.objects.get_or_create(email=email, defaults={"username": username})
    _, joined = Member.objects.get_or_create(business=business, user=user, defaults={"role": role})
    if made or joined:
        # Without its password an account's sessions are over too: they carry its hash.
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.sign_in_links.all().delete()
    return user


def set_role(business: Business, member_id: int, role: str) -> None:
    """Give a member another role. Raises AccountError when no owner would be left."""
    with transaction.atomic():
        _keep_an_owner(business, member_id, unless=role == Member.OWNER)
        Member.objects.filter(business=business, id=member_id).update(role=role)


def remove_member(business: Business, member_id: int) -> None:
    """This person may no longer act for the business. Raises AccountError for its last owner."""
    with transaction.atomic():
        _keep_an_owner(business, member_id)
        Member.objects.filter(business=business, id=member_id).delete()


def _keep_an_owner(business: Business, member_id: int, *, unless: bool = False) -> None:
    """Two owners who remove each other at the same moment take turns here."""
    Business.objects.select_for_update(no_key=True).get(id=business.id)
    owners = Member.objects.filter(business=business, role=Member.OWNER).exclude(id=member_id)
    if not unless and not owners.exists():
        raise AccountError("A business needs an owner: make somebody else one first.")


def update_business(business: Business, **details: str) -> None:
    """New details (name, e-mail, phone, address, locale, currency). Its zone and slug stay:
    customers were told times and links that depend on them. Raises AccountError."""
    details = {name: one_line(value) for name, value in details.items()}
    if not details.keys() <= EDITABLE:
        raise ValueError(f"not editable: {sorted(details.keys() - EDITABLE)}")
    if not details.get("name", business.name):
        raise AccountError("The business needs a name.")
    if "currency" in details and details["currency"].upper() not in list_currencies():
        raise AccountError(f"{details['currency']!r} is not a currency: write one like EUR.")
    if "currency" in details:
        details["currency"] = details["currency"].upper()
    Business.objects.filter(id=business.id).update(**details)


EDITABLE = frozenset({"name", "email", "phone", "address", "locale", "currency"})


def set_heard(business_id: UUID, heard: bool) -> None:
    """Note that a program outside hears of what happens in a business, or that none does."""
    Business.objects.filter(id=business_id).update(heard=heard)


def new_api_key(business: Business, name: str, now: datetime) -> str:
    """A new bearer key. Its secret is answered once and never again: only its digest is kept.

    Its first letters are kept too, so that two keys of one name can be told apart; too few to help
    anybody who would guess the rest.
    """
    secret = KEY_PREFIX + new_token()
    ApiKey.objects.create(
        business=business,
        name=name,
        digest=digest(secret),
        beginning=secret[: len(KEY_PREFIX) + 4],
        created_at=now,
    )
    return secret


def revoke_api_key(business_id: UUID, key_id: UUID, now: datetime) -> None:
    """The key stops working at once. Revoking twice changes nothing."""
    keys = ApiKey.objects.filter(business_id=business_id, id=key_id, revoked_at=None)
    keys.update(revoked_at=now)


def new_sign_in_link(user: User, real_now: datetime) -> str:
    """The secret of a one-time sign-in link, for the path /sign-in/<secret>."""
    secret = new_token()
    expires = real_now + LINK_LIFETIME
    SignInLink.objects.create(user=user, digest=digest(secret), expires_at=expires)
    return secret


def use_sign_in_link(secret: str, real_now: datetime) -> User | None:
    """Spend the link and answer whose it was; None when it is unknown, expired or spent.

    Of two people who use it at the same moment exactly one gets in.
    """
    link = SignInLink.objects.select_related("user").filter(digest=digest(secret)).first()
    if link is None or not link.user.is_active:
        return None
    live = SignInLink.objects.filter(id=link.id, used_at=None, expires_at__gt=real_now)
    return link.user if live.update(used_at=real_now) == 1 else None


def new_policy_version(
    business: Business, changes: Mapping[str, object], now: datetime, actor: str
) -> PolicyVersion:
    """The policy in force with these changes, as its next version. Raises PolicyError."""
    with transaction.atomic():
        # Two people saving at once must not make the same number: they take turns here. Bookings,
        # which refer to the business, are not made to wait, or each would wait for the other.
        Business.objects.select_for_update(no_key=True).get(id=business.id)
        latest = queries.policy_in_force(business.id)
        data = policies.to_data(policies.changed(policies.from_data(latest.data), changes))
        return PolicyVersion.objects.create(
            business=business,
            number=latest.number + 1,
            data=data,
            created_at=now,
            created_by=actor,
        )
