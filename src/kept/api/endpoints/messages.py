"""POST /messages/{id}/reports: what mail servers say of a message that left."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer
from kept.api.declare import changes
from kept.api.gives import MessageOut
from kept.api.keys import business_of
from kept.api.problems import not_found
from kept.api.takes import ReportIn
from kept.appointments import reports
from kept.outbox import queries as outbox
from kept.outbox.queries import Message

router = Router(tags=["Messages"])


def _show(request: HttpRequest, row: Message, now: datetime) -> Answer:
    present = outbox.message(row.business_id, row.id)
    return answer(shapes.message(present, shapes.zone_of(business_of(request))))


def _id_in(text: str, otherwise: str) -> UUID:
    """As the timeline has it, or as it stands in the Message-ID of the letter."""
    found = reports.message_in(text)
    if found is None:
        raise not_found(otherwise)
    return found


acts = Acts(
    router,
    "/messages/{message_id}",
    outbox.message,
    _show,
    "There is no such message.",
    _id_in,
)


@acts.post("reports", "Report that it was delivered, or came back", **changes(MessageOut))
def report_message(ask: Ask[Message], body: ReportIn) -> None:
    """For mail gateways. The same report again changes nothing. A bounce of a confirmation, also
    hours later, takes it back, and a person is asked to tell the customer. 409 for a message that
    has not been handed over.
    """
    reports.report(
        ask.thing, body.kind, body.detail, ask.now, ask.actor, at=body.at, alongside=ask.done
    )
