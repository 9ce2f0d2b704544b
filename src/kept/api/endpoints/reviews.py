"""Reviews: the pages, what was seen, who belongs to the business, whether all are asked alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router

from kept.api import shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import (
    EqualityOut,
    InsiderOut,
    ListOut,
    ReviewOut,
    ReviewPageOut,
    TouchedOut,
)
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.once import Alongside, once
from kept.api.problems import invalid, not_found
from kept.api.takes import EqualityIn, InsiderIn, PageIn, PathId, ReviewIn, ReviewPageIn
from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment
from kept.clock.queries import now as clock
from kept.journeys import equality, reputation
from kept.journeys.reputation import Review, ReviewError, ReviewLink, Seen

router = Router(tags=["Reviews"])

NO_PAGE = "There is no such review page."
NO_REVIEW = "There is no such review."
NO_APPOINTMENT = "There is no such appointment."


# The pages


def _show_page(request: HttpRequest, row: ReviewLink, now: datetime) -> Answer:
    return tagged(shapes.review_page(row))


pages = Acts(router, "/review-pages/{page_id}", reputation.link, _show_page, NO_PAGE)


@router.get("/review-pages", summary="Where you are reviewed", **lists(ListOut[ReviewPageOut]))
def list_review_pages(request: HttpRequest, asked: Query[PageIn]) -> HttpResponse:
    """The pages customers are led to, in the order in which every letter names them."""

    def show(found: list[ReviewLink]) -> list[ReviewPageOut]:
        return [shapes.review_page(row) for row in found]

    rows = reputation.links(business_of(request).id)
    return page(request, rows, {"id": UUID}, show, asked)


@router.post("/review-pages", summary="Name a review page", **makes(ReviewPageOut))
def add_review_page(request: HttpRequest, body: ReviewPageIn) -> HttpResponse:
    """From now on everybody who is asked is led there too. The same page twice is one."""
    business, now = business_of(request), clock()

    def show(row: ReviewLink) -> Answer:
        address = reverse("api:get_review_page", args=[row.id])
        return answer(shapes.review_page(row)).made(request, address)

    def act(alongside: Alongside[ReviewLink]) -> None:
        reputation.add_link(
            business.id,
            body.name,
            body.url,
            now,
            actor_of(request),
            place=body.place,
            alongside=alongside,
        )

    try:
        return once(request, now, show, act)
    except ReviewError as error:
        raise invalid(f"#/{error.field}", str(error)) from error


@router.get("/review-pages/{page_id}", summary="A page", **reads(ReviewPageOut, 404, etag=True))
def get_review_page(request: HttpRequest, page_id: PathId) -> HttpResponse:
    """What it is called, where it is, and for visits at which place."""
    return pages.read(request, page_id)


@pages.delete("Lead nobody there any more", **changes(TouchedOut))
def remove_review_page(ask: Ask[ReviewLink]) -> None:
    """Without any page nobody is asked for a review; who waits to be asked waits for another."""
    done = ask.done
    reputation.remove_link(ask.business.id, ask.thing.id, ask.now, ask.actor, lambda: done([]))


# What was seen


def _show_review(request: HttpRequest, row: Review, now: datetime) -> Answer:
    return tagged(_reviews(request, [row])[0])


def _reviews(request: HttpRequest, rows: list[Review]) -> list[ReviewOut]:
    zone, still = shapes.zone_of(business_of(request)), reputation.to_reply(rows)
    return [shapes.review(row, zone, is_open=row.id in still) for row in rows]


seen = Acts(router, "/reviews/{review_id}", reputation.review, _show_review, NO_REVIEW)


@router.get("/reviews", summary="Reviews that were seen", **lists(ListOut[ReviewOut]))
def list_reviews(request: HttpRequest, asked: Query[PageIn]) -> HttpResponse:
    """The oldest first. `open`: somebody still has to reply, or to put something right."""
    rows = reputation.reviews(business_of(request).id).order_by("seen_at", "id")
    order: Order = {"seen_at": datetime.fromisoformat, "id": UUID}
    return page(request, rows, order, lambda found: _reviews(request, found), asked)


@router.post("/reviews", summary="A review was seen", **makes(ReviewOut, 404))
def record_review(request: HttpRequest, body: ReviewIn) -> HttpResponse:
    """A person is asked to reply within two working days, and behind a bad one (up to three of
    five) to put right what went wrong. The same review twice is one: by `external_id`, or else by
    all it says.
    """
    business, now = business_of(request), clock()
    given = Seen(**body.model_dump())

    def show(row: Review) -> Answer:
        address = reverse("api:get_review", args=[row.id])
        return answer(_reviews(request, [row])[0]).made(request, address)

    def act(alongside: Alongside[Review]) -> None:
        reputation.record_review(business, given, now, actor_of(request), alongside)

    try:
        return once(request, now, show, act)
    except ReviewError as error:
        raise invalid(f"#/{error.field}", str(error)) from error
    except Appointment.DoesNotExist as error:
        raise not_found(NO_APPOINTMENT, "#/appointment") from error


@router.get("/reviews/equality", summary="Is everybody asked alike?", **reads(EqualityOut))
def get_equality(request: HttpRequest, asked: Query[EqualityIn]) -> HttpResponse:
    """Of the visits that somebody saw take place: who was asked for a review, who was not and why.

    By service, member of staff and what was said of the visit (the private answer, or a complaint
    told to somebody); `low` and `high` are the Wilson interval (95 %) of the share, `less` says
    that a group is asked less than the others and hardly by chance. Who had just been asked about
    another visit is named and left out of the share.
    """
    business, now = business_of(request), clock()
    found = equality.equality(business.id, now - timedelta(days=asked.days), now)
    return answer(shapes.equality(found, shapes.zone_of(business))).response()


@router.get("/reviews/{review_id}", summary="A review", **reads(ReviewOut, 404, etag=True))
def get_review(request: HttpRequest, review_id: PathId) -> HttpResponse:
    """What it says, where, and whether somebody still has to do something about it."""
    return seen.read(request, review_id)


@seen.post("withdraw", "It was entered by mistake", **changes(ReviewOut))
def withdraw_review(ask: Ask[Review]) -> None:
    """Nobody need reply to it. 409 when everything about it has been done."""
    done = ask.done
    reputation.withdraw_review(ask.business.id, ask.thing.id, ask.now, ask.actor, done)


# Who belongs to the business


def _show_insider(request: HttpRequest, row: Appointment, now: datetime) -> Answer:
    return answer(InsiderOut(insider=reputation.is_insider(row.customer_id)))


booked = Acts(
    router,
    "/appointments/{appointment_id}",
    appointments.appointment,
    _show_insider,
    NO_APPOINTMENT,
)


@booked.post("insider", "The customer belongs to the business", **changes(InsiderOut))
def mark_insider(ask: Ask[Appointment], body: InsiderIn) -> None:
    """Staff, their families: they are asked for no review, about this visit or any other."""
    customer, done = ask.thing.customer_id, lambda: ask.done(ask.thing)
    reputation.mark_insider(
        ask.business.id, customer, body.insider, ask.now, ask.actor, alongside=done
    )
