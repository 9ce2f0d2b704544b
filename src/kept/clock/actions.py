"""Starting, jumping and speeding up the one clock of an installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from kept.clock import queries
from kept.clock.models import Clock, Heartbeat

# Far enough for every demo, and far from where dates end: what is planned lies after "now".
LATEST = datetime(2900, 1, 1, tzinfo=UTC)
TOO_FAR = "The clock goes no further than the year 2900."


class ClockRefused(Exception):
    """The clock cannot be set this way. The message says why and what to do."""


def start(at: datetime | None = None, *, speed: float = 1.0) -> None:
    """Put a new installation on its clock: the real one, or the time-lapse clock from `at`.

    Called at every start. An installation keeps the clock it began with; asking again for the
    time-lapse clock it is already on changes nothing. Raises ClockRefused when a database that
    has lived on the real clock is asked to leave it, and for an instant or a speed that cannot be.
    """
    _check_speed(speed)
    if at is not None:
        _check_instant(at)
    real = queries.real_now()
    wanted = Clock.REAL if at is None else Clock.LAPSE
    clock, made = Clock.objects.get_or_create(
        id=1, defaults={"mode": wanted, "base": at or real, "since": real, "speed": speed}
    )
    if not made:
        check(clock, at)


def check(clock: Clock, at: datetime | None) -> None:
    """Raises ClockRefused when a database on this clock is asked for a time-lapse."""
    if at is not None and clock.mode == Clock.REAL:
        raise ClockRefused(
            "This database lives on the real clock, and its customers were told real times. "
            "The time-lapse clock needs a new database: set KEPT_DATA_DIR or KEPT_DATABASE_URL "
            "to an empty one."
        )


def advance(by: timedelta) -> datetime:
    """Jump the time-lapse clock forward; answers what it then says. Raises ClockRefused."""
    if by < timedelta(0):
        raise ClockRefused("The clock only goes forward.")
    with transaction.atomic():
        clock = _lapse()
        says = queries.reading(clock)
        if by > LATEST - says:
            raise ClockRefused(TOO_FAR)
        return _set(clock, says + by, clock.speed)


def advance_to(instant: datetime) -> datetime:
    """Jump the time-lapse clock forward to an instant. Raises ClockRefused."""
    _check_instant(instant)
    with transaction.atomic():
        clock = _lapse()
        if instant < queries.reading(clock):
            raise ClockRefused("The clock only goes forward.")
        return _set(clock, instant, clock.speed)


def run_at(speed: float) -> datetime:
    """Run the time-lapse clock `speed` times as fast from now on (0 stops it)."""
    _check_speed(speed)
    with transaction.atomic():
        clock = _lapse()
        return _set(clock, queries.reading(clock), speed)


def _check_speed(speed: float) -> None:
    if not 0 <= speed <= 100_000:  # also refuses what is no number (NaN)
        raise ClockRefused("The speed must lie between 0 and 100000.")


def _check_instant(at: datetime) -> None:
    if at.utcoffset() is None:
        raise ClockRefused(
            f"{at.isoformat()} has no offset from UTC: add one, such as Z or +02:00."
        )
    if at > LATEST:
        raise ClockRefused(TOO_FAR)


def _lapse() -> Clock:
    clock = Clock.objects.select_for_update().filter(id=1).first()
    if clock is None or clock.mode == Clock.REAL:
        raise ClockRefused(
            "This installation runs on the real clock, which cannot be moved. Start a new one "
            "with `kept serve --clock 2027-03-01T08:00:00+01:00`."
        )
    return clock


def _set(clock: Clock, says: datetime, speed: float) -> datetime:
    clock.base, clock.since, clock.speed = says, queries.real_now(), speed
    clock.save()
    return says


LONG_DEAD = timedelta(days=7)


def forget_the_dead() -> None:
    """Forget processes that have not been seen for a week: every start makes a new name."""
    Heartbeat.objects.filter(seen_at__lt=queries.real_now() - LONG_DEAD).delete()


def beat(
    name: str,
    *,
    started_at: datetime,
    idle: bool,
    turned: int,
    failed: int,
    mail_away_since: datetime | None = None,
    mail_detail: str = "",
) -> None:
    """Leave a sign of life of a process that turns the handle, and whether mail leaves there."""
    Heartbeat.objects.update_or_create(
        name=name[:80],
        defaults={
            "started_at": started_at,
            "seen_at": queries.real_now(),
            "idle": idle,
            "turned": turned,
            "failed": failed,
            "mail_away_since": mail_away_since,
            "mail_detail": mail_detail[:500],
        },
    )
