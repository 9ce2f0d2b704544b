"""What a business does with its endpoints: make, change, turn off and on, try, send again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kept.accounts import actions as accounts
from kept.accounts.queries import Business
from kept.lib import outgoing, signing
from kept.lib.ids import new_id
from kept.lib.text import one_line
from kept.webhooks import catalogue, delivering, envelope
from kept.webhooks.models import Delivery, Endpoint, Event

MOST = 20  # endpoints of one business
OLD_SECRET_LASTS = timedelta(hours=24)
KEEP = timedelta(days=30)
"""How long a delivered event can be looked up and sent again."""
KEEP_UNDELIVERED = timedelta(days=90)
"""How long an event waits for an endpoint that is disabled."""


class EndpointError(ValueError):
    """An endpoint cannot be like this. `field` names what is wrong, the message what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


Answer = TypeVar("Answer")


@transaction.atomic
def create(
    business: UUID,
    url: str,
    now: datetime,
    *,
    description: str = "",
    types: Iterable[str] = (),
    form: str = Endpoint.STANDARD,
) -> Endpoint:
    """An endpoint that hears of everything from now on, or of the `types` it names.

    Its secret is in the answer, and is shown to people this once. Raises EndpointError.
    """
    fields = _checked(url=url, description=description, types=types, form=form)
    _lock_business(business)
    if Endpoint.objects.filter(business=business).count() >= MOST:
        raise EndpointError("url", f"A business has at most {MOST} endpoints: remove one first.")
    made = Endpoint.objects.create(
        business_id=business,
        created_at=now,
        listens_since=now,
        secret=signing.new_secret(),
        **fields,
    )
    accounts.set_heard(business, True)
    return made


@transaction.atomic
def change(business: UUID, endpoint: UUID, now: datetime, **changes: object) -> Endpoint:
    """Another `url`, `description`, choice of `types` or `form`; what is not named stays.

    What was written down before stays to be delivered. Raises EndpointError, DoesNotExist.
    """
    row = _locked(business, endpoint)
    fields = _checked(**changes)
    if "types" in fields and set(fields["types"]) != set(row.types):  # type: ignore[call-overload]
        row.listens_since = now
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, "listens_since"])
    return row


def _checked(**fields: object) -> dict[str, object]:
    """The fields as they are kept. Raises EndpointError for the first that is wrong."""
    return {name: CHECKS[name](value) for name, value in fields.items()}


def _url(value: object) -> str:
    text = str(value).strip()
    if len(text) > 500:
        raise EndpointError("url", "Give an address of at most 500 letters.")
    try:
        outgoing.check_url(text, settings.WEBHOOK_NETWORKS)
    except outgoing.Forbidden as error:
        raise EndpointError("url", str(error)) from error
    return text


def _description(value: object) -> str:
    text = one_line(str(value))
    if len(text) > 200:
        raise EndpointError("description", "Use at most 200 letters.")
    return text


def _types(value: object) -> list[str]:
    chosen = list(dict.fromkeys(map(str, value)))  # type: ignore[call-overload]
    unknown = sorted(set(chosen) - catalogue.names())
    if unknown:
        raise EndpointError("types", f"There are no events called {', '.join(unknown)[:200]}.")
    return chosen


def _form(value: object) -> str:
    if value not in dict(Endpoint.FORMATS):
        raise EndpointError("form", f"Choose one of {', '.join(dict(Endpoint.FORMATS))}.")
    return str(value)


CHECKS: dict[str, Callable[[object], object]] = {
    "url": _url,
    "description": _description,
    "types": _types,
    "form": _form,
}


@transaction.atomic
def rotate(business: UUID, endpoint: UUID, real_now: datetime) -> str:
    """A new secret, answered once. The one before stays good for a day: both sign until then.

    What is signed to us with the one before is taken no longer than until the new one is first
    used for that (`verify_answer`). Raises DoesNotExist.
    """
    row = _locked(business, endpoint)
    row.old_secret, row.old_secret_until = row.secret, real_now + OLD_SECRET_LASTS
    row.secret, row.new_secret_used = signing.new_secret(), False
    row.save(update_fields=["secret", "old_secret", "old_secret_until", "new_secret_used"])
    return row.secret


def verify_answer(
    endpoint: Endpoint | None, given: Mapping[str, str], body: bytes, real_now: datetime
) -> None:
    """Whether this was signed by who holds the secret of the endpoint. Raises BadSignature.

    Once the present secret was used, the one before is over for answers, a day or not: whoever
    still has that one is not the receiver. Of no endpoint (None) the same is checked and said.
    """
    if endpoint is None:
        signing.verify([], given, body, real_now.timestamp())
        return
    if not endpoint.old_secret or endpoint.new_secret_used:
        signing.verify([endpoint.secret], given, body, real_now.timestamp())
        return
    known = envelope.secrets(endpoint, real_now)
    signing.verify(known, given, body, real_now.timestamp())
    try:
        signing.verify([endpoint.secret], given, body, real_now.timestamp())
    except signing.BadSignature:
        return  # with the one before, which is still good
    same = Endpoint.objects.filter(id=endpoint.id, secret=endpoint.secret)
    same.update(new_secret_used=True)


