"""How far appointments come (M01), and how long they stay where they are (M02)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Outcome, Source, Stage
from kept.audit.measures.asking import Question
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


class Funnel:
    """Counted are appointments that are over: what lies ahead has not had its chance yet."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.roots: Counter[Stage] = Counter()
        self.legs: Counter[Stage] = Counter()
        self.ahead = 0
        self.times = {stage: Spread() for stage in ORDER}
        self.open: Counter[Stage] = Counter()

    def look(self, seen: Seen) -> None:
        over = seen.last.outcome is not Outcome.AHEAD
        self.ahead += not over
        came: set[Stage] = set()
        for visit in seen.visits:
            if over:
                reached = _reached(visit)
                self.legs.update(reached)
                came |= reached
            if visit.leg.entered:
                self._wait(visit)
        self.roots.update(came)

    def _wait(self, visit: Visit) -> None:
        """From each stage to the next that was entered, or to the end of the leg."""
        entered = visit.leg.entered
        steps = [(stage, int(entered[stage].timestamp())) for stage in ORDER if stage in entered]
        for (stage, since), (_, until) in pairwise(steps):
            self.times[stage].add(max(0, until - since))
        stage, since = steps[-1]
        if stage is Stage.COMPLETED:
            return
        if visit.ended is None or visit.outcome is Outcome.AHEAD:
            self.open[stage] += 1
        else:
            self.times[stage].add(max(0, visit.ended - since))

    def figures(self) -> Iterator[Figure]:
        yield self.funnel()
        yield self.time_in_state()

    def _knows(self, stage: Stage) -> bool:
        if stage is Stage.SCHEDULED or Field.STAGES in self.source.knows:
            return True
        seen = stage in (Stage.ATTENDED, Stage.COMPLETED)
        return seen and Field.ATTENDED in self.source.knows

    def funnel(self) -> Figure:
        if not self._knows(Stage.COMPLETED):
            return FUNNEL.unknowable([Field.STAGES, Field.ATTENDED])
        booked = self.roots[Stage.SCHEDULED]
        if not booked:
            return FUNNEL.nothing("No appointment of this time is over yet.")
        done = self.roots[Stage.COMPLETED]
        complete = Field.STAGES in self.source.knows
        steps = [stage for stage in ORDER if self._knows(stage)]
        table = Table(
            ("step", "appointments", "of the step before", "booked times"),
            tuple(self._rows(steps)),
            "Appointments that are over, by how far they came",
        )
        return FUNNEL.answer(
            f"Of {many(booked, 'appointment that')} {verb(booked, 'is')} over, {done:,} took place "
            f"({share('', done, booked).text}).",
            Grade.MEASURED if complete else Grade.INFERRED,
            [count(f"{stage}", self.roots[stage]) for stage in steps],
            table=table,
            chart=Chart(Shape.FUNNEL, "step", ("appointments",)),
            notes=(f"{self.ahead:,} still ahead: not counted.",) if self.ahead else (),
            missing=() if complete else (Field.STAGES,),
        )

    def _rows(self, steps: list[Stage]) -> Iterator[tuple[Value, ...]]:
        before = 0
        for stage in steps:
            here = self.roots[stage]
            yield (
                text("step", WORDS[stage]),
                count("appointments", here),
                share("of the step before", here, before)
                if before
                else nothing("of the step before"),
                count("booked times", self.legs[stage]),
            )
            before = here

    def time_in_state(self) -> Figure:
        if Field.STAGES not in self.source.knows:
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


def _reached(visit: Visit) -> set[Stage]:
    """The stages a leg came to; who was served had come."""
    found = {Stage.SCHEDULED, *visit.leg.entered}
    if visit.outcome is Outcome.COMPLETED:
        found |= {Stage.ATTENDED, Stage.COMPLETED}
    elif Stage.COMPLETED in found:
        found.add(Stage.ATTENDED)
    return found
