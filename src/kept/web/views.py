"""What is answered where there is no page. Kept out of caches: an address may be a secret."""

from django.http import HttpRequest, HttpResponse

from kept.web import pages


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return pages.render(request, "400.html", {}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return pages.render(request, "403.html", {}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return pages.render(request, "404.html", {}, status=404)
