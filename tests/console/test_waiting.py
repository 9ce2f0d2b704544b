"""Long audits: the page tells how far it is, ends with the report, and leaves nothing behind."""

import threading
from datetime import timedelta

import pytest
from django.test import Client

from kept.audit import own_report, report
from kept.console import waiting
from tests.console.house import NOW, House, start_clock

AUDIT = "/console/audit/"
ALL = {"time": "all"}


@pytest.fixture
def owner(house_db, monkeypatch):
    """Of a house with three appointments, each too many for a page that is made at once. Real
    commits: the work is done in a thread of its own."""
    start_clock()
    house = House()
    for n in range(3):
        house.book(NOW + timedelta(hours=2 + n), name=f"Mia Wong {n}")
    monkeypatch.setattr(own_report, "MOST", 2)
    monkeypatch.setattr(own_report, "MOST_WALKED", 2)
    monkeypatch.setattr(report, "EVERY", 1)
    browser = Client()
    browser.force_login(house.owner)
    return browser


def test_a_long_audit_tells_how_far_it_is_and_ends_with_the_report(owner):
    before = threading.enumerate()
    answer = owner.get(AUDIT, ALL)
    assert answer.streaming
    assert "no-store" in answer["Cache-Control"]
    pieces = [each.decode() for each in answer]
    assert "The report follows here" in pieces[0]
    assert "What was read" not in pieces[0]
    told = [each for each in pieces if "appointments read" in each]
    assert told[0] == "<li>1 of 3 appointments read</li>\n"
    assert told[-1] == "<li>3 of 3 appointments read</li>\n"
    whole = "".join(pieces)
    assert whole.count("<!doctype html>") == whole.count("</html>") == 1
    assert "3 rows were read" in whole
    assert 'download="report.json"' in whole
    assert owner.get(f"{AUDIT}download/json", ALL).status_code == 404
    assert set(threading.enumerate()) <= set(before)


def test_a_long_walk_tells_how_far_it_is_and_ends_with_what_would_have_been(owner):
    answer = owner.get(f"{AUDIT}simulate/", {**ALL, "first_reminder": "48h"})
    whole = b"".join(answer).decode()
    assert "booked times gone through" in whole
    assert "What would have come of it" in whole
    assert whole.count("</html>") == 1


def test_who_closes_the_page_ends_the_work(owner):
    before = threading.enumerate()
    answer = owner.get(AUDIT, ALL)
    begun = iter(answer)
    for _ in range(3):
        next(begun)
    answer.close()
    assert set(threading.enumerate()) <= set(before)
    assert "3 rows were read" in b"".join(owner.get(AUDIT, ALL)).decode(), "and lets others begin"


def test_a_second_one_at_the_same_time_is_told_to_wait(owner):
    begun = iter(owner.get(AUDIT, ALL))
    next(begun)
    next(begun)
    assert waiting.BUSY in b"".join(owner.get(AUDIT, ALL)).decode()
    assert "3 rows were read" in b"".join(begun).decode()


def test_work_that_fails_says_so_at_the_end_of_its_page(owner, monkeypatch):
    def fails(*arguments, **more):
        raise ValueError("not for the reader")

    monkeypatch.setattr("kept.audit.own_report.audit", fails)
    pieces = []
    with pytest.raises(ValueError, match="not for the reader"):
        pieces.extend(each.decode() for each in owner.get(AUDIT, ALL))
    shown = "".join(pieces)
    assert "It could not be finished: ValueError" in shown
    assert "not for the reader" not in shown
    assert "</html>" in shown
