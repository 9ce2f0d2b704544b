"""Whether others were told of everything that became of a case, and in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from kept.cases.queries import Case, history, why_unreadable
from kept.checks.finding import Moment, stream
from kept.core.paths import PATHS
from kept.core.replay import BrokenHistory, step
from kept.webhooks.actions import KEEP
from kept.webhooks.catalogue import type_of
from kept.webhooks.queries import Delivery, Endpoint
from kept.webhooks.telling import wants

Told = set[tuple[UUID | None, int, str]]


def untold(moment: Moment) -> Iterator[str]:
    """Each entry of a history that an endpoint should have been told of, and was not.

    Since it listens, and for as long as what was delivered is kept.
    """
    lag = moment.now - moment.overdue
    for endpoint in stream(Endpoint.objects.order_by("id")):
        since = max(endpoint.listens_since, moment.now - KEEP) + lag
        deliveries = Delivery.objects.filter(endpoint=endpoint).select_related("event")
        told = {(row.event.case, row.event.version, row.event.type) for row in stream(deliveries)}
        cases = Case.objects.filter(business=endpoint.business_id, events__at__gte=since)
        for case in stream(cases.distinct().order_by("id")):
            if not why_unreadable(case):  # of those another line speaks
                yield from _untold(case, endpoint, told, since)


def _untold(case: Case, endpoint: Endpoint, told: Told, since: datetime) -> Iterator[str]:
    path, state, events = PATHS[case.path], "", history(case.id)
    first = case.version - len(events) + 1
    for version, event in enumerate(events, first):
        try:
            before, state = state, step(path, state, event)
        except BrokenHistory:
            return  # of those another line speaks
        name = type_of(path, event, before, state)
        due = name and event.at >= since and wants(endpoint, name)
        if due and (case.id, version, name) not in told:
            yield f"Endpoint {endpoint.id} was never told of {name} ({case.id}, {version})."


def out_of_order() -> Iterator[str]:
    """Each event that reached an endpoint before an earlier one of the same case."""
    delivered = Delivery.objects.exclude(delivered_at=None).exclude(event__case=None)
    rows = delivered.select_related("event").order_by("endpoint_id", "event__case", "id")
    for earlier, later in pairwise(stream(rows)):
        same = (earlier.endpoint_id, earlier.event.case) == (later.endpoint_id, later.event.case)
        if same and later.delivered_at < earlier.delivered_at:
            yield f"Endpoint {later.endpoint_id} got {later.event_id} before {earlier.event_id}."
