"""The audit of a business's own rows while somebody waits for it: bounded in size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kept.accounts.queries import Business
from kept.appointments import bulk
from kept.audit import own
from kept.audit.figures import Report
from kept.audit.own import Own
from kept.audit.report import audit
from kept.audit.simulate import Simulation, simulate
from kept.core.policy import Policy

MOST = 20_000
"""Appointments: a page that takes longer than some seconds looks like one that has failed."""


MOST_WALKED = 1_000
"""Booked times that are walked again for a page: three walks of each take about 8 ms of a core."""


class TooMany(Exception):
    """More than a page can be made of. The message says what to do."""

    def __init__(self, count: int, most: int, what: str, command: str) -> None:
        self.count = count
        super().__init__(
            f"There are {count:,} {what} in this time, and a page is made of {most:,} at "
            f"most. Choose a shorter time; `{command}` on the server takes any number."
        )


def own_report(
    business: Business, now: datetime, begin: datetime | None, end: datetime | None
) -> Report:
    """The report on the appointments that start in [begin, end). Raises TooMany."""
    return audit(own_history(business, now, begin, end), begin=begin, end=end)


def long_report(
    business: Business,
    now: datetime,
    begin: datetime | None,
    end: datetime | None,
    progress: Callable[[int], None],
) -> Report:
    """The same of any number, for somebody who is told how far it is."""
    return audit(own.history(business, now, begin, end), begin=begin, end=end, progress=progress)


def long_simulation(
    business: Business,
    policy: Policy,
    now: datetime,
    begin: datetime | None,
    end: datetime | None,
    progress: Callable[[int], None],
) -> Simulation:
    """What `policy` would have made of any number of times."""
    return simulate(business, policy, now, begin, end, progress)


def own_history(
    business: Business, now: datetime, begin: datetime | None, end: datetime | None
) -> Own:
    """The same appointments as a history. Raises TooMany."""
    count = bulk.count(business.id, begin, end)
    if count > MOST:
        raise TooMany(count, MOST, "appointments", "kept audit")
    return own.history(business, now, begin, end)


def own_simulation(
    business: Business,
    policy: Policy,
    now: datetime,
    begin: datetime | None,
    end: datetime | None,
) -> Simulation:
    """What `policy` would have made of the times that start in [begin, end). Raises TooMany."""
    count = bulk.count(business.id, begin, end)
    if count > MOST_WALKED:
        raise TooMany(count, MOST_WALKED, "booked times", "kept simulate")
    return simulate(business, policy, now, begin, end)
