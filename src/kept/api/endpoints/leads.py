"""Leads: who asks, what became of it, and how fast they were answered."""

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
from kept.api.gives import FollowingOut, LeadOut, LeadTimelineOut, ListOut, SpeedOut
from kept.api.keys import actor_of, business_of
from kept.api.lists import Order, page
from kept.api.once import Alongside, once
from kept.api.problems import not_found
from kept.api.takes import (
    AskerIn,
    CalledIn,
    LeadIn,
    LeadsIn,
    PathId,
    QualifyIn,
    RemarkIn,
    RepliedIn,
    SpeedIn,
    path_id,
)
from kept.clock.queries import now as clock
from kept.journeys import queries as journeys
from kept.leads import actions, queries
from kept.leads.actions import Asked, Taken
from kept.leads.queries import Lead
from kept.leads.speed import speed
from kept.people.actions import Contact
from kept.schedule.queries import Service

router = Router(tags=["Leads"])

NO_SUCH = "There is no such lead."
NO_REMARK = RemarkIn(reason="")
A_MONTH = timedelta(days=30)


@router.post("/leads", summary="Somebody asks something", **makes(LeadOut, 404, 409))
def ask(request: HttpRequest, body: LeadIn) -> HttpResponse:
    """It is acknowledged at once by e-mail, with a link to book, and a person is due.

    Whoever has the same e-mail address or phone number as an open lead is added to that
    (`joined`). The same `key` again is answered as it was, and counts once.
    """
    business, now = business_of(request), clock()
    asked = Asked(
        _contact(body.customer),
        body.source,
        words=body.words,
        service=body.service,
        key=f"api:{body.key}" if body.key else "",
        agrees=body.agrees,
    )

    def show(taken: Taken) -> Answer:
        lead = queries.lead(business.id, taken.lead.pk)
        shown = shapes.lead(
            lead, queries.enquiries(lead), shapes.zone_of(business), joined=taken.joined
        )
        return answer(shown).made(request, reverse("api:get_lead", args=[lead.pk]))

    def act(alongside: Alongside[Taken]) -> None:
        actions.receive(business, asked, now, actor_of(request), alongside)

    try:
        return once(request, now, show, act)
    except Service.DoesNotExist as error:
        raise not_found("There is no such service.", "#/service") from error


def _contact(asker: AskerIn) -> Contact:
    given = asker.model_dump(exclude_none=True)
    return Contact(**{"name": asker.email or queries.nameless(asker.phone or ""), **given})


@router.get("/leads", summary="Leads", **lists(ListOut[LeadOut]))
def list_leads(request: HttpRequest, asked: Query[LeadsIn]) -> HttpResponse:
    """Oldest first. `state=open` are those that wait for something."""
    business = business_of(request)
    zone = shapes.zone_of(business)
    rows = queries.leads(business.id, state=asked.state or "", source=asked.source or "")

    def show(found: list[Lead]) -> list[LeadOut]:
        said = queries.enquiries_of(found)
        return [shapes.lead(row, said[row.pk], zone) for row in found]

    order: Order = {"opened_at": datetime.fromisoformat, "case_id": UUID}
    return page(request, rows.order_by("opened_at", "case_id"), order, show, asked)


@router.get("/leads/speed", summary="How fast leads are answered", **reads(SpeedOut))
def speed_to_lead(request: HttpRequest, asked: Query[SpeedIn]) -> HttpResponse:
    """From the enquiry to the letter, and to the first person who turned to them: by the clock,
    and counting only the time in which the business was open. All doors first, then each."""
    business, now = business_of(request), clock()
    end = asked.end or now
    begin = asked.begin or end - A_MONTH
    found = speed(business.id, begin, end, now)
    return answer(shapes.speed(found, begin, end, shapes.zone_of(business))).response()


@router.get("/leads/{lead_id}", summary="A lead", **reads(LeadOut, 404, etag=True))
def get_lead(request: HttpRequest, lead_id: PathId) -> HttpResponse:
    """A lead as it is now, with everything that was asked."""
    return acts.read(request, lead_id)


