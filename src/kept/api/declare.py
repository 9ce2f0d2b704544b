"""What an endpoint declares about itself: everything the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from kept.api import problems
from kept.api.answers import CONTENT_TYPE

# Every request can meet these. 400: it cannot be read; 422: it can be read but not be done so.
ALWAYS = (400, 401, 413, 422, 500, 503)

HEADERS = {
    "ETag": "What you have seen, for If-Match and If-None-Match.",
    "Location": "The address of what was made.",
    "Link": 'The next page: <address>; rel="next".',
    "Idempotency-Replayed": "`true` when this is the answer to an earlier, equal request.",
    "WWW-Authenticate": "How to say who is asking.",
    "Allow": "The methods there are here.",
    "Retry-After": "Seconds to wait before the request is sent again.",
}

CODES = {
    400: "malformed",
    401: "no_key",
    404: "not_found",
    409: "not_allowed",
    412: "stale",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    500: "internal",
    503: "busy",
}
REFUSAL_HEADERS = {401: "WWW-Authenticate", 412: "ETag", 503: "Retry-After"}

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "Any text of your own, such as a UUID. A repeat of the same request with the same key "
        "within 24 hours is not done again: it gets the same answer."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "8f14e45f-ceea-467f-a0e6-6f2b3c1d9a10",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": (
        "The ETag you have seen. When something has happened since: 412, and nothing is done."
    ),
    "schema": {"type": "string"},
    "example": '"7-6f2b3c1d9a10"',
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag you have. When it is still the present one: 304, without a body.",
    "schema": {"type": "string"},
    "example": '"7-6f2b3c1d9a10"',
}


def reads(gives: Any, *refuses: int, etag: bool = False) -> dict[str, Any]:
    """The arguments of `@router.get` for an endpoint that answers `gives`."""
    headers = {200: ["ETag"], 304: ["ETag"]} if etag else {}
    responses: dict[int, Any] = {200: gives, **({304: None} if etag else {})}
    return _operation(responses, refuses, headers, [IF_NONE_MATCH] if etag else [])


def lists(gives: Any, *refuses: int) -> dict[str, Any]:
    """The arguments of `@router.get` for a list in pages."""
    return _operation({200: gives}, refuses, {200: ["Link"]}, [])


def makes(gives: Any, *refuses: int, etag: bool = False) -> dict[str, Any]:
    """The arguments of `@router.post` for an endpoint that makes something new."""
    headers = ["Location", "Idempotency-Replayed", *(["ETag"] if etag else [])]
    return _operation({201: gives}, (415, *refuses), {201: headers}, [KEY])


def changes(gives: Any, *refuses: int, versioned: bool = False) -> dict[str, Any]:
    """The arguments of a router for an endpoint that changes what there is."""
    headers = {200: ["Idempotency-Replayed", *(["ETag"] if versioned else [])]}
    refuses = (404, 409, 415, *((412,) if versioned else ()), *refuses)
    return _operation({200: gives}, refuses, headers, [KEY, *([IF_MATCH] if versioned else [])])


def _operation(
    gives: dict[int, Any],
    refuses: Sequence[int],
    headers: dict[int, list[str]],
    parameters: list[dict[str, Any]],
) -> dict[str, Any]:
    """Ninja is told no shape of an answer: of each answer of each endpoint it would make a model,
    and more than half of the start of a web process would be that. See `openapi.document`."""
    told = {status: answer(shape, headers.get(status, [])) for status, shape in gives.items()}
    refused = {status: refusal(status) for status in sorted({*ALWAYS, *refuses})}
    return {
        "response": dict.fromkeys(gives),
        "openapi_extra": {"responses": {**told, **refused}, "parameters": parameters},
    }


def answer(shape: Any, headers: Sequence[str]) -> dict[str, Any]:
    """An answer as the document describes it; None: one without a body. The shape stands there as
    itself until somebody asks for the document."""
    told: dict[str, Any] = {"headers": {name: header(name) for name in headers}} if headers else {}
    return {**told, "content": {CONTENT_TYPE: {"schema": shape}}} if shape else told


def refusal(status: int) -> dict[str, Any]:
    """A problem as the document describes it."""
    title, code = HTTPStatus(status).phrase, CODES[status]
    example = {
        "type": f"urn:kept:problem:{code}",
        "title": title,
        "status": status,
        "detail": "What is wrong, and what to do.",
        "instance": "/api/v1/…",
        "code": code,
        "errors": [],
    }
    media = {"schema": problems.ProblemOut, "example": example}
    described: dict[str, Any] = {"description": title, "content": {problems.CONTENT_TYPE: media}}
    if name := REFUSAL_HEADERS.get(status):
        described["headers"] = {name: header(name)}
    return described


def header(name: str) -> dict[str, Any]:
    return {"description": HEADERS[name], "schema": {"type": "string"}}
