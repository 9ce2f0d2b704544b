"""Whether mail leaves is seen before somebody needs it, and said when it changes."""

import logging
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from kept.channels.base import TransportError
from kept.channels.email import from_url
from kept.clock import queries as clock
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.worker import loop
from kept.worker.mail import Watch, Watched
from tests.appointments.clinic import Clinic, berlin, state
from tests.together import wait_until

START = berlin(4, 10)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def mail_server(port):
    class Taker:
        async def handle_DATA(self, server, session, envelope):  # aiosmtpd's name
            return "250 taken"

    server = Controller(Taker(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


@pytest.fixture
def worker(house_db, settings, port, monkeypatch):
    """A worker whose mail server is not there yet, and which looks often."""
    settings.EMAIL_URL = f"smtp://user%40x:hunter2@127.0.0.1:{port}?timeout=0.5"
    monkeypatch.setattr("kept.worker.mail.LOOK_EVERY", 0.1)
    monkeypatch.setattr("kept.worker.loop.BEAT_EVERY", timedelta(0))
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,), kwargs={"name": "w"})
    yield thread
    stop.set()
    thread.join()


def said(caplog, level):
    lines = [line for line in caplog.records if line.name == "kept.mail"]
    return [line.getMessage() for line in lines if line.levelno == level]


def seen_looking(monkeypatch):
    """From now on, every look that finds no mail server."""
    looks, missed = [], Watch.missed

    def look(watch, detail):
        missed(watch, detail)
        looks.append(detail)

    monkeypatch.setattr(Watch, "missed", look)
    return looks


def test_a_mail_server_that_is_away_is_said_at_the_start_and_only_once(worker, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    worker.start()
    mail = wait_until(lambda: (now := outbox.mail()).state == "away" and now)
    assert "no usable connection to smtp 127.0.0.1" in mail.detail
    assert mail.since <= clock.real_now()
    looks = seen_looking(monkeypatch)
    wait_until(lambda: len(looks) >= 3)
    [line] = said(caplog, logging.WARNING)
    assert line.startswith("No mail leaves: no usable connection to smtp 127.0.0.1")
    assert "hunter2" not in caplog.text


def test_when_it_is_back_that_is_said_and_what_waited_goes_out_at_once(
    worker, caplog, port, settings
):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}?timeout=0.5"
    caplog.set_level(logging.INFO)
    booked = Clinic().book(START)
    worker.start()
    wait_until(lambda: Message.objects.filter(attempts__gte=1, status="queued").exists())
    # Hours later: the next attempt is far away.
    Message.objects.filter(status="queued").update(wake_at=clock.now() + timedelta(hours=1))
    with mail_server(port):
        wait_until(lambda: state(booked) == "confirmed")
        wait_until(lambda: outbox.mail().state == "ok")
    [line] = [line for line in said(caplog, logging.INFO) if "again" in line]
    assert line.startswith(f"Mail leaves again by smtp 127.0.0.1:{port}, after ")
    assert len(said(caplog, logging.WARNING)) == 1


def test_what_an_earlier_worker_could_not_send_goes_out_at_once_when_one_starts_that_can(
    worker, port, settings
):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}?timeout=0.5"
    booked = Clinic().book(START)
    # The mail server was set wrongly, for hours: put right, Kept is started again.
    Message.objects.update(attempts=9, wake_at=clock.now() + timedelta(hours=1))
    with mail_server(port):
        worker.start()
        wait_until(lambda: state(booked) == "confirmed")


def test_no_mail_server_at_all_is_said_too(house_db, settings, caplog):
    settings.EMAIL_URL = "none:"
    watch = Watch()
    for _ in range(3):
        with pytest.raises(TransportError):
            Watched(from_url("none:")(), watch).prepare()
    [line] = said(caplog, logging.WARNING)
    assert "set KEPT_EMAIL_URL" in line
    assert outbox.mail().state == "unset"


def test_who_looks_looks_alone_and_again_only_after_a_while():
    watch = Watch()
    assert watch.wants_a_look()
    assert not watch.wants_a_look()
    watch.reached("smtp")
    assert not watch.wants_a_look()


def test_without_a_worker_nobody_knows(db):
    assert outbox.mail().state == "unknown"


def test_a_worker_that_has_died_says_nothing_about_mail_any_more(db):
    from kept.clock import actions
    from kept.clock.models import Heartbeat

    now = clock.real_now()
    for name, away in (("old", now), ("new", None)):
        actions.beat(name, started_at=now, idle=True, turned=0, failed=0, mail_away_since=away)
    assert outbox.mail().state == "away"
    Heartbeat.objects.filter(name="old").update(seen_at=now - timedelta(minutes=5))
    assert outbox.mail().state == "ok"
