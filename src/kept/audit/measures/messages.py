"""What was said and when, and what should not have left (M03 .. M08, M29)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from kept.audit.figures import Chart, Figure, Grade, Shape, Table, Value
from kept.audit.history import Duty, Field, Outcome, Source
from kept.audit.measures.asking import ANYTHING, Question, lacking
from kept.audit.measures.breaks import (
    AT_ONCE,
    REMINDER,
    duty_is_missed,
    failure_unhandled,
    is_spared,
    void_at,
)
from kept.audit.measures.seen import CONFIRMATIONS, Behind, Seen, Visit
from kept.audit.measures.wording import (
    DAY,
    about,
    capital,
    count,
    many,
    of,
    seconds,
    share,
    text,
    verb,
)
from kept.audit.statistics import Spread

CHAPTER = "What customers were told"

IMMEDIACY = Question(
    "M03", "confirmation_immediacy", CHAPTER, "How soon after booking is a visit confirmed?"
)
FAILURES = Question(
    "M04", "confirmation_failures", CHAPTER, "How many failed confirmations did nobody act on?"
)
SILENT = Question(
    "M05", "unacknowledged", CHAPTER, "A day before, how many have not said that they will come?"
)
REMINDERS = Question("M06", "reminder_integrity", CHAPTER, "Was everything done that was due?")
AFTER_CHANGE = Question(
    "M07", "messages_after_change", CHAPTER, "Did messages leave about visits that had changed?"
)
OUT_OF_PLACE = Question(
    "M08", "messages_out_of_place", CHAPTER, "Did messages leave that nobody should have got?"
)
REACHABLE = Question(
    "M29", "contactability", CHAPTER, "Can everybody be reached who has a visit ahead?"
)

ON_TIME = timedelta(minutes=5)
COLUMNS = ("on time", "late", "not needed", "missed")


class Confirmations:
    """M03 .. M05."""

    feeds_on = ANYTHING

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.took = Spread()
        self.booked = self.at_once = self.never = 0
        self.legs = 0
        self.due = 0
        self.failed, self.late, self.silent = (Behind(source.own) for _ in range(3))

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            self.legs += 1
            leg = visit.leg
            if visit.booked is not None and visit.booked < visit.start:
                self._confirmed(visit, visit.booked)
                if visit.start - visit.booked >= DAY:
                    self._acknowledged(visit)
            if leg.asked and failure_unhandled(visit, self.now) is not None:
                self.failed.add(leg.reference)

    def _confirmed(self, visit: Visit, booked: int) -> None:
        """Of those that stood for a minute and were to be confirmed at all."""
        until = self.now if visit.ended is None else min(self.now, visit.ended)
        at = visit.confirmed
        if until - booked <= AT_ONCE or (at is None and is_spared(visit)):
            return
        self.booked += 1
        if at is None:
            self.never += 1
        else:
            self.took.add(max(0, at - booked))
            if at - booked <= AT_ONCE:
                self.at_once += 1
                return
        self.late.add(visit.leg.reference)

    def _acknowledged(self, visit: Visit) -> None:
        """Of those booked by then, and not given back."""
        limit = visit.start - DAY
        closed = visit.outcome in ENDED_BEFORE and (visit.ended is None or visit.ended <= limit)
        if limit > self.now or closed:
            return
        self.due += 1
        said = visit.leg.acknowledged_at
        if said is None or said.timestamp() > limit:
            self.silent.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        yield self.immediacy()
        yield self.failures()
        yield self.unacknowledged()

    def immediacy(self) -> Figure:
        missing = lacking(self.source, Field.BOOKED_AT)
        if not self.source.knows & {Field.STAGES, Field.MESSAGES}:
            missing.append(Field.MESSAGES)
        if missing:
            return IMMEDIACY.unknowable(missing)
        if not self.booked:
            return IMMEDIACY.nothing("No visit of this time was booked ahead.")
        values = [
            share("within_a_minute", self.at_once, self.booked),
            count("within_a_minute_number", self.at_once),
            count("booked", self.booked),
            count("never", self.never),
        ]
        if self.took.number:
            values.append(seconds("p50", self.took.quantile(0.5)))
            values.append(seconds("p90", self.took.quantile(0.9)))
        never = f"; {self.never:,} never {verb(self.never, 'was')}" if self.never else ""
        return IMMEDIACY.answer(
            f"{of(self.at_once, self.booked, 'booking')} ({values[0].text}) "
            f"{verb(self.at_once, 'was')} confirmed within a minute{never}.",
            Grade.MEASURED,
            values,
            behind=self.late,
        )

    def failures(self) -> Figure:
        if missing := lacking(self.source, Field.ESCALATIONS):
            return FAILURES.unknowable(missing)
        if not self.legs:
            return FAILURES.nothing("There is no booking in this time.")
        number = self.failed.number
        part = share("unhandled_share", number, self.legs)
        words = (
            f"{many(number, 'booking')} of {self.legs:,} ({part.text}) had a confirmation that "
            "failed and was left for more than an hour."
            if number
            else f"None of {many(self.legs, 'booking')}."
        )
        values = (part, count("unhandled", number), count("bookings", self.legs))
        return FAILURES.answer(words, Grade.MEASURED, values, behind=self.failed)

    def unacknowledged(self) -> Figure:
        if missing := lacking(self.source, Field.ACKNOWLEDGED, Field.BOOKED_AT):
            return SILENT.unknowable(missing)
        if not self.due:
            return SILENT.nothing("No visit of this time was booked a day ahead.")
        number = self.silent.number
        part = share("unacknowledged_share", number, self.due)
        return SILENT.answer(
            f"{capital(about(number, self.due))}: {of(number, self.due)} had not said yes a day "
            f"before ({part.text}).",
            Grade.MEASURED,
            (part, count("unacknowledged", number), count("visits", self.due)),
            notes=("Silence is no refusal: most of the silent come all the same.",),
            behind=self.silent,
        )


ENDED_BEFORE = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS, Outcome.RESCHEDULED})


class Duties:
    """M06: every control by what became of it."""

    feeds_on = frozenset({Field.CONTROLS})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.now = int(source.now.timestamp())
        self.found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            missed = False
            for duty in visit.leg.duties:
                if became := self._became(duty):
                    self.found[duty.name][became] += 1
                    missed = missed or became == "missed"
            if missed:
                self.behind.add(visit.leg.reference)

    def _became(self, duty: Duty) -> str:
        """One of COLUMNS; "" while it is not due, or there was nothing left to do it for."""
        if duty.status == "done":
            if duty.done_at is None or duty.done_at == duty.due_at:
                return "on time"
            return "on time" if duty.done_at - duty.due_at <= ON_TIME else "late"
        if duty.status == "void":
            return ""
        if duty_is_missed(duty, self.now):
            return "missed"
        return "not needed" if duty.status == "skipped" else ""

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.CONTROLS):
            yield REMINDERS.unknowable(missing)
            return
        total: Counter[str] = Counter()
        for found in self.found.values():
            total.update(found)
        every = total.total()
        if not every:
            yield REMINDERS.nothing("Nothing was due in this time.")
            return
        part = share("missed_share", total["missed"], every)
        values = [part, *(count(name.replace(" ", "_"), total[name]) for name in COLUMNS)]
        missed = total["missed"]
        words = (
            f"{of(missed, every, 'duty')} ({part.text}) {verb(missed, 'was')} missed without a "
            "reason"
            if missed
            else f"Yes: none of {many(every, 'duty')} was missed without a reason"
        )
        late = f"; {total['late']:,} {verb(total['late'], 'was')} late" if total["late"] else ""
        yield REMINDERS.answer(
            f"{words}{late}.",
            Grade.MEASURED,
            values,
            table=self._table(),
            chart=Chart(Shape.STACK, "duty", COLUMNS),
            notes=("Late: more than 5 minutes after it was due.",),
            behind=self.behind,
        )

    def _table(self) -> Table:
        rows = tuple(
            (
                text("duty", name.replace("_", " ")),
                *(count(column, found[column]) for column in COLUMNS),
            )
            for name, found in sorted(self.found.items())
        )
        return Table(("duty", *COLUMNS), rows, "Duties by what became of them")


class Misplaced:
    """M07 and M08: what should be none."""

    feeds_on = frozenset({Field.MESSAGES, Field.REMINDED})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.sent = 0
        self.after_change = self.after_start = self.refused = self.quiet = 0
        self.changed, self.others = Behind(source.own), Behind(source.own)

    def look(self, seen: Seen) -> None:
        for visit in seen.visits:
            before = self.after_start + self.refused + self.quiet
            for sent in visit.leg.messages:
                if sent.handed_over_at is None:
                    continue
                self.sent += 1
                void = void_at(visit, sent)
                if void is not None and sent.handed_over_at > void:
                    self.after_change += 1
                    self.changed.add(visit.leg.reference)
                before_only = sent.control in CONFIRMATIONS or REMINDER in sent.control
                self.after_start += before_only and sent.handed_over_at > visit.leg.start
                self.refused += sent.refused
                self.quiet += sent.quiet
            if self.after_start + self.refused + self.quiet > before:
                self.others.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        missing = lacking(self.source, Field.MESSAGES)
        if missing and Field.REMINDED not in self.source.knows:
            yield AFTER_CHANGE.unknowable(missing)
        else:
            yield self._after_change(missing)
        yield OUT_OF_PLACE.unknowable(missing) if missing else self._others()

    def _after_change(self, missing: Sequence[Field]) -> Figure:
        """`missing`: only the reminders are known, and there may have been more."""
        number = self.after_change
        words = (
            f"{many(number, 'message')} of {self.sent:,} left after the visit had changed."
            if number
            else f"No: none of {many(self.sent, 'message')}."
        )
        values = (count("messages_after_change", number), count("messages", self.sent))
        grade = Grade.BOUNDED if missing else Grade.MEASURED
        notes = ("Only reminders are known here: there may have been more.",) if missing else ()
        return AFTER_CHANGE.answer(
            words, grade, values, behind=self.changed, missing=missing, notes=notes
        )

    def _others(self) -> Figure:
        values = (
            count("after_start", self.after_start),
            count("to_those_who_refused", self.refused),
            count("in_quiet_hours", self.quiet),
        )
        number = self.after_start + self.refused + self.quiet
        words = (
            f"{self.after_start:,} after the visit had begun, {self.refused:,} to people who had "
            f"refused them, {self.quiet:,} in quiet hours."
            if number
            else f"No: none of {many(self.sent, 'message')}."
        )
        return OUT_OF_PLACE.answer(words, Grade.MEASURED, values, behind=self.others)


class Reach:
    """M29."""

    feeds_on = frozenset({Field.CONTACTABLE})

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ahead = 0
        self.unreachable = Behind(source.own)

    def look(self, seen: Seen) -> None:
        visit = seen.last
        if visit.outcome is Outcome.AHEAD:
            self.ahead += 1
            if not visit.leg.contactable:
                self.unreachable.add(visit.leg.reference)

    def figures(self) -> Iterator[Figure]:
        if missing := lacking(self.source, Field.CONTACTABLE):
            yield REACHABLE.unknowable(missing)
            return
        if not self.ahead:
            yield REACHABLE.nothing("No visit lies ahead.")
            return
        number = self.unreachable.number
        part = share("contactable_share", self.ahead - number, self.ahead)
        words = (
            f"No: {of(number, self.ahead)} cannot be reached in any way they agreed to."
            if number
            else f"Yes: {'the only one' if self.ahead == 1 else f'all {self.ahead:,}'}."
        )
        values: tuple[Value, ...] = (part, count("unreachable", number), count("ahead", self.ahead))
        yield REACHABLE.answer(words, Grade.MEASURED, values, behind=self.unreachable)
