"""Stepping moves the clock through time: everything fires at its own moment."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from kept.appointments import queries, steps
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.worker import loop
from tests.console.house import NOW, House, start_clock

PATIENCE = 20.0


@pytest.fixture
def house(house_db):
    start_clock()
    return House()


@pytest.fixture
def worker(house):
    stop = threading.Event()
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    thread = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "test"})
    thread.start()
    yield
    stop.set()
    thread.join()


def test_each_control_fires_at_its_own_time(house, worker):
    start = NOW + timedelta(days=2, hours=3)
    booked = house.book(start)
    reached = steps.step_to(start + timedelta(days=1), patience=PATIENCE)
    assert reached == start + timedelta(days=1)
    fired = {
        control.name: control.fired_at
        for control in queries.timeline(booked).controls
        if control.fired_at
    }
    assert fired["first_reminder"] == start - timedelta(hours=24)
    assert fired["final_reminder"] == start - timedelta(hours=1)
    assert fired["outcome_due"] == start + timedelta(minutes=60)
    sent = {each.control: each.handed_over_at for each in queries.timeline(booked).messages}
    assert sent["first_reminder"] == start - timedelta(hours=24)


def test_a_target_before_the_next_moment_is_reached_exactly(house, worker):
    house.book(NOW + timedelta(days=2, hours=3))
    target = NOW + timedelta(minutes=5)
    assert steps.step_to(target, patience=PATIENCE) == target == clock_queries.now()


def test_without_a_worker_the_clock_stays(house):
    house.book(NOW + timedelta(days=2))
    with pytest.raises(steps.NoWorker, match="No worker is running"):
        steps.step_to(NOW + timedelta(days=1), patience=PATIENCE)
    assert clock_queries.now() == NOW


def test_when_patience_runs_out_no_duty_is_jumped_over(house):
    house.book(NOW + timedelta(days=2))
    # A worker that lives and does nothing: the confirmation stays queued.
    clock.beat("idle", started_at=NOW, idle=True, turned=0, failed=0)
    assert steps.step_to(NOW + timedelta(days=1), patience=0.2) == NOW


def test_the_real_clock_is_not_moved(db):
    with pytest.raises(clock.ClockRefused):
        steps.step_to(datetime(2030, 1, 1, tzinfo=UTC), patience=0)
