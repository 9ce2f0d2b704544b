"""GET and HEAD change nothing: a write during such a request is refused by construction.

Mail scanners, link previews and prefetching browsers open every link they see. Whoever writes a
view that changes something when it is only read finds out at its first test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_WRITES = re.compile(
    r"^\s*(?:WITH\b.*\b)?(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE|MERGE|TRUNCATE)"
    r'\s+(?:ONLY\s+)?"?(\w+)',
    re.IGNORECASE | re.DOTALL,
)
# Whose session it is says nothing about an appointment; Django renews and drops them as it reads.
ITS_OWN = frozenset({"django_session"})


class WroteWhileReading(RuntimeError):
    """A request that only reads tried to write. Let it be a POST."""


class ReadingChangesNothing:
    """Middleware: around everything that answers a GET or HEAD, the database refuses writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE:
            return self.get_response(request)
        with only():
            return self.get_response(request)


@contextmanager
def only() -> Iterator[None]:
    """Within this block every write of this thread raises WroteWhileReading."""
    with connections["default"].execute_wrapper(_refuse):
        yield


def _refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    table = _written(sql)
    if table and table not in ITS_OWN:
        raise WroteWhileReading(f"{table} was to be written while answering a request to read.")
    return execute(sql, params, many, context)


def _written(sql: str) -> str:
    found = _WRITES.match(sql)
    return found.group(1).lower() if found else ""
