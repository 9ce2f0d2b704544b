"""GET /escalations; taking one, giving it back and resolving it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.answers import Answer, answer
from kept.api.declare import changes, lists
from kept.api.gives import EscalationOut, ListOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.once import once
from kept.api.problems import not_found
from kept.api.takes import EscalationsIn, NoteIn, PathId, path_id
from kept.appointments import actions
from kept.cases import queries as cases
from kept.cases.queries import Escalation
from kept.clock.queries import now as clock
from kept.core.case import Actor

router = Router(tags=["Escalations"])

NO_SUCH = "There is no such escalation."


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


@router.post("/escalations/{escalation_id}/resolve", summary="Resolve it", **changes(EscalationOut))
def resolve_escalation(request: HttpRequest, escalation_id: PathId, body: NoteIn) -> HttpResponse:
    """Say what was done. Where a note is not enough the answer says what is (409)."""

    def act(business: UUID, wanted: UUID, now: datetime, actor: Actor) -> None:
        actions.resolve_escalation(business, wanted, body.note, now, actor)

    return _changed(request, escalation_id, act)


@router.post("/escalations/{escalation_id}/take", summary="See to it", **changes(EscalationOut))
def take_escalation(request: HttpRequest, escalation_id: PathId) -> HttpResponse:
    """From now on it is yours to resolve; others see that. Taken by somebody else: 409."""
    return _changed(request, escalation_id, actions.take_escalation)


@router.post(
    "/escalations/{escalation_id}/release", summary="Give it back", **changes(EscalationOut)
)
def release_escalation(request: HttpRequest, escalation_id: PathId) -> HttpResponse:
    """It is anybody's again, whoever had taken it."""
    return _changed(request, escalation_id, actions.release_escalation)


Act = Callable[[UUID, UUID, datetime, Actor], object]


def _changed(request: HttpRequest, escalation_id: str, change: Act) -> HttpResponse:
    """Let `change` happen to the escalation, once; answers it as it is then."""
    business, now = business_of(request), clock()
    wanted = path_id(escalation_id, NO_SUCH)

    def show(row: Escalation) -> Answer:
        return answer(shapes.escalation(row, shapes.zone_of(business)))

    def act(alongside: Callable[[Escalation], None]) -> None:
        with transaction.atomic():
            change(business.id, wanted, now, actor_of(request))
            alongside(cases.escalation(business.id, wanted))

    try:
        return once(request, now, show, act)
    except Escalation.DoesNotExist as error:
        raise not_found(NO_SUCH) from error
