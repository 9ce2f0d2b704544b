"""Dates and times as people and programs write them, read as instants.

Whether 03/04/2026 is in March or in April is decided once for a whole file: by the values that
can only be one of the two, by the map, or by asking; never row by row. Dates with dots are
day first unless the file itself says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import get_month_names

from kept.audit.reading.asking import Ask, Question, answer
from kept.audit.reading.trouble import CannotRead

DAY_FIRST, MONTH_FIRST = "day first", "month first"
ORDERS = (DAY_FIRST, MONTH_FIRST)
FIRST_YEAR, LAST_YEAR = 1990, 2100
MOST_KNOWN = 5000  # times that are remembered as they are written
MOST_TEXT = 80  # characters; nothing longer is a time

NO_TIME = "no such time"
IMPOSSIBLE_DATE = "an impossible date"
UNKNOWN_ZONE = "of an unknown time zone"
ONLY_A_DATE = "all-day: a date without a time"
ASSUMED_ZONE = "no time zone given: read in the zone of the business"
REPEATED_HOUR = "in the hour that came twice: read as the first"
SKIPPED_HOUR = "in the hour that was skipped: moved on"

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_DIGITS = re.compile(r"\d+(\.\d+)?")
_TRIPLE = re.compile(r"(\d{1,4})\s*([./-])\s*(\d{1,2})\s*[./-]\s*(\d{1,4})\.?(?!\d)")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|\.)?\s*[-\s]\s*)?([^\W\d_]{3,12})\.?[-\s,]\s*(?:(\d{1,2})"
    r"(?:st|nd|rd|th)?\s*,?\s+)?(\d{4})"
)
is_iso = re.compile(r"\d{4}-\d\d-\d\d(?!\d)").match
"""Whether a text begins with a date whose year is first, so that its order is no question."""
_WEEKDAY = re.compile(r"^[^\W\d_]{2,12}\.?,\s*")
_CLOCK = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(?:([ap])\.?\s*m\.?)?(?:\s*uhr)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{2}):?(\d{2})?", re.IGNORECASE)
_EPOCH_S, _EPOCH_MS = 10, 13  # digits, since 2001 and until 2286
_EXCEL_FIRST, _EXCEL_LAST = 32874, 73051  # 1990 .. 2100 as Excel counts days
_EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 Excel's count has no zone


class NotATime(Exception):
    """A value that is no instant; the message is the reason its row is dropped for."""


@dataclass(slots=True)
class Evidence:
    """What the values of a file say about the order of day and month: the first value, with its
    place, that can only be one of the two, and the first that could be both."""

    day_first: str = ""
    month_first: str = ""
    either: str = ""

    def look(self, text: str, place: str) -> None:
        """Take one value into account."""
        if is_iso(text):
            return
        found = _TRIPLE.search(text[:MOST_TEXT])
        if not found or len(found[1]) > 2:
            return
        first, mark, second = int(found[1]), found[2], int(found[3])
        said = f"“{found[0]}” in {place}"
        if first > 12 >= second:
            self.day_first = self.day_first or said
        elif second > 12 >= first:
            self.month_first = self.month_first or said
        elif first != second and mark != ".":
            self.either = self.either or said

    def order(self, ask: Ask | None) -> str:
        """The order of the whole file; CannotRead where the file contradicts itself."""
        if self.day_first and self.month_first:
            raise CannotRead(
                f"The dates are written in two ways: {self.day_first} has the day first and"
                f" {self.month_first} the month. Bring them into one form and try again."
            )
        if self.month_first:
            return MONTH_FIRST
        if self.day_first or not self.either:
            return DAY_FIRST
        return answer(self._question(), ask)

    def _question(self) -> Question:
        return Question(
            "times.order",
            f"Which comes first in {self.either}, the day or the month?",
            f"Nothing in the file says whether {self.either} has the day or the month first."
            f' Write order = "{DAY_FIRST}" or "{MONTH_FIRST}" under [times] in a map.',
            ORDERS,
            (self.either,),
        )


@dataclass(slots=True)
class Times:
    """Reads the times of one file. `zone` is where times without one were written down."""

    zone: ZoneInfo
    order: str = DAY_FIRST
    oddities: list[str] = field(default_factory=list)  # of the row being read
    _zones: dict[str, ZoneInfo] = field(default_factory=dict)
    _known: dict[tuple[str, str], tuple[datetime, list[str]]] = field(default_factory=dict)

    def instant(self, text: str, zone_name: str = "") -> datetime:
        """Aware, in UTC. NotATime says why not. Oddities of the value are added to `oddities`."""
        said = text.strip()
        moment = self._iso(said)
        if moment is not None and moment.tzinfo is UTC and FIRST_YEAR <= moment.year < LAST_YEAR:
            return moment
        # All others take several times as long, and times of visits come again and again.
        if known := self._known.get((said, zone_name)):
            self.oddities += known[1]
            return known[0]
        before = len(self.oddities)
        moment = self._closely(said, moment, zone_name)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[said, zone_name] = moment, self.oddities[before:]
        return moment

    def _closely(self, said: str, moment: datetime | None, zone_name: str) -> datetime:
        if moment is None:
            moment = self._written(said)
        if moment.tzinfo is None:
            moment = self._in_zone(moment, zone_name)
        return self._plausible(moment)

    def drain(self) -> list[str]:
        """The oddities so far, which are forgotten."""
        found, self.oddities = self.oddities, []
        return found

    def local(self, day: str, clock: str, zone_name: str = "") -> datetime:
        """The instant of a date in one column and a time in another."""
        return self.instant(f"{day.strip()} {clock.strip()}", zone_name)

    def named(self, name: str) -> ZoneInfo:
        """A zone by its name. NotATime if there is none."""
        if name not in self._zones:
            try:
                self._zones[name] = ZoneInfo(name.strip())
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise NotATime(UNKNOWN_ZONE) from error
        return self._zones[name]

    @staticmethod
    def _iso(said: str) -> datetime | None:
        if len(said) <= 10 or not (said[4:5] == "-" or said[8:9] == "T"):
            return None
        try:
            return datetime.fromisoformat(said)
        except ValueError:
            return None

    def _written(self, said: str) -> datetime:
        if not said or len(said) > MOST_TEXT:
            raise NotATime(NO_TIME)
        if _DIGITS.fullmatch(said):
            return _counted(said)
        day, rest = self._day(_WEEKDAY.sub("", said))
        return self._with_clock(day, rest.strip(" ,T\u202f\xa0"))

    def _day(self, said: str) -> tuple[date, str]:
        if found := _TRIPLE.match(said):
            year, month, day = self._ordered(found[1], found[3], found[4])
        elif found := _NAMED.match(said):
            year, month, day = _by_name(found)
        else:
            raise NotATime(NO_TIME)
        try:
            return date(year, month, day), said[found.end() :]
        except ValueError as error:
            raise NotATime(IMPOSSIBLE_DATE) from error

    def _ordered(self, first: str, second: str, third: str) -> tuple[int, int, int]:
        if len(first) > 2:
            return int(first), int(second), int(third)
        day, month = (first, second) if self.order == DAY_FIRST else (second, first)
        return _full_year(third), int(month), int(day)

    def _with_clock(self, day: date, rest: str) -> datetime:
        if not rest:
            raise NotATime(ONLY_A_DATE)
        found = _CLOCK.match(rest)
        if not found:
            raise NotATime(NO_TIME)
        local = datetime.combine(day, _clock(found))
        return self._with_zone(local, rest[found.end() :].strip(" ()"))

    def _with_zone(self, local: datetime, name: str) -> datetime:
        if not name:
            return local
        if name.casefold() in {"z", "utc", "gmt"}:
            return local.replace(tzinfo=UTC)
        if found := _OFFSET.fullmatch(name):
            apart = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
            try:
                return (local - apart if found[1] == "+" else local + apart).replace(tzinfo=UTC)
            except OverflowError as error:
                raise NotATime(IMPOSSIBLE_DATE) from error
        if "/" not in name:
            raise NotATime(UNKNOWN_ZONE)  # abbreviations: EST is in three countries
        return self._placed(local, self.named(name))

    def _in_zone(self, local: datetime, name: str) -> datetime:
        if name.strip():
            return self._placed(local, self.named(name))
        self.oddities.append(ASSUMED_ZONE)
        return self._placed(local, self.zone)

    def _placed(self, local: datetime, zone: ZoneInfo) -> datetime:
        there = local.replace(tzinfo=zone)
        if there.utcoffset() != there.replace(fold=1).utcoffset():
            real = there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
            self.oddities.append(REPEATED_HOUR if real else SKIPPED_HOUR)
        return there

    @staticmethod
    def _plausible(moment: datetime) -> datetime:
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise NotATime(IMPOSSIBLE_DATE)
        return moment.astimezone(UTC)


def _counted(said: str) -> datetime:
    """Seconds or milliseconds since 1970, or days as Excel counts them."""
    whole = said.partition(".")[0]
    if len(whole) == _EPOCH_S:
        return datetime.fromtimestamp(float(said), UTC)
    if len(whole) == _EPOCH_MS:
        return datetime.fromtimestamp(int(whole) / 1000, UTC)
    if "." in said and _EXCEL_FIRST <= int(whole[:7]) <= _EXCEL_LAST:
        seconds = round(float(said) % 1 * 86400)
        return _EXCEL_ZERO + timedelta(days=int(whole), seconds=seconds)
    raise NotATime(NO_TIME)


def _full_year(text: str) -> int:
    return int(text) + 2000 if len(text) <= 2 else int(text)


def _by_name(found: re.Match[str]) -> tuple[int, int, int]:
    before, name, after, year = found.groups()
    month = _months().get(name.casefold()[:12])
    if month is None or bool(before) == bool(after):
        raise NotATime(NO_TIME)
    return int(year), month, int(before or after)


def _clock(found: re.Match[str]) -> time:
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if half := (found[4] or "").lower():
        if not 1 <= hour <= 12:
            raise NotATime(NO_TIME)
        hour = hour % 12 + (12 if half == "p" else 0)
    elif found[2] is None:
        raise NotATime(NO_TIME)  # a lone number is no time of day
    try:
        return time(hour, minute, second)
    except ValueError as error:
        raise NotATime(NO_TIME) from error


@cache
def _months() -> dict[str, int]:
    """Names of months, long and short, of the languages that exports are written in."""
    return {
        name.casefold().strip("."): number
        for language in _LANGUAGES
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=language).items()
    }
