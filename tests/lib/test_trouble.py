"""Trouble is told when it begins, now and then while it lasts, and when it is over."""

import logging

import pytest
from django.db import OperationalError

from kept.lib.trouble import AGAIN_AFTER, MOST_KINDS, OVER_AFTER, Trouble


class Clock:
    at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def trouble(clock):
    return Trouble(logging.getLogger("test.trouble"), "It does not work.", clock)


FULL = OperationalError("database or disk is full")


def test_it_is_told_once_with_its_traceback(trouble, caplog):
    for _ in range(1000):
        trouble.met(FULL)
    (line,) = caplog.records
    assert line.exc_info[1] is FULL
    assert trouble.on


def test_it_is_mentioned_again_only_now_and_then(trouble, clock, caplog):
    for _ in range(1201):
        trouble.met(FULL)
        clock.at += AGAIN_AFTER / 600
    assert len(caplog.records) == 3
    assert "600 times in" in caplog.text or "601 times in" in caplog.text
    assert "disk is full" in caplog.records[1].getMessage()


def test_another_kind_of_trouble_is_told_too(trouble, caplog):
    for _ in range(5):
        trouble.met(FULL)
        trouble.met(RuntimeError("a bug"))
    assert len(caplog.records) == 2


def test_kinds_that_never_end_do_not_fill_the_log(trouble, caplog):
    for number in range(1000):
        trouble.met(RuntimeError(f"row {number}"))
    assert len(caplog.records) == MOST_KINDS


def test_it_is_over_after_a_quiet_while_and_then_new_again(trouble, clock, caplog):
    trouble.met(FULL)
    trouble.fine()  # reading works on a full disk: that says nothing
    assert trouble.on
    clock.at += OVER_AFTER
    trouble.fine()
    assert not trouble.on
    assert "over" in caplog.records[-1].getMessage()
    trouble.fine()
    trouble.met(FULL)
    assert [bool(line.exc_info) for line in caplog.records] == [True, False, True]