@router.get(
    "/leads/{lead_id}/timeline",
    summary="What happened to a lead, and what is next",
    **reads(LeadTimelineOut, 404),
)
def lead_timeline(request: HttpRequest, lead_id: PathId) -> HttpResponse:
    """Events, duties, letters with their evidence, what needed a person, and hand-offs."""
    business = business_of(request)
    try:
        lead = queries.lead(business.id, path_id(lead_id, NO_SUCH))
    except Lead.DoesNotExist as error:
        raise not_found(NO_SUCH) from error
    shown = shapes.lead_timeline(queries.timeline(lead), shapes.zone_of(business))
    return answer(shown).response()


def _show(request: HttpRequest, lead: Lead, now: datetime) -> Answer:
    zone = shapes.zone_of(business_of(request))
    return tagged(shapes.lead(lead, queries.enquiries(lead), zone), lead.case.version)


@router.get(
    "/leads/{lead_id}/following",
    summary="What a lead became that fell silent",
    **reads(FollowingOut, 404),
)
def lead_following(request: HttpRequest, lead_id: PathId) -> HttpResponse:
    """Whoever agreed to be written to is invited again (`reactivation`); of others it is empty."""
    try:
        lead = queries.lead(business_of(request).id, path_id(lead_id, NO_SUCH))
    except Lead.DoesNotExist as error:
        raise not_found(NO_SUCH) from error
    return _following(request, lead, clock()).response()


def _following(request: HttpRequest, lead: Lead, now: datetime) -> Answer:
    found = journeys.of_appointment(lead.pk)
    return answer(shapes.following(found, shapes.zone_of(business_of(request))))


acts = Acts(router, "/leads/{lead_id}", queries.lead, _show, NO_SUCH)
CHANGES = changes(LeadOut)


def _say(ask: Ask[Lead], name: str, reason: str = "", **more: object) -> None:
    actions.say(
        ask.business.id,
        ask.thing.pk,
        name,
        ask.now,
        ask.actor,
        reason=reason,
        alongside=ask.done,
        **more,  # type: ignore[arg-type]  # only what *qualified* takes
    )


@acts.post("called", "Somebody called them", **CHANGES)
def lead_called(ask: Ask[Lead], body: CalledIn) -> None:
    """Reached or not: it counts as an answer. Whom no letter reaches is due for another call."""
    _say(ask, "reached" if body.reached else "not_reached", body.reason)


@acts.post("responded", "Somebody answered them in writing", **CHANGES)
def lead_responded(ask: Ask[Lead], body: RemarkIn = NO_REMARK) -> None:
    """They need not wait any more."""
    _say(ask, "responded", body.reason)


@acts.post("replied", "They wrote or said something", **CHANGES)
def lead_replied(ask: Ask[Lead], body: RepliedIn) -> None:
    """No more letters by itself; a person is due within a quarter of an hour."""
    _say(ask, "replied", body.words)


@acts.post("qualify", "We can help", **CHANGES)
def qualify_lead(ask: Ask[Lead], body: QualifyIn) -> None:
    """From here on free times of the service are offered by letter, unless `offer` is false or a
    person has taken the lead over."""
    try:
        _say(ask, "qualified", body.reason, service=body.service, offer=body.offer)
    except Service.DoesNotExist as error:
        raise not_found("There is no such service.", "#/service") from error


@acts.post("take-over", "A person takes it over", **CHANGES)
def take_lead_over(ask: Ask[Lead], body: RemarkIn = NO_REMARK) -> None:
    """No more letters by itself. Who waits for an answer still does."""
    _say(ask, "taken_over", body.reason)


@acts.post("not-a-fit", "We cannot help them", **CHANGES)
def lead_not_a_fit(ask: Ask[Lead], body: RemarkIn = NO_REMARK) -> None:
    """The lead ends."""
    _say(ask, "not_a_fit", body.reason)


@acts.post("give-up", "Nobody could be reached", **CHANGES)
def give_lead_up(ask: Ask[Lead], body: RemarkIn = NO_REMARK) -> None:
    """The lead ends."""
    _say(ask, "gave_up", body.reason)


@acts.post("stop", "They want to hear no more", **CHANGES)
def stop_lead(ask: Ask[Lead], body: RemarkIn = NO_REMARK) -> None:
    """The lead ends, and nothing else invites them either."""
    actions.stop(ask.thing, ask.now, ask.actor, source="api", wording=body.reason)
    ask.done(queries.lead(ask.business.id, ask.thing.pk))
