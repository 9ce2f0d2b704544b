"""GET /escalations; taking one, giving it back, putting it off and resolving it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer
from kept.api.declare import changes, lists
from kept.api.gives import EscalationOut, ListOut
from kept.api.keys import business_of
from kept.api.lists import Order, page
from kept.api.takes import EscalationsIn, NoteIn, SnoozeIn
from kept.appointments import actions
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.core.case import Actor

router = Router(tags=["Escalations"])


@router.get("/escalations", summary="What needs a person", **lists(ListOut[EscalationOut]))
def list_escalations(
    request: HttpRequest,
    asked: Query[EscalationsIn],
) -> HttpResponse:
    """The most urgent first: by when they are due."""
    business = business_of(request)
    zone = shapes.zone_of(business)
    rows = cases.escalations(business.id, is_open=asked.is_open)

    def show(found: list[Escalation]) -> list[EscalationOut]:
        return [shapes.escalation(row, zone) for row in found]

    order: Order = {"due_at": datetime.fromisoformat, "id": UUID}
    return page(request, rows, order, show, asked)


def _show(request: HttpRequest, row: Escalation, now: datetime) -> Answer:
    return answer(shapes.escalation(row, shapes.zone_of(business_of(request))))


acts = Acts(
    router,
    "/escalations/{escalation_id}",
    cases.escalation,
    _show,
    "There is no such escalation.",
)
Asked = Ask[Escalation]
CHANGES = changes(EscalationOut)


@acts.post("resolve", "Resolve it", **CHANGES)
def resolve_escalation(ask: Asked, body: NoteIn) -> None:
    """Say what was done. Where a note is not enough the answer says what is (409)."""
    with _shown_when_done(ask) as known:
        actions.resolve_escalation(*known[:2], body.note, *known[2:])


@acts.post("take", "See to it", **CHANGES)
def take_escalation(ask: Asked) -> None:
    """From now on it is yours to resolve; others see that. Taken by somebody else: 409."""
    with _shown_when_done(ask) as known:
        actions.take_escalation(*known)


@acts.post("release", "Give it back", **CHANGES)
def release_escalation(ask: Asked) -> None:
    """It is anybody's again, whoever had taken it."""
    with _shown_when_done(ask) as known:
        actions.release_escalation(*known)


@acts.post("snooze", "Put it off", **CHANGES)
def snooze_escalation(ask: Asked, body: SnoozeIn) -> None:
    """It waits until then, and is back by itself. It stays open, and is listed as before.

    Refused (409) beyond `too_late_at`, for a time that is over, and where somebody else sees to it.
    """
    with _shown_when_done(ask) as (business, thing, now, actor):
        actions.snooze_escalation(business, thing, body.until, now, actor)


@acts.post("wake", "Put it off no more", **CHANGES)
def wake_escalation(ask: Asked) -> None:
    """It is back at once, whoever had put it off."""
    with _shown_when_done(ask) as known:
        actions.wake_escalation(*known)


@contextmanager
def _shown_when_done(ask: Asked) -> Iterator[tuple[UUID, UUID, datetime, Actor]]:
    """One transaction for the act and its answer; gives what every act here needs to know."""
    with transaction.atomic():
        yield ask.business.id, ask.thing.id, ask.now, ask.actor
        ask.done(cases.escalation(ask.business.id, ask.thing.id))
