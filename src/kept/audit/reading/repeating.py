"""Rules of recurrence (RFC 5545, 3.3.10), expanded day by day within bounds.

A rule that somebody wrote to do harm, or by mistake, ("every 30th of February") costs a known
number of steps here: the days between its beginning and its end, and no more.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice

DAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_KNOWN = frozenset(
    {
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY",
        "BYYEARDAY", "BYSETPOS",
    }
)  # fmt: skip
_ONE_DAY = timedelta(days=1)
MOST_NUMBERS = 400  # in a list


class TooUnusual(Exception):
    """A rule that no series of appointments has: by the hour, by week number, without sense."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. `until` is local and naive, like the beginning it is used with."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_starts: int = 0
    days: tuple[tuple[int, int], ...] = ()  # (which one; 0: each), weekday
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    positions: tuple[int, ...] = field(default=())

    @property
    def endless(self) -> bool:
        return self.count is None and self.until is None


def parse(text: str, until: Callable[[str], datetime]) -> Rule:
    """A rule as it is written; `until` reads its UNTIL. TooUnusual if it cannot be followed."""
    said = dict(each.upper().partition("=")[::2] for each in text.strip().split(";") if each)
    if said.keys() - _KNOWN or said.get("FREQ") not in _PERIODS:
        raise TooUnusual(text[:80])
    try:
        return Rule(
            freq=said["FREQ"],
            interval=_positive(said.get("INTERVAL", "1")),
            count=_positive(said["COUNT"]) if "COUNT" in said else None,
            until=until(said["UNTIL"]) if "UNTIL" in said else None,
            week_starts=DAYS[said.get("WKST", "MO")],
            days=_weekdays(said.get("BYDAY", "")),
            months=frozenset(_numbers(said, "BYMONTH", 12)),
            month_days=frozenset(_numbers(said, "BYMONTHDAY", 31)),
            year_days=frozenset(_numbers(said, "BYYEARDAY", 366)),
            positions=tuple(_numbers(said, "BYSETPOS", 366)),
        )
    except (ValueError, KeyError) as error:
        raise TooUnusual(text[:80]) from error


def _positive(text: str) -> int:
    number = int(text[:9])
    if number < 1:
        raise ValueError(text)
    return number


def _numbers(said: Mapping[str, str], key: str, most: int) -> list[int]:
    found = [int(each) for each in said.get(key, "").split(",")[:MOST_NUMBERS] if each]
    if any(not 1 <= abs(each) <= most for each in found):
        raise ValueError(key)
    return found


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = [_DAY.fullmatch(each) for each in text.split(",")[:MOST_NUMBERS] if each]
    if None in found:
        raise ValueError(text)
    return tuple((int(each[1] or 0), DAYS[each[2]]) for each in found if each)


def occurrences(rule: Rule, start: datetime, end: datetime) -> Iterator[datetime]:
    """The local times of a series from its start (which may itself not fit the rule) up to `end`.

    COUNT counts from the start, as the calendars that write it do.
    """
    last = min(end, rule.until) if rule.until else end
    found = (
        datetime.combine(day, start.time())
        for period in _PERIODS[rule.freq](rule, start.date(), last.date())
        for day in _chosen(rule, sorted(set(period)))
        if day >= start.date()
    )
    for each in islice(found, rule.count):
        if each > last:
            return
        yield each


def _chosen(rule: Rule, days: list[date]) -> list[date]:
    """Of one period, those at BYSETPOS."""
    if not rule.positions:
        return days
    places = {p - 1 if p > 0 else len(days) + p for p in rule.positions}
    return [day for place, day in enumerate(days) if place in places]


def _daily(rule: Rule, start: date, last: date) -> Iterator[list[date]]:
    for day in _each(start, last, rule.interval):
        yield [day] if _fits(rule, day) else []


def _fits(rule: Rule, day: date) -> bool:
    weekdays = {weekday for _, weekday in rule.days}
    return (
        (not rule.months or day.month in rule.months)
        and (not weekdays or day.weekday() in weekdays)
        and (not rule.month_days or _is_month_day(rule, day))
        and (not rule.year_days or _is_year_day(rule, day))
    )


def _weekly(rule: Rule, start: date, last: date) -> Iterator[list[date]]:
    first = start - timedelta(days=(start.weekday() - rule.week_starts) % 7)
    wanted = {weekday for _, weekday in rule.days} or {start.weekday()}
    for week in _each(first, last, 7 * rule.interval):
        days = (week + timedelta(days=n) for n in range(7))
        yield [
            day
            for day in days
            if day.weekday() in wanted and (not rule.months or day.month in rule.months)
        ]


def _monthly(rule: Rule, start: date, last: date) -> Iterator[list[date]]:
    number = start.year * 12 + start.month - 1
    while number <= last.year * 12 + last.month - 1:
        year, month = divmod(number, 12)
        if not rule.months or month + 1 in rule.months:
            yield _of_month(rule, year, month + 1, start)
        else:
            yield []
        number += rule.interval


def _of_month(rule: Rule, year: int, month: int, start: date) -> list[date]:
    days = whole = _days(date(year, month, 1), calendar.monthrange(year, month)[1])
    if rule.month_days:
        days = [day for day in days if _is_month_day(rule, day)]
    elif not rule.days:
        return [day for day in days if day.day == start.day]
    if rule.days:
        wanted = _weekdays_of(rule, whole)
        days = [day for day in days if day in wanted]
    return days


def _yearly(rule: Rule, start: date, last: date) -> Iterator[list[date]]:
    for year in range(start.year, last.year + 1, rule.interval):
        yield _of_year(rule, year, start)


def _of_year(rule: Rule, year: int, start: date) -> list[date]:
    if not (rule.year_days or rule.month_days or rule.days):
        months = rule.months or {start.month}
        return [d for d in _whole_year(year) if d.month in months and d.day == start.day]
    if rule.months and not rule.year_days:
        return [day for month in sorted(rule.months) for day in _of_month(rule, year, month, start)]
    days = _whole_year(year)
    wanted = _weekdays_of(rule, days) if rule.days else frozenset(days)
    return [
        day
        for day in days
        if day in wanted
        and (not rule.months or day.month in rule.months)
        and (not rule.month_days or _is_month_day(rule, day))
        and (not rule.year_days or _is_year_day(rule, day))
    ]


def _weekdays_of(rule: Rule, days: list[date]) -> frozenset[date]:
    """The days of a month or year that BYDAY names: each Monday, the second, the last."""
    found: set[date] = set()
    for which, weekday in rule.days:
        those = [day for day in days if day.weekday() == weekday]
        if which == 0:
            found.update(those)
        elif abs(which) <= len(those):
            found.add(those[which - 1 if which > 0 else which])
    return frozenset(found)


def _is_month_day(rule: Rule, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day in rule.month_days or day.day - length - 1 in rule.month_days


def _is_year_day(rule: Rule, day: date) -> bool:
    number = day.timetuple().tm_yday
    length = 366 if calendar.isleap(day.year) else 365
    return number in rule.year_days or number - length - 1 in rule.year_days


def _each(first: date, last: date, step: int) -> Iterator[date]:
    for n in range(0, (last - first).days + 1, step):
        yield first + timedelta(days=n)


def _days(first: date, count: int) -> list[date]:
    return [first + _ONE_DAY * n for n in range(count)]


def _whole_year(year: int) -> list[date]:
    return _days(date(year, 1, 1), 366 if calendar.isleap(year) else 365)


_PERIODS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}
