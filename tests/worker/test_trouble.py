"""A worker whose database is away or full: slower, in few lines, and at once well again."""

import pytest
from django.db import OperationalError

from kept.cases import actions as cases
from kept.lib.trouble import Trouble
from kept.outbox import actions as outbox
from kept.worker import deliver, loop
from tests.appointments.clinic import Clinic, berlin

FULL = OperationalError("database or disk is full")


class Stop:
    """An event that nobody waits for: it counts the rests, and is set after so many turns."""

    def __init__(self, turns, at=None):
        self.left, self.rests, self.at = turns, [], at or {}

    def is_set(self):
        self.left -= 1
        return self.left < 0

    def wait(self, seconds):
        self.rests.append(seconds)
        self.at.get(len(self.rests), lambda: None)()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(loop, "TROUBLE", Trouble(loop.log, "The worker met an error."))
    # The connection is the test's own transaction.
    monkeypatch.setattr(loop.connection, "close", lambda: None)
    monkeypatch.setattr(loop, "close_old_connections", lambda: None)


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_database_that_stays_away_is_asked_more_and_more_slowly(db, monkeypatch, caplog):
    tally = loop._Tally("t", lambda: None)
    monkeypatch.setattr(loop.cases, "turn_due", failing(FULL))
    stop = Stop(200)
    loop._turn_until(stop, tally)
    assert stop.rests[:4] == [0.4, 0.8, 1.6, 3.2]
    assert stop.rests[-1] == max(stop.rests) == loop.LONGEST_REST
    assert len(caplog.records) == 1


def test_it_is_quick_again_at_once_when_the_database_answers(db, monkeypatch):
    Clinic()
    tally = loop._Tally("t", lambda: None)
    away = mock_away(monkeypatch)
    stop = Stop(12, {8: away.undo})
    loop._turn_until(stop, tally)
    assert stop.rests[7] == loop.LONGEST_REST
    assert stop.rests[8] == loop.REST


def mock_away(monkeypatch):
    patch = pytest.MonkeyPatch()
    patch.setattr(loop.cases, "turn_due", failing(FULL))
    return patch


def test_deliverers_back_off_too_and_tell_it_only_once_together(db, monkeypatch, caplog):
    clinic = Clinic()
    clinic.book(berlin(4, 10), clinic.ada)
    monkeypatch.setattr(outbox, "claim_next", failing(FULL))
    for _ in range(3):
        stop = Stop(50)
        loop._deliver_until(stop, "t", loop._Tally("t", lambda: None), deliver_transport)
        assert stop.rests[-1] == loop.LONGEST_REST
    assert len(caplog.records) == 1


def deliver_transport():
    from kept.channels.email import from_url

    return from_url("inbox:")()


def test_a_full_disk_is_nobodys_fault_and_pushes_no_case_back(db, monkeypatch, caplog):
    """Nor does each of two hundred due cases write a traceback of its own."""
    clinic = Clinic()
    for hour in (10, 11, 12):
        clinic.book(berlin(4, hour), clinic.ada)
    monkeypatch.setattr(cases.together, "update", failing(FULL))
    with pytest.raises(OperationalError):
        cases.turn_due(berlin(4, 9))
    assert caplog.records == []


def test_a_message_met_by_an_absent_database_writes_no_line_of_its_own(db, monkeypatch, caplog):
    clinic = Clinic()
    clinic.book(berlin(4, 10), clinic.ada)
    monkeypatch.setattr(outbox, "mark_handed_over", failing(FULL))
    monkeypatch.setattr(deliver, "_settle", failing(FULL))
    with pytest.raises(OperationalError):
        deliver.deliver_one(deliver_transport(), "t", loop.clock_queries.now)
    assert caplog.records == []
