"""What changes around appointments: the policy, the opening times, the staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from kept.accounts.actions import new_policy_version
from kept.accounts.queries import Business
from kept.appointments.asking import Answer
from kept.appointments.models import Leg
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.core.case import Actor, Event
from kept.lib.again import in_one_transaction
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Closure, Resource


@in_one_transaction
def change_policy(
    business: Business, changes: dict[str, object], now: datetime, actor: Actor
) -> int:
    """New policy values; every open appointment is planned anew. Answers how many.

    Raises PolicyError.
    """
    version = new_policy_version(business, changes, now, str(actor))
    return cases.change_policy(business.id, version.pk, now, actor)


def close(
    business: Business,
    resource: Resource | None,
    start: datetime,
    end: datetime,
    reason: str,
    now: datetime,
    actor: Actor,
    alongside: Callable[[Closure, list[Leg]], None] = lambda closure, legs: None,
) -> list[Leg]:
    """Close a time; what is booked in it stays and is escalated. Answers the affected legs.

    Raises ScheduleError.
    """
    event = Event("resource_lost", now, actor, reason, {"detail": reason or "closed"})
    return _change_schedule(
        lambda: schedule.close(business.id, resource, start, end, reason),
        lambda: affected_by(business, resource, start, end),
        event,
        now,
        alongside,
    )


def lift_closure(
    business: Business,
    closure_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[list[Leg]], None] = lambda legs: None,
) -> list[Leg]:
    """End a closure; appointments that lost their time by it have it back. Answers those.

    Not one that another closure still touches, or whose member of staff has retired.
    Raises Closure.DoesNotExist.
    """
    closure = schedule_queries.closure(business.id, closure_id)
    event = Event("resource_restored", now, actor, closure.reason, {"detail": "open again"})

    return _change_schedule(
        lambda: schedule.lift(business.id, closure_id, now),
        lambda: affected_by(business, closure.resource, closure.start, closure.end),
        event,
        now,
        lambda _, legs: alongside(legs),
        only=_have_their_time_again,
    )


def _have_their_time_again(legs: list[Leg]) -> list[Leg]:
    lost = case_queries.escalated([leg.case_id for leg in legs], "RESOURCE_LOST")
    return [
        leg
        for leg in legs
        if leg.case_id in lost
        and leg.staff.active
        and not schedule_queries.is_closed(leg.staff, leg.start, leg.end)
    ]


def _all(legs: list[Leg]) -> list[Leg]:
    return legs


def retire_staff(
    business: Business,
    resource_id: UUID,
    now: datetime,
    actor: Actor,
    alongside: Callable[[list[Leg]], None] = lambda legs: None,
) -> list[Leg]:
    """They can no longer be booked; appointments still to come with them are escalated.

    Answers those. Nothing is cancelled. Raises Resource.DoesNotExist.
    """
    resource = schedule_queries.staff_member(business.id, resource_id)
    detail = f"{resource.name} is no longer available"
    event = Event("resource_lost", now, actor, data={"detail": detail})
    return _change_schedule(
        lambda: schedule.retire_staff(business.id, resource_id),
        lambda: booked_with(resource, now),
        event,
        now,
        lambda _, legs: alongside(legs),
    )


def booked_with(resource: Resource, now: datetime) -> list[Leg]:
    """The booked legs a member of staff who retires would leave: shown before it is done."""
    return _legs_ahead(schedule_queries.booked_with(resource, now))


def _change_schedule(
    change: Callable[[], Answer],
    affected: Callable[[], list[Leg]],
    event: Event,
    now: datetime,
    alongside: Callable[[Answer, list[Leg]], None],
    *,
    only: Callable[[list[Leg]], list[Leg]] = _all,
) -> list[Leg]:
    """Change the schedule and let the affected legs know, in one transaction; answers those.

    `only`: which of the affected ones the event is about, once the schedule is changed.

    Cases are locked before resources, everywhere, or two would wait for one another; which cases
    are affected is known for certain only once the schedule is changed. So: lock those known
    before, change, look again; if one was booked in between, undo and begin anew.
    """

    @in_one_transaction
    def attempt() -> list[Leg] | None:
        locked = case_queries.lock_all(leg.case_id for leg in affected())
        changed = change()
        legs = affected()
        if not locked.issuperset(leg.case_id for leg in legs):
            transaction.set_rollback(True)
            return None
        legs = only(legs)
        cases.apply([cases.Incoming(leg.case_id, event) for leg in legs], now)
        alongside(changed, legs)
        return legs

    while (legs := attempt()) is None:
        pass
    return legs


def affected_by(
    business: Business, resource: Resource | None, start: datetime, end: datetime
) -> list[Leg]:
    """The booked legs a closure would touch, buffers included: shown before it is saved."""
    closed = [resource] if resource else list(schedule_queries.staff(business.id))
    return _legs_ahead(schedule_queries.holders_between(closed, start, end))


def _legs_ahead(ids: list[UUID]) -> list[Leg]:
    """Those of these legs that still wait for their visit, by time."""
    legs = Leg.objects.filter(
        case_id__in=ids, current=True, case__state__in=["scheduled", "confirmed", "prepared"]
    )
    return list(legs.select_related("appointment__customer", "case", "staff").order_by("start"))
