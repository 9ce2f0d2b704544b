"""Booking, and who comes in without an appointment: how an appointment begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from kept.accounts.queries import Business
from kept.appointments.asking import Booking, CannotBook, Opened, nothing
from kept.appointments.models import Appointment
from kept.appointments.new_leg import NewLeg, check_start
from kept.cases import actions as cases
from kept.core import time
from kept.core.availability import Refusal
from kept.core.case import Actor, Event
from kept.lib.again import in_one_transaction
from kept.lib.ids import new_reference, new_token
from kept.lib.ready import Question, ahead
from kept.lib.rows import new_row
from kept.people import actions as people
from kept.people.queries import Customer
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries


@in_one_transaction
def book(
    business: Business,
    booking: Booking,
    now: datetime,
    actor: Actor,
    alongside: Opened = nothing,
) -> Appointment:
    """Book an appointment: one leg, its case, its duties, its confirmation in the outbox.

    Everything new is written in one statement, at the end (`NewLeg.open`).
    Raises CannotBook, Service.DoesNotExist, Resource.DoesNotExist (nobody of that id has ever
    worked here), and TimeError for a start without an offset.
    """
    with ahead(*_asks(business, booking)):
        return _book(business, booking, now, actor, alongside)


def _asks(business: Business, booking: Booking) -> Iterator[Question]:
    """What every booking asks and locks, in this order."""
    contact, start = booking.contact, booking.start
    yield schedule_queries.asks_service(business.id, booking.service)
    yield people.asks_customer(business.id, contact)
    if booking.staff is None:
        yield schedule_queries.asks_givers(booking.service)
    elif booking.hold is None:  # it is dropped before it is seen whether the time is free
        yield schedule.asks_giver(booking.service, booking.staff, start)
    yield cases.asks_newcomer(business.id, contact.email, contact.phone, booking.lead)


def _book(
    business: Business, booking: Booking, now: datetime, actor: Actor, alongside: Opened
) -> Appointment:
    service, policy, heard = schedule_queries.service_and_policy(business.id, booking.service)
    customer = people.customer_for(
        business.id, booking.contact, now, by_stranger=booking.origin == "page"
    )
    appointment = _new_appointment(business, customer, booking, now)
    if booking.hold is not None:
        schedule.drop_hold(booking.hold, business.id)
    lives_by = booking.contact.time_zone
    leg = NewLeg(business, appointment, service, policy, customer, now, number=1, lives_by=lives_by)
    leg.answers, leg.heard = booking.lead, heard
    check_start(booking.start, now)
    leg.claim_time(booking.start, booking.staff, freely=booking.freely)
    booked = Event("booked", now, actor, data={"origin": booking.origin})
    alongside(leg.open(booked, told=False))
    return appointment


@in_one_transaction
def walk_in(
    business: Business,
    booking: Booking,
    now: datetime,
    actor: Actor,
    alongside: Opened = nothing,
) -> Appointment:
    """Somebody is here without an appointment: it begins at *attended*.

    At the whole minute of the booking's start, which lies on the present day of the business.
    Raises CannotBook.
    """
    service, policy, heard = schedule_queries.service_and_policy(business.id, booking.service)
    start = time.utc(booking.start).replace(second=0, microsecond=0)
    if not time.same_local_day(start, now, ZoneInfo(business.time_zone)):
        raise CannotBook(Refusal.TOO_FAR if start > now else Refusal.PAST)
    booking = replace(booking, start=start, origin="walk_in")
    customer = people.customer_for(business.id, booking.contact, now)
    appointment = _new_appointment(business, customer, booking, now)
    leg = NewLeg(business, appointment, service, policy, customer, now, number=1)
    leg.answers, leg.heard = booking.lead, heard
    leg.claim_time(booking.start, booking.staff, freely=True)
    alongside(leg.open(Event("walked_in", now, actor, data={"origin": "walk_in"}), told=True))
    return appointment


def _new_appointment(
    business: Business, customer: Customer, booking: Booking, now: datetime
) -> Appointment:
    return new_row(
        Appointment,
        business=business,
        reference=new_reference(),
        token=new_token(),
        customer=customer,
        origin=booking.origin,
        notes=booking.notes,
        created_at=now,
    )
