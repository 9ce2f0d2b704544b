"""`apply` (and `begin`): the only writer of cases and of everything that hangs on them.

Gather, decide, write, in one transaction: the state, the events, the difference between the
controls before and after, the messages, the hand-offs, the claims. Either all of it or none.
It works on many cases at once, because what costs is the number of statements.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model, OuterRef, Q, QuerySet

from kept.cases import models, others, telling
from kept.cases.rows import (
    Loaded,
    anchors_data,
    case_value,
    control_row,
    event_row,
    policy_of,
    waits,
    why_unreadable,
)
from kept.core import case as core
from kept.core.decide import decide
from kept.core.paths import PATHS
from kept.lib import together
from kept.lib.again import given_up
from kept.lib.among import among
from kept.lib.ready import Question, Ready
from kept.lib.rows import new_row
from kept.lib.trouble import database_away
from kept.outbox import actions as outbox
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.queries import Customer
from kept.schedule import actions as schedule
from kept.webhooks import telling as webhooks

log = logging.getLogger("kept.cases")

ByCase: TypeAlias = dict[UUID, list[Any]]


class NoSuchCase(LookupError):
    """There is no case with this id (or it belongs to another business)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A case that is to begin."""

    id: UUID
    business: UUID
    path: str
    subject: UUID
    number: int
    person: Customer | None
    zone: str
    anchors: Mapping[str, datetime]
    facts: core.Facts
    policy: int  # the id of the policy version in force
    version: int = 0  # the subject's last event so far
    heard: bool | None = None  # whether anybody outside listens (None: to be asked)
    answers: UUID | None = None  # the lead that led here, by its own link


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event that has happened to a case."""

    case: UUID
    event: core.Event


# Without a savepoint of its own: an exception undoes the caller's transaction as a whole.
@transaction.atomic(savepoint=False)
def apply(incoming: Sequence[Incoming], now: datetime) -> list[core.Decision]:
    """Let these events happen, in this order, at `now`. Answers the decision on each.

    Raises core.NotAllowed when a path refuses one, NoSuchCase; then nothing at all is written.
    """
    loaded = _load({each.case for each in incoming}, also=_listening(incoming), now=now)
    return _apply(incoming, loaded, now)


def _apply(
    incoming: Sequence[Incoming], loaded: Mapping[UUID, Loaded], now: datetime
) -> list[core.Decision]:
    """Decide and write, once everything is gathered."""
    decisions = []
    written, circle = _Writes(now), others.of_one_mailbox(loaded.values())
    for each in incoming:
        decision = _decide(loaded[each.case], each.event, written)
        if decision.post:
            others.note_posted(loaded[each.case], circle, now)
        _let_others_hear(loaded[each.case], decision, circle, written)
        decisions.append(decision)
    written.write()
    return decisions


@transaction.atomic(savepoint=False)
def begin(
    opening: Opening, event: core.Event, now: datetime, *, along: Sequence[Model] = ()
) -> models.Case:
    """Begin a case with its first event, at `now`. Answers its row.

    `along`: new rows of other rooms that belong to it. They are written in one statement with
    those of the case (see `together.insert`): what costs is the number of statements.
    Raises core.NotAllowed; then nothing at all is written.
    """
    case, written = _opened(opening, now), _Writes(now)
    if opening.path in others.TAKES_TURNS:
        others.know_mailboxes([case])
        others.note_letters({opening.id: case}, now)
    listening: dict[UUID, Loaded] = {}
    if others.concern_others(opening.path, event.name):
        listening = _load(set(), also=others.listening_to_newcomer(opening), now=now)
        event = others.answering(opening.path, event, listening.values())
    decision = _decide(case, event, written)
    circle: others.Circle = {case.row.person_id: list(listening.values())}
    _let_others_hear(case, decision, circle, written, opening.answers)
    written.write(along)
    return case.row


def asks_newcomer(business: UUID, email: str, phone: str, lead: UUID | None) -> Question:
    """What `begin` asks for somebody of this address and number, to be asked ahead."""
    return others.asks_leads(business, email, phone, lead)


