"""Did they come? The no-show rate between its bounds, and what nobody wrote down (M09 .. M12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Outcome, Source
from kept.audit.measures.asking import ANYTHING, Question, lacking
from kept.audit.measures.seen import WALK_IN, Behind, Seen, Tally
from kept.audit.measures.wording import (
    DAY,
    about,
    capital,
    count,
    many,
    of,
    share,
    share_text,
    text,
    verb,
)

CHAPTER = "Did they come?"

NO_SHOWS = Question("M09", "no_show_rate", CHAPTER, "How many customers did not come?")
BOUNDS = Question(
    "M10", "no_show_bounds", CHAPTER, "How many could it be, given what nobody wrote down?"
)
UNRESOLVED = Question(
    "M11", "unresolved_share", CHAPTER, "Of how many visits did nobody say what became of them?"
)
ASSUMED = Question(
    "M12", "assumed_share", CHAPTER, "How many outcomes were assumed by a rule, and seen by nobody?"
)

PAST = frozenset(
    {
        Outcome.COMPLETED,
        Outcome.MISSED,
        Outcome.MISSED_BY_BUSINESS,
        Outcome.UNKNOWN,
        Outcome.ASSUMED,
    }
)
"""A time that was kept free for the customer until the end."""

AGES = (
    ("up to 1 day", DAY),
    ("up to 7 days", 7 * DAY),
    ("up to 30 days", 30 * DAY),
    ("up to 90 days", 90 * DAY),
)
OLDER = "over 90 days"


class Sureness:
    """How far a source carries a no-show rate: decided here, for whatever is built on it."""

    def __init__(self, source: Source) -> None:
        self.attended = Field.ATTENDED in source.knows
        self.missed = Field.MISSED in source.knows
        self.missing = lacking(source, Field.ATTENDED, Field.MISSED)

    @property
    def none(self) -> bool:
        """Neither who came nor who stayed away is known."""
        return not self.attended and not self.missed

    @property
    def both(self) -> bool:
        return self.attended and self.missed

    def low(self, tally: Tally) -> int:
        """So many at least stayed away, of all."""
        return tally.missed

    def high(self, tally: Tally) -> int:
        """So many at most."""
        return tally.missed + tally.unknown

    def grade(self, tally: Tally) -> Grade:
        return Grade.MEASURED if self.both and not tally.unknown else Grade.BOUNDED


class Outcomes:
    """M09 .. M12."""

    feeds_on = ANYTHING

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.sure = Sureness(source)
        self.tally = Tally()
        self.past: Counter[Outcome] = Counter()
        self.ages: Counter[str] = Counter()
        self.missed = Behind(source.own)
        self.unresolved = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            outcome = visit.outcome
            if outcome not in PAST:
                continue
            self.past[outcome] += 1
            if visit.leg.channel != WALK_IN:
                self.tally.add(outcome)
            if outcome is Outcome.MISSED:
                self.missed.add(visit.leg.reference)
            elif outcome is Outcome.UNKNOWN:
                self.ages[_age(self.now - visit.over)] += 1
                self.unresolved.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        yield self.no_shows()
        yield self.bounds()
        yield self.unresolved_share()
        yield self.assumed_share()

    # M09

    def no_shows(self) -> Figure:
        if self.sure.none:
            return NO_SHOWS.unknowable(self.sure.missing)
        if not self.tally.all:
            return NO_SHOWS.nothing("No visit of this time was to take place.")
        if not self.sure.both:
            return self._one_sided()
        if not self.tally.known:
            which = "the only visit" if self.tally.all == 1 else f"all {self.tally.all:,} visits"
            return NO_SHOWS.nothing(f"Nobody knows: of {which} the outcome is unknown.")
        tally = self.tally
        low, high = self._limits()
        values = (
            share("no_show_rate", tally.missed, tally.known),
            count("missed", tally.missed),
            count("known", tally.known),
            count("unknown", tally.unknown),
            low,
            high,
        )
        return NO_SHOWS.answer(
            f"{capital(about(tally.missed, tally.known))}{_visits(tally)} did not take place: "
            f"{of(tally.missed, tally.known)} whose outcome is known"
            f" ({share_text(tally.missed, tally.known)}).{self._if_missed(high)}",
            self.sure.grade(tally),
            values,
            behind=self.missed,
        )

    def _if_missed(self, high: Value) -> str:
        unknown = self.tally.unknown
        if not unknown:
            return ""
        which = "the 1 unknown one was" if unknown == 1 else f"all {unknown:,} unknown ones were"
        return f" If {which} missed too, it would be {high.text}."

    def _one_sided(self) -> Figure:
        """One side only is written down, so the rate has a limit and no middle."""
        tally = self.tally
        low, high = self._limits()
        if self.sure.attended and not self.sure.missed:
            words = f"At most {high.text}: of {many(tally.all, 'visit')}, {tally.came:,} "
            words += f"{verb(tally.came, 'was')} seen to take place, and nobody wrote down a miss."
            values = (high, count("came", tally.came), count("visits", tally.all))
        else:
            words = f"At least {low.text}: {tally.missed:,} of {many(tally.all, 'visit')} "
            words += f"{verb(tally.missed, 'was')} marked as missed; who came is not written down."
            values = (low, count("missed", tally.missed), count("visits", tally.all))
        return NO_SHOWS.answer(
            words, Grade.BOUNDED, values, missing=self.sure.missing, behind=self.missed
        )

    def _limits(self) -> tuple[Value, Value]:
        tally = self.tally
        return (
            share("low", self.sure.low(tally), tally.all),
            share("high", self.sure.high(tally), tally.all),
        )

    # M10

    def bounds(self) -> Figure:
        if self.sure.none:
            return BOUNDS.unknowable(self.sure.missing)
        tally = self.tally
        if not tally.all:
            return BOUNDS.nothing("No visit of this time was to take place.")
        low, high = self._limits()
        if tally.unknown:
            words = (
                f"Between {low.text} and {high.text}: the first if every unknown visit took place, "
                f"the second if none did ({tally.unknown:,} of {tally.all:,} "
                f"{verb(tally.unknown, 'is')} unknown or assumed)."
            )
        else:
            words = f"{low.text}: the outcome of every visit is known."
        point = share("known", tally.missed, tally.known) if tally.known else low
        table = Table(
            ("of", "rate", "at least", "at most"),
            ((text("of", "all visits"), point, low, high),),
            "No-show rate with its bounds",
        )
        return BOUNDS.answer(
            words,
            self.sure.grade(tally),
            (low, high, count("unknown", tally.unknown), count("visits", tally.all)),
            table=table,
            chart=Chart(Shape.RANGE, "of", ("rate",), "at least", "at most"),
            missing=self.sure.missing,
        )

    # M11

    def unresolved_share(self) -> Figure:
        missing = lacking(self.source, Field.OUTCOME, Field.ATTENDED)
        if missing:
            return UNRESOLVED.unknowable(missing)
        unknown, every = self.past[Outcome.UNKNOWN], self.past.total()
        if not every:
            return UNRESOLVED.nothing("No visit of this time was to take place.")
        part = share("unresolved_share", unknown, every)
        words = (
            f"Nobody said what became of {of(unknown, every, 'visit')} ({part.text})."
            if unknown
            else f"Of none: what became of {_all(every)} is known."
        )
        return UNRESOLVED.answer(
            words,
            Grade.MEASURED,
            (part, count("unresolved", unknown), count("visits", every)),
            table=self._ages() if unknown else None,
            chart=Chart(Shape.BARS, "over since", ("visits",)) if unknown else None,
            notes=("Of 743 million appointments of a national health service, 4.6 % had none.",),
            behind=self.unresolved,
        )

    def _ages(self) -> Table:
        names = [name for name, _ in AGES] + [OLDER]
        rows = tuple((text("over since", name), count("visits", self.ages[name])) for name in names)
        return Table(("over since", "visits"), rows, "Visits without an outcome, by age")

    # M12

    def assumed_share(self) -> Figure:
        missing = lacking(self.source, Field.OUTCOME)
        if missing:
            return ASSUMED.unknowable(missing)
        assumed, every = self.past[Outcome.ASSUMED], self.past.total()
        if not every:
            return ASSUMED.nothing("No visit of this time was to take place.")
        part = share("assumed_share", assumed, every)
        words = (
            f"{of(assumed, every, 'outcome')} ({part.text}) {verb(assumed, 'was')} assumed; that "
            "does not count as known."
            if assumed
            else self._none_assumed()
        )
        return ASSUMED.answer(
            words, Grade.MEASURED, (part, count("assumed", assumed), count("visits", every))
        )

    def _none_assumed(self) -> str:
        """Only of own rows is it known who wrote an outcome down."""
        if self.source.own:
            return "None: whatever outcome is written down, somebody wrote it."
        return "None is marked as assumed; whether a program wrote some by itself is not said."


def _visits(tally: Tally) -> str:
    """After "1 in 8" visits; after "none" or "all" nothing."""
    return "" if tally.missed in (0, tally.known) else " visits"


def _all(number: int) -> str:
    return "the 1 visit" if number == 1 else f"all {number:,} visits"


def _age(seconds: int) -> str:
    return next((name for name, limit in AGES if seconds <= limit), OLDER)
