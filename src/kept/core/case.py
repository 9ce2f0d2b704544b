"""The nouns the engine speaks of: event, control, escalation, hand-off, case.

Plain frozen values without behaviour of their own. The database rows in `kept.cases.models`
carry the same names and the same fields, so that a log line, a row and a value read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from kept.core.policy import Policy

Facts = Mapping[str, object]


class Role(StrEnum):
    """Who or what did something."""

    CUSTOMER = "customer"
    STAFF = "staff"
    INTEGRATION = "integration"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a role and, when known, a name a person recognises."""

    role: Role
    name: str = ""

    def __str__(self) -> str:
        return f"{self.role}:{self.name}" if self.name else str(self.role)


SYSTEM = Actor(Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Event:
    """An immutable, past-tense entry in a case's history."""

    name: str
    at: datetime
    actor: Actor = SYSTEM
    reason: str = ""
    data: Facts = field(default_factory=dict)


class Status(StrEnum):
    """What became of a control."""

    PLANNED = "planned"
    DONE = "done"
    SKIPPED = "skipped"
    VOID = "void"
    EXPIRED = "expired"
    FAILED = "failed"


# Looked up in its class a member costs ten times as much, and every duty of every case is asked.
PLANNED, DONE, SKIPPED, VOID = Status.PLANNED, Status.DONE, Status.SKIPPED, Status.VOID
EXPIRED, FAILED = Status.EXPIRED, Status.FAILED


@dataclass(frozen=True, slots=True)
class Control:
    """A timed duty of a case, and what became of it.

    `due_at` and `useful_until` (None: always) are aware instants. `fired_at` is set once it fell
    due and was acted upon: its message posted, or the reason found why not. A posted one stays
    *planned* until the transport has taken its message, because until then nobody has been told
    anything. `run` counts deliberate repetitions.
    """

    name: str
    due_at: datetime
    useful_until: datetime | None
    run: int = 1
    status: Status = Status.PLANNED
    reason: str = ""
    fired_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        return (self.name, self.run)

    @property
    def waiting(self) -> bool:
        """Planned and not yet fallen due."""
        return self.fired_at is None and self.status is PLANNED


class HandOffStatus(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class HandOff:
    """The contract between two paths, as the sending case sees it."""

    to: str
    outcome: str
    version: int
    status: HandOffStatus = HandOffStatus.OFFERED
    accept_by: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        return (self.to, self.version)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Something only a person can resolve: by `due_at`, and before it is too late to help."""

    kind: str
    owner: str
    due_at: datetime
    reason: str
    tried: str
    suggestion: str
    too_late_at: datetime


@dataclass(frozen=True, slots=True)
class Snooze:
    """An escalation is out of sight until then, because somebody wants it so."""

    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Case:
    """One walk along a path, as `decide` sees it: everything it may look at.

    `anchors` are the named instants the path counts from (`opened`, `start`, `end`, `close`,
    `change_until`, `resolved`); `facts` is what is known beside the state (acknowledged, channels,
    outcome ...); `leg` is the number of the booked time within its appointment, from 1; `taken`
    says of an open escalation who sees to it, `snoozed` until when nobody is shown it, and
    `too_late` from when on resolving it helps no more.
    `written_at`: when another case writes to the same person around now (None: not that we know).
    """

    path: str
    state: str
    zone: str
    anchors: Mapping[str, datetime]
    policy: Policy
    facts: Facts = field(default_factory=dict)
    leg: int = 1
    controls: tuple[Control, ...] = ()
    escalations: frozenset[str] = frozenset()
    taken: Mapping[str, str] = field(default_factory=dict)
    snoozed: Mapping[str, Snooze] = field(default_factory=dict)
    too_late: Mapping[str, datetime] = field(default_factory=dict)
    hand_offs: tuple[HandOff, ...] = ()
    written_at: datetime | None = None

    # Facts with a shape of their own, read here and nowhere else.

    @property
    def not_to_write(self) -> Mapping[str, str]:
        """Of each purpose this person may not be written for, the sentence why not."""
        return cast("Mapping[str, str]", self.facts.get("not_to_write") or {})

    @property
    def in_answer(self) -> Mapping[str, int]:
        """The letters that go although they are refused, because they answer what the person did
        themselves: the run of each control."""
        return cast("Mapping[str, int]", self.facts.get("in_answer") or {})

    @property
    def put_off(self) -> Mapping[str, str]:
        """The moment before which each of these controls may not go, as ISO 8601."""
        return cast("Mapping[str, str]", self.facts.get("put_off") or {})

    @property
    def outcome(self) -> Facts:
        """The record of the present outcome: value, at, actor, source. Empty: there is none."""
        return cast(Facts, self.facts.get("outcome") or {})

    @property
    def carries(self) -> Facts:
        """What a hand-off of this case takes along."""
        return cast(Facts, self.facts.get("carries") or {})

    @property
    def is_switched_off(self) -> bool:
        """The policy has taken the path of this case away: nobody hands on to it, or Kept does not
        walk it itself any more. What its service said at booking holds against the hand-offs."""
        service = cast(Facts, self.carries.get("service_snapshot") or {})
        outcome = str(self.facts.get("follows") or "")
        return not self.policy.walks(self.path, outcome, service.get("hand_offs"))


def whole(value: object) -> int:
    """A number among facts or data: what is read from elsewhere may have it as text."""
    return value if isinstance(value, int) else int(str(value))


def zone_of_person(case: Case) -> ZoneInfo:
    """Where the person lives by what they said, else the zone of the business: their night is
    theirs, and so is their day."""
    return ZoneInfo(str(case.facts.get("recipient_zone") or case.zone))


def with_letter(case: Case, at: datetime | None) -> Case:
    """The case, knowing when another one writes to its person (None: not that we know)."""
    return case if case.written_at == at else replace(case, written_at=at)


@dataclass(frozen=True, slots=True)
class Post:
    """A message to be put in the outbox."""

    control: str
    run: int
    message: str
    useful_until: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """A party has now been told the present truth of this case, with this evidence."""

    via: str
    evidence: str
    control: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a case when an event happens. `apply` writes it, whole or not at all.

    `controls`, `hand_offs` hold only rows that are new or changed; `case` is the case afterwards.
    `causes` says of each kind in `resolved` which event closed it; `taken` by whom an escalation is
    taken now ("": given back), `snoozed` until when it is out of sight (None: it is back).
    `release_from` says from when on its claims are free again (None: they stay).
    """

    case: Case
    events: tuple[Event, ...]
    controls: tuple[Control, ...] = ()
    post: tuple[Post, ...] = ()
    withdraw: tuple[tuple[str, int], ...] = ()
    raised: tuple[Escalation, ...] = ()
    resolved: frozenset[str] = frozenset()
    causes: Mapping[str, Event] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    snoozed: Mapping[str, Snooze | None] = field(default_factory=dict)
    hand_offs: tuple[HandOff, ...] = ()
    told: Told | None = None
    release_from: datetime | None = None


class NotAllowed(Exception):
    """The path does not allow this event now. `detail` says why, `allowed` what may be done."""

    def __init__(self, event: str, state: str, detail: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.event, self.state, self.detail, self.allowed = event, state, detail, allowed
