"""Receiving what an appointment hands on, and what the customer says afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import cast
from uuid import UUID

from kept.accounts import queries as accounts
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.cases.queries import Case, HandOff
from kept.core.case import SYSTEM, Actor, Event, Facts, NotAllowed
from kept.core.paths import PATHS
from kept.core.paths.reactivation import REACTIVATION
from kept.core.wishes import Wish
from kept.journeys import queries, reactivation
from kept.journeys.reactivation import Beginning
from kept.lib.again import in_one_transaction
from kept.lib.ids import new_id
from kept.lib.trouble import database_away
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.queries import Customer

log = logging.getLogger("kept.journeys")

ACCEPTED = "hand_off_accepted"
BATCH = 50
MARKETING: Wish = "marketing"


def receive_offered(now: datetime) -> int:
    """Receive what is offered to the paths Kept walks itself; answers how many were looked at.

    One that cannot be received, through a fault of ours, is left to a person: it stays on offer
    until its time is over, and is escalated then. The others go on.
    """
    offers = case_queries.own_offers(BATCH)
    for offer in offers:
        try:
            receive(offer, now)
        except Exception as error:
            if database_away(error):
                raise  # nothing is wrong with this one
            log.exception("Hand-off %s could not be received; a person will be asked.", offer.id)
            cases.leave_to_a_person(offer.id)
    return len(offers)


def receive(hand_off: HandOff, now: datetime) -> bool:
    """Accept a hand-off to a path of ours, and begin the case it asks for: both, or neither.

    False when it is no longer on offer: withdrawn, or answered by somebody else.
    """
    try:
        _receive(hand_off, now)
    except NotAllowed as refused:
        if refused.event != ACCEPTED:
            raise  # the offer stands, and it is we who cannot begin
        return False
    return True


@in_one_transaction
def _receive(hand_off: HandOff, now: datetime) -> None:
    sender = hand_off.case
    # Before any case, as everywhere; a booking of the same person waits here or we wait for it,
    # and so one of us sees the other.
    if sender.person_id is None:
        raise ValueError("nobody is known who could be written to")
    customer = people.lock_address(sender.person_id)[0]
    path = PATHS[hand_off.to]
    facts, data = queries.facts(hand_off, customer, now), {"hand_off": str(hand_off.id)}
    more = _beginning(hand_off, customer, facts, now)
    answer = {"to": hand_off.to, "version": hand_off.version}
    accepted = Event(ACCEPTED, now, SYSTEM, "received by Kept", answer)
    opening = cases.Opening(
        id=new_id(),
        business=hand_off.business_id,
        path=path.name,
        subject=sender.subject,
        number=hand_off.version,
        person=customer,
        zone=sender.zone,
        anchors={"opened": now, "visit": queries.visit_of(hand_off), **more.anchors},
        facts={**facts, **more.facts},
        policy=accounts.policy_in_force(hand_off.business_id).pk,
    )
    first = Event(path.receives[hand_off.outcome], now, data={**data, **more.first})
    since = Event("visited_since", now, data={**data, "about": str(sender.subject)})
    replaced = [cases.Incoming(each, since) for each in more.replaces]
    cases.apply([cases.Incoming(sender.id, accepted), *replaced], now)
    cases.begin(opening, first, now)


def _beginning(hand_off: HandOff, customer: Customer, known: Facts, now: datetime) -> Beginning:
    """What a path asks to be known beside what every one does."""
    if hand_off.to == REACTIVATION.name:
        return reactivation.beginning(hand_off, customer, known, now)
    return Beginning()


def nothing(case: Case) -> None:
    """The default for `alongside`."""


def say(
    business: UUID,
    case_id: UUID,
    name: str,
    now: datetime,
    actor: Actor,
    *,
    words: str = "",
    until: datetime | None = None,
    alongside: Callable[[Case], None] = nothing,
) -> None:
    """The customer said something about what follows: `queries.SAYINGS` names what.

    `until`: the day they want to be asked again, where they name one. `alongside` runs in the same
    transaction. Raises Case.DoesNotExist, also for one of another business, and NotAllowed.
    """
    if name not in queries.SAYINGS:
        raise ValueError(f"{name!r} is not one of {', '.join(sorted(queries.SAYINGS))}")
    case = queries.journey(business, case_id)
    if (name == "snoozed") != (until is not None):
        raise ValueError("snoozed, and nothing else, names the day to ask again")
    later = {"until": until.isoformat()} if until else {}
    event = Event(name, now, actor, words, {"words": words, **later})
    (_leave if name == "gone" else _apply)(case, event, now, alongside)


@in_one_transaction
def _apply(case: Case, event: Event, now: datetime, alongside: Callable[[Case], None]) -> None:
    # What begins for the same person at this moment knows of it, or hears it.
    if case.person_id is not None:
        people.lock_address(case.person_id)
    cases.apply([cases.Incoming(case.id, event)], now)
    alongside(case)


@in_one_transaction
def _leave(case: Case, event: Event, now: datetime, alongside: Callable[[Case], None]) -> None:
    """Who has moved away or died is written to no more, about anything."""
    person = cast(UUID, case.person_id)
    people.lock_address(person)  # before any case, as everywhere
    cases.apply([cases.Incoming(case.id, event)], now)
    wording, source = event.reason or GONE, f"said by {event.actor.role}"
    record_wish(person, "contact", now, event.actor, given=False, source=source, wording=wording)
    alongside(case)


GONE = "moved away or deceased"


def refuse_suggestions(
    customer_id: UUID, now: datetime, actor: Actor, *, source: str, wording: str = ""
) -> None:
    """The customer wants no more letters that ask for something new."""
    record_wish(customer_id, MARKETING, now, actor, given=False, source=source, wording=wording)


@in_one_transaction
def record_wish(
    customer_id: UUID,
    wish: Wish,
    now: datetime,
    actor: Actor,
    *,
    given: bool,
    source: str,
    wording: str = "",
    alongside: Callable[[Customer], None] = lambda customer: None,
) -> Customer:
    """What the customer agrees to or refuses (`core.wishes`) is kept for ever with its proof.

    Every case that still writes to them, on every path, hears of it at once: what they do not want
    is taken back, and a person is asked where they must know it. It holds for their address, so it
    reaches whoever shares that. What asks for something new ends by it (`opted_out`). Said twice,
    the second time adds only proof. Raises Customer.DoesNotExist.
    """
    customers = {each.id: each for each in people.lock_address(customer_id)}
    people.record_consent(
        customer_id, wish, given=given, now=now, source=source, by=str(actor), wording=wording
    )
    heard: set[UUID] = set()
    # An appointment that is being moved at this moment has another leg by the time it is ours.
    while new := {
        case: person
        for case, person in case_queries.writing_to(customers).items()
        if case not in heard
    }:
        for case in sorted(new):
            said = _said(customers[new[case]], wish, given, now, actor, wording)
            _let_hear(case, said, now)
        heard |= new.keys()
    alongside(customers[customer_id])
    return customers[customer_id]


def _said(
    customer: Customer, wish: Wish, given: bool, now: datetime, actor: Actor, wording: str
) -> list[Event]:
    """What a case of this customer hears of a wish."""
    data: dict[str, object] = {"wish": wish, "given": given}
    refused = {"not_to_write": people_queries.not_to_write(customer)}
    changed = Event("consent_changed", now, actor, wording, {**data, **refused})
    if not given:
        return [changed, Event("opted_out", now, actor, wording, data)]
    # Nobody's yes is that of another one at the same address.
    agrees = people_queries.may_write(customer, "marketing", agreement=True) is None
    asked = wish == MARKETING and agrees
    return [changed, Event("agreed", now, actor, wording, data)] if asked else [changed]


def _let_hear(case_id: UUID, said: list[Event], now: datetime) -> None:
    for event in said:
        case = case_queries.case(case_id)
        if event.name == "consent_changed" or queries.understands(case, event):
            cases.apply([cases.Incoming(case_id, event)], now)