def _decide(case: Loaded, event: core.Event, written: _Writes) -> core.Decision:
    decision = decide(PATHS[case.value.path], case.value, event, written.now)
    written.add(case, decision)
    return decision


def _let_others_hear(
    speaker: Loaded,
    decision: core.Decision,
    circle: others.Circle,
    written: _Writes,
    answers: UUID | None = None,
) -> None:
    """What the decision means for the other cases of the same mailbox, of those loaded."""
    for other, event in others.heard(speaker, decision, circle, written.now, answers):
        if others.understood(other, event):
            _decide(other, event, written)


def _load(asked: set[UUID], *, also: set[UUID], now: datetime) -> dict[UUID, Loaded]:
    """Lock the cases (always in the order of their ids) and read what hangs on them.

    Raises NoSuchCase where one of those `asked` for does not exist.
    """
    ids = asked | also
    if not ids:
        return {}
    found = _read_one(*ids) if len(ids) == 1 else _read(_locked(ids=list(ids)))
    if missing := asked - {row.id for row in found[0]}:
        raise NoSuchCase(f"{len(missing)} of {len(asked)} cases do not exist")
    return _loaded(found, now)


def _loaded(found: Read, now: datetime) -> dict[UUID, Loaded]:
    """The cases as values, beside the rows they were read from."""
    loaded: dict[UUID, Loaded] = {}
    rows, controls, escalations, hand_offs = found
    for row in rows:
        value = case_value(row, controls[row.id], escalations[row.id], hand_offs[row.id])
        by_key = {(control.name, control.run): control for control in controls[row.id]}
        offers = {(each.to, each.version): each for each in hand_offs[row.id]}
        loaded[row.id] = Loaded(
            row, value, is_new=False, controls=by_key, heard=row.heard, offers=offers
        )
    others.know_mailboxes(loaded.values())
    others.note_letters(loaded, now)
    return loaded


Read: TypeAlias = "tuple[list[Any], ByCase, ByCase, ByCase]"
"""Rows of cases, locked, and by case their controls, open escalations and hand-offs."""


def _read(rows: list[Any]) -> Read:
    """What hangs on these locked cases."""
    ids = [row.id for row in rows]
    return (
        rows,
        _by_case(_controls(ids=ids)),
        _by_case(_escalations(ids=ids)),
        _by_case(_hand_offs(ids=ids)),
    )


def _read_one(case: UUID) -> Read:
    """The same for a single one, as after most of what happens."""
    return (
        _one_locked(case=case),
        _by_case(_one_controls(case=case)),
        _by_case(_one_escalations(case=case)),
        _by_case(_one_hand_offs(case=case)),
    )


def _cases(which: Any) -> QuerySet[Any]:
    """`heard`: somebody outside listens."""
    found = models.Case.objects.filter(which)
    return found.annotate(heard=webhooks.listening(OuterRef("business")))


def _locked_with(which: Any) -> QuerySet[Any]:
    """In the order of their ids, as everybody locks them."""
    return _cases(which).order_by("id").select_for_update(no_key=True)


def _controls_of(which: Any) -> QuerySet[models.Control]:
    return models.Control.objects.filter(which).order_by("due_at", "id")


def _escalations_of(which: Any) -> QuerySet[models.Escalation]:
    return models.Escalation.objects.filter(which, resolved_at=None)


def _hand_offs_of(which: Any) -> QuerySet[models.HandOff]:
    return models.HandOff.objects.filter(which).order_by("id")


# Of a batch of cases there are thousands of controls: values, no instances of the model.
CONTROL = tuple(field.attname for field in models.Control._meta.concrete_fields)

_one_locked = Ready(lambda case: _locked_with(Q(id=case)))
_one_controls = Ready(lambda case: _controls_of(Q(case_id=case)))
_one_escalations = Ready(lambda case: _escalations_of(Q(case_id=case)))
_one_hand_offs = Ready(lambda case: _hand_offs_of(Q(case_id=case)))

