"""Queries that are made ready once and then asked again and again.

Django puts a queryset into SQL each time it is evaluated, and PostgreSQL parses and plans that SQL
each time it arrives: together several times the cost of finding a row by its key. Where a request
asks the same few questions every time, as a booking does, that is most of what it costs.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from functools import cached_property, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.transaction import TransactionManagementError

from kept.lib.rows import read

if TYPE_CHECKING:
    from kept.lib.postgres.base import DatabaseWrapper

Found = TypeVar("Found")


class Ready(Generic[Found]):
    """A queryset whose SQL is made at the first use, and then only given other values.

        holder = Ready(lambda digest: ApiKey.objects.filter(digest=digest, revoked_at=None))
        keys = holder(digest="5f3a…")

    The parameters of the function are the values that change; all else is part of the text. A
    value is compared as it is (no None, no instance: give its id; a list only with `among`). What
    comes back is what the queryset would give, read anew every time; `prefetch_related` is not for
    here.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Found]]) -> None:
        self._build = build

    def __call__(self, **values: object) -> list[Found]:
        made, present = self._made, connections[DEFAULT_DB_ALIAS]
        known = _read_ahead(self, values)
        raw = made.rows(values, present) if known is None else known
        rows = made.converted(raw, present)
        if made.instances is not None:
            found: list[Found] = [made.instances.of(row) for row in rows]
            return found
        compiler = copy(made.compiler)
        compiler.connection = present
        compiler.results_iter = lambda tuple_expected=False, **_: (
            map(tuple, rows) if tuple_expected else rows
        )
        # All that Django's reading of rows wants to know of its queryset.
        asked = SimpleNamespace(
            db=DEFAULT_DB_ALIAS,
            query=SimpleNamespace(get_compiler=lambda using: compiler),
            _fields=made.queryset._fields,
        )
        return list(made.queryset._iterable_class(asked))

    def of(self, **values: object) -> Question:
        """The question with these values, to be asked with others (`ahead`)."""
        return Question(self, values)

    def one(self, **values: object) -> Found:
        """The first of what is found. Raises the model's DoesNotExist."""
        for found in self(**values):
            return found
        raise self._made.queryset.model.DoesNotExist

    @cached_property
    def _made(self) -> _Made:
        names = inspect.signature(self._build).parameters
        queryset = self._build(**{name: _Value(name) for name in names})
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
            sql, params = _with_constants(sql, params)
        converters = compiler.get_converters([column[0] for column in compiler.select])
        instances = _Instances(compiler) if queryset._iterable_class is ModelIterable else None
        return _Made(queryset, compiler, sql, params, converters, instances)


class _Instances:
    """What Django's `ModelIterable` finds out of a query each time, found out once."""

    def __init__(self, compiler: Any) -> None:
        columns = compiler.klass_info["select_fields"]
        self._table = compiler.klass_info["model"]
        self._own = slice(columns[0], columns[-1] + 1)
        self._names = [column[0].target.attname for column in compiler.select[self._own]]
        along: Any = get_related_populators  # its types are those of a later Django
        self._along = along(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)
        for related in self._along:
            related.model_cls = SimpleNamespace(from_db=partial(read, related.model_cls))
        self._beside = list((compiler.annotation_col_map or {}).items())

    def of(self, row: Sequence[Any]) -> Any:
        found = read(self._table, DEFAULT_DB_ALIAS, self._names, row[self._own])
        for related in self._along:
            related.populate(row, found)
        for name, at in self._beside:
            setattr(found, name, row[at])
        return found


@dataclass(frozen=True, slots=True)
class _Made:
    """The text of a queryset, the compiler that knows what its columns mean, and how to read."""

    queryset: Any
    compiler: Any
    sql: str
    params: Sequence[Any]
    converters: dict[int, Any]
    instances: _Instances | None

    def converted(self, rows: list[Any], present: BaseDatabaseWrapper) -> Iterable[Any]:
        if not self.converters:
            return rows
        compiler = copy(self.compiler)
        compiler.connection = present
        found: Iterable[Any] = compiler.apply_converters(rows, self.converters)
        return found

    def rows(
        self, values: dict[str, object], present: BaseDatabaseWrapper
    ) -> list[tuple[Any, ...]]:
        return ask(present, *self.asked(values, present))

    def asked(
        self, values: dict[str, object], present: BaseDatabaseWrapper
    ) -> tuple[str, list[Any]]:
        """The text, and the values that travel beside it."""
        if self.queryset.query.select_for_update and not present.in_atomic_block:
            raise TransactionManagementError("A row can only be locked in a transaction.")
        if present.vendor == "postgresql":  # its driver takes every value as it is
            return self.sql, [values[param.name] for param in self.params]
        return self.sql, [
            _plain(values[p.name], present) if isinstance(p, _Value) else p for p in self.params
        ]


