"""Businesses (the tenants), their members, their keys and their policy."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from kept.lib.ids import new_id


class User(AbstractUser):
    """A person who signs in, known by e-mail address."""

    email = models.EmailField(unique=True)


class Business(models.Model):
    """The tenant. Every row belongs to one; nothing crosses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64)
    locale = models.CharField(max_length=20, default="en_GB")
    currency = models.CharField(max_length=3, default="EUR")
    email = models.EmailField(help_text="Where the customer's answers go.")
    phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    heard = models.BooleanField(
        default=False, help_text="A program outside hears of what happens (see webhooks)."
    )


class PolicyVersion(models.Model):
    """One version of a business's policy. The highest number is in force; none is ever changed."""

    business = models.ForeignKey(Business, models.PROTECT, related_name="policies")
    number = models.PositiveIntegerField()
    data = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "number"], name="one_policy_per_number")
        ]


class Member(models.Model):
    """A user's role in a business."""

    OWNER, FRONT_DESK, STAFF = "owner", "front_desk", "staff"
    ROLES = [(OWNER, "Owner"), (FRONT_DESK, "Front desk"), (STAFF, "Staff")]

    business = models.ForeignKey(Business, models.PROTECT, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=ROLES)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business", "user"], name="one_membership")]


class SignInLink(models.Model):
    """A one-time link that signs a user in. Only its digest is kept; used once, then spent."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(help_text="Real time.")
    used_at = models.DateTimeField(null=True, blank=True)


class ApiKey(models.Model):
    """A bearer key of one business. Only its digest is kept, and how it begins."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    business = models.ForeignKey(Business, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    beginning = models.CharField(max_length=20, blank=True, help_text="Empty for the oldest keys.")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class KeyUse(models.Model):
    """When a key was last used, to the hour: see `kept.accounts.uses`."""

    key = models.OneToOneField(ApiKey, models.CASCADE, primary_key=True, related_name="use")
    at = models.DateTimeField()
