"""The addresses below /api/v1, and the door every request to them comes through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path

from kept.api.app import LARGEST_BODY, api, too_large
from kept.api.openapi import openapi, query_names
from kept.api.problems import FieldError, Problem, invalid_fields, not_found

# RFC 7396 has a name of its own for what every PATCH here is.
JSON = {
    "PATCH": ("application/json", "application/merge-patch+json"),
    "": ("application/json",),
}
View = Callable[..., HttpResponseBase]


def door(view: View) -> View:
    """What holds for every address: no body that is too large or not JSON, no parameter that
    nobody reads, HEAD wherever there is GET, OPTIONS, and 405 as a problem."""

    def enter(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        try:
            _check(request)
            response = _known_method(request, view(request, **parts))
            _refuse_unread(request, response)
        except Problem as problem:
            response = problem.response(request)
        return _without_body(response) if head else response

    # There is nothing to forge: no cookie is looked at, and a key is never sent by itself.
    enter.csrf_exempt = True  # type: ignore[attr-defined]
    return enter


def _check(request: HttpRequest) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        raise too_large()
    accepted = JSON.get(str(request.method), JSON[""])
    if int(length) and request.content_type not in accepted:
        detail = f"Send the body as JSON, with Content-Type: {accepted[0]}."
        name = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        raise Problem(415, "not_json", detail, headers={name: ", ".join(accepted)})


def _refuse_unread(request: HttpRequest, response: HttpResponseBase) -> None:
    """A misspelt filter must not be answered with everything; said with all else that is wrong."""
    if request.method != "GET" or not request.GET or response.status_code == 401:
        return
    errors = _unread(request)
    if errors and response.status_code == 422 and isinstance(response, HttpResponse):
        errors += json.loads(response.content)["errors"]
    if errors:
        raise invalid_fields(errors)


def _unread(request: HttpRequest) -> list[FieldError]:
    """The parameters that nobody reads, and those given twice."""
    match = request.resolver_match
    route = re.sub(r"<(\w+)>", r"{\1}", match.route if match else "")
    known = query_names("/" + route.removeprefix("api/v1/"), str(request.method).lower())
    errors = []
    for name, values in request.GET.lists():
        if name not in known:
            errors.append(FieldError(pointer=f"?{name}", detail="There is no such parameter here."))
        elif len(values) > 1:
            errors.append(FieldError(pointer=f"?{name}", detail="Give this parameter once."))
    return errors


def _known_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """405 as a problem; and to OPTIONS, which no view knows, the methods there are."""
    if response.status_code != 405:
        return response
    allow = {method.strip() for method in response.headers["Allow"].split(",")} | {"OPTIONS"}
    allowed = ", ".join(sorted(allow | ({"HEAD"} if "GET" in allow else set())))
    if request.method == "OPTIONS":
        accepts = {"Accept-Patch": ", ".join(JSON["PATCH"])} if "PATCH" in allow else {}
        return HttpResponse(status=204, headers={"Allow": allowed, **accepts})
    detail = f"There is no {request.method} here. There is: {allowed}."
    return Problem(405, "no_such_method", detail, headers={"Allow": allowed}).response(request)


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """The answer to HEAD: the headers of GET, the length of its body included."""
    if isinstance(response, HttpResponse):
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
    return response


def _only_get(view: View) -> View:
    def enter(request: HttpRequest) -> HttpResponseBase:
        return (
            view(request)
            if request.method == "GET"
            else HttpResponse(status=405, headers={"Allow": "GET"})
        )

    return enter


def _nothing_here(request: HttpRequest) -> HttpResponse:
    raise not_found("There is nothing at this address: see /api/v1/openapi.json for what there is.")


def _endpoints() -> list[URLPattern]:
    patterns, _, _ = api.urls
    return [
        path(str(each.pattern), door(each.callback), name=each.name)
        for each in patterns
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]


app_name = "api"
urlpatterns = [
    path("openapi.json", door(_only_get(openapi)), name="openapi"),
    *_endpoints(),
    re_path(r"^.*$", door(_nothing_here)),
]
