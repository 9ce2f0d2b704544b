"""Claiming and releasing time; setting up services, staff, hours and closures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Q

from kept.accounts import queries as accounts
from kept.core import availability
from kept.core.availability import Span, to_minute
from kept.core.policy import PolicyError, own_hand_offs
from kept.core.preparation import ItemError, checked
from kept.core.time import Exactly, WeeklyHours, first_instant, parse_offset, utc, wall_text
from kept.core.time import zone as known_zone
from kept.lib.ids import new_id
from kept.lib.ready import Question, Ready
from kept.lib.rows import new_row
from kept.schedule import queries
from kept.schedule.models import Claim, Closure, Hours, Resource, Service

HOLD_FOR = timedelta(minutes=10)
LARGEST_SHIFT = timedelta(days=1)  # more than any zone has ever changed by (Samoa, 2011)


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
    """Take a resource from `begin` to `end` (buffers included), as `room_for` says.

    Raises Taken, also where only the database knows of another claim.
    """
    row = room_for(resource, begin, end, kind=kind, holder=holder, now=now, expires_at=expires_at)
    with taken_if_refused():
        row.save(force_insert=True)


def room_for(
    resource: Resource,
    begin: datetime,
    end: datetime,
    *,
    kind: str,
    holder: UUID,
    now: datetime,
    expires_at: datetime | None = None,
    seen_free: bool = False,
) -> Claim:
    """A claim that may be written, but is not yet: until the end of the transaction nobody else
    can take a resource from `begin` to `end`, buffers included. Raises Taken.

    Locking the resource first makes the others wait their turn instead of running into each
    other (two exclusion checks that wait for one another are a deadlock). Whoever claims without
    the lock meets the database, which has the last word: write it in `taken_if_refused`. Call it
    in a transaction, and leave that by the exception: the lock and, where the database refused,
    all that was done go with it. Also raises Taken for somebody who retired meanwhile, and
    TimeError for what is not a whole minute. `seen_free`: `lock_giver` has said so.
    """
    start, finish = to_minute(begin), to_minute(end)
    if not seen_free:
        if not _locked.one(number=resource.number).active:
            raise Taken
        _make_room(resource.number, start, finish, now)
    return new_row(
        Claim,
        business_id=resource.business_id,
        resource=resource.number,
        start=start,
        end=finish,
        kind=kind,
        holder=holder,
        expires_at=expires_at,
    )


def lock_giver(service: Service, staff: UUID, start: datetime) -> tuple[list[Resource], bool]:
    """Lock the one who is asked for: `queries.staff_of(service, only=staff)`, and whether the time
    of a visit at `start` is free, all in one statement.

    Free is free until the end of the transaction. Had we to wait for the lock, what those before us
    claimed is not seen here, because a statement sees what was there when it began: the database
    refuses our claim then (`taken_if_refused`). What is not seen as free may yet be: `room_for`
    looks once more, now that nothing changes.
    """
    spans = _giver_locked(service=service.id, staff=staff, at=to_minute(start))
    free = bool(spans) and not spans[0].touched
    return queries.with_hours(spans), free


def asks_giver(service: UUID, staff: UUID, start: datetime) -> Question:
    """What `lock_giver` asks, to be asked ahead. (Within a minute nobody can begin.)"""
    minute = utc(start).replace(second=0, microsecond=0)
    return _giver_locked.of(service=service, staff=staff, at=to_minute(minute))


# The visit and its buffers (`claimed_span`) are counted in the database, so that the question can
# travel beside the one for the service.
_giver_locked: Ready[Any] = Ready(
    lambda service, staff, at: queries.and_whether_touched(
        queries.by_spans(services=service, id=staff),
        at - OuterRef("services__buffer_before_minutes"),
        at + OuterRef("services__duration_minutes") + OuterRef("services__buffer_after_minutes"),
    ).select_for_update(of=("self",), no_key=True)
)
_locked = Ready(
    lambda number: Resource.objects.select_for_update(no_key=True).filter(number=number)
)
_standing = Ready(
    lambda number, start, end: Claim.objects.filter(
        live=True, resource=number, end__gt=start, start__lt=end
    ).values_list("id", "expires_at")
)


@contextmanager
def taken_if_refused() -> Iterator[None]:
    """Around the writing of a claim: Taken where the database refuses it."""
    try:
        yield
    except IntegrityError as error:
        if "claims_do_not_overlap" not in str(error):
            raise
        raise Taken from error


def _make_room(number: int, start: int, end: int, now: datetime) -> None:
    """Let go of expired holds in this time. Raises Taken when anything else stands there."""
    expiries = _standing(number=number, start=start, end=end)
    expired = [claim for claim, at in expiries if at is not None and at <= now]
    if len(expired) < len(expiries):
        raise Taken
    if expired:
        Claim.objects.filter(id__in=expired).update(live=False)


def lock(numbers: Iterable[int]) -> list[Resource]:
    """Let nobody else claim or give back time of these resources until the end of the transaction.

    In the order of their numbers, as everybody who needs several does: two who swap their times
    would otherwise wait for one another. Cases are locked before resources. Those who merely refer
    to a resource are not made to wait: two who close the same one do so before they lock it.
    """
    rows = Resource.objects.select_for_update(no_key=True).filter(number__in=set(numbers))
    return list(rows.order_by("number"))


def release(releases: Mapping[UUID, datetime]) -> None:
    """Give back the claims of these holders from the given instant on.

    What lies before stays taken: it happened. A closure that stood behind the claim closes the
    time that becomes free.
    """
    if not releases:
        return
    holders = Claim.objects.filter(holder__in=releases, live=True)
    # Locked before it is read whether a closure stands behind: one that is just being made waits
    # for us or we for it, and one of us sees the other.
    resources = lock(holders.values_list("resource", flat=True))
    claims = list(holders)
    for each in claims:
        _shorten(each, releases[each.holder])
    Claim.objects.bulk_update(claims, ["live", "end"])
    closed = queries.with_closures(resources)
    for resource in resources:
        if resource.number in closed:
            close_gaps(resource, since=min(releases.values()))


def _shorten(claim: Claim, end: datetime) -> None:
    # Rounded up: a visit completed at 10:20:30 has used the minute it ended in.
    minute = -int(-end.timestamp() // 60)
    if minute <= claim.start:
        claim.live = False
    elif minute < claim.end:
        claim.end = minute


def shift(resource: Resource, by: Mapping[UUID, timedelta]) -> set[UUID]:
    """Move the claims of these legs by so much each; answers those whose new time is taken.

    All of them are let go of first, because legs that move together may pass over one another. A
    hold gives way, a closure closes what is left around them, and whoever is answered has no time
    any more. Called in a transaction, with the cases locked.
    """
    lock([resource.number])
    mine = Claim.objects.filter(resource=resource.number, live=True)
    claims = list(mine.filter(kind=Claim.LEG, holder__in=by).order_by("start"))
    mine.filter(Q(kind=Claim.CLOSURE) | Q(id__in=[each.id for each in claims])).update(live=False)
    homeless = {each.holder for each in claims if not _shifted(each, by[each.holder])}
    close_gaps(resource)
    return homeless


def _shifted(claim: Claim, by: timedelta) -> bool:
    """Take the claim's time again, so much later; False where anything but a hold stands there."""
    minutes = int(by.total_seconds() // 60)
    start, end = claim.start + minutes, claim.end + minutes
    standing = Claim.objects.filter(
        resource=claim.resource, live=True, end__gt=start, start__lt=end
    )
    if standing.exclude(kind=Claim.HOLD).exists():
        return False
    standing.update(live=False)
    Claim.objects.filter(id=claim.id).update(start=start, end=end, live=True)
    return True


def hold(
    service: Service, resource: Resource, start: datetime, now: datetime, token: UUID
) -> datetime:
    """Hold a slot for a visitor while they fill in the form; answers until when.

    It takes the place of what the visitor held before. Raises Taken for a time that is not (or no
    longer) offered; then the visitor still has what they held.
    """
    until = now + HOLD_FOR
    with transaction.atomic():
        if queries.refusal(service, resource, start, now, but=token) is not None:
            raise Taken
        begin, end = claimed_span(service, start)
        drop_hold(token, service.business_id)
        claim(resource, begin, end, kind=Claim.HOLD, holder=token, now=now, expires_at=until)
    return until


def drop_hold(token: UUID, business: UUID | None = None) -> None:
    """Let go of a visitor's hold, if there is one (and it is a hold of this business).

    Whoever knows the token may: it is a secret of the visitor's.
    """
    holds = Claim.objects.filter(holder=token, kind=Claim.HOLD, live=True)
    if business is not None:
        holds = holds.filter(business_id=business)
    holds.update(live=False)


def claimed_span(service: Service, start: datetime) -> tuple[datetime, datetime]:
    """The time a booking of this service takes, buffers included."""
    before = timedelta(minutes=service.buffer_before_minutes)
    length = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
    return start - before, start + length


# Services and staff


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """A service as it is to be set up; minutes, and money in the business's currency.

    `hand_offs`: what follows the outcomes named; of the others the policy speaks. `preparation`:
    what is to be ready before a visit, each `{"what", "by": customer or business, "due": "24h"}`.
    """

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
    directions: str = ""
    public_name: str = ""
    private: bool = False
    change_until: str = ""
    late_cancel: str = ""
    hand_offs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aftercare: str = ""
    comes_again_days: int | None = None
    recall: bool = False
    preparation: Sequence[Mapping[str, str]] = ()


def create_service(business: UUID, details: ServiceDetails) -> Service:
    """A new service. Raises ScheduleError for details that cannot be, or unknown staff."""
    _check_service(details)
    resources = _known_staff(business, details.staff)
    fields = _columns(details)
    with transaction.atomic():
        service = Service.objects.create(business_id=business, **fields)
        service.staff.set(resources)
    return service


def update_service(business: UUID, service_id: UUID, details: ServiceDetails) -> Service:
    """Change a service. What is booked keeps its snapshot. Raises ScheduleError, DoesNotExist."""
    _check_service(details)
    service = queries.service(business, service_id)
    resources = _known_staff(business, details.staff)
    for name, value in _columns(details).items():
        setattr(service, name, value)
    with transaction.atomic():
        service.save()
        service.staff.set(resources)
    return service


def _columns(details: ServiceDetails) -> dict[str, Any]:
    found = {name: getattr(details, name) for name in ServiceDetails.__slots__ if name != "staff"}
    own = own_hand_offs(details.hand_offs)
    return {**found, "hand_offs": own, "preparation": checked(details.preparation)}


def change_service(
    business: UUID,
    service_id: UUID,
    changes: Mapping[str, object],
    look: Callable[[Service], None],
) -> Service:
    """Change some of the details of a service; the others stay. Two who do so take turns.

    `look` sees the service as it is now, and may raise to leave it so. Raises ScheduleError,
    Service.DoesNotExist.
    """
    with transaction.atomic():
        Service.objects.select_for_update(no_key=True).filter(id=service_id).first()
        service = queries.service(business, service_id)
        look(service)
        known: dict[str, Any] = {name: getattr(service, name) for name in ServiceDetails.__slots__}
        known["staff"] = [each.id for each in queries.staff_of(service)]
        return update_service(business, service_id, ServiceDetails(**{**known, **changes}))


def _known_staff(business: UUID, ids: Sequence[UUID]) -> list[Resource]:
    resources = list(queries.staff(business).filter(id__in=ids))
    if len(resources) < len(set(ids)):
        raise ScheduleError("staff", "One of these people does not exist: list /staff for theirs.")
    return resources


DAY = 24 * 60  # minutes
LIMITS = {
    "duration_minutes": (1, DAY, "The duration must be 1 to 1440 minutes."),
    "step_minutes": (1, DAY, "The step must be 1 to 1440 minutes."),
    "buffer_before_minutes": (0, DAY, "A buffer must be 0 to 1440 minutes."),
    "buffer_after_minutes": (0, DAY, "A buffer must be 0 to 1440 minutes."),
    "notice_minutes": (0, 365 * DAY, "The notice must be 0 minutes to a year."),
    "horizon_days": (1, 3650, "The horizon must be 1 to 3650 days."),
}
LENGTHS = {
    "name": 200,
    "public_name": 200,
    "place": 300,
    "directions": 300,
    "aftercare": 2000,
}
HIGHEST_PRICE = Decimal("99999999.99")


def _check_service(details: ServiceDetails) -> None:
    """Raises ScheduleError, so that no booking ever meets a service it cannot use."""
    if not details.name.strip():
        raise ScheduleError("name", "The service needs a name.")
    for name, longest in LENGTHS.items():
        if len(getattr(details, name)) > longest:
            raise ScheduleError(name, f"Write at most {longest} letters.")
    for name, (least, most, sentence) in LIMITS.items():
        if not least <= getattr(details, name) <= most:
            raise ScheduleError(name, sentence)
    if details.mode not in dict(Service.PLACES):
        raise ScheduleError("mode", f"Choose one of {', '.join(dict(Service.PLACES))}.")
    if details.comes_again_days is not None and not 1 <= details.comes_again_days <= 3650:
        raise ScheduleError("comes_again_days", "People come again after 1 to 3650 days.")
    _check_price(details.price)
    _check_terms(details)
    _check_hand_offs(details)
    _check_preparation(details)


def _check_preparation(details: ServiceDetails) -> None:
    try:
        checked(details.preparation)
    except ItemError as error:
        raise ScheduleError("preparation", str(error)) from error


def _check_price(price: Decimal | None) -> None:
    if price is None:
        return
    if not math.isfinite(price) or price < 0:
        raise ScheduleError("price", "The price cannot be negative.")
    if price > HIGHEST_PRICE:
        raise ScheduleError("price", f"The price can be at most {HIGHEST_PRICE}.")


def _check_terms(details: ServiceDetails) -> None:
    """The service's own terms of change, where it has any: `2h`, `1d 18:00`."""
    for name in ("change_until", "late_cancel"):
        text = getattr(details, name)
        try:
            offset = parse_offset(text) if text else None
        except ValueError as error:
            raise ScheduleError(name, str(error)) from error
        if name == "late_cancel" and offset is not None and not isinstance(offset, Exactly):
            raise ScheduleError(name, "Write an elapsed time such as 24h, not a time of day.")


def _check_hand_offs(details: ServiceDetails) -> None:
    try:
        own_hand_offs(details.hand_offs)
    except PolicyError as error:
        raise ScheduleError("hand_offs", str(error)) from error


def archive_service(business: UUID, service_id: UUID, now: datetime) -> None:
    """It can no longer be booked; what is booked keeps its snapshot."""
    Service.objects.filter(business_id=business, id=service_id).update(archived_at=now)


def create_staff(
    business: UUID, name: str, email: str, time_zone: str, hours: Sequence[WeeklyHours]
) -> Resource:
    """A member of staff with weekly hours. Raises ScheduleError, UnknownZone."""
    _check_name(name)
    _check_hours(hours)
    key = known_zone(time_zone).key
    with transaction.atomic():
        resource = _numbered(business_id=business, name=name.strip(), email=email, time_zone=key)
        _write_hours(resource, hours)
        close_gaps(resource)
    return resource


def update_staff(resource: Resource, name: str, email: str) -> None:
    """Another name or address of a member of staff. Raises ScheduleError."""
    _check_name(name)
    Resource.objects.filter(id=resource.id).update(name=name.strip(), email=email.strip())


def change_staff(
    business: UUID,
    resource_id: UUID,
    changes: Mapping[str, Any],
    look: Callable[[Resource], None],
) -> Resource:
    """Change some of name, email, time_zone and hours; the others stay. Two take turns.

    `look` sees the member of staff as they are now, and may raise to leave them so. Raises
    ScheduleError, UnknownZone, Resource.DoesNotExist.
    """
    with transaction.atomic():
        lock([queries.staff_member(business, resource_id).number])
        resource = queries.staff_member(business, resource_id)
        look(resource)
        known: dict[str, Any] = {
            "name": resource.name,
            "email": resource.email,
            "time_zone": resource.time_zone,
            "hours": queries.weekly_hours(resource),
            **changes,
        }
        update_staff(resource, known["name"], known["email"])
        set_hours(resource, known["time_zone"], known["hours"])
        return queries.staff_member(business, resource_id)


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= 200:
        raise ScheduleError("name", "The member of staff needs a name of at most 200 letters.")


def _numbered(**fields: Any) -> Resource:
    """A new resource with the next number.

    Numbers are given out without a lock. Of two who take the same one the database refuses one,
    and it takes the next; anything else the database refuses is not about the number.
    """
    while True:
        number = _next_number()
        try:
            with transaction.atomic():
                return Resource.objects.create(number=number, **fields)
        except IntegrityError:
            if not Resource.objects.filter(number=number).exists():
                raise


def _next_number() -> int:
    highest: int | None = Resource.objects.aggregate(highest=Max("number"))["highest"]
    return (highest or 0) + 1


def retire_staff(business: UUID, resource_id: UUID) -> None:
    """They can no longer be booked or held; what is booked with them stays for now.

    Appointments that lose them are the business of `appointments.actions.retire_staff`.
    Raises Resource.DoesNotExist.
    """
    with transaction.atomic():
        resource = queries.staff_member(business, resource_id)
        lock([resource.number])
        Resource.objects.filter(id=resource.id).update(active=False)
        holds = Claim.objects.filter(resource=resource.number, kind=Claim.HOLD, live=True)
        holds.update(live=False)


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
    if week:  # the week goes round: Sunday night may reach into Monday
        week.append((week[0][0] + 7 * DAY, week[0][1] + 7 * DAY))
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
    """Close a resource, or the whole business, for a time. Nothing that is booked is cancelled.

    Raises ScheduleError, and Resource.DoesNotExist for one of another business.
    """
    if start.utcoffset() is None or end.utcoffset() is None:
        raise ScheduleError("start", "Give both times with their offset from UTC.")
    if resource is not None and resource.business_id != business:
        raise Resource.DoesNotExist
    if end <= start:
        raise ScheduleError("end", "The closure must end after it starts.")
    zone = known_zone(accounts.business(business).time_zone)
    with transaction.atomic():
        closure = Closure.objects.create(
            business_id=business,
            resource=resource,
            start=start,
            end=end,
            reason=reason,
            zone=zone.key,
            wall_start=wall_text(start, zone),
            wall_end=wall_text(end, zone),
        )
        for each in _closed_by(closure):
            close_gaps(each)
    return closure


def _closed_by(closure: Closure) -> list[Resource]:
    """Whom a closure concerns, in the order in which they are locked."""
    if closure.resource is not None:
        return [closure.resource]
    return sorted(queries.staff(closure.business_id), key=lambda one: one.number)


def follow_zone_rules(now: datetime) -> int:
    """Give closures whose zone has new rules the instants of their wall times; answers how many.

    What is booked stays booked, whatever a closure comes to lie over by this.
    """
    standing = Closure.objects.filter(lifted_at=None, end__gt=now - LARGEST_SHIFT)
    found = standing.exclude(wall_start="").select_related("resource").order_by("id")
    return sum(_follow_zone_rules(closure) for closure in list(found))


def _follow_zone_rules(closure: Closure) -> bool:
    zone = known_zone(closure.zone)
    start = _at_wall(closure.start, closure.wall_start, zone)
    end = _at_wall(closure.end, closure.wall_end, zone)
    if (start, end) == (closure.start, closure.end) or end <= start:
        return False
    with transaction.atomic():
        Closure.objects.filter(id=closure.id).update(start=start, end=end)
        Claim.objects.filter(holder=closure.id, kind=Claim.CLOSURE).update(live=False)
        for each in _closed_by(closure):
            close_gaps(each)
    return True


def _at_wall(instant: datetime, wall: str, zone: ZoneInfo) -> datetime:
    """The instant of a wall time, which is kept to the minute, by the rules of today."""
    if wall_text(instant, zone) == wall:
        return instant
    within = timedelta(seconds=instant.second, microseconds=instant.microsecond)
    return first_instant(datetime.fromisoformat(wall), zone) + within


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
    Resource.objects.select_for_update(no_key=True).get(number=resource.number)
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
