"""The shapes of what the API takes. Strict: no field it does not know, no number in quotes."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticUndefined

from kept.api.problems import not_found
from kept.core.time import parse_offset, parse_written
from kept.core.wishes import Wish
from kept.people.actions import CHECKS, ContactError

LIMIT, MOST = 50, 100

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LOCALE = re.compile(r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _instant(value: object) -> datetime:
    return _written(value).astimezone(UTC)


def _written(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("Give a date and time with its offset, like 2027-03-03T10:00:00+01:00.")
    return parse_written(value)


def _start(value: object) -> datetime:
    """In the offset it is written with: whether the clocks show that time is asked of the zone."""
    start = _written(value)
    if start.second or start.microsecond:
        raise ValueError("Appointments begin at a whole minute: leave the seconds at 00.")
    return start


def _day(value: object) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("Give a day like 2027-03-01.")
    return date.fromisoformat(value)


def _id(value: object) -> UUID:
    if not isinstance(value, str) or not UUID_FORM.fullmatch(value):
        raise ValueError("This is not an id: ids look like 0199c8a4-7d2e-7c3a-9f60-3d2c5b1a7e44.")
    return UUID(value)


def _line(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("Leave out line breaks and control characters.")
    return text


def _text(text: str) -> str:
    if CONTROL_BUT_BREAKS.search(text):
        raise ValueError("Leave out control characters.")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("Write at least a word.")
    return _text(text)


def _contact(field: str) -> AfterValidator:
    """How this part of a contact is written everywhere: checked here, so that everything that is
    wrong with a request is said at once."""

    def check(text: str) -> str:
        try:
            return CHECKS[field](text)
        except ContactError as error:
            raise ValueError(str(error)) from error

    return AfterValidator(check)


def _locale(text: str) -> str:
    if not LOCALE.fullmatch(text):
        raise ValueError("Give a language, with its country if you like: en or en_GB.")
    return text


def _terms(text: str) -> str:
    if text:
        parse_offset(text)
    return text


def _clock(value: object) -> time:
    if not isinstance(value, str) or not CLOCK.fullmatch(value):
        raise ValueError('Give a time of day in quotes, like "09:00"; midnight at the end "24:00".')
    return time(int(value[:2]) % 24, int(value[3:]))


def _price(value: object) -> Decimal:
    """A number, or the same in quotes, with at most two decimals."""
    wrong = "Give an amount from 0 to 99999999.99 with at most two decimals, like 60 or 49.50."
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(wrong)
    # The shortest text that means this number: 49.9 is taken as it was written.
    text = repr(value) if isinstance(value, float) else str(value)
    if not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,2})?", text):
        raise ValueError(wrong)
    return Decimal(text)


def _json(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


INSTANT = "2027-03-03T10:00:00+01:00"
Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    _json(
        type="string",
        format="date-time",
        description="RFC 3339, with an offset.",
        examples=[INSTANT],
    ),
]
Start = Annotated[
    datetime,
    PlainValidator(_start),
    _json(
        type="string",
        format="date-time",
        description="RFC 3339, with an offset, at a whole minute. It is the instant it says; a "
        "local time of the business that its clocks leave out is refused.",
        examples=[INSTANT],
    ),
]
Id = Annotated[UUID, PlainValidator(_id), _json(type="string", format="uuid")]
Day = Annotated[date, PlainValidator(_day), _json(type="string", format="date")]
Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, AfterValidator(_text)]
Said = Annotated[str, AfterValidator(_said)]
Named = Annotated[str, AfterValidator(_line), AfterValidator(_said)]
Terms = Annotated[str, AfterValidator(_terms)]
PersonName = Annotated[str, _contact("name")]
Email = Annotated[str, _contact("email")]
Phone = Annotated[str, _contact("phone")]
Zone = Annotated[str, _contact("time_zone")]
Clock = Annotated[
    time,
    PlainValidator(_clock),
    _json(type="string", pattern=f"^({CLOCK.pattern})$", examples=["09:00"]),
]
Price = Annotated[
    Decimal,
    PlainValidator(_price),
    _json(
        anyOf=[
            {"type": "number", "minimum": 0, "maximum": 99_999_999.99},
            {"type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,2})?$"},
        ],
        description="At most two decimals, in the business's currency.",
        examples=[60],
    ),
]
Locale = Annotated[str, AfterValidator(_locale), _json(type="string", pattern=LOCALE.pattern)]
PathId = Annotated[str, _json(type="string", format="uuid")]
Whose = Literal["customer", "business", "staff"]
CorrectedState = Literal[
    "scheduled", "confirmed", "prepared", "attended", "completed", "missed", "cancelled"
]
State = Literal[
    "scheduled", "confirmed", "prepared", "attended", "completed", "cancelled", "missed"
]
DeliveryState = Literal["pending", "sending", "held", "delivered", "skipped", "failed"]
Outcome = Literal[
    "completed",
    "missed_by_customer",
    "missed_by_business",
    "cancelled_by_customer",
    "cancelled_by_business",
]
NextPath = Literal["follow_up", "reputation", "reactivation"]
HandOffState = Literal["offered", "accepted", "rejected", "expired", "withdrawn"]


def path_id(text: str, otherwise: str) -> UUID:
    """The id in an address. What is no id at all is not found, like any id nobody has."""
    if not UUID_FORM.fullmatch(text):
        raise not_found(otherwise)
    return UUID(text)


class Body(BaseModel):
    """A body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PageIn(BaseModel):
    """Which page of a list."""

    limit: int = Field(LIMIT, ge=1, le=MOST)
    cursor: str | None = Field(None, description="`next` of the page before.")


