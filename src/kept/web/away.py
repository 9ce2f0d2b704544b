"""The database is busy, full or away: 503 with a page that keeps what was typed.

Nothing on this page asks the database, so it can be shown without one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template import loader

from kept.lib import i18n
from kept.lib.logs import has_been_logged
from kept.lib.trouble import Trouble, database_away
from kept.web import pages

RETRY_AFTER = 5  # seconds
SECRETS = frozenset({"password", "old", "new", "again", "secret"})
"""Fields that are never written into a page."""

TROUBLE = Trouble(
    logging.getLogger("kept.web"), "The database does not answer; requests are told so with 503."
)


class DatabaseAway:
    """Middleware: answers for the database where it failed a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not TROUBLE.on:
            return self.get_response(request)
        with connections["default"].execute_wrapper(_notice):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return page(request, error) if database_away(error) else None


def _notice(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """While there is trouble: see whether the database answers again."""
    answer = execute(sql, params, many, context)
    TROUBLE.fine()
    return answer


def page(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The page of a request that failed for want of the database. A form can be sent again."""
    TROUBLE.met(error)
    return _page(request)


@pages.in_the_readers_language
def _page(request: HttpRequest) -> HttpResponse:
    locale = pages.speak(pages.readers_locale(request))
    context = {
        "lang": i18n.language_tag(locale),
        "dir": i18n.direction(locale),
        "again": request.get_full_path(),
        "typed": _typed(request) if request.method == "POST" else None,
        "secrets": bool(SECRETS & request.POST.keys()),
        "csrf_token": get_token(request),
    }
    # Without the request: what the other pages take from it (who is signed in, messages) is asked
    # of the database.
    body = loader.get_template("web/away.html").render(context)
    response = HttpResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER)})
    return pages.private(has_been_logged(response))


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and name not in SECRETS
    ]
