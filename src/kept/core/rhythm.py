"""When somebody is due again: by what the service says, else by their own rhythm.

Days are the days of the business's zone: a visit late at night belongs to its own evening.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise
from math import ceil
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from kept.core.time import CalendarDays, after, local_day

STRETCH = 1.5  # who comes every four weeks is not late in the fifth
LONGEST = 3650  # days; beyond it nobody can speak of a rhythm
AT = time(10)  # what is due has a day and no hour; it counts from the morning


@dataclass(frozen=True, slots=True)
class Due:
    """When the next visit is due, and what that was counted by."""

    at: datetime
    days: int
    by: Literal["interval", "rhythm", "enquiry"]


def due(
    visit: datetime, interval: int | None, earlier: Iterable[datetime], enough: int, zone: ZoneInfo
) -> Due | None:
    """When somebody is due again after `visit`; None when nothing says so.

    `interval`: the days after which people come again by the service, which goes before the
    person's own rhythm. `earlier`: their other completed visits; `enough`: how many visits, this
    one with them, make a rhythm.
    """
    days = interval or own_rhythm([*earlier, visit], enough, zone)
    if days is None:
        return None
    at = after(visit, CalendarDays(days, AT), zone)
    return Due(at, days, "interval" if interval else "rhythm")


def own_rhythm(visits: Iterable[datetime], enough: int, zone: ZoneInfo) -> int | None:
    """The days after which this person usually comes, and half as many again: the median of their
    intervals times STRETCH, rounded up. None for fewer than `enough` days with a visit.

    Several visits of one day are one; the median leaves out the one long holiday.
    """
    days = sorted({local_day(visit, zone) for visit in visits})
    if len(days) < max(enough, 2):
        return None
    between = [(later - sooner).days for sooner, later in pairwise(days)]
    return min(ceil(median(between) * STRETCH), LONGEST)
