"""The little statistics an audit needs, each with its source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt

from kept.core.holdout import Z, share

FEW = 30
"""Below so many a group is not shown: chance alone makes any picture."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The interval (95 %) of a share by Wilson 1927, which stays honest near 0 and 1."""
    found = share(part, whole)
    return found.low, found.high


@dataclass(frozen=True, slots=True)
class Stratum:
    """Two groups compared among alike: so many of so many with the event, in each."""

    one: int
    one_of: int
    other: int
    other_of: int


@dataclass(frozen=True, slots=True)
class Odds:
    """A common odds ratio with its interval (95 %)."""

    ratio: float
    low: float
    high: float


def mantel_haenszel(strata: Iterable[Stratum]) -> Odds | None:
    """The odds ratio common to the strata (Mantel and Haenszel 1959), with the variance of its
    logarithm by Robins, Breslow and Greenland 1986 (Biometrics 42:311), right for few large strata
    as well as for many small ones. None where it cannot be computed: one side has no event at all.

    With a, b the events and the others of group one, c, d of the other, n = a + b + c + d:
    R = ad/n, S = bc/n, P = (a + d)/n, Q = (b + c)/n; the ratio is ΣR / ΣS and
    var = ΣPR / 2(ΣR)² + Σ(PS + QR) / 2ΣRΣS + ΣQS / 2(ΣS)².
    """
    sum_r = sum_s = pr = ps_qr = qs = 0.0
    for each in strata:
        a, c = each.one, each.other
        b, d = each.one_of - a, each.other_of - c
        n = a + b + c + d
        if n == 0:
            continue
        r, s = a * d / n, b * c / n
        p, q = (a + d) / n, (b + c) / n
        sum_r, sum_s = sum_r + r, sum_s + s
        pr, ps_qr, qs = pr + p * r, ps_qr + p * s + q * r, qs + q * s
    if not sum_r or not sum_s:
        return None
    variance = pr / (2 * sum_r**2) + ps_qr / (2 * sum_r * sum_s) + qs / (2 * sum_s**2)
    ratio, spread = sum_r / sum_s, exp(Z * sqrt(variance))
    return Odds(ratio, exp(log(ratio)) / spread, ratio * spread)


class Spread:
    """Durations in seconds, kept as counts of a few thousand sizes: quantiles without a list.

    Exact below two minutes; to the minute below three hours; to five minutes below two days; to the
    hour above. A size stands for all from it up to the next.
    """

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: defaultdict[int, int] = defaultdict(int)

    def add(self, seconds: int) -> None:
        """What is said to have ended before it began took no time."""
        self.counts[rounded(seconds) if seconds > 0 else 0] += 1

    @property
    def number(self) -> int:
        return sum(self.counts.values())

    def quantile(self, part: float) -> int:
        """The least size that at least `part` of all do not exceed; ValueError of none."""
        if not (number := self.number):
            raise ValueError("there is no quantile of nothing")
        needed, reached = part * number, 0
        ordered = sorted(self.counts)
        for size in ordered:
            reached += self.counts[size]
            if reached >= needed:
                return size
        return ordered[-1]


def rounded(seconds: int) -> int:
    if seconds < 120:
        return seconds
    if seconds < 10_800:
        return seconds - seconds % 60
    if seconds < 172_800:
        return seconds - seconds % 300
    return seconds - seconds % 3600
