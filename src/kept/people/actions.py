"""Remembering customers and what they were told."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.db.models.functions import Upper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kept.core.time import zone as known_zone
from kept.core.wishes import Wish
from kept.lib.ready import Question, Ready
from kept.lib.rows import new_row
from kept.people import models, queries


class ContactError(ValueError):
    """An address cannot be used. `field` names it; the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as they gave themselves: checked and in standard form."""

    name: str
    email: str = ""
    phone: str = ""
    time_zone: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a customer has now been told about an appointment."""

    subject: UUID
    business: UUID
    customer: UUID | None
    leg: int
    start: datetime
    cancelled: bool
    via: str
    evidence: str
    control: str
    at: datetime


def checked_contact(
    name: str,
    email: str = "",
    phone: str = "",
    time_zone: str = "",
    locale: str = "",
    *,
    country: str = "",
) -> Contact:
    """The contact in standard form (phone as E.164). Raises ContactError naming the field.

    `country`: where a phone number without a country code belongs (ISO 3166, e.g. "DE").
    """
    return Contact(
        _name(name),
        _email(email),
        _phone(phone, country),
        _time_zone(time_zone),
        locale.strip()[:20],
    )


# Characters that show nothing themselves and turn the words around them about, so that a name in
# a list or a mail could pretend to be something else (Unicode, UAX 9 and UTS 39).
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")


def _name(name: str) -> str:
    """One line, composed as people type it (NFC), so that one name is found in one way."""
    shown = "".join(c for c in name if c not in TURNING and c not in INVISIBLE)
    shown = " ".join(unicodedata.normalize("NFC", shown).split())
    if not any(c.isalnum() for c in shown):
        raise ContactError("name", _("Enter the name."))
    if len(shown) > 200:
        raise ContactError("name", _("Enter a name of at most 200 letters."))
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in shown):
        raise ContactError("name", _("This name holds characters that cannot be shown."))
    return shown


def _email(email: str) -> str:
    email = _of_one_domain(email.strip())
    if not email:
        return ""
    if len(email) > 254:
        raise ContactError("email", _("Enter an e-mail address of at most 254 letters."))
    try:
        validate_email(email)
    except ValidationError as error:
        raise ContactError("email", str(LIKE_THIS)) from error
    if '"' in email:
        # Allowed by RFC 5321 in quotes: spaces and control characters. Nobody has such an
        # address, and in the header of a mail or of a calendar it is only a danger.
        raise ContactError("email", str(LIKE_THIS))
    return email


def _of_one_domain(email: str) -> str:
    """The domain in one spelling: full-width letters, other dots, `xn--` and capitals are looked up
    as the same name (RFC 3490), and what is refused at an address holds however it is written."""
    local, at, domain = email.rpartition("@")
    if not domain.isascii() or "xn--" in domain.lower():
        with suppress(UnicodeError):  # none that could be looked up: what is wrong is said below
            domain = domain.encode("idna").decode("idna")
    return f"{local}{at}{domain.lower()}"


LIKE_THIS = lazy("Enter an e-mail address like name@example.com.")


