"""The letter that a message to somebody who asked becomes, worded when it is handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings

from kept.appointments import letters
from kept.appointments.letters import Unaddressed, locale_of, message_id, thread_of
from kept.cases import queries as cases
from kept.channels.base import Address, Letter
from kept.core.time import local_day
from kept.journeys.letters import a_choice, soonest
from kept.leads import due, queries
from kept.leads.models import Lead
from kept.lib import i18n
from kept.outbox.queries import Message
from kept.outbox.texts.compose import ASKED_KINDS, AskedFacts, AskedKind, Offer, compose_asked
from kept.schedule import queries as schedule
from kept.schedule.queries import Service, Slot

LOOK_AHEAD = timedelta(days=28)
NUDGE = "lead_nudge"
INVITATION = "invitation"
OFFERING = (NUDGE, INVITATION)  # what its reader may refuse; the answer to an enquiry is none


def writes(message: Message) -> bool:
    """Whether this message is one of ours: also the invitation of somebody who only ever asked."""
    if message.kind == INVITATION:
        return queries.is_lead(message.subject)
    return message.kind in ASKED_KINDS


def letter_for(message: Message, now: datetime) -> Letter:
    """The letter as it is true now. Raises Unaddressed, and texts.MissingField."""
    lead = queries.of_case(message.subject)
    customer = lead.customer
    if not customer.email or customer.email_bad:
        raise Unaddressed(customer.email_bad or "the customer has no e-mail address")
    text = compose_asked(*_said(message, lead, now))
    envelope = _envelope(message, lead, customer.email, now)
    return replace(envelope, subject=text.subject, text=text.text, html=text.html)


def _said(message: Message, lead: Lead, now: datetime) -> tuple[AskedKind, AskedFacts]:
    """Which letter it is, and what it says."""
    if message.kind == INVITATION:
        case = cases.case(message.case)
        begin = max(now, soonest(case, lead.customer, now))
        service = _asked_about(lead) or _suitable(lead, begin, now)
        return "lead_invitation", _facts(lead, service, _offers(lead, service, begin, now), now)
    kind, service = cast(AskedKind, message.kind), _asked_about(lead)
    offers = _offers(lead, service or _only(lead), now, now) if kind == NUDGE else ()
    return kind, _facts(lead, service, offers, now)


def as_sent(message: Message) -> Letter:
    """The letter of a message that has been handed over, from its final words."""
    if message.handed_over_at is None:
        raise ValueError("this message has not been handed over")
    lead = queries.of_case(message.subject)
    envelope = _envelope(message, lead, message.address, message.handed_over_at)
    return replace(envelope, subject=message.subject_line, text=message.text, html=message.html)


def _envelope(message: Message, lead: Lead, address: str, at: datetime) -> Letter:
    business, thread = lead.business, thread_of(message)
    ways_out = letters.one_click(stop_url(lead)) if message.kind in OFFERING else {}
    us = Address(business.email, business.name)
    return Letter(
        sender=us,
        recipient=Address(address, lead.customer.name),
        reply_to=us,
        subject="",
        text="",
        html="",
        message_id=message_id(message),
        date=at,
        in_reply_to=thread,
        references=(thread,) if thread else (),
        headers={"X-Kept": f"ref={lead.reference} control={message.control}", **ways_out},
    )


def booking_url(lead: Lead, day: date | None = None, service: Service | None = None) -> str:
    """Where the lead is booked: this service, what was asked for, or the list of all there is."""
    service = service or _asked_about(lead)
    everything = f"{settings.BASE_URL}/book/{lead.business.slug}/"
    url = f"{everything}{service.pk}/any/" if service else everything
    asked = {"lead": lead.token, **({"from": day.isoformat()} if day else {})}
    return f"{url}?{urlencode(asked)}"


def stop_url(lead: Lead) -> str:
    """Where whoever asked says that they want to hear no more."""
    return f"{settings.BASE_URL}/l/{lead.token}/stop"


def _facts(
    lead: Lead, service: Service | None, offers: tuple[Offer, ...], now: datetime
) -> AskedFacts:
    business, customer = lead.business, lead.customer
    locale = locale_of(customer, business)
    opens = due.next_open(schedule.open_times(business.id, now, now + due.AHEAD), now)
    return AskedFacts(
        business_name=business.name,
        business_phone=business.phone,
        business_email=business.email,
        business_address=business.address,
        service_name=_named(lead, locale),
        customer_name="" if customer.name == queries.nameless(customer.phone) else customer.name,
        locale=locale,
        reference=lead.reference,
        asked_at=queries.last_enquiry(lead).at,
        zone=business.time_zone,
        booking_url=booking_url(lead, service=service),
        stop_url=stop_url(lead),
        called=queries.last_enquiry(lead).source == "missed_call",
        opens_at=None if opens == now else opens,
        offers=offers,
        offers_of="" if service is None or service == _asked_about(lead) else _public(service),
        their_zone=customer.time_zone,
    )


def _named(lead: Lead, locale: str) -> str:
    """What they asked about, in public; of a private service nothing is said."""
    service = lead.service
    if service is not None and (service.public_name or not service.private):
        return _public(service)
    said = i18n.translations(locale).gettext("Your enquiry to %(business)s")
    return said % {"business": lead.business.name}


def _public(service: Service) -> str:
    return service.public_name or service.name


def _asked_about(lead: Lead) -> Service | None:
    """What they asked about, while it can be booked."""
    service = lead.service
    return None if service is None or service.archived_at is not None else service


def _offers(
    lead: Lead, service: Service | None, begin: datetime, now: datetime
) -> tuple[Offer, ...]:
    """A few free times from `begin` on."""
    if service is None:
        return ()
    zone = ZoneInfo(lead.business.time_zone)
    chosen = a_choice((slot.start for slot in _free(service, begin, now)), zone)
    return tuple(
        Offer(start, booking_url(lead, local_day(start, zone), service)) for start in chosen
    )


def _free(service: Service, begin: datetime, now: datetime) -> Sequence[Slot]:
    staff = schedule.staff_of(service)
    return schedule.free_slots(service, staff, begin, begin + LOOK_AHEAD, now)


def _only(lead: Lead) -> Service | None:
    services = list(schedule.services(lead.business_id)[:2])
    return services[0] if len(services) == 1 else None


def _suitable(lead: Lead, begin: datetime, now: datetime) -> Service | None:
    """The first service with a free time, for who did not say what they wanted. Of one whose name
    is not to be seen nothing is said in a letter."""
    services = (each for each in schedule.services(lead.business_id) if not each.private)
    return next((each for each in services if _free(each, begin, now)), None)
