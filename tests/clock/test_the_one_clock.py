"""Every process of an installation reads the same clock, and real people's clock is never moved."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from kept.clock import actions as clock
from kept.clock import queries
from kept.clock.actions import ClockRefused

MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_clock_known():
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def lapse(db):
    clock.start(MONDAY, speed=0)


def test_before_the_first_start_the_clock_is_the_real_one(db):
    assert abs(queries.now() - queries.real_now()) < timedelta(seconds=5)
    assert not queries.is_lapse()


def test_the_real_clock_cannot_be_moved(db):
    clock.start()
    for move in (
        lambda: clock.advance(timedelta(hours=1)),
        lambda: clock.advance_to(MONDAY + timedelta(days=9999)),
        lambda: clock.run_at(60),
    ):
        with pytest.raises(ClockRefused, match="runs on the real clock"):
            move()
    assert abs(queries.now() - queries.real_now()) < timedelta(seconds=5)


def test_a_database_that_lived_on_the_real_clock_never_leaves_it(db):
    clock.start()
    with pytest.raises(ClockRefused, match="needs a new database"):
        clock.start(MONDAY)
    assert not queries.is_lapse()


def test_a_new_database_starts_at_the_instant_it_is_given(lapse):
    assert queries.is_lapse()
    assert queries.now() == MONDAY


def test_starting_again_keeps_the_clock_there_is(lapse):
    clock.advance(timedelta(days=2))
    clock.start(MONDAY, speed=60)
    clock.start()
    assert queries.now() == MONDAY + timedelta(days=2)


def test_it_jumps_forward_by_a_time_and_to_an_instant(lapse):
    assert clock.advance(timedelta(hours=23)) == MONDAY + timedelta(hours=23)
    assert clock.advance_to(MONDAY + timedelta(days=1)) == MONDAY + timedelta(days=1)
    assert queries.now() == MONDAY + timedelta(days=1)


def test_it_only_goes_forward(lapse):
    with pytest.raises(ClockRefused, match="only goes forward"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ClockRefused, match="only goes forward"):
        clock.advance_to(MONDAY - timedelta(seconds=1))
    assert clock.advance(timedelta(0)) == MONDAY


@pytest.mark.parametrize("too_far", [timedelta(days=365_000), timedelta.max])
def test_it_does_not_jump_to_where_dates_end(lapse, too_far):
    with pytest.raises(ClockRefused, match="no further"):
        clock.advance(too_far)
    with pytest.raises(ClockRefused, match="no further"):
        clock.advance_to(datetime.max.replace(tzinfo=UTC))
    assert queries.now() == MONDAY


def test_a_time_without_a_zone_is_no_instant(db):
    with pytest.raises(ClockRefused, match="no offset from UTC"):
        clock.start(MONDAY.replace(tzinfo=None))
    clock.start(MONDAY, speed=0)
    with pytest.raises(ClockRefused, match="no offset from UTC"):
        clock.advance_to(MONDAY.replace(tzinfo=None))


@pytest.mark.parametrize("speed", [-1, 100_001, float("nan"), float("inf")])
def test_a_speed_that_cannot_be_is_refused(db, speed):
    with pytest.raises(ClockRefused, match="between 0 and 100000"):
        clock.start(MONDAY, speed=speed)
    clock.start(MONDAY)
    with pytest.raises(ClockRefused, match="between 0 and 100000"):
        clock.run_at(speed)


def test_it_runs_as_fast_as_it_is_told_from_where_it_stands(lapse, monkeypatch):
    real = queries.real_now()
    monkeypatch.setattr(queries, "real_now", lambda: real)
    assert clock.run_at(60) == MONDAY
    monkeypatch.setattr(queries, "real_now", lambda: real + timedelta(seconds=30))
    assert queries.now() == MONDAY + timedelta(minutes=30)
    assert clock.run_at(0) == MONDAY + timedelta(minutes=30)
    monkeypatch.setattr(queries, "real_now", lambda: real + timedelta(days=1))
    assert queries.now() == MONDAY + timedelta(minutes=30)


def test_a_jump_is_seen_by_another_connection_at_once(house_db):
    clock.start(MONDAY, speed=0)
    seen = []

    def look():
        seen.append(queries.now())
        connection.close()

    for days in (0, 3, 1):
        expected = clock.advance(timedelta(days=days))
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert seen.pop() == expected


def test_a_worker_is_alive_while_it_was_seen_in_the_last_seconds(db, monkeypatch):
    real = queries.real_now()
    clock.beat("w" * 200, started_at=real, idle=True, turned=3, failed=0)
    clock.beat("w" * 200, started_at=real, idle=False, turned=5, failed=1)
    (worker,) = queries.workers()
    assert (worker.turned, worker.failed, worker.idle) == (5, 1, False)
    monkeypatch.setattr(queries, "real_now", lambda: real + timedelta(minutes=1))
    assert queries.workers() == []
    assert queries.last_beat() == worker
