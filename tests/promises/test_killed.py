"""Real workers are killed with SIGKILL at any moment, and the mail server has moods.

Two worker processes run against a real SMTP server that now and then refuses, for now or for good,
hangs, or takes a letter and drops the line. Meanwhile people do all that people do: they book,
move, cancel, say yes, arrive, finish, miss, correct what was recorded, change an address or the
policy; and the clock jumps. Afterwards, when the workers have done all there is to do, every
customer has their letters once, or the doubt stands recorded; nothing arrived after a change had
been answered; and all twelve promises hold without allowance.
"""

import asyncio
import email
import math
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time as real_time
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from kept.appointments import actions as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.cases.queries import Case, Event, HandOff
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import NotAllowed, Role
from kept.core.paths import PATHS
from kept.core.paths.appointment import UNRESOLVED
from kept.outbox import queries as outbox
from kept.outbox.queries import Evidence, Message
from tests.effort import THOROUGH
from tests.promises.house import CUSTOMER, DESK, House, contact

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
ACTS, KILLS = 45, 4  # how much happens at least, however busy the machine is
QUIET_WITHIN = 40.0
SEEDS = range(1, 21) if THOROUGH else (1, 2, 3)
CLOSED = {"rescheduled", "cancelled", "missed", "completed"}
LETTERS = {rule.name: rule.states for rule in PATHS["appointment"].controls}
POLICIES = [
    {"first_reminder": "48h"},
    {"first_reminder": "24h"},
    {"ask_acknowledgement": True},
    {"switched_off": ["first_reminder"]},
    {"switched_off": [], "assume_missed": True},
    {"assume_missed": False, "outcome_grace": "30m"},
]


