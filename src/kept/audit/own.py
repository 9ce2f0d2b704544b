"""The installation's own rows of one business as a history.

Read a few hundred appointments at a time with one statement for each kind of row, so that memory
stays flat and the number of statements grows with the pages and not with the appointments. Nothing
is locked: what happens while it is read may be in it or not, and the next reading shows it.

There is no test booking in Kept (a time-lapse clock is refused on real data), so that every row of
the business counts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from kept.accounts.queries import Business
from kept.appointments import bulk as appointments
from kept.appointments.bulk import LegRow
from kept.audit.history import (
    Act,
    Appointment,
    Asked,
    Duty,
    Enquiry,
    Field,
    Handed,
    Leg,
    Outcome,
    Sent,
    Source,
    Stage,
)
from kept.audit.quality import Quality
from kept.cases import bulk as cases
from kept.cases.bulk import Due, Happened, Offered, Put
from kept.cases.rows import policy_of
from kept.core.case import Role, Status
from kept.core.certainty import following_events
from kept.core.path import Lapse, Tell, To
from kept.core.paths.appointment import APPOINTMENT, CANCELLED, UNRESOLVED
from kept.core.plan import UNREACHABLE
from kept.core.wishes import REFUSED
from kept.outbox import bulk as outbox
from kept.outbox.bulk import Letter

AT_A_TIME = 500
KNOWS = frozenset(Field) - {Field.OFFERED, Field.INVITATIONS, Field.REVIEWS}
KEY = secrets.token_bytes(32)  # lives as long as the process: pseudonyms of two runs do not match


def history(
    business: Business, now: datetime, begin: datetime | None = None, end: datetime | None = None
) -> Own:
    """The appointments of a business with a booked time that starts in [begin, end), each with all
    its legs, by start; and the enquiries that came in then."""
    return Own(business, now, begin, end)


def pseudonym(person: UUID) -> int:
    """A number that stands for a person, the same until the process ends."""
    return int.from_bytes(hashlib.blake2b(person.bytes, digest_size=7, key=KEY).digest())


class Own:
    """See `history`. One pass; `quality` is complete when it has ended."""

    def __init__(
        self, business: Business, now: datetime, begin: datetime | None, end: datetime | None
    ) -> None:
        self.business, self.now, self.begin, self.end = business, now, begin, end
        self.quality = Quality()
        self.source = Source(
            name=business.name,
            kind="own",
            zone=ZoneInfo(business.time_zone),
            now=now,
            knows=KNOWS,
            currency=business.currency,
            own=True,
        )

    def appointments(self) -> Iterator[Appointment]:
        for _, legs in self._read():
            person = pseudonym(legs[0].row.customer)
            yield Appointment(tuple(map(self._leg, legs)), person)

    def _read(self) -> Iterator[tuple[UUID, list[Rows]]]:
        """Each appointment once: with the page on which its first leg of this time stands."""
        for page in appointments.places(self.business.id, self.begin, self.end, AT_A_TIME):
            rows = appointments.legs(self.business.id, {each for _, each in page})
            legs = grouped(rows, lambda row: row.appointment)
            first = {
                key: min((leg.start, leg.case) for leg in found if self._within(leg))
                for key, found in legs.items()
            }
            here = {key: legs[key] for place, key in page if first[key] == place}
            yield from self._with_all(here).items()

    def _within(self, leg: LegRow) -> bool:
        after = self.begin is None or leg.start >= self.begin
        return after and (self.end is None or leg.start < self.end)

    def _with_all(self, found: Mapping[UUID, list[LegRow]]) -> dict[UUID, list[Rows]]:
        """With everything that hangs on their cases: one statement for each kind of it."""
        ids = [leg.case for legs in found.values() for leg in legs]
        letters = outbox.letters(ids)
        lost = outbox.lost_at(letters)
        events = grouped(cases.events(ids), of_case)
        duties = grouped(cases.duties(ids), of_case)
        put = grouped(cases.put_before_people(ids), of_case)
        offered = grouped(cases.handed_on(ids), of_case)
        sent = grouped(letters, of_case)
        return {
            key: [
                Rows(
                    leg,
                    events.get(leg.case, []),
                    duties.get(leg.case, []),
                    put.get(leg.case, []),
                    offered.get(leg.case, []),
                    sent.get(leg.case, []),
                    lost,
                )
                for leg in legs
            ]
            for key, legs in found.items()
        }

    def _leg(self, rows: Rows) -> Leg:
        row, life = rows.row, Life(rows)
        self.quality.read += 1
        self.quality.used += 1
        return Leg(
            reference=row.reference,
            start=row.start,
            end=row.end,
            booked_at=row.booked_at,
            outcome=outcome(row, self.now),
            outcome_at=life.outcome_at,
            service=row.service,
            staff=row.staff,
            channel=row.origin,
            price=self._price(row),
            acknowledged_at=life.acknowledged_at,
            contactable=is_contactable(row),
            late_window=late_window(row),
            entered=life.entered,
            duties=tuple(duties(rows)),
            messages=tuple(sent(rows, life)),
            asked=tuple(asked(rows, life)),
            handed=tuple(map(handed, rows.offered)),
            acts=tuple(acts(rows)),
        )

    def _price(self, row: LegRow) -> Decimal | None:
        """The list price as booked; one in a former currency of the business is none."""
        if row.price is None:
            return None
        if row.currency not in {None, self.business.currency}:
            self.quality.note(f"the price is in {row.currency}", row.reference)
            return None
        return Decimal(row.price)

    def enquiries(self) -> Iterator[Enquiry]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Rows:
    """One leg and everything that hangs on its case. `lost`: of messages, since when."""

    row: LegRow
    events: list[Happened]
    duties: list[Due]
    put: list[Put]
    offered: list[Offered]
    letters: list[Letter]
    lost: Mapping[UUID, datetime]


class OfCase(Protocol):
    """A row that hangs on a case."""

    @property
    def case(self) -> UUID: ...


def of_case(row: OfCase) -> UUID:
    return row.case


Row = TypeVar("Row")


def grouped(rows: Iterable[Row], key: Callable[[Row], UUID]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


# What became of it

OUTCOMES = {
    ("completed", None): Outcome.COMPLETED,
    ("missed", "customer"): Outcome.MISSED,
    ("missed", "business"): Outcome.MISSED_BY_BUSINESS,
    ("cancelled", "customer"): Outcome.CANCELLED,
    ("cancelled", "business"): Outcome.CANCELLED_BY_BUSINESS,
    ("rescheduled", None): Outcome.RESCHEDULED,
}


def outcome(row: LegRow, now: datetime) -> Outcome:
    """What became of a leg. Who was seen to arrive and not said to be finished has no outcome yet,
    as on the desk's own list."""
    if row.state in UNRESOLVED:
        return Outcome.AHEAD if row.end > now else Outcome.UNKNOWN
    if row.source == "assumed":
        return Outcome.ASSUMED
    blamed = row.by if row.state in {"missed", "cancelled"} else None
    return OUTCOMES[row.state, blamed]


