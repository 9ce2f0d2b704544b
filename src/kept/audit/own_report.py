"""The audit of a business's own rows while somebody waits for it: bounded in size."""

from __future__ import annotations

from datetime import datetime

from kept.accounts.queries import Business
from kept.appointments import bulk
from kept.audit import own
from kept.audit.figures import Report
from kept.audit.own import Own
from kept.audit.report import audit

MOST = 20_000
"""Appointments: a page that takes longer than some seconds looks like one that has failed."""


class TooMany(Exception):
    """More than a page can be made of. The message says what to do."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"There are {count:,} appointments in this time, and a page is made of {MOST:,} at "
            "most. Choose a shorter time; `kept audit` on the server takes any number."
        )


def own_report(
    business: Business, now: datetime, begin: datetime | None, end: datetime | None
) -> Report:
    """The report on the appointments that start in [begin, end). Raises TooMany."""
    return audit(own_history(business, now, begin, end), begin=begin, end=end)


def own_history(
    business: Business, now: datetime, begin: datetime | None, end: datetime | None
) -> Own:
    """The same appointments as a history. Raises TooMany."""
    count = bulk.count(business.id, begin, end)
    if count > MOST:
        raise TooMany(count)
    return own.history(business, now, begin, end)
