"""Free slots: which starts can be offered, and why a given start cannot.

Everything here counts in whole minutes since the Unix epoch, UTC. Zones matter in one place,
`open_spans`, where weekly hours in wall time become spans; from there on a clock change is an
ordinary minute. A span is a pair `(begin, end)`, half-open: a visit that ends at 10:00 does not
touch one that begins at 10:00.

`free_starts` (what is shown) and `fits` (what is accepted) apply the same rules. A test holds them
together.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from kept.core.time import (
    ONE_DAY,
    ONE_MINUTE,
    TimeError,
    WeeklyHours,
    first_instant,
    local_day,
    utc,
)

__all__ = [
    "Refusal",
    "SlotRules",
    "Span",
    "WeeklyHours",
    "fits",
    "free_starts",
    "from_minute",
    "merge",
    "open_spans",
    "opening_at",
    "subtract",
    "to_minute",
]

Span = tuple[int, int]

NEVER = -(10**12)
"""Before every minute there is."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class SlotRules:
    """What a service asks of a slot: minutes, and days for `horizon_days`.

    `buffer_before` and `buffer_after` are kept clear around the visit; `step` is the distance
    between offered starts; a start lies at least `notice` minutes and at most `horizon_days` times
    24 hours ahead. Raises `ValueError` for a duration or step under 1 and for anything negative.
    """

    duration: int
    buffer_before: int
    buffer_after: int
    step: int
    notice: int
    horizon_days: int

    def __post_init__(self) -> None:
        if self.duration < 1 or self.step < 1:
            raise ValueError("The duration and the step of a slot are at least one minute.")
        if min(self.buffer_before, self.buffer_after, self.notice, self.horizon_days) < 0:
            raise ValueError("Buffers, notice and horizon of a slot are not negative.")


class Refusal(StrEnum):
    """Why a start cannot be booked. Where several reasons hold, the first in this order is
    given. `PAST` is said where a time is booked, before anything is asked about it; what lies
    behind us is never offered. The last two are not about the start: the one who is asked for does
    not give the service, or no longer, and nobody gives it at all.
    """

    PAST = "past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    OUTSIDE_HOURS = "outside_hours"
    OFF_GRID = "off_grid"
    TAKEN = "taken"
    STAFF_GONE = "staff_gone"
    NO_STAFF = "no_staff"


# --- Minutes --------------------------------------------------------------------------------------


def to_minute(instant: datetime) -> int:
    """The minute of an aware instant. Raises `TimeError` for a naive one, and for one inside a
    minute."""
    minute, rest = divmod(utc(instant) - EPOCH, ONE_MINUTE)
    if rest:
        raise TimeError(f"{instant.isoformat()} is not a whole minute.")
    return minute


def from_minute(minute: int) -> datetime:
    """The instant, in UTC, of that minute."""
    return EPOCH + timedelta(minutes=minute)


# --- Spans ----------------------------------------------------------------------------------------


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same minutes as sorted spans that neither overlap nor touch.

    Takes any order; empty spans vanish.
    """
    merged: list[Span] = []
    reach = NEVER
    for begin, end in sorted(spans):
        if begin > reach and end > begin:
            merged.append((begin, end))
            reach = end
        elif end > reach and end > begin:
            merged[-1] = (merged[-1][0], end)
            reach = end
    return merged


def subtract(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The minutes of `spans` that are in none of `taken`, as `merge` would give them."""
    return _without(merge(spans), merge(taken))


