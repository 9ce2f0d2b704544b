"""The installation's own history, walked again under another policy: what simulation reads.

Each leg is walked once more by the path itself (`core.again`), and what comes of it is read like
any other leg, so that a break is the same thing here and there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import DatabaseError

from kept.accounts.queries import Business
from kept.appointments.bulk import LegRow
from kept.audit.one_leg import Rows, refused_since
from kept.audit.own import Own
from kept.cases import bulk as cases
from kept.cases.bulk import Begun, Due, Happened, Offered, Put
from kept.cases.rows import anchors_value
from kept.core import time
from kept.core.again import Again, Letter, Offer, fates, outside, walk_again
from kept.core.case import Case, Control, Event
from kept.core.paths.appointment import APPOINTMENT
from kept.core.plan import UNREACHABLE
from kept.core.policy import Policy
from kept.core.wishes import SENTENCES
from kept.lib.plain import Key
from kept.outbox.bulk import Letter as Sent

OPENING = ("channels", "recipient_zone", "buffer_after_minutes", "hand_offs", "carries")
"""What a case is told when it begins and what does not change by itself."""

TERMS = ("change_until", "late_cancel")
FIRST = frozenset({"confirmation", "moved_notice"})


@dataclass(frozen=True, slots=True)
class Walked:
    """One leg walked again: as the policy of its day has it, and as another one would."""

    row: LegRow
    then: Again
    now: Again


class Simulated(Own):
    """The history of a business as it would have been under `policy`. One pass; `look` is shown
    each leg when it has been walked.

    With no policy, each leg is walked again under its own: what differs from what really happened
    is then no policy's doing.
    """

    def __init__(
        self,
        business: Business,
        now: datetime,
        policy: Policy | None,
        begin: datetime | None = None,
        end: datetime | None = None,
        look: Callable[[Walked], None] = lambda walked: None,
    ) -> None:
        super().__init__(business, now, begin, end)
        self.policy, self._look = policy, look
        self._then = self._policies
        if policy is not None:
            self._policies = [(datetime.min.replace(tzinfo=now.tzinfo), policy)]

    def _with_all(self, found: Mapping[Key, list[LegRow]]) -> dict[Key, list[Rows]]:
        really = super()._with_all(found)
        ids = [rows.row.case for legs in really.values() for rows in legs]
        known, histories = cases.known(ids), cases.histories(ids)
        again = dict[Key, list[Rows]]()
        for key, legs in really.items():
            try:
                again[key] = self._legs(legs, known, histories)
            except DatabaseError:
                raise  # that concerns them all
            except Exception as error:
                self.leave_out([rows.row for rows in legs], error)
        return again

    def _legs(
        self,
        legs: list[Rows],
        known: Mapping[Key, Begun],
        histories: Mapping[Key, list[Event]],
    ) -> list[Rows]:
        """The legs of one appointment: what the customer was told of one carries into the next."""
        told_then = told_now = False
        again = []
        for rows in legs:
            case, history = known[rows.row.case], histories[rows.row.case]
            then = now = self._walk_then(rows, case, history, told=told_then)
            if self.policy is not None:
                now = self._walk_under(self.policy, rows, case, history, told=told_now)
            told_then, told_now = was_told(then), was_told(now)
            self._look(Walked(rows.row, then, now))
            again.append(read_again(rows, now, self.policy))
        return again

    def _walk_then(self, rows: Rows, begun: Begun, history: list[Event], *, told: bool) -> Again:
        """Under the policy in force when it was booked, and those that came into force later."""
        policy = self._in_force(rows.row.booked_at)
        case = opening(rows, begun, history, policy, policy, told=told)
        booked = rows.row.booked_at
        later = {since: each for since, each in self._then if booked < since <= self.now}
        events = outside(APPOINTMENT, history)
        return walk_again(APPOINTMENT, case, events, self.now, fates(history), later)

    def _walk_under(
        self, policy: Policy, rows: Rows, begun: Begun, history: list[Event], *, told: bool
    ) -> Again:
        before = self._in_force(rows.row.booked_at)
        case = opening(rows, begun, history, before, policy, told=told)
        events = outside(APPOINTMENT, history)
        return walk_again(APPOINTMENT, case, events, self.now, fates(history))

    def _in_force(self, at: datetime) -> Policy:
        """The policy at that moment; the first one for what was booked before there was any."""
        return [
            policy for since, policy in self._then if since <= at or policy is self._then[0][1]
        ][-1]


def was_told(again: Again) -> bool:
    return bool(again.case.facts.get("told"))


# A leg before its first event


def opening(
    rows: Rows, begun: Begun, history: list[Event], before: Policy, policy: Policy, *, told: bool
) -> Case:
    """The case as it was when it began, under `policy` instead of the one `before`."""
    facts = {name: begun.facts[name] for name in OPENING if name in begun.facts}
    names = {event.name for event in history}
    if "contact_changed" in names:
        facts["channels"] = _channels_at_first(rows, begun)
    facts["not_to_write"] = _refused_at_first(rows, begun, changed="consent_changed" in names)
    return Case(
        path=APPOINTMENT.name,
        state="",
        zone=begun.zone,
        anchors=_anchors(rows, begun, before, policy),
        policy=policy,
        facts={**facts, "told": told},
        leg=begun.number,
    )


def _channels_at_first(rows: Rows, begun: Begun) -> object:
    """Before the address was changed: none, if nobody could be written then."""
    first = [due for due in rows.duties if due.name in FIRST and due.run == 1]
    if any(due.reason == UNREACHABLE for due in first):
        return []
    return begun.facts.get("channels") or ["email"]


def _refused_at_first(rows: Rows, begun: Begun, *, changed: bool) -> object:
    if not changed:
        return begun.facts.get("not_to_write") or {}
    refused = refused_since(rows.said, rows.row.booked_at) is not None
    return {"service": SENTENCES["service"]} if refused else {}


def _anchors(rows: Rows, begun: Begun, before: Policy, policy: Policy) -> dict[str, datetime]:
    """The instants a case begins with. Terms that the service had of its own stay; those it had of
    its policy are those of the other one."""
    row, zone = rows.row, ZoneInfo(begun.zone)
    at = anchors_value(begun.anchors)
    anchors = {name: at[name] for name in ("start", "end", "close", *TERMS) if name in at}
    for name in TERMS:
        if at.get(name) == time.before(row.start, before.offset(name), zone):
            anchors[name] = time.before(row.start, policy.offset(name), zone)
    grace = time.after(row.end, policy.outcome_grace, zone)
    return {**anchors, "opened": row.booked_at, "close": max(at["close"], grace)}


# And after its last


def read_again(rows: Rows, again: Again, policy: Policy | None) -> Rows:
    """What came of the walk, in the shape in which rows are read."""
    case = rows.row.case
    sent = {f"letter {number}": letter for number, letter in enumerate(again.letters)}
    return Rows(
        row=_row(rows.row, again),
        events=[_happened(case, each) for each in again.events],
        duties=[_due(case, each) for each in again.case.controls],
        put=list(_put(rows, again)),
        offered=[_offered(case, each) for each in again.offers.values()],
        letters=[_letter(case, key, letter) for key, letter in sent.items()],
        said=rows.said,
        lost={key: letter.failed_at for key, letter in sent.items() if letter.failed_at},
        under=policy,
    )


def _row(row: LegRow, again: Again) -> LegRow:
    facts, outcome = again.case.facts, again.case.facts.get("outcome")
    late = again.case.anchors.get("late_cancel")
    source = outcome.get("source") if isinstance(outcome, Mapping) else None
    return row._replace(
        state=again.case.state,
        by=_text(facts.get("by")),
        source=_text(source),
        late_cancel=late.isoformat() if late else None,
    )


def _happened(case: Key, event: Event) -> Happened:
    data = event.data
    said = {name: _text(data.get(name)) for name in ("kind", "control", "to")}
    return Happened(case=case, at=event.at, name=event.name, role=event.actor.role, **said)


def _text(value: object) -> str | None:
    return str(value) if value else None


def _due(case: Key, control: Control) -> Due:
    return Due(
        case=case,
        due_at=control.due_at,
        fired_at=control.fired_at,
        name=control.name,
        run=control.run,
        status=control.status,
        reason=control.reason,
    )


def _put(rows: Rows, again: Again) -> Iterator[Put]:
    """What would have been asked. What really was asked was answered when it really was; what was
    not is taken as answered at once, because nobody knows."""
    really = {put.kind for put in rows.put}
    for number, each in enumerate(again.questions):
        asked = each.asked
        yield Put(
            id=f"question {number}",
            case=rows.row.case,
            raised_at=each.raised_at,
            due_at=asked.due_at,
            resolved_at=each.resolved_at if asked.kind in really else each.raised_at,
            kind=asked.kind,
            owner=asked.owner,
            taken_by="",
        )


def _offered(case: Key, offer: Offer) -> Offered:
    return Offered(
        id=f"{offer.hand_off.to} {offer.hand_off.version}",
        case=case,
        offered_at=offer.offered_at,
        accept_by=offer.hand_off.accept_by,
        answered_at=offer.answered_at,
        to=offer.hand_off.to,
        status=offer.hand_off.status,
        answered_by=offer.answered_by,
    )


def _letter(case: Key, key: Key, letter: Letter) -> Sent:
    return Sent(
        id=key,
        case=case,
        created_at=letter.posted_at,
        handed_over_at=letter.handed_over_at,
        control=letter.post.control,
        run=letter.post.run,
        kind=letter.post.message,
        channel="email",
        status=letter.status,
    )
