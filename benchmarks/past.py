"""Visits of the past as rows, as often as wanted, on either database.

A few visits are lived through by the real actions, one for each outcome; their rows are written
again and again with new ids and later days, so that they stay what Kept writes. Left out is what
no audit reads: what letters said, and the claims of time.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from benchmarks import house
from benchmarks.house import House

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OUTCOMES, WEIGHTS = ("completed", "missed", "cancelled", "nothing said"), (78, 8, 11, 3)
FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)  # when the visits begin that are lived through
A_DAY = 120  # visits of all staff
CUSTOMERS = 6  # visits to each
AT_A_TIME = 5000
CUSTOMER = ("people", "Customer", "id")
TABLES = (
    ("appointments", "Appointment", "id"),
    ("cases", "Case", "id"),
    ("cases", "Event", "case_id"),
    ("cases", "Control", "case_id"),
    ("cases", "Escalation", "case_id"),
    ("cases", "HandOff", "case_id"),
    ("outbox", "Message", "case"),
    ("appointments", "Leg", "case_id"),
)
NOT_READ = frozenset({"text", "html", "calendar"})
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)")
Rows = list[tuple[Any, dict[str, Any]]]


def fill(name: str, number: int) -> House:
    """Write so many visits that are all over, of a business of this name."""
    from django.db import transaction

    week = [(day, time(0), time(0)) for day in range(7)]
    built = house.build(name, staff=4, hours=week, minutes=30)
    lived = [_rows(_lived(built, each, n)) for n, each in enumerate(OUTCOMES)]
    chosen = Random(7).choices(lived, WEIGHTS, k=number - len(lived))
    customers: list[UUID] = []
    for begin in range(0, len(chosen), AT_A_TIME):
        made: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        for n, rows in enumerate(chosen[begin : begin + AT_A_TIME], begin):
            if n % CUSTOMERS == 0:
                customers.append(uuid4())
                model, row = rows[0]
                made[model].append(_again(model, row, timedelta(), {row["id"]: customers[-1]}))
            who = customers[n * 7919 % len(customers)]
            _write_again(rows[1:], n, {rows[0][1]["id"]: who}, made)
        with transaction.atomic():
            for model, again in made.items():
                _insert(model, again)
    _tidy()
    return built


def over(number: int) -> datetime:
    """A month after the last of so many visits."""
    return FIRST + DAY * (number // A_DAY + 30)


def _lived(built: House, outcome: str, number: int) -> tuple[UUID, UUID, UUID]:
    """One visit, with all that Kept does about it; the ids of its customer, of it and its leg."""
    from kept.appointments import actions, queries
    from kept.core.case import Actor, Role
    from kept.people.actions import checked_contact

    desk, start = Actor(Role.STAFF, "desk"), FIRST + HOUR * number
    booked_at = start - 10 * DAY
    contact = checked_contact(f"Person {number}", f"person{number}@example.com")
    booking = actions.Booking(built.service.id, start, contact, built.staff[number].id)
    booked = actions.book(built.business, booking, booked_at, Actor(Role.CUSTOMER, "page"))
    _turn(booked_at)
    if outcome == "cancelled":
        actions.cancel(booked, start - 5 * HOUR, desk, by=Role.CUSTOMER)
    for moment in (start - DAY, start - 2 * HOUR, start):
        _turn(moment)
    if outcome == "completed":
        actions.say(booked, "arrived", start, desk)
        actions.say(booked, "completed", start + HOUR / 2, desk)
    elif outcome == "missed":
        actions.miss(booked, start + HOUR, desk, by=Role.CUSTOMER)
    for moment in (start + HOUR, start + 3 * HOUR, start + 3 * DAY):
        _turn(moment)
    return booked.customer_id, booked.id, queries.current_leg(booked).case_id


def _turn(moment: datetime) -> None:
    """What is due is decided, and every letter handed over, at that moment."""
    from kept.cases import actions
    from kept.channels.email import from_url
    from kept.worker.deliver import deliver_one

    transport = from_url("inbox:")()
    while any(actions.turn_due(moment)):
        pass
    while deliver_one(transport, "benchmark", lambda: moment):
        pass


def _rows(lived: tuple[UUID, UUID, UUID]) -> Rows:
    """The rows of a customer, of their appointment and of its leg."""
    from django.apps import apps

    customer, appointment, leg = lived
    found: Rows = []
    for app, name, column in (CUSTOMER, *TABLES):
        model = apps.get_model(app, name)
        key = {"Customer": customer, "Appointment": appointment}.get(name, leg)
        found += [(model, row) for row in model._base_manager.filter(**{column: key}).values()]
    return found


def _write_again(
    rows: Rows, number: int, known: dict[Any, Any], made: dict[Any, list[tuple[Any, ...]]]
) -> None:
    """The rows of one visit once more, on another day and at another time of day."""
    ids = dict(known)
    for model, row in rows:
        if model.__name__ in {"Appointment", "Case"}:
            ids[row["id"]] = uuid4()
    later = DAY * (number // A_DAY) + timedelta(minutes=15) * (number % A_DAY // 4)
    for model, row in rows:
        made[model].append(_again(model, row, later, ids))


def _again(
    model: Any, row: Mapping[str, Any], later: timedelta, ids: Mapping[Any, Any]
) -> tuple[Any, ...]:
    from django.db import models

    found = []
    for field in model._meta.concrete_fields:
        value = row[field.attname]
        if field.attname in NOT_READ:
            value = ""
        elif field.attname in {"token", "reference"}:
            value = uuid4().hex[: field.max_length]
        elif isinstance(value, UUID):
            new = field.primary_key and value not in ids
            value = uuid4() if new else ids.get(value, value)
        elif isinstance(value, datetime):
            value += later
        elif isinstance(field, models.JSONField):
            value = INSTANT.sub(lambda at: _later(at[0], later), json.dumps(value))
        if not isinstance(field, models.AutoField):
            found.append(value)
    return tuple(found)


def _later(text: str, later: timedelta) -> str:
    return (datetime.fromisoformat(text) + later).isoformat()


def _insert(model: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    from django.db import connection, models

    fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("%s" for _ in fields)
        statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})"
        cursor.executemany(statement, [tuple(map(_for_sqlite, row)) for row in rows])


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value


def _tidy() -> None:
    """What autovacuum does within a minute."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
