"""What the clock says. Every process of one installation reads the same clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from kept.clock.models import Clock as Clock
from kept.clock.models import Heartbeat as Heartbeat

ALIVE = timedelta(seconds=15)


def real_now() -> datetime:
    """The wall clock of this machine, aware, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """What the installation's clock says, aware, in UTC. Read once, at the door.

    One small query on the time-lapse clock, so that a jump is seen by every process at once; the
    real clock is asked of the machine once the installation is known to live on it.
    """
    if _known_real:
        return real_now()
    clock = current()
    if clock is None:
        return real_now()
    if clock.mode == Clock.REAL:
        _known_real.add(True)
    return reading(clock)


# Filled once the installation is known to be on the real clock, which it never leaves.
_known_real: set[bool] = set()


def forget() -> None:
    """Ask the database again which clock this is (for tests that change databases)."""
    _known_real.clear()


def current() -> Clock | None:
    """The clock's row; None before the first start."""
    return Clock.objects.filter(id=1).first()


def settled() -> Clock | None:
    """The clock this database began with; None for a new one.

    May be asked before the database is brought up to this version.
    """
    there = Clock._meta.db_table in connection.introspection.table_names()
    return current() if there else None


def reading(clock: Clock) -> datetime:
    """What this clock says now."""
    real = real_now()
    return real if clock.mode == Clock.REAL else clock.base + (real - clock.since) * clock.speed


def is_lapse() -> bool:
    """True on the time-lapse clock, where the clock may be moved."""
    clock = None if _known_real else current()
    return clock is not None and clock.mode == Clock.LAPSE


def speed() -> float:
    """How many times as fast as real time the clock runs: 1 on the real one, 0 standing still."""
    clock = None if _known_real else current()
    return clock.speed if clock is not None and clock.mode == Clock.LAPSE else 1.0


def workers() -> list[Heartbeat]:
    """The processes that turn the handle and were seen in the last seconds."""
    return list(Heartbeat.objects.filter(seen_at__gte=real_now() - ALIVE).order_by("name"))


def last_beat() -> Heartbeat | None:
    """The most recent sign of life, however old."""
    return Heartbeat.objects.order_by("-seen_at").first()
