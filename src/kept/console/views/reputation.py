"""Reviews: whether everybody is asked alike, what was seen, the pages, and who is no customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.appointments import queries as appointments
from kept.console import forms
from kept.console.access import Desk, at_desk, sent, show
from kept.core.case import NotAllowed
from kept.core.time import local_day
from kept.journeys import equality, reputation
from kept.journeys.equality import Group
from kept.journeys.reputation import Review, ReviewError, Seen

DAYS = (30, 90, 365)
LISTED = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A group drawn: percents from 0 to 100 for the picture, and the words beside it."""

    group: Group
    rate: int | None
    low: int
    high: int
    why: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A review that was seen, and whether somebody still has to do something about it."""

    row: Review
    is_open: bool


@at_desk(Member.FRONT_DESK)
def overview(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Who was asked for a review, who was not and why; and the reviews that were seen."""
    asked = request.GET.get("days", "")
    days = next((each for each in DAYS if str(each) == asked), DAYS[1])
    found = equality.equality(desk.business.id, desk.now - timedelta(days=days), desk.now)
    context: dict[str, object] = {
        "found": found,
        "whole": _bar(found.everybody),
        "tables": [
            ("By service", _bars(found.by_service)),
            ("By member of staff", _bars(found.by_staff)),
            ("By what was said of the visit", _bars(found.by_answer)),
        ],
        "days": days,
        "choices": DAYS,
        "missing": reputation.to_set_up(desk.business),
        "reviews": _listed(desk),
    }
    return show(request, desk, "console/reviews.html", context)


def _bars(groups: list[Group]) -> list[Bar]:
    return [_bar(group) for group in groups]


def _bar(group: Group) -> Bar:
    why = ", ".join(f"{n} {reason}" for reason, n in group.reasons.items())
    share = group.share
    if share is None:
        return Bar(group, None, 0, 100, why)
    rate, low, high = (round(100 * part) for part in (share.rate, share.low, share.high))
    return Bar(group, rate, low, high, why)


def _listed(desk: Desk) -> list[Listed]:
    rows = list(reputation.reviews(desk.business.id)[:LISTED])
    still = reputation.to_reply(rows)
    return [Listed(row, row.id in still) for row in rows]


@at_desk(Member.FRONT_DESK, posts=True)
def new_review(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Enter a review that somebody read; a person is then asked to reply."""
    begin: dict[str, object] = {"written_on": local_day(desk.now, desk.zone)}
    form = forms.SeenReview(sent(request), initial=begin)
    if request.method == "POST" and form.is_valid() and _enter(request, desk, form):
        return redirect("console:reputation")
    status = 400 if form.is_bound else 200
    return show(request, desk, "console/new_review.html", {"form": form}, status=status)


def _enter(request: HttpRequest, desk: Desk, form: forms.SeenReview) -> bool:
    data = dict(form.cleaned_data)
    reference = data.pop("reference").strip()
    known = appointments.by_reference(reference, desk.business.id) if reference else []
    if reference and not known:
        form.add_error("reference", "There is no appointment of this reference.")
        return False
    seen = Seen(**data, appointment=known[0].id if known else None)
    try:
        _, made = reputation.record_review(desk.business, seen, desk.now, desk.actor)
    except ReviewError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    said = "Written down; somebody is to reply." if made else "This review is known already."
    messages.success(request, said)
    return True


@at_desk(Member.FRONT_DESK, posts=True)
def mistake(request: HttpRequest, desk: Desk, review_id: UUID) -> HttpResponse:
    """It was entered by mistake: nobody need reply to it."""
    row = reputation.review(desk.business.id, review_id)
    if request.method == "POST":
        try:
            reputation.withdraw_review(desk.business.id, row.id, desk.now, desk.actor)
        except NotAllowed as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, "Taken back. Nobody need reply to it.")
        return redirect("console:reputation")
    return show(request, desk, "console/review_mistake.html", {"review": row})


@at_desk(Member.FRONT_DESK, posts=True)
def insider(request: HttpRequest, desk: Desk, appointment_id: UUID) -> HttpResponse:
    """Say that this customer belongs to the business, or does not: who does is asked no review."""
    booked = appointments.appointment(desk.business.id, appointment_id)
    now_is = reputation.is_insider(booked.customer_id)
    if request.method == "POST":
        becomes = request.POST.get("insider") == "yes"
        customer = booked.customer_id
        reputation.mark_insider(desk.business.id, customer, becomes, desk.now, desk.actor)
        messages.success(
            request,
            "Written down: not asked for a review." if becomes else "Written down: asked like all.",
        )
        return redirect("console:appointment", booked.id)
    context: dict[str, object] = {"appointment": booked, "insider": now_is}
    return show(request, desk, "console/insider.html", context)


# Set-up


@at_desk(Member.OWNER, posts=True)
def pages(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The pages customers are led to, and one more of them."""
    form = forms.ReviewPage(sent(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = reputation.add_link(
                desk.business.id,
                data["name"],
                data["url"],
                desk.now,
                desk.actor,
                place=data["place"],
            )
        except ReviewError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"{made.name} is named to everybody who is asked from now.")
            return redirect("console:review_pages")
    context: dict[str, object] = {
        "form": form,
        "links": list(reputation.links(desk.business.id)),
        "missing": reputation.to_set_up(desk.business),
    }
    status = 400 if form.is_bound else 200
    return show(request, desk, "console/setup/review_pages.html", context, status=status)


@at_desk(Member.OWNER, posts=True)
def remove_page(request: HttpRequest, desk: Desk, link_id: UUID) -> HttpResponse:
    """The page is named to nobody any more."""
    found = reputation.link(desk.business.id, link_id)
    if request.method == "POST":
        reputation.remove_link(desk.business.id, found.id, desk.now, desk.actor)
        messages.success(request, f"{found.name} is named to nobody any more.")
        return redirect("console:review_pages")
    return show(request, desk, "console/setup/remove_review_page.html", {"link": found})
