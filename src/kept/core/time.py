"""The one file of time arithmetic.

Four words keep the rest of the house out of trouble:

- an **instant** is a moment on the world's one time line: an aware `datetime`. Every function takes
  an aware one in any zone and gives back an aware one in UTC.
- a **wall time** is what a clock on the wall shows: a naive `datetime`. It means nothing without a
  zone.
- `Exactly` is elapsed time. "24 hours before" is 24 real hours, across a clock change too.
- `CalendarDays` is a place in the calendar. "The day before at 18:00" is 18:00 on the wall,
  whatever lies between.

Twice a year, in many zones, some wall times happen twice (a *fold*) and some never happen (a
*gap*). Where a person has chosen the time, `instant` refuses and says what to do. Where a rule has
produced it, nobody is there to ask, and `first_instant` decides: after a gap, the first moment that
exists; in a fold, the first of the two. A duty that comes at the first 01:30 is never late; one
that waits for the second may be.

No function reads a clock: the present moment is always handed in.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo, available_timezones

LONGEST = timedelta(days=3660)
"""No offset or duration is longer: past any appointment, and safe to add to any instant."""

FIRST_YEAR, LAST_YEAR = 1900, 2999  # of what people may name: an offset added cannot overflow
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
USUAL_CLOSE = time(18, 0)
"""The close of business of a day that has no hours of its own."""


# --- What can be wrong with a time ----------------------------------------------------------------


class TimeError(ValueError):
    """A time that cannot be taken as given. The message is fit for the person who gave it."""


class NonexistentTime(TimeError):
    """The clocks of `zone` jump over `wall`; `next_valid` (UTC) is the first instant after it."""

    def __init__(self, wall: datetime, zone: ZoneInfo, next_valid: datetime) -> None:
        self.wall, self.zone, self.next_valid = wall, zone, next_valid
        super().__init__(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks are put forward over it. "
            "Choose another time; the first one after the change is "
            f"{next_valid.astimezone(zone):%Y-%m-%d %H:%M}."
        )


class AmbiguousTime(TimeError):
    """`wall` happens twice in `zone`; `first` and `second` are the two instants (UTC)."""

    def __init__(self, wall: datetime, zone: ZoneInfo, first: datetime, second: datetime) -> None:
        self.wall, self.zone, self.first, self.second = wall, zone, first, second
        both = [each.astimezone(zone).isoformat(timespec="minutes") for each in (first, second)]
        super().__init__(
            f"{wall:%Y-%m-%d %H:%M} happens twice in {zone}: first at {_offset_name(first, zone)} "
            f"and again at {_offset_name(second, zone)}. "
            f"Say which is meant: {both[0]} or {both[1]}."
        )


class UnknownZone(TimeError):
    """The name is not that of a time zone in the IANA database."""


class NotAnInstant(TimeError):
    """The text or datetime does not name one moment: it is malformed, impossible or has no offset
    from UTC."""


class NotADuration(TimeError):
    """The text is not a duration, or the duration is out of range."""


class NotAnOffset(TimeError):
    """The text is not an offset, or the offset is out of range."""


def _offset_name(moment: datetime, zone: ZoneInfo) -> str:
    return f"UTC{moment.astimezone(zone).isoformat()[-6:]}"


# --- Zones ----------------------------------------------------------------------------------------

# Files of the database that are no place's time: "localtime" is whatever the host happens to be set
# to, and "Factory" is the database's own word for "nobody has set this up" and would quietly read
# as UTC.
_NOT_ZONES = frozenset({"localtime", "posixrules", "Factory"})


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_ZONES


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name, older names such as `US/Eastern` included.

    Raises `UnknownZone`, with the nearest names, for anything else: names are case-sensitive as in
    the database, and no name is ever taken for UTC. Only listed names reach the file system, so a
    path cannot.
    """
    if name not in _zone_names():
        raise UnknownZone(_unknown_zone(name))
    return ZoneInfo(name)


def _unknown_zone(name: str) -> str:
    near = similar_zones(name)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Give a name such as Europe/Berlin."
    return f"{name[:64]!r} is not a known time zone. {hint}"


