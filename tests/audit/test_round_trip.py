"""Random lives of one's own appointments, written as an event log and read again: every figure and
every break that the log can carry comes out to the digit."""

import os
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from kept.appointments import actions, queries
from kept.appointments.actions import CannotBook
from kept.audit import own
from kept.audit.reading import open_files
from kept.audit.report import audit
from kept.audit.writing import ocel, xes
from kept.clock import actions as clock
from kept.core.case import NotAllowed, Role
from tests.appointments.clinic import ALWAYS, DESK, MIA, Clinic, go_to, now

HOUR = timedelta(hours=1)
NAMES = ("Mia Wong", "Leo Ek", "Ida Holm", "Ole Vik")

PARTLY = {"B4", "messages_after_change", "first_break_stage"}
"""Of messages only reminders are read again; where it breaks first hangs on breaks it has not."""


class Life:
    """What people do to a clinic, at random: refusals are a part of it."""

    def __init__(self, seed):
        self.chance = Random(seed)
        self.clinic = Clinic(
            hours=ALWAYS,
            policy={
                "late_cancel": self.chance.choice(("2h", "24h", "48h")),
                "assume_missed": self.chance.random() < 0.3,
            },
        )
        self.known = []
        self.done = Counter()

    def go_on(self, things):
        """Until so many things have happened that were not refused."""
        while self.done.total() < things:
            act = self.chance.choice(ACTS)
            try:
                act(self)
                self.done[act.__name__] += 1
                clock.advance(timedelta(seconds=1))  # no two things happen at one instant
            except (NotAllowed, CannotBook):
                pass
        return own.history(self.clinic.business, now())

    def book(self):
        at = now().replace(minute=0) + self.chance.randrange(1, 80) * HOUR
        who, name = self.chance.choice((self.clinic.ada, self.clinic.ben)), self._name()
        self.known.append(self.clinic.book(at, who, name=name))

    def walk_in(self):
        booking = self.clinic.booking(
            now() + self.chance.choice((0, 5, 20)) * HOUR / 60, self.clinic.ada, name=self._name()
        )
        self.known.append(actions.walk_in(self.clinic.business, booking, now(), DESK))

    def move(self):
        at = now().replace(minute=0) + self.chance.randrange(2, 100) * HOUR
        actions.move(self._one(), at, now(), MIA)

    def cancel(self):
        by = self.chance.choice((Role.CUSTOMER, Role.STAFF))
        actions.cancel(self._one(), now(), DESK, by=by)

    def say(self):
        actions.say(self._one(), self.chance.choice(("arrived", "completed")), now(), DESK)

    def miss(self):
        actions.miss(self._one(), now(), DESK, by=self.chance.choice((Role.CUSTOMER, Role.STAFF)))

    def correct(self):
        to = self.chance.choice(("completed", "missed"))
        actions.correct(self._one(), to, now(), DESK, reason="mistaken", by=Role.CUSTOMER)

    def time_passes(self):
        go_to(now() + self.chance.choice((1, 3, 20, 30, 50)) * HOUR)

    def _one(self):
        if not self.known:
            raise NotAllowed("anything", "none", "nobody has booked yet")
        return queries.appointment(self.clinic.business.id, self.chance.choice(self.known[-4:]).id)

    def _name(self):
        return self.chance.choice(NAMES)


ACTS = (
    *[Life.book] * 3,
    *[Life.time_passes] * 3,
    *[Life.say] * 3,
    Life.walk_in,
    Life.move,
    Life.cancel,
    Life.miss,
    Life.correct,
)


def written(history, folder):
    with (folder / "log.xes").open("w") as out:
        xes.write(history, out)
    with (folder / "log.json").open("w") as out:
        ocel.write_json(history, out)
    (folder / "log.sqlite").unlink(missing_ok=True)
    ocel.write_sqlite(history, folder / "log.sqlite")
    return [folder / name for name in ("log.xes", "log.json", "log.sqlite")]


def said(report):
    """Every figure and break that can be answered, to the digit."""
    figures = {
        each.name: [(value.name, value.raw) for value in each.values]
        for each in report.figures
        if each.grade.name != "UNKNOWABLE" and each.name not in PARTLY
    }
    breaks = {
        each.number: (each.appointments, each.lost is not None)
        for each in report.breaks
        if each.grade.name != "UNKNOWABLE" and each.number not in PARTLY
    }
    return figures | breaks


def different(history, folder):
    """By file: what is answered in two ways, ours first."""
    ours = said(audit(history))
    found = {}
    for file in written(history, folder):
        again = open_files([file], zone=history.source.zone, now=history.now)
        theirs = said(audit(again))
        assert again.quality.adds_up
        apart = {name: (ours.get(name), it) for name, it in theirs.items() if ours.get(name) != it}
        if apart:
            found[file.name] = apart
    return found


@pytest.mark.parametrize("seed", range(400 if os.environ.get("KEPT_THOROUGH") else 6))
def test_a_random_life_reads_the_same_as_its_event_log(db, tmp_path, seed):
    life = Life(seed)
    history = life.go_on(25)
    assert different(history, tmp_path) == {}
