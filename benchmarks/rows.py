"""The rows of one real booking as a template, to be written by one statement as often as wanted.

So "the same rows in one statement" is what a booking really writes, and stays it when a booking
changes: nothing here names a column it does not have to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

TABLES = (
    "people_customer",
    "appointments_appointment",
    "schedule_claim",
    "cases_case",
    "cases_event",
    "cases_control",
    "outbox_message",
    "appointments_leg",
)


@dataclass
class Template:
    """The rows of one booking: table, then rows as column -> value."""

    rows: list[tuple[str, dict[str, Any]]]
    fresh: dict[UUID, str]  # ids that are the booking's own, and what stands for each

    @property
    def count(self) -> int:
        return len(self.rows)

    def statement(self, source: str, *, staff: int, first_minute: int, length: int) -> str:
        """One INSERT of every row, for each `n` that `source` (a SELECT of n) yields.

        Booking n takes the resource n % staff and the (n / staff)th time after `first_minute`,
        so that no two overlap.
        """
        # Version 7, as Kept makes them: new rows land at the end of an index.
        ids = ", ".join(f"uuidv7() AS {name}" for name in self.fresh.values())
        slot = f"{first_minute} + (n / {staff}) * {length}"
        parts = [f"ids AS MATERIALIZED (SELECT n, {slot} AS slot, {ids} FROM ({source}) AS s(n))"]
        for number, (table, row) in enumerate(self.rows):
            columns = ", ".join(f'"{column}"' for column in row)
            values = ", ".join(
                self._value(table, column, value, staff, length) for column, value in row.items()
            )
            parts.append(f"w{number} AS (INSERT INTO {table} ({columns}) SELECT {values} FROM ids)")
        return f"WITH {', '.join(parts)} SELECT count(*) FROM ids"

    def _value(self, table: str, column: str, value: Any, staff: int, length: int) -> str:
        if table == "schedule_claim" and column in {"resource", "start", "end"}:
            return {
                "resource": f"(n % {staff}) + 1",
                "start": "slot",
                "end": f"slot + {length}",
            }[column]
        if column in {"token", "reference"}:
            return f"left(md5(random()::text || n), {12 if column == 'reference' else 40})"
        if isinstance(value, UUID) and value in self.fresh:
            return self.fresh[value]
        return _literal(value)


def _literal(value: Any) -> str:
    if isinstance(value, dict | list):
        value = Jsonb(value)
    connection.ensure_connection()
    return sql.Literal(value).as_string(connection.connection)


def capture(appointment: UUID, leg: UUID, customer: UUID) -> Template:
    """The template of a booking that was just made through the real actions."""
    own = {
        "people_customer": ("id", customer),
        "appointments_appointment": ("id", appointment),
        "schedule_claim": ("holder", leg),
        "cases_case": ("id", leg),
        "cases_event": ("case_id", leg),
        "cases_control": ("case_id", leg),
        "outbox_message": ("case", leg),
        "appointments_leg": ("case_id", leg),
    }
    rows: list[tuple[str, dict[str, Any]]] = []
    fresh = {appointment: "a", leg: "l", customer: "c"}
    for table in TABLES:
        column, value = own[table]
        for row in _read(table, column, value):
            identity = row.get("id")
            if isinstance(identity, UUID) and identity not in fresh:
                fresh[identity] = f"i{len(fresh)}"
            if isinstance(identity, int):
                del row["id"]  # the database numbers these
            rows.append((table, row))
    return Template(rows, fresh)


def _read(table: str, column: str, value: UUID) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM {table} WHERE "{column}" = %s', [value])
        names = [field.name for field in cursor.description]
        return [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]
