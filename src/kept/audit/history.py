"""What every reader brings: appointments with their legs, and what the source can know at all.

One shape for Kept's own rows and for a foreign calendar's export, so that every figure is computed
once. A field the source does not have is None or empty here, and is *not* in `Source.knows`: the
two differ. An empty `messages` of a source that knows messages means that none went out; of a
source that does not, it means nothing.

All instants are aware and in UTC; what is local (hour, weekday) is read in `Source.zone`.
Persons are pseudonyms from the moment they are read; names, notes and addresses never get here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar, dataclass_transform, runtime_checkable
from zoneinfo import ZoneInfo

from kept.audit.quality import Quality

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass whose fields are never set again, as the type checker makes sure. Frozen at run
    time it would take four times as long to make, and there are millions of these."""
    return dataclass(slots=True)(cls)


class Outcome(StrEnum):
    """What became of one leg."""

    AHEAD = "ahead"  # its end is still to come, and nothing ended it before
    COMPLETED = "completed"  # seen to have taken place
    MISSED = "missed"  # by the customer
    MISSED_BY_BUSINESS = "missed_by_business"
    CANCELLED = "cancelled"  # by the customer, or by nobody knows whom
    CANCELLED_BY_BUSINESS = "cancelled_by_business"
    RESCHEDULED = "rescheduled"  # another leg follows
    ASSUMED = "assumed"  # written down by a rule, seen by nobody
    UNKNOWN = "unknown"  # past its end, and nobody said


class Stage(StrEnum):
    """How far a leg came; in this order."""

    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    PREPARED = "prepared"
    ATTENDED = "attended"
    COMPLETED = "completed"


class Field(StrEnum):
    """What a source can know. The words stand in the report where one is missing."""

    BOOKED_AT = "when it was booked"
    END = "when it ends"
    OUTCOME = "what became of it"
    ATTENDED = "who was seen to attend"  # else: only "not marked as missed"
    MISSED = "who did not come"
    CANCELLED = "cancelled appointments"  # rows of them are kept at all
    CANCELLED_AT = "when it was cancelled"
    CANCELLED_BY = "who cancelled"
    MOVES = "which booking replaced which"
    SERVICE = "the service"
    STAFF = "the member of staff"
    CHANNEL = "how it was booked"
    PERSON = "who the customer is"
    PRICE = "the price"
    STAGES = "the steps between booking and visit"
    ACKNOWLEDGED = "who said that they will come"
    MESSAGES = "the messages and what became of them"
    REMINDED = "the reminders that went out"  # a part of the messages
    CONTROLS = "what was due, and whether it was done"
    ESCALATIONS = "what was put before a person"
    HAND_OFFS = "what was handed on"
    ACTS = "who did what"
    ENQUIRIES = "enquiries before the booking"
    INVITATIONS = "invitations to come back"
    REVIEWS = "who was asked for a review"
    OFFERED = "the hours offered"
    CONTACTABLE = "who can be reached"


@value
class Duty:
    """One control: what was due and what became of it. `status` is one of core's Status values;
    `justified` says of a skipped one that the path gave its reason."""

    name: str
    due_at: datetime
    status: str
    done_at: datetime | None = None
    reason: str = ""
    justified: bool = True


@value
class Sent:
    """One message to the customer. `void_at`: from when on it was no longer to leave (the leg
    closed, the person refused); `failed_at`: when it was known that it will not arrive."""

    control: str
    handed_over_at: datetime | None
    failed_at: datetime | None = None
    void_at: datetime | None = None
    refused: bool = False  # the person had said before that they want none
    quiet: bool = False  # went within quiet hours


@value
class Asked:
    """Something put before a person. `broken_by` names the control or event that raised it."""

    kind: str
    raised_at: datetime
    due_at: datetime
    resolved_at: datetime | None = None
    owner: str = ""
    broken_by: str = ""


