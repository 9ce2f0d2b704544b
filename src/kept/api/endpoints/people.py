"""GET /people, one of them whole, their timeline; writing down what they want."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kept.api import gives, people_shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer, tagged
from kept.api.declare import changes, lists, reads
from kept.api.gives import HappeningOut, ListOut, PersonOut
from kept.api.keys import business_of
from kept.api.lists import Order, page
from kept.api.problems import invalid
from kept.api.shapes import customer as customer_shape
from kept.api.takes import PageIn, PathId, PeopleIn, WishIn
from kept.journeys import actions
from kept.journeys import person as journeys
from kept.journeys.person import Happening
from kept.people import queries
from kept.people.queries import Customer

router = Router(tags=["People"])
NO_SUCH = "There is no such person."


@router.get("/people", summary="Find people", **lists(ListOut[gives.CustomerOut]))
def list_people(request: HttpRequest, asked: Query[PeopleIn]) -> HttpResponse:
    """By when they became known. `q` is a part of the name, the e-mail address or the number."""
    rows = queries.matching(business_of(request).id, asked.q or "")

    def show(found: list[Customer]) -> list[gives.CustomerOut]:
        return [customer_shape(row) for row in found]

    order: Order = {"created_at": datetime.fromisoformat, "id": UUID}
    return page(request, rows, order, show, asked)


def _show(request: HttpRequest, row: Customer, now: datetime) -> Answer:
    found = journeys.person(row.business_id, row.id)
    return tagged(people_shapes.person(found, business_of(request)))


acts = Acts(router, "/people/{person_id}", queries.customer_of, _show, NO_SUCH)


@router.get(
    "/people/{person_id}", summary="One person, over all paths", **reads(PersonOut, 404, etag=True)
)
def read_person(request: HttpRequest, person_id: PathId) -> HttpResponse:
    """Where each of their cases stands and what is next on it, how we write to them, and what they
    agreed to or refused, with the proof."""
    return acts.read(request, person_id)


@router.get(
    "/people/{person_id}/timeline",
    summary="Everything that happened with a person",
    **lists(ListOut[HappeningOut], 404),
)
def read_person_timeline(
    request: HttpRequest, person_id: PathId, asked: Query[PageIn]
) -> HttpResponse:
    """Over all their cases, the newest first: events, letters, hand-offs, what they want. What is
    still planned stands with each case of the person."""
    found = journeys.person(business_of(request).id, acts.found(request, person_id).id)
    happened = _after(request, journeys.timeline(found), asked)
    here, more = happened[: asked.limit], len(happened) > asked.limit
    following = _signer(request).sign_object(_place(here[-1])) if more else None
    headers = {"Link": f'<{request.path}?cursor={following}>; rel="next"'} if following else {}
    items = people_shapes.happenings(here, business_of(request))
    return answer({"items": items, "next": following}, headers=headers).response()


def _after(request: HttpRequest, happened: list[Happening], asked: PageIn) -> list[Happening]:
    """What comes after the cursor: entries that are new meanwhile shift nothing."""
    if asked.cursor is None:
        return happened
    try:
        at, key = _signer(request).unsign_object(asked.cursor)
        last = (datetime.fromisoformat(at), str(key))
    except (signing.BadSignature, ValueError, TypeError) as error:
        detail = "This is not a cursor of this list: take `next` of the page before as it is."
        raise invalid("?cursor", detail) from error
    return [each for each in happened if each.key < last]


def _place(happening: Happening) -> list[str]:
    at, key = happening.key
    return [at.isoformat(), key]


def _signer(request: HttpRequest) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"{request.path} {business_of(request).id}")


@acts.post(
    "wishes", "Write down what they agree to or refuse", **changes(PersonOut, versioned=True)
)
def record_wish(ask: Ask[Customer], body: WishIn) -> None:
    """It holds at once, on every path and for their address. What a person asks for in the moment,
    such as the confirmation of a visit they book themselves, still goes out."""
    with transaction.atomic():
        acts.look(ask)(ask.thing)
        actions.record_wish(
            ask.thing.id,
            body.wish,
            ask.now,
            ask.actor,
            given=body.given,
            source="api",
            wording=body.wording,
        )
        ask.done(queries.customer_of(ask.business.id, ask.thing.id))
