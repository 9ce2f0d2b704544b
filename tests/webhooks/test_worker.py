"""The worker and a receiver that hangs; and a house from before there were webhooks."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kept.accounts.queries import business
from kept.clock import actions as clock
from kept.lib.ids import new_id
from kept.webhooks import actions as webhooks
from kept.webhooks.queries import Delivery
from kept.worker import loop
from kept.worker.hooks import Hooks
from tests.appointments.clinic import Clinic, berlin, now, state
from tests.together import wait_until


@pytest.fixture
def worker(house_db, receiver):
    """A worker at work; before it is stopped the receiver lets go, so that nobody waits."""
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "w", "deliverers": 1})
    yield thread.start
    receiver.stopped.set()
    stop.set()
    thread.join()


def test_a_receiver_that_hangs_holds_up_neither_mail_nor_controls(worker, receiver):
    clinic = Clinic()
    webhooks.create(clinic.business.id, receiver.url, now())
    clinic.business = business(clinic.business.id)
    receiver.answer = lambda got: receiver.stopped.wait(12) and None
    mia = clinic.book(berlin(3, 10))
    worker()
    wait_until(lambda: receiver.received)
    wait_until(lambda: state(mia) == "confirmed")  # the letter went out
    clock.advance_to(berlin(2, 10) + timedelta(minutes=1))
    wait_until(lambda: state(mia) == "prepared")  # and so did what fell due
    assert Delivery.objects.filter(status=Delivery.SENDING).count() == 1
    assert not receiver.stopped.is_set()


def test_a_stopped_worker_has_written_down_what_was_in_the_air(worker, receiver):
    clinic = Clinic()
    webhooks.create(clinic.business.id, receiver.url, now(), types=["appointment.scheduled"])
    clinic.business = business(clinic.business.id)
    clinic.book(berlin(3, 10))
    worker()
    wait_until(lambda: Delivery.objects.get().status == Delivery.DELIVERED)


def test_a_receiver_that_hangs_does_not_keep_a_worker_from_stopping(
    house_db, receiver, monkeypatch
):
    monkeypatch.setattr("kept.worker.hooks.LAST_MOMENT", 0.1)
    clinic = Clinic()
    webhooks.create(clinic.business.id, receiver.url, now())
    clinic.business = business(clinic.business.id)
    receiver.answer = lambda got: receiver.stopped.wait(12) and None
    clinic.book(berlin(3, 10))
    hooks, until = Hooks("test", now), time.monotonic() + 10
    while not receiver.received and time.monotonic() < until:
        hooks.turn(0.05)
    began = time.monotonic()
    hooks.close()
    assert time.monotonic() - began < 5
    assert Delivery.objects.get().status == Delivery.SENDING  # until its lease is over


def test_an_older_house_comes_along_and_nobody_listens_in_it(house_db):
    executor = MigrationExecutor(connection)
    executor.migrate([("webhooks", None), ("accounts", "0003_use_of_keys")])
    made, old = new_id(), {"name": "Old House", "slug": "old-house", "locale": "en_GB"}
    old |= {"time_zone": "Europe/Berlin", "currency": "EUR", "created_at": now()}
    old |= {"id": made if connection.vendor == "postgresql" else made.hex}
    old |= dict.fromkeys(("email", "phone", "address"), "")
    places = ", ".join(["%s"] * len(old))
    with connection.cursor() as cursor:
        insert = f"INSERT INTO accounts_business ({', '.join(old)}) VALUES ({places})"
        cursor.execute(insert, list(old.values()))
    executor.loader.build_graph()
    executor.migrate(executor.loader.graph.leaf_nodes())
    found = business(made)
    assert (found.name, found.heard) == ("Old House", False)
    webhooks.create(found.id, "https://hooks.example.com/", now())
    assert business(made).heard