STATE_AFTER = {rule.event: rule.to for rule in APPOINTMENT.rules if isinstance(rule.to, str)}
NAMED = frozenset(rule.event for rule in APPOINTMENT.rules if rule.to is To.NAMED)
STAGES = {stage.value: stage for stage in Stage}
ENDED = frozenset(state.name for state in APPOINTMENT.states if not state.waits)
FOLLOWS = following_events(APPOINTMENT)


def state_after(event: Happened) -> str:
    """The state an event leads to; "" when it changes none."""
    return (event.to or "") if event.name in NAMED else STATE_AFTER.get(event.name, "")


class Life:
    """What the events of one leg say, read once from the first to the last.

    `entered`: when each stage was reached that was not taken back later. `outcome_at`: since when
    there has been an outcome without a break (of a cancellation: when it was cancelled).
    `changes`: the states and since when. `raised_by`: of what was put before a person, what
    brought it about.
    """

    def __init__(self, rows: Rows) -> None:
        self.entered: dict[Stage, datetime] = {}
        self.outcome_at: datetime | None = None
        self.acknowledged_at: datetime | None = None
        self.changes: list[tuple[datetime, str]] = []
        self.raised_by: dict[tuple[str, datetime], str] = {}
        self._lost: dict[Stage, datetime] = {}
        cause = ""
        for event in rows.events:
            if event.name == "escalated":
                self.raised_by[event.kind or "", event.at] = cause
            elif event.name not in FOLLOWS:
                cause = event.control or event.name
            if event.name == "acknowledged":
                self.acknowledged_at = event.at
            elif event.name == "change_requested":
                self.acknowledged_at = None
            if state := state_after(event):
                self._reach(state, event.at)

    def _reach(self, state: str, at: datetime) -> None:
        before = self.changes[-1][1] if self.changes else ""
        self.changes.append((at, state))
        if state in STAGES:
            self._take_back_after(STAGES[state])
            self.entered.setdefault(STAGES[state], self._lost.pop(STAGES[state], at))
        if state not in ENDED:
            self.outcome_at = None
        elif self.outcome_at is None or CANCELLED in {before, state}:
            self.outcome_at = at

    def _take_back_after(self, stage: Stage) -> None:
        """A way back: a confirmation that came back, an arrival by a slip of the finger. What had
        been confirmed in time and is confirmed again was confirmed in time."""
        order = list(Stage)
        for later in order[order.index(stage) + 1 :]:
            if (at := self.entered.pop(later, None)) is not None and later is Stage.CONFIRMED:
                self._lost[later] = at

    def left(self, states: frozenset[str]) -> datetime | None:
        """Since when the leg has been in none of these states, in which it was once."""
        since, inside = None, False
        for at, state in self.changes:
            if state in states:
                since, inside = None, True
            elif inside:
                since, inside = at, False
        return since


