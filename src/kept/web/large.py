"""No body is read that is larger than what its address takes: its length is looked at first.

A form with files is written to the disk while it is read, and it is read before anybody has asked
who sends it. So files are taken where a page says so, and there from whoever is signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve

from kept.web import pages
from kept.web.bodies import MOST

MOST_WITH_FILES = 100 * 1024 * 1024
"""Octets. A page that takes files takes fewer, and says in its own words how many."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def takes_files(view: View) -> View:
    """A page with a form that files come with, for people who are signed in."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def refusal(request: HttpRequest) -> HttpResponse | None:
    """413, or the way to sign in, for a body that is not to be read; None where it may be.

    A larger one than `MOST` whose length is not said does not come this far (`bodies.whole`).
    """
    length = _length(request)
    if length <= MOST:
        return None
    if _is_for_files(request):
        if not _is_signed_in(request):
            return redirect_to_login(request.get_full_path())
        if length <= MOST_WITH_FILES:
            return None
    return _too_large(request)


def _length(request: HttpRequest) -> int:
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said[:20]) if said.isdigit() else 0


def _is_for_files(request: HttpRequest) -> bool:
    try:
        return getattr(resolve(request.path_info).func, "takes_files", False)
    except Http404:
        return False


def _is_signed_in(request: HttpRequest) -> bool:
    """The page asks again, and for whom; this is only about reading."""
    session = import_module(settings.SESSION_ENGINE).SessionStore
    return SESSION_KEY in session(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


@pages.in_the_readers_language
def _too_large(request: HttpRequest) -> HttpResponse:
    return pages.render(request, "413.html", {}, locale=pages.readers_locale(request), status=413)
