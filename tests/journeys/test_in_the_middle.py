"""Receiving cut off in the middle, and a clock that jumps: nothing is lost, or done twice."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases.queries import Case, HandOff
from kept.checks import promises
from kept.clock import actions as clock
from kept.journeys import queries
from kept.outbox.queries import Message
from kept.worker import loop
from tests.appointments.clinic import DESK, Clinic, Post, berlin, go_to, now

# The seam: it stops where the hand-off is accepted and what follows has not begun.
RECEIVER = """
import time
import django
django.setup()
from kept.cases import actions as cases
from kept.clock import queries as clock
from kept.journeys import actions
def stop_here(*args, **named):
    print("in the middle", flush=True)
    time.sleep(600)
cases.begin = stop_here
actions.receive_offered(clock.now())
"""


def broken():
    return [sentence for promise in promises.run(now()) for sentence in promise.broken]


def test_a_worker_killed_while_it_receives_leaves_the_offer_as_it_was(house_db):
    clinic = Clinic()
    booked = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    env = {**os.environ, "KEPT_DATABASE_URL": house_db.url}
    pipe = {"stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", RECEIVER], env=env, **pipe) as worker:
        assert worker.stdout.readline() == "in the middle\n"
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert set(HandOff.objects.values_list("status", flat=True)) == {"offered"}
    assert queries.current(booked.id) is None
    while loop.turn_controls():
        pass
    assert HandOff.objects.get(to="follow_up").status == "accepted"
    assert Case.objects.filter(path="follow_up").count() == 1
    go_to(now())
    assert broken() == []


@pytest.mark.parametrize("outcome", ["completed", "missed"])
def test_a_year_in_which_nobody_worked_writes_no_old_letters(db, outcome):
    clinic = Clinic(aftercare="Rest the foot today.", comes_again_days=42)
    booked = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    if outcome == "completed":
        appointments.say(booked, "completed", now(), DESK)
    else:
        appointments.miss(booked, now(), DESK, by=DESK.role)
    go_to(now())
    before = Message.objects.count()
    clock.advance(timedelta(days=365))
    post = Post()
    while loop.turn_controls() or post.deliver():
        pass
    assert post.letters == []
    assert Message.objects.count() == before
    case = queries.current(booked.id)
    following = Case.objects.get(subject=booked.id, path="follow_up")
    assert (following.state, case is not None) == ("closed", True)
    statuses = {each.name: each.status for each in following.controls.all()}
    assert "planned" not in statuses.values()
    assert broken() == []


def test_an_offer_a_year_old_is_for_a_person(db):
    clinic = Clinic()
    booked = clinic.book(berlin(2, 10))
    go_to(berlin(2, 10, 45))
    appointments.say(booked, "completed", now(), DESK)
    clock.advance(timedelta(days=365))
    post = Post()
    while loop.turn_controls() or post.deliver():
        pass
    assert post.letters == []
    assert broken() == []
