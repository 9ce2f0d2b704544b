"""What the clocks of a zone show, and the years in which a wall time is taken at its word."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kept.core.time import FIRST_YEAR, LAST_YEAR, NotAnInstant, instant, wall_text, wall_time

BERLIN = ZoneInfo("Europe/Berlin")


def test_what_the_clocks_show_is_told_to_the_minute_and_without_an_offset():
    summer = datetime(2027, 7, 1, 8, 30, 20, tzinfo=UTC)
    assert wall_time(summer, BERLIN) == datetime.fromisoformat("2027-07-01T10:30:20")
    assert wall_text(summer, BERLIN) == "2027-07-01T10:30"


def test_both_hours_of_a_fold_show_the_same():
    shown = {wall_text(datetime(2027, 10, 31, hour, 30, tzinfo=UTC), BERLIN) for hour in (0, 1)}
    assert shown == {"2027-10-31T02:30"}


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1])
def test_a_year_no_appointment_is_made_for_is_refused_by_name(year):
    with pytest.raises(NotAnInstant, match=f"'{year:04}-06-01' is not between the years"):
        instant(datetime.fromisoformat(f"{year:04}-06-01T09:00"), BERLIN)