@transaction.atomic
def disable(business: UUID, endpoint: UUID, now: datetime) -> None:
    """Send nothing there until it is enabled; what happens meanwhile is kept for it."""
    delivering.disable(_locked(business, endpoint), Endpoint.BY_HAND, "Turned off by hand.", now)


@transaction.atomic
def enable(business: UUID, endpoint: UUID, now: datetime) -> int:
    """Send there again, first what was kept, in order; answers how many events that are."""
    return delivering.enable(_locked(business, endpoint), now)


@transaction.atomic
def remove(business: UUID, endpoint: UUID) -> None:
    """The endpoint, its log and what waits for it are gone. Raises DoesNotExist."""
    _lock_business(business)
    _locked(business, endpoint).delete()
    accounts.set_heard(business, Endpoint.objects.filter(business=business).exists())


@transaction.atomic
def test(business: UUID, endpoint: UUID, now: datetime) -> Delivery:
    """Send an event of the type `webhook.test`, once, also where the endpoint is disabled."""
    row = _locked(business, endpoint)
    event = Event.objects.create(
        business_id=business,
        subject=new_id(),
        version=0,
        type=catalogue.TEST,
        at=now,
        data={"message": "Nothing has happened: somebody tries this endpoint."},
    )
    return Delivery.objects.create(
        business_id=business,
        endpoint=row,
        event=event,
        subject=event.subject,
        wake_at=now,
        test=True,
    )


@transaction.atomic
def replay(business: UUID, endpoint: UUID, event: UUID, now: datetime) -> None:
    """Deliver one event once more, or at once what waits. What was given up stays so.

    Raises DoesNotExist.
    """
    row = _locked(business, endpoint)
    wanted = Delivery.objects.filter(endpoint=row, event=event)
    if not wanted.exists():
        raise Delivery.DoesNotExist
    delivering.replay(wanted, row, now)


@transaction.atomic
def replay_since(business: UUID, endpoint: UUID, since: datetime, now: datetime) -> int:
    """Deliver everything that happened since then once more, in order; answers how many."""
    row = _locked(business, endpoint)
    return delivering.replay(Delivery.objects.filter(event__at__gte=since), row, now)


@transaction.atomic
def skip(business: UUID, endpoint: UUID, event: UUID, now: datetime) -> None:
    """Give up delivering one event, so that the later ones of its appointment can go.

    What is delivered, or on its way at this moment, stays as it is. Raises DoesNotExist.
    """
    row = _locked(business, endpoint)
    wanted = Delivery.objects.select_for_update().get(endpoint=row, event=event)
    if wanted.status in {Delivery.PENDING, Delivery.HELD}:
        Delivery.objects.filter(id=wanted.id).update(status=Delivery.SKIPPED)
        delivering.wake_next(wanted, now)


def _locked(business: UUID, endpoint: UUID) -> Endpoint:
    """Raises DoesNotExist, also for one of another business."""
    rows = Endpoint.objects.select_for_update(no_key=True)
    return rows.get(business_id=business, id=endpoint)


def _lock_business(business: UUID) -> None:
    """The first endpoint made and the last one removed take turns over the business's mark."""
    Business.objects.select_for_update(no_key=True).get(id=business)


# The owners are told; what is old is cleared away


def take_notice(endpoint: Endpoint, until: datetime) -> bool:
    """Take it on oneself to write to the owners; when that fails, it is due again at `until`.

    False when another worker was first.
    """
    waiting = Endpoint.objects.filter(id=endpoint.id, owner_to_tell=True, tell_at=endpoint.tell_at)
    return waiting.update(tell_at=until) == 1


def owners_told(endpoint: Endpoint) -> None:
    """They know that it was disabled."""
    same = Endpoint.objects.filter(id=endpoint.id, disabled_at=endpoint.disabled_at)
    same.update(owner_to_tell=False, tell_at=None)


def tidy(now: datetime) -> None:
    """Clear away what is older than KEEP, and what waited in vain for KEEP_UNDELIVERED."""
    finished = Delivery.objects.filter(event__at__lt=now - KEEP)
    finished.exclude(status__in=Delivery.UNFINISHED).delete()
    Delivery.objects.filter(event__at__lt=now - KEEP_UNDELIVERED).delete()
    Event.objects.filter(at__lt=now - KEEP, deliveries=None).delete()
