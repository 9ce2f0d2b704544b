"""Who a customer is, how to reach them, and what they were told."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from kept.core import wishes
from kept.core.wishes import Purpose, Wish
from kept.lib.among import among
from kept.lib.ready import Ready
from kept.people.models import Consent as Consent
from kept.people.models import Customer as Customer
from kept.people.models import Told as Told


def customer(customer_id: UUID) -> Customer:
    return _customer.one(its=customer_id)


_customer = Ready(lambda its: Customer.objects.filter(id=its))


def customers(ids: Iterable[UUID]) -> dict[UUID, Customer]:
    wanted = list(ids)
    return {row.id: row for row in _customers(ids=wanted)} if wanted else {}


_customers = Ready(lambda ids: Customer.objects.filter(among("id", ids)))


def channels(person: Customer) -> list[str]:
    """The channels that reach this person, best first. Empty: only a person can tell them."""
    return ["email"] if person.email and not person.email_bad else []


def address(person: Customer, channel: str) -> str:
    return person.email if channel == "email" else ""


def may_write(
    customer: Customer | UUID, purpose: Purpose, *, agreement: bool = False
) -> str | None:
    """None, or why this person may not be written a letter of this purpose, in a sentence.

    Who is not to be contacted may not be written at all. `agreement`: silence is not enough, they
    must have agreed to it and not taken that back. What somebody asked for in the moment is not
    asked about here: it is their answer (`core.wishes`).
    """
    person = customer if isinstance(customer, Customer) else _customer.one(its=customer)
    if refused := not_to_write(person).get(purpose):
        return refused
    agreed = not agreement or has_agreed(person.id, purpose)
    return None if agreed else wishes.NOT_AGREED


def not_to_write(person: Customer) -> dict[str, str]:
    """Of each purpose this person may not be written for, the sentence why not."""
    return wishes.not_to_write(refusals(person))


def refusals(person: Customer) -> set[str]:
    """What this person refuses (`core.wishes.WISHES`), by their last word about each.

    A refusal holds for the address too, whatever name it is booked under the next time: that is
    what a reader who says "no more of these" means, and what the law counts (16 CFR 316.5). Their
    own yes, or one from that address, after it counts again; nobody's yes undoes another one's no.
    """
    own: dict[str, bool] = {}
    there: dict[str, bool] = {}
    for customer, wish, given in _heard_from(person):
        there[wish] = given
        if customer == person.id:
            own[wish] = given
    return {wish for wish, given in there.items() if not (given and own.get(wish, True))}


def _heard_from(person: Customer) -> list[tuple[UUID, str, bool]]:
    """Who said what about which wish at this person's address, the last word last."""
    if not person.email:
        return _said_alone(person=person.id)
    return _said_there(business=person.business_id, email=person.email)


def _said(who: Q) -> QuerySet[Consent, tuple[UUID, str, bool]]:
    said = Consent.objects.filter(who).order_by("id")
    return said.values_list("customer", "purpose", "given")


def _there(business: Any, email: Any) -> QuerySet[Any, Any]:
    folded = Customer.objects.alias(folded=Upper("email"))  # as the database folds it
    return folded.filter(business_id=business, folded=Upper(email)).values("id")


_said_alone = Ready(lambda person: _said(Q(customer=person)))
_said_there = Ready(lambda business, email: _said(Q(customer__in=_there(business, email))))


def _at_address(person: Customer) -> QuerySet[Customer]:
    """This person, and whoever else of the business is written at the same address."""
    if not person.email:
        return Customer.objects.filter(id=person.id)
    return Customer.objects.filter(business=person.business_id, email__iexact=person.email)


def at_address(person: Customer) -> set[UUID]:
    """The ids of this person and of whoever else of the business has the same address."""
    return {person.id, *_at_address(person).values_list("id", flat=True)}


def mailboxes(ids: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Of each of these people everybody of their business who is written at the same address.

    However it is written: capitals tell no two mailboxes apart. Who has no address is alone.
    """
    folded = Customer.objects.annotate(folded=Upper("email"))  # as the database folds it
    theirs = folded.filter(among("id", list(ids))).values_list("id", "business", "folded")
    places = {person: (business, address) for person, business, address in theirs}
    together: dict[tuple[UUID, str], set[UUID]] = {}
    if addresses := {address for _, address in places.values() if address}:
        there = folded.filter(business__in={business for business, _ in places.values()})
        found = there.filter(folded__in=addresses).values_list("id", "business", "folded")
        for person, business, address in found:
            together.setdefault((business, address), set()).add(person)
    return {one: frozenset({one, *together.get(place, ())}) for one, place in places.items()}


def has_refused(customer_id: UUID, purpose: Purpose) -> bool:
    """They may not be written for this. Who has said nothing has not refused."""
    return may_write(customer_id, purpose) is not None


def has_agreed(customer_id: UUID, purpose: Wish) -> bool:
    """The person's own last word about it is yes. Who has said nothing has not agreed."""
    said = Consent.objects.filter(customer=customer_id, purpose=purpose).order_by("-id").first()
    return said is not None and said.given


def has_said_no(customer_id: UUID, purpose: Wish) -> bool:
    """The person's own last word about it is no, whatever others at their address said."""
    said = Consent.objects.filter(customer=customer_id, purpose=purpose).order_by("-id").first()
    return said is not None and not said.given


def consents(customer_id: UUID) -> list[Consent]:
    """What a person last said of each purpose they were asked about, by purpose."""
    last = {
        each.purpose: each for each in Consent.objects.filter(customer=customer_id).order_by("id")
    }
    return [last[purpose] for purpose in sorted(last)]


def everything_said(person: Customer) -> list[Consent]:
    """All that was agreed to and refused, at this address too, the last word first."""
    found = Consent.objects.filter(customer__in=_at_address(person)).select_related("customer")
    return list(found.order_by("-id"))


def told(subject: UUID) -> Told | None:
    """What was last told about this appointment, or None when nobody was told anything."""
    return Told.objects.filter(subject=subject).first()


def told_many(subjects: Iterable[UUID]) -> dict[UUID, Told]:
    """What was last told about each of these appointments; absent: nothing."""
    return Told.objects.in_bulk(list(subjects))


def search(business: UUID, text: str, limit: int = 20) -> list[Customer]:
    """Customers of a business by a part of name, e-mail or phone; none for an empty text."""
    text = _typed(text)
    return list(matching(business, text).order_by("name", "id")[:limit]) if text else []


def _typed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.replace("\0", "")).split())


def matching(business: UUID, text: str) -> QuerySet[Customer]:
    """The same, by when they became known; all of them for an empty text."""
    text = _typed(text)
    matches = Q(name__icontains=text) | Q(email__icontains=text)
    # The zero in front of a national number is not part of the international form.
    digits = "".join(c for c in text if c.isdecimal()).lstrip("0")
    if len(digits) >= 3:
        matches |= Q(phone__contains=digits)
    found = Customer.objects.filter(matches, business_id=business)
    return found.order_by("created_at", "id")


def newest(business: UUID, limit: int) -> list[Customer]:
    """Who became a customer last, the newest first."""
    return list(Customer.objects.filter(business_id=business).order_by("-id")[:limit])


def customer_of(business: UUID, customer_id: UUID) -> Customer:
    """Raises Customer.DoesNotExist, also for one of another business."""
    return Customer.objects.get(business_id=business, id=customer_id)