_locked = Ready(lambda ids: _locked_with(among("id", ids)))
_free = Ready(lambda ids: _cases(among("id", ids)).select_for_update(skip_locked=True, no_key=True))
_controls = Ready(lambda ids: _controls_of(among("case_id", ids)).values_list(*CONTROL, named=True))
_escalations = Ready(lambda ids: _escalations_of(among("case_id", ids)))
_hand_offs = Ready(lambda ids: _hand_offs_of(among("case_id", ids)))


def _listening(incoming: Sequence[Incoming]) -> set[UUID]:
    """The cases that may have to hear of these events on others of the same person."""
    names = {each.event.name for each in incoming}
    paths = [path for path in PATHS if any(others.concern_others(path, name) for name in names)]
    if not paths:
        return set()
    speaking = _persons({each.case for each in incoming})
    people_of = {subject: person for subject, person, path in speaking if path in paths}
    if not people_of:
        return set()
    listening = others.listening_to(people_of.values())
    corrected = any(each.event.name == "corrected" for each in incoming)
    return listening | (others.replaced_by(people_of, people_of.values()) if corrected else set())


def _persons(cases: set[UUID]) -> list[tuple[UUID, UUID, str]]:
    """Of these cases that are about a person: what, whom, and by which path."""
    if len(cases) == 1:
        return _person_of(case=next(iter(cases)))
    return list(_persons_in(among("id", cases)))


def _persons_in(which: Any) -> QuerySet[models.Case, tuple[UUID, UUID, str]]:
    rows = models.Case.objects.filter(which).exclude(person=None)
    return rows.values_list("subject", "person", "path")


_person_of = Ready(lambda case: _persons_in(Q(id=case)))


def _by_case(rows: Iterable[Any]) -> ByCase:
    grouped: ByCase = defaultdict(list)
    for row in rows:
        grouped[row.case_id].append(row)
    return grouped


def _opened(opening: Opening, now: datetime) -> Loaded:
    facts = {**opening.facts, **_wishes(opening.person)}
    row = new_row(
        models.Case,
        id=opening.id,
        business_id=opening.business,
        path=opening.path,
        subject=opening.subject,
        number=opening.number,
        person=opening.person,
        state="",
        state_since=now,
        version=opening.version,
        waits=True,
        zone=opening.zone,
        anchors=anchors_data(opening.anchors),
        facts=facts,
        policy_id=opening.policy,
    )
    value = core.Case(
        path=opening.path,
        state="",
        zone=opening.zone,
        anchors=opening.anchors,
        policy=policy_of(opening.policy),
        facts=facts,
        leg=opening.number,
    )
    heard = opening.heard
    if heard is None:
        heard = webhooks.anybody_listens(opening.business)
    return Loaded(row, value, is_new=True, controls={}, heard=heard, offers={})


def _wishes(person: Customer | None) -> core.Facts:
    """What the person does not want to be written, known from the beginning of every case.

    Of somebody new nothing is asked here: a refusal at the same address under another name is
    found by the last look before their first letter.
    """
    if person is None or person._state.adding or not getattr(person, "has_spoken", True):
        return {}
    refused = people_queries.not_to_write(person)
    return {"not_to_write": refused} if refused else {}


