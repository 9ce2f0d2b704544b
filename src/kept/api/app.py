"""The API as a whole: who may come in, what is refused, and how a refusal reads."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser

from kept import __version__
from kept.api.endpoints import (
    appointments,
    audit,
    availability,
    closures,
    escalations,
    hand_offs,
    health,
    leads,
    messages,
    people,
    reviews,
    services,
    staff,
    webhooks,
)
from kept.api.keys import BearerKey
from kept.api.problems import FieldError, Problem, invalid_fields
from kept.api.shapes import requests_of
from kept.api.wording import sentence
from kept.appointments.actions import Stale
from kept.core.case import NotAllowed
from kept.lib.damaged import Damaged
from kept.lib.logs import has_been_logged
from kept.web import away, damaged

log = logging.getLogger("kept.api")

LARGEST_BODY = 64 * 1024

DESCRIPTION = """\
Book, move, cancel and attend appointments, and see what became of them.

Every request but `GET /health` needs a key: `Authorization: Bearer kept_…`. A key belongs to one
business; what belongs to another one is not found. Instants are RFC 3339 with an offset. Refusals
are RFC 9457 problems. A method an address does not have is answered with 405 and `Allow`.
Browsers of other sites may not call this API: it sends no CORS headers.
"""


class _StrictParser(Parser):
    """JSON as RFC 8259 has it: no NaN, no field given twice."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(
            request.body, parse_constant=_no_constant, object_pairs_hook=_no_duplicates
        )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is given twice")
    return fields


class _API(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the function: they are all different, and read well in client code."""
        return operation.view_func.__name__


api = _API(
    title="Kept",
    version=__version__,
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    auth=BearerKey(),
    parser=_StrictParser(),
    servers=[{"url": "/api/v1"}],
)
for router in (
    services.router,
    staff.router,
    closures.router,
    availability.router,
    appointments.router,
    escalations.router,
    hand_offs.router,
    messages.router,
    people.router,
    reviews.router,
    leads.router,
    audit.router,
    webhooks.router,
    health.router,
):
    api.add_router("", router)


# How a refusal reads


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.response(request)


@api.exception_handler(AuthenticationError)
def _no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    given = "Authorization" in request.headers
    challenge = 'Bearer realm="kept"' + (', error="invalid_token"' if given else "")
    detail = (
        "This key is not known, or it has been revoked."
        if given
        else "Say who is asking: Authorization: Bearer kept_…"
    )
    headers = {"WWW-Authenticate": challenge}
    return Problem(401, "no_key", detail, headers=headers).response(request)


@api.exception_handler(NotAllowed)
def _not_allowed(request: HttpRequest, refused: NotAllowed) -> HttpResponse:
    allowed = requests_of(refused.allowed)
    return Problem(409, "not_allowed", refused.detail, allowed=allowed).response(request)


@api.exception_handler(Stale)
def _stale(request: HttpRequest, stale: Stale) -> HttpResponse:
    headers = {"ETag": f'"{stale.version}"'}
    problem = Problem(412, "stale", str(stale), headers=headers, version=stale.version)
    return problem.response(request)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja's only other refusal: a body that is not JSON."""
    why = error.__cause__ or "it cannot be read"
    if isinstance(why, RecursionError):
        why = "it is nested too deeply"
    return Problem(400, "malformed", f"The body is not JSON: {why}.").response(request)


@api.exception_handler(UnreadablePostError)
def _broken_off(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return Problem(400, "malformed", "The body broke off.").response(request)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return too_large().response(request)


def too_large() -> Problem:
    return Problem(413, "too_large", f"A body may have at most {LARGEST_BODY} bytes.")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid_fields([_field_error(each) for each in error.errors]).response(request)


def _field_error(error: dict[str, Any]) -> FieldError:
    return FieldError(pointer=_pointer(error["loc"]), detail=sentence(error))


def _pointer(location: tuple[str | int, ...]) -> str:
    """`("body", "body", "customer", "email")` is `#/customer/email`; see FieldError."""
    source, *names = location
    if source == "query":
        return f"?{names[0]}"
    steps = [str(name).replace("~", "~0").replace("/", "~1") for name in names[1:]]
    return "#" + "".join(f"/{step}" for step in steps)


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def _busy(request: HttpRequest, error: Exception) -> HttpResponse:
    away.TROUBLE.met(error)
    detail = "The database is busy or away. Nothing was done; send the request again."
    response = Problem(503, "busy", detail, headers={"Retry-After": "2"}).response(request)
    return has_been_logged(response)


@api.exception_handler(Damaged)
def _damaged(request: HttpRequest, error: Damaged) -> HttpResponse:
    damaged.TROUBLE.met(error)
    detail = (
        f"The record of {error.name} is damaged, so nothing can be said or done about it. Whoever "
        "runs this installation sees with `kept check` what is wrong with it."
    )
    response = Problem(503, "damaged", detail, headers={"Retry-After": "3600"}).response(request)
    return has_been_logged(response)


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s failed.", request.method, request.path)
    detail = "Something went wrong here; it has been recorded. Nothing was done."
    return Problem(500, "internal", detail).response(request)
