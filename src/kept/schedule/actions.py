"""Claiming and releasing time; setting up services, staff, hours and closures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from kept.core import availability
from kept.core.availability import Span, to_minute
from kept.core.time import WeeklyHours
from kept.core.time import zone as known_zone
from kept.lib.ids import new_id
from kept.schedule import queries
from kept.schedule.models import Claim, Closure, Hours, Resource, Service

HOLD_FOR = timedelta(minutes=10)


class Taken(Exception):
    """The time was taken by somebody else."""


class ScheduleError(ValueError):
    """A service, its staff or their hours cannot be set up like this. `field` names what."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


# Claims


def claim(
    resource: Resource,
    begin: datetime,
    end: datetime,
    *,
    kind: str,
    holder: UUID,
    now: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Take a resource from `begin` to `end` (buffers included). Raises Taken.

    Locking the resource first makes the others wait their turn instead of running into each
    other (two exclusion checks that wait for one another are a deadlock). Whoever claims without
    the lock meets the database, which has the last word. Call it in a transaction, and leave that
    by the exception: the lock and, where the database refused, all that was done go with it.
    """
    Resource.objects.select_for_update().get(number=resource.number)
    start, finish = to_minute(begin), to_minute(end)
    _make_room(resource.number, start, finish, now)
    try:
        Claim.objects.create(
            business_id=resource.business_id,
            resource=resource.number,
            start=start,
            end=finish,
            kind=kind,
            holder=holder,
            expires_at=expires_at,
        )
    except IntegrityError as error:
        if "claims_do_not_overlap" not in str(error):
            raise
        raise Taken from error


def _make_room(number: int, start: int, end: int, now: datetime) -> None:
    """Let go of expired holds in this time. Raises Taken when anything else stands there."""
    standing = Claim.objects.filter(live=True, resource=number, end__gt=start, start__lt=end)
    expiries = standing.values_list("id", "expires_at")
    expired = [claim for claim, at in expiries if at is not None and at <= now]
    if len(expired) < len(expiries):
        raise Taken
    if expired:
        Claim.objects.filter(id__in=expired).update(live=False)


def release(releases: Mapping[UUID, datetime]) -> None:
    """Give back the claims of these holders from the given instant on.

    What lies before stays taken: it happened. A closure that stood behind the claim closes the
    time that becomes free.
    """
    if not releases:
        return
    claims = list(Claim.objects.filter(holder__in=releases, live=True))
    for each in claims:
        # Rounded up: a visit completed at 10:20:30 has used the minute it ended in.
        minute = -int(-releases[each.holder].timestamp() // 60)
        begin = max(each.start, minute)
        if begin <= each.start:
            each.live = False
        elif begin < each.end:
            each.end = begin
    Claim.objects.bulk_update(claims, ["live", "end"])
    for number in sorted({each.resource for each in claims}):
        close_gaps(Resource.objects.get(number=number), since=min(releases.values()))


def hold(
    service: Service, resource: Resource, start: datetime, now: datetime, token: UUID
) -> datetime:
    """Hold a slot for a visitor while they fill in the form; answers until when. Raises Taken."""
    until = now + HOLD_FOR
    begin, end = claimed_span(service, start)
    with transaction.atomic():
        drop_hold(token)
        claim(resource, begin, end, kind=Claim.HOLD, holder=token, now=now, expires_at=until)
    return until


def drop_hold(token: UUID) -> None:
    """Let go of a visitor's hold, if there is one."""
    Claim.objects.filter(holder=token, kind=Claim.HOLD, live=True).update(live=False)


def claimed_span(service: Service, start: datetime) -> tuple[datetime, datetime]:
    """The time a booking of this service takes, buffers included."""
    before = timedelta(minutes=service.buffer_before_minutes)
    length = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
    return start - before, start + length


# Services and staff


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """A service as it is to be set up; minutes, and money in the business's currency."""

    name: str
    duration_minutes: int
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    price: Decimal | None = None
    staff: Sequence[UUID] = ()
    step_minutes: int = 15
    notice_minutes: int = 0
    horizon_days: int = 365
    mode: str = "here"
    place: str = ""
    public_name: str = ""
    private: bool = False
    change_until: str = ""
    late_cancel: str = ""


def create_service(business: UUID, details: ServiceDetails) -> Service:
    """A new service. Raises ScheduleError for details that cannot be, or unknown staff."""
    _check_service(details)
    resources = _known_staff(business, details.staff)
    fields = {name: getattr(details, name) for name in ServiceDetails.__slots__ if name != "staff"}
    with transaction.atomic():
        service = Service.objects.create(business_id=business, **fields)
        service.staff.set(resources)
    return service


def update_service(business: UUID, service_id: UUID, details: ServiceDetails) -> Service:
    """Change a service. What is booked keeps its snapshot. Raises ScheduleError, DoesNotExist."""
    _check_service(details)
    service = queries.service(business, service_id)
    resources = _known_staff(business, details.staff)
    for name in ServiceDetails.__slots__:
        if name != "staff":
            setattr(service, name, getattr(details, name))
    with transaction.atomic():
        service.save()
        service.staff.set(resources)
    return service


def _known_staff(business: UUID, ids: Sequence[UUID]) -> list[Resource]:
    resources = list(queries.staff(business).filter(id__in=ids))
    if len(resources) < len(set(ids)):
        raise ScheduleError("staff", "One of these people does not exist: list /staff for theirs.")
    return resources


def _check_service(details: ServiceDetails) -> None:
    if not details.name.strip():
        raise ScheduleError("name", "The service needs a name.")
    if not 1 <= details.duration_minutes <= 24 * 60:
        raise ScheduleError("duration_minutes", "The duration must be 1 to 1440 minutes.")
    if not 1 <= details.step_minutes <= 24 * 60:
        raise ScheduleError("step_minutes", "The step must be 1 to 1440 minutes.")
    for name in ("buffer_before_minutes", "buffer_after_minutes"):
        if not 0 <= getattr(details, name) <= 24 * 60:
            raise ScheduleError(name, "A buffer must be 0 to 1440 minutes.")
    if details.price is not None and details.price < 0:
        raise ScheduleError("price", "The price cannot be negative.")
    if not 0 <= details.notice_minutes <= 365 * 24 * 60:
        raise ScheduleError("notice_minutes", "The notice must be 0 minutes to a year.")
    if not 1 <= details.horizon_days <= 3650:
        raise ScheduleError("horizon_days", "The horizon must be 1 to 3650 days.")


def archive_service(business: UUID, service_id: UUID, now: datetime) -> None:
    """It can no longer be booked; what is booked keeps its snapshot."""
    Service.objects.filter(business_id=business, id=service_id).update(archived_at=now)


def create_staff(
    business: UUID, name: str, email: str, time_zone: str, hours: Sequence[WeeklyHours]
) -> Resource:
    """A member of staff with weekly hours. Raises ScheduleError, UnknownZone."""
    if not name.strip():
        raise ScheduleError("name", "The member of staff needs a name.")
    _check_hours(hours)
    with transaction.atomic():
        # Numbers are given out one after the other, so two at once must take turns.
        highest = Resource.objects.select_for_update().order_by("-number").first()
        resource = Resource.objects.create(
            number=highest.number + 1 if highest else 1,
            business_id=business,
            name=name.strip(),
            email=email,
            time_zone=known_zone(time_zone).key,
        )
        _write_hours(resource, hours)
        close_gaps(resource)
    return resource


def update_staff(resource: Resource, name: str, email: str) -> None:
    """Another name or address of a member of staff. Raises ScheduleError."""
    if not name.strip():
        raise ScheduleError("name", "The member of staff needs a name.")
    Resource.objects.filter(id=resource.id).update(name=name.strip(), email=email.strip())


def set_hours(resource: Resource, time_zone: str, hours: Sequence[WeeklyHours]) -> None:
    """New weekly hours or another zone. Booked legs keep their instants."""
    _check_hours(hours)
    with transaction.atomic():
        Resource.objects.filter(id=resource.id).update(time_zone=known_zone(time_zone).key)
        Hours.objects.filter(resource=resource).delete()
        _write_hours(resource, hours)


def _check_hours(hours: Sequence[WeeklyHours]) -> None:
    """Hours on one weekday must not overlap: a slot would be offered twice."""
    week: list[Span] = []
    for each in hours:
        start = (each.weekday * 24 + each.start.hour) * 60 + each.start.minute
        length = _minutes(each.end) - _minutes(each.start)
        week.append((start, start + (length if length > 0 else length + 24 * 60)))
    week.sort()
    for (_, end), (start, _) in pairwise(week):
        if start < end:
            raise ScheduleError("weekly_hours", "Two spans of the weekly hours overlap.")


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _write_hours(resource: Resource, hours: Iterable[WeeklyHours]) -> None:
    Hours.objects.bulk_create(
        Hours(resource=resource, weekday=each.weekday, start=each.start, end=each.end)
        for each in hours
    )


# Closures


def close(
    business: UUID,
    resource: Resource | None,
    start: datetime,
    end: datetime,
    reason: str,
) -> Closure:
    """Close a resource, or the whole business, for a time. Nothing that is booked is cancelled."""
    if end <= start:
        raise ScheduleError("end", "The closure must end after it starts.")
    with transaction.atomic():
        closure = Closure.objects.create(
            business_id=business, resource=resource, start=start, end=end, reason=reason
        )
        closed = [resource] if resource is not None else list(queries.staff(business))
        for each in sorted(closed, key=lambda one: one.number):
            close_gaps(each)
    return closure


def lift(business: UUID, closure_id: UUID, now: datetime) -> None:
    """End a closure: what it kept shut can be booked again."""
    with transaction.atomic():
        live = Closure.objects.filter(business_id=business, id=closure_id, lifted_at=None)
        if live.update(lifted_at=now):
            Claim.objects.filter(holder=closure_id, kind=Claim.CLOSURE).update(live=False)
            for resource in queries.staff(business).order_by("number"):
                close_gaps(resource)


def close_gaps(resource: Resource, *, since: datetime | None = None) -> None:
    """Claim, for every standing closure of a resource, what is not claimed by anything else.

    What is booked stays booked; what is merely held does not, and the rest of the closed time can
    no longer be taken. Called when a closure is made and when a claim inside one is given back.
    `since`: leave closures alone that ended before.
    """
    closures = Closure.objects.filter(
        Q(resource=resource) | Q(resource=None),
        business_id=resource.business_id,
        lifted_at=None,
    )
    if since is not None:
        closures = closures.filter(end__gt=since)
    if not closures.exists():
        return
    Resource.objects.select_for_update().get(number=resource.number)
    for closure in closures:
        begin, end = _minute_down(closure.start), -int(-closure.end.timestamp() // 60)
        live = Claim.objects.filter(
            live=True, resource=resource.number, end__gt=begin, start__lt=end
        )
        live.filter(kind=Claim.HOLD).update(live=False)
        gaps = availability.subtract([(begin, end)], live.values_list("start", "end"))
        Claim.objects.bulk_create(
            Claim(
                id=new_id(),
                business_id=resource.business_id,
                resource=resource.number,
                start=start,
                end=finish,
                kind=Claim.CLOSURE,
                holder=closure.id,
            )
            for start, finish in gaps
        )


def _minute_down(instant: datetime) -> int:
    return int(instant.timestamp() // 60)
