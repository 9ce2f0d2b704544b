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
from kept.audit.measures.seen import NOT_FREED, WALK_IN, Seen, Tally, Visit
from kept.audit.measures.wording import DAY

NEVER = 2**62
BACK_WITHIN = 30 * DAY
AGAIN_WITHIN = 14 * DAY
PERSON = 2**63 - 1  # a pseudonym is cut to what an array holds

UNKNOWN = frozenset({Outcome.UNKNOWN, Outcome.ASSUMED})
TOOK_PLACE_PERHAPS = UNKNOWN | {Outcome.COMPLETED}
MOVED, CANCELLED, MISSED = "moved", "cancelled", "missed"
LOSSES = {
    Outcome.RESCHEDULED: MOVED,
    Outcome.CANCELLED: CANCELLED,
    Outcome.MISSED: MISSED,
}


# Whether a freed time was used again: not; perhaps (nobody knows whether the visit took place, or
# when the time was freed); as far as is known (nobody knows when the visit was booked, and it is
# taken to be afterwards); for certain.
NOT, PERHAPS, COUNTED, SURELY = range(4)


class Held:
    """The visits of one member of staff that took place, or may have."""

    __slots__ = ("booked", "came", "ends", "longest", "starts")

    def __init__(self) -> None:
        self.starts, self.ends, self.booked = array("q"), array("q"), array("q")
        self.came = array("b")
        self.longest = 0

    def add(self, start: int, end: int, booked: int | None, came: bool) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.booked.append(NEVER if booked is None else booked)
        self.came.append(came)
        if end - start > self.longest:
            self.longest = end - start

    def sort(self) -> None:
        order = sorted(range(len(self.starts)), key=self.starts.__getitem__)
        for name in ("starts", "ends", "booked", "came"):
            values = getattr(self, name)
            setattr(self, name, array(values.typecode, [values[place] for place in order]))

    def fills(self, start: int, end: int, freed: int) -> int:
        """How sure it is that a visit booked after `freed` took at least half of that time."""
        found = NOT
        first = bisect_right(self.starts, start - self.longest)
        for place in range(first, bisect_left(self.starts, end)):
            common = min(end, self.ends[place]) - max(start, self.starts[place])
            if 2 * common >= end - start:
                found = max(found, self._fills(place, freed))
                if found == SURELY:
                    break
        return found

    def _fills(self, place: int, freed: int) -> int:
        booked = self.booked[place]
        if booked < freed != NEVER:
            return NOT
        if freed == NEVER or not self.came[place]:
            return PERHAPS
        return COUNTED if booked == NEVER else SURELY


