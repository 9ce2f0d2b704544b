"""What became of freed times and of those who freed them (M16, M17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kept.audit.figures import Chart, Figure, Grade, Shape, Table
from kept.audit.history import Field, Source
from kept.audit.measures.asking import Question, lacking
from kept.audit.measures.cancellations import CHAPTER
from kept.audit.measures.crossing import CANCELLED, MISSED, MOVED, Crossing
from kept.audit.measures.wording import HOUR, about, capital, count, of, share, text, verb
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
        return question.answer(
            f"{capital(about(found.back, found.of))}: after {of(found.back, found.of)} {kind} "
            f"{'visit' if found.of == 1 else 'visits'} there was one within 30 days ({part.text}).",
            Grade.BOUNDED if self.crossing.unknown else Grade.MEASURED,
            (part, count("recovered", found.back), count("lost", found.of)),
            notes=(
                "30 days from the time it was to be; what has not had them yet is not counted.",
                *(() if kind == MOVED else ("Any later visit of the same person counts.",)),
                *self._at_least(),
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
        freed: Counter[int] = Counter()
        filled: Counter[int] = Counter()
        for slot, (staff, start, _, at) in enumerate(self.crossing.slots()):
            if start - at > NOTICE:
                freed[staff] += 1
                filled[staff] += self.crossing.refilled(slot)
        if not freed:
            return REFILLED.nothing("No time was given back more than 2 h before.")
        every, again = freed.total(), filled.total()
        part = share("refilled_share", again, every)
        return REFILLED.answer(
            f"{capital(about(again, every))}: {of(again, every, 'time')} given back "
            f"{verb(again, 'was')} used again ({part.text}).",
            self._grade(),
            (part, count("refilled", again), count("given_back", every)),
            table=self._by_staff(freed, filled),
            chart=Chart(Shape.BARS, "staff", ("used again",)),
            notes=(
                "Given back more than 2 h before; used again when a visit of the same member of "
                "staff, booked afterwards, took at least half of it.",
                *self._at_least(),
            ),
        )

    def _grade(self) -> Grade:
        if Field.BOOKED_AT not in self.source.knows:
            return Grade.INFERRED
        return Grade.BOUNDED if self.crossing.unknown else Grade.MEASURED

    def _at_least(self) -> tuple[str, ...]:
        """A visit of which nobody knows may have been one that took place."""
        if not self.crossing.unknown:
            return ()
        return (
            "Counted are visits known to have taken place: with the unknown ones it may be more.",
        )

    def _by_staff(self, freed: Counter[int], filled: Counter[int]) -> Table | None:
        names = self.crossing.names()
        shown = [number for number in freed if freed[number] >= FEW]
        shown.sort(key=lambda number: (-freed[number], names[number]))
        if not shown:
            return None
        rows = tuple(
            (
                text("staff", names[number]),
                share("used again", filled[number], freed[number]),
                count("given back", freed[number]),
            )
            for number in shown
        )
        columns = ("staff", "used again", "given back")
        hidden = len(freed) - len(shown)
        return Table(columns, rows, "Times given back that were used again, by staff", hidden)
