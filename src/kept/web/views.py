"""What is answered where there is no page. Kept out of caches: an address may be a secret."""

from django.http import HttpRequest, HttpResponse

from kept.web import pages


@pages.in_the_readers_language
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "400.html", 400)


@pages.in_the_readers_language
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "403.html", 403)


@pages.in_the_readers_language
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "404.html", 404)


def _answer(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return pages.render(request, template, {}, locale=pages.readers_locale(request), status=status)
