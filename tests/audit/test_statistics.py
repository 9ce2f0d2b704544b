"""The statistics give what others published, digit for digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.audit.statistics import Spread, Stratum, mantel_haenszel, rounded, wilson

# Newcombe 1998, "Two-sided confidence intervals for the single proportion", Statistics in Medicine
# 17:857-872, table I, method 3 (score method without continuity correction).
NEWCOMBE = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}

# Admissions to Berkeley by department, men and women: Bickel, Hammel and O'Connell 1975, Science
# 187:398-404, as `UCBAdmissions` in R; `mantelhaen.test(UCBAdmissions)` prints 0.9046968 with
# 0.7719074 to 1.0603298 (its interval has the variance of Robins, Breslow and Greenland). All
# departments together say the opposite: men are admitted at 1.84 times the odds of women.
BERKELEY = [
    Stratum(512, 512 + 313, 89, 89 + 19),
    Stratum(353, 353 + 207, 17, 17 + 8),
    Stratum(120, 120 + 205, 202, 202 + 391),
    Stratum(138, 138 + 279, 131, 131 + 244),
    Stratum(53, 53 + 138, 94, 94 + 299),
    Stratum(22, 22 + 351, 24, 24 + 317),
]

# Smoking and lung cancer in eight Chinese cities: Agresti 2002, Categorical Data Analysis, table
# 6.6; the documentation of statsmodels (StratifiedTable) prints 2.174 with 1.984 to 2.383.
CITIES = [
    Stratum(126, 126 + 100, 35, 35 + 61),
    Stratum(908, 908 + 688, 497, 497 + 807),
    Stratum(913, 913 + 747, 336, 336 + 598),
    Stratum(235, 235 + 172, 58, 58 + 121),
    Stratum(402, 402 + 308, 121, 121 + 215),
    Stratum(182, 182 + 156, 72, 72 + 98),
    Stratum(60, 60 + 99, 11, 11 + 43),
    Stratum(104, 104 + 89, 21, 21 + 36),
]


@pytest.mark.parametrize(("part", "whole"), NEWCOMBE)
def test_wilson(part, whole):
    assert wilson(part, whole) == pytest.approx(NEWCOMBE[part, whole], abs=0.00005)


def test_mantel_haenszel_on_the_admissions_to_berkeley():
    odds = mantel_haenszel(BERKELEY)
    assert (odds.ratio, odds.low, odds.high) == pytest.approx(
        (0.9046968, 0.7719074, 1.0603298), abs=0.0000005
    )


def test_the_admissions_together_say_the_opposite():
    men = sum(each.one for each in BERKELEY), sum(each.one_of for each in BERKELEY)
    women = sum(each.other for each in BERKELEY), sum(each.other_of for each in BERKELEY)
    assert mantel_haenszel([Stratum(*men, *women)]).ratio == pytest.approx(1.84, abs=0.005)


def test_mantel_haenszel_on_smoking_in_eight_cities():
    odds = mantel_haenszel(CITIES)
    assert (odds.ratio, odds.low, odds.high) == pytest.approx((2.174, 1.984, 2.383), abs=0.0005)


def test_nothing_is_said_where_one_side_has_no_event():
    assert mantel_haenszel([]) is None
    assert mantel_haenszel([Stratum(0, 40, 3, 40)]) is None
    assert mantel_haenszel([Stratum(3, 40, 0, 40)]) is None
    assert mantel_haenszel([Stratum(0, 0, 0, 0), Stratum(2, 40, 3, 40)]) is not None


@given(st.lists(st.integers(0, 500_000), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_the_size_that_so_many_do_not_exceed(sizes, part):
    spread = Spread()
    for size in sizes:
        spread.add(size)
    found = spread.quantile(part)
    below = sum(rounded(size) <= found for size in sizes)
    assert below >= part * len(sizes)
    assert sum(rounded(size) < found for size in sizes) < part * len(sizes)


def test_sizes_are_kept_to_the_second_the_minute_and_the_hour():
    assert [rounded(s) for s in (61, 119, 185, 10_900, 200_000)] == [61, 119, 180, 10_800, 198_000]


def test_there_is_no_quantile_of_nothing():
    with pytest.raises(ValueError, match="nothing"):
        Spread().quantile(0.5)