def similar_zones(name: str) -> list[str]:
    """Up to three names: those that differ only in case or lack the region ("berlin"), else those
    spelt alike."""
    wanted = name.strip().replace(" ", "_").casefold()[:64]
    names = {known.casefold(): known for known in sorted(_zone_names())}
    same = [
        known for folded, known in names.items() if wanted in (folded, folded.rpartition("/")[2])
    ]
    alike = difflib.get_close_matches(wanted, names, n=3)
    return same[:3] or [names[folded] for folded in alike]


# --- Wall time to instant and back ----------------------------------------------------------------


def utc(moment: datetime) -> datetime:
    """The same instant, in UTC. Raises `NotAnInstant` for a naive datetime."""
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise NotAnInstant(f"{moment.isoformat()} has no offset from UTC, so it names no moment.")
    return moment.astimezone(UTC)


def instant(wall: datetime, zone: ZoneInfo, fold: int | None = None) -> datetime:
    """The instant (UTC) at which the clocks of `zone` show the naive `wall`, as a person chose it.

    `fold` says which of two equal wall times is meant, 0 the first and 1 the second; it is ignored
    where the time happens once, so that a stored fold stays harmless when the rules of a zone
    change. `wall.fold` is not read.

    Raises `NonexistentTime` in a gap, `AmbiguousTime` in a fold when `fold` is None, and
    `NotAnInstant` for years outside FIRST_YEAR to LAST_YEAR.
    """
    if fold not in (None, 0, 1):
        raise TimeError(
            f"fold is 0 for the first or 1 for the second of two equal times, not {fold}."
        )
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        said = wall.date().isoformat()
        raise NotAnInstant(f"{said!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}.")
    first, second = _readings(wall, zone)
    if first > second:
        raise NonexistentTime(wall, zone, _end_of_gap(first, second, zone))
    if first < second and fold is None:
        raise AmbiguousTime(wall, zone, first, second)
    return second if fold else first


def refuse_left_out(moment: datetime, zone: ZoneInfo) -> None:
    """Raises `NonexistentTime` for a moment written as a time that the clocks of `zone` skip.

    02:30+01:00 names a moment also where the clocks go from 02:00+01:00 to 03:00+02:00 that night.
    Who writes it means half past two there, with the usual offset behind it, and nobody can come
    then. Written in UTC, or with an offset that is not the zone's, it is just the moment.
    """
    wall = moment.replace(tzinfo=None)
    first, second = _readings(wall, zone)
    offsets = {reading.astimezone(zone).utcoffset() for reading in (first, second)}
    if first > second and moment.utcoffset() and moment.utcoffset() in offsets:
        raise NonexistentTime(wall, zone, _end_of_gap(first, second, zone))


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of `zone` show at that instant: naive, and without a word on the fold."""
    return utc(instant).astimezone(zone).replace(tzinfo=None, fold=0)


def wall_text(instant: datetime, zone: ZoneInfo) -> str:
    """What the clocks of `zone` show at that instant, to the minute: `2027-03-28T09:00`."""
    return wall_time(instant, zone).isoformat(timespec="minutes")


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of the naive `wall`, as a rule produced it: never refuses.

    In a gap it is the first instant after the gap; in a fold the first occurrence. See the head of
    this file for why.
    """
    first, second = _readings(wall, zone)
    return first if first <= second else _end_of_gap(first, second, zone)


