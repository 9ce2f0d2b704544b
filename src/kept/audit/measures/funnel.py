"""How far appointments come (M01), and how long they stay where they are (M02)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Outcome, Source, Stage
from kept.audit.measures.asking import ANYTHING, Question
from kept.audit.measures.crossing import UNKNOWN
from kept.audit.measures.seen import Seen, Visit
from kept.audit.measures.wording import count, many, nothing, seconds, share, text, verb
from kept.audit.statistics import Spread

CHAPTER = "Where it breaks"

FUNNEL = Question(
    "M01", "funnel", CHAPTER, "How far do appointments come on their way to the visit?"
)
TIMES = Question("M02", "time_in_state", CHAPTER, "How long do appointments wait at each step?")

WORDS = {
    Stage.SCHEDULED: "booked",
    Stage.CONFIRMED: "confirmed",
    Stage.PREPARED: "prepared",
    Stage.ATTENDED: "attended",
    Stage.COMPLETED: "completed",
}
ORDER = tuple(Stage)
BITS = {stage: 1 << place for place, stage in enumerate(ORDER)}
SERVED = BITS[Stage.ATTENDED] | BITS[Stage.COMPLETED]


class Funnel:
    """Counted are appointments that are over: what lies ahead has not had its chance yet.

    Where somebody came to is a sum of bits, one for each stage, so that it is counted in one step.
    """

    feeds_on = ANYTHING

    def __init__(self, source: Source) -> None:
        self.source = source
        self.roots: Counter[int] = Counter()
        self.perhaps: Counter[int] = Counter()  # had every unknown visit taken place
        self.legs: Counter[int] = Counter()
        self.ahead = self.unknown = 0
        self.times = {stage: Spread() for stage in ORDER}
        self.open: Counter[Stage] = Counter()
        self.knows_stages = Field.STAGES in source.knows

    def look(self, seen: Seen) -> None:
        over = seen.last.outcome is not Outcome.AHEAD
        self.ahead += not over
        came = 0
        for visit in seen.visits:
            if over:
                reached = _reached(visit)
                self.legs[reached] += 1
                came |= reached
            if self.knows_stages and visit.leg.entered:
                self._wait(visit)
        if over:
            self.roots[came] += 1
            if any(visit.outcome in UNKNOWN for visit in seen.visits):
                self.unknown += not came & BITS[Stage.COMPLETED]
                self.perhaps[came | SERVED] += 1
            else:
                self.perhaps[came] += 1

    def _wait(self, visit: Visit) -> None:
        """From each stage to the next that was entered, or to the end of the leg."""
        entered, times = visit.leg.entered, self.times
        stage, since = None, 0
        for following in ORDER:
            if following in entered:
                until = int(entered[following].timestamp())
                if stage is not None:
                    times[stage].add(until - since)
                stage, since = following, until
        if stage is None or stage is Stage.COMPLETED:
            return
        if visit.ended is None or visit.outcome is Outcome.AHEAD:
            self.open[stage] += 1
        else:
            times[stage].add(visit.ended - since)

    def figures(self) -> Iterator[Figure]:
        yield self.funnel()
        yield self.time_in_state()

    def _knows(self, stage: Stage) -> bool:
        if stage is Stage.SCHEDULED or self.knows_stages:
            return True
        seen = stage in (Stage.ATTENDED, Stage.COMPLETED)
        return seen and Field.ATTENDED in self.source.knows

    def funnel(self) -> Figure:
        if not self._knows(Stage.COMPLETED):
            return FUNNEL.unknowable([Field.STAGES, Field.ATTENDED])
        booked = _at(self.roots, Stage.SCHEDULED)
        if not booked:
            return FUNNEL.nothing("No appointment of this time is over yet.")
        done = _at(self.roots, Stage.COMPLETED)
        complete = self.knows_stages
        steps = [stage for stage in ORDER if self._knows(stage)]
        table = Table(
            ("step", "appointments", "at most", "of the step before", "booked times"),
            tuple(self._rows(steps)),
            "Appointments that are over, by how far they came",
        )
        return FUNNEL.answer(
            f"Of {many(booked, 'appointment that')} {verb(booked, 'is')} over, "
            f"{self._took_place(done)} ({share('', done, booked).text}).{self._unknown_too()}",
            self._grade(complete),
            [
                *(count(f"{stage}", _at(self.roots, stage)) for stage in steps),
                count("completed_at_most", done + self.unknown),
            ],
            table=table,
            chart=Chart(Shape.FUNNEL, "step", ("appointments",)),
            notes=(f"{self.ahead:,} still ahead: not counted.",) if self.ahead else (),
            missing=() if complete else (Field.STAGES,),
        )

    def _grade(self, complete: bool) -> Grade:
        if not complete:
            return Grade.INFERRED
        return Grade.BOUNDED if self.unknown else Grade.MEASURED

    def _took_place(self, done: int) -> str:
        if not self.unknown:
            return f"{done:,} took place"
        return f"{done:,} {verb(done, 'is')} known to have taken place"

    def _unknown_too(self) -> str:
        """What nobody wrote down may have taken place as well."""
        if not self.unknown:
            return ""
        return f" Of {self.unknown:,} more nobody knows."

    def _rows(self, steps: list[Stage]) -> Iterator[tuple[Value, ...]]:
        before = 0
        for stage in steps:
            here = _at(self.roots, stage)
            yield (
                text("step", WORDS[stage]),
                count("appointments", here),
                count("at most", _at(self.perhaps, stage)),
                share("of the step before", here, before)
                if before
                else nothing("of the step before"),
                count("booked times", _at(self.legs, stage)),
            )
            before = here

    def time_in_state(self) -> Figure:
        if not self.knows_stages:
            return TIMES.unknowable([Field.STAGES])
        steps = [stage for stage in ORDER if self.times[stage].number]
        if not steps:
            return TIMES.nothing("No appointment of this time left a step yet.")
        rows = tuple(
            (
                text("step", WORDS[stage]),
                seconds("half within", self.times[stage].quantile(0.5)),
                seconds("9 in 10 within", self.times[stage].quantile(0.9)),
                count("left it", self.times[stage].number),
                count("still in it", self.open[stage]),
            )
            for stage in steps
        )
        first = rows[0]
        return TIMES.answer(
            f"Half of all leave the step “{first[0].text}” within {first[1].text}, "
            f"9 in 10 within {first[2].text}.",
            Grade.MEASURED,
            first[1:3],
            table=Table(
                ("step", "half within", "9 in 10 within", "left it", "still in it"),
                rows,
                "Time at each step; what is still there is counted apart",
            ),
            chart=Chart(Shape.NONE, "step", ()),
        )


def _reached(visit: Visit) -> int:
    """The bits of the stages a leg came to; who was served had come."""
    found = BITS[Stage.SCHEDULED]
    for stage in visit.leg.entered:
        found |= BITS[stage]
    if visit.outcome is Outcome.COMPLETED or found & BITS[Stage.COMPLETED]:
        found |= SERVED
    return found


def _at(counts: Counter[int], stage: Stage) -> int:
    """How many came to a stage."""
    return sum(number for bits, number in counts.items() if bits & BITS[stage])
