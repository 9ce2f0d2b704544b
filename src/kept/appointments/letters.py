"""The letter a message becomes, worded at the moment it is handed over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, cast
from urllib.parse import urlsplit

from django.conf import settings

from kept.accounts.queries import Business
from kept.appointments import queries
from kept.appointments.queries import Appointment, Leg
from kept.calendars import invitation
from kept.calendars.invitation import Invitation
from kept.cases.rows import policy_of
from kept.channels.base import Address, Letter
from kept.core.case import Role
from kept.core.preparation import CUSTOMER, open_items
from kept.core.time import before, parse_offset, zone
from kept.lib import i18n
from kept.lib.ready import Ready
from kept.outbox import queries as outbox
from kept.outbox.queries import Message
from kept.outbox.texts.compose import compose
from kept.outbox.texts.facts import Facts, Kind, Text
from kept.people.queries import Customer

log = logging.getLogger("kept.appointments")

WEB = ("https://", "http://")
INVITES = frozenset({"confirmation", "moved_notice", "cancelled_notice"})
ASKING = frozenset({"confirmation", "moved_notice", "first_reminder"})


class Unaddressed(Exception):
    """The customer has no usable address any more."""


def letter_for(message: Message, now: datetime) -> tuple[Letter, str]:
    """The letter of a message as it is true now, and what is missing from it ("": nothing).

    A calendar part that cannot be made is left out and named: the words still go.
    Raises Unaddressed, and texts.MissingField when even the words cannot be made.
    """
    leg = leg_of(message)
    letter = to_customer(
        message, leg, now, lambda: compose(cast(Kind, message.kind), _facts(message, leg, now))
    )
    calendar, missing = _calendar(message, leg, now)
    method = _method(message) if calendar else None
    return replace(letter, calendar=calendar, calendar_method=method), missing


def as_it_would_read(kind: Kind, leg: Leg, now: datetime) -> Text:
    """The words of a letter of this kind about this visit, were it written now; it goes nowhere.

    Raises MissingField where it could not be written.
    """
    message = Message(kind=kind, control=kind, subject=leg.appointment_id, leg=leg.number)
    return compose(kind, _facts(message, leg, now))


def to_customer(message: Message, leg: Leg, now: datetime, word: Callable[[], Text]) -> Letter:
    """The envelope of every letter to the customer of a visit, with what `word` writes in it.

    Raises Unaddressed, before anything is written.
    """
    appointment, thread = leg.appointment, thread_of(message)
    customer, business = appointment.customer, appointment.business
    if not customer.email or customer.email_bad:
        raise Unaddressed(customer.email_bad or "the customer has no e-mail address")
    text = word()
    return Letter(
        sender=Address(business.email, business.name),
        recipient=Address(customer.email, customer.name),
        reply_to=Address(business.email, business.name),
        subject=text.subject,
        text=text.text,
        html=text.html,
        message_id=message_id(message),
        date=now,
        in_reply_to=thread,
        references=(thread,) if thread else (),
        headers={"X-Kept": trace(message, appointment)},
    )


def as_sent(message: Message) -> Letter:
    """The letter of a message that has been handed over, from its final words.

    For those who want to see what its reader sees. Raises ValueError for one that never left.
    """
    if message.handed_over_at is None:
        raise ValueError("this message has not been handed over")
    leg = leg_of(message)
    business, customer = leg.appointment.business, leg.appointment.customer
    thread = thread_of(message)
    return Letter(
        sender=Address(business.email, business.name),
        recipient=Address(message.address, customer.name),
        reply_to=Address(business.email, business.name),
        subject=message.subject_line,
        text=message.text,
        html=message.html,
        message_id=message_id(message),
        date=message.handed_over_at,
        calendar=message.calendar.encode() or None,
        calendar_method=_method(message) if message.calendar else None,
        in_reply_to=thread,
        references=(thread,) if thread else (),
        headers={"X-Kept": trace(message, leg.appointment)},
    )


def one_click(url: str) -> dict[str, str]:
    """Mail programs offer to unsubscribe by these (RFC 8058): a POST, without asking further."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def thread_of(message: Message) -> str:
    """The id of the first letter of the appointment, so that mail programs keep them together."""
    first = outbox.first_sent(message.subject)
    return message_id(first) if first is not None and first.id != message.id else ""


def trace(message: Message, appointment: Appointment) -> str:
    """What lets a mail be found in our history, and by whoever reads its source."""
    return f"ref={appointment.reference} leg={message.leg} control={message.control}"


def leg_of(message: Message) -> Leg:
    """The booked time a message is about."""
    return _leg.one(appointment=message.subject, number=message.leg)


_leg = Ready(
    lambda appointment, number: Leg.objects.select_related(
        "appointment__customer", "appointment__business", "case", "staff", "service"
    ).filter(appointment=appointment, number=number)
)


def domain() -> str:
    """The domain our identifiers live in: the host people reach us at."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def message_id(message: Message) -> str:
    """Stable: the same message handed over twice is the same to the reader's mail program."""
    return f"<{message.id.hex}.{message.control}.{message.leg}@{domain()}>"


def _method(message: Message) -> Literal["REQUEST", "CANCEL"]:
    return "CANCEL" if message.kind == "cancelled_notice" else "REQUEST"