@value
class Handed:
    """One hand-off. `status` is one of core's HandOffStatus values."""

    to: str
    status: str
    offered_at: datetime
    accept_by: datetime | None = None
    answered_at: datetime | None = None


@value
class Act:
    """One transition. `automatable`: an automation that is switched on covers it. `role`: of who
    made it (one of core's Role values), where that is known."""

    name: str
    at: datetime
    by_person: bool
    automatable: bool = False
    role: str = ""


@value
class Leg:
    """One booked time. `reference` is what its owner finds it by: Kept's own reference, or the
    line of the file; `price` is the list price in `Source.currency`.

    `booked_at` is when *this* leg was booked; `outcome_at` when its outcome happened (a
    cancellation, a move) or was written down. `entered` says when it came to a stage.
    """

    reference: str
    start: datetime
    end: datetime | None = None
    booked_at: datetime | None = None
    outcome: Outcome = Outcome.UNKNOWN
    outcome_at: datetime | None = None
    service: str | None = None
    staff: str | None = None
    channel: str | None = None
    price: Decimal | None = None
    acknowledged_at: datetime | None = None
    contactable: bool | None = None
    late_window: int | None = None  # minutes before the start from which a cancellation is late
    hand_off_due: bool = True  # the policy names something to follow this outcome
    entered: dict[Stage, datetime] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()
    messages: tuple[Sent, ...] = ()
    asked: tuple[Asked, ...] = ()
    handed: tuple[Handed, ...] = ()
    acts: tuple[Act, ...] = ()


@value
class Appointment:
    """One identity for life, with its legs in order. `person` is a pseudonym; None: not known."""

    legs: tuple[Leg, ...]
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Enquiry:
    """One lead. The touch is the first by a person, in seconds of opening hours as well."""

    reference: str
    received_at: datetime
    source: str = ""
    acknowledged_at: datetime | None = None
    touched_at: datetime | None = None
    touched_open_seconds: int | None = None
    booked_at: datetime | None = None
    attended: bool | None = None
    unknown: bool = False  # the visit is over, and nobody said what became of it


@dataclass(frozen=True, slots=True)
class Source:
    """Where a history comes from, and what it can know. `own`: the installation's own rows, so
    the appointments behind a figure may be listed. `inferred`: of what it knows, what was worked
    out by a rule and not seen, with that rule."""

    name: str
    kind: str  # own, csv, ics, xes, ocel
    zone: ZoneInfo
    now: datetime  # what is over by then is past; of a file: when it was exported, or read
    knows: frozenset[Field]
    currency: str = ""
    own: bool = False
    notes: tuple[str, ...] = ()  # what its reader must say, such as "no-show here includes ..."
    inferred: Mapping[Field, str] = field(default_factory=dict)


class History(Protocol):
    """A source being read. Reading is one pass; `quality` is complete when it has ended."""

    source: Source
    quality: Quality

    def appointments(self) -> Iterator[Appointment]: ...

    def enquiries(self) -> Iterator[Enquiry]: ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """One person who fell due, invited or, to learn what invitations do, left alone."""

    reference: str
    due_at: datetime
    held_out: bool = False
    booked_at: datetime | None = None  # the first booking after that


@dataclass(frozen=True, slots=True)
class Review:
    """One visit that was seen to take place. `asked` None: not decided yet; `content`: what was
    said to the private question, where anything was."""

    reference: str
    asked: bool | None
    content: bool | None = None


# What only some sources bring; a history that brings it has the method as well, and says so in
# `Source.knows` (OFFERED, INVITATIONS, REVIEWS).


@runtime_checkable
class OffersHours(Protocol):
    def offered_minutes(self, begin: datetime, end: datetime) -> Mapping[str, int]:
        """By member of staff (as in `Leg.staff`): the minutes that could have been booked."""
        ...


@runtime_checkable
class Invites(Protocol):
    def invitations(self) -> Iterator[Invitation]: ...


@runtime_checkable
class AsksForReviews(Protocol):
    def reviews(self) -> Iterator[Review]: ...
