"""What it costs: what was lost, what is at risk, and which hours stayed empty (M18 .. M20).

Always the list price, never the margin; only of what has a price, and how many have one is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Field, History, OffersHours, Outcome
from kept.audit.measures.asking import Question, lacking
from kept.audit.measures.crossing import NOT, SURELY, UNKNOWN, Crossing
from kept.audit.measures.outcomes import PAST, Sureness
from kept.audit.measures.seen import WALK_IN, Behind, Seen, Sum, Tally, Visit
from kept.audit.measures.wording import (
    MINUTE,
    count,
    many,
    money,
    of,
    ranged,
    share,
    share_text,
    text,
)
from kept.audit.statistics import FEW

CHAPTER = "What it costs"
CENT = Decimal("0.01")

LOST = Question(
    "M19", "revenue_lost", CHAPTER, "What were the visits worth that did not take place?"
)
AT_RISK = Question(
    "M20", "revenue_at_risk", CHAPTER, "How much of what is booked ahead may not take place?"
)
USED = Question(
    "M18", "utilisation", "How the time was used", "How much of the time offered was used?"
)


class Lost:
    """M19: missed visits, and those cancelled too late whose time nobody else used."""

    feeds_on = frozenset({Field.PRICE})

    def __init__(self, history: History, crossing: Crossing) -> None:
        self.source, self.crossing = history.source, crossing
        self.missed, self.unknown, self.late = Sum(), Sum(), Sum()
        self.undated, self.surely, self.possibly = Sum(), Sum(), Sum()
        self.pending: list[tuple[int, Decimal | None, str]] = []
        self.rows = self.priced = 0
        self.behind = Behind(self.source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            outcome, price = visit.outcome, visit.leg.price
            self.rows += 1
            self.priced += price is not None
            if outcome is Outcome.MISSED:
                self.missed.add(price)
                self.behind.add(visit.leg.reference)
            elif outcome is Outcome.CANCELLED and visit.ended is None:
                self.undated.add(price)
            elif outcome is Outcome.CANCELLED and visit.late:
                self.pending.append((visit.slot, price, visit.leg.reference))
            elif outcome in (Outcome.UNKNOWN, Outcome.ASSUMED) and visit.leg.channel != WALK_IN:
                self.unknown.add(price)

    def figures(self) -> Iterator[Figure]:
        missing = lacking(self.source, Field.PRICE)
        blind = lacking(self.source, Field.MISSED, Field.CANCELLED_AT)
        if missing or len(blind) == 2:
            yield LOST.unknowable([*missing, *blind])
            return
        if not self.priced:
            yield LOST.unknowable([Field.PRICE])
            return
        for slot, price, reference in self.pending:
            refill = self.crossing.refill(slot)
            if not self.crossing.refilled(slot):
                self.late.add(price)
                self.behind.add(reference)
            if refill == NOT:
                self.surely.add(price)
            if refill != SURELY:
                self.possibly.add(price)
        counted = (self.missed, self.late, self.possibly, self.undated, self.unknown)
        if any(each.number for each in counted) and not any(each.priced for each in counted):
            yield LOST.unknowable([Field.PRICE])  # of what was lost, nothing has one
            return
        yield self._lost(blind)

    def _lost(self, blind: list[Field]) -> Figure:
        currency = self.source.currency
        total = self.missed.amount + self.late.amount
        least = money("at_least", self.missed.amount + self.surely.amount, currency)
        unsure = (self.missed, self.possibly, self.undated, self.unknown)
        most = money("at_most", sum((each.amount for each in unsure), Decimal(0)), currency)
        unseen = lacking(self.source, Field.STAFF, Field.END)
        doubts = self.unknown.number + self.undated.number
        doubts += self.possibly.number - self.surely.number
        sure = not blind and not unseen and not doubts
        values = (
            money("lost", total, currency),
            money("missed", self.missed.amount, currency),
            money("cancelled_late", self.late.amount, currency),
            least,
            most,
            share("priced", self.priced, self.rows),
        )
        parts = []
        if self.missed.number:
            parts.append(f"{many(self.missed.number, 'visit')} missed ({values[1].text})")
        if self.late.number:
            late = many(self.late.number, "visit")
            parts.append(f"{late} cancelled too late and used by nobody else ({values[2].text})")
        why = " and ".join(parts) or "none of them is known"
        words = f"{values[0].text} by list price, not margin: {why}."
        words += ranged(least, most)
        return LOST.answer(
            words,
            Grade.MEASURED if sure else Grade.BOUNDED,
            values,
            notes=self._notes(unseen),
            missing=[*blind, *unseen],
            behind=self.behind,
        )

    def _notes(self, unseen: list[Field]) -> Iterator[str]:
        if self.priced < self.rows:
            priced = f"{of(self.priced, self.rows)} ({share_text(self.priced, self.rows)})"
            yield f"Only {priced} have a price; the others are not in these sums."
        if unseen:
            yield "Whether a time was used by somebody else cannot be seen: none is taken to be."
        if not self.source.currency:
            yield "The source does not say in which currency the prices are."


@dataclass(slots=True)
class Cell:
    """Visits of one service booked equally far ahead: past ones, and what is booked."""

    past: Tally = field(default_factory=Tally)
    ahead: Sum = field(default_factory=Sum)


class AtRisk:
    """M20: what is booked ahead, by the rates of the past. An estimate, with its range."""

    feeds_on = frozenset({Field.PRICE})

    def __init__(self, history: History) -> None:
        self.source = history.source
        self.sure = Sureness(self.source)
        self.cells: defaultdict[tuple[str | None, int], Cell] = defaultdict(Cell)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            ahead = visit.outcome is Outcome.AHEAD
            if ahead or (visit.outcome in PAST and visit.leg.channel != WALK_IN):
                cell = self.cells[visit.leg.service, visit.ahead]
                if ahead:
                    cell.ahead.add(visit.leg.price)
                else:
                    cell.past.add(visit.outcome)

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.PRICE, Field.ATTENDED, Field.MISSED):
            yield AT_RISK.unknowable(missing)
            return
        booked = sum((cell.ahead.amount for cell in self.cells.values()), Decimal(0))
        number = sum(cell.ahead.number for cell in self.cells.values())
        if not booked:
            yield AT_RISK.nothing("Nothing with a price is booked ahead.")
            return
        every = joined(cell.past for cell in self.cells.values())
        if every.known < FEW:
            yield AT_RISK.nothing(
                f"Too little to say: fewer than {FEW} past visits have a known outcome."
            )
            return
        yield self._estimate(booked, number, every)

    def _estimate(self, booked: Decimal, number: int, every: Tally) -> Figure:
        point = low = high = Decimal(0)
        for (_, ahead), cell in self.cells.items():
            if cell.ahead.amount:
                past = self._past(cell, ahead, every)
                point += cell.ahead.amount * past.missed / past.known
                low += cell.ahead.amount * past.missed / past.all
                high += cell.ahead.amount * (past.missed + past.unknown) / past.all
        currency = self.source.currency
        values = (
            money("at_risk", point.quantize(CENT), currency),
            money("low", low.quantize(CENT), currency),
            money("high", high.quantize(CENT), currency),
            money("booked", booked, currency),
            count("visits", number),
        )
        ranged = "" if low == high else f", between {values[1].text} and {values[2].text}"
        return AT_RISK.answer(
            f"About {values[0].text} of the {values[3].text} booked ahead, if customers stay away "
            f"as often as before: an estimate by list price, not margin{ranged}.",
            Grade.INFERRED,
            values,
            notes=("By the past rate of the same service booked equally far ahead.",),
        )

    def _past(self, cell: Cell, ahead: int, every: Tally) -> Tally:
        """The visits whose rate is taken: the most alike of which there are enough."""
        if cell.past.known >= FEW:
            return cell.past
        alike = joined(each.past for (_, other), each in self.cells.items() if other == ahead)
        return alike if alike.known >= FEW else every


def joined(tallies: Iterator[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.join(tally)
    return total


class Utilisation:
    """M18: minutes attended and booked, of the minutes offered; where those are known."""

    feeds_on = frozenset({Field.OFFERED})

    def __init__(self, history: History, begin: datetime | None, end: datetime | None) -> None:
        self.history, self.source = history, history.source
        self.begin, self.end = begin, end
        self.first: datetime | None = None
        self.attended: defaultdict[str, int] = defaultdict(int)
        self.unknown: defaultdict[str, int] = defaultdict(int)
        self.booked: defaultdict[str, int] = defaultdict(int)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            if visit.outcome in PAST and visit.end is not None:
                self._add(visit, visit.end)

    def _add(self, visit: Visit, end: int) -> None:
        staff = visit.leg.staff or ""
        minutes = (end - visit.start) // MINUTE
        self.booked[staff] += minutes
        if visit.outcome is Outcome.COMPLETED:
            self.attended[staff] += minutes
        elif visit.outcome in UNKNOWN:
            self.unknown[staff] += minutes
        if self.first is None or visit.leg.start < self.first:
            self.first = visit.leg.start

    def figures(self) -> Iterator[Figure]:
        missing = lacking(self.source, Field.OFFERED, Field.END, Field.ATTENDED)
        if missing or not isinstance(self.history, OffersHours):
            yield USED.unknowable(missing or [Field.OFFERED])
            return
        begin = self.begin or self.first
        now = self.source.now
        end = min(self.end, now) if self.end else now
        offered = self.history.offered_minutes(begin, end) if begin and begin < end else {}
        if not sum(offered.values()):
            yield USED.nothing("No time was offered.")
            return
        yield self._used(offered)

    def _used(self, offered: Mapping[str, int]) -> Figure:
        every = sum(offered.values())
        attended = sum(self.attended[name] for name in offered)
        booked = sum(self.booked[name] for name in offered)
        unknown = sum(self.unknown[name] for name in offered)
        low, high = share("low", attended, every), share("high", attended + unknown, every)
        values = (
            share("used", attended, every),
            share("booked", booked, every),
            count("offered_minutes", every),
            count("attended_minutes", attended),
            count("booked_minutes", booked),
            low,
            high,
        )
        return USED.answer(
            f"{values[0].text} of the time offered was used, {values[1].text} was booked: "
            f"{self._unused(booked - attended, unknown)}.",
            Grade.BOUNDED if unknown else Grade.MEASURED,
            values,
            table=Table(
                ("staff", "used", "used at most", "booked", "offered hours"),
                tuple(self._row(name, minutes) for name, minutes in offered.items() if minutes),
                "Time used and booked, of what was offered, by staff",
            ),
            chart=Chart(Shape.BARS, "staff", ("used", "booked")),
        )

    def _unused(self, minutes: int, unknown: int) -> str:
        hours = f"{minutes // 60:,} h were kept free and not"
        if not unknown:
            return f"{hours} used"
        return f"{hours} known to be used; of {unknown // 60:,} h of them nobody wrote it down"

    def _row(self, name: str, minutes: int) -> tuple[Value, ...]:
        return (
            text("staff", name),
            share("used", self.attended[name], minutes),
            share("used at most", self.attended[name] + self.unknown[name], minutes),
            share("booked", self.booked[name], minutes),
            count("offered hours", minutes // 60),
        )
