"""Events in any order come together by case, by way of a file that holds nobody's name."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from kept.audit.reading import gathering
from kept.audit.reading.gathering import Shelves, gathered
from kept.audit.reading.mapping import Column, Word
from kept.audit.reading.persons import pseudonym
from kept.audit.reading.stories import DEEDS, FACTS, NO_FACTS
from kept.audit.reading.trouble import CannotRead

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESS = "jane.example@example.com"


def facts(**said):
    found = list(NO_FACTS)
    for name, text in said.items():
        found[FACTS.index(Column(name))] = text
    return tuple(found)


def events(number, chance, beside=lambda n: facts(service=f"service {n % 7}")):
    """So many, of cases that come and go."""
    for line in range(number):
        case = f"case {chance.randrange(max(0, line // 20 - 40), line // 20 + 3)}"
        at = BEGIN + timedelta(microseconds=chance.randrange(10**13))
        yield case, (at, DEEDS[chance.choice(tuple(Word))], line, beside(line))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(gathering, "IN_MEMORY", 100)
    monkeypatch.setattr(gathering, "CASES_EACH", 13)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_a_dictionary_would_hold(small, seed):
    """However much is put away: the same cases, in the same order, with the same events."""
    plainly = defaultdict(list)
    for case, event in events(3000, Random(seed)):
        plainly[case].append(event)

    assert list(gathered(events(3000, Random(seed)))) == list(plainly.values())


def test_nobody_is_named_in_the_file(small):
    """And who is hidden there is one person all the same, however they are written."""
    written = io.BytesIO()
    shelves = Shelves(written)
    for line in range(500):
        address = ADDRESS if line % 2 else f" {ADDRESS.upper()}"
        shelves.put((line % 100, line, 0, line, facts(email=address, service="Cut")))

    assert b"Cut" in written.getvalue()
    assert b"jane" not in written.getvalue().lower()
    back = [event for shelf in range(8) for event in shelves.take(shelf)]
    assert len(back) == 500
    assert len({pseudonym(each[4][FACTS.index(Column.EMAIL)]) for each in back}) == 1


def test_what_says_nothing_still_says_nothing(small):
    """A phone number of a few digits is no person."""
    shelves = Shelves(io.BytesIO())
    for line in range(200):
        shelves.put((0, line, 0, line, facts(phone="12 34 56 7" if line % 2 else "0 0 0 0")))

    found = {event[4][FACTS.index(Column.PHONE)] for event in shelves.take(0)}
    assert "" in found


def test_a_short_log_touches_no_disk():
    written = io.BytesIO()
    shelves = Shelves(written)
    for line in range(1000):
        shelves.put((line, line, 0, line, facts(email=ADDRESS)))

    assert not written.getvalue()
    assert len(list(shelves.take(0))) == 1000


def test_no_room_is_said_in_a_sentence(small):
    """With what can be done about it."""

    class Full(io.BytesIO):
        def write(self, said):
            raise OSError(28, "No space left on device")

    shelves = Shelves(Full())
    for line in range(99):
        shelves.put((0, line, 0, line, NO_FACTS))
    with pytest.raises(CannotRead, match=r"No space left on device.*TMPDIR"):
        shelves.put((0, 99, 0, 99, NO_FACTS))
