"""What a worker clears away, once an hour."""

import threading
from datetime import timedelta

import pytest

from kept.clock import actions as clock
from kept.clock import queries
from kept.clock.models import Heartbeat
from kept.worker import loop


def beat(name, ago):
    clock.beat(name, started_at=queries.real_now(), idle=True, turned=0, failed=0)
    Heartbeat.objects.filter(name=name).update(seen_at=queries.real_now() - ago)


@pytest.mark.django_db
def test_processes_long_dead_are_forgotten_and_the_last_ones_are_not():
    beat("last year", timedelta(days=300))
    beat("yesterday", timedelta(days=1))
    clock.forget_the_dead()
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["yesterday"]


def test_a_worker_tidies_at_its_start_and_not_again_within_the_hour(house_db):
    clock.start()
    at_work, stop, calls = threading.Event(), threading.Event(), []

    def tidy():
        calls.append(1)
        at_work.set()

    worker = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "t", "tidy": tidy})
    worker.start()
    assert at_work.wait(10)
    stop.wait(3 * loop.REST)  # long enough for a few more turns; nothing sets it
    stop.set()
    worker.join(10)
    assert calls == [1]
