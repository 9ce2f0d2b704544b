"""Rows as the database gives them, for who reads hundreds of thousands and keeps none.

Django turns each value of a row into an instance by a chain of functions, which for a row of two
ids and two instants takes several times as long as reading it. Here ids stay text and instants are
made once. Nothing else is given up: the statement is the queryset's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import In
from django.db.models.sql.compiler import SQLCompiler

AT_ONCE = 2000  # rows taken from the database in one go

Row = TypeVar("Row", bound=tuple[Any, ...])

Key = str
"""An id as text, as `key` writes it: only to be compared."""


def key(value: UUID) -> Key:
    """How an id reads in plain rows."""
    return str(value) if connection.vendor == "postgresql" else value.hex


def among(column: str, keys: Iterable[Key]) -> In:
    """That this column holds one of these ids, however many there are: they travel as one value."""
    return _AmongKeys(F(column), list(keys))


class _AmongKeys(In):
    prepare_rhs = False

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::uuid[])", [*params, self.rhs]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(self.rhs)]


def rows(
    found: QuerySet[Any, Any],
    *,
    keys: Sequence[str] = (),
    instants: Sequence[str] = (),
    values: Sequence[str | Expression] = (),
) -> Iterator[tuple[Any, ...]]:
    """The rows of a queryset: first these ids as text, then these instants, then other values.

    The values are what the database holds: fit for text and whole numbers.
    """
    native = connection.vendor == "postgresql"
    told = {f"plain_{n}": _text(name) for n, name in enumerate(keys)}
    at = {f"plain_at_{n}": F(name) if native else _zoned(name) for n, name in enumerate(instants)}
    other = {
        f"plain_value_{n}": F(each) if isinstance(each, str) else each
        for n, each in enumerate(values)
    }
    query = found.annotate(**told, **at, **other).values_list(*told, *at, *other).query
    sql, params = query.sql_with_params()
    where = range(len(told), len(told) + len(at))
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while page := cursor.fetchmany(AT_ONCE):
            yield from page if native or not where else _with_instants(page, where)


def _text(name: str) -> Cast:
    """SQLite hands over what has no declared type as it stands in the file."""
    return Cast(F(name), TextField())


def _zoned(name: str) -> Func:
    """SQLite holds instants as text without their zone, which is UTC."""
    written = "(%(expressions)s || '+00:00')"
    return Func(_text(name), template=written, output_field=TextField())


def made(kind: type[Row], found: Iterable[tuple[Any, ...]]) -> list[Row]:
    """Plain rows as rows with names; `kind` is a NamedTuple. Its own `_make` is no quicker than a
    loop, and there are millions."""
    return list(map(partial(tuple.__new__, kind), found))


def _with_instants(page: list[tuple[Any, ...]], where: range) -> Iterable[tuple[Any, ...]]:
    """The rows with these columns made instants: a column at a time, which takes a third of what
    it takes row by row."""
    columns: list[Iterable[Any]] = list(zip(*page, strict=True))
    for at in where:
        column = columns[at]
        if None in column:
            columns[at] = [value and datetime.fromisoformat(value) for value in column]
        else:
            columns[at] = map(datetime.fromisoformat, column)
    return zip(*columns, strict=True)
