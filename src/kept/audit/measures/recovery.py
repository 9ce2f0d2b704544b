"""What became of freed times and of those who freed them (M16, M17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Source
from kept.audit.measures.asking import Question, lacking
from kept.audit.measures.cancellations import CHAPTER
from kept.audit.measures.crossing import (
    CANCELLED,
    COUNTED,
    MISSED,
    MOVED,
    NEVER,
    PERHAPS,
    SURELY,
    Crossing,
)
from kept.audit.measures.wording import HOUR, about, capital, count, of, ranged, share, text, verb
from kept.audit.statistics import FEW

MOVES = Question(
    "M16", "recovery_after_move", CHAPTER, "Of those who moved their visit, how many came?"
)
CANCELS = Question(
    "M16", "recovery_after_cancellation", CHAPTER, "Of those who cancelled, how many came later?"
)
MISSES = Question(
    "M16", "recovery_after_miss", CHAPTER, "Of those who did not come, how many came later?"
)
REFILLED = Question(
    "M17", "refilled_slots", CHAPTER, "How many of the times given back were used by somebody else?"
)
NOTICE = 2 * HOUR
"""With less notice nobody could have taken the time."""


@dataclass(slots=True)
class Freed:
    """Times given back in time, by how sure it is that they were used again; and those of which
    nobody knows when they were given back: a visit may have used them (`also`) or not."""

    of: int = 0
    surely: int = 0
    counted: int = 0
    perhaps: int = 0
    also: int = 0
    also_not: int = 0

    def add(self, refill: int, *, dated: bool) -> None:
        if dated:
            self.of += 1
            self.surely += refill == SURELY
            self.counted += refill >= COUNTED
            self.perhaps += refill >= PERHAPS
        elif refill >= PERHAPS:
            self.also += 1
        else:
            self.also_not += 1

    @property
    def low(self) -> tuple[int, int]:
        """At least so many of so many."""
        return self.surely, self.of + self.also + self.also_not

    @property
    def high(self) -> tuple[int, int]:
        return self.perhaps + self.also, self.of + self.also


class Bounded(Protocol):
    @property
    def low(self) -> tuple[int, int]: ...

    @property
    def high(self) -> tuple[int, int]: ...


def sure(found: Bounded) -> bool:
    return found.low == found.high


class Recovery:
    """Worked out where times and people are followed."""

    def __init__(self, source: Source, crossing: Crossing) -> None:
        self.source, self.crossing = source, crossing

    def figures(self) -> Iterator[Figure]:
        came, who = Field.ATTENDED, Field.PERSON
        yield self._recovered(MOVES, MOVED, lacking(self.source, Field.MOVES, came))
        yield self._recovered(CANCELS, CANCELLED, lacking(self.source, Field.CANCELLED, who, came))
        yield self._recovered(MISSES, MISSED, lacking(self.source, Field.MISSED, who, came))
        yield self._refilled()

    def _recovered(self, question: Question, kind: str, missing: list[Field]) -> Figure:
        if missing:
            return question.unknowable(missing)
        found = self.crossing.recovered[kind]
        if not found.of:
            return question.nothing(f"No visit was {kind} at least 30 days ago.")
        part = share("recovered_share", found.back, found.of)
        low, high = share("low", *found.low), share("high", *found.high)
        return question.answer(
            f"{capital(about(found.back, found.of))}: after {of(found.back, found.of)} {kind} "
            f"{'visit' if found.of == 1 else 'visits'} there was one within 30 days ({part.text})."
            f"{ranged(low, high)}",
            Grade.MEASURED if sure(found) else Grade.BOUNDED,
            (part, count("recovered", found.back), count("lost", found.of), low, high),
            notes=(
                "30 days from the time it was to be; what has not had them yet is not counted.",
                *(() if kind == MOVED else ("Any later visit of the same person counts.",)),
            ),
        )

    def _refilled(self) -> Figure:
        missing = lacking(
            self.source,
            Field.CANCELLED,
            Field.CANCELLED_AT,
            Field.STAFF,
            Field.END,
            Field.ATTENDED,
        )
        if missing:
            return REFILLED.unknowable(missing)
        staff, found = self._freed()
        if not found.of:
            return REFILLED.nothing("No time was given back more than 2 h before.")
        every, again = found.of, found.counted
        part = share("refilled_share", again, every)
        low, high = share("low", *found.low), share("high", *found.high)
        return REFILLED.answer(
            f"{capital(about(again, every))}: {of(again, every, 'time')} given back "
            f"{verb(again, 'was')} used again ({part.text}).{ranged(low, high)}",
            self._grade(found),
            (part, count("refilled", again), count("given_back", every), low, high),
            table=self._by_staff(staff),
            chart=Chart(Shape.RANGE, "staff", ("used again",), "at least", "at most"),
            notes=(
                "Given back more than 2 h before; used again when a visit of the same member of "
                "staff, booked afterwards, took at least half of it.",
            ),
        )

    def _freed(self) -> tuple[dict[int, Freed], Freed]:
        """By member of staff, and of all together."""
        staff: defaultdict[int, Freed] = defaultdict(Freed)
        every = Freed()
        for slot, (number, start, _, at) in enumerate(self.crossing.slots()):
            if at == NEVER or start - at > NOTICE:
                refill = self.crossing.refill(slot)
                for freed in (staff[number], every):
                    freed.add(refill, dated=at != NEVER)
        return staff, every

    def _grade(self, found: Freed) -> Grade:
        if Field.BOOKED_AT not in self.source.knows:
            return Grade.INFERRED
        return Grade.MEASURED if sure(found) else Grade.BOUNDED

    def _by_staff(self, freed: Mapping[int, Freed]) -> Table | None:
        names = self.crossing.names()
        shown = [number for number in freed if freed[number].of >= FEW]
        shown.sort(key=lambda number: (-freed[number].of, names[number]))
        if not shown:
            return None
        rows = tuple(_row(names[number], freed[number]) for number in shown)
        columns = ("staff", "used again", "at least", "at most", "given back")
        hidden = sum(1 for each in freed.values() if each.of) - len(shown)
        return Table(columns, rows, "Times given back that were used again, by staff", hidden)


def _row(name: str, freed: Freed) -> tuple[Value, ...]:
    return (
        text("staff", name),
        share("used again", freed.counted, freed.of),
        share("at least", *freed.low),
        share("at most", *freed.high),
        count("given back", freed.of),
    )