class Moody:
    """A mail server's moods: mostly it takes what it gets. Remembers what it took, and when."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.calm = False
        self.taken = []  # (real time, Message-ID, the X-Kept line)

    async def handle_RCPT(self, server, session, envelope, address, options):
        mood = 1.0 if self.calm else self.random.random()
        if mood < 0.1:
            return "451 4.2.1 not now"
        if mood < 0.13:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mood = 1.0 if self.calm else self.random.random()
        if mood < 0.06:
            return "452 4.3.1 no room at present"
        if mood < 0.08:
            return "554 5.7.1 not to our taste"
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
        self.running, self.started, self.killed = [], 0, 0

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

    def kill_now_and_then(self, chance, enough):
        """At random moments one that is at work dies, and another one begins."""
        while not enough.is_set():
            victim = chance.choice(self.running)
            victim.stdout.readline()  # it is at work
            threading.Event().wait(chance.uniform(0.05, 1.5))
            self.kill(victim)
            self.killed += 1
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
    """They do what people do, and remember when each change was answered.

    `states`: what was known of a leg, and from when to when: between the answer to one change and
    the beginning of the next one.
    """

    def __init__(self, house, chance):
        self.house, self.chance = house, chance
        self.appointments, self.deck = [], []
        self.states = defaultdict(list)  # (reference, leg) -> [[from, until, state]]
        self.done, self.asked = Counter(), 0

    def do_something(self):
        """Every kind of act comes once before any comes again; what the path refuses is refused."""
        if not self.deck:
            self.deck = ["book", "book", "book", "policy", "jump", "jump", "jump", *self.acts]
            self.chance.shuffle(self.deck)
        name = self.deck.pop() if self.appointments else "book"
        self.asked += 1
        if name in self.acts:
            self.done[name] += self._change(self.acts[name])
        else:
            self.done[name] += getattr(self, name)()

    def book(self):
        number = self.asked
        ahead = timedelta(hours=self.chance.choice([0.2, 1, 3, 25, 50, 700]), minutes=number)
        guest = contact(f"Guest {number}", f"guest{number}@example.com")
        start = clock.now().replace(second=0, microsecond=0) + ahead
        try:
            self.appointments.append(self.house.book(start, guest, freely=True))
        except appointments.CannotBook:  # somebody is there already
            return False
        return True

    def jump(self):
        clock_actions.advance(timedelta(hours=self.chance.choice([0.5, 1, 1, 4, 24])))
        return True

    def policy(self):
        changes = self.chance.choice(POLICIES)
        appointments.change_policy(self.house.business, changes, clock.now(), DESK)
        return True

    def _change(self, act):
        appointment = self._somebody()
        leg = Leg.objects.get(appointment=appointment, current=True)
        known = self.states[appointment.reference, leg.number]
        if known:
            known[-1][1] = real_time.monotonic()
        try:
            act(self, appointment, leg)
        except (NotAllowed, appointments.CannotBook):
            return False
        finally:
            answered = real_time.monotonic()
            state = Case.objects.get(pk=leg.case_id).state
            known.append([answered, math.inf, state])
        return True

    def _somebody(self):
        """Mostly somebody whose visit is near, so that visits take place."""
        if self.chance.random() < 0.3:
            return self.chance.choice(self.appointments)
        now = clock.now()
        legs = Leg.objects.filter(current=True, case__state__in=UNRESOLVED)
        near = sorted(legs.select_related("appointment"), key=lambda leg: abs(leg.start - now))
        return self.chance.choice([leg.appointment for leg in near[:3]] or self.appointments)

    def _move(self, appointment, leg):
        later = timedelta(
            minutes=60 * self.chance.choice([2, 27, 300]) + self.chance.randint(0, 59)
        )
        start = clock.now().replace(second=0, microsecond=0) + later
        appointments.move(appointment, start, clock.now(), DESK, freely=True)

    def _correct(self, appointment, leg):
        to = self.chance.choice(["scheduled", "confirmed", "completed", "missed", "cancelled"])
        appointments.correct(appointment, to, clock.now(), DESK, reason="a slip", by=Role.CUSTOMER)

    def _new_address(self, appointment, leg):
        new = contact(appointment.customer.name, f"new{self.asked}@example.com")
        appointments.correct_contact(appointment, new, clock.now(), DESK)

    acts = {
        "move": _move,
        "correct": _correct,
        "new address": _new_address,
        "cancel": lambda self, one, leg: self.house.cancel(one, by=Role.CUSTOMER),
        "cancel as the business": lambda self, one, leg: self.house.cancel(one, by=Role.STAFF),
        "acknowledge": lambda self, one, leg: self.house.say(one, "acknowledged", CUSTOMER),
        "confirm again": lambda self, one, leg: self.house.say(one, "confirmation_requested"),
        "arrive": lambda self, one, leg: self.house.say(one, "arrived"),
        "complete": lambda self, one, leg: self.house.say(one, "completed"),
        "miss": lambda self, one, leg: appointments.miss(one, clock.now(), DESK, by=Role.CUSTOMER),
    }


def everything_done(workers):
    """The clock stands still, and goes on to the next attempt only when nothing is left to do."""
    deadline = real_time.monotonic() + QUIET_WITHIN
    clock_actions.run_at(0)
    while True:
        assert all(worker.poll() is None for worker in workers.running)
        now = clock.now()
        offered = HandOff.objects.filter(status="offered", own=True)
        if cases.due_now(now) or outbox.unsettled(now) or offered.exists():
            assert real_time.monotonic() < deadline, "the workers never come to rest"
            threading.Event().wait(0.05)
        elif (at := outbox.next_attempt()) is not None:
            clock_actions.advance_to(at)
        else:
            return


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", SEEDS)
def test_workers_killed_at_any_moment_lose_nothing_and_double_nothing(house_db, workers, seed):
    clock.forget()
    house = House(staff=("Ada", "Bea"))
    clock_actions.run_at(60)  # so that second attempts come within seconds
    chance = random.Random(seed)
    with mail_server(seed) as (server, url):
        at_work = workers(url)
        at_work.start()
        at_work.start()
        people, enough = People(house, chance), threading.Event()
        killer = threading.Thread(
            target=at_work.kill_now_and_then, args=(random.Random(seed), enough)
        )
        killer.start()
        try:
            while people.asked < ACTS or at_work.killed < KILLS:
                people.do_something()
                threading.Event().wait(chance.uniform(0, 0.1))
        finally:
            enough.set()
            killer.join()
        server.calm = True
        everything_done(at_work)
        at_work.stop()

    assert len(+people.done) > 5, f"hardly anything was possible: {people.done}"
    nothing_arrived_after_a_change(server, people)
    everybody_has_their_letters_once(server)
    who_counts_as_told_was_told()
    broken = run(clock.now(), lag=timedelta(0))
    lines = [f"{one.number}: {line}" for one in broken for line in one.broken]
    assert not lines, "\n".join([*lines, *histories_in(lines)])


def histories_in(lines):
    """What happened to the appointments these lines speak of, for whoever must find out why."""
    for case in Case.objects.filter(path="appointment").order_by("subject", "number"):
        reference = Leg.objects.get(case=case).appointment.reference
        if any(reference in line for line in lines):
            yield f"{reference}, leg {case.number}, {case.state}, {case.facts} {case.anchors}"
            for each in Event.objects.filter(case=case).order_by("seq"):
                yield f"  {each.at:%d %H:%M:%S} {each.name} {each.actor_role} {each.data}"
            for each in Message.objects.filter(case=case.id).order_by("created_at"):
                known = list(each.evidence.order_by("at").values_list("kind", "at"))
                yield f"  {each.control} {each.run}: {each.status} {each.error} {known}"


def nothing_arrived_after_a_change(server, people):
    for arrived, _, line in server.taken:
        ref, leg, control = (part.split("=")[1] for part in line.split())
        for answered, until, state in people.states[ref, int(leg)]:
            if state in CLOSED and control in LETTERS and state not in LETTERS[control]:
                late = arrived - answered
                assert not answered < arrived < until, f"{line}: {late:.3f} s after it was {state}"


def everybody_has_their_letters_once(server):
    copies = Counter(message_id for _, message_id, _ in server.taken)
    for message in Message.objects.exclude(status="withdrawn"):
        mine = [n for name, n in copies.items() if name.startswith(f"<{message.id.hex}.")]
        doubts = Evidence.objects.filter(message=message, kind="doubt").count()
        arrived = sum(mine)
        assert arrived <= 1 + doubts, f"{message.control} arrived {arrived} times"
        if message.status == "accepted":
            assert arrived >= 1


def who_counts_as_told_was_told():
    """By a letter that a server took, or because somebody said so."""
    for case in Case.objects.filter(path="appointment", state__in=["confirmed", "prepared"]):
        letters = Message.objects.filter(case=case.id, status="accepted")
        said = Event.objects.filter(case=case.id, name__in=["acknowledged", "corrected"])
        notices = letters.filter(control__in=["confirmation", "moved_notice"])
        assert notices.exists() or said.exists(), f"nobody told the customer of {case.id}"
