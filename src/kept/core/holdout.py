"""Who gets no invitation so that we learn what invitations do, and what was learned.

A few people, chosen by a hash and not by anybody's wish, are left alone. Who comes back among them
would have come anyway; only what the invited do beyond that is owed to the letters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from zoneinfo import ZoneInfo

from kept.core.time import local_day

FEW = 30  # in either group; below it chance alone makes any picture
Z = 1.959964  # the quantile of the normal distribution that leaves 5 % outside


def season(instant: datetime, zone: ZoneInfo) -> str:
    """The half of the year a moment lies in, like `2027-1`: so long one stays in one's group."""
    day = local_day(instant, zone)
    return f"{day.year}-{1 if day.month <= 6 else 2}"


def held_out(key: bytes, person: str, season: str, percent: int) -> bool:
    """Whether this person is left alone in this season.

    The same answer whenever it is asked; of many people `percent` in a hundred. Another `key` (1 to
    64 octets), another choice. A larger share holds out everybody a smaller one did.
    """
    digest = hashlib.blake2b(f"{person}/{season}".encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big") * 100 < percent << 64


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, as a fraction with the interval it may lie in (95 %)."""

    count: int
    of: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One share less another, as a fraction with the interval it may lie in (95 %)."""

    rate: float
    low: float
    high: float


def share(count: int, of: int) -> Share:
    """The share with its Wilson interval (Wilson 1927), which stays honest near 0 and 1.

    Of nobody nothing is known: from 0 to 1.
    """
    if of == 0:
        return Share(0, 0, 0.0, 0.0, 1.0)
    rate, spread = count / of, Z * Z / of
    middle = (rate + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(rate * (1 - rate) / of + spread / (4 * of))
    # Rounding must not put the limit of none, or of all, beside 0 or 1.
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == of else middle + half
    return Share(count, of, rate, low, high)


def difference(one: Share, other: Share) -> Difference:
    """`one` less `other`, with the interval made from both Wilson intervals (Newcombe 1998,
    method 10)."""
    rate = one.rate - other.rate
    low = rate - sqrt((one.rate - one.low) ** 2 + (other.high - other.rate) ** 2)
    high = rate + sqrt((one.high - one.rate) ** 2 + (other.rate - other.low) ** 2)
    return Difference(rate, low, high)


def too_few(invited: int, held: int) -> str:
    """Why nothing can be said yet; "" when something can."""
    if invited >= FEW and held >= FEW:
        return ""
    return (
        f"Too few people to tell chance from effect: {invited} invited and {held} left alone, "
        f"and at least {FEW} of each are needed."
    )