class _Writes:
    """The rows that some decisions ask for, collected and then written a table at a time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.cases: dict[UUID, Loaded] = {}
        self.events: list[models.Event] = []
        self.new_controls: dict[UUID, models.Control] = {}
        self.changed_controls: dict[UUID, models.Control] = {}
        self.escalations: list[models.Escalation] = []
        self.resolved: list[tuple[UUID, str, core.Event]] = []
        self.taken: list[tuple[UUID, str, str]] = []
        self.snoozed: list[tuple[UUID, str, core.Snooze | None]] = []
        self.offers: dict[tuple[UUID, str, int], models.HandOff] = {}
        self.posts: list[outbox.Post] = []
        self.withdrawn: list[tuple[UUID, str, int, str]] = []
        self.told: dict[UUID, people.Told] = {}
        self.untold: list[tuple[UUID, int, str]] = []
        self.releases: dict[UUID, datetime] = {}
        self.happenings: list[webhooks.Happening] = []

    def add(self, case: Loaded, decision: core.Decision) -> None:
        """Take up a decision; the case goes on from there for the next event on it."""
        self._add_case(case, decision)
        self._add_controls(case, decision)
        self._add_escalations(case, decision)
        self._add_hand_offs(case, decision)
        self._add_messages(case, decision)
        if decision.release_from is not None:
            self.releases[case.row.id] = decision.release_from
        if case.heard:
            self.happenings += telling.told(case, decision, case.offers, self.now)
        case.value = decision.case
        self.cases[case.row.id] = case

    def _add_case(self, case: Loaded, decision: core.Decision) -> None:
        row, value = case.row, decision.case
        if row.state != value.state:
            row.state, row.state_since = value.state, self.now
        if value.anchors is not case.value.anchors or value.facts is not case.value.facts:
            row.anchors, row.facts = anchors_data(value.anchors), dict(value.facts)
            case.touched = True
        row.waits = waits(value)
        for event in decision.events:
            row.version += 1
            self.events.append(event_row(row.id, row.version, event))

    def _add_controls(self, case: Loaded, decision: core.Decision) -> None:
        for control in decision.controls:
            known = case.controls.get(control.key)
            row = control_row(case.row.id, control, known)
            case.controls[control.key] = row
            is_new = known is None or known.id in self.new_controls
            (self.new_controls if is_new else self.changed_controls)[row.id] = row

    def _add_escalations(self, case: Loaded, decision: core.Decision) -> None:
        row = case.row
        self.escalations += [
            models.Escalation(
                business_id=row.business_id,
                case_id=row.id,
                kind=raised.kind,
                owner=raised.owner,
                due_at=raised.due_at,
                reason=raised.reason,
                tried=raised.tried[:500],
                suggestion=raised.suggestion,
                too_late_at=raised.too_late_at,
                raised_at=self.now,
            )
            for raised in decision.raised
        ]
        self.resolved += [(row.id, kind, cause) for kind, cause in decision.causes.items()]
        self.taken += [(row.id, kind, who) for kind, who in decision.taken.items()]
        self.snoozed += [(row.id, kind, snooze) for kind, snooze in decision.snoozed.items()]

    def _add_hand_offs(self, case: Loaded, decision: core.Decision) -> None:
        row = case.row
        cause = decision.events[0] if decision.events else None
        for hand_off in decision.hand_offs:
            answered = hand_off.status is not core.HandOffStatus.OFFERED
            offer = models.HandOff(
                business_id=row.business_id,
                case_id=row.id,
                to=hand_off.to,
                outcome=hand_off.outcome,
                version=hand_off.version,
                status=hand_off.status.value,
                payload=_payload(row, decision.case, hand_off),
                offered_at=self.now,
                accept_by=hand_off.accept_by,
                own=_is_own(decision.case, hand_off),
                answered_at=self.now if answered else None,
                answered_by=str(cause.actor) if answered and cause else "",
                reason=cause.reason[:500] if answered and cause else "",
            )
            offer.payload |= {
                "id": str(offer.id),
                "offered_at": self.now.isoformat(),
                "accept_by": hand_off.accept_by.isoformat() if hand_off.accept_by else None,
            }
            self.offers[(row.id, *hand_off.key)] = offer
            case.offers[hand_off.key] = _answered(case.offers.get(hand_off.key), offer)

    def _add_messages(self, case: Loaded, decision: core.Decision) -> None:
        row = case.row
        self.posts += [
            outbox.Post(
                business=row.business_id,
                case=row.id,
                subject=row.subject,
                leg=_leg(row),
                control=post.control,
                run=post.run,
                kind=post.message,
                person=row.person_id,
                channel=_channel(decision.case),
                useful_until=post.useful_until,
            )
            for post in decision.post
            if row.person_id is not None
        ]
        self.withdrawn += [
            (row.id, control.name, control.run, control.reason)
            for control in decision.controls
            if control.key in decision.withdraw
        ]
        done = {c.key for c in case.value.controls if c.status is core.Status.DONE}
        self.untold += [
            (row.subject, row.number, control.name)
            for control in decision.controls
            if control.status is core.Status.FAILED and control.key in done
        ]
        if decision.told is not None:
            self.told[row.subject] = people.Told(
                subject=row.subject,
                business=row.business_id,
                customer=row.person_id,
                leg=row.number,
                start=decision.case.anchors["start"],
                cancelled=decision.case.state == "cancelled",
                via=decision.told.via,
                evidence=decision.told.evidence,
                control=decision.told.control,
                at=self.now,
            )

    def write(self, along: Sequence[Model] = ()) -> None:
        """Write everything: first what changes, then all that is new. In the caller's transaction.

        What changes makes room: a message withdrawn and posted anew in one go must leave before
        the new one comes, and so must an escalation that is resolved and raised again.
        """
        old = [case for case in self.cases.values() if not case.is_new]
        together.update(
            ([case.row for case in old if case.touched], (*STANDING, "anchors", "facts")),
            ([case.row for case in old if not case.touched], STANDING),
            (list(self.changed_controls.values()), BECAME),
        )
        self._resolve_escalations()
        self._write_hand_offs()
        outbox.withdraw(self.withdrawn, self.now)
        together.insert([*along, *self._new_rows()])
        people.forget_told(self.untold)
        people.remember_told(self.told.values())
        schedule.release(self.releases)

    def _new_rows(self) -> list[Model]:
        opened = [case.row for case in self.cases.values() if case.is_new]
        begun_with = {row.person.id: row.person for row in opened if row.person is not None}
        messages = outbox.messages(self.posts, self.now, known=begun_with)
        said = webhooks.rows(self.happenings, self.now)
        new = [*opened, *self.events, *self.new_controls.values(), *self.escalations]
        return [*new, *messages, *said]

    def _resolve_escalations(self) -> None:
        for case_id, kind, who in self.taken:
            _open(case_id, kind).update(taken_by=who[:220], taken_at=self.now if who else None)
        for case_id, kind, snooze in self.snoozed:
            until, by = (snooze.until, snooze.by[:220]) if snooze else (None, "")
            _open(case_id, kind).update(snoozed_until=until, snoozed_by=by)
        for case_id, kind, cause in self.resolved:
            _open(case_id, kind).update(
                resolved_at=self.now,
                resolved_by=str(cause.actor)[:220],
                note=cause.reason[:1000] or cause.name,
            )

    def _write_hand_offs(self) -> None:
        """New offers are inserted; of those already made only the answer changes."""
        models.HandOff.objects.bulk_create(
            self.offers.values(),
            update_conflicts=True,
            unique_fields=["case", "to", "version"],
            update_fields=ANSWER,
        )


def _open(case_id: UUID, kind: str) -> QuerySet[models.Escalation]:
    return models.Escalation.objects.filter(case_id=case_id, kind=kind, resolved_at=None)


STANDING = ("state", "state_since", "version", "waits")  # of a case, what every event may change
BECAME = ("due_at", "useful_until", "status", "reason", "fired_at", "wake_at")  # of a control


def _answered(known: models.HandOff | None, offer: models.HandOff) -> models.HandOff:
    """An offer as it will stand: one already made keeps what it was, and gets its answer."""
    if known is None:
        return offer
    for name in ANSWER:
        setattr(known, name, getattr(offer, name))
    return known


ANSWER = ("status", "answered_at", "answered_by", "reason")


def _is_own(case: core.Case, hand_off: core.HandOff) -> bool:
    """Kept walks the receiving path itself, from this outcome on."""
    path = PATHS.get(hand_off.to) if hand_off.to in case.policy.built_in else None
    return path is not None and hand_off.outcome in path.receives


def _leg(row: models.Case) -> int:
    """The booked time a message is about; what follows an appointment remembers which."""
    return int(row.facts.get("leg", row.number))


def leave_to_a_person(hand_off: UUID) -> None:
    """Kept cannot receive it: it stays on offer, and expires to somebody's attention."""
    models.HandOff.objects.filter(id=hand_off).update(own=False)


