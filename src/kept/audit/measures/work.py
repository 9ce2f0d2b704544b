"""What was left to people: hand-offs, steps done by hand, open questions (M21 .. M23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kept.audit.figures import Chart, Figure, Grade, Shape, Table
from kept.audit.history import Asked, Field, Handed, Source
from kept.audit.measures.asking import Question, lacking
from kept.audit.measures.breaks import hand_off_late, not_handed_on
from kept.audit.measures.seen import Behind, Seen
from kept.audit.measures.wording import count, many, of, seconds, share, text, verb
from kept.audit.statistics import Spread

CHAPTER = "What is left to people"

HAND_OFFS = Question(
    "M21", "hand_offs", CHAPTER, "Of what was handed on, how much did nobody take over in time?"
)
MEMORY = Question("M22", "memory_dependence", CHAPTER, "How much rests on somebody remembering it?")
QUESTIONS = Question(
    "M23", "open_questions", CHAPTER, "What was put before a person, and how long does it wait?"
)


class HandOffs:
    """M21."""

    feeds_on = frozenset({Field.HAND_OFFS})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.offered: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.none = 0
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            if not_handed_on(visit, self.now) is not None:
                self.none += 1
            late = False
            for handed in visit.leg.handed:
                late = self._handed(handed) or late
            if late:
                self.behind.add(visit.leg.reference)

    def _handed(self, handed: Handed) -> bool:
        if handed.status == "withdrawn":
            return False
        self.offered[handed.to] += 1
        late = hand_off_late(handed, self.now) is not None
        self.late[handed.to] += late
        return late

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.HAND_OFFS):
            yield HAND_OFFS.unknowable(missing)
            return
        every, late = self.offered.total(), self.late.total()
        if not every:
            yield HAND_OFFS.answer(
                f"Nothing was handed on; after {many(self.none, 'visit')} something should have "
                "been.",
                Grade.MEASURED,
                (count("with_none", self.none),),
            )
            return
        part = share("late_share", late, every)
        none = (
            f" After {many(self.none, 'visit')} nothing was handed on at all." if self.none else ""
        )
        yield HAND_OFFS.answer(
            f"{of(late, every, 'hand-off')} ({part.text}) {verb(late, 'was')} not taken over in "
            f"time.{none}",
            Grade.MEASURED,
            (
                part,
                count("late", late),
                count("offered", every),
                count("with_none", self.none),
            ),
            table=self._table(),
            chart=Chart(Shape.BARS, "path", ("late",)),
            behind=self.behind,
        )

    def _table(self) -> Table:
        rows = tuple(
            (
                text("path", name.replace("_", " ")),
                count("late", self.late[name]),
                count("offered", number),
            )
            for name, number in most_first(self.offered)
        )
        return Table(("path", "late", "offered"), rows, "Hand-offs, by the path that follows")


class Memory:
    """M22."""

    feeds_on = frozenset({Field.ACTS})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.acts = self.by_hand = self.needless = self.overdue = 0
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            needless = 0
            for act in visit.leg.acts:
                self.acts += 1
                if act.by_person:
                    self.by_hand += 1
                    needless += act.automatable
            for asked in visit.leg.asked:
                self.overdue += is_overdue(asked, self.now)
            if needless:
                self.needless += needless
                self.behind.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.ACTS):
            yield MEMORY.unknowable(missing)
            return
        if not self.acts:
            yield MEMORY.nothing("Nothing was done in this time.")
            return
        part = share("needless_share", self.needless, self.acts)
        values = [
            part,
            count("needless", self.needless),
            count("by_hand", self.by_hand),
            count("steps", self.acts),
        ]
        words = (
            f"{of(self.needless, self.acts, 'step')} ({part.text}) {verb(self.needless, 'was')} "
            "done by hand though an automation that is switched on covers them"
        )
        if Field.ESCALATIONS in self.source.knows:
            values.append(count("overdue", self.overdue))
            words += f"; {many(self.overdue, 'question')} went past their time"
        yield MEMORY.answer(
            f"{words}.",
            Grade.MEASURED,
            values,
            notes=(f"{self.by_hand:,} steps were done by people in all.",),
            behind=self.behind,
        )


class Questions:
    """M23."""

    feeds_on = frozenset({Field.ESCALATIONS})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.kinds: Counter[str] = Counter()
        self.open: Counter[str] = Counter()
        self.again = self.ownerless = 0
        self.ages, self.took = Spread(), Spread()
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            if visit.leg.asked:
                self._asked(visit.leg.asked, visit.leg.reference)

    def _asked(self, every: tuple[Asked, ...], reference: str) -> None:
        waits = False
        kinds = set()
        for asked in every:
            self.kinds[asked.kind] += 1
            self.again += asked.kind in kinds
            kinds.add(asked.kind)
            raised = int(asked.raised_at.timestamp())
            if asked.resolved_at is not None:
                self.took.add(max(0, int(asked.resolved_at.timestamp()) - raised))
                continue
            waits = True
            self.open[asked.kind] += 1
            self.ages.add(max(0, self.now - raised))
            self.ownerless += not asked.owner
        if waits:
            self.behind.add(reference)

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.ESCALATIONS):
            yield QUESTIONS.unknowable(missing)
            return
        every, still = self.kinds.total(), self.open.total()
        if not every:
            yield QUESTIONS.nothing("Nothing had to be put before a person.")
            return
        values = [
            count("asked", every),
            count("open", still),
            count("without_owner", self.ownerless),
            share("asked_again_share", self.again, every),
        ]
        left = f"{still:,} of them {verb(still, 'is')}" if still else "none of them is"
        words = f"{many(every, 'question')}; {left} open"
        if self.took.number:
            values.append(seconds("answered_p90", self.took.quantile(0.9)))
            words += f"; 9 in 10 of the others were answered within {values[-1].text}"
        if still:
            values.append(seconds("open_age_p90", self.ages.quantile(0.9)))
        yield QUESTIONS.answer(
            f"{words}.",
            Grade.MEASURED,
            values,
            table=self._table(),
            chart=Chart(Shape.BARS, "question", ("asked",)),
            behind=self.behind,
        )

    def _table(self) -> Table:
        rows = tuple(
            (
                text("question", kind.replace("_", " ").lower()),
                count("asked", number),
                count("open", self.open[kind]),
            )
            for kind, number in most_first(self.kinds)
        )
        return Table(("question", "asked", "open"), rows, "Questions for people, by kind")


def most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    """By number, and by name where the numbers are equal."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def is_overdue(asked: Asked, now: int) -> bool:
    until = now if asked.resolved_at is None else int(asked.resolved_at.timestamp())
    return until > int(asked.due_at.timestamp())
