"""What is answered where there is no page. Kept out of caches: an address may be a secret."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from kept.lib.trouble import database_away
from kept.web import away, pages


@pages.in_the_readers_language
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "400.html", 400)


@pages.in_the_readers_language
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "403.html", 403)


@pages.in_the_readers_language
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "404.html", 404)


def broken(request: HttpRequest) -> HttpResponse:
    """An error of ours; or the database's, met outside of a page (in a session, for instance)."""
    error = sys.exc_info()[1]
    if error is not None and database_away(error):
        return away.page(request, error)
    return server_error(request)


def _answer(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return pages.render(request, template, {}, locale=pages.readers_locale(request), status=status)
