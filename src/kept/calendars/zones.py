"""VTIMEZONE: the clock rules of a place, written out for calendars that do not know its name.

Written here and not left to a library, because two things must be right at once. The onset is a
wall-clock time *before* the change (RFC 5545, 3.6.5: DTSTART is read with TZOFFSETFROM); an
hour's error there puts every appointment on the morning of the change an hour off. And the rules
are recurrence rules wherever the place has any, because Outlook ignores lists of dates in a
VTIMEZONE and would fall back to winter time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
YEARS_AHEAD = 28
"""Weekdays and dates come round after 28 years: a rule that holds so long is seen whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """The clocks of a place change, at one moment."""

    instant: datetime
    offset_from: timedelta
    offset_to: timedelta
    name: str
    summer: bool

    @property
    def onset(self) -> datetime:
        """What the clocks showed when it happened, by the offset that ended."""
        return self.instant.replace(tzinfo=None) + self.offset_from


def vtimezone(zone: str, year: int) -> Timezone:
    """The rules of a zone, true from the beginning of `year` for as long as the place keeps them.

    1. The changes from the year before, so that the rule in force on 1 January is there too. 2.
    None: the place has one offset, and one STANDARD says it. 3. The changes of each kind fall
    into a yearly rule: a STANDARD and a DAYLIGHT with that rule. 4. They do not (Ramadan moves
    the clocks of Morocco): every change of the next years by its date.
    """
    component = Timezone()
    component.add("TZID", zone)
    changes = _changes(zone, year)
    kinds = _by_kind(changes)
    rules = [_yearly_rule(each) for each in kinds]
    if not changes:
        component.add_component(_fixed(zone, year))
    elif all(rules):
        for each, rule in zip(kinds, rules, strict=True):
            component.add_component(_observance(each[0], rule=rule))
    else:
        component.add_component(_fixed(zone, year - 1))
        for change in changes[:24]:
            component.add_component(_observance(change))
    return component


@lru_cache(maxsize=256)
def _changes(zone: str, year: int) -> tuple[Change, ...]:
    """Every change of the clocks from the year before until the weekdays have come round."""
    rules = ZoneInfo(zone)
    first = datetime(year - 1, 1, 1, tzinfo=UTC)
    last = datetime(min(year + YEARS_AHEAD, 9999), 1, 1, tzinfo=UTC)
    return tuple(_scan(rules, first, last))


def _scan(rules: ZoneInfo, first: datetime, last: datetime) -> Iterator[Change]:
    # No place changes its clocks twice within four days and back; a smaller step only costs time.
    step = timedelta(days=4)
    before = first
    while before < last:
        after = before + step
        if _offset(rules, before) != _offset(rules, after):
            yield _bisect(rules, before, after)
        before = after


def _bisect(rules: ZoneInfo, before: datetime, after: datetime) -> Change:
    old = _offset(rules, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (middle, after) if _offset(rules, middle) == old else (before, middle)
    instant = after.replace(microsecond=0)
    local = instant.astimezone(rules)
    new = _offset(rules, instant)
    # By the direction of the change, not by dst(): Ireland calls its winter the exception.
    return Change(instant, old, new, local.tzname() or "", summer=new > old)


def _offset(rules: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(rules).utcoffset() or timedelta()


def _by_kind(changes: Sequence[Change]) -> list[list[Change]]:
    kinds: dict[tuple[timedelta, timedelta], list[Change]] = defaultdict(list)
    for change in changes:
        kinds[change.offset_from, change.offset_to].append(change)
    return list(kinds.values())


def _yearly_rule(changes: Sequence[Change]) -> vRecur | None:
    """The rule that gives exactly these changes, or None when there is none.

    Once a year, in one month, at one time, on one weekday, within seven days of the month: that
    is what the laws of nearly all places say ("the last Sunday of October", "the Friday before
    the last Sunday").
    """
    days = [change.onset for change in changes]
    same = {(day.month, day.time(), day.weekday()) for day in days}
    years = [day.year for day in days]
    if len(same) != 1 or years != list(range(years[0], years[0] + YEARS_AHEAD + 1)):
        return None
    numbers = {day.day for day in days}
    if max(numbers) - min(numbers) != 6:
        return None
    return _recurrence(days[0], min(numbers))


def _recurrence(day: datetime, first: int) -> vRecur:
    weekday = WEEKDAYS[day.weekday()]
    month_length = (date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)).day
    rule: dict[str, object] = {"FREQ": "YEARLY", "BYMONTH": day.month}
    if first % 7 == 1:
        rule["BYDAY"] = f"{first // 7 + 1}{weekday}"
    elif first + 6 == month_length and day.month != 2:
        rule["BYDAY"] = f"-1{weekday}"
    else:
        rule["BYDAY"] = weekday
        rule["BYMONTHDAY"] = list(range(first, first + 7))
    return vRecur(rule)


def _observance(change: Change, rule: vRecur | None = None) -> TimezoneStandard | TimezoneDaylight:
    component = TimezoneDaylight() if change.summer else TimezoneStandard()
    component.add("DTSTART", change.onset)
    if rule is not None:
        component.add("RRULE", rule)
    component.add("TZOFFSETFROM", change.offset_from)
    component.add("TZOFFSETTO", change.offset_to)
    component.add("TZNAME", change.name)
    return component


def _fixed(zone: str, year: int) -> TimezoneStandard:
    """What holds at the beginning of a year."""
    begin = datetime(year, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone))
    offset = begin.utcoffset() or timedelta()
    component = TimezoneStandard()
    component.add("DTSTART", datetime(year, 1, 1))  # noqa: DTZ001  an onset is a wall-clock time
    component.add("TZOFFSETFROM", offset)
    component.add("TZOFFSETTO", offset)
    component.add("TZNAME", begin.tzname() or zone)
    return component
