"""Setting up businesses, members, keys, sign-in links and policy versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify

from kept.accounts import queries
from kept.accounts.models import ApiKey, Business, Member, PolicyVersion, SignInLink, User
from kept.core import policy as policies
from kept.core.time import zone as known_zone
from kept.lib.ids import digest, new_token

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
    """A business with its owner and its first policy. Raises UnknownZone, AccountError."""
    name, owner_email = name.strip(), owner_email.strip().lower()
    if not name:
        raise AccountError("The business needs a name.")
    if "@" not in owner_email:
        raise AccountError(f"{owner_email!r} is not an e-mail address: give the owner's.")
    business = Business.objects.create(
        name=name,
        slug=_free_slug(name),
        time_zone=known_zone(time_zone).key,
        created_at=now,
        **{"email": owner_email, **details},
    )
    first = policies.to_data(policies.from_data(policy or {}))
    PolicyVersion.objects.create(business=business, number=1, data=first, created_at=now)
    owner = add_member(business, owner_email, Member.OWNER)
    return business, owner


def _free_slug(name: str) -> str:
    base = slugify(name)[:60] or "business"
    taken = set(Business.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    candidates = [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))]
    return next(slug for slug in candidates if slug not in taken)


def add_member(business: Business, email: str, role: str) -> User:
    """Make this person a member of the business; they sign in by link until they set a password."""
    email = email.strip().lower()
    user, made = User.objects.get_or_create(email=email, defaults={"username": email[:150]})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    Member.objects.get_or_create(business=business, user=user, defaults={"role": role})
    return user


def new_api_key(business: Business, name: str, now: datetime) -> str:
    """A new bearer key. Its secret is answered once and never again: only its digest is kept."""
    secret = KEY_PREFIX + new_token()
    ApiKey.objects.create(business=business, name=name, digest=digest(secret), created_at=now)
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
        # Two people saving at once must not make the same number: they take turns here.
        Business.objects.select_for_update().get(id=business.id)
        latest = queries.policy_in_force(business.id)
        data = policies.to_data(policies.changed(policies.from_data(latest.data), changes))
        return PolicyVersion.objects.create(
            business=business,
            number=latest.number + 1,
            data=data,
            created_at=now,
            created_by=actor,
        )
