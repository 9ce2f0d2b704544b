"""Stepping moves the clock through time: everything fires at its own moment."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from kept.appointments import queries, steps
from kept.channels.email.inbox import InboxTransport
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.worker import loop
from kept.worker.deliver import deliver_one
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


@pytest.fixture
def slow_worker(house):
    """A worker that gets one thing done every quarter of a second."""
    stop = threading.Event()
    clock.beat("slow", started_at=NOW, idle=True, turned=0, failed=0)

    def work():
        transport = InboxTransport()
        while not stop.wait(0.25):
            loop.turn_controls() or deliver_one(transport, "slow", clock_queries.now)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_it_waits_for_a_slow_worker_as_long_as_that_gets_on(house, slow_worker):
    house.book(NOW + timedelta(days=2))
    target = NOW + timedelta(days=2, hours=2)
    began = time.monotonic()
    assert steps.step_to(target, patience=1.0) == target
    assert time.monotonic() - began > 1.0  # longer than it would have waited for nothing


def test_who_cannot_wait_that_long_stops_on_the_way(house, slow_worker):
    house.book(NOW + timedelta(days=2))
    reached = steps.step_to(NOW + timedelta(days=2, hours=2), patience=1.0, at_most=0.5)
    assert NOW <= reached < NOW + timedelta(days=2)


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
