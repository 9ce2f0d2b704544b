"""Who a customer is, how to reach them, and what they were told."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from kept.people.models import Consent as Consent
from kept.people.models import Customer as Customer
from kept.people.models import Told as Told


def customer(customer_id: UUID) -> Customer:
    return Customer.objects.get(id=customer_id)


def customers(ids: Iterable[UUID]) -> dict[UUID, Customer]:
    wanted = list(ids)
    return Customer.objects.in_bulk(wanted) if wanted else {}


def channels(person: Customer) -> list[str]:
    """The channels that reach this person, best first. Empty: only a person can tell them."""
    return ["email"] if person.email and not person.email_bad else []


def address(person: Customer, channel: str) -> str:
    return person.email if channel == "email" else ""


def has_refused(customer_id: UUID, purpose: str) -> bool:
    """The person's last word about it is no. Who has said nothing has not refused."""
    said = Consent.objects.filter(customer=customer_id, purpose=purpose).order_by("-id").first()
    return said is not None and not said.given


def consents(customer_id: UUID) -> list[Consent]:
    """What a person last said of each purpose they were asked about, by purpose."""
    last = {
        each.purpose: each for each in Consent.objects.filter(customer=customer_id).order_by("id")
    }
    return [last[purpose] for purpose in sorted(last)]


def told(subject: UUID) -> Told | None:
    """What was last told about this appointment, or None when nobody was told anything."""
    return Told.objects.filter(subject=subject).first()


def told_many(subjects: Iterable[UUID]) -> dict[UUID, Told]:
    """What was last told about each of these appointments; absent: nothing."""
    return Told.objects.in_bulk(list(subjects))


def search(business: UUID, text: str, limit: int = 20) -> list[Customer]:
    """Customers of a business by a part of name, e-mail or phone; none for an empty text."""
    text = " ".join(unicodedata.normalize("NFC", text.replace("\0", "")).split())
    if not text:
        return []
    matches = Q(name__icontains=text) | Q(email__icontains=text)
    # The zero in front of a national number is not part of the international form.
    digits = "".join(c for c in text if c.isdecimal()).lstrip("0")
    if len(digits) >= 3:
        matches |= Q(phone__contains=digits)
    found = Customer.objects.filter(matches, business_id=business)
    return list(found.order_by("name", "id")[:limit])


def customer_of(business: UUID, customer_id: UUID) -> Customer:
    """Raises Customer.DoesNotExist, also for one of another business."""
    return Customer.objects.get(business_id=business, id=customer_id)
