"""A question of the report, and the two ways of answering it: with a figure, or with what is
missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from kept.audit.figures import Chart, Figure, Grade, Table, Value
from kept.audit.history import Field, Source
from kept.audit.measures.seen import Behind, Seen
from kept.audit.measures.wording import missing_words


@dataclass(frozen=True, slots=True)
class Question:
    """What stands over a figure, whatever the answer is."""

    number: str
    name: str
    chapter: str
    words: str

    def answer(
        self,
        answer: str,
        grade: Grade,
        values: Sequence[Value] = (),
        *,
        table: Table | None = None,
        chart: Chart | None = None,
        notes: Iterable[str] = (),
        missing: Iterable[Field] = (),
        behind: Behind | None = None,
    ) -> Figure:
        return Figure(
            number=self.number,
            name=self.name,
            chapter=self.chapter,
            question=self.words,
            answer=answer,
            grade=grade,
            values=tuple(values),
            missing=missing_words(missing),
            table=table,
            chart=chart,
            notes=tuple(notes),
            behind=behind.first if behind else (),
            behind_of=behind.of if behind else 0,
        )

    def unknowable(self, missing: Iterable[Field]) -> Figure:
        """Refused, with the fields that would answer it."""
        lacking = list(missing)
        return self.answer(not_said(lacking), Grade.UNKNOWABLE, missing=lacking)

    def nothing(self, why: str) -> Figure:
        """Answered, and the answer is that there is nothing, or too little, to count."""
        return self.answer(why, Grade.MEASURED)


def not_said(missing: Iterable[Field]) -> str:
    """Why there is no answer."""
    return f"The source does not say: {'; '.join(missing_words(missing))}."


OUTCOMES = frozenset({Field.OUTCOME, Field.ATTENDED})
RESTS_ON = {
    **dict.fromkeys(("M01", "M09", "M10", "M11", "M12", "M13", "M16", "M17", "M18"), OUTCOMES),
    **dict.fromkeys(("M14", "M26"), OUTCOMES),
    **dict.fromkeys(("M19", "M20"), OUTCOMES | {Field.PRICE}),
}
"""By number: what a figure would be another without."""


def graded(figure: Figure, source: Source) -> Figure:
    """The figure, inferred where what it rests on was worked out by a rule, with that rule."""
    rests_on = RESTS_ON.get(figure.number, frozenset())
    rules = dict.fromkeys(rule for each, rule in source.inferred.items() if each in rests_on)
    if not rules or not (figure.values or figure.table):
        return figure
    return replace(figure, grade=Grade.INFERRED, notes=(*figure.notes, *rules))


def lacking(source: Source, *needed: Field) -> list[Field]:
    return [each for each in needed if each not in source.knows]


class Answering(Protocol):
    """What has figures when everything has been read."""

    def figures(self) -> Iterator[Figure]: ...


ANYTHING: frozenset[Field] = frozenset()
"""For measures that count whatever the source knows."""


@runtime_checkable
class Measure(Answering, Protocol):
    """A few counters: fed one appointment at a time, and asked at the end. Of a source that knows
    none of the fields it feeds on (where there are any) there is nothing to count, and it is not
    fed."""

    feeds_on: frozenset[Field]

    def look(self, seen: Seen) -> None: ...
