"""The demo's clock jumps from the console, and never over what is due."""

import threading
from datetime import timedelta

import pytest
from django.test import Client

from kept.appointments import queries
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.worker import loop
from tests.console.house import NOW, House, asks, start_clock

START = NOW + timedelta(days=1, hours=3)


@pytest.fixture
def at_work(house_db):
    """A house with a worker that turns the handle in a thread of its own."""
    start_clock()
    house = House()
    stop = threading.Event()
    clock.beat("test", started_at=NOW, idle=True, turned=0, failed=0)
    thread = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "test"})
    thread.start()
    yield house
    stop.set()
    thread.join()


def jump(user, to):
    client = Client()
    client.force_login(user)
    return client.post("/console/clock/", {"to": to, "next": "/console/"}, follow=True)


def test_a_day_passes_through_every_due_moment(at_work):
    booked = at_work.book(START)
    asks(at_work)
    page = jump(at_work.owner, "day").content.decode()
    assert clock_queries.now() == NOW + timedelta(days=1)
    assert "It is now" in page
    assert "On the way:" in page
    assert "(Ida Asks)" in page  # who asked is named as well as who is booked
    fired = {c.name: c.fired_at for c in queries.timeline(booked).controls if c.fired_at}
    assert fired["first_reminder"] == START - timedelta(hours=24)


def test_the_next_due_moment_and_an_hour(at_work):
    booked = at_work.book(START)
    jump(at_work.owner, "hour")
    assert clock_queries.now() == NOW + timedelta(hours=1)
    jump(at_work.owner, "next")
    assert clock_queries.now() == START - timedelta(hours=24)
    assert queries.current_leg(booked).case.state == "prepared"


def test_without_a_worker_it_says_so_and_stays(house, owner):
    house.book(START)
    page = owner.post("/console/clock/", {"to": "day"}, follow=True)
    assert b"No worker is running" in page.content
    assert clock_queries.now() == NOW


def test_only_the_owner_moves_it_and_only_by_post(house, owner, desk):
    assert desk.post("/console/clock/", {"to": "day"}).status_code == 403
    assert owner.get("/console/clock/").status_code == 404
    assert b"+ 1 day" in owner.get("/console/").content
    assert b"+ 1 day" not in desk.get("/console/").content
    assert clock_queries.now() == NOW


def test_on_the_real_clock_there_is_nothing_to_move(db, signed_in):
    clock.start(None)
    house = House()
    client = signed_in(house.owner)
    assert b"Time-lapse" not in client.get("/console/").content
    assert client.post("/console/clock/", {"to": "day"}).status_code == 404
