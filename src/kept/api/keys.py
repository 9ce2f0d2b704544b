"""Who is asking: bearer keys, one business each. Cookies are never looked at."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from kept.accounts import queries as accounts
from kept.accounts.queries import ApiKey, Business
from kept.accounts.uses import key_used
from kept.clock import queries as clock
from kept.core.case import Actor, Role


class BearerKey(HttpBearer):
    """`Authorization: Bearer kept_…`."""

    openapi_description = "A key of one business, as `kept setup` prints it once."

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        found = accounts.key_holder(token.strip())
        if found is not None:
            key_used(found, clock.now())
        return found


def key_of(request: HttpRequest) -> ApiKey:
    return cast(ApiKey, request.auth)  # type: ignore[attr-defined]


def business_of(request: HttpRequest) -> Business:
    return key_of(request).business


def actor_of(request: HttpRequest) -> Actor:
    return Actor(Role.INTEGRATION, key_of(request).name)
