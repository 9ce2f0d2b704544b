"""The week: a column for each day, what is booked side by side, what is open, closed and free.

What is drawn is the clock on the wall of the business, in quarters of an hour. On the day that has
23 hours the skipped one stays empty; on the day of 25 what happens in the hour shown twice stands
side by side, and its times say which of the two is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.console import words
from kept.console.access import Desk
from kept.console.today import readable, visible
from kept.core.paths.appointment import CANCELLED
from kept.core.time import ONE_DAY, day_bounds, local_day
from kept.lib import i18n
from kept.schedule import queries as schedule
from kept.schedule.queries import Closure, Resource, Service

DAYS = 7
QUARTER = 15
HOUR = 60
A_DAY = 24 * HOUR
MOST = 8
"""How many visits stand side by side; more at once are in the table and on a narrow screen."""

USUAL = (9 * HOUR, 17 * HOUR)
FIRST, LAST = date(2000, 1, 1), date(9000, 1, 1)
Span = tuple[int, int]
"""From and to, in minutes of the wall clock since the day began."""


@dataclass(slots=True)
class Entry:
    """An appointment on one day: in which rows of the grid, and in which of its lanes.

    `lane` counts from 1; `wide`: over how many lanes it may spread. `left_out`: there is no room
    for it in the grid.
    """

    leg: Leg
    at: str
    span: Span
    asks: bool
    begins_earlier: bool
    ends_later: bool
    top: int = 0
    rows: int = 0
    lane: int = 1
    wide: int = 1

    @property
    def left_out(self) -> bool:
        return self.lane > MOST

    @property
    def state(self) -> str:
        return self.leg.case.state

    @property
    def words(self) -> str:
        return words.told_of(self.state, words.STATES)


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of rows that is not open."""

    top: int
    rows: int


@dataclass(frozen=True, slots=True)
class Free:
    """A start that could be booked, with the address of the form that does it."""

    start: datetime
    at: str
    query: str
    people: int
    top: int = 0


