"""Everything a message may say. There is no free block to put an advertisement in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

Kind = Literal[
    "confirmation",
    "moved_notice",
    "preparation_reminder",
    "first_reminder",
    "final_reminder",
    "cancelled_notice",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Addressed(Protocol):
    """What every letter must know: who writes to whom, and about what."""

    @property
    def business_name(self) -> str: ...
    @property
    def business_phone(self) -> str: ...
    @property
    def business_email(self) -> str: ...
    @property
    def business_address(self) -> str: ...
    @property
    def service_name(self) -> str: ...
    @property
    def customer_name(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def reference(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one leg at the moment its message is written.

    All times are aware. `now` is the moment of writing: "tomorrow" is said relative to it.
    """

    business_name: str
    business_phone: str
    """How to reach a human; when empty, `business_email` is said instead."""
    business_email: str
    business_address: str
    """The address of the business; the place of the appointment is `place`."""
    business_zone: str
    service_name: str
    """The public name. For a sensitive service it is neutral: "your appointment"."""
    staff_name: str
    """With whom. A business without named staff gives its own name."""
    start: datetime
    end: datetime
    zone: str
    """The IANA zone of the place where it happens."""
    place: str
    """Where, or how when remote: "12 Canal Street, Riverton", "Video call", "We call you"."""
    customer_name: str
    locale: str
    reference: str
    customer_url: str
    """The customer's page: the present truth, and change and cancel behind a button."""
    now: datetime
    place_url: str = ""
    """A map, or the link of the video call."""
    directions: str = ""
    """One line that helps to arrive: parking, floor, which bell."""
    price_text: str = ""
    """Ready to print, with deposit if any; empty when there is nothing to pay."""
    remote: bool = False
    customer_zone: str | None = None
    change_deadline: datetime | None = None
    """Until when the customer may change it online; None when only the business may."""
    to_prepare: tuple[str, ...] = ()
    """What the customer has still to have ready, each in the business's own words."""
    ask_acknowledgement: bool = False
    acknowledge_url: str = ""
    previous_start: datetime | None = None
    previous_end: datetime | None = None
    cancelled_by: Literal["customer", "business"] | None = None
    reason: str = ""
    booking_url: str = ""
    """Where to book again, after a cancellation; the customer's page when empty."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message in its final words. `text` and `html` say the same."""

    subject: str
    text: str
    html: str


class MissingField(ValueError):
    """A message cannot be written without this field."""

    def __init__(self, kind: str, field: str) -> None:
        super().__init__(f"a {kind} cannot be written: {field} is empty")
        self.kind = kind
        self.field = field
