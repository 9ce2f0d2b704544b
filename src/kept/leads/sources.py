"""The doors that somebody else's program calls: who signed it, what it says, and whether it is new.

Two shapes are taken. JSON (and raw mail) is signed by Standard Webhooks (`lib.signing`): an id, a
timestamp not older than five minutes, a signature over the body. Form fields are signed as
telephony providers do: base64 of HMAC-SHA1 over the address and the fields in order. What was
taken once is taken again without effect; what is signed wrongly is refused without saying why.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from kept.accounts.queries import Business
from kept.core.case import Actor, Role
from kept.journeys import actions as journeys
from kept.leads import mail, queries
from kept.leads.actions import stop
from kept.leads.models import Heard, Source
from kept.leads.receiving import MISSED_CALL, SMS, Asked, Taken, receive
from kept.lib import signing
from kept.lib.text import storable
from kept.people import actions as people
from kept.people.actions import Contact, checked_contact

ROTATION = timedelta(hours=24)
REMEMBERED = timedelta(days=30)  # longer than any provider tries again
MISSED = frozenset({"no-answer", "busy", "failed", "canceled", "missed"})
# What ends letters at once when it is all a text message says (47 CFR 64.1200(a)(10)).
STOP_WORDS = frozenset(
    {"stop", "stopall", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe"}
)


class Forged(Exception):
    """It is not signed by who holds the secret, or too long ago."""


class Unreadable(ValueError):
    """It is signed rightly, and says nothing that could be taken. The message says what."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a source, as it came. `headers`: names in lower case; `url`: as it was called."""

    url: str
    kind: str  # the content type
    headers: Mapping[str, str]
    body: bytes
    fields: Mapping[str, str]


# Making and changing them


def create(business: Business, kind: str, name: str, now: datetime, *, secret: str = "") -> Source:
    """A new source. `secret`: the one a provider signs with, if it has one of its own."""
    if kind not in dict(Source.KINDS):
        raise ValueError(f"{kind!r} is not one of {', '.join(dict(Source.KINDS))}")
    return Source.objects.create(
        business=business,
        kind=kind,
        name=name[:100],
        secret=secret.strip()[:200] or signing.new_secret(),
        created_at=now,
    )


def rotate(business: UUID, source_id: UUID, real: datetime, *, secret: str = "") -> Source:
    """Another secret from now on; the one before is taken for a day more.

    Raises Source.DoesNotExist, also for one of another business.
    """
    with transaction.atomic():
        source = _live(business).select_for_update().get(id=source_id)
        source.previous, source.previous_until = source.secret, real + ROTATION
        source.secret = secret.strip()[:200] or signing.new_secret()
        source.save(update_fields=["secret", "previous", "previous_until"])
        return source


def revoke(business: UUID, source_id: UUID, now: datetime) -> None:
    """Nothing of it is taken any more. Raises Source.DoesNotExist."""
    source = _live(business).get(id=source_id)
    source.revoked_at = now
    source.save(update_fields=["revoked_at"])


def _live(business: UUID) -> QuerySet[Source]:
    return Source.objects.filter(business_id=business, revoked_at=None)


def forget_heard(before: datetime) -> int:
    """Forget what was heard before; answers how many."""
    return Heard.objects.filter(at__lt=before).delete()[0]


# Taking a call


def take(source_id: UUID, call: Call, now: datetime, real: datetime) -> Taken | None:
    """Take what a source says; None when it was taken before, or asks for nothing.

    Raises Forged for what is not signed by it (or for no source at all), and Unreadable.
    """
    source = Source.objects.select_related("business").filter(id=source_id, revoked_at=None).first()
    if source is None:
        raise Forged
    key, *others = _names(source, call, real)
    names = [each[:200] for each in (key, *others)]
    try:
        with transaction.atomic():
            Heard.objects.bulk_create(Heard(source=source, key=each, at=real) for each in names)
            return _say(source, call, f"{source.id}:{key}"[:200], now)
    except IntegrityError:
        if Heard.objects.filter(source=source, key__in=names).exists():
            return None
        raise


