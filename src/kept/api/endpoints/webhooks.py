"""Who hears of what happens: /webhook-endpoints, their deliveries, and signed answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router

from kept.api import hooks, shapes
from kept.api.acts import Acts, Ask
from kept.api.answers import Answer, answer, tagged
from kept.api.declare import changes, lists, makes, reads
from kept.api.gives import (
    DeliveryOut,
    HandOffOut,
    ListOut,
    NewWebhookEndpointOut,
    ReplayedOut,
    WebhookEndpointOut,
)
from kept.api.keys import business_of
from kept.api.lists import Order, page
from kept.api.once import once
from kept.api.problems import Problem, invalid, not_found
from kept.api.takes import (
    AnswerIn,
    DeliveriesIn,
    PageIn,
    PathId,
    ReplayIn,
    WebhookEndpointChangeIn,
    WebhookEndpointIn,
    path_id,
)
from kept.appointments import actions as appointments
from kept.cases import queries as cases
from kept.cases.queries import HandOff
from kept.clock.queries import now as clock
from kept.clock.queries import real_now
from kept.core.case import Actor, Role
from kept.lib import signing
from kept.webhooks import actions, queries
from kept.webhooks.actions import EndpointError
from kept.webhooks.queries import Delivery, Endpoint

router = Router(tags=["Webhooks"])

NO_ENDPOINT = "There is no such endpoint."
NO_DELIVERY = "There is no such delivery."


def _show(request: HttpRequest, row: Endpoint, now: datetime) -> Answer:
    return tagged(hooks.endpoint(row, shapes.zone_of(business_of(request))))


def _show_new(request: HttpRequest, row: Endpoint, now: datetime) -> Answer:
    zone = shapes.zone_of(business_of(request))
    return answer(hooks.new_endpoint(row, zone), headers=_show(request, row, now).headers)


AT = "/webhook-endpoints/{endpoint_id}"
acts = Acts(router, AT, queries.endpoint, _show, NO_ENDPOINT)
with_secret = Acts(router, AT, queries.endpoint, _show_new, NO_ENDPOINT)
CHANGES = changes(WebhookEndpointOut)


@router.get("/webhook-endpoints", summary="Who hears", **lists(ListOut[WebhookEndpointOut]))
def list_webhook_endpoints(request: HttpRequest, asked: Query[PageIn]) -> HttpResponse:
    """The endpoints of the business, oldest first, without their secrets."""
    business = business_of(request)
    zone = shapes.zone_of(business)
    order: Order = {"created_at": datetime.fromisoformat, "id": UUID}

    def show(found: list[Endpoint]) -> list[WebhookEndpointOut]:
        return [hooks.endpoint(row, zone) for row in found]

    return page(request, queries.endpoints(business.id), order, show, asked)


@router.post(
    "/webhook-endpoints", summary="Add an endpoint", **makes(NewWebhookEndpointOut, etag=True)
)
def add_webhook_endpoint(request: HttpRequest, body: WebhookEndpointIn) -> HttpResponse:
    """It hears of everything from now on. `secret` signs every event; it is given this once."""
    business, now = business_of(request), clock()

    def show(row: Endpoint) -> Answer:
        at = reverse("api:get_webhook_endpoint", args=[row.id])
        return _show_new(request, row, now).made(request, at)

    def act(alongside: Callable[[Endpoint], None]) -> None:
        with transaction.atomic():
            fields = _as_kept(body.model_dump())
            url = fields.pop("url")
            alongside(actions.create(business.id, url, now, **fields))

    try:
        return once(request, now, show, act)
    except EndpointError as error:
        raise _refused(error) from error


def _as_kept(given: dict[str, Any]) -> dict[str, Any]:
    return {"form" if name == "format" else name: value for name, value in given.items()}


def _refused(error: EndpointError) -> Problem:
    field = "format" if error.field == "form" else error.field
    return invalid(f"#/{field}", str(error))


@router.get(AT, summary="One endpoint", **reads(WebhookEndpointOut, 404, etag=True))
def get_webhook_endpoint(request: HttpRequest, endpoint_id: PathId) -> HttpResponse:
    """Where it is, what it hears, whether anything waits for it. Without its secret."""
    return acts.read(request, endpoint_id)


@acts.patch("Change an endpoint", **changes(WebhookEndpointOut, versioned=True))
def change_webhook_endpoint(ask: Ask[Endpoint], body: WebhookEndpointChangeIn) -> None:
    """What is given changes, the rest stays; so does what waits to be delivered."""
    given = _as_kept(body.model_dump(exclude_unset=True))
    try:
        with transaction.atomic():
            acts.look(ask)(ask.thing)
            actions.change(ask.business.id, ask.thing.id, ask.now, **given)
            _done(ask)
    except EndpointError as error:
        raise _refused(error) from error


def _done(ask: Ask[Endpoint]) -> None:
    ask.done(queries.endpoint(ask.business.id, ask.thing.id))


@acts.remove("Remove an endpoint", **changes(WebhookEndpointOut, versioned=True))
def remove_webhook_endpoint(ask: Ask[Endpoint]) -> None:
    """Its log goes with it, and what waits for it is not delivered. Answers it as it was."""
    with transaction.atomic():
        acts.look(ask)(ask.thing)
        ask.done(ask.thing)
        actions.remove(ask.business.id, ask.thing.id)


@acts.post("disable", "Turn it off", **CHANGES)
def disable_webhook_endpoint(ask: Ask[Endpoint]) -> None:
    """Nothing is sent there until it is enabled. What happens meanwhile is kept for 90 days."""
    with transaction.atomic():
        actions.disable(ask.business.id, ask.thing.id, ask.now)
        _done(ask)


@acts.post("enable", "Turn it on again", **CHANGES)
def enable_webhook_endpoint(ask: Ask[Endpoint]) -> None:
    """What was kept for it is delivered first, in order."""
    with transaction.atomic():
        actions.enable(ask.business.id, ask.thing.id, ask.now)
        _done(ask)


@with_secret.post("rotate-secret", "Change its secret", **changes(NewWebhookEndpointOut))
def rotate_webhook_secret(ask: Ask[Endpoint]) -> None:
    """The new secret is in the answer. For 24 hours events are signed with both."""
    with transaction.atomic():
        actions.rotate(ask.business.id, ask.thing.id, real_now())
        _done(ask)


def _show_delivery(request: HttpRequest, row: Any, now: datetime) -> Answer:
    return answer(hooks.delivery(row, shapes.zone_of(business_of(request))))


def _show_replayed(request: HttpRequest, count: Any, now: datetime) -> Answer:
    return answer(ReplayedOut(events=count))


trying: Acts[Endpoint] = Acts(router, AT, queries.endpoint, _show_delivery, NO_ENDPOINT)
replaying: Acts[Endpoint] = Acts(router, AT, queries.endpoint, _show_replayed, NO_ENDPOINT)


@trying.post("test", "Try it", **changes(DeliveryOut))
def test_webhook_endpoint(ask: Ask[Endpoint]) -> None:
    """Sends `webhook.test`, once, also to a disabled endpoint. Its deliveries tell how it went."""
    with transaction.atomic():
        ask.done(actions.test(ask.business.id, ask.thing.id, ask.now))


@replaying.post("replay", "Send everything since a moment once more", **changes(ReplayedOut))
def replay_webhook_events(ask: Ask[Endpoint], body: ReplayIn) -> None:
    """In their order and under their old ids. Events are kept for 30 days."""
    with transaction.atomic():
        ask.done(actions.replay_since(ask.business.id, ask.thing.id, body.since, ask.now))


# Deliveries


@router.get(
    f"{AT}/deliveries", summary="What became of each event", **lists(ListOut[DeliveryOut], 404)
)
def list_webhook_deliveries(
    request: HttpRequest, endpoint_id: PathId, asked: Query[DeliveriesIn]
) -> HttpResponse:
    """In the order in which they are delivered, with every attempt, for 30 days."""
    business = business_of(request)
    zone, found = shapes.zone_of(business), _endpoint(request, endpoint_id)
    rows = queries.deliveries(found).order_by("endpoint_id", "id")
    if asked.status:
        rows = rows.filter(status=asked.status)
    order: Order = {"endpoint_id": UUID, "id": int}

    def show(page: list[Delivery]) -> list[DeliveryOut]:
        return [hooks.delivery(row, zone) for row in page]

    return page(request, rows, order, show, asked)


def _endpoint(request: HttpRequest, given: str) -> Endpoint:
    wanted = path_id(given, NO_ENDPOINT)
    try:
        return queries.endpoint(business_of(request).id, wanted)
    except Endpoint.DoesNotExist as error:
        raise not_found(NO_ENDPOINT) from error


@router.post(
    f"{AT}/deliveries/{{event_id}}/replay", summary="Send one event again", **changes(DeliveryOut)
)
def replay_webhook_delivery(
    request: HttpRequest, endpoint_id: PathId, event_id: PathId
) -> HttpResponse:
    """Under its old id; or at once, when it is still waiting."""
    return _with_one(request, endpoint_id, event_id, actions.replay)


@router.post(
    f"{AT}/deliveries/{{event_id}}/skip", summary="Give up one event", **changes(DeliveryOut)
)
def skip_webhook_delivery(
    request: HttpRequest, endpoint_id: PathId, event_id: PathId
) -> HttpResponse:
    """So that the later ones of the same appointment can go. What is delivered stays as it is."""
    return _with_one(request, endpoint_id, event_id, actions.skip)


def _with_one(
    request: HttpRequest,
    endpoint_id: str,
    event_id: str,
    do: Callable[[UUID, UUID, UUID, datetime], None],
) -> HttpResponse:
    business, now, endpoint = business_of(request), clock(), _endpoint(request, endpoint_id)
    event = path_id(event_id, NO_DELIVERY)

    def act(alongside: Callable[[Delivery], None]) -> None:
        with transaction.atomic():
            do(business.id, endpoint.id, event, now)
            alongside(queries.delivery(endpoint, event))

    try:
        return once(request, now, lambda row: _show_delivery(request, row, now), act)
    except Delivery.DoesNotExist as error:
        raise not_found(NO_DELIVERY) from error


# Answers to hand-offs, signed as our events are


def signed(request: HttpRequest) -> Endpoint:
    """The endpoint whose secret has signed this request. Raises a Problem (401).

    Which endpoints there are is not told to who holds no secret.
    """
    given = {name.lower(): value for name, value in request.headers.items()}
    match = request.resolver_match
    try:
        endpoint = _signer(str(match.kwargs["endpoint_id"]) if match else "")
        at = real_now()
        # Of no endpoint the same is checked and said, in the same order, as of one that there is.
        actions.verify_answer(endpoint, given, request.body, at)
    except signing.BadSignature as error:
        headers = {"WWW-Authenticate": 'Webhook-Signature realm="kept"'}
        raise Problem(401, "bad_signature", str(error), headers=headers) from error
    assert endpoint is not None  # with no secret nothing is signed rightly
    return endpoint


def _signer(given: str) -> Endpoint | None:
    try:
        return queries.any_endpoint(path_id(given, NO_ENDPOINT))
    except (Problem, Endpoint.DoesNotExist):
        return None


@router.post(
    f"{AT}/answers",
    auth=signed,
    summary="Answer a hand-off by a signed message",
    **changes(HandOffOut),
)
def answer_by_webhook(request: HttpRequest, endpoint_id: PathId, body: AnswerIn) -> HttpResponse:
    """Without a key: signed with the endpoint's secret, in the three headers of Standard Webhooks
    (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The same answer again changes nothing.
    """
    endpoint = cast(Endpoint, request.auth)  # type: ignore[attr-defined]
    business, now = endpoint.business, clock()
    accept, reason = body.type == "hand_off.accepted", body.data.reason
    if not accept and not reason.strip():
        raise invalid("#/data/reason", "Say why it is refused: a person will read it.")
    actor = Actor(Role.INTEGRATION, f"webhook {queries.name_of(endpoint)}"[:190])
    try:
        with transaction.atomic():
            before = cases.hand_off(business.id, body.data.hand_off_id)
            if not _said_before(before, accept, actor):
                appointments.answer_hand_off(
                    business.id, before.id, now, actor, accept=accept, reason=reason
                )
            became = cases.hand_off(business.id, before.id)
    except HandOff.DoesNotExist as error:
        raise not_found("There is no such hand-off.", "#/data/hand_off_id") from error
    return answer(shapes.hand_off(became, shapes.zone_of(business))).response()


def _said_before(row: HandOff, accept: bool, actor: Actor) -> bool:
    same = row.status == ("accepted" if accept else "rejected")
    return same and row.answered_by == str(actor)
