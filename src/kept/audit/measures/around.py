"""Before the booking and after the visit: enquiries, coming again, invitations, reviews
(M24 .. M28)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import (
    AsksForReviews,
    Enquiry,
    Field,
    History,
    Invites,
    Source,
)
from kept.audit.measures.asking import Question, lacking
from kept.audit.measures.crossing import Crossing, Recovery
from kept.audit.measures.seen import Behind
from kept.audit.measures.wording import (
    DAY,
    HOUR,
    MINUTE,
    about,
    capital,
    count,
    many,
    nothing,
    of,
    ranged,
    rate,
    seconds,
    share,
    text,
    verb,
)
from kept.audit.statistics import FEW, Spread, wilson
from kept.core.holdout import difference
from kept.core.holdout import share as counted

CHAPTER = "Before and after the visit"

SPEED = Question(
    "M24", "speed_to_lead", CHAPTER, "How soon does a person answer somebody who asks?"
)
BOOKED = Question(
    "M25", "enquiries_booked", CHAPTER, "Of those who asked, how many booked, and how many came?"
)
AGAIN = Question(
    "M26", "rebooking", CHAPTER, "How many book again within two weeks of their visit?"
)
INVITED = Question("M27", "invitations", CHAPTER, "Do people come back when they are invited?")
REVIEWS = Question("M28", "review_equality", CHAPTER, "Is everybody asked for a review alike?")

INVITED_WITHIN = 30 * DAY


@dataclass(slots=True)
class Origin:
    """The enquiries of one source."""

    asked: int = 0
    booked: int = 0
    decided: int = 0  # booked, and it is known whether they came
    came: int = 0
    unknown: int = 0  # the visit is over, and nobody said


class Enquiries:
    """M24 and M25; fed with enquiries instead of appointments."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.number = self.never = self.five = self.hour = 0
        self.wall, self.opened = Spread(), Spread()
        self.origins: defaultdict[str, Origin] = defaultdict(Origin)
        self.behind = Behind(source.own)

    def enquiry(self, enquiry: Enquiry) -> None:
        self.number += 1
        if enquiry.touched_at is None:
            self.never += 1
            self.behind.add(enquiry.reference)
        else:
            took = max(0, int((enquiry.touched_at - enquiry.received_at).total_seconds()))
            self.wall.add(took)
            self.five += took <= 5 * MINUTE
            self.hour += took <= HOUR
        if enquiry.touched_open_seconds is not None:
            self.opened.add(enquiry.touched_open_seconds)
        origin = self.origins[enquiry.source]
        origin.asked += 1
        origin.booked += enquiry.booked_at is not None
        if enquiry.attended is not None:
            origin.decided += 1
            origin.came += enquiry.attended
        origin.unknown += enquiry.unknown

    def figures(self) -> Iterator[Figure]:
        missing = lacking(self.source, Field.ENQUIRIES)
        if missing:
            yield SPEED.unknowable(missing)
            yield BOOKED.unknowable(missing)
        elif not self.number:
            yield SPEED.nothing("Nobody asked in this time.")
            yield BOOKED.nothing("Nobody asked in this time.")
        else:
            yield self._speed()
            yield self._booked()

    def _speed(self) -> Figure:
        values = [
            share("within_5_minutes", self.five, self.number),
            share("within_1_hour", self.hour, self.number),
            share("never", self.never, self.number),
            count("enquiries", self.number),
        ]
        for name, spread in (("wall_clock", self.wall), ("opening_hours", self.opened)):
            if spread.number:
                values.append(seconds(f"{name}_p50", spread.quantile(0.5)))
                values.append(seconds(f"{name}_p90", spread.quantile(0.9)))
        never = f"; {self.never:,} had no answer of a person at all" if self.never else ""
        return SPEED.answer(
            f"Half of those answered waited {values[4].text} or less; "
            f"{of(self.five, self.number)} had an answer within 5 minutes{never}."
            if self.wall.number
            else f"Of {many(self.number, 'enquiry')} none was answered by a person.",
            Grade.MEASURED,
            values,
            behind=self.behind,
        )

    def _booked(self) -> Figure:
        booked = sum(each.booked for each in self.origins.values())
        decided = sum(each.decided for each in self.origins.values())
        came = sum(each.came for each in self.origins.values())
        part = share("booked_share", booked, self.number)
        unknown = sum(each.unknown for each in self.origins.values())
        values = [part, count("booked", booked), count("due", decided)]
        values.append(count("came", came))
        if decided + unknown:
            values.append(share("came_at_least", came, decided + unknown))
            values.append(share("came_at_most", came + unknown, decided + unknown))
        words = (
            f"{capital(about(booked, self.number))}: {of(booked, self.number)} booked ({part.text})"
        )
        if decided:
            words += f"; of {decided:,} of whose visit it is known {came:,} came"
        if unknown:
            words += f"; of {many(unknown, 'visit')} more nobody said what became of "
            words += "it" if unknown == 1 else "them"
        return BOOKED.answer(
            f"{words}.",
            Grade.BOUNDED if unknown else Grade.MEASURED,
            values,
            table=self._by_source(),
            chart=Chart(Shape.BARS, "from", ("booked",)),
        )

    def _by_source(self) -> Table | None:
        order = sorted(self.origins, key=lambda name: (-self.origins[name].asked, name))
        shown = [name for name in order if self.origins[name].asked >= FEW]
        if not shown:
            return None
        rows = tuple(self._row(name, self.origins[name]) for name in shown)
        columns = ("from", "enquiries", "booked", "came")
        return Table(columns, rows, "Enquiries by where they came from", len(order) - len(shown))

    def _row(self, name: str, origin: Origin) -> tuple[Value, ...]:
        return (
            text("from", name or "not said"),
            count("enquiries", origin.asked),
            share("booked", origin.booked, origin.asked),
            share("came", origin.came, origin.decided) if origin.decided else nothing("came"),
        )


