"""Requests that no browser sends and nobody means are refused before anything reads them.

A NUL is a character that a database may not be able to store or compare (PostgreSQL), and that no
keyboard makes. Refused here once, it needs no thought in any page. The API answers for itself.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, UnreadablePostError

from kept.web import large

NUL = "\0"
API = "/api/"


class OnlyReadable:
    """Middleware: 404 for an address that cannot exist, 400 for fields nobody can have typed, 413
    for more than anybody sends by the form of that page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A cookie of ours never holds one (in quotes it is written \000).
        for name in [name for name, value in request.COOKIES.items() if NUL in value]:
            del request.COOKIES[name]
        if not request.path.startswith(API):
            if (refused := large.refusal(request)) is not None:
                return refused
            _check(request)
        return self.get_response(request)


def _check(request: HttpRequest) -> None:
    if NUL in request.path:
        raise Http404
    if _holds_nul(request.GET) or (request.method == "POST" and _holds_nul(_form(request))):
        raise BadRequest("A field holds a character that nobody can type.")


def _form(request: HttpRequest) -> QueryDict:
    try:
        return request.POST
    except UnreadablePostError:
        # The visitor went away while sending: nobody reads the answer, and nothing is wrong here.
        raise BadRequest("The form broke off.") from None


def _holds_nul(fields: QueryDict) -> bool:
    return any(NUL in text for name, values in fields.lists() for text in (name, *values))
