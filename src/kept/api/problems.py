"""What the API answers when it refuses: RFC 9457 problems, one shape for all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NotRequired

from django.http import HttpRequest, HttpResponse
from typing_extensions import TypedDict

from kept.api.gives import SlotOut

CONTENT_TYPE = "application/problem+json"


class FieldError(TypedDict):
    """One thing that is wrong with the request.

    `pointer` says where: `#/customer/email` in the body (a JSON pointer), `?from` a query
    parameter, `If-Match` a header.
    """

    pointer: str
    detail: str


class ProblemOut(TypedDict):
    """RFC 9457. `code` is for programs and never changes; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldError]
    allowed: NotRequired[list[str]]
    alternatives: NotRequired[list[SlotOut]]
    version: NotRequired[int]


class Problem(Exception):
    """A refusal on its way out. `more` are members of the problem beside the standard ones."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.more = list(errors), dict(headers or {}), more

    def response(self, request: HttpRequest) -> HttpResponse:
        body = {
            "type": f"urn:kept:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
            "code": self.code,
            "errors": self.errors,
            **self.more,
        }
        return HttpResponse(
            json.dumps(body, ensure_ascii=False),
            status=self.status,
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


def not_found(what: str = "There is nothing here.", pointer: str = "") -> Problem:
    """The same for what does not exist and for what belongs to another business."""
    errors = [FieldError(pointer=pointer, detail=what)] if pointer else []
    return Problem(404, "not_found", what, errors=errors)


def invalid(pointer: str, detail: str) -> Problem:
    return invalid_fields([FieldError(pointer=pointer, detail=detail)])


def invalid_fields(errors: list[FieldError]) -> Problem:
    """422: the request can be read, but not done like this."""
    first = f"{errors[0]['pointer']}: {errors[0]['detail']}"
    more = f" ({len(errors) - 1} more below.)" if len(errors) > 1 else ""
    return Problem(422, "invalid", first + more, errors=errors)
