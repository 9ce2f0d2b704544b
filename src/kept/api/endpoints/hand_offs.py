"""GET /hand-offs, and answering one."""

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
from kept.api.gives import HandOffOut, ListOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.once import once
from kept.api.problems import not_found
from kept.api.takes import HandOffsIn, PathId, RejectIn, RemarkIn, path_id
from kept.appointments import actions
from kept.cases import queries as cases
from kept.cases.queries import HandOff
from kept.clock.queries import now as clock

router = Router(tags=["Hand-offs"])

NO_SUCH = "There is no such hand-off."


@router.get("/hand-offs", summary="What is handed on", **lists(ListOut[HandOffOut]))
def list_hand_offs(
    request: HttpRequest,
    asked: Query[HandOffsIn],
) -> HttpResponse:
    """Oldest first. `payload` is everything the next path needs to begin."""
    business = business_of(request)
    zone = shapes.zone_of(business)
    rows = cases.hand_offs(business.id, asked.status or "")

    def show(found: list[HandOff]) -> list[HandOffOut]:
        return [shapes.hand_off(row, zone) for row in found]

    order: Order = {"offered_at": datetime.fromisoformat, "id": UUID}
    return page(request, rows, order, show, asked)


@router.post("/hand-offs/{hand_off_id}/accept", summary="Take it over", **changes(HandOffOut))
def accept_hand_off(
    request: HttpRequest, hand_off_id: PathId, body: RemarkIn | None = None
) -> HttpResponse:
    """From here on the next step is yours."""
    return _answer(request, hand_off_id, accept=True, reason=body.reason if body else "")


@router.post("/hand-offs/{hand_off_id}/reject", summary="Refuse it", **changes(HandOffOut))
def reject_hand_off(request: HttpRequest, hand_off_id: PathId, body: RejectIn) -> HttpResponse:
    """It goes back, and a person of the business has to see to it."""
    return _answer(request, hand_off_id, accept=False, reason=body.reason)


def _answer(request: HttpRequest, hand_off_id: str, *, accept: bool, reason: str) -> HttpResponse:
    business, now = business_of(request), clock()
    wanted = path_id(hand_off_id, NO_SUCH)

    def show(row: HandOff) -> Answer:
        return answer(shapes.hand_off(row, shapes.zone_of(business)))

    def act(alongside: Callable[[HandOff], None]) -> None:
        with transaction.atomic():
            actions.answer_hand_off(
                business.id, wanted, now, actor_of(request), accept=accept, reason=reason
            )
            alongside(cases.hand_off(business.id, wanted))

    try:
        return once(request, now, show, act)
    except HandOff.DoesNotExist as error:
        raise not_found(NO_SUCH) from error
