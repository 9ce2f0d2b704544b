"""What needs more than one appointment at a time: which freed times were filled again, and who came
back. Of each appointment a few integers are kept, and compared when everything has been read."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator

from kept.audit.history import Outcome
from kept.audit.measures.seen import Seen, Visit

UNKNOWN_TIME = -(2**62)


class Held:
    """The visits of one member of staff that took place."""

    __slots__ = ("booked", "ends", "longest", "starts")

    def __init__(self) -> None:
        self.starts, self.ends, self.booked = array("q"), array("q"), array("q")
        self.longest = 0

    def add(self, start: int, end: int, booked: int | None) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.booked.append(2**62 if booked is None else booked)
        self.longest = max(self.longest, end - start)

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


class Crossing:
    """Fed before the measures, so that a visit knows its `slot` when they see it."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.held: dict[str, Held] = defaultdict(Held)
        self.staff: dict[str, int] = {}
        self.freed = array("q")  # staff, start, end, when it was freed: four to each slot
        self.filled = bytearray()

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            staff = visit.leg.staff
            if staff is None or visit.end is None:
                continue
            if visit.outcome is Outcome.COMPLETED:
                self.held[staff].add(visit.start, visit.end, visit.booked)
            elif visit.outcome is Outcome.CANCELLED:
                self._free(staff, visit)

    def _free(self, staff: str, visit: Visit) -> None:
        """A time the customer gave back before it began, and which has passed since."""
        if visit.ended is None or visit.end is None or visit.end > self.now:
            return
        if visit.ended < visit.start:
            visit.slot = len(self.freed) // 4
            number = self.staff.setdefault(staff, len(self.staff))
            self.freed.extend((number, visit.start, visit.end, visit.ended))

    def finish(self) -> None:
        """Once, when everything has been read."""
        for held in self.held.values():
            held.sort()
        names = list(self.staff)
        self.filled = bytearray(
            names[number] in self.held and self.held[names[number]].fills(start, end, at)
            for number, start, end, at in self._slots()
        )

    def _slots(self) -> Iterator[tuple[int, int, int, int]]:
        freed = self.freed
        for place in range(0, len(freed), 4):
            yield freed[place], freed[place + 1], freed[place + 2], freed[place + 3]

    def refilled(self, slot: int) -> bool:
        """Whether the time was taken again; of one that could not be followed: no."""
        return slot >= 0 and bool(self.filled[slot])
