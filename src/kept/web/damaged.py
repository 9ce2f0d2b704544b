"""A page about a record that is damaged: 503, with whom to ask, instead of an error of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kept.lib.damaged import Damaged
from kept.lib.logs import has_been_logged
from kept.lib.trouble import Trouble
from kept.web import pages

TROUBLE = Trouble(
    logging.getLogger("kept.web"),
    "A damaged record cannot be shown; `kept check` says what is wrong with it.",
)


class SaidOfTheDamaged:
    """Middleware: answers for a record that a page could not read. Logged once for each."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return page(request, error) if isinstance(error, Damaged) else None


@pages.in_the_readers_language
def page(request: HttpRequest, error: Damaged) -> HttpResponse:
    """What a visitor is told, and beneath it what somebody at the desk needs."""
    TROUBLE.met(error)
    locale = pages.speak(pages.readers_locale(request))
    context = {"damaged": error, "at_work": request.user.is_authenticated}
    response = pages.render(request, "web/damaged.html", context, locale=locale, status=503)
    return has_been_logged(response)
