"""The events of each case together, whatever their order in the file: in memory while they are few,
else by way of a file that has no name and is gone with the process, however it ends.

Cases are numbered as they first appear, and so many after one another share a *shelf*. A shelf is
put away when there is too much in memory, and fetched again, whole, when it is its turn; so memory
holds the numbers of the cases and one shelf, however long the log is.
"""

from __future__ import annotations

import marshal
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import SEEK_END
from typing import IO

from kept.audit.reading.persons import hidden
from kept.audit.reading.stories import DEEDS, PERSON, Facts, Happening
from kept.audit.reading.trouble import CannotRead

CASES_EACH = 2000  # on one shelf
IN_MEMORY = 20_000  # events
NO_ROOM = (
    "The events of this log do not stand together by case, and there is no room to sort them in a"
    " temporary file ({}). Sort the log by case, or let TMPDIR name a folder with more room."
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DEEDS = tuple(DEEDS.values())
_NUMBER = {id(deed): number for number, deed in enumerate(_DEEDS)}

Written = tuple[int, int, int, int, Facts]
"""An event as it is put away: its case, when, what and where it happened, what stood beside it."""


def gathered(events: Iterable[tuple[str, Happening]]) -> Iterator[list[Happening]]:
    """The events of each case in the order of the file; the cases as they first appear."""
    with tempfile.SpooledTemporaryFile(1, prefix="kept-audit-") as file:  # on a disk when needed
        shelves = Shelves(file)
        numbers: dict[int, int] = {}
        for case, (at, deed, line, facts) in events:
            # A number instead of the name: there may be very many.
            number = numbers.setdefault(hash(case), len(numbers))
            since = (at - _EPOCH) // _MICROSECOND
            shelves.put((number, since, _NUMBER[id(deed)], line, facts))
        for place in range(0, len(numbers), CASES_EACH):
            yield from _cases(shelves.take(place // CASES_EACH))


def _cases(events: Iterable[Written]) -> Iterator[list[Happening]]:
    found: dict[int, list[Happening]] = {}
    beside: dict[int, Facts] = {}
    for number, since, deed, line, facts in events:
        before = beside.get(number)
        if before is None or before != facts:
            before = beside[number] = facts  # one object while it stays the same
        happening = (_EPOCH + since * _MICROSECOND, _DEEDS[deed], line, before)
        found.setdefault(number, []).append(happening)
    for number in sorted(found):
        yield found[number]


class Shelves:
    """Events by shelf, those that were put away in `file`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._here: defaultdict[int, list[Written]] = defaultdict(list)
        self._away: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # where, how long
        self._number, self._any_away = 0, False

    def put(self, event: Written) -> None:
        self._here[event[0] // CASES_EACH].append(event)
        self._number += 1
        if self._number >= IN_MEMORY:
            try:
                self._put_away()
            except OSError as error:
                raise CannotRead(NO_ROOM.format(error.strerror)) from error

    def take(self, shelf: int) -> Iterator[Written]:
        """What is on a shelf, in the order in which it was put there."""
        for place, length in self._away.pop(shelf, ()):
            self._file.seek(place)
            yield from marshal.loads(self._file.read(length))
        here = self._here.pop(shelf, ())
        # Who is hidden on one shelf must be the same person on the others.
        yield from map(_without_names, here) if self._any_away else here

    def _put_away(self) -> None:
        place = self._file.seek(0, SEEK_END)
        for shelf, events in self._here.items():
            written = marshal.dumps(list(map(_without_names, events)))
            self._away[shelf].append((place, self._file.write(written)))
            place += len(written)
        self._here.clear()
        self._number, self._any_away = 0, True


def _without_names(event: Written) -> Written:
    """Nobody's name is written down, not even for a moment."""
    number, since, deed, line, facts = event
    if not any(facts[PERSON]):
        return event
    hidden_ones = map(_hidden, facts[PERSON])
    return number, since, deed, line, (*facts[: PERSON.start], *hidden_ones, *facts[PERSON.stop :])


@lru_cache(10_000)
def _hidden(text: str) -> str:
    return hidden(text)