def _channel(value: core.Case) -> str:
    channels = value.facts.get("channels")
    return str(channels[0]) if isinstance(channels, list | tuple) and channels else "email"


def _payload(row: models.Case, value: core.Case, hand_off: core.HandOff) -> dict[str, object]:
    """Everything the receiving path needs to begin, so that it need not ask."""
    carries, record = value.carries, value.outcome
    return {
        "from_path": row.path,
        "to_path": hand_off.to,
        "root_id": str(row.subject),
        "appointment_id": None if row.path == "lead_response" else str(row.subject),
        "leg": row.number,
        "outcome": hand_off.outcome,
        "outcome_version": hand_off.version,
        "outcome_source": record.get("source"),
        "outcome_record": dict(record) or None,
        "person_id": str(row.person_id) if row.person_id else None,
        # A lead has no time yet.
        **{at: value.anchors[at].isoformat() for at in ("start", "end") if at in value.anchors},
        "flags": _flags(row, carries),
        "consent_refs": _consents(row),
        **carries,
    }


def _flags(row: models.Case, carries: Mapping[str, object]) -> list[str]:
    """What whoever goes on must mind, as far as it is recorded here: minors are not."""
    service = carries.get("service_snapshot")
    flags = {
        "complaint": row.person_id is not None and others.complaints_open([row.person_id]),
        "refund": bool(row.facts.get("refunded")),
        "sensitive": isinstance(service, dict) and bool(service["private"]),
    }
    return [name for name, holds in flags.items() if holds]


