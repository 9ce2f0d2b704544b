"""What was given back: how often too late, and how long before (M14, M15)."""

from __future__ import annotations

from collections.abc import Iterator

from kept.audit.figures import Figure, Grade
from kept.audit.history import Field, Outcome, Source
from kept.audit.measures.asking import ANYTHING, Question, lacking
from kept.audit.measures.seen import WALK_IN, Behind, Seen, Visit
from kept.audit.measures.wording import capital, count, many, seconds, share, verb
from kept.audit.statistics import Spread

CHAPTER = "What was given back"

LATE = Question(
    "M14", "late_cancellations", CHAPTER, "How many customers cancelled too late to use the time?"
)
NOTICE = Question("M15", "notice_given", CHAPTER, "How long before the visit do customers cancel?")
NEEDED = (Field.CANCELLED, Field.CANCELLED_AT)


class Cancellations:
    """Of what customers cancelled; what the business cancelled is no notice of theirs."""

    feeds_on = ANYTHING

    def __init__(self, source: Source) -> None:
        self.source = source
        self.known = self.unknown = 0  # visits that were due
        self.cancelled = self.late = self.undated = 0
        self.notice = Spread()
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            outcome = visit.outcome
            if outcome is Outcome.CANCELLED:
                self._cancelled(visit)
            elif visit.leg.channel == WALK_IN:
                continue
            elif outcome is Outcome.COMPLETED or outcome is Outcome.MISSED:
                self.known += 1
            elif outcome is Outcome.UNKNOWN or outcome is Outcome.ASSUMED:
                self.unknown += 1

    def _cancelled(self, visit: Visit) -> None:
        self.cancelled += 1
        if visit.ended is None:
            self.undated += 1
            return
        self.notice.add(max(0, visit.start - visit.ended))
        if visit.late:
            self.late += 1
            self.behind.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        yield self.late_share()
        yield self.notice_given()

    @property
    def notes(self) -> tuple[str, ...]:
        if Field.CANCELLED_BY in self.source.knows:
            return ()
        return ("Who cancelled is not known: what the business cancelled counts here as well.",)

    def late_share(self) -> Figure:
        """Of all whose time came or was given back. Bounds: every undated cancellation was in time
        and every unknown visit was due, against every undated one late and no unknown one due."""
        if missing := lacking(self.source, *NEEDED):
            return LATE.unknowable(missing)
        if not self.cancelled:
            return LATE.nothing("Nobody cancelled in this time, as far as can be seen.")
        due = self.known + self.cancelled
        low = share("low", self.late, due + self.unknown)
        high = share("high", self.late + self.undated, due)
        sure = not self.unknown and not self.undated
        values = [count("late", self.late), count("cancelled", self.cancelled), low, high]
        if Field.ATTENDED in self.source.knows:
            values.insert(0, share("late_share", self.late, due))
        of_them = f"{many(self.late, 'cancellation')} of {self.cancelled:,}"
        words = (
            f"{capital(of_them)} came too late, which is {low.text} of all visits booked."
            if low.text == high.text
            else f"{capital(of_them)} {verb(self.late, 'is')} known to have come too late, which "
            f"is between {low.text} and {high.text} of all visits booked."
        )
        return LATE.answer(
            words,
            Grade.MEASURED if sure else Grade.BOUNDED,
            values,
            notes=(*self.notes, "Too late: less notice than was agreed at booking, else 24 h."),
            behind=self.behind,
        )

    def notice_given(self) -> Figure:
        if missing := lacking(self.source, *NEEDED):
            return NOTICE.unknowable(missing)
        if not self.notice.number:
            return NOTICE.nothing("Nobody cancelled in this time, as far as can be seen.")
        middle, short = self.notice.quantile(0.5), self.notice.quantile(0.1)
        values = (
            seconds("notice_p50", middle),
            seconds("notice_p10", short),
            count("cancelled", self.notice.number),
        )
        words = (
            f"Half of them {values[0].text} or less before; "
            f"1 in 10 {values[1].text} or less ({many(self.notice.number, 'cancellation')})."
        )
        notes = list(self.notes)
        if self.undated:
            notes.append(f"Of {self.undated:,} more nobody knows when: they are not counted here.")
        return NOTICE.answer(words, Grade.MEASURED, values, notes=notes)
