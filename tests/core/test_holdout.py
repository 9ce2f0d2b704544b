"""Who is left alone, and what can be said of the others."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.core.holdout import Share, difference, held_out, season, share, too_few

PEOPLE = [f"person {n}" for n in range(5000)]


def chosen(percent, key=b"a business", season="2027-1"):
    return {each for each in PEOPLE if held_out(key, each, season, percent)}


def test_it_is_the_share_the_policy_says():
    assert 0.08 < len(chosen(10)) / len(PEOPLE) < 0.12
    assert chosen(0) == set()


def test_it_is_always_the_same_people_in_a_season_and_others_in_the_next():
    assert chosen(10) == chosen(10)
    both = chosen(10) & chosen(10, season="2027-2")
    assert len(both) / len(PEOPLE) < 0.03


def test_another_business_chooses_others():
    assert chosen(10) != chosen(10, key=b"another")


def test_a_larger_share_keeps_those_of_a_smaller_one():
    assert chosen(5) < chosen(10) < chosen(50)


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(2027, 6, 30, 21, 59, tzinfo=UTC), "2027-1"),
        (datetime(2027, 6, 30, 22, 0, tzinfo=UTC), "2027-2"),
        (datetime(2027, 12, 31, 23, 0, tzinfo=UTC), "2028-1"),
    ],
)
def test_a_season_is_half_a_year_by_the_wall(moment, name):
    assert season(moment, ZoneInfo("Europe/Berlin")) == name


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_the_interval_of_a_share(count, of, low, high):
    found = share(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.rate == count / of


def test_of_nobody_nothing_is_known():
    assert share(0, 0) == Share(0, 0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17:873), table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference(one, other, low, high):
    found = difference(share(*one), share(*other))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 400), st.integers(1, 400))
def test_a_share_lies_in_its_interval(count, of):
    found = share(min(count, of), of)
    assert 0 <= found.low <= found.rate <= found.high <= 1


def test_of_few_people_nothing_is_said():
    assert "29 invited and 30 left alone" in too_few(29, 30)
    assert too_few(30, 29)
    assert not too_few(30, 30)