class Question(NamedTuple):
    """A question made ready, with the values it will be asked with."""

    ready: Ready[Any]
    values: dict[str, object]


@contextmanager
def ahead(*questions: Question) -> Iterator[None]:
    """For whoever knows at the beginning what is going to be asked: reads it now, in one journey.

    The first time that one of these is asked in this block, with the same values, it is answered
    by what was read here. What is asked with other values, or a second time, goes to the database
    as ever: who foresees wrongly loses time and nothing else. They are read, and what they lock is
    locked, in the order they are given. None may hang on what the block writes before it asks.

    Only PostgreSQL is asked ahead. On SQLite there is no journey, and where somebody listens to
    what is executed they hear of each when it is asked.
    """
    present = connections[DEFAULT_DB_ALIAS]
    alone = present.vendor == "postgresql" and not present.queries_logged
    if not alone or present.execute_wrappers:
        yield
        return
    texts = [ready._made.asked(values, present) for ready, values in questions]
    rows = cast("DatabaseWrapper", present).ask(*texts)
    known = {_key(*each): found for each, found in zip(questions, rows, strict=True)}
    before = _ahead.set(known)
    try:
        yield
    finally:
        _ahead.reset(before)


_ahead: ContextVar[dict[Any, list[Any]] | None] = ContextVar("ahead", default=None)


def _read_ahead(ready: Ready[Any], values: dict[str, object]) -> list[Any] | None:
    known = _ahead.get()
    return known.pop(_key(ready, values), None) if known else None


def _key(ready: Ready[Any], values: dict[str, object]) -> tuple[object, ...]:
    told = sorted(values.items())
    return (ready, *((name, tuple(v) if isinstance(v, list) else v) for name, v in told))


class _Value(Expression):
    """Stands in a query for a value that is known when it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


def _with_constants(sql: str, params: Sequence[object]) -> tuple[str, Sequence[object]]:
    """What never changes, written into the text instead of beside it.

    PostgreSQL plans a text once for all values only if that plan is as good as one for each; and
    of a value beside it it does not know that no row has it, or that a partial index is for it.
    """
    from psycopg.sql import Literal

    text, *rest = sql.split("%s")
    for param, following in zip(params, rest, strict=True):
        changes = isinstance(param, _Value)
        written = "%s" if changes else Literal(param).as_string(None).replace("%", "%%")
        text += written + following
    return text, [param for param in params if isinstance(param, _Value)]


def _plain(value: object, present: BaseDatabaseWrapper) -> Any:
    """A value as the database driver takes it."""
    if isinstance(value, list):
        return json.dumps([_plain(each, present) for each in value])
    if isinstance(value, UUID) and not present.features.has_native_uuid_field:
        return value.hex
    return present.ops.adapt_unknown_value(value)


def ask(present: BaseDatabaseWrapper, text: str, values: Sequence[object]) -> list[Any]:
    """The rows of this text, which PostgreSQL parses and plans only once.

    Django's own cursor writes the values into the text, so that no statement is like another. Here
    they travel beside it (`kept.lib.postgres.statements`).
    """
    if present.vendor != "postgresql" or present.queries_logged:
        return _by_cursor(present, text, values)
    executor: Callable[..., list[Any]] = _at_once
    for wrapper in reversed(present.execute_wrappers):
        executor = partial(wrapper, executor)
    return executor(text, values, False, {"connection": present})


def _at_once(text: str, values: Sequence[Any], many: bool, context: dict[str, Any]) -> list[Any]:
    present: DatabaseWrapper = context["connection"]
    return present.ask((text, values))[0]


def _by_cursor(present: BaseDatabaseWrapper, text: str, values: Sequence[Any]) -> list[Any]:
    with present.cursor() as cursor:
        cursor.execute(text, values)
        rows: list[Any] = cursor.fetchall() if cursor.description else []
        return rows
