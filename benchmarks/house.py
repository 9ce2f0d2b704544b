"""A business to measure on, and a server to measure through."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time as real_time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kept.accounts.queries import Business
    from kept.schedule.queries import Resource, Service

PORT = 8890
ROUND_THE_CLOCK = [(day, time(0), time(0)) for day in range(7)]
WORKING_DAY = [(day, time(9), time(17)) for day in range(7)]


@dataclass
class House:
    business: Business
    service: Service
    staff: list[Resource]
    api_key: str


def prepare(database_url: str) -> None:
    """Point this process at the database and migrate it. Before anything of Kept is imported."""
    os.environ.update(environment(database_url, tempfile.mkdtemp(prefix="kept-bench-")))
    open_database()


def environment(database_url: str, folder: str) -> dict[str, str]:
    """What Kept is told where it works on this database; "" is SQLite in the folder."""
    return {
        "KEPT_DATABASE_URL": database_url,
        "KEPT_DATA_DIR": folder,
        "KEPT_EMAIL_URL": "inbox:",
        "KEPT_BASE_URL": f"http://127.0.0.1:{PORT}",
        "DJANGO_SETTINGS_MODULE": "kept.config.settings",
    }


def open_database() -> None:
    """Of the environment; migrated."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def build(name: str, *, staff: int, hours: list[tuple[int, time, time]], minutes: int) -> House:
    """A business with this many staff who all give one service of so many minutes."""
    from kept.accounts import actions as accounts
    from kept.clock import actions as clock
    from kept.core.time import WeeklyHours
    from kept.schedule import actions as schedule

    now = datetime.now(UTC)
    clock.start()
    business, _ = accounts.create_business(name, "Europe/Berlin", f"{name}@example.com", now)
    weekly = [WeeklyHours(*span) for span in hours]
    people = [
        schedule.create_staff(business.id, f"Staff {n}", "", "Europe/Berlin", weekly)
        for n in range(staff)
    ]
    details = schedule.ServiceDetails(
        "Visit", minutes, staff=[one.id for one in people], price=Decimal(60), horizon_days=3650
    )
    service = schedule.create_service(business.id, details)
    key = accounts.new_api_key(business, "benchmark", now)
    return House(business, service, people, key)


@contextmanager
def serving(*, workers: int = 2) -> Iterator[str]:
    """The real web server on a loopback port; stopped by its process id."""
    command = [sys.executable, "-m", "kept", "web", "--bind", f"127.0.0.1:{PORT}"]
    command += ["--workers", str(workers)]
    with _running(command):
        _wait_for(f"http://127.0.0.1:{PORT}/api/v1/health")
        yield f"http://127.0.0.1:{PORT}"


@contextmanager
def working() -> Iterator[None]:
    """The real worker, once it has said that it lives; stopped by its process id."""
    from kept.clock import queries as clock

    with _running([sys.executable, "-m", "kept", "work"]):
        wait_until(lambda: bool(clock.workers()), "the worker lives")
        yield


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def wait_until(so: Callable[[], bool], what: str, patience: float = 60) -> None:
    """Look until it is so. Raises RuntimeError when it is not in so many seconds."""
    deadline = real_time.monotonic() + patience
    while not so():
        if real_time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {patience:.0f} seconds")
        real_time.sleep(0.05)


def _wait_for(url: str, patience: float = 30) -> None:
    deadline = real_time.monotonic() + patience
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if real_time.monotonic() > deadline:
                raise
            real_time.sleep(0.02)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
