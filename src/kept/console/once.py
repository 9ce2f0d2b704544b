"""Secrets that are shown once: a new key, a sign-in link.

The form that makes one is answered with a redirect, so that reloading the page makes no second. In
between the secret travels in a signed cookie of the browser it was made in, readable by no script
and only for this user; the page that shows it takes it away. The server never keeps it.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kept.accounts.queries import User

COOKIE = "shown_once"
PATIENCE = 60
"""Seconds from the form to the page that shows it; longer only when the page never came."""


def put(response: HttpResponse, user: User, secret: str) -> HttpResponse:
    """Let the page after this redirect show the secret."""
    response.set_signed_cookie(
        COOKIE,
        secret,
        salt=_salt(user),
        max_age=PATIENCE,
        path="/console/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def waiting(request: HttpRequest, user: User) -> str:
    """The secret this page is to show, or ""."""
    found = request.get_signed_cookie(COOKIE, "", salt=_salt(user), max_age=PATIENCE)
    return str(found or "")


def take(response: HttpResponse) -> HttpResponse:
    """It has been shown: the browser forgets it."""
    response.delete_cookie(COOKIE, path="/console/", samesite="Strict")
    return response


def _salt(user: User) -> str:
    return f"kept.console.once.{user.pk}"
