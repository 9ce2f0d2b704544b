"""How a customer is reached, and reaches us: an address that was wrong or refuses, a link."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kept.appointments import queries
from kept.appointments.alone import change_alone
from kept.appointments.asking import Alongside, Stale, nothing
from kept.appointments.models import Appointment, Leg
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.core.case import SYSTEM, Actor, Event
from kept.lib.again import in_one_transaction
from kept.lib.ids import new_token
from kept.people import actions as people
from kept.people import queries as people_queries
from kept.people.actions import Contact
from kept.people.queries import Customer


def renew_link(
    appointment: Appointment,
    now: datetime,
    actor: Actor,
    *,
    reason: str = "",
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> Appointment:
    """The customer's link got into wrong hands: the old one leads nowhere from now on.

    The next letters carry the new one; no letter is sent by this alone. Raises Stale.
    """

    def change(leg: Leg) -> Appointment:
        # Only this field: what the caller has read may be old.
        appointment.token = new_token()
        appointment.save(update_fields=["token"])
        event = Event("link_renewed", now, actor, reason)
        cases.apply([cases.Incoming(leg.case_id, event)], now)
        return appointment

    return change_alone(appointment, change, expected, alongside)


@in_one_transaction
def correct_contact(
    appointment: Appointment,
    contact: Contact,
    now: datetime,
    actor: Actor,
    *,
    expected: int | None = None,
    alongside: Alongside = nothing,
) -> None:
    """The customer's address was wrong: mend it, and tell them what they were never told.

    In every appointment they have. What still waits in the outbox is addressed when it is sent,
    so it goes to the new address; a confirmation on its way to the old one is taken back and goes
    out again. Raises Stale.
    """
    customer = people.correct_contact(appointment.customer_id, contact)
    if expected is not None:
        _check_version(appointment, customer, expected)
    _contact_changed(customer, now, actor)
    alongside(appointment)


def _check_version(appointment: Appointment, customer: Customer, expected: int) -> None:
    """All that will be changed is locked at once, as everybody does. Raises Stale."""
    leg = queries.current_leg(appointment)
    case_queries.lock_all({leg.case_id, *case_queries.waiting_of(customer.id)})
    version = queries.current_leg(appointment).case.version
    if version != expected:
        raise Stale(version)


def address_refused(customer_id: UUID, now: datetime) -> None:
    """The customer's address has refused for good: their reminders need not be tried any more.

    Whoever has not been told a time is to be told by a person; who was told stays told. The caller
    holds the transaction in which the address was marked.
    """
    _contact_changed(people_queries.customer(customer_id), now, SYSTEM)


def _contact_changed(customer: Customer, now: datetime, actor: Actor) -> None:
    """Let every case of the customer that waits know which channels reach them now: what follows
    an appointment writes to the same address."""
    data: dict[str, object] = {"channels": people_queries.channels(customer)}
    event = Event("contact_changed", now, actor, data=data)
    refused = people_queries.not_to_write(customer)
    wishes = Event("consent_changed", now, actor, data={"not_to_write": refused})
    heard: set[UUID] = set()
    # An appointment that is being moved at this moment has another leg by the time it is ours.
    while new := case_queries.waiting_of(customer.id) - heard:
        known = case_queries.not_to_write(new)
        # First what is refused at the new address: what goes out by the change keeps to it.
        said = {case: [wishes] * (known[case] != refused) + [event] for case in sorted(new)}
        cases.apply([cases.Incoming(case, each) for case in said for each in said[case]], now)
        heard |= new
