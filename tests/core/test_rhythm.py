"""When somebody is due again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kept.core.rhythm import due, own_rhythm

BERLIN = ZoneInfo("Europe/Berlin")


def day(number, hour=12):
    return datetime(2027, 1, 1, hour, tzinfo=UTC) + timedelta(days=number)


def test_the_service_says_when():
    found = due(day(0), 42, [], 4, BERLIN)
    assert (found.days, found.by) == (42, "interval")
    assert found.at == datetime(2027, 2, 12, 9, tzinfo=UTC)


def test_the_service_goes_before_the_persons_own_rhythm():
    assert due(day(90), 42, [day(0), day(30), day(60)], 4, BERLIN).by == "interval"


def test_the_day_is_the_same_on_the_wall_after_the_clocks_have_changed():
    assert due(day(0), 180, [], 4, BERLIN).at == datetime(2027, 6, 30, 8, tzinfo=UTC)


def test_without_a_service_that_says_so_the_rhythm_does():
    found = due(day(84), None, [day(0), day(28), day(56)], 4, BERLIN)
    assert (found.days, found.by) == (42, "rhythm")
    assert found.at == datetime(2027, 5, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize("earlier", [[], [0], [0, 28]])
def test_too_few_visits_are_no_rhythm(earlier):
    assert due(day(84), None, map(day, earlier), 4, BERLIN) is None


@pytest.mark.parametrize(
    ("days", "rhythm"),
    [
        ([0, 28, 56, 84], 42),
        ([0, 28, 56, 300], 42),  # one long holiday
        ([0, 7, 14, 200, 207], 11),
        ([0, 1, 2, 3], 2),
        ([0, 3000, 6000, 9000], 3650),
        ([84, 0, 56, 28], 42),  # in whatever order they are known
    ],
)
def test_the_rhythm_is_the_usual_interval_and_half_of_it(days, rhythm):
    assert own_rhythm(map(day, days), 4, BERLIN) == rhythm


def test_two_visits_of_one_day_are_one():
    assert own_rhythm([day(0), day(0, 15), day(28), day(56)], 4, BERLIN) is None


def test_a_visit_late_in_the_evening_belongs_to_its_own_day():
    late = [datetime(2027, 1, 1, 23, 30, tzinfo=UTC), datetime(2027, 1, 2, 8, tzinfo=UTC)]
    assert own_rhythm([*late, day(28), day(56)], 4, BERLIN) is None  # both on 2 January
    assert own_rhythm([*late, day(28), day(56)], 4, ZoneInfo("UTC")) is not None


def test_one_visit_is_never_a_rhythm():
    assert own_rhythm([day(0)], 1, BERLIN) is None
