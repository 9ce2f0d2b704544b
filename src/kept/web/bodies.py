"""Bodies that come in chunks, without a length (RFC 9112, 7.1): read before Django looks at them.

Django takes a request without Content-Length for one without a body, so a form or a booking sent
in chunks would be read as empty. A server that marks the end of its input (`wsgi.input_terminated`,
as granian does) lets us read it; from another one it is refused with 411.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

MOST = 2 * 1024 * 1024 + 512 * 1024
"""Octets; one more is read, so that what is too large is refused as too large further in."""

NO_LENGTH = ("411 Length Required", "no_length", "Send the length of the body (Content-Length).")
BROKE_OFF = ("400 Bad Request", "malformed", "The body broke off.")


def whole(application: Application) -> Application:
    """The application, given whole bodies."""

    def answer(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_TRANSFER_ENCODING") and not environ.get("CONTENT_LENGTH"):
            if not environ.get("wsgi.input_terminated"):
                return _refuse(environ, start, *NO_LENGTH)
            try:
                _read(environ)
            except (OSError, ValueError):
                return _refuse(environ, start, *BROKE_OFF)
        return application(environ, start)

    return answer


def _read(environ: Environ) -> None:
    source, parts, left = environ["wsgi.input"], [], MOST + 1
    while left > 0 and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    body = b"".join(parts)
    environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _refuse(
    environ: Environ, start: Callable[..., Any], status: str, code: str, detail: str
) -> Iterable[bytes]:
    """A problem (RFC 9457), as the API words its own."""
    number, _, title = status.partition(" ")
    problem = {
        "type": f"urn:kept:problem:{code}",
        "title": title,
        "status": int(number),
        "detail": detail,
        "instance": environ.get("PATH_INFO", ""),
        "code": code,
        "errors": [],
    }
    body = json.dumps(problem).encode()
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    start(status, headers)
    return [body]
