"""The nine ways in which coordination breaks, and the share of appointments without any (M30).

Each break has one rule (`broke_...`): from one leg to the moment at which it broke, or None. What a
rule needs to be asked at all stands beside it in BREAKS.

An appointment counts once under each break it had, whichever of its legs broke. Its money is
counted once: with the first of its breaks. *Lost* is the list price of a visit that was missed or
cancelled too late for its time to be filled again, after it broke; *at risk* that of a visit still
ahead or without a known outcome, and of one missed or cancelled whose break came only afterwards:
nobody tried to win it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kept.audit.figures import Break, Chart, Figure, Grade, Shape, Table
from kept.audit.history import Asked, Duty, Field, Handed, Outcome, Sent, Source
from kept.audit.measures.asking import ANYTHING, Question, not_said
from kept.audit.measures.crossing import NOT, PERHAPS, Crossing
from kept.audit.measures.seen import (
    CANCELLATIONS,
    CONFIRMATIONS,
    NOT_FREED,
    RESOLVED,
    SETTLED,
    Behind,
    Seen,
    Sum,
    Visit,
)
from kept.audit.measures.wording import (
    DAY,
    HOUR,
    count,
    many,
    missing_words,
    price,
    share,
    text,
    verb,
)

CHAPTER = "Where it breaks"

GOVERNED = Question(
    "M30", "governed_share", CHAPTER, "How many appointments were carried through without a break?"
)
FIRST = Question("M30", "first_break_stage", CHAPTER, "At which stage does it break first?")

CONFIRMATION, PREPARATION, CHANGE = "confirmation", "preparation", "change"
ATTENDANCE, NEXT = "attendance", "what comes next"
ANY_STAGE = "any stage"  # where the question of B7 belongs
STAGES = (CONFIRMATION, PREPARATION, CHANGE, ATTENDANCE, NEXT)

AT_ONCE = 60  # seconds from booking to confirmation
REMINDER = "reminder"  # in the name of what may not leave once a leg has closed

# What one of the other breaks says more exactly is not counted as a question past its time, too.
SAID_ELSEWHERE = frozenset(
    {"CONFIRMATION_FAILED", "OUTCOME_DUE", "UNRESOLVED", "HANDOFF_NOT_ACCEPTED"}
)
STAGE_OF = {
    "CONTACT_GAP": CONFIRMATION,
    "NOT_WRITTEN": CONFIRMATION,
    "MESSAGE_INCOMPLETE": CONFIRMATION,
    "TOLD_DIFFERS": CHANGE,
    "NEVER_TOLD": CHANGE,
    "CONFLICTING_REPLIES": CHANGE,
    "AMBIGUOUS_REPLY": CHANGE,
    "POSSIBLE_CANCEL": CHANGE,
}

Rule = Callable[[Visit, int], int | None]
"""From a leg and the present moment to the moment it broke."""


def not_confirmed(visit: Visit, now: int) -> int | None:
    """B1. No confirmation within a minute of booking. What the path skipped with a reason (a
    walk-in, a time entered afterwards) needed none; what closed within the minute neither."""
    if visit.booked is None or visit.booked >= visit.start:
        return None
    limit = visit.booked + AT_ONCE
    until = now if visit.ended is None else min(now, visit.ended)
    confirmed = visit.confirmed
    if until <= limit or (confirmed is not None and confirmed <= limit):
        return None
    return None if confirmed is None and is_spared(visit) else limit


def is_spared(visit: Visit) -> bool:
    """Whether the path gave a reason why nothing was to be confirmed."""
    return any(
        duty.name in CONFIRMATIONS and duty.status == "skipped" and duty.justified
        for duty in visit.leg.duties
    )


def failure_unhandled(visit: Visit, now: int) -> int | None:
    """B2. A confirmation that failed, and for an hour nobody did anything about it."""
    first: int | None = None
    for asked in visit.leg.asked:
        if asked.kind == "CONFIRMATION_FAILED":
            limit = int(asked.raised_at.timestamp()) + HOUR
            if _open_until(asked, now) > limit and (first is None or limit < first):
                first = limit
    return first


def duty_missed(visit: Visit, now: int) -> int | None:
    """B3. A reminder or another duty that was not done, and no reason why it need not be. The
    confirmation is not among them: it has breaks of its own."""
    first: int | None = None
    for duty in visit.leg.duties:
        status = duty.status
        if status == "done" or status == "void" or duty.name in CONFIRMATIONS:
            continue
        if duty_is_missed(duty, now):
            due = int(duty.due_at.timestamp())
            first = due if first is None else min(first, due)
    return first


def duty_is_missed(duty: Duty, now: int) -> bool:
    """Failed, expired, skipped without a reason, or an hour after its time still only planned."""
    status = duty.status
    if status == "planned":
        return int(duty.due_at.timestamp()) + HOUR < now
    if status == "skipped":
        return not duty.justified
    return status == "failed" or status == "expired"


def sent_after_change(visit: Visit, now: int) -> int | None:
    """B4. A message left after it was no longer to leave."""
    first: datetime | None = None
    for sent in visit.leg.messages:
        at = sent.handed_over_at
        if at is None:
            continue
        void = void_at(visit, sent)
        if void is not None and at > void and (first is None or at < first):
            first = at
    return None if first is None else int(first.timestamp())


def void_at(visit: Visit, sent: Sent) -> datetime | None:
    """From when on it was not to leave: as its source says; a reminder of a leg that closed before
    its time, from then on."""
    if sent.void_at is not None:
        return sent.void_at
    closed = visit.outcome in CLOSED_BEFORE and REMINDER in sent.control
    return visit.leg.outcome_at if closed else None


CLOSED_BEFORE = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS, Outcome.RESCHEDULED})


def resource_lost(visit: Visit, now: int) -> int | None:
    """B5. Staff or place was gone, and a day before the visit still nobody had seen to it."""
    limit = visit.start - DAY
    gone = visit.outcome in CLOSED_BEFORE and visit.ended is not None and visit.ended <= limit
    if limit > now or gone:
        return None
    for asked in visit.leg.asked:
        if asked.kind == "RESOURCE_LOST" and _open_at(asked, limit, now):
            return limit
    return None


def outcome_missing(visit: Visit, now: int) -> int | None:
    """B6. A day after its end nobody had said what became of the visit."""
    limit = visit.over + DAY
    if limit >= now:
        return None
    if visit.outcome is Outcome.UNKNOWN:
        return limit
    late = visit.outcome in SETTLED and visit.ended is not None and visit.ended > limit
    return limit if late else None


def question_overdue(visit: Visit, now: int) -> int | None:
    """B7. Something was put before a person, and its time went by without an answer."""
    found = overdue(visit, now)
    return found[0] if found else None


def overdue(visit: Visit, now: int) -> tuple[int, str] | None:
    """The first question past its time, and the stage it belongs to."""
    first: tuple[int, str] | None = None
    for asked in visit.leg.asked:
        if asked.kind in SAID_ELSEWHERE:
            continue
        due = int(asked.due_at.timestamp())
        if _open_until(asked, now) <= due or (first and first[0] <= due):
            continue
        if asked.kind == "RESOURCE_LOST" and resource_lost(visit, now) is not None:
            continue
        first = due, STAGE_OF.get(asked.kind, PREPARATION)
    return first


def not_handed_on(visit: Visit, now: int) -> int | None:
    """B8. It is resolved, and a day later nothing follows, though the policy names what should."""
    if visit.outcome not in RESOLVED or visit.leg.handed or not visit.leg.hand_off_due:
        return None
    if not visit.last:
        return None
    limit = (visit.over if visit.ended is None else visit.ended) + DAY
    return limit if limit < now else None


def not_taken_over(visit: Visit, now: int) -> int | None:
    """B9. It was handed on, and nobody took it over in time."""
    first: int | None = None
    for handed in visit.leg.handed:
        late = hand_off_late(handed, now)
        if late is not None and (first is None or late < first):
            first = late
    return first


def hand_off_late(handed: Handed, now: int) -> int | None:
    """By when it was to be taken over, if it was not. One that was refused in time has its answer;
    one that was withdrawn needs none."""
    if handed.accept_by is None or handed.status == "withdrawn":
        return None
    if handed.status in ("accepted", "rejected"):
        if handed.answered_at is None or handed.answered_at <= handed.accept_by:
            return None
        return int(handed.accept_by.timestamp())
    by = int(handed.accept_by.timestamp())
    return by if handed.status == "expired" or by < now else None


def _open_until(asked: Asked, now: int) -> int:
    return now if asked.resolved_at is None else int(asked.resolved_at.timestamp())


def _open_at(asked: Asked, moment: int, now: int) -> bool:
    return int(asked.raised_at.timestamp()) <= moment < _open_until(asked, now)


@dataclass(frozen=True, slots=True)
class Kind:
    """One break as its reader meets it. `needs`: any of the fields of each group. `whole`: without
    this field only a part of it is seen."""

    number: str
    name: str
    stage: str
    rule: Rule
    needs: tuple[tuple[Field, ...], ...]
    words: str  # after "2 appointments "
    advice: str
    policy: str
    whole: Field | None = None


# fmt: off
BREAKS = (
    Kind("B1", "no_confirmation", CONFIRMATION, not_confirmed,
         ((Field.BOOKED_AT,), (Field.STAGES, Field.MESSAGES)),
         "had no confirmation within a minute of booking",
         "Let the confirmation leave with the booking itself: Kept posts it in the same step and "
         "shows the visit as unconfirmed until it was handed over. There is no switch to set.",
         ""),
    Kind("B2", "failed_confirmation", CONFIRMATION, failure_unhandled,
         ((Field.ESCALATIONS,),),
         "had a confirmation that failed, and nobody acted on it for an hour",
         "Name who sees to a confirmation that failed, and look at the list of the day each "
         "morning and noon: Kept puts it there at once, with the number to call.",
         ""),
    Kind("B3", "missing_control", PREPARATION, duty_missed,
         ((Field.CONTROLS,),),
         "missed a reminder or another duty without a reason",
         "Leave the reminders switched on, and let each be of use long enough to be sent after a "
         "short standstill.",
         "first_reminder_until"),
    Kind("B4", "message_after_change", CHANGE, sent_after_change,
         ((Field.MESSAGES, Field.REMINDED),),
         "got a message about a visit that had been cancelled or moved",
         "Let cancelling and moving void what is still to be sent: Kept does both in one step and "
         "asks again just before sending. There is no switch to set.",
         "", whole=Field.MESSAGES),
    Kind("B5", "resource_lost", PREPARATION, resource_lost,
         ((Field.ESCALATIONS,),),
         "had lost their member of staff or place, and a day before nobody had seen to it",
         "Enter absences as closures as soon as they are known: Kept lists the visits they touch, "
         "and keeps asking until each is moved, given to somebody else or cancelled.",
         ""),
    Kind("B6", "no_outcome", ATTENDANCE, outcome_missing,
         ((Field.OUTCOME,), (Field.ATTENDED,), (Field.MISSED,)),
         "had no outcome a day after their end",
         "Let Kept ask for the outcome soon after the end, and close the day with none open.",
         "outcome_grace"),
    Kind("B7", "question_overdue", ANY_STAGE, question_overdue,
         ((Field.ESCALATIONS,),),
         "had a question for a person that was not answered in time",
         "Name who answers which question; where too many are asked for a “yes” that never comes, "
         "ask for it only where it matters.",
         "ask_acknowledgement"),
    Kind("B8", "no_hand_off", NEXT, not_handed_on,
         ((Field.HAND_OFFS,), (Field.OUTCOME,)),
         "ended, and nothing followed",
         "Say for every outcome what follows it.",
         "hand_offs"),
    Kind("B9", "hand_off_not_accepted", NEXT, not_taken_over,
         ((Field.HAND_OFFS,),),
         "were handed on, and nobody took them over in time",
         "Let Kept walk the paths that follow itself, or give the receiving system a time it can "
         "keep.",
         "accept_within"),
)
# fmt: on


@dataclass(slots=True)
class Loss:
    """A late cancellation whose time may still prove to have been filled again."""

    kind: int
    slot: int
    price: Decimal | None


class Counted:
    """What one kind of break came to."""

    __slots__ = ("at_risk", "behind", "first", "lost")

    def __init__(self, own: bool) -> None:
        self.behind = Behind(own)
        self.first = 0
        self.lost, self.at_risk = Sum(), Sum()


class Breaks:
    """B1 .. B9 and M30. A break of which the source knows nothing is not looked for."""

    feeds_on = ANYTHING

    def __init__(self, source: Source, crossing: Crossing) -> None:
        self.source = source
        self.crossing = crossing
        self.now = int(source.now.timestamp())
        self.missing = {kind.number: _missing(kind, source) for kind in BREAKS}
        self.kinds = [kind for kind in BREAKS if not self.missing[kind.number]]
        self.rules = [(place, kind.rule) for place, kind in enumerate(self.kinds)]
        self.counted = [Counted(source.own) for _ in self.kinds]
        self.losses: list[Loss] = []
        self.roots = self.broken = 0
        self.stages: Counter[str] = Counter()
        self.priced = 0
        self.behind = Behind(source.own)

    def look(self, seen: Seen) -> None:
        self.roots += 1
        first: tuple[int, int] | None = None
        where = seen.visits[0]
        for place, rule in self.rules:
            found: int | None = None
            for visit in seen.visits:
                at = rule(visit, self.now)
                if at is not None and (found is None or at < found):
                    found = at
                    if first is None or at < first[0]:
                        first, where = (at, place), visit
            if found is not None:
                self.counted[place].behind.add(seen.last.leg.reference)
        if first is not None:
            self._first(seen, *first, where)

    def _first(self, seen: Seen, at: int, place: int, where: Visit) -> None:
        self.broken += 1
        self.behind.add(seen.last.leg.reference)
        self.counted[place].first += 1
        kind = self.kinds[place]
        late = overdue(where, self.now) if kind.number == "B7" else None
        self.stages[late[1] if late else kind.stage] += 1
        self._price(self.counted[place], place, seen.last, at)

    def _price(self, counted: Counted, place: int, visit: Visit, broke_at: int) -> None:
        """What hangs on an appointment whose first break was this one."""
        outcome, price = visit.outcome, visit.leg.price
        if outcome in UNDECIDED:
            counted.at_risk.add(price)
        elif outcome in MISSES:
            (counted.lost if broke_at <= visit.start else counted.at_risk).add(price)
        elif outcome in CANCELLATIONS:
            if visit.ended is not None and broke_at > visit.ended:
                counted.at_risk.add(price)
            elif visit.late:
                slot = visit.slot if outcome is Outcome.CANCELLED else NOT_FREED
                self.losses.append(Loss(place, slot, price))

    def finish(self) -> None:
        """Once the refilled times are known: what was not filled again is lost; where nobody knows
        whether it was, it is at risk."""
        for loss in self.losses:
            refill = self.crossing.refill(loss.slot)
            counted = self.counted[loss.kind]
            if refill == NOT:
                counted.lost.add(loss.price)
            elif refill == PERHAPS:
                counted.at_risk.add(loss.price)

    def breaks(self) -> tuple[Break, ...]:
        places = {kind.number: place for place, kind in enumerate(self.kinds)}
        return tuple(
            self._found(kind, self.counted[places[kind.number]])
            if kind.number in places
            else self._unseen(kind)
            for kind in BREAKS
        )

    def _found(self, kind: Kind, counted: Counted) -> Break:
        money = Field.PRICE in self.source.knows
        number = counted.behind.number
        return Break(
            number=kind.number,
            name=kind.name,
            stage=kind.stage,
            grade=Grade.BOUNDED if self._in_part(kind) else Grade.MEASURED,
            appointments=number,
            first=counted.first,
            lost=counted.lost.amount if money else None,
            at_risk=counted.at_risk.amount if money else None,
            sentence=self._sentence(kind, counted) if number else self._none(kind),
            advice=kind.advice if number else "",
            policy=kind.policy if number else "",
            behind=counted.behind.first,
            behind_of=counted.behind.of,
        )

    def _none(self, kind: Kind) -> str:
        if self._in_part(kind):
            return "Of what is written down here, it did not happen."
        return "It did not happen."

    def _in_part(self, kind: Kind) -> bool:
        return kind.whole is not None and kind.whole not in self.source.knows

    def _sentence(self, kind: Kind, counted: Counted) -> str:
        number = counted.behind.number
        words = kind.words
        if number == 1:
            words = words.replace("were handed", "was handed").replace("took them", "took it")
            words = words.replace("their ", "its ")
        said = f"{many(number, 'appointment')} {words}."
        if Field.PRICE not in self.source.knows:
            return said
        sums = [
            f"{price(total.amount, self.source.currency)} {what}"
            for total, what in ((counted.lost, "lost"), (counted.at_risk, "at risk"))
            if total.amount
        ]
        return f"{said} By list price, not margin: {' and '.join(sums)}." if sums else said

    def _unseen(self, kind: Kind) -> Break:
        missing = self.missing[kind.number]
        return Break(
            number=kind.number,
            name=kind.name,
            stage=kind.stage,
            grade=Grade.UNKNOWABLE,
            appointments=0,
            first=0,
            lost=None,
            at_risk=None,
            sentence=not_said(missing),
            advice="",
            missing=missing_words(missing),
        )

    # M30

    def governed(self) -> Figure:
        """The headline. Breaks that cannot be seen could only lower it."""
        unseen = list(dict.fromkeys(f for each in self.missing.values() for f in each))
        if not self.kinds:
            return GOVERNED.answer(
                f"None of the {len(BREAKS)} kinds of break can be seen here. {not_said(unseen)}",
                Grade.UNKNOWABLE,
                missing=unseen,
            )
        if not self.roots:
            return GOVERNED.nothing("There is no appointment in this time.")
        whole = self.roots - self.broken
        part = share("governed_share", whole, self.roots)
        words = (
            f"{whole:,} of {many(self.roots, 'appointment')} ({part.text}) "
            f"{verb(whole, 'was')} carried through without a break"
        )
        if unseen:
            names = len(BREAKS) - len(self.kinds)
            words = f"At most {words}: {names} of {len(BREAKS)} kinds of break cannot be seen here"
        values = (part, count("governed", whole), count("appointments", self.roots))
        if unseen:
            values = (share("at_most", whole, self.roots), *values[1:])
        return GOVERNED.answer(
            f"{words}.",
            Grade.BOUNDED if unseen else Grade.MEASURED,
            values,
            missing=unseen,
            behind=self.behind,
        )

    def figures(self) -> Iterator[Figure]:
        """Where it breaks first."""
        unseen = list(dict.fromkeys(f for each in self.missing.values() for f in each))
        if not self.kinds:
            yield FIRST.unknowable(unseen)
            return
        if not self.broken:
            yield FIRST.nothing("Nowhere: no appointment broke.")
            return
        seen = self._seen_stages()
        worst = max(seen, key=lambda stage: self.stages[stage])
        rows = tuple(
            (
                text("stage", stage),
                count("appointments", self.stages[stage]),
                share("of all that broke", self.stages[stage], self.broken),
            )
            for stage in seen
        )
        yield FIRST.answer(
            f"Most often at the stage “{worst}”: {self.stages[worst]:,} of the "
            f"{many(self.broken, 'appointment')} that broke.",
            Grade.BOUNDED if unseen else Grade.MEASURED,
            [count(stage, self.stages[stage]) for stage in seen],
            table=Table(
                ("stage", "appointments", "of all that broke"), rows, "First break, by stage"
            ),
            chart=Chart(Shape.BARS, "stage", ("appointments",)),
            missing=unseen,
        )

    def _seen_stages(self) -> list[str]:
        """Where a break could have been found: of the others a zero would claim too much."""
        possible = {kind.stage for kind in self.kinds}
        if ANY_STAGE in possible:
            possible |= {PREPARATION, *STAGE_OF.values()}
        return [stage for stage in STAGES if stage in possible]


UNDECIDED = frozenset({Outcome.AHEAD, Outcome.UNKNOWN, Outcome.ASSUMED})
MISSES = frozenset({Outcome.MISSED, Outcome.MISSED_BY_BUSINESS})


def _missing(kind: Kind, source: Source) -> list[Field]:
    """The first field of each group of which the source has none."""
    return [group[0] for group in kind.needs if not source.knows.intersection(group)]
