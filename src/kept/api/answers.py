"""What the API answers when it does what was asked: JSON, made ready once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from pydantic_core import to_json

CONTENT_TYPE = "application/json"
# What is said about one business is for the holder of its key; it may be kept only to be asked
# about again (`If-None-Match`).
PRIVATE = "private, no-cache"


def dumps(data: object) -> str:
    return to_json(data).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it will be sent, and as it is kept to be sent again."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, **more: str) -> HttpResponse:
        return HttpResponse(
            self.body,
            status=self.status,
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": PRIVATE, **self.headers, **more},
        )

    def made(self, request: HttpRequest, address: str) -> Answer:
        """The same, as the answer to having made something that now lives at this address."""
        location = {"Location": f"{request.scheme}://{request.get_host()}{address}"}
        return replace(self, status=201, headers={**self.headers, **location})


@lru_cache(maxsize=64)
def _around(name: str) -> tuple[str, str]:
    """What of the address of such a thing stands before its id, and what after."""
    nobody = UUID(int=0)
    before, _, after = reverse(name, args=[nobody]).partition(str(nobody))
    return before, after


def address_of(name: str, its: UUID) -> str:
    """`reverse(name, args=[its])`, looked up once for all."""
    before, after = _around(name)
    return f"{before}{its}{after}"


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, dumps(data), headers or {})


def tagged(data: object, version: int | None = None) -> Answer:
    """An answer with its strong entity tag: the version of what it shows, and a fingerprint.

    The version alone would not do: what may be done with an appointment changes with the hour.
    """
    body = dumps(data)
    mark = hashlib.sha256(body.encode()).hexdigest()[:12]
    tag = mark if version is None else f"{version}-{mark}"
    return Answer(200, body, {"ETag": f'"{tag}"'})
