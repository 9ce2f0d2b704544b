"""Who does not come: by service, staff, lead time, channel, hour, weekday, new or not (M13).

Descriptions, each group with its own interval. What would read as a comparison of causes (one
channel against another, who said yes against who did not) is made among visits booked equally far
ahead only, or refused: who books months ahead also books elsewhere, and stays away more often.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Source
from kept.audit.measures import lead
from kept.audit.measures.asking import ANYTHING, Question, lacking
from kept.audit.measures.crossing import Crossing
from kept.audit.measures.outcomes import CHAPTER, Sureness
from kept.audit.measures.seen import PLACES, WALK_IN, Seen, Tally, Visit
from kept.audit.measures.wording import count, many, rate, share, text, verb
from kept.audit.statistics import FEW, Odds, Stratum, mantel_haenszel, wilson

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02d}:00" for hour in range(24))
NEW, RETURNING = "first visit", "came before"
SAID_YES, SAID_NOTHING = "said that they will come", "said nothing"
QUARTER = 900  # seconds
TOO_UNKNOWN = 5
"""Nothing is compared where more than 1 in so many outcomes is unknown."""


def asks(name: str, words: str) -> Question:
    return Question("M13", name, CHAPTER, words)


BY_LEAD = asks("no_show_by_lead_time", "Do visits booked far ahead take place less often?")
BY_SERVICE = asks("no_show_by_service", "Which services do customers stay away from?")
BY_STAFF = asks("no_show_by_staff", "How many do not come, by member of staff?")
BY_CHANNEL = asks("no_show_by_channel", "How many do not come, by the way they booked?")
BY_HOUR = asks("no_show_by_hour", "At which hour do customers not come?")
BY_WEEKDAY = asks("no_show_by_weekday", "On which day of the week do customers not come?")
BY_RETURNING = asks("no_show_by_returning", "Do new customers come less often?")
CHANNELS = asks(
    "no_show_channels_compared",
    "Does it matter how a visit was booked, among visits booked equally far ahead?",
)
ACKNOWLEDGED = asks(
    "no_show_acknowledged_compared",
    "Do those who said yes come more often, among visits booked equally far ahead?",
)

SIDE_BY_SIDE = "The groups are not to be compared as they stand: some were booked further ahead."

Groups = defaultdict[str, Tally]
Cells = defaultdict[tuple[str, int], Tally]


class ByGroup:
    """M13, and the two comparisons."""

    feeds_on = ANYTHING

    def __init__(self, source: Source, crossing: Crossing) -> None:
        self.source, self.crossing = source, crossing
        self.sure = Sureness(source)
        self.zone: ZoneInfo = source.zone
        self.services: Groups = defaultdict(Tally)
        self.staff: Groups = defaultdict(Tally)
        self.leads: Groups = defaultdict(Tally)
        self.hours: Groups = defaultdict(Tally)
        self.weekdays: Groups = defaultdict(Tally)
        self.channels: Cells = defaultdict(Tally)  # by channel and lead time
        self.yes: Cells = defaultdict(Tally)  # by what they said, and lead time
        self.all = Tally()
        self.local: dict[int, tuple[str, str]] = {}

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            if visit.outcome in PLACES and visit.leg.channel != WALK_IN:
                self._due(visit, PLACES[visit.outcome])

    def _due(self, visit: Visit, place: int) -> None:
        """The counts are raised in place: this is done for every visit, seven times over."""
        leg, ahead = visit.leg, visit.ahead
        self.all.counts[place] += 1
        if ahead != lead.UNKNOWN:
            self.leads[lead.NAMES[ahead]].counts[place] += 1
            said = leg.acknowledged_at is not None and leg.acknowledged_at < leg.start
            self.yes[SAID_YES if said else SAID_NOTHING, ahead].counts[place] += 1
        if leg.service is not None:
            self.services[leg.service].counts[place] += 1
        if leg.staff is not None:
            self.staff[leg.staff].counts[place] += 1
        if leg.channel is not None:
            self.channels[leg.channel, ahead].counts[place] += 1
        hour, weekday = self._local(visit)
        self.hours[hour].counts[place] += 1
        self.weekdays[weekday].counts[place] += 1

    def _local(self, visit: Visit) -> tuple[str, str]:
        """Hour and weekday on the clock of the business. Worked out once for each quarter of an
        hour: clocks differ from UTC by quarters."""
        quarter = visit.start // QUARTER
        if (known := self.local.get(quarter)) is None:
            local = visit.leg.start.astimezone(self.zone)
            known = self.local[quarter] = HOURS[local.hour], WEEKDAYS[local.weekday()]
        return known

    def figures(self) -> Iterator[Figure]:
        yield self._grouped(BY_LEAD, self.leads, lead.NAMES, Field.BOOKED_AT)
        yield self._grouped(BY_SERVICE, self.services, _largest(self.services), Field.SERVICE)
        yield self._grouped(BY_STAFF, self.staff, _largest(self.staff), Field.STAFF)
        channels = _by_name(self.channels)
        yield self._grouped(BY_CHANNEL, channels, _largest(channels), Field.CHANNEL)
        yield self._grouped(BY_HOUR, self.hours, HOURS)
        yield self._grouped(BY_WEEKDAY, self.weekdays, WEEKDAYS)
        yield self._new_or_not()
        yield self._channels_compared()
        yield self._yes_compared()

    # Groups side by side

    def _grouped(
        self,
        question: Question,
        groups: Mapping[str, Tally],
        order: tuple[str, ...],
        *needed: Field,
        notes: tuple[str, ...] = (),
    ) -> Figure:
        """`order`: the names in the order in which they stand in the table."""
        missing = lacking(self.source, *needed)
        if self.sure.none or missing:
            return question.unknowable([*missing, *(self.sure.missing if self.sure.none else ())])
        present = [name for name in order if name in groups and groups[name].all]
        shown = [name for name in present if self._enough(groups[name])]
        if not shown:
            return question.nothing(self._too_few(len(present)))
        table = self._table({name: groups[name] for name in shown}, len(present) - len(shown))
        return question.answer(
            self._extremes(question, {name: groups[name] for name in shown}),
            self.sure.grade(self.all),
            (),
            table=table,
            chart=self._chart(),
            missing=self.sure.missing,
            notes=notes,
        )

    def _too_few(self, groups: int) -> str:
        if not groups:
            return "No visit of this time was to take place."
        return f"Too little to say: no group has {FEW} visits whose outcome is known."

    def _enough(self, tally: Tally) -> bool:
        return (tally.known if self.sure.both else tally.all) >= FEW

    def _table(self, groups: Mapping[str, Tally], hidden: int) -> Table:
        caption = "Visits that did not take place, with what chance alone may do to it (95 %)"
        if self.sure.both:
            columns = ("group", "missed", "from", "to", "at least", "at most", "known visits")
            rows = tuple(self._row(name, tally) for name, tally in groups.items())
            return Table(columns, rows, caption, hidden)
        side = "at least" if self.sure.missed else "at most"
        rows = tuple(
            (text("group", name), self._limit(side, tally), count("visits", tally.all))
            for name, tally in groups.items()
        )
        return Table(("group", side, "visits"), rows, caption.partition(",")[0], hidden)

    def _row(self, name: str, tally: Tally) -> tuple[Value, ...]:
        low, high = wilson(tally.missed, tally.known)
        return (
            text("group", name),
            share("missed", tally.missed, tally.known),
            rate("from", low),
            rate("to", high),
            share("at least", self.sure.low(tally), tally.all),
            share("at most", self.sure.high(tally), tally.all),
            count("known visits", tally.known),
        )

    def _limit(self, side: str, tally: Tally) -> Value:
        part = self.sure.low(tally) if self.sure.missed else self.sure.high(tally)
        return share(side, part, tally.all)

    def _chart(self) -> Chart:
        if self.sure.both:
            return Chart(Shape.RANGE, "group", ("missed",), "from", "to")
        return Chart(Shape.BARS, "group", ("at least" if self.sure.missed else "at most",))

    def _extremes(self, question: Question, groups: Mapping[str, Tally]) -> str:
        """The table in a sentence. Only lead times are set against each other: of other groups
        one was booked further ahead than another, which says nothing about a person or an hour."""
        if not self.sure.both:
            unwritten = "came" if self.sure.missed else "stayed away"
            return f"Only a limit is known for each group: nobody wrote down who {unwritten}."
        order = sorted(groups, key=lambda name: groups[name].missed / groups[name].known)
        least, most = order[0], order[-1]
        if least == most:
            return f"{_share(groups[most])} did not come ({most})."
        if question is not BY_LEAD:
            ends = f"between {_share(groups[least])} and {_share(groups[most])}"
            return f"In each of {len(groups)} groups {ends} did not come. {SIDE_BY_SIDE}"
        words = (
            f"Between {_share(groups[least])} ({least}) and {_share(groups[most])} ({most}) "
            "did not come"
        )
        apart = wilson(groups[most].missed, groups[most].known)[0]
        apart -= wilson(groups[least].missed, groups[least].known)[1]
        return f"{words}." if apart > 0 else f"{words}; so small a difference may be chance."

    def _new_or_not(self) -> Figure:
        return self._grouped(
            BY_RETURNING,
            {NEW: self.crossing.new, RETURNING: self.crossing.returning},
            (NEW, RETURNING),
            Field.PERSON,
            notes=("New is who has no earlier appointment in what was read.",),
        )

    # Comparisons among visits booked equally far ahead

    def _channels_compared(self) -> Figure:
        if refused := self._refused(CHANNELS, Field.CHANNEL):
            return refused
        names = _by_name(self.channels)
        order = [name for name in names if _known(self.channels, name) >= FEW]
        order.sort(key=lambda name: (-_known(self.channels, name), name))
        if len(order) < 2:
            return CHANNELS.nothing(f"There are no two channels with {FEW} known visits each.")
        most, *others = order
        found = [(name, _odds(self.channels, name, most)) for name in others]
        rows = [(name, odds) for name, odds in found if odds]
        if not rows:
            return CHANNELS.nothing("Nobody stayed away in one of them: nothing can be compared.")
        return self._compared(CHANNELS, rows, most)

    def _yes_compared(self) -> Figure:
        if refused := self._refused(ACKNOWLEDGED, Field.ACKNOWLEDGED):
            return refused
        if min(_known(self.yes, name) for name in (SAID_YES, SAID_NOTHING)) < FEW:
            return ACKNOWLEDGED.nothing(
                f"Too little to say: there are not {FEW} known visits of each kind."
            )
        odds = _odds(self.yes, SAID_YES, SAID_NOTHING)
        if odds is None:
            return ACKNOWLEDGED.nothing("One side has no miss at all: nothing can be compared.")
        return self._compared(ACKNOWLEDGED, [(SAID_YES, odds)], SAID_NOTHING)

    def _refused(self, question: Question, needed: Field) -> Figure | None:
        missing = lacking(self.source, needed, Field.BOOKED_AT, Field.ATTENDED, Field.MISSED)
        if missing:
            return question.unknowable(missing)
        if TOO_UNKNOWN * self.all.unknown > self.all.all:
            return question.nothing(
                f"Not compared: {self.all.unknown:,} of {many(self.all.all, 'visit')} "
                f"{verb(self.all.unknown, 'has')} no known outcome, which could turn the answer."
            )
        return None

    def _compared(self, question: Question, found: list[tuple[str, Odds]], base: str) -> Figure:
        rows = tuple(
            (
                text("group", name),
                text("against", base),
                _times("odds", odds.ratio),
                _times("from", odds.low),
                _times("to", odds.high),
            )
            for name, odds in found
        )
        name, odds = max(found, key=lambda each: abs(each[1].ratio - 1))
        return question.answer(
            _in_words(name, base, odds),
            Grade.MEASURED,
            [value for row in rows[:1] for value in row[2:]],
            table=Table(
                ("group", "against", "odds", "from", "to"),
                rows,
                "Odds of not coming, within equal lead times (Mantel-Haenszel, 95 %)",
            ),
            chart=Chart(Shape.RANGE, "group", ("odds",), "from", "to"),
            notes=("Equal lead times are compared; other differences between the groups remain.",),
        )


def _in_words(name: str, base: str, odds: Odds) -> str:
    among = "Among visits booked equally far ahead"
    sure = f"(odds of not coming {odds.ratio:.1f} times as high, 95 %: {odds.low:.1f} to "
    sure += f"{odds.high:.1f})"
    if odds.low <= 1 <= odds.high:
        return f"{among}, what sets “{name}” apart from “{base}” may be chance {sure}."
    often = "more" if odds.ratio > 1 else "less"
    return f"{among}, those of “{name}” stayed away {often} often than those of “{base}” {sure}."


def _times(name: str, ratio: float) -> Value:
    """A ratio in hundredths."""
    return Value(name, round(100 * ratio), f"{ratio:.2f}", "ratio")


def _share(tally: Tally) -> str:
    return share("", tally.missed, tally.known).text


def _largest(groups: Mapping[str, Tally]) -> tuple[str, ...]:
    return tuple(sorted(groups, key=lambda name: (-groups[name].all, name)))


def _by_name(cells: Cells) -> dict[str, Tally]:
    found: Groups = defaultdict(Tally)
    for (name, _), tally in cells.items():
        found[name].join(tally)
    return dict(found)


def _known(cells: Cells, name: str) -> int:
    """Those whose lead time is known, too."""
    return sum(
        tally.known
        for (each, ahead), tally in cells.items()
        if each == name and ahead != lead.UNKNOWN
    )


def _odds(cells: Cells, one: str, other: str) -> Odds | None:
    """Of the first group against the other, over the lead times; unknown ones are left out."""
    strata = []
    for place in range(len(lead.NAMES)):
        here, there = cells.get((one, place)), cells.get((other, place))
        if here and there and here.known and there.known:
            strata.append(Stratum(here.missed, here.known, there.missed, there.known))
    return mantel_haenszel(strata)
