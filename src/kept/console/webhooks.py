"""Webhooks in words: what stands on their pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms

from kept.console.forms import DateInput, TimeInput, wall_instant
from kept.web.forms import Form
from kept.web.parts import Chip
from kept.webhooks import catalogue, envelope
from kept.webhooks.queries import Attempt, Delivery, Endpoint

STANDING = {
    Delivery.PENDING: Chip("Waiting", "clock", "calm"),
    Delivery.SENDING: Chip("Being sent", "arrow", "calm"),
    Delivery.HELD: Chip("Held", "clock", "warn"),
    Delivery.DELIVERED: Chip("Delivered", "done", "good"),
    Delivery.SKIPPED: Chip("Given up", "cross", "off"),
    Delivery.FAILED: Chip("Failed", "alert", "bad"),
}
ACTIVE = Chip("Active", "check", "good")
TURNED_OFF = Chip("Turned off", "cross", "off")
CUT_OFF = Chip("Cut off", "alert", "bad")


class EndpointForm(Form):
    """The address and what it hears. `url`, `types` … as the room calls them."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="Where events are posted to, such as https://crm.example.com/hooks.",
    )
    description = forms.CharField(
        label="What is it for?", max_length=200, required=False, help_text="For example: the CRM."
    )
    form = forms.ChoiceField(
        label="Format",
        choices=Endpoint.FORMATS,
        initial=Endpoint.STANDARD,
        widget=forms.RadioSelect,
        help_text="Standard Webhooks, unless the other program asks for CloudEvents.",
    )
    types = forms.MultipleChoiceField(
        label="Which events?",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Choose nothing to hear all of them, also those that are yet to come.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.name, each.name) for each in catalogue.types()]
        chosen = [each for each in choices if each[0] != catalogue.TEST]
        self.fields["types"].choices = chosen  # type: ignore[attr-defined]


class Since(Form):
    """From when on events are to be sent once more."""

    day = forms.DateField(label="Day", widget=DateInput)
    at = forms.TimeField(label="Time", widget=TimeInput, initial="00:00")

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """Of a valid form; None with the error beside the field."""
        data = self.cleaned_data
        return wall_instant(self, data["day"], data["at"], "0", zone)


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery in the log."""

    row: Delivery
    chip: Chip
    last: Attempt | None
    said: str


def standing(endpoint: Endpoint) -> Chip:
    if endpoint.disabled_at is None:
        return ACTIVE
    return TURNED_OFF if endpoint.disabled_by == Endpoint.BY_HAND else CUT_OFF


def lines(found: Iterable[Delivery]) -> list[Line]:
    return [line(row) for row in found]


def line(row: Delivery) -> Line:
    tries = list(row.tries.all())
    last = tries[-1] if tries else None
    return Line(row, STANDING[row.status], last, said(last) if last else "")


def said(attempt: Attempt) -> str:
    """What came back, in a few words."""
    return f"answered {attempt.status}" if attempt.status else attempt.error


def request_of(row: Delivery) -> str:
    """What is sent, as text: the body is the same for every attempt, the signature is not."""
    endpoint, event = row.endpoint, row.event
    body = json.loads(envelope.body(event, endpoint.form))
    return "\n".join(
        [
            f"POST {endpoint.url}",
            f"Content-Type: {envelope.TYPES[endpoint.form]}",
            f"User-Agent: {envelope.AGENT}",
            f"webhook-id: {event.id}",
            "webhook-timestamp: (of the attempt)",
            "webhook-signature: v1,…",
            "",
            json.dumps(body, indent=2, ensure_ascii=False),
        ]
    )
