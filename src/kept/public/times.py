"""Which times are offered, day by day, as the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kept.core.time import day_bounds, local_day
from kept.lib import i18n
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource, Service, Slot

DAYS_SHOWN = 14
NEARBY = 8
A_MONTH = 28


@dataclass(frozen=True, slots=True)
class Start:
    """A time that is offered: its instant, and the words of a second zone where that differs.

    `label` says everything to somebody who cannot see under which day and zone the time stands.
    """

    at: datetime
    label: str
    elsewhere: str = ""
    mine: bool = False

    @property
    def value(self) -> str:
        """The instant as it travels in a form: RFC 3339, UTC."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the list. `begin` is its first instant, by which it is named."""

    date: date
    begin: datetime
    starts: list[Start]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: a service by any of these people, for a visitor with these clocks.

    `zone` is the one the days are counted in and the times are shown in; `other`, when not empty,
    is shown beside it. `but` is the visitor's own hold or leg, which blocks nothing for them.
    `without` is a start that is not offered: the present one, when moving.
    """

    service: Service
    staff: Sequence[Resource]
    zone: str
    locale: str
    now: datetime
    other: str = ""
    but: UUID | None = None
    mine: datetime | None = None
    without: datetime | None = None

    @property
    def today(self) -> date:
        return local_day(self.now, ZoneInfo(self.zone))

    @property
    def last_day(self) -> date:
        """The last day on which anything can be booked."""
        return self.today + timedelta(days=self.service.horizon_days)


def slots(asked: Asked, begin: datetime, end: datetime) -> list[Slot]:
    found = schedule.free_slots(asked.service, asked.staff, begin, end, asked.now, but=asked.but)
    return [slot for slot in found if slot.start != asked.without]


def starts(asked: Asked, begin: datetime, end: datetime) -> list[Start]:
    """Each time once, whoever could do it."""
    instants = sorted({slot.start for slot in slots(asked, begin, end)})
    return [_start(asked, at) for at in instants]


def _start(asked: Asked, at: datetime) -> Start:
    elsewhere, mine = _elsewhere(asked, at), at == asked.mine
    return Start(at, _label(asked, at, elsewhere, mine), elsewhere, mine)


def _label(asked: Asked, at: datetime, elsewhere: str, mine: bool) -> str:
    """Like "10:00, Tuesday 2 March 2027, Berlin time, 18:00 Tokyo time"."""
    parts = [
        i18n.format_time(at, asked.zone, asked.locale),
        i18n.format_date(at, asked.zone, asked.locale),
        i18n.zone_name(asked.zone, asked.locale),
        elsewhere,
        _("held for you") if mine else "",
    ]
    return ", ".join(filter(None, parts))


def _elsewhere(asked: Asked, at: datetime) -> str:
    """Like "16:30 Tokyo time", with the weekday where it is another day there."""
    if not asked.other or _offset(at, asked.zone) == _offset(at, asked.other):
        return ""
    place = i18n.zone_name(asked.other, asked.locale)
    said = f"{i18n.format_time(at, asked.other, asked.locale)} {place}"
    if local_day(at, ZoneInfo(asked.zone)) == local_day(at, ZoneInfo(asked.other)):
        return said
    return f"{i18n.format_weekday(at, asked.other, asked.locale)} {said}"


def _offset(at: datetime, zone: str) -> timedelta | None:
    return at.astimezone(ZoneInfo(zone)).utcoffset()


def days(asked: Asked, first: date, count: int = DAYS_SHOWN) -> list[Day]:
    """The days from `first` on, each with the times that are free on it."""
    zone = ZoneInfo(asked.zone)
    wanted = [first + timedelta(days=n) for n in range(count)]
    bounds = [day_bounds(day, zone) for day in wanted]
    free = starts(asked, bounds[0][0], bounds[-1][1])
    return [
        Day(day, begin, [start for start in free if begin <= start.at < end])
        for day, (begin, end) in zip(wanted, bounds, strict=True)
    ]


def next_free_day(asked: Asked, since: date) -> date | None:
    """The first day from `since` on with a free time; None when there is none to the horizon.

    Looked for a month at a time, because it is nearly always in the first.
    """
    zone = ZoneInfo(asked.zone)
    while since <= asked.last_day:
        until = since + timedelta(days=A_MONTH)
        found = slots(asked, day_bounds(since, zone)[0], day_bounds(until, zone)[0])
        if found:
            return local_day(found[0].start, zone)
        since = until
    return None


def nearby(asked: Asked, around: datetime) -> list[Start]:
    """Free times close to one that cannot be had: of the days around it, the nearest ones."""
    reach = timedelta(days=3)
    free = starts(asked, max(asked.now, around - reach), around + reach)
    nearest = sorted(free, key=lambda start: abs(start.at - around))[:NEARBY]
    return sorted(nearest, key=lambda start: start.at)


def who_is_free(asked: Asked, start: datetime) -> list[Resource]:
    """Whoever could do it at this time, the least busy that day first."""
    free = [
        resource
        for resource in asked.staff
        if schedule.refusal(asked.service, resource, start, asked.now, but=asked.but) is None
    ]
    if len(free) < 2:
        return free
    zone = ZoneInfo(asked.zone)
    busy = schedule.load(free, *day_bounds(local_day(start, zone), zone))
    return sorted(free, key=lambda resource: busy[resource.number])
