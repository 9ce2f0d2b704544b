"""GET /hand-offs, and answering one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer
from kept.api.declare import changes, lists, reads
from kept.api.gives import HandOffOut, ListOut, TakenOverOut
from kept.api.keys import business_of
from kept.api.lists import Order, page
from kept.api.takes import HandOffsIn, RejectIn, RemarkIn, SpanIn
from kept.appointments import actions
from kept.cases import queries as cases
from kept.cases.queries import HandOff
from kept.clock.queries import now as clock

A_MONTH = timedelta(days=30)

router = Router(tags=["Hand-offs"])


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


@router.get("/hand-offs/taken-over", summary="How they are taken over", **reads(TakenOverOut))
def how_taken_over(request: HttpRequest, asked: Query[SpanIn]) -> HttpResponse:
    """Of what was offered in a time: how much waits, and how much nobody took over in time. All
    paths first, then each."""
    business, now = business_of(request), clock()
    end = asked.end or now
    begin = asked.begin or end - A_MONTH
    found = cases.taken_over(business.id, begin, end, now)
    return answer(shapes.taken_over(found, begin, end, shapes.zone_of(business))).response()


def _show(request: HttpRequest, row: HandOff, now: datetime) -> Answer:
    return answer(shapes.hand_off(row, shapes.zone_of(business_of(request))))


acts = Acts(router, "/hand-offs/{hand_off_id}", cases.hand_off, _show, "There is no such hand-off.")
Asked = Ask[HandOff]
NO_REMARK = RemarkIn(reason="")
CHANGES = changes(HandOffOut)


@acts.post("accept", "Take it over", **CHANGES)
def accept_hand_off(ask: Asked, body: RemarkIn = NO_REMARK) -> None:
    """From here on the next step is yours."""
    _answer(ask, accept=True, reason=body.reason)


@acts.post("reject", "Refuse it", **CHANGES)
def reject_hand_off(ask: Asked, body: RejectIn) -> None:
    """It goes back, and a person of the business has to see to it."""
    _answer(ask, accept=False, reason=body.reason)


def _answer(ask: Asked, *, accept: bool, reason: str) -> None:
    business, wanted = ask.business.id, ask.thing.id
    with transaction.atomic():
        actions.answer_hand_off(business, wanted, ask.now, ask.actor, accept=accept, reason=reason)
        ask.done(cases.hand_off(business, wanted))
