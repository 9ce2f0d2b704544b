"""The shapes of what the API gives: type checked, and written to the OpenAPI document.

Instants are RFC 3339 with the offset of the business's zone at that moment. Ids are UUIDs; a field
called `staff`, `service` or `appointment` always holds an id.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, NotRequired, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

Instant = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2027-03-03T10:00:00+01:00"]),
]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Price = Annotated[
    float,
    Field(description="With at most two decimals, in the business's currency.", examples=[60.0]),
]

Item = TypeVar("Item")


class ListOut(TypedDict, Generic[Item]):
    """One page of a list. `next` is the cursor of the page after it, or null on the last."""

    items: list[Item]
    next: str | None
    unreadable: NotRequired[
        Annotated[
            list[Id],
            Field(description="Ids of what belongs here and is damaged; `kept check` says how."),
        ]
    ]


class SlotOut(TypedDict):
    start: Instant
    end: Instant
    staff: Id


class SlotsOut(TypedDict):
    slots: list[SlotOut]
    time_zone: str


class ItemOut(TypedDict):
    what: str
    by: Annotated[str, Field(examples=["customer"], description="customer or business.")]
    due: Annotated[str, Field(examples=["24h"], description="How long before the start.")]


class ServiceOut(TypedDict):
    id: Id
    name: str
    public_name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    notice_minutes: int
    horizon_days: int
    price: Price | None
    currency: str
    mode: str
    place: str
    directions: str
    private: bool
    change_until: str
    late_cancel: str
    hand_offs: Annotated[
        dict[str, list[str]],
        Field(description="What follows which outcome. Of one not named the policy speaks."),
    ]
    aftercare: str
    comes_again_days: int | None
    recall: bool
    preparation: list[ItemOut]
    staff: list[Id]


class HoursOut(TypedDict):
    weekday: Annotated[int, Field(description="0 = Monday.")]
    start: str
    end: str


class StaffOut(TypedDict):
    id: Id
    name: str
    email: str | None
    time_zone: str
    weekly_hours: list[HoursOut]


class ClosureOut(TypedDict):
    """A time in which somebody, or (`staff` null) the whole business, cannot be booked."""

    id: Id
    staff: Id | None
    start: Instant
    end: Instant
    reason: str


class ClosedOut(ClosureOut):
    """A new closure. `appointments` stay booked in it, each for a person to see to."""

    appointments: list[Id]


class TouchedOut(TypedDict):
    """The appointments still to come that this is about."""

    appointments: list[Id]


class CustomerOut(TypedDict):
    id: Id
    name: str
    email: str | None
    phone: str | None
    time_zone: str | None
    locale: str | None


class ToldOut(TypedDict):
    """What the customer was last told, with which evidence; `is_true`: it equals the truth."""

    leg: int
    start: Instant
    cancelled: bool
    via: str
    evidence: str
    at: Instant
    is_true: bool


class LegOut(TypedDict):
    """One booked time. `snapshot` is the service, its price and its terms as booked."""

    number: int
    state: str
    start: Instant
    end: Instant
    service: Id
    staff: Id
    staff_name: str
    snapshot: dict[str, Any]
    booked_at: Instant


class OutcomeOut(TypedDict):
    """What became of a resolved appointment: what, when, and who said so."""

    value: str
    at: Instant
    actor: str
    source: str


class CertaintyOut(TypedDict):
    """Whether everything due so far is done and nothing waits for a person; if not, what broke it
    first, and when."""

    holds: bool
    broken_by: Annotated[
        str | None,
        Field(
            examples=["first_reminder"],
            description="The control that broke it, or the event, such as `resource_lost`, where "
            "it was no control; null while it holds.",
        ),
    ]
    since: Instant | None
    sentence: Annotated[str, Field(examples=["The confirmation has been handed over."])]


class ToPrepareOut(TypedDict):
    """One thing to be ready before the visit, as it was agreed at booking."""

    id: str
    what: str
    by: Annotated[str, Field(examples=["customer"], description="customer or business.")]
    due_at: Instant
    ready: bool


class AppointmentOut(TypedDict):
    """An appointment. The fields up to `staff_name` are those of the leg that holds now."""

    id: Id
    reference: Annotated[str, Field(examples=["KX7-M2PT9"])]
    state: Annotated[str, Field(examples=["confirmed"])]
    start: Instant
    end: Instant
    time_zone: Annotated[str, Field(examples=["Europe/Berlin"])]
    service: Id
    service_name: str
    staff: Id
    staff_name: str
    customer: CustomerOut
    customer_url: Annotated[str, Field(description="The customer's own page. It is a secret.")]
    notes: str
    origin: str
    created_at: Instant
    acknowledged: Annotated[bool, Field(description="The customer has said that they will come.")]
    told: ToldOut | None
    certainty: CertaintyOut
    preparation: list[ToPrepareOut]
    outcome: OutcomeOut | None
    allowed: Annotated[list[str], Field(description="What would be accepted now.")]
    leg: Annotated[int, Field(description="The number of the leg that holds now.")]
    legs: list[LegOut]
    version: Annotated[int, Field(description="Grows with every change.")]


class ActorOut(TypedDict):
    role: str
    name: str


class EventOut(TypedDict):
    leg: int
    seq: int
    name: str
    at: Instant
    actor: ActorOut
    reason: str
    data: dict[str, Any]


class ControlOut(TypedDict):
    """A timed duty and what became of it: planned, done, skipped, void, expired or failed."""

    name: str
    leg: int
    run: int
    due_at: Instant
    useful_until: Instant | None
    status: str
    reason: str


class EvidenceOut(TypedDict):
    kind: str
    at: Instant
    detail: str


class MessageOut(TypedDict):
    """A message. Text, and with it `subject` and `content_sha256`, is final once handed over."""

    id: Id
    control: str
    leg: int
    run: int
    channel: str
    to: str
    status: str
    handed_over_at: Instant | None
    subject: str | None
    message_id: str | None
    content_sha256: str | None
    evidence: list[EvidenceOut]


class MayChangeOut(TypedDict):
    allowed: bool
    until: Instant
    reason: str


class ChangeOut(TypedDict):
    """Whether it may be moved or cancelled now, by whom and until when."""

    customer: MayChangeOut
    business: MayChangeOut


class EscalationOut(TypedDict):
    id: Id
    kind: str
    appointment: Id | None
    lead: Annotated[Id | None, Field(description="What it is about, while it is none yet.")]
    leg: int
    owner: str
    due_at: Instant
    reason: str
    tried: str
    suggestion: str
    raised_at: Instant
    taken_by: str | None
    taken_at: Instant | None
    too_late_at: Annotated[Instant, Field(description="From then on resolving it helps no more.")]
    snoozed_until: Annotated[
        Instant | None, Field(description="The console does not show it before; null: it does.")
    ]
    snoozed_by: str | None
    resolved_at: Instant | None
    resolved_by: str | None
    note: str | None


HandOffOut = TypedDict(
    "HandOffOut",
    {
        "id": Id,
        "from": str,
        "to": str,
        "appointment": Id | None,
        "lead": Id | None,
        "leg": int,
        "outcome": str,
        "outcome_version": int,
        "status": str,
        "offered_at": Instant,
        "accept_by": Instant | None,
        "answered_at": Instant | None,
        "answered_by": str | None,
        "reason": str | None,
        "payload": dict[str, Any],
    },
)


class TimelineOut(TypedDict):
    events: list[EventOut]
    controls: list[ControlOut]
    messages: list[MessageOut]
    escalations: list[EscalationOut]
    hand_offs: list[HandOffOut]
    change: ChangeOut
    time_zone: str


class FollowedOut(TypedDict):
    """What follows one outcome of an appointment or a lead. A corrected outcome ends it; another
    begins."""

    id: Id
    path: Annotated[str, Field(examples=["follow_up"])]
    outcome: str
    outcome_version: int
    state: Annotated[str, Field(examples=["open"])]
    result: Annotated[
        str | None, Field(description="How it ended; null while it goes on or a complaint is open.")
    ]
    feedback: Annotated[
        str | None, Field(description="`went_well` or `went_badly`; null: not said yet.")
    ]
    words: Annotated[str | None, Field(description="In the customer's own words.")]
    allowed: Annotated[list[str], Field(description="What `said` would accept now.")]
    events: list[EventOut]
    controls: list[ControlOut]
    messages: list[MessageOut]
    escalations: list[EscalationOut]


class FollowingOut(TypedDict):
    """What follows an appointment or a lead, the latest outcome last; empty before it has one."""

    items: list[FollowedOut]
    time_zone: str


class EnquiryOut(TypedDict):
    """One thing somebody asked, as it came."""

    at: Instant
    source: Annotated[str, Field(examples=["form"])]
    service: Id | None
    words: str
    name: str
    email: str | None
    phone: str | None


class LeadOut(TypedDict):
    """One conversation with somebody who asked."""

    id: Id
    reference: str
    state: Annotated[str, Field(examples=["acknowledged"])]
    result: Annotated[str | None, Field(description="How it ended; null while it is open.")]
    source: Annotated[str, Field(examples=["form"])]
    service: Id | None
    customer: CustomerOut
    opened_at: Instant
    unanswered: Annotated[bool, Field(description="They wait for a person.")]
    answer_by: Annotated[Instant, Field(description="By when a person is, or was, due.")]
    appointment: Annotated[Id | None, Field(description="What it became.")]
    booking_url: Annotated[str, Field(examples=["https://kept.example.com/book/clinic/?lead=…"])]
    joined: Annotated[bool, Field(description="The enquiry was added to a lead that was open.")]
    enquiries: list[EnquiryOut]
    allowed: Annotated[list[str], Field(description="What may be said of it now.")]
    version: int
    time_zone: str


class LeadTimelineOut(TypedDict):
    events: list[EventOut]
    controls: list[ControlOut]
    messages: list[MessageOut]
    escalations: list[EscalationOut]
    hand_offs: list[HandOffOut]
    time_zone: str


class SpanOut(TypedDict):
    """How long it took, in seconds: half of them took no longer than `p50`."""

    p50: Annotated[float | None, Field(examples=[42.0])]
    p90: Annotated[float | None, Field(examples=[180.0])]


class PartOut(TypedDict):
    """So many of so many, and their share (null of nobody)."""

    count: int
    of: int
    share: Annotated[float | None, Field(examples=[0.82])]


class SpeedOfOut(TypedDict):
    """How fast leads were answered, and what became of them. Business hours: while it was open.

    Within five minutes, or an hour: of those a person turned to, or whose time for it is over.
    """

    source: Annotated[str, Field(description="`all`, or one door.", examples=["all"])]
    leads: int
    acknowledged: SpanOut
    acknowledged_60s: Annotated[PartOut, Field(description="Of those whom a letter reaches.")]
    first_touch: SpanOut
    first_touch_5m: PartOut
    first_touch_1h: PartOut
    first_touch_business: SpanOut
    first_touch_business_5m: PartOut
    first_touch_business_1h: PartOut
    never_responded: Annotated[int, Field(description="No person has answered, and they are due.")]
    never_responded_share: Annotated[float | None, Field(examples=[0.04])]
    booked: int
    booked_share: Annotated[float | None, Field(examples=[0.4])]
    attended: Annotated[PartOut, Field(description="Of the booked whose visit has an outcome.")]
    visits_ahead: Annotated[int, Field(description="Of the booked: no outcome yet.")]


class TakenOverOfOut(TypedDict):
    """How what was offered to one path was taken over. What was taken back is not counted."""

    to: Annotated[str, Field(description="`all`, or one path.", examples=["all"])]
    offered: int
    waiting: Annotated[int, Field(description="Offered, and its time is not over.")]
    not_in_time: Annotated[
        int, Field(description="Refused, or not taken over by `accept_by`: also what came later.")
    ]
    not_in_time_share: Annotated[
        float | None, Field(description="Of those that wait no longer.", examples=[0.02])
    ]


class TakenOverOut(TypedDict):
    begin: Instant
    end: Instant
    paths: list[TakenOverOfOut]
    time_zone: str


class SpeedOut(TypedDict):
    begin: Instant
    end: Instant
    sources: list[SpeedOfOut]
    time_zone: str


class WishOut(TypedDict):
    """What somebody agreed to (`given`) or refused. `person` is another one where it was said
    under another name at the same address: a refusal holds for that too."""

    id: Id
    person: Id
    wish: Annotated[str, Field(examples=["marketing"])]
    given: bool
    at: Instant
    source: Annotated[str, Field(description="letter, page, console or api.")]
    by: str
    wording: str


class PlannedOut(TypedDict):
    """Something that will be done. `in_hand`: it is being done."""

    name: Annotated[str, Field(examples=["first_reminder"])]
    run: int
    due_at: Instant
    in_hand: bool


class StandingOut(TypedDict):
    """Where one case stands. What goes on comes first."""

    id: Id
    path: Annotated[str, Field(examples=["appointment"])]
    appointment: Id | None
    lead: Annotated[Id | None, Field(description="The enquiry it is about, or came from.")]
    reference: Annotated[str | None, Field(description="Of the appointment or the lead.")]
    state: Annotated[str, Field(examples=["confirmed"])]
    says: str
    since: Instant
    goes_on: bool
    result: str | None
    planned: Annotated[list[PlannedOut], Field(description="What is next, the next first.")]
    escalations: Annotated[list[EscalationOut], Field(description="What is open.")]


class PersonOut(CustomerOut):
    """One person, whole: where each case of theirs stands on its path, and what they want."""

    email_refused: Annotated[
        str | None, Field(description="Why the address cannot be used; null when it can.")
    ]
    channels: Annotated[list[str], Field(description="What reaches them, best first.")]
    language: Annotated[str, Field(description="In which we write.", examples=["en_GB"])]
    not_to_write: Annotated[
        dict[str, str], Field(description="Of what is not written to them, why.")
    ]
    wishes: Annotated[list[WishOut], Field(description="The last word first; each is the proof.")]
    cases: list[StandingOut]
    unreadable: Annotated[
        list[Id], Field(description="Ids of cases that are damaged; `kept check` says how.")
    ]
    time_zone_of_business: str


class HappeningOut(TypedDict):
    """One entry of a timeline. `name` is what happened, what was written (the control), to which
    path it was handed on, or what they spoke of; `status` what became of it."""

    id: str
    at: Instant
    kind: Annotated[str, Field(description="change, letter, person, hand_off, wish or system.")]
    path: str | None
    case: Id | None
    subject: Id | None
    name: str
    status: str | None
    by: str | None
    words: str
    data: dict[str, Any]


class WorkerOut(TypedDict):
    alive: bool
    seen_at: Instant | None
    due_now: int | None


class MailOut(TypedDict):
    state: Annotated[
        str,
        Field(
            examples=["ok"],
            description="`ok`, `away` (the mail server cannot be reached: messages wait), `unset` "
            "(none is set) or `unknown` (no worker could say)",
        ),
    ]
    since: Annotated[Instant | None, Field(description="Since when it is away, in real time.")]
    waiting: Annotated[
        int | None, Field(description="Messages that are to be sent and have not been taken yet.")
    ]
    behind_seconds: Annotated[
        int | None, Field(description="How long the one that waits longest has waited; 0: none.")
    ]


class HealthOut(TypedDict):
    status: Annotated[str, Field(examples=["ok"], description="ok or degraded")]
    version: str
    clock: Annotated[Instant | None, Field(description="What the installation's clock says.")]
    database: Annotated[str, Field(examples=["ok"], description="ok or unreachable")]
    worker: WorkerOut
    mail: MailOut


class WebhookEndpointOut(TypedDict):
    """An endpoint. Its secret is given when it is made or changed, and never again."""

    id: Id
    url: Annotated[str, Field(examples=["https://crm.example.com/hooks"])]
    description: Annotated[str, Field(examples=["CRM"])]
    types: Annotated[list[str], Field(description="Empty: all of them.")]
    format: Annotated[str, Field(description="standard or cloudevents", examples=["standard"])]
    status: Annotated[str, Field(description="active or disabled", examples=["active"])]
    disabled_at: Instant | None
    disabled_by: Annotated[
        str | None, Field(description="by_hand, gone (it answered 410) or in_vain")
    ]
    disabled_why: str | None
    waiting: Annotated[int, Field(description="How many events are still to be delivered.")]
    created_at: Instant


class NewWebhookEndpointOut(WebhookEndpointOut):
    """The same with its new secret. The one before stays good for 24 hours."""

    secret: Annotated[str, Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])]


class TryOut(TypedDict):
    """One attempt. `status` is that of HTTP, null when there was no answer (`error` says why);
    `answer` is how the body began."""

    at: Instant
    took_ms: int
    status: int | None
    error: str | None
    answer: str


class DeliveryOut(TypedDict):
    """One event for one endpoint, and what became of it. `id` is the `webhook-id`."""

    id: Id
    type: Annotated[str, Field(examples=["appointment.confirmed"])]
    root_id: Id
    version: int
    status: Annotated[
        str,
        Field(
            description="pending, sending, held (the endpoint is disabled), delivered, skipped; "
            "failed only for tests, which are tried once",
            examples=["delivered"],
        ),
    ]
    happened_at: Instant
    next_try_at: Instant | None
    delivered_at: Instant | None
    data: dict[str, Any]
    tries: list[TryOut]


class ReplayedOut(TypedDict):
    """How many events are sent once more."""

    events: int


# Reviews


class ReviewPageOut(TypedDict):
    id: Id
    name: str
    url: str
    place: str


class ReviewOut(TypedDict):
    """A review that was seen; `open`: somebody still has to do something about it."""

    id: Id
    site: str
    rating: int
    words: str
    author: str
    url: str
    written_on: Annotated[str, Field(json_schema_extra={"format": "date"})]
    seen_at: Instant
    appointment: Id | None
    open: bool


class InsiderOut(TypedDict):
    """Whether the customer belongs to the business, and so is asked for no review."""

    insider: bool


class GroupOut(TypedDict):
    """Some visits. `rate`, `low`, `high`: null while of none it is decided."""

    name: str
    visits: int
    asked: int
    waiting: int
    reasons: Annotated[dict[str, int], Field(description="Why others were not asked.")]
    rate: float | None
    low: float | None
    high: float | None
    less: bool


EqualityOut = TypedDict(
    "EqualityOut",
    {
        "from": Instant,
        "to": Instant,
        "everybody": GroupOut,
        "by_service": list[GroupOut],
        "by_staff": list[GroupOut],
        "by_answer": list[GroupOut],
        "clicked": int,
        "declined": int,
        "time_zone": str,
    },
)
