"""Real workers are killed with SIGKILL at any moment, and the mail server has moods.

Worker processes run against a real SMTP server that now and then refuses, hangs, or takes a letter
and drops the line; meanwhile people book, move and cancel. Afterwards every customer has their
letters once, or the doubt stands recorded; nothing arrived after a change had been answered; and
all twelve promises hold.
"""

import asyncio
import email
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time as real_time
from collections import Counter
from contextlib import closing, contextmanager, suppress
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from kept.appointments import actions as appointments
from kept.appointments.queries import Leg
from kept.cases.queries import Event
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import Role
from kept.outbox.queries import Evidence, Message
from tests.promises.house import DESK, House, contact

# The seam: leases and the rounds of recovery are shorter than in life, though a lease is still
# longer than a hand-over can take here.
WORKER = """
import sys, threading
from datetime import timedelta
import django
django.setup()
from kept.outbox import actions as outbox
from kept.worker import loop
outbox.LEASE = timedelta(seconds=4)
loop.RECOVER_EVERY = timedelta(seconds=0.5)
print("ready", flush=True)
loop.run(threading.Event(), name=sys.argv[1])
"""
BUSY_FOR = 12.0  # seconds of killing and changing
QUIET_WITHIN = 40.0


class Moody:
    """A mail server's moods: mostly it takes what it gets. Remembers what it took, and when."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.taken = []  # (real time, Message-ID, the X-Kept line)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.random.random() < 0.1:
            return "451 4.2.1 not now"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mood = self.random.random()
        if mood < 0.08:
            return "452 4.3.1 no room at present"
        letter = email.message_from_bytes(envelope.content)
        self.taken.append((real_time.monotonic(), letter["Message-ID"], letter["X-Kept"]))
        if mood < 0.14:
            server.transport.abort()  # it has the letter, and nobody will know
        elif mood < 0.18:
            await asyncio.sleep(1.5)  # longer than anybody waits here
        return "250 2.0.0 taken"


@contextmanager
def mail_server(seed):
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    moody = Moody(seed)
    controller = Controller(moody, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield moody, f"smtp://127.0.0.1:{port}?timeout=0.5&final_timeout=0.5"
    finally:
        controller.stop()


class Workers:
    """Worker processes, known by their ids; all are gone at the end."""

    def __init__(self, database, mail, folder):
        self.environment = os.environ | {
            "KEPT_DATABASE_URL": database,
            "KEPT_EMAIL_URL": mail,
            "KEPT_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "kept.config.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self.log = (folder / "workers.log").open("w")
        self.running, self.started = [], 0

    def start(self):
        self.started += 1
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, f"worker {self.started}"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.running.append(worker)

    def kill(self, worker):
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        worker.stdout.close()
        self.running.remove(worker)

    def stop(self):
        for worker in list(self.running):
            self.kill(worker)
        self.log.close()

    def kill_now_and_then(self, chance, until):
        """At random moments one that is at work dies, and another one begins."""
        while real_time.monotonic() < until:
            victim = chance.choice(self.running)
            victim.stdout.readline()  # it is at work
            threading.Event().wait(chance.uniform(0.05, 1.5))
            self.kill(victim)
            self.start()


@pytest.fixture
def workers(house_db, tmp_path):
    made = []

    def make(mail):
        made.append(Workers(house_db.url, mail, tmp_path))
        return made[0]

    yield make
    for each in made:
        each.stop()


class People:
    """They book, move and cancel, and remember when each change was answered."""

    def __init__(self, house, chance):
        self.house, self.chance = house, chance
        self.appointments, self.closed = [], {}  # (reference, leg) -> real time

    def do_something(self):
        act = self.chance.choice([self.book, self.book, self.move, self.cancel])
        act() if self.appointments else self.book()

    def book(self):
        number = len(self.appointments)
        start = clock.now().replace(second=0, microsecond=0) + timedelta(days=30, hours=number)
        guest = contact(f"Guest {number}", f"guest{number}@example.com")
        self.appointments.append(self.house.book(start, guest, freely=True))

    def _close(self, change):
        appointment = self.chance.choice(self.appointments)
        leg = Leg.objects.select_related("case").get(appointment=appointment, current=True)
        if leg.case.state in {"scheduled", "confirmed"} and change(appointment, leg):
            self.closed[appointment.reference, leg.number] = real_time.monotonic()

    def move(self):
        later = timedelta(days=self.chance.randint(10, 200), hours=self.chance.randint(0, 23))

        def change(appointment, leg):
            now, start = clock.now(), leg.start + later
            with suppress(appointments.CannotBook):  # somebody is there already
                appointments.move(appointment, start, now, DESK, freely=True)
                return True

        self._close(change)

    def cancel(self):
        by = self.chance.choice([Role.CUSTOMER, Role.STAFF])

        def change(appointment, leg):
            self.house.cancel(appointment, by=by)
            return True

        self._close(change)


def wait_until_quiet(workers):
    """Until nothing is to be sent any more. What still fails is tried again, so look again."""
    deadline = real_time.monotonic() + QUIET_WITHIN
    busy = Message.objects.filter(status__in=["queued", "claimed", "handing_over"])
    while busy.exists():
        assert real_time.monotonic() < deadline, list(busy.values("control", "status", "error"))
        assert all(worker.poll() is None for worker in workers.running)
        threading.Event().wait(0.1)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1])
def test_workers_killed_at_any_moment_lose_nothing_and_double_nothing(house_db, workers, seed):
    clock.forget()
    house = House(staff=("Ada",))
    clock_actions.run_at(60)  # so that second attempts come within seconds
    chance = random.Random(seed)
    with mail_server(seed) as (server, url):
        at_work = workers(url)
        at_work.start()
        at_work.start()
        people = People(house, chance)
        until = real_time.monotonic() + BUSY_FOR
        killer = threading.Thread(
            target=at_work.kill_now_and_then, args=(random.Random(seed), until)
        )
        killer.start()
        try:
            while real_time.monotonic() < until:
                people.do_something()
                threading.Event().wait(chance.uniform(0, 0.3))
        finally:
            killer.join()
        wait_until_quiet(at_work)
        at_work.stop()

    assert at_work.started > 4, "hardly anybody was killed"
    assert len(people.appointments) > 5
    nothing_arrived_after_a_change(server, people)
    everybody_has_their_letters_once(server)
    assert [line for one in run(clock.now()) for line in one.broken] == []


def nothing_arrived_after_a_change(server, people):
    for arrived, _, line in server.taken:
        ref, leg, control = (part.split("=")[1] for part in line.split())
        answered = people.closed.get((ref, int(leg)))
        if answered is not None and control != "cancelled_notice":
            assert arrived <= answered, f"{line} arrived {arrived - answered:.3f} s too late"


def everybody_has_their_letters_once(server):
    copies = Counter(message_id for _, message_id, _ in server.taken)
    for message in Message.objects.exclude(status="withdrawn"):
        mine = [n for name, n in copies.items() if name.startswith(f"<{message.id.hex}.")]
        doubts = Evidence.objects.filter(message=message, kind="doubt").count()
        arrived = sum(mine)
        assert arrived <= 1 + doubts, f"{message.control} arrived {arrived} times"
        if message.status == "accepted":
            assert arrived >= 1
    waiting = Event.objects.filter(name="booked").exclude(case__state__in=["rescheduled"])
    for booked in waiting.select_related("case"):
        if booked.case.state in {"confirmed", "prepared"}:
            controls = Message.objects.filter(case=booked.case_id, status="accepted")
            assert controls.filter(control__in=["confirmation", "moved_notice"]).count() == 1
