"""What an event carries (`data`), by its kind. The documents and the checks are made from these."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Instant = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2027-03-03T10:00:00+00:00"]),
]
Id = Annotated[
    str,
    Field(json_schema_extra={"format": "uuid"}, examples=["0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44"]),
]


class ServiceTold(TypedDict):
    """`name` is empty for a service that is private and has no other name for others."""

    id: Id
    name: str


class ActorTold(TypedDict):
    role: Annotated[str, Field(description="customer, staff, integration or system")]
    name: str


class MovedTold(TypedDict):
    """From when to when, and the leg that ended by it."""

    start_from: Instant
    start_to: Instant
    leg_from: int


# No docstring here: this is a base, and its words would stand in the documents for all of them.
class AboutTold(TypedDict):
    business_id: Id
    path: Annotated[str, Field(description="appointment, follow_up …", examples=["appointment"])]
    case_id: Id
    root_id: Annotated[Id, Field(description="What it is all about: order is kept within it.")]
    appointment_id: Id | None
    reference: Annotated[str | None, Field(examples=["KX7-M2PT9"])]
    leg: Annotated[int, Field(description="The number of the booked time, from 1.")]
    version: Annotated[
        int,
        Field(description="Grows with the history; on the path `appointment`, over all its legs."),
    ]
    state: Annotated[str, Field(examples=["confirmed"])]
    person_id: Id | None
    service: ServiceTold | None
    start: Instant | None
    end: Instant | None
    time_zone: Annotated[str, Field(examples=["Europe/Berlin"])]


class StepTold(AboutTold):
    """A case came into a state, or something was said about it."""

    previous_state: Annotated[str | None, Field(examples=["scheduled"])]
    event: Annotated[str, Field(description="Its name in the history.", examples=["confirmed"])]
    actor: ActorTold
    reason: Annotated[str | None, Field(description="Never given for a private service.")]
    moved: MovedTold | None
    outcome: Annotated[
        dict[str, Any] | None,
        Field(description="`value`, `at`, `actor`, `source`; null while there is none."),
    ]
    minutes: NotRequired[Annotated[int, Field(description="How late somebody will be.")]]


class TellingTold(TypedDict):
    """Which duty the message belongs to, and what became of it. Not its text."""

    control: Annotated[str, Field(examples=["first_reminder"])]
    run: int
    channel: Annotated[str, Field(examples=["email"])]
    result: Annotated[str, Field(examples=["accepted"])]


class MessageTold(AboutTold):
    """What became of a message."""

    message: TellingTold


class NeedTold(TypedDict):
    """`kind` is unique among what is open of a case."""

    kind: Annotated[str, Field(examples=["CONTACT_GAP"])]
    owner: str | None
    due_at: Instant | None
    reason: str | None
    suggestion: str | None
    by: Annotated[str | None, Field(description="Who took, gave back or resolved it.")]


class EscalationTold(AboutTold):
    """What needs a person, and what became of that."""

    escalation: NeedTold


class ContractTold(TypedDict):
    """The whole contract of a hand-off. Whoever takes over need ask nothing else."""

    id: Id
    from_path: str
    to_path: str
    root_id: Id
    appointment_id: Id | None
    outcome_version: int
    person_id: Id | None
    service_snapshot: dict[str, Any] | None
    outcome: Annotated[str, Field(examples=["completed"])]
    outcome_source: str | None
    value: str | None
    currency: str | None
    flags: list[str]
    consent_refs: list[dict[str, Any]]
    offered_at: Instant
    accept_by: Instant | None
    state: Annotated[str, Field(examples=["offered"])]
    accepted_by: str | None
    reason: str | None
    built_in: Annotated[
        bool, Field(description="Kept walks the receiving path itself: there is nothing to answer.")
    ]


class HandOffTold(AboutTold):
    """What is handed on, and what became of that."""

    hand_off: ContractTold
    revises: Annotated[Id | None, Field(description="The offer this one takes the place of.")]


class TestTold(TypedDict):
    """Nothing has happened."""

    message: str


KINDS: dict[str, Any] = {
    "message": MessageTold,
    "escalation": EscalationTold,
    "hand_off": HandOffTold,
    "webhook": TestTold,
}


def shape_of(type_: str) -> Any:
    """What an event of this type carries; of every path the same."""
    return KINDS.get(type_.partition(".")[0], StepTold)
