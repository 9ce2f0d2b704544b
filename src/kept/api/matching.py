"""Versions in the headers: If-Match on a change, If-None-Match on a read (RFC 9110, section 13)."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse

from kept.api.answers import PRIVATE, Answer
from kept.api.problems import Problem
from kept.appointments import queries
from kept.appointments.actions import Stale
from kept.appointments.queries import Appointment

TAG = re.compile(r'(?:W/)?"[^"]*"')
# A version, as it stands in an appointment, or the whole tag, of which it is the beginning. Weak
# tags never match (RFC 9110, 13.1.1).
VERSION = re.compile(r'(?<!W/)"([0-9]{1,9})(?:-[0-9a-f]+)?"')


def if_match(request: HttpRequest, row: Appointment) -> int | None:
    """The version a change expects, or None when any will do. Raises Stale.

    A tag that is not one of ours cannot be the present version.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    if header.isdigit():  # the quotes may be left out, as many clients do
        header = f'"{header}"'
    versions = {int(version) for version in VERSION.findall(header)}
    if len(versions) == 1:
        return versions.pop()
    present = queries.current_leg(row).case.version
    if present not in versions:
        raise Stale(present)
    return present


def unchanged(request: HttpRequest, present: Answer) -> None:
    """Raises a Problem (412) when a thing is no longer as the client says to have seen it."""
    header = request.headers.get("If-Match", "").strip()
    tag = present.headers["ETag"]
    strong = [each for each in TAG.findall(header) if not each.startswith("W/")]
    if header not in ("", "*") and tag not in strong:
        detail = "It has changed since you read it: read it again."
        raise Problem(412, "stale", detail, headers={"ETag": tag})


def not_modified(request: HttpRequest, answer: Answer) -> HttpResponse | None:
    """304 when the client already has this version."""
    header = request.headers.get("If-None-Match", "").strip()
    tags = {tag.removeprefix("W/") for tag in TAG.findall(header)}
    if header != "*" and answer.headers["ETag"] not in tags:
        return None
    headers = {"ETag": answer.headers["ETag"], "Cache-Control": PRIVATE}
    return HttpResponse(status=304, headers=headers)