class AppointmentsIn(PageIn):
    """Which appointments."""

    begin: Instant | None = Field(None, alias="from")
    end: Instant | None = Field(None, alias="to")
    state: State | None = None
    reference: Line | None = Field(
        None, max_length=20, examples=["KX7-M2PT9"], description="As the customer reads it out."
    )
    updated_since: Instant | None = Field(
        None, description="Only those to which something has happened then or later."
    )


class EscalationsIn(PageIn):
    """Which escalations."""

    is_open: bool | None = Field(None, alias="open", description="Absent: all of them.")


class HandOffsIn(PageIn):
    """Which hand-offs."""

    status: HandOffState | None = None


class PeopleIn(PageIn):
    """Which people."""

    q: Line | None = Field(
        None,
        min_length=2,
        max_length=200,
        examples=["mia"],
        description="A part of the name, the e-mail address or the phone number.",
    )


class DeliveriesIn(PageIn):
    """Which deliveries."""

    status: DeliveryState | None = None


class SlotsIn(BaseModel):
    """Which slots."""

    service: Id
    begin: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    staff: Id | None = None


class ItemIn(Body):
    """One thing to be ready, by whom, and how long before the start: `24h`, `2d 18:00`."""

    what: Line = Field(max_length=200, examples=["Fill in the form about your health"])
    by: Literal["customer", "business"] = "customer"
    due: Terms = Field("24h", min_length=1, max_length=20, examples=["48h"])


class ServiceIn(Body):
    """What can be booked."""

    name: Named = Field(max_length=200, examples=["Foot care"])
    duration_minutes: int = Field(ge=1, le=1440, examples=[45])
    buffer_before_minutes: int = Field(0, ge=0, le=1440)
    buffer_after_minutes: int = Field(0, ge=0, le=1440, examples=[15])
    price: Price | None = None
    staff: list[Id] = Field([], max_length=500, description="Who gives it.")
    step_minutes: int = Field(15, ge=1, le=1440, description="Between offered starts.")
    notice_minutes: int = Field(0, ge=0, le=525_600)
    horizon_days: int = Field(365, ge=1, le=3650)
    mode: Literal["here", "online", "there"] = "here"
    place: Line = Field("", max_length=300)
    directions: Line = Field(
        "", max_length=300, description="One line that helps to arrive: parking, entrance."
    )
    public_name: Line = Field("", max_length=200, description="What messages call it.")
    private: bool = Field(False, description="Its name appears in no message.")
    change_until: Terms = Field(
        "",
        max_length=20,
        examples=["2h"],
        description="Until when before the start customers may change it by themselves: `2h`, "
        "`1d 18:00`. Empty: as the policy says.",
    )
    late_cancel: Terms = Field(
        "",
        max_length=20,
        examples=["24h"],
        description="From when before the start a cancellation is late. Empty: as the policy says.",
    )
    hand_offs: dict[Outcome, list[NextPath]] = Field(
        {},
        examples=[{"completed": ["reactivation"], "missed_by_customer": []}],
        description="What follows which outcome: `[]` for nothing. Of one that is not named the "
        "policy speaks. Given, it replaces what was said before.",
    )
    aftercare: Text = Field(
        "", max_length=2000, description="What to mind after the visit, sent two hours later."
    )
    comes_again_days: int | None = Field(
        None, ge=1, le=3650, examples=[42], description="After how many days people come again."
    )
    recall: bool = Field(
        False,
        description="Due by medicine or by contract: the letter that the next visit is due belongs "
        "to the service, and needs no agreement to suggestions.",
    )
    preparation: list[ItemIn] = Field(
        [],
        description="What is to be ready before a visit. The customer is told it, can say that it "
        "is ready, and is reminded once of what is open when it is due.",
    )


