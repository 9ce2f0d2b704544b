"""How far ahead a visit was booked: the strongest single sign of who stays away, and therefore what
comparisons are made within."""

from __future__ import annotations

from kept.audit.measures.wording import DAY

NAMES = (
    "under 1 day",
    "1 day",
    "2 to 7 days",
    "8 to 14 days",
    "15 to 21 days",
    "22 to 28 days",
    "over 28 days",
)
LIMITS = (DAY, 2 * DAY, 8 * DAY, 15 * DAY, 22 * DAY, 29 * DAY)
"""A visit's place in NAMES is the number of LIMITS that its lead time, in seconds, has reached."""

UNKNOWN = -1
