"""How far ahead people book, and at which hours they come (M31, M32): what even a calendar without
any outcome can answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, Outcome, Source
from kept.audit.measures.asking import ANYTHING, Question, lacking
from kept.audit.measures.lead import NAMES, UNKNOWN
from kept.audit.measures.seen import CANCELLATIONS, Seen, Visit
from kept.audit.measures.wording import count, many, of, seconds, share, text
from kept.audit.statistics import Spread

CHAPTER = "How the time is filled"

AHEAD = Question("M31", "booked_ahead", CHAPTER, "How far ahead are appointments booked?")
HOURS = Question("M32", "filled_hours", CHAPTER, "At which hours do appointments begin?")

GIVEN_UP = CANCELLATIONS | {Outcome.RESCHEDULED}
QUARTER = 15 * 60


class Filling:
    """Booked times are counted by how far ahead they were booked; those that nobody gave up, by
    the hour at which they begin, in the zone of the source."""

    feeds_on = ANYTHING

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ahead: Counter[int] = Counter()
        self.leads = Spread()
        self.unknown = 0
        self.quarters: Counter[int] = Counter()

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            self._booked(visit)
            if visit.outcome not in GIVEN_UP:
                self.quarters[visit.start // QUARTER] += 1

    def _booked(self, visit: Visit) -> None:
        if visit.lead is None or visit.ahead == UNKNOWN:
            self.unknown += 1
            return
        self.ahead[visit.ahead] += 1
        self.leads.add(visit.lead)

    def figures(self) -> Iterator[Figure]:
        yield self._how_far()
        yield self._at_which_hours()

    def _how_far(self) -> Figure:
        if missing := lacking(self.source, Field.BOOKED_AT):
            return AHEAD.unknowable(missing)
        known = self.leads.number
        if not known:
            return AHEAD.nothing("Nobody knows: of no appointment it is said when it was booked.")
        middle = seconds("booked_ahead_p50", self.leads.quantile(0.5))
        far = seconds("booked_ahead_p90", self.leads.quantile(0.9))
        return AHEAD.answer(
            f"Half of them {middle.text} or less before they begin; 9 in 10 of them {far.text} or "
            f"less ({many(known, 'appointment')}).",
            Grade.MEASURED,
            (middle, far, count("known", known), count("unknown", self.unknown)),
            table=self._by_distance(known),
            chart=Chart(Shape.BARS, "booked ahead", ("appointments",)),
            notes=self._not_said(),
        )

    def _not_said(self) -> tuple[str, ...]:
        if not self.unknown:
            return ()
        return (f"Of {self.unknown:,} more it is not known, and they are not counted here.",)

    def _by_distance(self, known: int) -> Table:
        rows = tuple(
            (
                text("booked ahead", name),
                count("appointments", self.ahead[place]),
                share("of all", self.ahead[place], known),
            )
            for place, name in enumerate(NAMES)
        )
        return Table(("booked ahead", "appointments", "of all"), rows, "By how far ahead")

    def _at_which_hours(self) -> Figure:
        hours = self._hours()
        if not hours:
            return HOURS.nothing("No appointment of this time was kept.")
        every, most = hours.total(), max(sorted(hours), key=hours.__getitem__)
        return HOURS.answer(
            f"Most often between {most:02d}:00 and {(most + 1) % 24:02d}:00: "
            f"{of(hours[most], every)} ({share('', hours[most], every).text}).",
            Grade.MEASURED,
            (count("most", hours[most]), count("appointments", every)),
            table=Table(
                ("from", "appointments", "of all"),
                tuple(self._rows(hours, every)),
                "By the hour they begin",
            ),
            chart=Chart(Shape.BARS, "from", ("appointments",)),
            notes=("What was cancelled or moved away is not counted.",),
        )

    def _rows(self, hours: Counter[int], every: int) -> Iterator[tuple[Value, ...]]:
        for hour in range(min(hours), max(hours) + 1):
            yield (
                text("from", f"{hour:02d}:00"),
                count("appointments", hours[hour]),
                share("of all", hours[hour], every),
            )

    def _hours(self) -> Counter[int]:
        """Local hours; no clock differs from UTC by less than quarters."""
        found: Counter[int] = Counter()
        for quarter, number in self.quarters.items():
            local = datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(self.source.zone)
            found[local.hour] += number
        return found
