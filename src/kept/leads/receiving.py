"""Receiving what somebody asks, by whatever door: who is it, is it new, is it the same again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import queries as appointments
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.queries import Case
from kept.cases.rows import policy_of
from kept.core.case import Actor, Event
from kept.core.paths.lead_response import LEAD_RESPONSE, NOT_AGREED, RECEIVED
from kept.leads import due, queries
from kept.leads.models import Enquiry, Lead
from kept.lib.again import in_one_transaction
from kept.lib.ids import new_id, new_reference, new_token
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.actions import Contact
from kept.people.queries import Customer
from kept.schedule import queries as schedule
from kept.schedule.queries import Service

PATH = LEAD_RESPONSE.name
MARKETING: Final = "marketing"

FORM, API, MISSED_CALL, SMS, MAIL = "form", "api", "missed_call", "sms", "mail"
PHONE, WALK_IN = "phone", "walk_in"
SOURCES = (FORM, API, MISSED_CALL, SMS, MAIL, PHONE, WALK_IN)
HERE = frozenset({PHONE, WALK_IN})  # somebody of ours is speaking with them
WRITTEN = frozenset({SMS, MAIL})  # their answer in a conversation, not another form

# Within this time the same person asking once more is the same enquiry: one letter is enough.
SAME = timedelta(minutes=10)
SAME_CALL = timedelta(minutes=30)

MOST_BY_MAIL = 30  # leads an hour by mail that are acknowledged by letter: more are no coincidence
TOO_MANY = "Very many people wrote within an hour, so it was not acknowledged by letter."


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks. `key` names it at its door, so that what comes twice counts once.

    `agrees`: the words under which they agreed to get suggestions later ("": they did not say).
    `answers`: the lead whose letter they answer, whatever address they write from.
    `acknowledge`: whether a letter is to say that it has come; None: as its door usually does.
    `held`: why no letter goes by itself, in a sentence; a person answers. `written_from`: the
    address it was written from, where that is not the one of `contact`.
    """

    contact: Contact
    source: str
    words: str = ""
    service: UUID | None = None
    key: str = ""
    agrees: str = ""
    acknowledge: bool | None = None
    answers: UUID | None = None
    held: str = ""
    written_from: str = ""

    @property
    def is_acknowledged(self) -> bool:
        usual = self.source not in HERE
        return (usual if self.acknowledge is None else self.acknowledge) and not self.held


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it. `joined`: an open lead of the same person; `before`: it came twice."""

    lead: Lead
    joined: bool = False
    before: bool = False


def nothing(taken: Taken) -> None:
    """The default for `alongside`."""


@in_one_transaction
def receive(
    business: Business,
    asked: Asked,
    now: datetime,
    actor: Actor,
    alongside: Callable[[Taken], None] = nothing,
) -> Taken:
    """Take an enquiry: into the open lead of the same person, or as a new lead. Never lost.

    1. Enquiries of one business come one after the other, so that two doors make no two leads.
    2. What came before by the same key is answered as it was then.
    3. The same e-mail address or phone number: the open lead hears of it.
    4. Else a lead begins: acknowledged by letter, with a person due.

    Raises Service.DoesNotExist for a service of another business, ValueError for nobody: who gives
    neither an address nor a number cannot be answered.
    """
    if not asked.contact.email and not asked.contact.phone:
        raise ValueError("An enquiry needs an e-mail address or a phone number.")
    accounts.lock(business.id)
    if asked.key and (known := queries.by_key(business.id, asked.key)):
        taken = Taken(known, before=True)
    else:
        service = schedule.service(business.id, asked.service) if asked.service else None
        taken = _take(business, asked, service, now, actor)
    alongside(taken)
    return taken


def _take(
    business: Business, asked: Asked, service: Service | None, now: datetime, actor: Actor
) -> Taken:
    if asked.answers and (lead := queries.open_lead(business.id, asked.answers)):
        known = replace(asked, contact=people.contact_of(lead.customer))
        if _joined(lead, known, service, now, actor):
            return Taken(lead, joined=True)
    for lead in queries.open_alike(business.id, asked.contact):
        if _may_be_added_to(lead, asked.contact) and _joined(lead, asked, service, now, actor):
            return Taken(lead, joined=True)
    return Taken(_begin(business, asked, service, now, actor))


# A new lead


def _begin(
    business: Business, asked: Asked, service: Service | None, now: datetime, actor: Actor
) -> Lead:
    already = _by_mail_lately(business, asked, now)
    if already >= MOST_BY_MAIL:
        asked = replace(asked, held=asked.held or TOO_MANY)
    customer = people.customer_asking(business.id, asked.contact, now)
    _keep_consent(customer, asked, now, actor)
    policy = accounts.policy_in_force(business.id).pk
    lead = Lead(
        case_id=new_id(),
        business=business,
        customer=customer,
        reference=new_reference(),
        token=new_token(),
        source=asked.source,
        service=service,
        opened_at=now,
    )
    opening = cases.Opening(
        id=lead.case_id,
        business=business.id,
        path=PATH,
        subject=lead.case_id,
        number=1,
        person=customer,
        zone=business.time_zone,
        anchors=_anchors(business, now, policy),
        facts=_facts(lead, asked, service),
        policy=policy,
    )
    name = "lead_entered" if asked.source in HERE else "lead_came_in"
    # Once an hour somebody hears of it, and not with each of a thousand.
    first = {"too_many": True} if already == MOST_BY_MAIL else {}
    event = Event(name, now, actor, asked.held, {"source": asked.source, **first})
    lead.case = cases.begin(opening, event, now, along=[lead, _enquiry(lead, asked, service, now)])
    return lead


def _by_mail_lately(business: Business, asked: Asked, now: datetime) -> int:
    """How many leads came by mail within the hour. Whoever writes letters in the names of others
    uses another name each time, and our answers would go to people who never asked."""
    if asked.source != MAIL:
        return 0
    return Lead.objects.filter(
        business=business, source=MAIL, opened_at__gt=now - timedelta(hours=1)
    ).count()


def _anchors(business: Business, now: datetime, policy: int) -> dict[str, datetime]:
    by = due.person_due(business.id, now, policy_of(policy))
    moments = dict.fromkeys(("opened", "enquired", "offered", "contact"), now)
    return {**moments, "answer_by": by, "try_again": by}


def _facts(lead: Lead, asked: Asked, service: Service | None) -> dict[str, object]:
    customer = lead.customer
    return {
        "channels": people_queries.channels(customer),
        "recipient_zone": customer.time_zone,
        "source": asked.source,
        "acknowledge": asked.is_acknowledged,
        "hand_offs": _follows(customer),
        "carries": _carries(lead, service),
    }


def _follows(customer: Customer) -> dict[str, list[str]]:
    """A lead that went quiet is handed on as the policy says, only if they agreed to letters."""
    agreed = people_queries.has_agreed(customer.id, MARKETING)
    return {} if agreed else {name: list(paths) for name, paths in NOT_AGREED.items()}


def _carries(lead: Lead, service: Service | None) -> dict[str, object]:
    """What Booking, or whoever takes the lead over, gets to know."""
    asks_for = {"service": service.name, "service_id": str(service.id)} if service else {}
    return {
        "lead_id": str(lead.case_id),
        "reference": lead.reference,
        "source": lead.source,
        "service": None,
        "service_id": None,
        **asks_for,
        "value": str(service.price) if service and service.price is not None else None,
        "currency": lead.business.currency,
        "asked_at": lead.opened_at.isoformat(),
    }


def _enquiry(lead: Lead, asked: Asked, service: Service | None, now: datetime) -> Enquiry:
    contact = asked.contact
    return Enquiry(
        business=lead.business,
        lead=lead,
        at=now,
        source=asked.source,
        service=service,
        words=asked.words[:4000],
        contact={
            "name": contact.name,
            "email": contact.email,
            "phone": contact.phone,
            **({"written_from": asked.written_from} if asked.written_from else {}),
        },
        key=asked.key,
    )


def _keep_consent(customer: Customer, asked: Asked, now: datetime, actor: Actor) -> None:
    """Anybody may tick a box with anybody's address: that undoes nobody's refusal."""
    if asked.agrees and not people_queries.has_refused(customer.id, MARKETING):
        people.record_consent(
            customer.id,
            MARKETING,
            given=True,
            now=now,
            source=asked.source,
            by=str(actor),
            wording=asked.agrees,
        )


# Into the open one


def _may_be_added_to(lead: Lead, contact: Contact) -> bool:
    """What somebody types may say how to reach them; never how to reach a customer of ours."""
    return _adds_nothing(lead.customer, contact) or not appointments.is_customer(lead.customer_id)


def _adds_nothing(customer: Customer, contact: Contact) -> bool:
    known_email = contact.email.lower() in ("", customer.email.lower())
    return known_email and contact.phone in ("", customer.phone)


def _joined(lead: Lead, asked: Asked, service: Service | None, now: datetime, actor: Actor) -> bool:
    """Add an enquiry to an open lead. False when the lead has ended in this very moment."""
    people.lock(lead.customer_id)
    case = case_queries.lock(lead.case_id)
    if case.state not in queries.WAITING:
        return False
    last = queries.last_enquiry(lead)
    _complete(lead, asked.contact, now, actor)
    _keep_consent(lead.customer, asked, now, actor)
    _enquiry(lead, asked, service, now).save()
    name = _means(case, asked, last, now)
    data = {"source": asked.source, "hand_offs": _follows(lead.customer)}
    event = Event(name, now, actor, asked.words[:500], data)
    happen(case, event, now)
    return True


def _means(case: Case, asked: Asked, last: Enquiry, now: datetime) -> str:
    """What somebody who asks again means to the lead that is open for them."""
    if asked.source in HERE:
        return "reached"
    if asked.held:
        return "replied"  # a person is due, and no letter goes by itself
    window = SAME_CALL if asked.source == MISSED_CALL else SAME
    if case.state != RECEIVED and asked.source in WRITTEN:
        return "replied"
    return "enquiry_joined" if now - last.at < window else "asked_again"


def _complete(lead: Lead, contact: Contact, now: datetime, actor: Actor) -> None:
    """How to reach them, from whoever asked before without saying so.

    Only of somebody whom we know from enquiries alone: see `_may_be_added_to`.
    """
    customer = lead.customer
    if _adds_nothing(customer, contact):
        return
    before = people_queries.channels(customer)
    nameless = customer.name == queries.nameless(customer.phone)
    people.complete_contact(customer, contact, with_name=nameless)
    after = people_queries.channels(customer)
    if after != before:
        event = Event("contact_changed", now, actor, data={"channels": after})
        cases.apply([cases.Incoming(lead.case_id, event)], now)


# What happens to a lead


def happen(case: Case, event: Event, now: datetime) -> None:
    """Let this happen to a lead that is locked, with the moments that follow from the hours.

    Raises NotAllowed.
    """
    anchors = _moments(case, event, now)
    cases.set_anchors({case.id: anchors}, [cases.Incoming(case.id, event)], now)


def _moments(case: Case, event: Event, now: datetime) -> dict[str, datetime]:
    policy = policy_of(case.policy_id)
    if event.name == "not_reached":
        again = due.next_try(case.business_id, now, policy)
        return {"try_again": again, "answer_by": again + policy.gap("lead_reply").delta}
    if event.name not in {"asked_again", "replied"}:
        return {}
    moments = {"enquired": now} if event.name == "asked_again" else {}
    if not case.facts.get("unanswered"):
        # Who waits already waits since then: a second message gives us no more time.
        moments["answer_by"] = due.person_due(case.business_id, now, policy, reply=True)
    return moments