@dataclass(slots=True)
class Recovery:
    """Of so many lost times, so many were followed by a visit.

    `perhaps`: as many more may have been, by a visit of which nobody knows. `also`, `also_not`:
    times of which nobody knows whether they were lost, that may have been followed by a visit, or
    may not. What is unknown moves the share up and down, and each way it is counted at its worst.
    """

    back: int = 0
    of: int = 0
    perhaps: int = 0
    also: int = 0
    also_not: int = 0

    def add(self, back: bool, perhaps: bool = False) -> None:
        self.back += back
        self.perhaps += perhaps and not back
        self.of += 1

    def unsure(self, back: bool, perhaps: bool = False) -> None:
        """One more that may not have been lost at all."""
        self.also += back or perhaps
        self.also_not += not back

    @property
    def low(self) -> tuple[int, int]:
        """At least so many of so many."""
        return self.back, self.of + self.also_not

    @property
    def high(self) -> tuple[int, int]:
        return self.back + self.perhaps + self.also, self.of + self.also


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
CAME_PERHAPS = frozenset(PLACES[outcome] for outcome in TOOK_PLACE_PERHAPS)
LOST_PERHAPS = UNKNOWN | {Outcome.CANCELLED, Outcome.MISSED}


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
        self.recovered = {kind: Recovery() for kind in (MOVED, CANCELLED, MISSED)}
        self.again = Recovery()
        self.new, self.returning = Tally(), Tally()

    def look(self, seen: Seen) -> None:
        person = seen.person
        for visit in seen.visits:
            staff, outcome = visit.leg.staff, visit.outcome
            if person is not None:
                self.people.add(person, visit)
            if outcome is Outcome.CANCELLED:
                self._free(staff, visit)
            elif staff is not None and visit.end is not None and outcome in TOOK_PLACE_PERHAPS:
                came = outcome is Outcome.COMPLETED
                self.held[staff].add(visit.start, visit.end, visit.booked, came)
            if outcome is Outcome.RESCHEDULED or (person is None and outcome in LOST_PERHAPS):
                self._own_chain(seen, visit)

    def _free(self, staff: str | None, visit: Visit) -> None:
        """A time the customer gave back before it began, and which has passed since."""
        if visit.ended is not None and visit.ended >= visit.start:
            visit.slot = NOT_FREED
        elif staff is not None and visit.end is not None and visit.end <= self.now:
            visit.slot = len(self.freed) // 4
            number = self.staff.setdefault(staff, len(self.staff))
            at = NEVER if visit.ended is None else visit.ended
            self.freed.extend((number, visit.start, visit.end, at))

    def _own_chain(self, seen: Seen, visit: Visit) -> None:
        """A move is recovered by the appointment's own later times; so is the rest where nobody
        knows whose it was. Each appointment counts once, with its first move."""
        legs = seen.visits
        place = legs.index(visit)
        moved = visit.outcome is Outcome.RESCHEDULED
        if moved and any(each.outcome is Outcome.RESCHEDULED for each in legs[:place]):
            return
        until = visit.start + BACK_WITHIN
        later = {each.outcome for each in legs[place + 1 :] if each.start <= until}
        came, perhaps = Outcome.COMPLETED in later, not UNKNOWN.isdisjoint(later)
        self._count(visit.outcome, visit.start, came, perhaps)

    def _count(self, outcome: Outcome, start: int, back: bool, perhaps: bool) -> None:
        """Only what had its 30 days: else who comes back late would count as lost."""
        if start + BACK_WITHIN > self.now:
            return
        if outcome in UNKNOWN:
            self.recovered[MISSED].unsure(back, perhaps)
        else:
            self.recovered[LOSSES[outcome]].add(back, perhaps)

    def finish(self) -> None:
        """Once, when everything has been read."""
        for held in self.held.values():
            held.sort()
        names = list(self.staff)
        self.filled = bytearray(
            self.held[names[number]].fills(start, end, at) if names[number] in self.held else NOT
            for number, start, end, at in self.slots()
        )
        for places in self.people.each():
            self._person(places)

    def _person(self, places: list[int]) -> None:
        people = self.people
        codes, starts = people.codes, people.starts
        # Sorted already: the places of a person come by start.
        came = [starts[p] for p in places if codes[p] & ~WALKED_IN == CAME]
        perhaps = [starts[p] for p in places if codes[p] & ~WALKED_IN in CAME_PERHAPS]
        booked = sorted(people.booked[p] for p in places)
        for turn, place in enumerate(places):
            outcome, start = OUTCOMES[codes[place] & ~WALKED_IN], starts[place]
            if not codes[place] & WALKED_IN:
                (self.returning if turn else self.new).add(outcome)
            if outcome in LOST_PERHAPS:
                # Since it was given back; a missed one since it began.
                since = 1 + (people.at[place] if outcome is Outcome.CANCELLED else start)
                until = start + BACK_WITHIN
                back, may = _any_in(came, since, until), _any_in(perhaps, since, until)
                self._count(outcome, start, back, may)
            until = people.ends[place] + AGAIN_WITHIN
            if until <= self.now and codes[place] & ~WALKED_IN in CAME_PERHAPS:
                add = self.again.unsure if outcome in UNKNOWN else self.again.add
                add(_any_in(booked, start, until))

    def slots(self) -> Iterator[tuple[int, int, int, int]]:
        """Staff, start, end and since when, of every freed time."""
        freed = self.freed
        for place in range(0, len(freed), 4):
            yield freed[place], freed[place + 1], freed[place + 2], freed[place + 3]

    def names(self) -> list[str]:
        """The staff by the numbers in `slots`."""
        return list(self.staff)

    def refilled(self, slot: int) -> bool:
        """Whether the time was taken again, as far as is known; of one that could not be followed:
        no."""
        return self.refill(slot) >= COUNTED

    def refill(self, slot: int) -> int:
        """How sure it is that the time was taken again. One that was freed once it had begun was
        not; one that cannot be followed (whose it was, when it ends, it is not over) may be."""
        if slot == NOT_FREED:
            return NOT
        return self.filled[slot] if slot >= 0 else PERHAPS


def _any_in(ordered: list[int], since: int, until: int) -> bool:
    """Whether one of these lies in [since, until]."""
    place = bisect_left(ordered, since)
    return place < len(ordered) and ordered[place] <= until
