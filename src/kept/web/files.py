"""Styles, scripts and pictures: asked for once, small, and never the wrong edition.

A page names each of them with a mark of its content (`kept.css?v=3f9a…`), so a browser may keep
what it got for a year. Large ones are packed for browsers that unpack: what a page needs to be
seen then fits into the first 14 kB that a new connection carries without waiting for an answer.

Pages themselves are not packed. Most fit into that as they are, and they hold secrets beside what
a visitor typed: from the size of the two packed together one can be guessed by trying the other.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

A_YEAR = "max-age=31536000, public, immutable"
WORTH_PACKING = 1000  # octets: below, the packed file saves no packet
TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


@cache
def mark(name: str) -> str:
    """What the content of this static file is known by. Raises ValueError for one that is not."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise ValueError(f"there is no static file {name}")
    return sha256(Path(found).read_bytes()).hexdigest()[:12]


class MarkedFiles(StaticFilesStorage):
    """`{% static %}` with the mark of the content. Raises ValueError for a file that is not."""

    def url(self, name: str | None) -> str:
        return f"{super().url(name)}?v={mark(name or '')}"


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # it comes without types
    """Serves them. By its present mark a file may be kept for a year; by another one, or none, for
    a minute: while two editions run side by side, the page of one may get the file of the other."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in self.files:
            return self._page(request)
        # A packed file has the tag of the plain one, marked as weak: to us they are the same.
        known = request.META.get("HTTP_IF_NONE_MATCH")
        if known is not None:
            request.META["HTTP_IF_NONE_MATCH"] = known.removeprefix("W/")
        response: FileResponse = super().__call__(request)
        if request.GET.get("v") == mark(request.path_info.removeprefix(settings.STATIC_URL)):
            response.headers["Cache-Control"] = A_YEAR
        return _for_whoever_unpacks(request, response)

    @property
    def _page(self) -> Callable[[HttpRequest], HttpResponseBase]:
        answer: Callable[[HttpRequest], HttpResponseBase] = self.get_response
        return answer


def _for_whoever_unpacks(request: HttpRequest, response: FileResponse) -> HttpResponseBase:
    if int(response.headers.get("Content-Length", 0)) < WORTH_PACKING:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    takes = TAKES_GZIP.search(request.headers.get("Accept-Encoding", ""))
    if not takes or request.method != "GET" or response.status_code != 200:
        return response
    return _packed(response)


def _packed(response: FileResponse) -> HttpResponse:
    file = response.file_to_stream
    content = gzip.compress(response.getvalue(), mtime=0)
    if file is not None:  # alone: to close the answer would be to say that the request is over
        file.close()
    packed = HttpResponse(content, headers=dict(response.headers))
    packed.headers["Content-Encoding"] = "gzip"
    packed.headers["Content-Length"] = str(len(content))
    packed.headers["ETag"] = f"W/{response.headers['ETag']}"
    return packed