class Rebooking:
    """M26; worked out where people are followed."""

    def __init__(self, source: Source, crossing: Crossing) -> None:
        self.source, self.crossing = source, crossing

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.PERSON, Field.BOOKED_AT, Field.ATTENDED):
            yield AGAIN.unknowable(missing)
            return
        found: Recovery = self.crossing.again
        if not found.of:
            yield AGAIN.nothing("No visit of this time is two weeks old.")
            return
        part = share("rebooked_share", found.back, found.of)
        low, high = share("low", *found.low), share("high", *found.high)
        yield AGAIN.answer(
            f"{capital(about(found.back, found.of))}: after {of(found.back, found.of, 'visit')} "
            f"the next was booked on the day or within 14 days ({part.text})."
            f"{ranged(low, high)}",
            Grade.MEASURED if found.low == found.high else Grade.BOUNDED,
            (part, count("rebooked", found.back), count("visits", found.of), low, high),
            notes=("Visits that have not had their two weeks yet are not counted.",),
        )


class Invitations:
    """M27; with those left alone on purpose beside the invited, where there are any."""

    def __init__(self, history: History) -> None:
        self.history, self.source = history, history.source
        self.now = int(self.source.now.timestamp())

    def figures(self) -> Iterator[Figure]:
        if Field.INVITATIONS not in self.source.knows or not isinstance(self.history, Invites):
            yield INVITED.unknowable([Field.INVITATIONS])
            return
        groups = {False: Recovery(), True: Recovery()}
        for each in self.history.invitations():
            due = int(each.due_at.timestamp())
            if due + INVITED_WITHIN <= self.now:
                booked = each.booked_at
                back = booked is not None and due < booked.timestamp() <= due + INVITED_WITHIN
                groups[each.held_out].add(back)
        invited, alone = groups[False], groups[True]
        if not invited.of:
            yield INVITED.nothing("Nobody was invited 30 days ago or earlier.")
            return
        yield self._yield(invited, alone)

    def _yield(self, invited: Recovery, alone: Recovery) -> Figure:
        part = share("booked_share", invited.back, invited.of)
        values = [part, count("booked", invited.back), count("invited", invited.of)]
        words = f"{of(invited.back, invited.of)} of the invited booked within 30 days ({part.text})"
        compared = invited.of >= FEW and alone.of >= FEW
        if compared:
            apart = difference(counted(invited.back, invited.of), counted(alone.back, alone.of))
            values += [
                share("left_alone_share", alone.back, alone.of),
                rate("difference", apart.rate),
                rate("difference_from", apart.low),
                rate("difference_to", apart.high),
            ]
            words += (
                f", and {values[3].text} of those left alone by chance; the difference is "
                f"{_points(apart.rate)}, between {_points(apart.low)} and {_points(apart.high)}"
            )
        return INVITED.answer(
            f"{words}.",
            Grade.MEASURED,
            values,
            notes=() if compared else (f"Fewer than {FEW} people were left alone to compare.",),
        )


def _points(fraction: float) -> str:
    """A difference of two shares."""
    return f"{100 * fraction:.1f} points"


@dataclass(slots=True)
class Reviewed:
    """Visits by what was said of them."""

    asked: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    waiting: int = 0


CONTENT, COMPLAINED, SILENT = "was content", "complained", "said nothing"


class Reviews:
    """M28."""

    def __init__(self, history: History) -> None:
        self.history, self.source = history, history.source

    def figures(self) -> Iterator[Figure]:
        if Field.REVIEWS not in self.source.knows or not isinstance(self.history, AsksForReviews):
            yield REVIEWS.unknowable([Field.REVIEWS])
            return
        found = Reviewed()
        for each in self.history.reviews():
            said = {None: SILENT, True: CONTENT, False: COMPLAINED}[each.content]
            if each.asked is None:
                found.waiting += 1
            else:
                found.all[said] += 1
                found.asked[said] += each.asked
        if not found.all:
            yield REVIEWS.nothing("No visit of this time was to be asked about yet.")
            return
        yield self._equality(found)

    def _equality(self, found: Reviewed) -> Figure:
        asked, every = found.asked.total(), found.all.total()
        part = share("asked_share", asked, every)
        words = f"{of(asked, every, 'visit')} ({part.text}) {verb(asked, 'was')} asked about"
        names = [name for name in (CONTENT, COMPLAINED, SILENT) if found.all[name] >= FEW]
        rows = tuple(
            (
                text("said", name),
                share("asked", found.asked[name], found.all[name]),
                count("visits", found.all[name]),
            )
            for name in names
        )
        hidden = len(found.all) - len(names)
        table = Table(("said", "asked", "visits"), rows, "Asked for a review", hidden)
        return REVIEWS.answer(
            f"{words}{self._alike(found, names)}.",
            Grade.MEASURED,
            (part, count("asked", asked), count("visits", every), count("waiting", found.waiting)),
            table=table if rows else None,
            chart=Chart(Shape.BARS, "said", ("asked",)) if rows else None,
        )

    def _alike(self, found: Reviewed, names: list[str]) -> str:
        """Whether those who complained are asked less, and hardly by chance."""
        if COMPLAINED not in names or CONTENT not in names:
            return "; too few said what they thought of it to compare"
        happy = wilson(found.asked[CONTENT], found.all[CONTENT])
        unhappy = wilson(found.asked[COMPLAINED], found.all[COMPLAINED])
        if unhappy[1] < happy[0]:
            return "; those who complained were asked less often, which is not allowed"
        return "; whether somebody complained made no difference that can be seen"
