"""Rows of several tables, written together: in one statement where the database can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import AutoField, DateTimeField, Field, Model
from pydantic import TypeAdapter

from kept.lib.ready import ask

Table = type[Model]


class Columns(NamedTuple):
    """Columns of a table, and where in an instance each has its value."""

    names: list[tuple[str, str]]
    instants: list[str]


def _columns(fields: Iterable[Field[Any, Any]]) -> Columns:
    known = list(fields)
    return Columns(
        names=[(str(field.column), field.attname) for field in known],
        instants=[field.attname for field in known if isinstance(field, DateTimeField)],
    )


def insert(rows: Iterable[Model]) -> None:
    """Insert these unsaved rows, in the caller's transaction: all of them, or it raises.

    What a row is numbered by the database (an AutoField) is not read back. Rows may refer to one
    another in any order, because foreign keys are checked at the end of the transaction.

    On SQLite a statement costs no journey, and each table has its own. On PostgreSQL it is the
    number of statements that costs, so there is only one, whatever is to be written. For a
    customer and two events, say, it reads (with every column in place of `...`):

        WITH new AS MATERIALIZED (SELECT '{"people_customer": [{...}],
                                           "cases_event": [{...}, {...}]}'::jsonb AS rows),
             t0 AS (INSERT INTO people_customer (...) SELECT ...
                    FROM new, jsonb_populate_recordset(NULL::people_customer,
                                                       rows -> 'people_customer')),
             t1 AS (INSERT INTO cases_event (...) SELECT ...
                    FROM new, jsonb_populate_recordset(NULL::cases_event, rows -> 'cases_event'))
        SELECT FROM new

    The rows travel as one document: table name -> list of rows, a row as column -> value.
    PostgreSQL turns every value into the type of its column (`jsonb_populate_recordset` does it
    by the row type of the table). So the text depends on the tables alone, not on how many rows
    there are, and a value is never part of it. An INSERT in a WITH is carried out whether or not
    somebody reads from it; constraints and triggers see nothing unusual.
    """
    tables = _by_table(rows)
    if not tables:
        return
    present = connections[DEFAULT_DB_ALIAS]
    if present.vendor == "postgresql":
        data = {table._meta.db_table: _values(_fields(table), tables[table]) for table in tables}
        ask(present, _insertion(tuple(tables)), [_document(data)])
    else:
        for table, its_rows in tables.items():
            table._default_manager.bulk_create(its_rows)
    for its_rows in tables.values():
        for row in its_rows:
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(*groups: tuple[Sequence[Model], tuple[str, ...]]) -> None:
    """Write these fields of rows that are there already, in the caller's transaction.

    A group is some rows of one table and the fields that are to be written of each; no row is in
    two groups. On PostgreSQL this is one statement in the manner of `insert`, with an UPDATE for
    each group that finds its rows by their key; on SQLite one for each group.
    """
    changes = [(type(rows[0]), names, rows) for rows, names in groups if rows]
    if not changes:
        return
    present = connections[DEFAULT_DB_ALIAS]
    if present.vendor == "postgresql":
        text = _change(tuple((table, names) for table, names, _ in changes))
        data = {
            _group(number): _values(_keyed(table, names), rows)
            for number, (table, names, rows) in enumerate(changes)
        }
        ask(present, text, [_document(data)])
    else:
        for table, names, rows in changes:
            table._default_manager.bulk_create(
                rows, update_conflicts=True, unique_fields=["id"], update_fields=names
            )


def _by_table(rows: Iterable[Model]) -> dict[Table, list[Model]]:
    tables: dict[Table, list[Model]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    return tables


@lru_cache(maxsize=256)
def _insertion(tables: Sequence[Table]) -> str:
    """The text of the one statement; its parameter is the document of the rows."""
    quote = connection.ops.quote_name
    parts = ["new AS MATERIALIZED (SELECT %s::jsonb AS rows)"]
    for number, table in enumerate(tables):
        name = quote(table._meta.db_table)
        columns = ", ".join(quote(column) for column, _ in _fields(table).names)
        parts.append(
            f"t{number} AS (INSERT INTO {name} ({columns}) SELECT {columns} FROM new, "
            f"jsonb_populate_recordset(NULL::{name}, rows -> '{table._meta.db_table}'))"
        )
    return f"WITH {', '.join(parts)} SELECT FROM new"


def _group(number: int) -> str:
    return f"g{number}"


@lru_cache(maxsize=64)
def _change(named: Sequence[tuple[Table, tuple[str, ...]]]) -> str:
    quote = connection.ops.quote_name
    parts = ["new AS MATERIALIZED (SELECT %s::jsonb AS rows)"]
    for number, (table, names) in enumerate(named):
        name = quote(table._meta.db_table)
        key, *columns = [quote(column) for column, _ in _keyed(table, names).names]
        changes = ", ".join(f"{column} = its.{column}" for column in columns)
        parts.append(
            f"t{number} AS (UPDATE {name} AS old SET {changes} FROM new, "
            f"jsonb_populate_recordset(NULL::{name}, rows -> '{_group(number)}') AS its "
            f"WHERE old.{key} = its.{key})"
        )
    return f"WITH {', '.join(parts)} SELECT FROM new"


@lru_cache(maxsize=64)
def _keyed(table: Table, names: tuple[str, ...]) -> Columns:
    """The key of a table, and then these fields."""
    fields = {field.name: field for field in table._meta.concrete_fields}
    return _columns([table._meta.pk, *(fields[name] for name in names)])


@lru_cache(maxsize=256)
def _fields(table: Table) -> Columns:
    """The columns that we fill; the database numbers the rest."""
    fields = table._meta.concrete_fields
    return _columns(field for field in fields if not isinstance(field, AutoField))


JSON: TypeAdapter[Any] = TypeAdapter(Any)  # knows instants, ids and numbers; and is quick


def _document(rows: Mapping[str, list[dict[str, object]]]) -> str:
    """Named lists of rows as JSON: every value as PostgreSQL reads it."""
    return JSON.dump_json(rows).decode()


def _values(columns: Columns, rows: Sequence[Model]) -> list[dict[str, object]]:
    """Column -> value of each row, as it stands there: no field fills itself in here."""
    names, instants = columns
    held = [vars(row) for row in rows]
    for at in (values[name] for values in held for name in instants):
        if at is not None and at.utcoffset() is None:
            raise ValueError(f"{at} has no offset: it is no instant")
    return [{column: values[name] for column, name in names} for values in held]
