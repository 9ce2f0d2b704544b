"""What the rows of one leg say, in the words of a history.

Everything here is worked out of plain values that were read together; nothing asks the database.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kept.appointments.bulk import LegRow
from kept.audit.history import Act, Asked, Duty, Handed, Outcome, Stage
from kept.cases.bulk import Due, Happened, Offered, Put
from kept.cases.rows import policy_of
from kept.core.case import Role, Status
from kept.core.certainty import following_events
from kept.core.path import Lapse, Tell, To
from kept.core.paths.appointment import APPOINTMENT, CANCELLED, UNRESOLVED
from kept.core.plan import UNREACHABLE
from kept.core.policy import Policy, next_paths
from kept.core.wishes import REFUSED
from kept.lib.plain import Key
from kept.outbox.bulk import Letter
from kept.people.bulk import Said


@dataclass(frozen=True, slots=True)
class Rows:
    """One leg and everything that hangs on its case. `lost`: of messages, since when.

    `under`: the policy it is read by (None: the version that its case stands under).
    """

    row: LegRow
    events: list[Happened]
    duties: list[Due]
    put: list[Put]
    offered: list[Offered]
    letters: list[Letter]
    said: list[Said]
    lost: Mapping[Key, datetime]
    under: Policy | None = None

    @property
    def policy(self) -> Policy:
        return self.under or policy_of(self.row.policy)


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
LATER = {stage: tuple(Stage)[place:] for place, stage in enumerate(Stage, 1)}
ENDED = frozenset(state.name for state in APPOINTMENT.states if not state.waits)
NOT_SERVED = ENDED - {Stage.COMPLETED.value}
FOLLOWS = following_events(APPOINTMENT)


TIMES = frozenset({"confirmation", "moved_notice"})  # the letters that tell the time
ANSWERS = {
    "booked": TIMES,
    "confirmation_requested": TIMES,
    "cancelled": frozenset({"cancelled_notice"}),
}
"""The letters that are the answer to what the customer did."""


TELLING_EVENTS = (
    STATE_AFTER.keys() | NAMED | {"acknowledged", "change_requested", "confirmation_requested"}
)
"""What must be known of every leg."""


def state_after(event: Happened) -> str:
    """The state an event leads to; "" when it changes none."""
    return (event.to or "") if event.name in NAMED else STATE_AFTER.get(event.name, "")


class Life:
    """What the events of one leg say, read once from the first to the last.

    `entered`: when each stage was reached that was not taken back later. `outcome_at`: since when
    there has been an outcome without a break (of a cancellation: when it was cancelled).
    `changes`: the states and since when. `raised_by`: of what was put before a person, what
    brought it about. `answered`: the letters that answer what the customer did themselves.
    """

    def __init__(self, rows: Rows) -> None:
        self.entered: dict[Stage, datetime] = {}
        self.outcome_at: datetime | None = None
        self.acknowledged_at: datetime | None = None
        self.changes: list[tuple[datetime, str]] = []
        self.raised_by: dict[tuple[str, datetime], str] = {}
        self.answered: set[str] = set()
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
            if event.role == Role.CUSTOMER:
                self.answered |= ANSWERS.get(event.name, frozenset())
            if state := state_after(event):
                self._reach(state, event.at)

    def _reach(self, state: str, at: datetime) -> None:
        before = self.changes[-1][1] if self.changes else ""
        self.changes.append((at, state))
        if state in STAGES:
            self._take_back_after(STAGES[state])
            self.entered.setdefault(STAGES[state], self._lost.pop(STAGES[state], at))
        elif state in NOT_SERVED:  # also by a correction of what was said before
            self._take_back_after(Stage.PREPARED, frozenset(Stage))
        if state not in ENDED:
            self.outcome_at = None
        elif self.outcome_at is None or CANCELLED in {before, state}:
            self.outcome_at = at

    def _take_back_after(self, stage: Stage, kept: Container[Stage] = (Stage.CONFIRMED,)) -> None:
        """A way back: a confirmation that came back, an arrival by a slip of the finger. What had
        been confirmed in time and is confirmed again was confirmed in time: of the `kept` stages
        the first time counts, should they be reached again."""
        for later in LATER[stage]:
            if (at := self.entered.pop(later, None)) is not None and later in kept:
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


def is_followed(rows: Rows, became: Outcome) -> bool:
    """Whether the policy, or the service as booked, names something to follow this outcome."""
    if became in {Outcome.AHEAD, Outcome.UNKNOWN, Outcome.RESCHEDULED}:
        return False
    row = rows.row
    own = json.loads(row.hand_offs) if row.hand_offs else None
    name = row.state if row.state == "completed" else f"{row.state}_by_{row.by}"
    return bool(next_paths(rows.policy, own, name))


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
        since = due_since(due, rows.row)
        if due.status == Status.DONE:
            done_at = told.get((due.name, due.run), due.fired_at)
            yield Duty(due.name, since, due.status, done_at, due.reason)
        else:
            justified = is_justified(due, since)
            yield Duty(due.name, since, due.status, None, due.reason, justified)


def due_since(due: Due, row: LegRow) -> datetime:
    """When it could first be done: what is planned only after its time is not late by that, and
    what is asked for a second time is due when it is asked for."""
    if due.run > 1 and due.fired_at is not None:
        return due.fired_at
    return due.due_at if due.due_at > row.booked_at else row.booked_at


def is_justified(due: Due, since: datetime) -> bool:
    """Whether a skipped duty was skipped as the path has it. A reminder that a later one overtook
    because nobody was there in time was not."""
    overtaken = due.status == Status.SKIPPED and due.reason.startswith("superseded by")
    return not (overtaken and due.fired_at is not None and due.fired_at - since > LATE)


# What was said, asked, handed on and done


def refused_since(said: list[Said], at: datetime) -> datetime | None:
    """Since when, at this moment, the person had not wanted letters about visits; None: they did
    not mind."""
    last: dict[str, Said] = {}
    for each in said:
        if each.wish in {"contact", "service"} and each.at <= at:
            last[each.wish] = each
    return min((each.at for each in last.values() if not each.given), default=None)


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
    policy = rows.policy
    covered = {"confirmed": written, "missed": policy.assume_missed}
    for event in rows.events:
        if state_after(event):
            by_person = event.role == Role.STAFF
            automatable = by_person and covered.get(event.name, False)
            yield Act(event.name, event.at, by_person, automatable, event.role)
    for offer in rows.offered:
        if offer.status == "accepted" and offer.answered_at is not None:
            role = offer.answered_by.partition(":")[0]
            by_person = role == Role.STAFF
            automatable = by_person and offer.to in policy.built_in
            yield Act("hand_off_accepted", offer.answered_at, by_person, automatable, role)


def could_be_written(duties: Iterable[Due]) -> bool:
    """Nothing stood in the way of the letter that tells the time."""
    first = [due for due in duties if due.name in TIMES]
    return bool(first) and all(due.reason not in REFUSED | {UNREACHABLE} for due in first)
