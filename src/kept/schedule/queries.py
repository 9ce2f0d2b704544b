"""Services, staff, hours, and what is free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from kept.accounts.queries import newest_policy
from kept.core import availability
from kept.core.availability import Refusal as Refusal
from kept.core.availability import SlotRules, Span, from_minute, to_minute
from kept.core.policy import Policy, unmapped
from kept.core.time import Exactly, WeeklyHours, format_offset, local_day, parse_offset, utc
from kept.core.time import zone as known_zone
from kept.lib.ready import Question, Ready
from kept.schedule.models import Claim as Claim
from kept.schedule.models import Closure as Closure
from kept.schedule.models import Hours as Hours
from kept.schedule.models import Resource as Resource
from kept.schedule.models import Service as Service


@dataclass(frozen=True, slots=True)
class Slot:
    """A bookable time: aware instants in UTC, and whose time it is."""

    start: datetime
    end: datetime
    staff: UUID


def services(business: UUID) -> QuerySet[Service]:
    """The services that can be booked, by name."""
    active = Service.objects.filter(business_id=business, archived_at=None)
    return active.prefetch_related("staff").order_by("name", "id")


def service(business: UUID, service_id: UUID) -> Service:
    """Raises Service.DoesNotExist, also for one of another business or an archived one."""
    return service_and_policy(business, service_id)[0]


def service_and_policy(business: UUID, service_id: UUID) -> tuple[Service, int, bool]:
    """`service`, the id of the policy version in force, and whether a program outside hears of what
    happens (`Business.heard`), read in the same statement."""
    found = _bookable.one(business=business, service=service_id)
    return found, found.in_force, found.heard


def asks_service(business: UUID, service_id: UUID) -> Question:
    """What `service_and_policy` asks, to be asked ahead."""
    return _bookable.of(business=business, service=service_id)


_bookable: Ready[Any] = Ready(
    lambda business, service: Service.objects.filter(
        business_id=business, id=service, archived_at=None
    ).annotate(
        in_force=Subquery(newest_policy(OuterRef("business")).values("id")),
        heard=F("business__heard"),
    )
)


def late_changes(service: Service, policy: Policy) -> str:
    """That the first reminder comes too late to change this service, in a sentence; else "".

    By the service's own terms: those of the policy are for the policy to warn of.
    """
    if not service.change_until or "first_reminder" in policy.switched_off:
        return ""
    until, reminder = parse_offset(service.change_until), policy.first_reminder
    # A time of day and an elapsed time cannot be compared without a date.
    if (
        not isinstance(until, Exactly)
        or not isinstance(reminder, Exactly)
        or until.delta < reminder.delta
    ):
        return ""
    return (
        f"The first reminder ({format_offset(reminder)} before) arrives too late to change "
        f"{service.name}: its online changes close {format_offset(until)} before."
    )


def doubts(service: Service, policy: Policy) -> list[str]:
    """What of a service is probably not meant under this policy, each as one sentence."""
    late, missing = late_changes(service, policy), unmapped(policy, service.hand_offs)
    nothing = f"Nothing says what follows {', '.join(missing)} after {service.name}."
    return [*([late] if late else []), *([nothing] if missing else [])]


def staff(business: UUID) -> QuerySet[Resource]:
    """The people who can be booked, by name, with their weekly hours."""
    active = Resource.objects.filter(business_id=business, active=True)
    return active.prefetch_related("hours").order_by("name", "id")


def staff_member(business: UUID, resource_id: UUID) -> Resource:
    """Raises Resource.DoesNotExist, also for one of another business."""
    return staff(business).get(id=resource_id)


def staff_ever(business: UUID, resource_id: UUID) -> Resource | None:
    """Somebody who can be booked, or could be until they retired."""
    return Resource.objects.filter(business_id=business, id=resource_id).first()


def staff_of(service: Service, only: UUID | None = None) -> list[Resource]:
    """Who gives this service, by name; `only`: this one, or nobody if they do not give it."""
    if only is not None:
        return with_hours(_giver(service=service.id, staff=only))
    return with_hours(_givers(service=service.id))


def asks_givers(service: UUID) -> Question:
    """What `staff_of` asks where anybody will do, to be asked ahead."""
    return _givers.of(service=service)


def by_spans(**who: Any) -> QuerySet[Any]:
    """Active staff by name, each once for every span of their weekly hours (or once, without)."""
    spans = {"weekday": F("hours__weekday"), "opens": F("hours__start"), "ends": F("hours__end")}
    active = Resource.objects.filter(active=True, **who)
    return active.annotate(span=F("hours"), **spans).order_by("name", "id")


def and_whether_touched(staff: QuerySet[Any], begin: Any, end: Any) -> QuerySet[Any]:
    """`touched`: something of theirs is taken in [begin, end), be it only by an expired hold."""
    live = Claim.objects.filter(live=True, resource=OuterRef("number"))
    touching = live.filter(end__gt=begin, start__lt=end)
    return cast(QuerySet[Any], staff.annotate(touched=Exists(touching)))


_giver = Ready(lambda service, staff: by_spans(services=service, id=staff))
_givers = Ready(lambda service: by_spans(services=service))


def with_hours(spans: Sequence[Any]) -> list[Resource]:
    """Each once, with their hours read already: what `prefetch_related` makes of two statements."""
    resources: list[Resource] = []
    for _, group in groupby(spans, key=attrgetter("pk")):
        rows = list(group)
        rows[0].known_hours = [
            _weekly(each.weekday, each.opens, each.ends) for each in rows if each.span is not None
        ]
        resources.append(rows[0])
    return resources


def weekly_hours(resource: Resource) -> list[WeeklyHours]:
    """Their hours: read along by `with_hours`, prefetched, or to be read now."""
    known: list[WeeklyHours] | None = getattr(resource, "known_hours", None)
    if known is not None:
        return known
    return [_weekly(row.weekday, row.start, row.end) for row in resource.hours.all()]


@lru_cache(maxsize=1024)
def _weekly(weekday: int, start: time, end: time) -> WeeklyHours:
    return WeeklyHours(weekday, start, end)


def rules(service: Service) -> SlotRules:
    return SlotRules(
        duration=service.duration_minutes,
        buffer_before=service.buffer_before_minutes,
        buffer_after=service.buffer_after_minutes,
        step=service.step_minutes,
        notice=service.notice_minutes,
        horizon_days=service.horizon_days,
    )


def taken(
    resources: Sequence[Resource], begin: int, end: int, now: datetime, *, but: UUID | None = None
) -> dict[int, list[Span]]:
    """What is taken of each resource (by number) in [begin, end), in minutes.

    An expired hold takes nothing. `but`: the holder whose own claim does not count (a leg that
    is being moved may overlap its old time).
    """
    live = Claim.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        live=True,
        resource__in=[resource.number for resource in resources],
        end__gt=begin,
        start__lt=end,
    )
    if but is not None:
        live = live.exclude(holder=but)
    spans: dict[int, list[Span]] = defaultdict(list)
    for number, start, finish in live.values_list("resource", "start", "end"):
        spans[number].append((start, finish))
    return spans


def taken_around(
    service: Service,
    resources: Sequence[Resource],
    start: datetime,
    now: datetime,
    *,
    but: UUID | None = None,
) -> dict[int, list[Span]]:
    """What is taken of each resource that a visit at `start`, with its buffers, could touch."""
    slot_rules = rules(service)
    reach = slot_rules.duration + slot_rules.buffer_before + slot_rules.buffer_after
    begin = to_minute(start)
    return taken(resources, begin - reach, begin + reach, now, but=but)


def free_slots(
    service: Service,
    resources: Sequence[Resource],
    begin: datetime,
    end: datetime,
    now: datetime,
    *,
    but: UUID | None = None,
) -> list[Slot]:
    """The bookable slots of a service with begin <= start < end, by time and then staff order.

    Aware instants. What lies in the past or beyond the horizon of the service costs nothing,
    however long the range. Raises NotAnInstant for a naive one.
    """
    found = free_minutes(service, resources, begin, end, now, but=but)
    length = timedelta(minutes=service.duration_minutes)
    starts = {minute: from_minute(minute) for minute, _ in found}
    return [Slot(starts[at], starts[at] + length, resources[who].id) for at, who in found]


def free_minutes(
    service: Service,
    resources: Sequence[Resource],
    begin: datetime,
    end: datetime,
    now: datetime,
    *,
    but: UUID | None = None,
) -> list[tuple[int, int]]:
    """`free_slots` as bare numbers, for thousands at once: (minute, position in `resources`)."""
    slot_rules = rules(service)
    begin = max(utc(begin), utc(now))
    end = min(utc(end), utc(now) + timedelta(days=slot_rules.horizon_days + 1))
    if begin >= end:
        return []
    first, last = _whole_minute_up(begin), _whole_minute_up(end)
    reach = slot_rules.duration + slot_rules.buffer_before + slot_rules.buffer_after
    busy = taken(resources, first - reach, last + reach, now, but=but)
    found = [
        (minute, order)
        for order, resource in enumerate(resources)
        for minute in availability.free_starts(
            _open(resource, begin, end),
            busy.get(resource.number, []),
            slot_rules,
            _whole_minute_up(now),
            first,
            last,
        )
    ]
    found.sort()
    return found


def refusal(
    service: Service,
    resource: Resource,
    start: datetime,
    now: datetime,
    *,
    on_grid: bool = True,
    but: UUID | None = None,
    busy: Mapping[int, Sequence[Span]] | None = None,
) -> Refusal | None:
    """Why this start cannot be booked with this resource, or None: by the rules of free_slots.

    `busy`: what is taken, where the caller has read it already (`taken_around`), or wants to leave
    it to the claim to find out (nothing). The start is a whole minute; raises TimeError for
    anything else.
    """
    slot_rules = rules(service)
    begin = to_minute(start)
    if busy is None:
        busy = taken_around(service, [resource], start, now, but=but)
    opened = _open(resource, start, start + timedelta(minutes=slot_rules.duration))
    return availability.fits(
        opened,
        busy.get(resource.number, []),
        slot_rules,
        _whole_minute_up(now),
        begin,
        on_grid=on_grid,
    )


def rule_for(service: Service, resource: Resource, start: datetime) -> dict[str, object]:
    """The availability rule that speaks for this start, as plain data to be kept with a booking.

    `hours`: the weekly hours it lies in, by the clocks of `time_zone`; None outside them all.
    """
    zone = known_zone(resource.time_zone)
    found = availability.opening_at(weekly_hours(resource), zone, to_minute(start))
    return {
        "hours": None
        if found is None
        else {
            "weekday": found.weekday,
            "start": f"{found.start:%H:%M}",
            "end": f"{found.end:%H:%M}",
        },
        "time_zone": resource.time_zone,
        "step_minutes": service.step_minutes,
        "notice_minutes": service.notice_minutes,
        "horizon_days": service.horizon_days,
    }


def is_open(resource: Resource, start: datetime, end: datetime) -> bool:
    """True when the whole span lies in the weekly hours of a resource; closures are not asked."""
    begin, finish = to_minute(start), _whole_minute_up(end)
    return any(low <= begin and finish <= high for low, high in _open(resource, start, end))


def open_times(
    business: UUID, begin: datetime, end: datetime, *, only: Resource | None = None
) -> list[tuple[datetime, datetime]]:
    """When the business is open in [begin, end): when anybody works, closures left out.

    By time, in UTC. Empty when nobody has hours in that time. `only`: when this one works.
    """
    shut = _shut(business, begin, end)
    who = staff(business) if only is None else [only]
    spans = [span for each in who for span in _working(each, shut, begin, end)]
    return [(from_minute(low), from_minute(high)) for low, high in availability.merge(spans)]


def offered_minutes(business: UUID, begin: datetime, end: datetime) -> dict[UUID, int]:
    """How many minutes each member of staff works in [begin, end), closures left out: by the hours
    as they are today. Of those who have left, whose hours are no longer kept, nothing."""
    shut = _shut(business, begin, end)
    return {
        each.id: sum(high - low for low, high in _working(each, shut, begin, end))
        for each in staff(business)
    }


Shut = list[tuple[UUID | None, Span]]


def _shut(business: UUID, begin: datetime, end: datetime) -> Shut:
    """The closures of this time, with whose they are (None: everybody's)."""
    closures = Closure.objects.filter(business_id=business, lifted_at=None)
    return [
        (each.resource_id, (to_minute(utc(each.start)), _whole_minute_up(each.end)))
        for each in closures.filter(end__gt=begin, start__lt=end)
    ]


def _working(resource: Resource, shut: Shut, begin: datetime, end: datetime) -> list[Span]:
    """When somebody works in [begin, end), by time."""
    low, high = to_minute(begin.replace(second=0, microsecond=0)), _whole_minute_up(end)
    away = [span for whose, span in shut if whose in (None, resource.id)]
    opened = availability.subtract(_open(resource, begin, end), away)
    inside = ((max(opens, low), min(closes, high)) for opens, closes in opened)
    return [(opens, closes) for opens, closes in inside if opens < closes]


def _open(resource: Resource, begin: datetime, end: datetime) -> Sequence[Span]:
    """The open spans of a resource on every local day that [begin, end] touches.

    One day more on each side: hours may run over midnight, and the day before may reach in.
    """
    zone = known_zone(resource.time_zone)
    first = local_day(begin, zone) - timedelta(days=1)
    last = local_day(end, zone) + timedelta(days=1)
    return _open_spans(tuple(weekly_hours(resource)), zone, first, last)


@lru_cache(maxsize=128)
def _open_spans(
    hours: tuple[WeeklyHours, ...], zone: ZoneInfo, first: date, last: date
) -> tuple[Span, ...]:
    """Remembered, because a team that keeps the same hours asks the same for each of them."""
    return tuple(availability.open_spans(hours, zone, first, last))


def _whole_minute_up(instant: datetime) -> int:
    """The minute at or after an instant: a slot that began seconds ago can no longer be booked."""
    return -int(-instant.timestamp() // 60)


def standing_holds(holders: Iterable[UUID], now: datetime) -> set[UUID]:
    """Which of these holds stand."""
    holds = Claim.objects.filter(holder__in=list(holders), kind=Claim.HOLD, live=True)
    return set(holds.filter(expires_at__gt=now).values_list("holder", flat=True))


def live_hold(token: UUID, now: datetime) -> Claim | None:
    """A visitor's hold, while it stands."""
    holds = Claim.objects.filter(holder=token, kind=Claim.HOLD, live=True, expires_at__gt=now)
    return holds.first()


def start_of_claim(service: Service, claim: Claim) -> datetime | None:
    """When a visit of this service would begin in this claim; None when it has another length."""
    before, after = service.buffer_before_minutes, service.buffer_after_minutes
    if claim.end - claim.start != before + service.duration_minutes + after:
        return None
    return from_minute(claim.start + before)


def load(resources: Iterable[Resource], begin: datetime, end: datetime) -> dict[int, int]:
    """Minutes already booked of each resource (by number) in a span, to share work evenly."""
    low, high = to_minute(begin.replace(second=0, microsecond=0)), _whole_minute_up(end)
    numbers = [resource.number for resource in resources]
    claims = Claim.objects.filter(
        live=True, kind=Claim.LEG, resource__in=numbers, end__gt=low, start__lt=high
    )
    minutes = dict.fromkeys(numbers, 0)
    for number, start, finish in claims.values_list("resource", "start", "end"):
        minutes[number] += finish - start
    return minutes


def held_until(holder: UUID) -> datetime | None:
    """When the last live claim of this holder ends; None when there is none."""
    live = Claim.objects.filter(holder=holder, live=True)
    end: int | None = live.aggregate(end=Max("end"))["end"]
    return None if end is None else from_minute(end)


def closures(business: UUID, now: datetime) -> QuerySet[Closure]:
    """Closures that are not over and not lifted, the next first."""
    standing = Closure.objects.filter(business_id=business, lifted_at=None, end__gt=now)
    return standing.select_related("resource").order_by("start", "id")


def closures_between(
    business: UUID, begin: datetime, end: datetime, *, only: Resource | None = None
) -> list[Closure]:
    """The standing closures that touch [begin, end), by start; `only`: of this one."""
    standing = Closure.objects.filter(business_id=business, lifted_at=None)
    found = standing.filter(end__gt=begin, start__lt=end)
    if only is not None:
        found = found.filter(Q(resource=only) | Q(resource=None))
    return list(found.select_related("resource").order_by("start", "id"))


def with_closures(resources: Sequence[Resource]) -> set[int]:
    """Which of these resources (by number) have a closure that was not lifted."""
    mine = Q(resource=OuterRef("pk")) | Q(resource=None)
    standing = Closure.objects.filter(mine, business=OuterRef("business"), lifted_at=None)
    numbers = [resource.number for resource in resources]
    found = Resource.objects.filter(Exists(standing), number__in=numbers)
    return set(found.values_list("number", flat=True))


def is_closed(resource: Resource, begin: datetime, end: datetime) -> bool:
    """True when a standing closure, of the resource or of the whole business, touches this time."""
    return closing(resource, begin, end) is not None


def closing(resource: Resource, begin: datetime, end: datetime) -> Closure | None:
    """The first standing closure, of the resource or of the whole business, in [begin, end)."""
    standing = Closure.objects.filter(
        Q(resource=resource) | Q(resource=None), business_id=resource.business_id, lifted_at=None
    )
    touching = standing.filter(end__gt=begin, start__lt=end).select_related("resource")
    return touching.order_by("start", "id").first()


def closure(business: UUID, closure_id: UUID) -> Closure:
    """Raises Closure.DoesNotExist, also for one of another business or one already lifted."""
    standing = Closure.objects.filter(business_id=business, lifted_at=None)
    return standing.select_related("resource").get(id=closure_id)


def booked_with(resource: Resource, after: datetime) -> list[UUID]:
    """The legs that have this resource for a time that is not over."""
    claims = Claim.objects.filter(live=True, kind=Claim.LEG, resource=resource.number)
    ahead = claims.filter(end__gt=_whole_minute_up(after))
    return list(ahead.order_by("start").values_list("holder", flat=True))


def holders_between(resources: Sequence[Resource], begin: datetime, end: datetime) -> list[UUID]:
    """The legs whose claims touch this time: what a closure would affect."""
    claims = Claim.objects.filter(
        live=True,
        kind=Claim.LEG,
        resource__in=[resource.number for resource in resources],
        end__gt=to_minute(begin.replace(second=0, microsecond=0)),
        start__lt=_whole_minute_up(end),
    )
    return list(claims.order_by("start").values_list("holder", flat=True))


def weekdays_worked(business: UUID) -> frozenset[int]:
    """The days of the week (0: Monday) on which somebody of the business works."""
    found = Hours.objects.filter(resource__business=business, resource__active=True)
    return frozenset(found.values_list("weekday", flat=True))


def hours_rows(resource: Resource) -> list[Hours]:
    return sorted(resource.hours.all(), key=lambda row: (row.weekday, row.start))
