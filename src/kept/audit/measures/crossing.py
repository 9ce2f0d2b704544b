"""What needs more than one appointment at a time: which freed times were filled again, and who came
back. Of each appointment a few integers are kept, and compared when everything has been read."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from kept.audit.history import Outcome
from kept.audit.measures.seen import WALK_IN, Seen, Tally, Visit
from kept.audit.measures.wording import DAY

NEVER = 2**62
BACK_WITHIN = 30 * DAY
AGAIN_WITHIN = 14 * DAY
PERSON = 2**63 - 1  # a pseudonym is cut to what an array holds

UNKNOWN = frozenset({Outcome.UNKNOWN, Outcome.ASSUMED})
MOVED, CANCELLED, MISSED = "moved", "cancelled", "missed"
LOSSES = {
    Outcome.RESCHEDULED: MOVED,
    Outcome.CANCELLED: CANCELLED,
    Outcome.MISSED: MISSED,
}


class Held:
    """The visits of one member of staff that took place."""

    __slots__ = ("booked", "ends", "longest", "starts")

    def __init__(self) -> None:
        self.starts, self.ends, self.booked = array("q"), array("q"), array("q")
        self.longest = 0

    def add(self, start: int, end: int, booked: int | None) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.booked.append(NEVER if booked is None else booked)
        if end - start > self.longest:
            self.longest = end - start

    def sort(self) -> None:
        order = sorted(range(len(self.starts)), key=self.starts.__getitem__)
        for name in ("starts", "ends", "booked"):
            values = getattr(self, name)
            setattr(self, name, array("q", [values[place] for place in order]))

    def fills(self, start: int, end: int, freed: int) -> bool:
        """Whether a visit booked after `freed` took at least half of that time; of one of which
        nobody knows when it was booked, it is taken to be so."""
        first = bisect_right(self.starts, start - self.longest)
        for place in range(first, bisect_left(self.starts, end)):
            common = min(end, self.ends[place]) - max(start, self.starts[place])
            if 2 * common >= end - start and self.booked[place] >= freed:
                return True
        return False


@dataclass(slots=True)
class Recovery:
    """Of so many lost times, so many were followed by a visit."""

    back: int = 0
    of: int = 0

    def add(self, back: bool) -> None:
        self.back += back
        self.of += 1


@dataclass(frozen=True, slots=True)
class Lost:
    """A time that was moved, cancelled or missed: since when, and when it was to be."""

    kind: str
    at: int
    start: int


class People:
    """The times of every person, five integers to each, and what they say once sorted.

    `persons`, `starts`, `ends` and `booked` of each booked time; `codes` its outcome.
    """

    __slots__ = ("at", "booked", "codes", "ends", "persons", "starts")

    def __init__(self) -> None:
        self.persons, self.starts, self.ends = array("q"), array("q"), array("q")
        self.booked, self.at, self.codes = array("q"), array("q"), bytearray()

    def add(self, person: int, visit: Visit) -> None:
        self.persons.append(person & PERSON)
        self.starts.append(visit.start)
        self.ends.append(visit.over)
        self.booked.append(NEVER if visit.booked is None else visit.booked)
        self.at.append(visit.start if visit.ended is None else visit.ended)
        self.codes.append(_code(visit))

    def each(self) -> Iterator[list[int]]:
        """The places of one person after another, by start."""
        persons = self.persons
        order = list(range(len(persons)))
        # One after the other, least important first: a key of three would be held for every place.
        for key in (self.codes, self.starts, persons):
            order.sort(key=key.__getitem__)
        for _, places in groupby(order, key=persons.__getitem__):
            yield list(places)


OUTCOMES = tuple(Outcome)
PLACES = {outcome: place for place, outcome in enumerate(OUTCOMES)}
WALKED_IN = 128
CAME = PLACES[Outcome.COMPLETED]


def _code(visit: Visit) -> int:
    return PLACES[visit.outcome] | (WALKED_IN if visit.leg.channel == WALK_IN else 0)


class Crossing:
    """Fed before the measures, so that a visit knows its `slot` when they see it."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.held: dict[str, Held] = defaultdict(Held)
        self.staff: dict[str, int] = {}
        self.freed = array("q")  # staff, start, end, when it was freed: four to each slot
        self.filled = bytearray()
        self.people = People()
        self.unknown = 0  # visits that may have taken place
        self.recovered = {kind: Recovery() for kind in (MOVED, CANCELLED, MISSED)}
        self.again = Recovery()
        self.new, self.returning = Tally(), Tally()

    def look(self, seen: Seen) -> None:
        person = seen.person
        for visit in seen.visits:
            staff, outcome = visit.leg.staff, visit.outcome
            self.unknown += outcome in UNKNOWN
            if person is not None:
                self.people.add(person, visit)
            if staff is not None and visit.end is not None:
                if outcome is Outcome.COMPLETED:
                    self.held[staff].add(visit.start, visit.end, visit.booked)
                elif outcome is Outcome.CANCELLED:
                    self._free(staff, visit)
            if outcome in LOSSES and (person is None or outcome is Outcome.RESCHEDULED):
                self._own_chain(seen, visit)

    def _free(self, staff: str, visit: Visit) -> None:
        """A time the customer gave back before it began, and which has passed since."""
        if visit.ended is None or visit.end is None or visit.end > self.now:
            return
        if visit.ended < visit.start:
            visit.slot = len(self.freed) // 4
            number = self.staff.setdefault(staff, len(self.staff))
            self.freed.extend((number, visit.start, visit.end, visit.ended))

    def _own_chain(self, seen: Seen, visit: Visit) -> None:
        """A move is recovered by the appointment's own later times; so is the rest where nobody
        knows whose it was. Each appointment counts once, with its first move."""
        legs = seen.visits
        place = legs.index(visit)
        if any(legs[before].outcome is visit.outcome for before in range(place)):
            return
        lost = _lost(visit.outcome, visit.ended, visit.start)
        later = [each.start for each in legs[place + 1 :] if each.outcome is Outcome.COMPLETED]
        self._count(lost, any(start <= lost.start + BACK_WITHIN for start in later))

    def _count(self, lost: Lost, back: bool) -> None:
        """Only what had its 30 days: else who comes back late would count as lost."""
        if lost.start + BACK_WITHIN <= self.now:
            self.recovered[lost.kind].add(back)

    def finish(self) -> None:
        """Once, when everything has been read."""
        for held in self.held.values():
            held.sort()
        names = list(self.staff)
        self.filled = bytearray(
            names[number] in self.held and self.held[names[number]].fills(start, end, at)
            for number, start, end, at in self.slots()
        )
        for places in self.people.each():
            self._person(places)

    def _person(self, places: list[int]) -> None:
        people = self.people
        codes, starts = people.codes, people.starts
        # Sorted already: the places of a person come by start.
        came = [starts[p] for p in places if codes[p] & ~WALKED_IN == CAME]
        booked = sorted(people.booked[p] for p in places)
        for turn, place in enumerate(places):
            outcome, start = OUTCOMES[codes[place] & ~WALKED_IN], starts[place]
            if not codes[place] & WALKED_IN:
                (self.returning if turn else self.new).add(outcome)
            if outcome is Outcome.CANCELLED or outcome is Outcome.MISSED:
                lost = _lost(outcome, people.at[place], start)
                self._count(lost, _any_in(came, lost.at + 1, start + BACK_WITHIN))
            elif outcome is Outcome.COMPLETED and people.ends[place] + AGAIN_WITHIN <= self.now:
                self.again.add(_any_in(booked, start, people.ends[place] + AGAIN_WITHIN))

    def slots(self) -> Iterator[tuple[int, int, int, int]]:
        """Staff, start, end and since when, of every freed time."""
        freed = self.freed
        for place in range(0, len(freed), 4):
            yield freed[place], freed[place + 1], freed[place + 2], freed[place + 3]

    def names(self) -> list[str]:
        """The staff by the numbers in `slots`."""
        return list(self.staff)

    def refilled(self, slot: int) -> bool:
        """Whether the time was taken again; of one that could not be followed: no."""
        return slot >= 0 and bool(self.filled[slot])


def _lost(outcome: Outcome, ended: int | None, start: int) -> Lost:
    """Since when a time is lost: since it was given back; a missed one since it began."""
    given_back = outcome is not Outcome.MISSED and ended is not None
    return Lost(LOSSES[outcome], ended if given_back and ended is not None else start, start)


def _any_in(ordered: list[int], since: int, until: int) -> bool:
    """Whether one of these lies in [since, until]."""
    place = bisect_left(ordered, since)
    return place < len(ordered) and ordered[place] <= until
