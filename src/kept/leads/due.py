"""By when a person is due, and how long an answer took by the clocks of the business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kept.core.policy import Policy
from kept.schedule import queries as schedule

AHEAD = timedelta(days=31)  # a business that opens no more in a month has no hours to speak of
Span = tuple[datetime, datetime]


def person_due(business: UUID, at: datetime, policy: Policy, *, reply: bool = False) -> datetime:
    """When a person should have answered what is asked `at` this instant.

    While it is open: within minutes (`lead_answer`; in a conversation, `lead_reply`). While it is
    closed: `lead_after_opening` after it next opens. A business without hours is always open.
    """
    within = policy.gap("lead_reply" if reply else "lead_answer").delta
    opening = next_open(schedule.open_times(business, at, at + AHEAD), at)
    return at + within if opening == at else opening + policy.gap("lead_after_opening").delta


def next_open(spans: Sequence[Span], at: datetime) -> datetime:
    """`at` itself while it is open, or where nothing is; else when it opens next."""
    for begin, end in spans:
        if end > at:
            return max(begin, at)
    return at


def next_try(business: UUID, at: datetime, policy: Policy) -> datetime:
    """When somebody who was called in vain is to be called again: then, or when it opens."""
    then = at + policy.gap("lead_try_again").delta
    return next_open(schedule.open_times(business, then, then + AHEAD), then)


def open_between(spans: Sequence[Span], begin: datetime, end: datetime) -> timedelta:
    """How much of this time it was open; all of it for a business without hours."""
    if not spans:
        return end - begin
    shared = (min(end, closes) - max(begin, opens) for opens, closes in spans)
    return sum((each for each in shared if each > timedelta(0)), timedelta(0))
