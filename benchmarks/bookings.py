"""Bookings per second over HTTP, against pgbench writing the same rows in one statement."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import house
from benchmarks.house import House
from benchmarks.load import Result

CLIENTS = 8
SECONDS = 10.0
STAFF = 20
MINUTES = 15


def run() -> None:
    built = house.build("bookings", staff=STAFF, hours=house.ROUND_THE_CLOCK, minutes=MINUTES)
    limit, rows = pgbench(built)
    with house.serving():
        warm = post(built, first_day=1, seconds=2.0)
        found = post(built, first_day=400, seconds=SECONDS)
    del warm
    median = house.percentile(found.latencies, 0.5) * 1000
    p99 = house.percentile(found.latencies, 0.99) * 1000
    print(f"pgbench, {rows} rows in one statement, {CLIENTS} clients   {limit:8.0f} /s")
    print(f"POST /api/v1/appointments, {CLIENTS} clients          {found.rate:8.0f} /s")
    print(f"  answers {found.statuses}, median {median:.1f} ms, p99 {p99:.1f} ms")
    print(f"  ratio {found.rate / limit:.0%} (aim: 40 %, p99 50 ms)")


def post(built: House, *, first_day: int, seconds: float) -> Result:
    """Book as fast as the clients can, each time a slot of its own."""
    requests = jobs(built, first_day=first_day, count=int(seconds * 2500))
    job = {"port": house.PORT, "clients": CLIENTS, "seconds": seconds, "requests": requests}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(*json.loads(done.stdout))


def jobs(built: House, *, first_day: int, count: int) -> list[tuple[object, ...]]:
    """So many bookings from a day on, each of a slot and for a customer of its own."""
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin += timedelta(days=first_day)
    return [
        (
            "POST",
            "/api/v1/appointments",
            built.api_key,
            {
                "service": str(built.service.id),
                "staff": str(built.staff[n % STAFF].id),
                "start": (begin + timedelta(minutes=MINUTES * (n // STAFF))).isoformat(),
                "customer": {"name": f"Customer {n}", "email": f"customer{n}@example.com"},
            },
        )
        for n in range(count)
    ]


def pgbench(built: House) -> tuple[float, int]:
    """Transactions a second that pgbench reaches with the rows of a real booking, and how many."""
    statement, rows = booking_statement(built)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "booking.sql")
        script.write_text(statement + ";\n")
        command = [program("pgbench"), "-n", "-f", str(script)]
        command += ["-c", str(CLIENTS), "-j", "2", "-T", str(int(SECONDS))]
        done = subprocess.run(
            [*command, os.environ["KEPT_DATABASE_URL"]],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(found.group(1)), rows


def booking_statement(built: House) -> tuple[str, int]:
    """One statement that writes what one booking writes, a new one at each run."""
    from django.db import connection

    from benchmarks.rows import capture
    from kept.appointments import actions, queries
    from kept.core.availability import to_minute
    from kept.core.case import Actor, Role
    from kept.people.actions import checked_contact

    now = datetime.now(UTC)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    contact = checked_contact("Template", "template@example.com")
    booking = actions.Booking(built.service.id, start, contact, built.staff[0].id)
    booked = actions.book(built.business, booking, now, Actor(Role.INTEGRATION, "benchmark"))
    leg = queries.current_leg(booked)
    template = capture(booked.id, leg.case_id, booked.customer_id)
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE bench_slot MINVALUE 0")
    # Years before anything the HTTP run books: the two must not meet.
    first = to_minute(start) - 40 * 365 * 24 * 60
    statement = template.statement(
        "SELECT nextval('bench_slot')", staff=STAFF, first_minute=first, length=MINUTES
    )
    return statement, template.count


def program(name: str) -> str:
    """A program of the PostgreSQL that the benchmark runs on."""
    from tools.postgres import installation

    return str(installation() / "bin" / name)