class HoursIn(Body):
    """One span of the weekly hours. An end that is not after the start is on the next day."""

    weekday: int = Field(ge=0, le=6, description="0 = Monday.")
    start: Clock
    end: Clock


class StaffIn(Body):
    """A person who can be booked."""

    name: Named = Field(max_length=200, examples=["Ada Lind"])
    email: Email | None = Field(None, max_length=254, examples=["ada@example.com"])
    time_zone: Zone | None = Field(
        None, max_length=64, examples=["Europe/Berlin"], description="Default: the business's."
    )
    weekly_hours: list[HoursIn] = Field([], max_length=100)


Shape = TypeVar("Shape", bound=Body)


class Changes(Body):
    """What is to change."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Give at least one field: what is to change.")
        return self


def _some_of(whole: type[Body]) -> Callable[[type[Shape]], type[Shape]]:
    """Give a class the fields of `whole`, none of them required and none with a default."""
    fields: dict[str, Any] = {}
    for field, info in whole.model_fields.items():
        optional = copy(info)
        optional.default, optional.default_factory = PydanticUndefined, _not_given
        fields[field] = (info.annotation, optional)

    def fill(shape: type[Shape]) -> type[Shape]:
        return create_model(shape.__name__, __base__=shape, __doc__=shape.__doc__, **fields)

    return fill


def _not_given() -> None:
    """A field that was left out; nobody looks at it."""


class ClosureIn(Body):
    """A time in which nobody (or not this person) can be booked. What is booked stays."""

    start: Instant
    end: Instant
    staff: Id | None = Field(None, description="Absent: the whole business.")
    reason: Line = Field("", max_length=200, examples=["Training"])


class WebhookEndpointIn(Body):
    """Where events are to be sent, and which."""

    url: Line = Field(
        max_length=500,
        examples=["https://crm.example.com/hooks"],
        description="HTTPS, and public: it is refused when it leads into a private network.",
    )
    description: Line = Field("", max_length=200, examples=["CRM"])
    types: list[Line] = Field(
        [],
        max_length=200,
        examples=[["appointment.scheduled", "appointment.rescheduled"]],
        description="Names of events, as docs/webhooks/events.md lists them. Empty: all of them.",
    )
    format: Literal["standard", "cloudevents"] = "standard"


class ReplayIn(Body):
    """From when on events are to be sent once more."""

    since: Instant


class AnswerDataIn(Body):
    """Which hand-off; `reason` must be given when it is refused."""

    hand_off_id: Id
    reason: Text = Field("", max_length=500, examples=["Not our customer"])


class AnswerIn(Body):
    """What an outside system says of a hand-off, in the manner of Standard Webhooks."""

    type: Literal["hand_off.accepted", "hand_off.rejected"]
    timestamp: Instant
    data: AnswerDataIn


class CustomerIn(Body):
    """Who the appointment is for. Without an e-mail address a person has to tell them."""

    name: PersonName = Field(max_length=200, examples=["Mia Holt"])
    email: Email | None = Field(None, max_length=254, examples=["mia@example.com"])
    phone: Phone | None = Field(None, max_length=40, examples=["+44 20 7946 0123"])
    time_zone: Zone | None = Field(None, max_length=64, examples=["Europe/Berlin"])
    locale: Locale | None = Field(None, max_length=20, examples=["en_GB"])


@_some_of(ServiceIn)
class ServiceChangeIn(Changes):
    """What is to change of a service. What is not given stays."""


@_some_of(StaffIn)
class StaffChangeIn(Changes):
    """What is to change of a member of staff. What is not given stays."""


@_some_of(WebhookEndpointIn)
class WebhookEndpointChangeIn(Changes):
    """What is to change of an endpoint. What is not given stays."""


FREELY = "As the front desk may: also outside the hours, notice and grid. Never over somebody."


class BookingIn(Body):
    """An appointment to be booked."""

    service: Id
    start: Start
    staff: Id | None = Field(None, description="Absent: whoever is free.")
    customer: CustomerIn
    notes: Text = Field("", max_length=5000)
    freely: bool = Field(False, description=FREELY)
    told: bool = Field(
        False,
        description="A person has told the customer already: it counts as told.",
    )


class WalkInIn(Body):
    """Somebody who is here without an appointment."""

    service: Id
    start: Start | None = Field(None, description="When they came, on this day. Absent: now.")
    staff: Id | None = Field(None, description="Absent: whoever is free.")
    customer: CustomerIn
    notes: Text = Field("", max_length=5000)


class ContactIn(Changes):
    """The parts of the contact that were wrong."""

    name: PersonName = Field(default_factory=str, max_length=200, examples=["Mia Holt"])
    email: Email | None = Field(default_factory=str, max_length=254, examples=["mia@example.com"])
    phone: Phone | None = Field(default_factory=str, max_length=40, examples=["+44 20 7946 0123"])
    time_zone: Zone = Field(default_factory=str, max_length=64, examples=["Europe/Berlin"])
    locale: Locale = Field(default_factory=str, max_length=20, examples=["en_GB"])


class RescheduleIn(Body):
    """Another time. Without `staff` the customer keeps the person they booked."""

    start: Start
    staff: Id | None = None
    reason: Text = Field("", max_length=500, description="The customer is told it.")
    freely: bool = Field(False, description=FREELY)


class CancelIn(Body):
    """`by` says whose wish it was, whoever typed it. By the business, the reason is mailed to the
    customer; by the customer, it stays in the history."""

    by: Whose
    reason: Text = Field(
        "",
        max_length=500,
        examples=["Ada is ill"],
        description="With `by: business` the customer reads it, in the mail and on their page.",
    )


class MissIn(Body):
    """`by`: the customer did not come, or the business could not keep the appointment."""

    by: Whose
    reason: Text = Field("", max_length=500)


class CorrectIn(Body):
    """What was recorded wrongly. Whose doing it was (`by`) must be said of a miss or a
    cancellation, and of nothing else."""

    state: CorrectedState
    reason: Said = Field(max_length=500, examples=["The wrong row"])
    by: Whose | None = Field(None, validate_default=True)

    @field_validator("by")
    @classmethod
    def _is_said(cls, by: Whose | None, known: ValidationInfo) -> Whose | None:
        if by is None and known.data.get("state") in {"missed", "cancelled"}:
            raise ValueError("Say whose doing it was: customer or business.")
        return by


class RemarkIn(Body):
    """Why, if there is something to say."""

    reason: Text = Field("", max_length=500)


class LateIn(Body):
    """By how much."""

    minutes: int = Field(ge=1, le=600, examples=[20])
    reason: Text = Field("", max_length=500)


class PrepareIn(Body):
    """`item`: the id of one of `preparation`. `ready` false takes back what was said."""

    item: str = Field(min_length=1, max_length=20, examples=["1"])
    ready: bool = True
    reason: Text = Field("", max_length=500)


class TellIn(Body):
    """How they were told, and what was said."""

    reason: Said = Field(max_length=500, examples=["By phone; she will come."])


class ComplaintIn(Body):
    """What the customer told, in their words."""

    reason: Said = Field(max_length=500, examples=["The polish came off after a day."])


class ReportIn(Body):
    """What a mail server reported. `detail`: its own words, with their codes."""

    kind: Literal["delivered", "bounced"]
    detail: Line = Field("", max_length=500, examples=["550 5.1.1 no such mailbox"])
    at: Instant | None = Field(None, description="When, by its own clock. Absent: now.")


class SaidIn(Body):
    """What the customer said about what follows, and in which words."""

    said: Literal["went_well", "went_badly", "replied", "declined", "snoozed", "gone"] = Field(
        description="`went_badly` is a complaint: a person is asked at once. After `replied` and "
        "`declined` nothing more is sent by itself. `snoozed`: they want to be asked to come again "
        "`until` then and not before. `gone`: moved away or deceased."
    )
    words: Text = Field("", max_length=1000, examples=["It still hurts."])
    until: Instant | None = Field(None, description="With `snoozed`: within 400 days.")

    @model_validator(mode="after")
    def _names_the_day(self) -> Self:
        if (self.said == "snoozed") != (self.until is not None):
            raise ValueError("Give `until` with `snoozed`, and with nothing else.")
        return self


class ReviewPageIn(Body):
    """A page where customers may review you."""

    name: Named = Field(max_length=60, examples=["Example Reviews"])
    url: Line = Field(max_length=500, examples=["https://reviews.example.com/harbour"])
    place: Line = Field(
        "",
        max_length=300,
        description="Only for visits at this place, as the service says it. Empty: for all.",
    )


class ReviewIn(Body):
    """A review as somebody read it. `external_id`: what its page calls it."""

    site: Named = Field(max_length=60, examples=["Example Reviews"])
    rating: int = Field(ge=1, le=5, examples=[2])
    words: Text = Field("", max_length=5000, examples=["I waited an hour."])
    author: Line = Field("", max_length=200, examples=["M. W."])
    url: Line = Field("", max_length=500)
    written_on: Day | None = Field(None, description="Absent: today.")
    external_id: Line = Field("", max_length=120)
    appointment: Id | None = Field(
        None,
        description="The visit it is about, where you know it: nobody is asked about it again.",
    )


class InsiderIn(Body):
    """Whether somebody belongs to the business."""

    insider: bool = Field(examples=[True])


class EqualityIn(BaseModel):
    """Which visits: those of so many days until now."""

    days: int = Field(90, ge=1, le=3660)


class AskerIn(Body):
    """Who asks. An e-mail address or a phone number must be among it."""

    name: PersonName | None = Field(
        None, max_length=200, examples=["Mia Holt"], description="Absent: the address or number."
    )
    email: Email | None = Field(None, max_length=254, examples=["mia@example.com"])
    phone: Phone | None = Field(None, max_length=40, examples=["+44 20 7946 0123"])
    time_zone: Zone | None = Field(None, max_length=64, examples=["Europe/Berlin"])
    locale: Locale | None = Field(None, max_length=20, examples=["en_GB"])

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not self.email and not self.phone:
            raise ValueError("Give an e-mail address or a phone number.")
        return self


Source = Literal["api", "form", "missed_call", "sms", "mail", "phone", "walk_in"]


class LeadIn(Body):
    """Somebody asks something."""

    customer: AskerIn
    words: Text = Field("", max_length=4000, examples=["Do you treat heels?"])
    service: Id | None = Field(None, description="What they ask about.")
    source: Source = Field(
        "api",
        description="The door they came in by. After `phone` and `walk_in` somebody has spoken "
        "with them already.",
    )
    key: Line = Field(
        "", max_length=150, description="Your own id of it: what comes twice counts once."
    )
    agrees: Text = Field(
        "",
        max_length=500,
        description="The words under which they agreed to get suggestions later. Empty: they "
        "did not. Kept as proof.",
    )


class LeadsIn(PageIn):
    """Which leads."""

    state: (
        Literal[
            "open",
            "received",
            "acknowledged",
            "engaged",
            "qualified",
            "booked",
            "unreachable",
            "not_a_fit",
            "opted_out",
            "stale",
        ]
        | None
    ) = Field(None, description="`open`: those that wait for something.")
    source: Source | None = None


class SpeedIn(BaseModel):
    """Of which time: the leads that came in then."""

    begin: Instant | None = Field(None, alias="from", description="Absent: 30 days ago.")
    end: Instant | None = Field(None, alias="to", description="Absent: now.")


class SpanIn(BaseModel):
    """Of which time: what was offered then."""

    begin: Instant | None = Field(None, alias="from", description="Absent: 30 days ago.")
    end: Instant | None = Field(None, alias="to", description="Absent: now.")


class AuditIn(BaseModel):
    """Of which time: the appointments that start then."""

    begin: Instant | None = Field(None, alias="from", description="Absent: from the first one on.")
    end: Instant | None = Field(None, alias="to", description="Absent: what is booked ahead too.")


class CalledIn(Body):
    """Whether they were reached."""

    reached: bool
    reason: Text = Field("", max_length=500, examples=["She will think about it."])


class RepliedIn(Body):
    """What they wrote or said."""

    words: Said = Field(max_length=500, examples=["Thursday would be fine."])


class QualifyIn(Body):
    """What they need. `offer`: from now on Kept offers free times by letter, until they answer;
    null: it does, unless a person has taken the lead over."""

    service: Id | None = None
    offer: bool | None = None
    reason: Text = Field("", max_length=500)


class WishIn(Body):
    """What somebody agrees to (`given`) or refuses, in their own words or as you heard it.

    `contact`: anything that is sent by itself; `service`: letters about visits; `review`: being
    asked for one; `marketing`: suggestions of something new.
    """

    wish: Wish
    given: bool
    wording: Said = Field(max_length=500, examples=["By phone: no more offers, please."])


class NoteIn(Body):
    """What was done about it."""

    note: Said = Field(max_length=1000, examples=["Called; she knows."])


class SnoozeIn(Body):
    """Until when it may wait."""

    until: Instant = Field(description="Before `too_late_at`.")


class RejectIn(Body):
    """Why it is not taken over."""

    reason: Said = Field(max_length=500)
