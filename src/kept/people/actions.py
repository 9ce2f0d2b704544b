"""Remembering customers and what they were told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from kept.core.time import zone as known_zone
from kept.people import models


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
    name, email, phone = " ".join(name.split()), email.strip(), phone.strip()
    if not name:
        raise ContactError("name", "Enter the name.")
    if len(name) > 200 or any(ord(c) < 32 for c in name):
        raise ContactError("name", "Enter a name of at most 200 letters.")
    return Contact(name, _email(email), _phone(phone, country), _time_zone(time_zone), locale[:20])


def _email(email: str) -> str:
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError as error:
        message = "Enter an e-mail address like name@example.com."
        raise ContactError("email", message) from error
    if len(email) > 254:
        raise ContactError("email", "Enter an e-mail address of at most 254 letters.")
    local, _, domain = email.rpartition("@")
    return f"{local}@{domain.lower()}"


def _phone(phone: str, country: str) -> str:
    if not phone:
        return ""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException as error:
        message = "Enter a phone number with its country code, like +44 20 7946 0123."
        raise ContactError("phone", message) from error
    if not phonenumbers.is_possible_number(number):
        raise ContactError("phone", "This phone number has too few or too many digits.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _time_zone(name: str) -> str:
    if not name:
        return ""
    try:
        return known_zone(name).key
    except ValueError as error:
        raise ContactError("time_zone", str(error)) from error


def find_or_create(business: UUID, contact: Contact, now: datetime) -> models.Customer:
    """The customer of this business with this name and address, or a new one.

    Never merged on an address alone: families share one.
    """
    known = models.Customer.objects.filter(business_id=business, name=contact.name)
    known = known.filter(email=contact.email, phone=contact.phone)
    customer = known.order_by("created_at").first()
    if customer is None:
        return models.Customer.objects.create(
            business_id=business,
            name=contact.name,
            email=contact.email,
            phone=contact.phone,
            time_zone=contact.time_zone,
            locale=contact.locale,
            created_at=now,
        )
    return customer


def correct_contact(customer_id: UUID, contact: Contact) -> models.Customer:
    """Replace a customer's addresses; an address known to be bad is given a new chance."""
    customer = models.Customer.objects.select_for_update().get(id=customer_id)
    customer.name, customer.email, customer.phone = contact.name, contact.email, contact.phone
    customer.time_zone = contact.time_zone or customer.time_zone
    customer.locale = contact.locale or customer.locale
    customer.email_bad = ""
    customer.save()
    return customer


def mark_email_bad(customer_id: UUID, address: str, why: str) -> None:
    """This address refused for good. A corrected one in the meantime is left alone."""
    customers = models.Customer.objects.filter(id=customer_id, email=address)
    customers.update(email_bad=why[:300])


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
