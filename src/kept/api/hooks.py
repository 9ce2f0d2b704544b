"""From what the house knows of webhooks to what the API gives."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from kept.api import gives
from kept.api.shapes import local
from kept.webhooks.queries import Attempt, Delivery, Endpoint


def endpoint(row: Endpoint, zone: ZoneInfo) -> gives.WebhookEndpointOut:
    return {
        "id": str(row.id),
        "url": row.url,
        "description": row.description,
        "types": row.types,
        "format": row.form,
        "status": "disabled" if row.disabled_at else "active",
        "disabled_at": local(row.disabled_at, zone) if row.disabled_at else None,
        "disabled_by": row.disabled_by or None,
        "disabled_why": row.disabled_why or None,
        "waiting": getattr(row, "waiting", 0),  # none waits for one just made
        "created_at": local(row.created_at, zone),
    }


def new_endpoint(row: Endpoint, zone: ZoneInfo) -> gives.NewWebhookEndpointOut:
    """With its secret: shown only to who has just made it."""
    return {**endpoint(row, zone), "secret": row.secret}


def delivery(row: Delivery, zone: ZoneInfo) -> gives.DeliveryOut:
    waits = row.status == Delivery.PENDING
    return {
        "id": str(row.event_id),
        "type": row.event.type,
        "root_id": str(row.subject),
        "version": row.event.version,
        "status": row.status,
        "happened_at": local(row.event.at, zone),
        "next_try_at": local(row.wake_at, zone) if waits else None,
        "delivered_at": local(row.delivered_at, zone) if row.delivered_at else None,
        "data": row.event.data,
        "tries": [_try(each, zone) for each in row.tries.all()],
    }


def _try(row: Attempt, zone: ZoneInfo) -> gives.TryOut:
    return {
        "at": local(row.at, zone),
        "took_ms": row.took_ms,
        "status": row.status,
        "error": row.error or None,
        "answer": row.answer,
    }
