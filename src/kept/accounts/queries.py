"""Who a business is, who may act for it, and which policy is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kept.accounts.models import ApiKey as ApiKey
from kept.accounts.models import Business as Business
from kept.accounts.models import KeyUse as KeyUse
from kept.accounts.models import Member as Member
from kept.accounts.models import PolicyVersion as PolicyVersion
from kept.accounts.models import User as User
from kept.core.policy import Policy, from_data
from kept.lib.ids import digest
from kept.lib.ready import Ready


def business(business_id: UUID) -> Business:
    """The business of this id. Raises Business.DoesNotExist."""
    return Business.objects.get(id=business_id)


def lock(business_id: UUID) -> Business:
    """The business, locked until the end of the transaction: for what must come one by one."""
    return Business.objects.select_for_update(no_key=True).get(id=business_id)


def business_by_slug(slug: str) -> Business | None:
    return Business.objects.filter(slug=slug).first()


def business_if_any(business_id: str) -> Business | None:
    """The business of this id; None too for what is no id."""
    try:
        return Business.objects.filter(id=UUID(business_id)).first()
    except ValueError:
        return None


def businesses() -> list[Business]:
    return list(Business.objects.order_by("name", "id"))


def membership(user: User, slug: str | None = None) -> Member | None:
    """The user's membership in the business of that slug (or their first one), or None."""
    members = Member.objects.select_related("business").filter(user=user, user__is_active=True)
    if slug is not None:
        members = members.filter(business__slug=slug)
    return members.order_by("id").first()


def memberships(user: User) -> list[Member]:
    """Every business this user may act for."""
    found = Member.objects.select_related("business").filter(user=user, user__is_active=True)
    return list(found.order_by("business__name"))


def policy_version(policy_id: int) -> Policy:
    """The policy of one version. Raises PolicyVersion.DoesNotExist."""
    return from_data(PolicyVersion.objects.get(id=policy_id).data)


def policy_in_force(business_id: UUID) -> PolicyVersion:
    """The newest version of a business's policy."""
    return _newest_policy.one(business=business_id)


def newest_policy(business: Any) -> QuerySet[PolicyVersion]:
    """`policy_in_force` as a queryset, for whoever reads it along with something else."""
    return PolicyVersion.objects.filter(business=business).order_by("-number")[:1]


_newest_policy = Ready(newest_policy)


def key_holder(secret: str) -> ApiKey | None:
    """The live API key of this secret with its business, or None."""
    return next(iter(_live_keys(digest=digest(secret))), None)


_live_keys = Ready(
    lambda digest: ApiKey.objects.select_related("business", "use").filter(
        digest=digest, revoked_at=None
    )
)


def last_use(key: ApiKey) -> datetime | None:
    """When a key was last used, to the hour; None: never."""
    use: KeyUse | None = getattr(key, "use", None)
    return use.at if use is not None else None


def user_by_email(email: str) -> User | None:
    """The user of this address, however it is written, or None."""
    return User.objects.filter(email__iexact=email.strip()).first()


def members(business_id: UUID) -> list[Member]:
    """Everybody who may act for a business, by e-mail address."""
    found = Member.objects.select_related("user").filter(business_id=business_id)
    return list(found.order_by("user__email"))


def member(business_id: UUID, member_id: int) -> Member:
    """Raises Member.DoesNotExist, also for one of another business."""
    return Member.objects.select_related("user").get(business_id=business_id, id=member_id)


def api_keys(business_id: UUID) -> list[ApiKey]:
    """The keys of a business, the newest first, revoked ones too."""
    found = ApiKey.objects.filter(business_id=business_id).select_related("use")
    return list(found.order_by("-created_at", "-id"))


def api_key(business_id: UUID, key_id: UUID) -> ApiKey:
    """Raises ApiKey.DoesNotExist, also for one of another business."""
    return ApiKey.objects.get(business_id=business_id, id=key_id)


def policies_since(business_id: UUID) -> list[tuple[datetime, Policy]]:
    """Every policy a business has had, the first first, and since when each was in force."""
    found = PolicyVersion.objects.filter(business_id=business_id).order_by("number")
    return [(each.created_at, from_data(each.data)) for each in found]


def policy_versions(business_id: UUID, limit: int = 20) -> list[PolicyVersion]:
    """The versions of a policy, the newest first."""
    found = PolicyVersion.objects.filter(business_id=business_id)
    return list(found.order_by("-number")[:limit])
