"""Due controls decided and written per second by one worker, with and without a million dormant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from benchmarks import house
from benchmarks.house import House
from benchmarks.rows import Template, capture

DUE = 10_000  # cases whose visit begins in an hour: the final reminder is due, and nothing else
DORMANT = 1_000_000
STAFF = 20
MINUTES = 15
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def run() -> None:
    from kept.cli.serving import spare_the_collector

    spare_the_collector()  # as the worker does
    built = house.build("controls", staff=STAFF, hours=house.ROUND_THE_CLOCK, minutes=MINUTES)
    due, dormant = in_an_hour(built), _next_year(built)
    at = fill(due, DUE, at=0)
    alone = _drain()
    planned = sum(row.get("status") == "planned" for _, row in dormant.rows)
    at = fill(dormant, DORMANT // planned, at=at)
    fill(due, DUE, at=at)
    crowded = _drain()
    print(f"{DUE} due, nothing else           {alone:8.0f} controls/s (aim: 2000)")
    print(f"{DUE} due, {DORMANT} dormant   {crowded:8.0f} controls/s")
    print(f"  ratio {crowded / alone:.0%} (aim: within 10 % of the same)")


def in_an_hour(built: House) -> Template:
    """A visit in an hour, booked long ago: confirmed then and reminded a day before."""
    from kept.cases import actions
    from kept.channels.email import from_url
    from kept.worker.deliver import deliver_one

    start = datetime.now(UTC).replace(second=0, microsecond=0) + HOUR
    start -= timedelta(minutes=start.minute % MINUTES)
    rows_of = _booked(built, start, start - 30 * DAY)
    transport = from_url("inbox:")()
    for moment in (start - 30 * DAY, start - DAY):
        actions.turn_due(moment)
        while deliver_one(transport, "benchmark", lambda: moment):  # noqa: B023 (called at once)
            pass
    return capture(*rows_of)


def _next_year(built: House) -> Template:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return capture(*_booked(built, now + 300 * DAY, now))


def _booked(built: House, start: datetime, now: datetime) -> tuple[UUID, UUID, UUID]:
    """Book; the ids of the appointment, its leg and its customer."""
    from kept.appointments import actions, queries
    from kept.core.case import Actor, Role
    from kept.people.actions import checked_contact

    contact = checked_contact("Template", f"template{start:%s}@example.com")
    booking = actions.Booking(built.service.id, start, contact, built.staff[0].id)
    booked = actions.book(built.business, booking, now, Actor(Role.INTEGRATION, "benchmark"))
    return booked.id, queries.current_leg(booked).case_id, booked.customer_id


def fill(template: Template, cases: int, *, at: int) -> int:
    """Write so many cases, from the number `at` on; answers the number after the last."""
    from django.db import connection

    with connection.cursor() as cursor:
        for begin in range(at, at + cases, 20_000):
            end = min(begin + 20_000, at + cases) - 1
            source = f"SELECT generate_series({begin}, {end})"
            cursor.execute(
                template.statement(source, staff=STAFF, first_minute=-10_000_000, length=MINUTES)
            )
        cursor.execute("ANALYZE")
        # What was just filled in must not still be on its way to the disk while we measure.
        cursor.execute("CHECKPOINT")
    return at + cases


def _drain() -> float:
    """Turn the handle until nothing is due; controls a second. Each must have posted its letter."""
    from kept.cases import actions, queries

    due, before = queries.due_now(datetime.now(UTC)), _reminders()
    began, done = time.perf_counter(), 1
    while done:
        done, pushed_back = actions.turn_due(datetime.now(UTC))
        if pushed_back:
            raise RuntimeError(f"{pushed_back} cases could not be handled")
    seconds = time.perf_counter() - began
    if (posted := _reminders() - before) != due:
        raise RuntimeError(f"{posted} of {due} reminders were posted")
    return due / seconds


def _reminders() -> int:
    from kept.outbox.models import Message

    return Message.objects.filter(control="final_reminder").count()