def _phone(phone: str, country: str = "") -> str:
    phone = phone.strip()
    if not phone:
        return ""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException as error:
        message = _("Enter a phone number with its country code, like +44 20 7946 0123.")
        raise ContactError("phone", message) from error
    if not phonenumbers.is_possible_number(number):
        raise ContactError("phone", _("This phone number has too few or too many digits."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _time_zone(name: str) -> str:
    name = name.strip()
    if not name:
        return ""
    try:
        return known_zone(name).key
    except ValueError as error:
        raise ContactError("time_zone", str(error)) from error


CHECKS: Mapping[str, Callable[[str], str]] = {
    "name": _name,
    "email": _email,
    "phone": _phone,
    "time_zone": _time_zone,
}
"""Each part of a contact to its standard form by itself, for a door that says at once everything
that is wrong. Each raises ContactError."""


def customer_for(
    business: UUID, contact: Contact, now: datetime, *, by_stranger: bool = False
) -> models.Customer:
    """The customer of this business with this name and address, or a new one.

    A new one is not written yet: that is for the caller, together with what they are new for.

    Never merged on an address alone: families share one. What they say now about their zone and
    language replaces what they said before, unless it was said by somebody nobody knows
    (`by_stranger`): who merely types a name and an address changes nothing about that person. Two
    bookings of a new customer at the same moment may make two customers; each appointment has its
    own, and nothing counts on there being one.
    """
    same = _named(contact)
    known = _in_reach if contact.email else _known
    found = next(iter(known(business=business, **same)), None)
    if found is None or any(getattr(found, name) != value for name, value in same.items()):
        new = new_row(
            models.Customer,
            business_id=business,
            name=contact.name,
            email=contact.email,
            phone=contact.phone,
            time_zone=contact.time_zone,
            locale=contact.locale,
            created_at=now,
        )
        new.shares_address = found is not None  # type: ignore[attr-defined]
        return new
    customer = found
    if by_stranger:
        return customer
    if (said := _newly_said(customer, contact)) and _still(customer, same).update(**said):
        customer.refresh_from_db()
    return customer


def asks_customer(business: UUID, contact: Contact) -> Question:
    """What `customer_for` asks, to be asked ahead."""
    known = _in_reach if contact.email else _known
    return known.of(business=business, **_named(contact))


def _named(contact: Contact) -> dict[str, str]:
    return {"name": contact.name, "email": contact.email, "phone": contact.phone}


def customer_asking(business: UUID, contact: Contact, now: datetime) -> models.Customer:
    """The customer of this business who asks something, or a new one, written already.

    Whoever has the e-mail address or the phone number that was given, and nothing of what was
    given speaks against them. Then they are linked, and nothing about them is changed: anybody may
    type anybody's address. What says something new about how to reach them makes a new customer.
    The caller holds the transaction, and keeps two who ask at once apart.
    """
    email, phone = contact.email.lower(), contact.phone
    same = Q(email__iexact=email or " ") | Q(phone=phone or " ")
    found = models.Customer.objects.filter(same, business_id=business)
    fitting = [
        each
        for each in found.select_for_update(no_key=True).order_by("created_at", "id")
        if email in ("", each.email.lower()) and phone in ("", each.phone)
    ]
    named = [each for each in fitting if each.name.casefold() == contact.name.casefold()]
    if fitting:
        return (named or fitting)[0]
    return models.Customer.objects.create(
        business_id=business,
        name=contact.name,
        email=contact.email,
        phone=phone,
        time_zone=contact.time_zone,
        locale=contact.locale,
        created_at=now,
    )


def with_phone(business: UUID, phone: str) -> list[UUID]:
    """The customers of a business with this number."""
    found = models.Customer.objects.filter(business_id=business, phone=phone) if phone else None
    return [] if found is None else list(found.order_by("id").values_list("id", flat=True))


# Locked: what follows an earlier visit of theirs is begun, and booked away, one after the other.
_known = Ready(
    lambda business, name, email, phone: (
        models.Customer.objects.filter(business_id=business, name=name, email=email, phone=phone)
        # Who has never said anything need not be asked about it in every booking of theirs.
        .annotate(has_spoken=Exists(models.Consent.objects.filter(customer=OuterRef("pk"))))
        .select_for_update(no_key=True)
        .order_by("created_at", "id")[:1]
    )
)

# The same with an address: this customer, else somebody else who is written there. One of them is
# locked in any case, because what follows a visit locks all: of two beginnings one sees the other.
_in_reach = Ready(
    lambda business, name, email, phone: (
        models.Customer.objects.alias(
            folded=Upper("email"),
            other=Case(When(name=name, email=email, phone=phone, then=0), default=1),
        )
        .filter(business_id=business, folded=Upper(email))
        .annotate(
            has_spoken=Exists(models.Consent.objects.filter(customer=OuterRef("pk"))),
            shares_address=Exists(
                models.Customer.objects.alias(folded=Upper("email"))
                .filter(business=OuterRef("business"), folded=Upper(OuterRef("email")))
                .exclude(id=OuterRef("id"))
            ),
        )
        .select_for_update(no_key=True, of=("self",))
        .order_by("other", "created_at", "id")[:1]
    )
)


def _still(customer: models.Customer, same: Mapping[str, str]) -> QuerySet[models.Customer]:
    """This customer, unless somebody has corrected their name or address meanwhile."""
    return models.Customer.objects.filter(id=customer.id, **same)


def _newly_said(customer: models.Customer, contact: Contact) -> dict[str, str]:
    said = {"time_zone": contact.time_zone, "locale": contact.locale}
    return {name: new for name, new in said.items() if new and new != getattr(customer, name)}


def contact_of(customer: models.Customer) -> Contact:
    """The contact as it is known, for whoever corrects a part of it."""
    return Contact(
        customer.name, customer.email, customer.phone, customer.time_zone, customer.locale
    )


def lock(customer_id: UUID) -> models.Customer:
    """The customer, locked until the end of the transaction. Before any of their cases is."""
    return models.Customer.objects.select_for_update(no_key=True).get(id=customer_id)


def lock_free(ids: Iterable[UUID]) -> set[UUID]:
    """Lock those of these people, with whoever shares their address, of whom nobody else has locked
    one; answers which of `ids` they are."""
    boxes = queries.mailboxes(ids)
    rows = models.Customer.objects.filter(id__in=frozenset().union(*boxes.values()))
    free = rows.order_by("id").select_for_update(no_key=True, skip_locked=True)
    locked = set(free.values_list("id", flat=True))
    return {person for person, box in boxes.items() if box <= locked}


def lock_address(customer_id: UUID) -> list[models.Customer]:
    """The customer first, and whoever else has the same address; all locked, in order of id."""
    ids = queries.at_address(models.Customer.objects.get(id=customer_id))
    rows = models.Customer.objects.filter(id__in=ids).select_for_update(no_key=True).order_by("id")
    return sorted(rows, key=lambda row: row.id != customer_id)


def record_consent(
    customer_id: UUID,
    purpose: Wish,
    *,
    given: bool,
    now: datetime,
    source: str,
    by: str,
    wording: str = "",
) -> None:
    """Append what a person agreed to or refused. Refusing twice is kept twice: each is proof.

    It only keeps the proof: what follows from it for their cases, `journeys.actions` does.
    """
    models.Consent.objects.create(
        customer_id=customer_id,
        purpose=purpose,
        given=given,
        at=now,
        source=source,
        by=by[:220],
        wording=wording[:500],
    )


def correct_contact(customer_id: UUID, contact: Contact) -> models.Customer:
    """Replace a customer's addresses; an address known to be bad is given a new chance."""
    # Not against those who merely refer to the customer: they may hold a case we wait for next.
    customer = lock(customer_id)
    customer.name, customer.email, customer.phone = contact.name, contact.email, contact.phone
    customer.time_zone = contact.time_zone or customer.time_zone
    customer.locale = contact.locale or customer.locale
    customer.email_bad = ""
    customer.save()
    return customer


def complete_contact(customer: models.Customer, contact: Contact, *, with_name: bool) -> None:
    """Add what is not known yet of how to reach somebody; what is known stays.

    `with_name`: they are called by their number so far. The caller has locked the customer.
    """
    customer.email = customer.email or contact.email
    customer.phone = customer.phone or contact.phone
    customer.name = contact.name if with_name else customer.name
    customer.save(update_fields=["email", "phone", "name"])


def mark_email_bad(customer_id: UUID, address: str, why: str) -> bool:
    """This address refused for good. A corrected one in the meantime is left alone: then False."""
    customers = models.Customer.objects.filter(id=customer_id, email=address)
    return bool(customers.update(email_bad=why[:300]))


def remember_told(told: Iterable[Told]) -> None:
    """What each customer was last told; the newest replaces what was there."""
    rows = [
        models.Told(
            subject=each.subject,
            business_id=each.business,
            customer_id=each.customer,
            leg=each.leg,
            start=each.start,
            cancelled=each.cancelled,
            via=each.via,
            evidence=each.evidence,
            control=each.control,
            at=each.at,
        )
        for each in told
    ]
    if rows:
        models.Told.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["subject"],
            update_fields=["leg", "start", "cancelled", "via", "evidence", "control", "at"],
        )


def forget_told(bounced: Iterable[tuple[UUID, int, str]]) -> None:
    """What told the customer came back: (subject, leg, control) each. Nobody was told by it."""
    for subject, leg, control in bounced:
        models.Told.objects.filter(subject=subject, leg=leg, control=control).delete()


def told_at_another_instant(subject: UUID, leg: int, start: datetime) -> None:
    """What the customer was told of this leg is, by new rules of its zone, this instant."""
    told = models.Told.objects.filter(subject=subject, leg=leg, cancelled=False)
    told.update(start=start)
