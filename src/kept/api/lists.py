"""Lists in pages: a signed cursor over a stable order, never an offset."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.core import signing
from django.db import DatabaseError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from kept.api.answers import answer
from kept.api.keys import business_of
from kept.api.problems import invalid
from kept.api.takes import PageIn

log = logging.getLogger("kept.api")

Row = TypeVar("Row", bound=Model)
Order = Mapping[str, Callable[[str], object]]


def page(
    request: HttpRequest,
    rows: QuerySet[Row],
    order: Order,
    show: Callable[[list[Row]], list[Any]],
    asked: PageIn,
) -> HttpResponse:
    """One page of `rows`, which must be sorted by the fields of `order`, the last one unique.

    `order` says how each field is read back from a cursor. Rows that come or go between two
    pages shift nothing: a page begins after the last row of the one before.
    """
    signer = signing.TimestampSigner(salt=f"{request.path} {business_of(request).id}")
    if asked.cursor is not None:
        rows = rows.filter(_after(_read(signer, asked.cursor, order), order))
    found = list(rows[: asked.limit + 1])
    here, more = found[: asked.limit], len(found) > asked.limit
    following = _write(signer, here[-1], order) if more else None
    headers = {"Link": f'<{_address(request, following)}>; rel="next"'} if following else {}
    items, unreadable = _shown(show, here)
    body = {"items": items, "next": following}
    if unreadable:
        body["unreadable"] = unreadable
    return answer(body, headers=headers).response()


def _shown(show: Callable[[list[Row]], list[Any]], rows: list[Row]) -> tuple[list[Any], list[str]]:
    """The rows as they are given out, and the ids of those that cannot be: damaged ones, which
    must not take the others away."""
    try:
        return show(rows), []
    except DatabaseError:
        raise
    except Exception:
        log.exception("A row of a list cannot be shown; the rows are taken one at a time.")
    shown, unreadable = [], []
    for row in rows:
        try:
            shown += show([row])
        except DatabaseError:
            raise
        except Exception as error:
            name = str(getattr(row, "appointment_id", row.pk))
            log.error("%s cannot be shown (%r); `kept check` says more.", name, error)
            unreadable.append(name)
    return shown, unreadable


def _write(signer: signing.TimestampSigner, row: Model, order: Order) -> str:
    values = [getattr(row, name) for name in order]
    texts = [v.isoformat() if hasattr(v, "isoformat") else str(v) for v in values]
    return signer.sign_object(texts)


def _read(signer: signing.TimestampSigner, cursor: str, order: Order) -> list[object]:
    try:
        texts = signer.unsign_object(cursor)
        return [read(text) for read, text in zip(order.values(), texts, strict=True)]
    except (signing.BadSignature, ValueError) as error:
        detail = "This is not a cursor of this list: take `next` of the page before as it is."
        raise invalid("?cursor", detail) from error


def _after(values: list[object], order: Order) -> Q:
    """Rows that sort after these values: (a > x) or (a = x and b > y)."""
    (first, x), (unique, y) = zip(order, values, strict=True)
    return Q(**{f"{first}__gt": x}) | Q(**{first: x, f"{unique}__gt": y})


def _address(request: HttpRequest, cursor: str) -> str:
    query = {**request.GET.dict(), "cursor": cursor}
    return f"{request.path}?{urlencode(query)}"