def _facts(message: Message, leg: Leg, now: datetime) -> Facts:
    appointment, snapshot = leg.appointment, leg.snapshot
    customer, business = appointment.customer, appointment.business
    previous = _previous(leg) if message.kind == "moved_notice" else None
    url = customer_url(appointment, leg.number)
    locale = locale_of(customer, business)
    return Facts(
        business_name=business.name,
        business_phone=business.phone,
        business_email=business.email,
        business_address=business.address,
        business_zone=business.time_zone,
        service_name=_named(leg, locale),
        staff_name=leg.staff.name,
        start=leg.start,
        end=leg.end,
        zone=leg.case.zone,
        place_url=snapshot["place"] if snapshot["place"].startswith(WEB) else "",
        place=snapshot["place"] or unsaid_place(snapshot["mode"], business, locale),
        # Legs booked before services had directions carry none.
        directions=snapshot.get("directions", ""),
        customer_name=customer.name,
        locale=locale,
        reference=appointment.reference,
        customer_url=url,
        now=now,
        price_text=price_text(leg, locale),
        remote=snapshot["mode"] == "online",
        customer_zone=queries.customers_zone(leg) or None,
        change_deadline=_change_deadline(leg, now),
        to_prepare=tuple(i.what for i in open_items(leg.case.facts, CUSTOMER)),
        ask_acknowledgement=_asks(message, leg),
        acknowledge_url=url,
        previous_start=previous.start if previous else None,
        previous_end=previous.end if previous else None,
        cancelled_by=_cancelled_by(leg),
        reason=_reason_moved(leg) if message.kind == "moved_notice" else _reason(leg),
        booking_url=f"{settings.BASE_URL}/book/{business.slug}/",
    )


def _named(leg: Leg, locale: str) -> str:
    """What a service is called in public; of a sensitive one nothing is said."""
    business = leg.appointment.business.name
    said = i18n.translations(locale).gettext("Your appointment with %(business)s")
    return leg.snapshot["public_name"] or said % {"business": business}


def customer_url(appointment: Appointment, leg: int | None = None) -> str:
    """The customer's page; with a leg, the link as it is sent in that leg's messages."""
    url = f"{settings.BASE_URL}/a/{appointment.token}"
    return url if leg is None else f"{url}/{leg}"


def locale_of(customer: Customer, business: Business) -> str:
    """The one the words are written in too: no letter mixes two languages."""
    known = i18n.known_locale(customer.locale or business.locale, business.locale)
    return i18n.text_locale(known)


def price_text(leg: Leg, locale: str) -> str:
    """The price as booked, in words for the reader; "" when none was given."""
    price, currency = leg.snapshot["price"], leg.snapshot["currency"]
    return "" if price is None else price_words(Decimal(price), currency, locale)


def price_words(price: Decimal, currency: str, locale: str) -> str:
    minor = int(price.scaleb(i18n.minor_digits(currency)))
    return i18n.format_money(minor, currency, locale)


def _change_deadline(leg: Leg, now: datetime) -> datetime | None:
    until = parse_offset(leg.snapshot["terms"]["change_until"])
    deadline = before(leg.start, until, zone(leg.case.zone))
    return deadline if deadline > now else None


def _asks(message: Message, leg: Leg) -> bool:
    """The policy of the case asks for a yes, and the customer has not answered yet."""
    asks = message.kind in ASKING and policy_of(leg.case.policy_id).ask_acknowledgement
    return asks and leg.case.facts.get("acknowledged") is None


def unsaid_place(mode: str, business: Business, locale: str) -> str:
    """Where it happens, when nobody wrote it down."""
    _ = i18n.translations(locale).gettext
    return {"online": _("Online"), "there": _("At your address")}.get(mode, business.name)


def _previous(leg: Leg) -> Leg:
    return Leg.objects.get(appointment=leg.appointment, number=leg.number - 1)


def _cancelled_by(leg: Leg) -> Literal["customer", "business"] | None:
    if leg.case.state != "cancelled":
        return None
    return "customer" if leg.case.facts.get("by") == "customer" else "business"


def _reason(leg: Leg) -> str:
    """Why it was cancelled, in the words of whoever did it; only the business's are passed on."""
    if _cancelled_by(leg) != "business":
        return ""
    return queries.reason_of(leg, "cancelled")


def _reason_moved(leg: Leg) -> str:
    """Why the business moved it to this time; what customers write themselves is known to them."""
    booked = queries.last_event(leg, "booked")
    return booked.reason if booked and booked.actor.role is not Role.CUSTOMER else ""


def _calendar(message: Message, leg: Leg, now: datetime) -> tuple[bytes | None, str]:
    if message.kind not in INVITES:
        return None, ""
    try:
        entry = calendar_entry(leg, now, cancelled=message.kind == "cancelled_notice")
        cancelled = message.kind == "cancelled_notice"
        return (invitation.cancel if cancelled else invitation.request)(entry), ""
    except Exception as error:
        # Whatever the builder trips over, the customer must still learn the time in words.
        log.exception("The calendar part of message %s could not be made.", message.id)
        return None, f"calendar part: {error}"


def calendar_entry(leg: Leg, now: datetime, *, cancelled: bool = False) -> Invitation:
    """The appointment as a calendar is to show it. SEQUENCE grows by one a leg, and once more
    when it is cancelled (RFC 5546, 2.1.4)."""
    appointment, snapshot = leg.appointment, leg.snapshot
    customer, business = appointment.customer, appointment.business
    private = bool(snapshot["private"])
    named = snapshot["public_name"]
    return Invitation(
        uid=queries.calendar_uid(appointment),
        sequence=leg.number - 1 + (1 if cancelled else 0),
        start=leg.start,
        end=leg.end,
        zone=leg.case.zone,
        summary=f"{named}, {business.name}" if named else business.name,
        organizer_address=business.email,
        organizer_name=business.name,
        attendee_address=customer.email,
        attendee_name=customer.name,
        stamp=now,
        created=appointment.created_at,
        description=f"{appointment.reference}\n{customer_url(appointment, leg.number)}",
        location=snapshot["place"],
        url=customer_url(appointment, leg.number),
        cancelled=cancelled,
        private=private,
    )
