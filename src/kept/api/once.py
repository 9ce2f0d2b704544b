"""Doing a request once, however often it is sent (the Idempotency-Key header)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

from kept.api import actions, queries
from kept.api.answers import Answer
from kept.api.keys import business_of
from kept.api.problems import FieldError, Problem

Thing = TypeVar("Thing")
Alongside = Callable[[Thing], None]

HEADER = "Idempotency-Key"
# A structured-field string; the quotes may be left out, as most clients do.
KEY_FORM = re.compile(r'"([ !#-\[\]-~]{1,255})"|([!#-+\--:<-\[\]-~]{1,255})')


def once(
    request: HttpRequest,
    now: datetime,
    show: Callable[[Thing], Answer],
    act: Callable[[Alongside[Thing]], object],
) -> HttpResponse:
    """Do what is asked and answer it; a repeat of the same request gets the same answer.

    `act` must call what it is handed with the thing it made or changed, in its own transaction:
    there the answer is made (`show`) and, when the request has a key, kept. Refusals are not
    kept: nothing was done, so a repeat is simply tried again.
    """
    given = _Given(request, now)
    if (earlier := given.earlier()) is not None:
        return earlier
    answers: list[Answer] = []

    def alongside(thing: Thing) -> None:
        answers.append(show(thing))
        given.keep(answers[-1])

    try:
        act(alongside)
    except Exception:
        # Refused, perhaps because the same request has just been done: the slot is taken by
        # itself. Then this is no refusal but a repeat.
        if (earlier := given.earlier()) is not None:
            return earlier
        raise
    return answers[-1].response()


class _Given:
    """The key a request was given, if any, and what is remembered under it."""

    def __init__(self, request: HttpRequest, now: datetime) -> None:
        self.business, self.now = business_of(request).id, now
        self.key = _key(request)
        self.fingerprint = _fingerprint(request) if self.key else ""

    def earlier(self) -> HttpResponse | None:
        """The answer given before to the same request. Raises Problem for another one."""
        if not self.key:
            return None
        row = queries.remembered(self.business, self.key)
        if row is None:
            return None
        if queries.is_expired(row, self.now):
            actions.forget_expired(self.business, self.key, self.now)
            return None
        if row.fingerprint != self.fingerprint:
            detail = "This key was used for another request: take a new key for a new request."
            error = FieldError(pointer=HEADER, detail=detail)
            raise Problem(422, "key_reused", detail, errors=[error])
        kept = Answer(row.status, row.body, row.headers)
        return kept.response(**{"Idempotency-Replayed": "true"})

    def keep(self, answer: Answer) -> None:
        if self.key:
            actions.remember(self.business, self.key, self.fingerprint, answer, self.now)


def _key(request: HttpRequest) -> str:
    value = request.headers.get(HEADER)
    if value is None:
        return ""
    match = KEY_FORM.fullmatch(value.strip())
    if match is None:
        detail = 'Give 1 to 255 printable characters, such as a UUID: Idempotency-Key: "8f14…".'
        error = FieldError(pointer=HEADER, detail=detail)
        raise Problem(400, "bad_key", detail, errors=[error])
    return match[1] or match[2]


def _fingerprint(request: HttpRequest) -> str:
    """What was asked: method, address and body, whatever the spacing and order of its fields."""
    body = json.dumps(json.loads(request.body or b"null"), sort_keys=True)
    asked = f"{request.method} {request.get_full_path()} {body}"
    return hashlib.sha256(asked.encode()).hexdigest()