def _say(source: Source, call: Call, key: str, now: datetime) -> Taken | None:
    if source.kind == Source.MAIL:
        return mail.take(source.business, call.body, now)
    said = _fields(call)
    contact = _caller(source.business, said)
    if source.kind == MISSED_CALL:
        return _missed(source, said, contact, key, now)
    words = said.get("text") or said.get("Body") or ""
    if words.strip().lower().rstrip(".!") in STOP_WORDS:
        _stop(source.business, contact, words, now)
        return None
    asked = Asked(contact, SMS, words=words, key=key)
    return receive(source.business, asked, now, _actor(source, contact))


def _missed(
    source: Source, said: Mapping[str, str], contact: Contact, key: str, now: datetime
) -> Taken | None:
    """A call nobody picked up. One that was answered asks for nothing."""
    status = said.get("CallStatus", "missed")
    if status not in MISSED:
        return None
    asked = Asked(contact, MISSED_CALL, key=key)
    return receive(source.business, asked, now, _actor(source, contact))


def _actor(source: Source, contact: Contact) -> Actor:
    """It is the person who calls or writes; their provider only passes it on."""
    return Actor(Role.CUSTOMER, contact.name)


def _stop(business: Business, contact: Contact, words: str, now: datetime) -> None:
    """They want to hear no more: by the law at once, and of everything that asks for something."""
    who = Actor(Role.CUSTOMER, contact.name)
    for lead in queries.open_alike(business.id, contact):
        stop(lead, now, who, source=SMS, wording=words)
    for customer in people.with_phone(business.id, contact.phone):
        journeys.refuse_suggestions(customer, now, who, source=SMS, wording=words)


def _fields(call: Call) -> Mapping[str, str]:
    if call.kind != "application/json":
        return call.fields
    try:
        said = json.loads(call.body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(said, dict):
        raise Unreadable("The body is not a JSON object.")
    return {name: storable(value) for name, value in said.items() if isinstance(value, str)}


def _caller(business: Business, said: Mapping[str, str]) -> Contact:
    number = said.get("from") or said.get("From") or ""
    _, _, country = business.locale.partition("_")
    try:
        known = checked_contact("?1", "", number, country=country).phone
        name = said.get("name") or said.get("CallerName") or queries.nameless(known)
        return checked_contact(name, "", known)
    except ValueError as error:
        raise Unreadable("`from` is no phone number that could be called back.") from error


# Who signed it


def _names(source: Source, call: Call, real: datetime) -> list[str]:
    """What names this call, once its signature is right, its id first. Raises Forged."""
    known = [source.secret]
    if source.previous and source.previous_until and real < source.previous_until:
        known.append(source.previous)
    if call.kind == "application/x-www-form-urlencoded":
        return _by_provider(known, call)
    ours = [each for each in known if each.startswith(signing.PREFIX)]
    try:
        return [signing.verify(ours, call.headers, call.body, real.timestamp())[0]]
    except ValueError as error:
        raise Forged from error


def _by_provider(known: list[str], call: Call) -> list[str]:
    """The provider's id, and the text that was signed: nothing in it says where a name ends and a
    value begins, so that the same signature is good for other fields, with another id."""
    signed = call.url + "".join(name + call.fields[name] for name in sorted(call.fields))
    given = call.headers.get("x-twilio-signature", "").encode()
    for secret in known:
        made = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
        if hmac.compare_digest(base64.b64encode(made), given):
            return [_named(call.fields), f"signed {hashlib.sha256(signed.encode()).hexdigest()}"]
    raise Forged


def _named(fields: Mapping[str, str]) -> str:
    """The provider's own id; one that gives none is named by everything it says."""
    for name in ("MessageSid", "SmsSid", "CallSid"):
        if fields.get(name):
            return f"{fields[name]}:{fields.get('CallStatus', '')}"
    whole = json.dumps(sorted(fields.items())).encode()
    return hashlib.sha256(whole).hexdigest()