def is_contactable(row: LegRow) -> bool:
    """A channel reaches them, and they have not refused letters about visits."""
    return row.channels not in {None, "[]"} and row.withheld is None


def late_window(row: LegRow) -> int | None:
    """From how many minutes before the start on a cancellation is late: the terms as agreed."""
    if row.late_cancel is None:
        return None
    since = datetime.fromisoformat(row.late_cancel)
    return int((row.start - since).total_seconds()) // 60


# What was due

LATE = timedelta(minutes=5)  # a worker at work is never later
HOUSEKEEPING = frozenset(rule.name for rule in APPOINTMENT.controls if isinstance(rule.does, Lapse))
TELLING = {rule.name: rule for rule in APPOINTMENT.controls if isinstance(rule.does, Tell)}


def duties(rows: Rows) -> Iterator[Duty]:
    """The duties of a leg. Closing what has lost its sense is the house's own, and none."""
    told = {
        (letter.control, letter.run): letter.handed_over_at
        for letter in rows.letters
        if letter.handed_over_at is not None
    }
    for due in rows.duties:
        if due.name in HOUSEKEEPING:
            continue
        done = due.status == Status.DONE
        done_at = told.get((due.name, due.run), due.fired_at) if done else None
        since = due_since(due, rows.row)
        yield Duty(due.name, since, due.status, done_at, due.reason, is_justified(due, since))


def due_since(due: Due, row: LegRow) -> datetime:
    """When it could first be done: what is planned only after its time is not late by that, and
    what is asked for a second time is due when it is asked for."""
    if due.run > 1 and due.fired_at is not None:
        return due.fired_at
    return max(due.due_at, row.booked_at)


def is_justified(due: Due, since: datetime) -> bool:
    """Whether a skipped duty was skipped as the path has it. A reminder that a later one overtook
    because nobody was there in time was not."""
    overtaken = due.status == Status.SKIPPED and due.reason.startswith("superseded by")
    return not (overtaken and due.fired_at is not None and due.fired_at - since > LATE)


# What was said, asked, handed on and done


def sent(rows: Rows, life: Life) -> Iterator[Sent]:
    for letter in rows.letters:
        rule = TELLING.get(letter.control)
        closed = life.left(rule.states) if rule is not None else None
        yield Sent(letter.control, letter.handed_over_at, rows.lost.get(letter.id), closed)


def asked(rows: Rows, life: Life) -> Iterator[Asked]:
    for put in rows.put:
        cause = life.raised_by.get((put.kind, put.raised_at), "")
        owner = put.taken_by or put.owner
        yield Asked(put.kind, put.raised_at, put.due_at, put.resolved_at, owner, cause)


def handed(row: Offered) -> Handed:
    return Handed(row.to, row.status, row.offered_at, row.accept_by, row.answered_at)


def acts(rows: Rows) -> Iterator[Act]:
    """The transitions of a leg, and who made them.

    An automation covers a transition when Kept would have made it by itself with the policy as it
    is: it writes the confirmation wherever a channel reaches the customer; it takes a visit nobody
    recorded as missed where the policy says so; it accepts what is handed to a path it walks.
    """
    written = could_be_written(rows.duties)
    policy = policy_of(rows.row.policy)
    covered = {"confirmed": written, "missed": policy.assume_missed}
    for event in rows.events:
        if state_after(event):
            by_person = event.role == Role.STAFF
            automatable = by_person and covered.get(event.name, False)
            yield Act(event.name, event.at, by_person, automatable)
    for offer in rows.offered:
        if offer.status == "accepted" and offer.answered_at is not None:
            by_person = offer.answered_by.startswith(Role.STAFF.value)
            automatable = by_person and offer.to in policy.built_in
            yield Act("hand_off_accepted", offer.answered_at, by_person, automatable)


def could_be_written(duties: Iterable[Due]) -> bool:
    """Nothing stood in the way of the letter that tells the time."""
    first = [due for due in duties if due.name in {"confirmation", "moved_notice"}]
    return bool(first) and all(due.reason not in REFUSED | {UNREACHABLE} for due in first)