def _readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants (UTC) of `wall` by the offset in force before a nearby change, and by the one
    after it.

    They are equal away from a change; the first is earlier in a fold, and later in a gap (PEP 495).
    """
    if wall.tzinfo is not None:
        raise TimeError(
            f"{wall.isoformat()} already has a zone or an offset; a wall time has none."
        )
    before_change = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after_change = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return before_change, after_change


def _end_of_gap(late: datetime, early: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the jump, which lies after `early` and not after `late`; found by halving, to
    the second."""
    old = early.astimezone(zone).utcoffset()
    low = early.replace(microsecond=0)
    span = int((late - low).total_seconds()) + 1
    known_before, known_after = 0, span
    while known_after - known_before > 1:
        middle = (known_before + known_after) // 2
        if (low + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            known_before = middle
        else:
            known_after = middle
    return low + timedelta(seconds=known_after)


# --- Text to instant ------------------------------------------------------------------------------

# 24:00 is left out by hand: later Pythons read it as the next midnight; RFC 3339 does not know it.
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?!24)([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)

# What a web server makes of the + of an offset.
_LOST_PLUS = re.compile(r":[0-9]{2} [0-9]{2}:?[0-9]{2}$")


def parse_instant(text: str) -> datetime:
    """The instant (UTC) that RFC 3339 text names: `2026-03-29T09:00:00+02:00`,
    `2026-03-29T07:00:00Z`. Refuses what `parse_written` refuses.
    """
    return parse_written(text).astimezone(UTC)


def parse_written(text: str) -> datetime:
    """The same instant, in the offset it is written with.

    Seconds and the offset are required. What is finer than a microsecond is cut off. Raises
    `NotAnInstant` for anything else, for a leap second (23:59:60), and for years outside FIRST_YEAR
    to LAST_YEAR.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise NotAnInstant(_not_an_instant(text))
    day, clock, fraction, offset = match.groups()
    if offset is None:
        raise NotAnInstant(f"{text!r} has no offset from UTC: add one, such as Z or +02:00.")
    if not FIRST_YEAR <= int(day[:4]) <= LAST_YEAR:
        raise NotAnInstant(f"{text!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}.")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{offset.upper()}")
    except ValueError as error:
        raise NotAnInstant(f"{text!r} is not a possible date and time: {error}.") from error


def _not_an_instant(text: str) -> str:
    lost = " (In a web address, + is written %2B.)" if _LOST_PLUS.search(text) else ""
    return (
        f"{text[:64]!r} is not a date and time such as 2026-03-29T09:00:00+02:00 "
        f"or 2026-03-29T07:00:00Z.{lost}"
    )


# --- Durations and offsets ------------------------------------------------------------------------

_DURATION = re.compile(r"(?=.)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_CALENDAR_DAYS = re.compile(r"([0-9]{1,4})d ([0-9]{2}):([0-9]{2})")


def parse_duration(text: str) -> timedelta:
    """Elapsed time from `23h`, `90m`, `1h30m`, `45s` or `2d`, where a day is 24 hours: units from
    large to small.

    Raises `NotADuration` for other text and for more than `LONGEST`.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise NotADuration(f"{text[:64]!r} is not a duration such as 23h, 90m, 1h30m or 2d.")
    if any(len(part or "") > 9 for part in match.groups()):
        raise NotADuration(f"{text[:64]!r} is longer than {LONGEST.days} days.")
    days, hours_, minutes_, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(days=days, hours=hours_, minutes=minutes_, seconds=seconds)
    if duration > LONGEST:
        raise NotADuration(f"{text!r} is longer than {LONGEST.days} days.")
    return duration


@dataclass(frozen=True, slots=True)
class Exactly:
    """Elapsed time: whole seconds, from none to `LONGEST`. Whether it lies before or after is the
    caller's word."""

    delta: timedelta

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.delta <= LONGEST or self.delta.microseconds:
            raise NotAnOffset(
                f"{self.delta} is not a number of whole seconds from 0 to {LONGEST.days} days."
            )


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """A wall-clock time some calendar days away: `CalendarDays(1, time(18))` is the neighbouring
    day at 18:00.

    `days` is 0 to 3660, counted on the calendar of the zone; `at` is naive, in whole minutes.
    """

    days: int
    at: time

    def __post_init__(self) -> None:
        if not 0 <= self.days <= LONGEST.days:
            raise NotAnOffset(f"{self.days} is not a number of days from 0 to {LONGEST.days}.")
        _require_clock(self.at)


Offset = Exactly | CalendarDays


def hours(n: int) -> Exactly:
    """That many real hours."""
    return Exactly(timedelta(hours=n))


def minutes(n: int) -> Exactly:
    """That many real minutes."""
    return Exactly(timedelta(minutes=n))


def before(anchor: datetime, offset: Offset, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that lies `offset` before `anchor`; calendar days are counted in `zone`.

    A wall time that falls in a gap or a fold is settled by `first_instant`.
    """
    if isinstance(offset, Exactly):
        return utc(anchor) - offset.delta
    return _at(local_day(anchor, zone) - timedelta(days=offset.days), offset.at, zone)


def after(anchor: datetime, offset: Offset, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that lies `offset` after `anchor`; otherwise as `before`."""
    if isinstance(offset, Exactly):
        return utc(anchor) + offset.delta
    return _at(local_day(anchor, zone) + timedelta(days=offset.days), offset.at, zone)


def parse_offset(text: str) -> Offset:
    """An offset from its text in a policy: `24h`, `90m`, `1h30m` are elapsed time, `1d 18:00` a
    calendar day.

    Raises `NotAnOffset` for other text. A bare `2d` is refused rather than guessed at: two days are
    48 hours only where no clock changes in between.
    """
    text = text.strip()
    match = _CALENDAR_DAYS.fullmatch(text)
    if match is not None:
        return CalendarDays(int(match[1]), _clock(text, int(match[2]), int(match[3])))
    if "d" in text:
        raise NotAnOffset(
            f"{text[:64]!r} is not clear: write hours, as in 48h, "
            "or a day and a time, as in 2d 18:00."
        )
    try:
        return Exactly(parse_duration(text))
    except NotADuration as error:
        raise NotAnOffset(
            f"{text[:64]!r} is not an offset such as 24h, 90m or 1d 18:00."
        ) from error


def format_offset(offset: Offset) -> str:
    """The text from which `parse_offset` makes an equal offset, in the largest unit that leaves no
    remainder."""
    if isinstance(offset, CalendarDays):
        return f"{offset.days}d {offset.at:%H:%M}"
    seconds = int(offset.delta.total_seconds())
    if seconds % 60:
        return f"{seconds}s"
    return f"{seconds // 60}m" if seconds % 3600 or not seconds else f"{seconds // 3600}h"


def _clock(text: str, hour: int, minute: int) -> time:
    try:
        return time(hour, minute)
    except ValueError as error:
        raise NotAnOffset(f"{text!r} has no possible time of day: 00:00 to 23:59.") from error


def _require_clock(at: time) -> None:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise TimeError(f"{at.isoformat()} is not a time of day in whole minutes without a zone.")


# --- Local days -----------------------------------------------------------------------------------


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return first_instant(datetime.combine(day, at), zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The date the calendar on the wall shows in `zone` at that instant."""
    return utc(instant).astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant (UTC) of the local day, and the first of the next: half-open, 23 to 25
    hours as it comes.

    Days follow one another without a break. Where the clocks jump over midnight the day begins
    after the jump; a day the zone left out altogether (Apia, 2011-12-30) is empty, its two bounds
    equal.
    """
    return _at(day, time.min, zone), _at(day + ONE_DAY, time.min, zone)


def same_local_day(a: datetime, b: datetime, zone: ZoneInfo) -> bool:
    """Whether both instants carry the same date in `zone`."""
    return local_day(a, zone) == local_day(b, zone)


# --- Weekly hours and the close of business -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """One stretch of opening hours, in wall time, that begins on `weekday` (0 is Monday, as in
    `date.weekday`).

    An `end` that is not after `start` lies on the next day: `time(0, 0)` is midnight at the end of
    the day (24:00), 22:00 to 02:00 runs overnight, and an `end` equal to `start` is round the
    clock. Times are in whole minutes.
    """

    weekday: int
    start: time
    end: time

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise TimeError(f"A weekday is 0 (Monday) to 6 (Sunday), not {self.weekday}.")
        _require_clock(self.start)
        _require_clock(self.end)


def close_of_business(
    end: datetime, hours: Sequence[WeeklyHours], zone: ZoneInfo, not_before: datetime
) -> datetime:
    """When the business closes on the day of a visit that ended at `end`: an instant (UTC), never
    before `not_before`.

    1. A visit that ended inside hours that began the evening before belongs to that evening: their
       close.
    2. Otherwise the last close among the hours that begin on the local day of `end`; 18:00 if it
       has none.
    3. If that is before `not_before` (the visit overran, or grace is to be given), the same
       question for the next local day, and so on. A closed day answers with its 18:00, so that
       nothing waits for a long weekend to pass.
    """
    today = local_day(end, zone)
    yesterday = today - ONE_DAY
    overnight = (
        _span(yesterday, stretch.start, stretch.end, zone)[1]
        for stretch in hours
        if stretch.weekday == yesterday.weekday()
    )
    night_before = max((close for close in overnight if close > utc(end)), default=None)
    if night_before is not None and night_before >= not_before:
        return night_before
    return next(
        close
        for ahead in count()
        if (close := _close_of_day(today + timedelta(days=ahead), hours, zone)) >= not_before
    )


def _close_of_day(day: date, hours: Sequence[WeeklyHours], zone: ZoneInfo) -> datetime:
    closes = (
        _span(day, each.start, each.end, zone)[1] for each in hours if each.weekday == day.weekday()
    )
    return max(closes, default=_at(day, USUAL_CLOSE, zone))


def _span(day: date, opens: time, closes: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From `opens` on that local day to the next time the wall shows `closes`: instants (UTC),
    half-open.

    It can be empty, where both fall in one gap.
    """
    last = day if closes > opens else day + ONE_DAY
    return _at(day, opens, zone), _at(last, closes, zone)


# --- Quiet hours ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """The part of every local day in which a person may be contacted: from `opens` up to, not
    including, `closes`.

    08:00 to 21:00 allows 20:59 and not 21:00. A `closes` that is not after `opens` lies on the next
    day; equal times allow every moment. Times are in whole minutes. Each day has one unbroken
    window, so on the night when an hour comes twice the window opens and closes at its first
    occurrence.
    """

    opens: time
    closes: time

    def __post_init__(self) -> None:
        _require_clock(self.opens)
        _require_clock(self.closes)


def common(one: Window, other: Window) -> Window | None:
    """The longest stretch of the day that both allow; None where they share no minute.

    Two windows of which one runs over midnight may share two stretches: then it is the longer.
    """
    found = ((min(_left(one, at), _left(other, at)), at) for at in (one.opens, other.opens))
    length, opens = max(found)
    closes = datetime.combine(date.min, opens) + length
    return Window(opens, closes.time()) if length else None


def _left(window: Window, at: time) -> timedelta:
    """How long the window stays open from that time of day on; nothing when it is closed then."""
    length = _ahead(window.opens, window.closes) or ONE_DAY
    return ONE_DAY if length == ONE_DAY else max(length - _ahead(window.opens, at), timedelta(0))


def _ahead(a: time, b: time) -> timedelta:
    """From one time of day to the next time the wall shows the other: less than a day."""
    return (datetime.combine(date.min, b) - datetime.combine(date.min, a)) % ONE_DAY


def allows(window: Window, instant: datetime, zone: ZoneInfo) -> bool:
    """Whether the instant lies in the window, by the clocks of `zone`: those of the person who is
    contacted."""
    return next_allowed(window, instant, zone) == instant


def previous_allowed(window: Window, instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant itself (UTC) if it is allowed, else the last whole minute before it that was."""
    moment = utc(instant)
    _, closed = next(
        span
        for span in _windows(window, local_day(moment, zone) + ONE_DAY, -ONE_DAY, zone)
        if span[0] <= moment
    )
    return moment if moment < closed else closed - ONE_MINUTE


def next_allowed(window: Window, instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant itself (UTC) if it is allowed, else the moment the window opens next."""
    moment = utc(instant)
    days = _windows(window, local_day(moment, zone) - ONE_DAY, ONE_DAY, zone)
    return next(max(moment, opens) for opens, closes in days if closes > moment)


def _windows(
    window: Window, first: date, stride: timedelta, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime]]:
    """The window of one local day after another, without those that a gap has swallowed."""
    days = (first + stride * n for n in count())
    spans = (_span(day, window.opens, window.closes, zone) for day in days)
    return (span for span in spans if span[0] < span[1])


def quiet_shift(
    due: datetime,
    start: datetime,
    window: Window,
    zone: ZoneInfo,
    min_lead: timedelta,
    earliest: datetime,
) -> datetime | None:
    """When a reminder due at `due` for a visit at `start` is sent, so that nobody is disturbed in
    quiet hours.

    1. Due while contact is allowed: unchanged.
    2. The window reopens `min_lead` or more before the start: delayed to that opening.
    3. Otherwise moved earlier, to the last allowed minute before `due`, if that too keeps
       `min_lead`.
    4. None, skip it, where that is impossible, or where the answer would be before `earliest`, the
       first moment at which it may still be sent (the present, or the booking and its minimum gap,
       whichever is later).

    The answer is an instant in UTC; `zone` is that of the person who is contacted.
    """
    reopens = next_allowed(window, due, zone)
    if reopens == due or reopens + min_lead <= start:
        chosen = reopens
    else:
        chosen = previous_allowed(window, due, zone)
        if chosen + min_lead > start:
            return None
    return chosen if chosen >= earliest else None