def _consents(row: models.Case) -> list[dict[str, object]]:
    """What the person last agreed to or refused, with the ids of its proof."""
    said = people_queries.consents(row.person_id) if row.person_id else []
    return [
        {
            "id": str(each.id),
            "purpose": each.purpose,
            "given": each.given,
            "at": each.at.isoformat(),
        }
        for each in said
    ]


# Turning the handle


BATCH = 200
LONGEST_PUSH_BACK = timedelta(hours=1)


def turn_due(now: datetime, *, limit: int = BATCH) -> tuple[int, int]:
    """Feed controls that are due to `apply`: (cases turned, cases pushed back).

    One batch; (0, 0) when nothing is due. Two workers never take the same case: rows that
    another one holds are passed over (PostgreSQL), or the other one waits its turn (SQLite).
    A case that cannot be handled is pushed back and counted; the others go on without it. Raises
    OperationalError or InterfaceError when the database cannot be used.
    """
    # Looked at several times a second: on SQLite a transaction would keep writers waiting.
    candidates = _first_due(limit)(now=now)
    if not candidates:
        return 0, 0
    try:
        with transaction.atomic():
            claimed = _claim(candidates, now)
            ticks = [_tick(case, now) for case in _in_turn(candidates, claimed, now)]
            also = _listening(ticks) - claimed.keys()
            _apply(ticks, claimed | _load(set(), also=also, now=now), now)
            return len(ticks), 0
    except Exception as error:
        if database_away(error) and not given_up(error):
            raise  # no case is to blame, and each of them would only say the same
        log.exception("A batch of due controls failed; its cases are taken one at a time.")
    return _one_by_one(now, limit=limit)


def _tick(case_id: UUID, now: datetime) -> Incoming:
    return Incoming(case_id, core.Event("control_due", now))


def _due(now: datetime) -> QuerySet[models.Control]:
    return models.Control.objects.filter(
        status=core.Status.PLANNED.value, fired_at=None, wake_at__lte=now
    ).order_by("wake_at")


@lru_cache
def _first_due(limit: int) -> Ready[Candidate]:
    return Ready(lambda now: _due(now).values_list("case_id", "case__person", "case__path")[:limit])


Candidate: TypeAlias = "tuple[UUID, UUID | None, str]"
"""A case of which a control is due, its person and its path."""


def _claim(candidates: Sequence[Candidate], now: datetime) -> dict[UUID, Loaded]:
    """Lock these cases (with their people and paths), passing over what another worker is at.

    First the people, as everywhere: of two letters to one person the second waits until tomorrow,
    and two workers that each had one of the cases would not see each other's letter.
    """
    takes_turns = {who for _, who, path in candidates if who and path in others.TAKES_TURNS}
    mine = people.lock_free(takes_turns) if takes_turns else set()
    reached = {case for case, who, _ in candidates if who not in takes_turns or who in mine}
    return _loaded(_read(_free(ids=list(reached))), now)


