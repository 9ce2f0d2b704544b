"""Instances of models made without the ceremony of `Model.__init__`, where many are made at once.

Django finds out anew for every instance what each of its fields is, and tells two signals that it
was made: about ten microseconds, and a booking makes thirty. What is made here is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db.models import ForeignKey, Model
from django.db.models.base import ModelState
from django.db.models.fields import NOT_PROVIDED

Row = TypeVar("Row", bound=Model)


def new_row(table: type[Row], **values: Any) -> Row:
    """An unsaved row: `table(**values)`, for tables whose making nobody listens to."""
    known = _columns(table)
    row = table.__new__(table)
    held = row.__dict__
    held["_state"] = ModelState()
    held.update(known.constants)
    for name, make in known.made:
        if name not in values:
            held[name] = make()
    if known.names.issuperset(values):
        held.update(values)
        return row
    for name, value in values.items():
        if name in known.names:
            held[name] = value
        elif name in known.relations:
            _refer(row, known.relations[name], value)
        else:
            raise TypeError(f"{table.__name__} has no {name}")
    return row


def _refer(row: Model, field: ForeignKey[Any, Any], value: Model | None) -> None:
    """An instance is remembered beside its id, as Django's own descriptor does it."""
    if value is None or field.one_to_one:  # that remembers the row too
        setattr(row, field.name, value)
        return
    row.__dict__[field.attname] = value.__dict__[field.target_field.attname]
    field.set_cached_value(row, value)


def read(table: type[Row], alias: str, names: Iterable[str], values: Iterable[Any]) -> Row:
    """A row as it was read: `table.from_db` for all of its columns, or only those named."""
    row = table.__new__(table)
    held = row.__dict__
    state = held["_state"] = ModelState()
    state.adding, state.db = False, alias
    held.update(zip(names, values, strict=True))
    return row


class _Columns(NamedTuple):
    names: frozenset[str]  # as they stand in an instance: `business_id`
    relations: dict[str, ForeignKey[Any, Any]]  # `business`
    constants: dict[str, Any]  # what a column holds when nothing is said
    made: tuple[tuple[str, Callable[[], Any]], ...]  # the same, made anew for each


@lru_cache(maxsize=128)
def _columns(table: type[Model]) -> _Columns:
    fields = table._meta.concrete_fields
    given = {field.attname: field.default for field in fields}
    return _Columns(
        names=frozenset(given),
        relations={field.name: field for field in fields if isinstance(field, ForeignKey)},
        constants={
            field.attname: field.get_default()
            for field in fields
            if not callable(field.default) or field.default is NOT_PROVIDED
        },
        made=tuple((name, made) for name, made in given.items() if _makes(made)),
    )


def _makes(default: Any) -> bool:
    return callable(default) and default is not NOT_PROVIDED
