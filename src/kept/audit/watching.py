"""What is broken now: the audit of the visits of the last seven days and the next seven.

The same definitions and the same code as the report; only the time is short. It is read at most
once in a while for each business, because a page that is opened all day asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import bulk
from kept.audit import own
from kept.audit.report import audit
from kept.core.time import day_bounds, local_day

EACH_WAY = timedelta(days=7)
AGAIN_AFTER = timedelta(minutes=5)
MOST = 3000  # appointments: with more of them the page of the day would wait for its line


@dataclass(frozen=True, slots=True)
class Broken:
    """How many appointments broke, of how many, and the days that were looked at."""

    appointments: int
    of: int
    kinds: int
    query: str  # as the audit's pages take it


def broken_now(business: Business, now: datetime) -> Broken | None:
    """What is broken, not older than some minutes; None: nothing is, or there is too much to read
    for a line."""
    late = now.timestamp() % AGAIN_AFTER.total_seconds()
    return _broken(business.id, now - timedelta(seconds=late))


@lru_cache(maxsize=256)
def _broken(business_id: UUID, now: datetime) -> Broken | None:
    business = accounts.business(business_id)
    zone = ZoneInfo(business.time_zone)
    first, last = local_day(now - EACH_WAY, zone), local_day(now + EACH_WAY, zone)
    begin, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    if bulk.count(business.id, begin, end) > MOST:
        return None
    report = audit(own.history(business, now, begin, end), begin=begin, end=end)
    known = {value.name: int(str(value.raw)) for value in report.headline.values[1:]}
    broke = known.get("appointments", 0) - known.get("governed", 0)
    if not broke:
        return None
    kinds = sum(1 for each in report.breaks if each.appointments)
    query = f"from={first.isoformat()}&to={last.isoformat()}"
    return Broken(broke, known["appointments"], kinds, query)