def _without(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """The pieces of sorted, disjoint `spans` between those of `taken`; no piece crosses two
    spans."""
    pieces = []
    behind = 0
    for begin, end in spans:
        while behind < len(taken) and taken[behind][1] <= begin:
            behind += 1
        for taken_begin, taken_end in islice(taken, behind, None):
            if taken_begin >= end:
                break
            if taken_begin > begin:
                pieces.append((begin, taken_begin))
            begin = taken_end
        if begin < end:
            pieces.append((begin, end))
    return pieces


# --- Opening hours --------------------------------------------------------------------------------


def open_spans(hours: Sequence[WeeklyHours], zone: ZoneInfo, first: date, last: date) -> list[Span]:
    """The minutes at which the weekly hours of a resource in `zone` are open on the local days
    `first` to `last`, both included.

    Each wall time is resolved with the rule of its own date, so 09:00 is 09:00 on either side of a
    clock change; a time that does not exist or happens twice is settled by `first_instant`.

    The spans are sorted and do not overlap, but may touch: one begins at every opening, because the
    grid of starts is counted from there. Overnight hours of the day before that reach into `first`
    are included whole, and so are hours of the day after that go on from `last` without a break:
    for visits of up to a day, a start gets the same answer from whatever range it is asked in.
    """
    spans = [
        (_minute_of(day, each.start, zone), _minute_of(closing_day, each.end, zone))
        for day in _days(first - ONE_DAY, last + ONE_DAY)
        for each in hours
        if each.weekday == day.weekday()
        for closing_day in [day if each.end > each.start else day + ONE_DAY]
    ]
    dawn, dusk = _minute_of(first, time.min, zone), _minute_of(last + ONE_DAY, time.min, zone)
    wanted: list[Span] = []
    for begin, end in _by_opening(spans):
        goes_on = bool(wanted) and wanted[-1][1] == begin
        if goes_on or (begin < dusk and end > dawn):
            wanted.append((begin, end))
    return wanted


def opening_at(hours: Sequence[WeeklyHours], zone: ZoneInfo, minute: int) -> WeeklyHours | None:
    """The weekly hours from whose opening a start at `minute` is counted; None outside them all.

    Where several are open it is the one that opened last, as in `open_spans`.
    """
    today = local_day(from_minute(minute), zone)
    opened = [
        (begin, each)
        for day in (today - ONE_DAY, today)
        for each in hours
        if each.weekday == day.weekday()
        for closing_day in [day if each.end > each.start else day + ONE_DAY]
        for begin in [_minute_of(day, each.start, zone)]
        if begin <= minute < _minute_of(closing_day, each.end, zone)
    ]
    return max(opened, key=lambda found: found[0], default=(0, None))[1]


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _by_opening(spans: Iterable[Span]) -> list[Span]:
    """The same minutes, sorted, each span ending where the next one opens if it would overlap it.

    The later opening inherits the longer end, so no minute is lost.
    """
    cut: list[Span] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if cut and begin < cut[-1][1]:
            earlier, reach = cut.pop()
            end = max(end, reach)
            if earlier < begin:
                cut.append((earlier, begin))
        cut.append((begin, end))
    return cut


def _minute_of(day: date, at: time, zone: ZoneInfo) -> int:
    """The minute of a wall time. Seconds in an offset (none since 1972) are cut off."""
    midnight = _even_midnight(day, zone)
    if midnight is None:
        return int(first_instant(datetime.combine(day, at), zone).timestamp()) // 60
    return midnight + at.hour * 60 + at.minute


@lru_cache(maxsize=16_384)
def _even_midnight(day: date, zone: ZoneInfo) -> int | None:
    """The minute at which the local day begins, or None for a day on which the clocks change.

    On all other days a wall time is that minute plus its hours and minutes. Staff of one business
    share zone and days, so most of the work of a month is done once.
    """
    midnight = datetime.combine(day, time.min, zone)
    offsets = {
        (moment.replace(fold=fold)).utcoffset()
        for moment in (midnight, midnight + ONE_DAY)
        for fold in (0, 1)
    }
    return int(midnight.timestamp()) // 60 if len(offsets) == 1 else None


# --- Slots ----------------------------------------------------------------------------------------


def free_starts(
    open: Sequence[Span],
    taken: Iterable[Span],
    rules: SlotRules,
    now_minute: int,
    from_minute: int,
    to_minute: int,
) -> list[int]:
    """The starts that can be booked, sorted, with `from_minute` <= start < `to_minute`.

    1. A start lies on the grid: a multiple of `step` real minutes after the opening of its span of
       `open` (09:00, 09:15 ...). Give closures as `taken`: cut out of `open`, they would move it.
    2. The visit, from start to start + duration, lies inside the open hours; spans that touch are
       one for this purpose.
    3. The visit with its own buffers overlaps nothing in `taken`, where every claim already has
       the buffers of its own service. Any order; claims that have begun count to their very end.
    4. `notice` and `horizon_days` are counted in real minutes from `now_minute`, both inclusive.
    """
    low = max(from_minute, now_minute + rules.notice)
    high = min(to_minute, now_minute + rules.horizon_days * MINUTES_PER_DAY + 1)
    openings = _by_opening(open)
    free = _without(
        _windows(openings, rules.duration, low, high), _blocked(taken, rules, low, high)
    )
    anchors = [begin for begin, _ in openings]
    starts: list[int] = []
    for begin, end in free:
        anchor = anchors[bisect_right(anchors, begin) - 1]
        starts.extend(range(begin + (anchor - begin) % rules.step, end, rules.step))
    return starts


def _windows(openings: Sequence[Span], duration: int, low: int, high: int) -> list[Span]:
    """Per opening, the minutes from `low` up to `high` at which a visit may begin and still fit."""
    windows = []
    closes = next_opening = NEVER
    for begin, end in reversed(openings):
        if end != next_opening:
            closes = end
        next_opening = begin
        window = (max(begin, low), min(end, high, closes - duration + 1))
        if window[0] < window[1]:
            windows.append(window)
    return windows[::-1]


def _blocked(taken: Iterable[Span], rules: SlotRules, low: int, high: int) -> list[Span]:
    """The starts from `low` up to `high` that overlap a claim once the visit has its buffers."""
    reach_before = rules.duration + rules.buffer_after - 1
    reach_after = rules.buffer_before
    low, high = low - reach_after, high + reach_before
    return merge(
        (begin - reach_before, end + reach_after)
        for begin, end in taken
        if begin < high and end > low and begin < end
    )


def fits(
    open: Sequence[Span],
    taken: Iterable[Span],
    rules: SlotRules,
    now_minute: int,
    start: int,
    *,
    on_grid: bool = True,
) -> Refusal | None:
    """Why a visit cannot begin at `start`, or None if it can: by the rules of `free_starts`.

    With `on_grid` false any minute will do: the front desk may book between the offered starts.
    """
    if start < now_minute + rules.notice:
        return Refusal.TOO_SOON
    if start > now_minute + rules.horizon_days * MINUTES_PER_DAY:
        return Refusal.TOO_FAR
    if not any(begin <= start and start + rules.duration <= end for begin, end in merge(open)):
        return Refusal.OUTSIDE_HOURS
    opening = max(begin for begin, end in open if begin <= start and begin < end)
    if on_grid and (start - opening) % rules.step:
        return Refusal.OFF_GRID
    busy_from = start - rules.buffer_before
    busy_to = start + rules.duration + rules.buffer_after
    if any(begin < busy_to and end > busy_from and begin < end for begin, end in taken):
        return Refusal.TAKEN
    return None