def _in_turn(
    candidates: Sequence[Candidate], claimed: Mapping[UUID, Loaded], now: datetime
) -> list[UUID]:
    """Those of them that are claimed, in the order of their duties. Meanwhile another worker may
    have handled and let go of one: what is due of it is looked at again."""
    reached = dict.fromkeys(case for case, _, _ in candidates if case in claimed)
    return [case for case in reached if _is_due(claimed[case], now)]


def _is_due(case: Loaded, now: datetime) -> bool:
    waiting = [each.key for each in case.value.controls if each.waiting]
    return any(case.controls[key].wake_at <= now for key in waiting)


def _one_by_one(now: datetime, *, limit: int) -> tuple[int, int]:
    turned = pushed_back = 0
    for case_id in dict.fromkeys(_due(now).values_list("case_id", flat=True)[:limit]):
        try:
            with transaction.atomic():
                _lock_person(case_id)
                apply([_tick(case_id, now)], now)
            turned += 1
        except Exception as error:
            if database_away(error) and not given_up(error):
                raise
            log.exception("Case %s could not be handled; it is pushed back.", case_id)
            _push_back(case_id, now)
            pushed_back += 1
    return turned, pushed_back


def _lock_person(case_id: UUID) -> None:
    """Whose case it is, if another of their cases may be writing to them at this moment."""
    found = models.Case.objects.filter(id=case_id, path__in=others.TAKES_TURNS)
    for person in found.exclude(person=None).values_list("person", flat=True):
        people.lock_address(person)


def _push_back(case_id: UUID, now: datetime) -> None:
    """Try this case again later, and later still if that fails too; its duties stay planned."""
    due = _due(now).filter(case_id=case_id)
    failures = max(due.values_list("failures", flat=True), default=0)
    wait = min(timedelta(seconds=10) * 2 ** min(failures, 20), LONGEST_PUSH_BACK)
    due.order_by().update(failures=F("failures") + 1, wake_at=now + wait)


# Policy


def change_policy(business: UUID, policy_id: int, now: datetime, actor: core.Actor) -> int:
    """Put a new policy version in force on every case that still waits; answers how many.

    Timed controls ahead are planned anew, once; what is done stays done, and nothing is
    announced that was already announced.
    """
    try:
        return _change_policy(business, policy_id, now, actor)
    finally:
        # Until the end of the transaction this version may still be undone, and SQLite gives its
        # number to the next one: whoever asks after the end reads it anew.
        policy_of.cache_clear()


def _change_policy(business: UUID, policy_id: int, now: datetime, actor: core.Actor) -> int:
    with transaction.atomic():
        waiting = models.Case.objects.filter(business_id=business, waits=True).order_by("id")
        rows = waiting.select_for_update(no_key=True)
        # A damaged one must not keep the policy from all others; `kept check` names it.
        ids = [row.id for row in rows if not why_unreadable(row)]
        models.Case.objects.filter(id__in=ids).update(policy_id=policy_id)
        event = core.Event("policy_changed", now, actor, data={"policy": policy_id})
        for at in range(0, len(ids), BATCH):
            apply([Incoming(case_id, event) for case_id in ids[at : at + BATCH]], now)
    return len(ids)


# The clocks


def set_anchors(
    changes: Mapping[UUID, Mapping[str, datetime]], events: Sequence[Incoming], now: datetime
) -> None:
    """Give open cases these anchors instead, and let the events that say why happen to them.

    Timed controls ahead are planned anew from the new anchors, and nothing that was done is done
    again. For anchors that follow from something else (the rules of a zone); the caller holds the
    transaction and the locks of the cases.
    """
    rows = {row.id: row for row in models.Case.objects.filter(id__in=changes)}
    for case_id, anchors in changes.items():
        rows[case_id].anchors = {**rows[case_id].anchors, **anchors_data(anchors)}
    models.Case.objects.bulk_update(rows.values(), ["anchors"])
    apply(events, now)
