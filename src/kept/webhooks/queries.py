"""Endpoints, their deliveries, and what became of each attempt."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from kept.webhooks.models import Attempt as Attempt
from kept.webhooks.models import Delivery as Delivery
from kept.webhooks.models import Endpoint as Endpoint
from kept.webhooks.models import Event as Event


def name_of(endpoint: Endpoint) -> str:
    """What to call it: what it is for, else its host. The rest of an address may be a secret."""
    return endpoint.description or urlsplit(endpoint.url).hostname or "without a name"


def endpoints(business: UUID) -> QuerySet[Endpoint]:
    """The endpoints of a business, oldest first, with how many events wait for each."""
    return _counted().filter(business=business).order_by("created_at", "id")


def everybodys_endpoints() -> QuerySet[Endpoint]:
    """The endpoints of every business, for whoever runs the installation."""
    return _counted().select_related("business").order_by("business__name", "created_at", "id")


def _counted() -> QuerySet[Endpoint]:
    waiting = Q(deliveries__status__in=Delivery.UNFINISHED)
    return Endpoint.objects.annotate(waiting=Count("deliveries", filter=waiting))


def endpoint(business: UUID, endpoint_id: UUID) -> Endpoint:
    """Raises Endpoint.DoesNotExist, also for one of another business."""
    return _counted().get(business=business, id=endpoint_id)


def any_endpoint(endpoint_id: UUID) -> Endpoint:
    """For who proves by a signature that they are it. Raises Endpoint.DoesNotExist."""
    return Endpoint.objects.select_related("business").get(id=endpoint_id)


def deliveries(endpoint: Endpoint) -> QuerySet[Delivery]:
    """What was and is to be delivered to an endpoint, the newest first, with every attempt."""
    tries = Prefetch("tries", queryset=Attempt.objects.order_by("id"))
    found = Delivery.objects.filter(endpoint=endpoint).select_related("event")
    return found.prefetch_related(tries).order_by("-id")


def delivery(endpoint: Endpoint, event: UUID) -> Delivery:
    """Raises Delivery.DoesNotExist."""
    return deliveries(endpoint).get(event=event)


def disabled_by_themselves(business: UUID) -> list[Endpoint]:
    """The endpoints somebody should look at: nothing goes there, and nobody decided that."""
    found = Endpoint.objects.filter(business=business).exclude(disabled_at=None)
    return list(found.exclude(disabled_by=Endpoint.BY_HAND).order_by("disabled_at"))


def owners_to_tell(now: datetime) -> list[Endpoint]:
    """The endpoints whose owners do not know yet that they were disabled."""
    found = Endpoint.objects.filter(owner_to_tell=True, tell_at__lte=now)
    return list(found.select_related("business").order_by("tell_at")[:20])


def waiting(business: UUID | None = None) -> int:
    """How many deliveries are still to be made."""
    found = Delivery.objects.filter(status__in=Delivery.UNFINISHED)
    return (found if business is None else found.filter(business=business)).count()