@dataclass(slots=True)
class Day:
    """One column."""

    on: date
    begin: datetime
    end: datetime
    weekday: str
    is_today: bool
    opened: list[tuple[datetime, datetime]]
    closures: list[tuple[Closure, datetime, datetime]]
    entries: list[Entry]
    free: list[Free]
    cancelled: int
    bands: list[Band] = field(default_factory=list)
    lanes: int = 1
    now_row: int = 0

    @property
    def left_out(self) -> int:
        return sum(entry.left_out for entry in self.entries)

    @property
    def hours_long(self) -> int:
        """23 or 25 where the clocks change; half hours (Lord Howe) are cut off."""
        return int((self.end - self.begin).total_seconds() // 3600)

    @property
    def clocks(self) -> str:
        """What the clocks do that day, in words; "" on all others."""
        change = (self.end - self.begin) - ONE_DAY
        if not change:
            return ""
        there = "back" if change > timedelta() else "forward"
        return f"{self.hours_long} hours: the clocks go {there}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for in the address. What is not there, or another business's, narrows nothing.

    `services` and `staff` are the business's own, to choose from; nothing for who sees only their
    own day.
    """

    first: date
    staff: Resource | None
    service: Service | None
    table: bool
    people: list[Resource]
    services: list[Service]

    def query(self, first: date | None = None, *, table: bool | None = None) -> str:
        """The address of another week or view of the same."""
        shown = self.table if table is None else table
        pairs = {
            "from": (first or self.first).isoformat(),
            "staff": str(self.staff.id) if self.staff else "",
            "service": str(self.service.id) if self.service else "",
            "view": "table" if shown else "",
        }
        return "?" + urlencode({name: value for name, value in pairs.items() if value})


@dataclass(frozen=True, slots=True)
class Week:
    """A week to draw: its days, and the hours beside them (row and words)."""

    asked: Asked
    days: list[Day]
    hours: list[tuple[int, str]]
    title: str
    damaged: list[Leg]
    previous: str
    following: str
    last_row: int

    @property
    def booked(self) -> int:
        return sum(len(day.entries) for day in self.days)


def asked_for(query: QueryDict, desk: Desk) -> Asked:
    """The week that holds the day asked for (`?from=`), by the business's first day of the week."""
    people = list(schedule.staff(desk.business.id)) if desk.is_front_desk else []
    services = list(schedule.services(desk.business.id)) if desk.is_front_desk else []
    only_one = services[0] if len(services) == 1 else None
    chosen = next((each for each in services if str(each.id) == query.get("service")), None)
    return Asked(
        first=_first_day(query.get("from", ""), desk),
        staff=next((each for each in people if str(each.id) == query.get("staff")), None),
        service=chosen or (only_one if "service" not in query else None),
        table=query.get("view") == "table",
        people=people,
        services=services,
    )


def _first_day(asked: str, desk: Desk) -> date:
    present = local_day(desk.now, desk.zone)
    try:
        on = date.fromisoformat(asked)
    except ValueError:
        on = present
    on = on if FIRST <= on <= LAST else present
    first = i18n.first_weekday(desk.business.locale)
    return on - timedelta(days=(on.weekday() - first) % DAYS)


def week(desk: Desk, asked: Asked) -> Week:
    """Read and lay out a week: in as many questions however much is booked.

    1. Gather what is booked, open, closed and free between its first and last instant.
    2. Put each on the days it touches, in minutes of the wall clock.
    3. Frame the hours that are open or booked on any day, and place everything in that frame.
    """
    dates = [asked.first + timedelta(days=number) for number in range(DAYS)]
    begin, end = day_bounds(dates[0], desk.zone)[0], day_bounds(dates[-1], desk.zone)[1]
    legs = _legs(desk, asked, begin, end)
    shown = readable(legs)
    asking = cases.asked([leg.case_id for leg in shown])
    opened = schedule.open_times(desk.business.id, begin, end, only=asked.staff)
    closed = schedule.closures_between(desk.business.id, begin, end, only=asked.staff)
    free = _free(desk, asked, begin, end)
    days = [_day(desk, on, shown, asking, opened, closed, free) for on in dates]
    first, last = _frame(days, desk)
    for day in days:
        _place(day, desk, first, last)
    return Week(
        asked,
        days,
        [(_row(at, first), _hour(at, desk)) for at in range(first, last, HOUR)],
        i18n.format_days(dates[0], dates[-1], desk.business.locale),
        damaged=[leg for leg in legs if leg not in shown],
        previous=asked.query(asked.first - timedelta(days=DAYS)),
        following=asked.query(asked.first + timedelta(days=DAYS)),
        last_row=_row(last, first) - 1,
    )


# Gather


def _legs(desk: Desk, asked: Asked, begin: datetime, end: datetime) -> list[Leg]:
    found = appointments.listing(desk.business.id, begin=begin, end=end)
    if asked.staff is not None:
        found = found.filter(staff=asked.staff)
    return visible(desk, list(found))


def _free(desk: Desk, asked: Asked, begin: datetime, end: datetime) -> list[Free]:
    """The starts of the chosen service that could be booked, each once, with how many could."""
    if asked.service is None:
        return []
    able = schedule.staff_of(asked.service, asked.staff.id if asked.staff else None)
    people: dict[datetime, int] = {}
    for slot in schedule.free_slots(asked.service, able, begin, end, desk.now):
        people[slot.start] = people.get(slot.start, 0) + 1
    who = str(asked.staff.id) if asked.staff else ""
    return [
        Free(
            start,
            i18n.format_time(start, desk.business.time_zone, desk.business.locale),
            _form(desk, asked.service, start, who),
            count,
        )
        for start, count in people.items()
    ]


def _form(desk: Desk, service: Service, start: datetime, who: str) -> str:
    """The address of the booking form with this time chosen."""
    pairs = {
        "service": str(service.id),
        "staff": who,
        "day": local_day(start, desk.zone).isoformat(),
        "slot": f"{start.isoformat()}/{who}",
    }
    # There are hundreds of these on a page, so nothing is written that need not be.
    return "?" + urlencode({name: value for name, value in pairs.items() if value}, safe=":/")


# On the days


def _day(
    desk: Desk,
    on: date,
    legs: Sequence[Leg],
    asking: dict[UUID, list[str]],
    opened: Sequence[tuple[datetime, datetime]],
    closed: Sequence[Closure],
    free: Iterable[Free],
) -> Day:
    begin, end = day_bounds(on, desk.zone)
    here = [leg for leg in legs if leg.start < end and leg.end > begin]
    entries = [
        Entry(
            leg,
            i18n.format_time(leg.start, desk.business.time_zone, desk.business.locale),
            _span(leg.start, leg.end, on, desk),
            asks=leg.case_id in asking,
            begins_earlier=leg.start < begin,
            ends_later=leg.end > end,
        )
        for leg in here
        if leg.case.state != CANCELLED
    ]
    return Day(
        on,
        begin,
        end,
        i18n.format_weekday_long(begin, desk.business.time_zone, desk.business.locale),
        is_today=begin <= desk.now < end,
        opened=[(max(a, begin), min(b, end)) for a, b in opened if a < end and b > begin],
        closures=[
            (each, max(each.start, begin), min(each.end, end))
            for each in closed
            if each.start < end and each.end > begin
        ],
        entries=entries,
        free=[each for each in free if begin <= each.start < end],
        cancelled=len(here) - len(entries),
    )


def _minute(instant: datetime, on: date, desk: Desk) -> int:
    """What the wall shows then, in minutes; the ends of the day for what lies beyond it."""
    there = instant.astimezone(desk.zone)
    if there.date() != on:
        return 0 if there.date() < on else A_DAY
    return there.hour * HOUR + there.minute


def _span(start: datetime, end: datetime, on: date, desk: Desk) -> Span:
    """In the hour shown twice something may end, on the wall, before it began: then its length
    counts."""
    first, last = _minute(start, on, desk), _minute(end, on, desk)
    if last <= first:
        last = min(first + int((end - start).total_seconds() // 60), A_DAY)
    return first, last


# In the frame


def _frame(days: Sequence[Day], desk: Desk) -> Span:
    """The whole hours from the first that is open or booked to the last, over all days."""
    spans = [entry.span for day in days for entry in day.entries]
    spans += [_span(a, b, day.on, desk) for day in days for a, b in day.opened]
    first = min((span[0] for span in spans), default=USUAL[0])
    last = max((span[1] for span in spans), default=USUAL[1])
    first -= first % HOUR
    last = min(last + -last % HOUR, A_DAY)
    return first, max(last, first + HOUR)


def _row(minute: int, first: int) -> int:
    """The row of the grid a minute lies in, from 1."""
    return (minute - first) // QUARTER + 1


def _place(day: Day, desk: Desk, first: int, last: int) -> None:
    for entry in day.entries:
        begin, end = entry.span
        entry.top = _row(begin, first)
        entry.rows = max(_row(end + QUARTER - 1, first) - entry.top, 1)
    day.lanes = _side_by_side(day.entries)
    day.bands = [
        Band(_row(a, first), _row(b, first) - _row(a, first))
        for a, b in _shut(day, desk, first, last)
    ]
    day.free = [
        replace(each, top=_row(_minute(each.start, day.on, desk), first)) for each in day.free
    ]
    now = _minute(desk.now, day.on, desk)
    day.now_row = _row(now, first) if day.is_today and first <= now < last else 0


def _shut(day: Day, desk: Desk, first: int, last: int) -> list[Span]:
    """The parts of the frame in which nothing is open, in whole quarters."""
    found, at = [], first
    for begin, end in sorted(_span(a, b, day.on, desk) for a, b in day.opened):
        begin -= begin % QUARTER
        if begin > at:
            found.append((at, begin))
        at = max(at, end + -end % QUARTER)
    return [*found, (at, last)] if at < last else found


def _side_by_side(entries: list[Entry]) -> int:
    """Give everything that overlaps lanes of its own; answers how many the day has.

    Whatever does not touch a neighbour spreads over the whole width.
    """
    entries.sort(key=lambda each: (each.top, -each.rows, each.leg.start, each.leg.case_id))
    groups: list[list[Entry]] = []
    until = 0
    for entry in entries:
        if entry.top >= until or not groups:
            groups.append([])
        groups[-1].append(entry)
        until = max(until, entry.top + entry.rows)
    widths = [_lanes(group) for group in groups]
    lanes = min(max(widths, default=1), MOST)
    for group, width in zip(groups, widths, strict=True):
        for entry in group:
            entry.wide = lanes if width == 1 else 1
    return lanes


def _lanes(group: Sequence[Entry]) -> int:
    ends: list[int] = []
    for entry in group:
        free = next((n for n, end in enumerate(ends) if end <= entry.top), len(ends))
        ends[free : free + 1] = [entry.top + entry.rows]
        entry.lane = free + 1
    return len(ends)


def _hour(minute: int, desk: Desk) -> str:
    return i18n.format_wall(time(minute // HOUR), desk.business.locale)
