"""Due controls decided and written per second by one worker, with and without a million dormant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import house
from benchmarks.bookings import booking_statement
from benchmarks.house import House

DUE = 10_000  # cases with one reminder due
DORMANT = 1_000_000
STAFF = 20


def run() -> None:
    built = house.build("controls", staff=STAFF, hours=house.ROUND_THE_CLOCK, minutes=15)
    template, controls = _template(built)
    offset = _fill(template, DUE, at=0, fall_due=True)
    alone = _drain()
    offset = _fill(template, DORMANT // controls, at=offset)
    _fill(template, DUE, at=offset, fall_due=True)
    crowded = _drain()
    print(f"{DUE} due, nothing else           {alone:8.0f} controls/s (aim: 2000)")
    print(f"{DUE} due, {DORMANT} dormant   {crowded:8.0f} controls/s")
    print(f"  ratio {crowded / alone:.0%} (aim: within 10 % of the same)")


def _template(built: House) -> tuple[Any, int]:
    """The rows of a booking, and how many of its controls stay planned."""
    from benchmarks.rows import capture
    from kept.appointments.queries import Appointment, current_leg

    booking_statement(built)
    booked = Appointment.objects.get(business=built.business)
    leg = current_leg(booked)
    template = capture(booked.id, leg.case_id, booked.customer_id)
    return template, sum(table == "cases_control" for table, _ in template.rows)


def _fill(template: Any, cases: int, *, at: int, fall_due: bool = False) -> int:
    """Write so many cases; with `fall_due`, the first reminder of each is due now."""
    from django.db import connection

    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        for begin in range(at, at + cases, 20_000):
            end = min(begin + 20_000, at + cases) - 1
            source = f"SELECT generate_series({begin}, {end})"
            cursor.execute(
                template.statement(source, staff=STAFF, first_minute=-10_000_000, length=15)
            )
        if fall_due:
            cursor.execute(
                """
                UPDATE cases_control SET due_at = %(due)s, wake_at = %(due)s,
                    useful_until = %(until)s
                WHERE name = 'first_reminder' AND id IN (
                    SELECT id FROM cases_control WHERE name = 'first_reminder'
                    AND status = 'planned' AND fired_at IS NULL
                    ORDER BY ctid DESC LIMIT %(count)s)
                """,
                {
                    "due": now - timedelta(minutes=1),
                    "until": now + timedelta(hours=20),
                    "count": cases,
                },
            )
        cursor.execute("ANALYZE")
        # What was just filled in must not still be on its way to the disk while we measure.
        cursor.execute("CHECKPOINT")
    return at + cases


def _drain() -> float:
    """Turn the handle until nothing is due; controls a second."""
    from kept.cases import actions

    turned, began = 0, time.perf_counter()
    while True:
        done, pushed_back = actions.turn_due(datetime.now(UTC))
        if pushed_back:
            raise RuntimeError(f"{pushed_back} cases could not be handled")
        if not done:
            return turned / (time.perf_counter() - began)
        turned += done
