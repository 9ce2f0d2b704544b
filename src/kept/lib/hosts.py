"""Answering for our own name only.

Links that we send are built from KEPT_BASE_URL, never from what a visitor calls us; a request
under another name is a proxy or a setting gone wrong, or somebody trying. Django's own answer to
it is a traceback in the log for every request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from kept.lib.logs import has_been_logged
from kept.lib.text import one_line

log = logging.getLogger("kept.web")

MOST_NAMED = 20  # names a process writes into its log: a stranger can think of any number
LONGEST_NAME = 100

WORDS = """\
This is not an address at which Kept answers here.

If you are a customer: please use the link you were sent, or ask the business for its address.

If you run this installation: KEPT_BASE_URL must be the address that people use, and a reverse
proxy must pass the Host header on.
"""


class OurName:
    """Middleware: a request under another name than our own is answered with 400, in words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            _say_once(request.META.get("HTTP_HOST", ""))
            return _refusal()
        return self.get_response(request)


def _refusal() -> HttpResponse:
    answer = HttpResponse(WORDS, status=400, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store, private"
    return has_been_logged(answer)


_named: set[str] = set()
_naming = Lock()


def _say_once(host: str) -> None:
    """One line for each name, and for no more than MOST_NAMED of them."""
    name = one_line(host).rpartition(":")[0] or one_line(host)
    name = name[:LONGEST_NAME]
    with _naming:
        if name in _named or len(_named) >= MOST_NAMED:
            return
        _named.add(name)
        last = len(_named) == MOST_NAMED
    log.warning(
        "Requests for the host %r are answered with 400: KEPT_BASE_URL is %s.%s",
        name,
        settings.BASE_URL,
        " Further hosts are not logged any more." if last else "",
    )


def forget() -> None:
    """Name every host anew (for tests)."""
    _named.clear()
