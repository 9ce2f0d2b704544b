"""A leg while it is being opened: its time claimed, its terms agreed, its case begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from kept.accounts.queries import Business
from kept.appointments.asking import CannotBook
from kept.appointments.models import Appointment, Leg
from kept.cases import actions as cases
from kept.cases.rows import policy_of
from kept.core import time
from kept.core.availability import Refusal
from kept.core.case import Event
from kept.core.policy import Policy
from kept.core.preparation import as_facts
from kept.core.time import close_of_business, parse_offset
from kept.lib.ids import new_id
from kept.lib.rows import new_row
from kept.people import queries as people_queries
from kept.people.queries import Customer
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Claim, Resource, Service

PATH = "appointment"
FURTHEST = timedelta(days=3650)  # as far as the horizon of a service may go


def check_start(start: datetime, now: datetime) -> None:
    """What not even the front desk may do. Raises CannotBook."""
    begin = time.utc(start)
    if begin.second or begin.microsecond:
        raise CannotBook(Refusal.OFF_GRID)
    if begin > now + FURTHEST:
        raise CannotBook(Refusal.TOO_FAR)
    # Who is here and was not booked is a walk-in; a time that has begun cannot be announced.
    if begin < now.replace(second=0, microsecond=0):
        raise CannotBook(Refusal.PAST)


class NewLeg:
    """A leg while it is being opened."""

    def __init__(
        self,
        business: Business,
        appointment: Appointment,
        service: Service,
        policy: int,
        customer: Customer,
        now: datetime,
        number: int,
        lives_by: str = "",
    ) -> None:
        self.id = new_id()
        self.business, self.appointment, self.service = business, appointment, service
        self.customer, self.now, self.number = customer, now, number
        # The zone given with this booking; who books from elsewhere once does not live there.
        self.lives_by = lives_by or customer.time_zone
        self.policy = policy  # the id of the version in force
        self.staff: Resource
        self.start: datetime
        self.answers: UUID | None = None  # a lead
        self.ready: list[str] = []  # the ids of the items that were ready before a move
        # Whether anybody outside hears of it, as this transaction has read it; None: to be asked.
        # What the business said before the transaction began may be over by now.
        self.heard: bool | None = None
        self.freely = False
        self.overruled: Refusal | None = None
        self.claim: Claim
        self._read: dict[UUID | None, list[Resource]] = {}
        self._seen_free = False

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.service.duration_minutes)

    def claim_time(self, start: datetime, staff: UUID | None, *, freely: bool) -> None:
        """Claim the time with this member of staff, or with whoever is free. Raises CannotBook."""
        if staff is not None and staff not in self._read:
            self._read[staff], self._seen_free = schedule.lock_giver(self.service, staff, start)
        candidates = self._least_busy_first(self.candidates(staff), start)
        if not candidates:
            raise CannotBook(Refusal.NO_STAFF)
        several = len(candidates) > 1
        # Of several the busy ones are passed over unasked; about one the claim itself tells.
        around = schedule_queries.taken_around
        busy = around(self.service, candidates, start, self.now) if several else {}
        refusals = []
        for candidate in candidates:
            refused = schedule_queries.refusal(
                self.service, candidate, start, self.now, on_grid=not freely, busy=busy
            )
            if refused is None or (freely and refused is not Refusal.TAKEN):
                overruled = refused
                refused = self._claim(candidate, start, and_go_on=several)
                if refused is None:
                    self.freely, self.overruled = freely, overruled
                    return
            refusals.append(refused)
        # "Taken" says most: somebody could have done it at another time.
        raise CannotBook(Refusal.TAKEN if Refusal.TAKEN in refusals else refusals[0])

    def keeps(self, staff: UUID) -> UUID | None:
        """This person, if they still give the service; else anybody may."""
        return staff if self._givers(staff) else None

    def candidates(self, staff: UUID | None) -> list[Resource]:
        """The one asked for, or everybody who gives the service.

        Raises CannotBook for one of the business who does not give it: they may have, until a
        moment ago. Raises Resource.DoesNotExist for anybody else.
        """
        asked = self._givers(staff)
        if staff is not None and not asked:
            if schedule_queries.staff_ever(self.business.id, staff):
                raise CannotBook(Refusal.STAFF_GONE)
            raise Resource.DoesNotExist("There is no such member of staff.")
        return asked

    def _givers(self, staff: UUID | None) -> list[Resource]:
        """Who gives the service, or only this one of them, if they do; each read once."""
        if staff not in self._read:
            self._read[staff] = schedule_queries.staff_of(self.service, only=staff)
        return self._read[staff]

    def _least_busy_first(self, candidates: list[Resource], start: datetime) -> list[Resource]:
        """Work is shared evenly over the day of the business on which it begins."""
        if len(candidates) < 2:
            return candidates
        zone = ZoneInfo(self.business.time_zone)
        busy = schedule_queries.load(
            candidates, *time.day_bounds(time.local_day(start, zone), zone)
        )
        return sorted(candidates, key=lambda resource: busy[resource.number])

    def _claim(self, candidate: Resource, start: datetime, *, and_go_on: bool) -> Refusal | None:
        """`and_go_on`: somebody else may be asked next, so a failed claim must leave nothing
        behind, above all no lock: two who hold what the other asks for next are a deadlock."""
        begin, end = schedule.claimed_span(self.service, start)
        try:
            with transaction.atomic(savepoint=and_go_on):
                self.claim = schedule.room_for(
                    candidate,
                    begin,
                    end,
                    kind=Claim.LEG,
                    holder=self.id,
                    now=self.now,
                    seen_free=self._seen_free,
                )
        except schedule.Taken:
            return Refusal.TAKEN
        self.staff, self.start = candidate, start
        return None

    def open(self, event: Event, *, told: bool, version: int = 0) -> Leg:
        """Begin the case of the leg with `event`, and write all that is new. Raises CannotBook.

        `told`: about an earlier leg.
        """
        opening = cases.Opening(
            id=self.id,
            business=self.business.id,
            path=PATH,
            subject=self.appointment.id,
            number=self.number,
            person=self.customer,
            zone=self.business.time_zone,
            anchors=self._anchors(),
            facts=self._facts(told),
            policy=self.policy,
            version=version,
            heard=self.heard,
            answers=self.answers,
        )
        leg = self._row()
        new = [row for row in (self.customer, self.appointment) if row._state.adding]
        try:
            with schedule.taken_if_refused():
                leg.case = cases.begin(opening, event, self.now, along=[*new, self.claim, leg])
        except schedule.Taken:
            raise CannotBook(Refusal.TAKEN) from None
        return leg

    def _row(self) -> Leg:
        return new_row(
            Leg,
            case_id=self.id,
            business=self.business,
            appointment=self.appointment,
            number=self.number,
            service=self.service,
            snapshot=self._snapshot(),
            staff=self.staff,
            start=self.start,
            end=self.end,
            booked_at=self.now,
            wall=time.wall_text(self.start, ZoneInfo(self.business.time_zone)),
        )

    def _snapshot(self) -> dict[str, object]:
        """The service as it was booked, and the rule by which this time could be."""
        offered = schedule_queries.rule_for(self.service, self.staff, self.start)
        return {
            **_snapshot(self.service, self.business, policy_of(self.policy)),
            "offered": {**offered, "freely": self.freely, "overruled": self.overruled},
        }

    def _anchors(self) -> dict[str, datetime]:
        policy = policy_of(self.policy)
        zone, terms = ZoneInfo(self.business.time_zone), _terms(self.service, policy)
        counted = anchors_from(self.start, self.end, self.staff, zone, policy, terms)
        return {"opened": self.now, **counted}

    def _facts(self, told: bool) -> dict[str, object]:
        price, own = self.service.price, self.service.hand_offs
        return {
            "channels": people_queries.channels(self.customer),
            "told": told,
            "recipient_zone": self.lives_by,
            "buffer_after_minutes": self.service.buffer_after_minutes,
            **({"hand_offs": own} if own else {}),
            **self._preparation(),
            "carries": {
                "reference": self.appointment.reference,
                "service": self.service.name,
                "service_id": str(self.service.id),
                "value": str(price) if price is not None else None,
                "currency": self.business.currency,
                "service_snapshot": _snapshot(self.service, self.business, policy_of(self.policy)),
            },
        }

    def _preparation(self) -> dict[str, object]:
        """What is to be ready, and after a move what of it is ready already."""
        items = as_facts(self.service.preparation)
        found: dict[str, object] = {"to_prepare": items} if items else {}
        return found | ({"prepared_items": self.ready} if self.ready else {})


def anchors_from(
    start: datetime,
    end: datetime,
    staff: Resource,
    zone: ZoneInfo,
    policy: Policy,
    terms: Mapping[str, str],
) -> dict[str, datetime]:
    """The instants that follow from the time of a visit, the hours and the terms agreed."""
    grace = time.after(end, policy.outcome_grace, zone)
    hours = schedule_queries.weekly_hours(staff)
    close = close_of_business(end, hours, ZoneInfo(staff.time_zone), not_before=grace)
    return {
        "start": start,
        "end": end,
        "close": close,
        "change_until": time.before(start, parse_offset(terms["change_until"]), zone),
        "late_cancel": time.before(start, parse_offset(terms["late_cancel"]), zone),
    }


def _terms(service: Service, policy: Policy) -> dict[str, str]:
    """The terms of change agreed at booking: the service's own, else the policy's."""
    return {
        "change_until": service.change_until or time.format_offset(policy.change_until),
        "late_cancel": service.late_cancel or time.format_offset(policy.late_cancel),
    }


def _snapshot(service: Service, business: Business, policy: Policy) -> dict[str, object]:
    """The service as it was booked. Editing or archiving it later changes nothing here."""
    return {
        "id": str(service.id),
        "name": service.name,
        "public_name": service.public_name or ("" if service.private else service.name),
        "duration_minutes": service.duration_minutes,
        "buffer_before_minutes": service.buffer_before_minutes,
        "buffer_after_minutes": service.buffer_after_minutes,
        "price": str(service.price) if service.price is not None else None,
        "currency": business.currency,
        "mode": service.mode,
        # Only who comes to the business is sent to its address.
        "place": service.place or (business.address if service.mode == "here" else ""),
        "directions": service.directions,
        "private": service.private,
        "terms": _terms(service, policy),
        "hand_offs": service.hand_offs,
        "preparation": service.preparation,
    }
