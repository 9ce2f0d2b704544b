"""An event as it travels: its body, in the format its endpoint has chosen."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from kept import __version__
from kept.lib import signing
from kept.webhooks.models import Endpoint, Event

AGENT = f"Kept/{__version__} (webhooks)"
TYPES = {
    Endpoint.STANDARD: "application/json",
    Endpoint.CLOUDEVENTS: "application/cloudevents+json",
}


def body(event: Event, form: str) -> bytes:
    """The body: the same octets for every attempt."""
    made = _cloud(event) if form == Endpoint.CLOUDEVENTS else _standard(event)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _standard(event: Event) -> dict[str, Any]:
    return {"type": event.type, "timestamp": event.at.isoformat(), "data": event.data}


def _cloud(event: Event) -> dict[str, Any]:
    """CloudEvents 1.0, JSON event format, structured mode."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"{settings.BASE_URL}/businesses/{event.business_id}",
        "type": event.type,
        "subject": str(event.subject),
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": event.data,
    }


def headers(event: Event, endpoint: Endpoint, body: bytes, real_now: datetime) -> dict[str, str]:
    """What goes with the body: signed with the present secret, and for a day with the one before.

    `real_now`: who checks the timestamp has no other clock.
    """
    signed = signing.headers(
        secrets(endpoint, real_now), str(event.id), int(real_now.timestamp()), body
    )
    return {
        "Content-Type": TYPES[endpoint.form],
        "User-Agent": AGENT,
        "Accept": "application/json",
        **signed,
    }


def secrets(endpoint: Endpoint, real_now: datetime) -> list[str]:
    """The secrets that are good now, the newest first."""
    until = endpoint.old_secret_until
    old = endpoint.old_secret if until is not None and real_now < until else ""
    return [endpoint.secret, *([old] if old else [])]
