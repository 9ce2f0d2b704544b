"""The clock rules we write are those of the place, read back by two readers that are not ours."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical
from icalendar import Timezone

from kept.calendars.zones import vtimezone
from tests.calendars.places import ZONES


def read_by_dateutil(zone: str, year: int):
    text = vtimezone(zone, year).to_ical().decode()
    return tzical(StringIO(text)).get()


def wall_clock(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def is_plain(wall: datetime, zone: str) -> bool:
    """True when the wall-clock time exists once."""
    one, two = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    return one == two


@pytest.mark.parametrize("year", [2026, 2039])
@pytest.mark.parametrize("zone", ZONES)
def test_dateutil_reads_the_true_offset_on_every_day_of_the_years_ahead(zone, year):
    theirs = read_by_dateutil(zone, year)
    instant = datetime(year, 1, 1, 12, tzinfo=UTC)
    while instant.year < year + 4:
        wall = wall_clock(instant, zone)
        if is_plain(wall, zone):
            true = instant.astimezone(ZoneInfo(zone)).utcoffset()
            assert wall.replace(tzinfo=theirs).utcoffset() == true, wall
        instant += timedelta(hours=31)


@pytest.mark.parametrize("zone", ZONES)
def test_the_hours_around_a_change_are_right(zone):
    theirs = read_by_dateutil(zone, 2026)
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    while instant.year == 2026:
        later = instant + timedelta(hours=1)
        if (
            instant.astimezone(ZoneInfo(zone)).utcoffset()
            != later.astimezone(ZoneInfo(zone)).utcoffset()
        ):
            for minutes in range(-240, 300, 15):
                moment = later + timedelta(minutes=minutes)
                wall = wall_clock(moment, zone)
                if is_plain(wall, zone):
                    true = moment.astimezone(ZoneInfo(zone)).utcoffset()
                    assert wall.replace(tzinfo=theirs).utcoffset() == true, wall
        instant = later


@pytest.mark.parametrize("zone", ZONES)
def test_icalendar_reads_the_true_offset_from_our_rules_and_not_from_the_name(zone):
    text = vtimezone(zone, 2026).to_ical().decode().replace(f"TZID:{zone}", "TZID:X-Elsewhere")
    theirs = Timezone.from_ical(text).to_tz(lookup_tzid=False)
    for month in range(1, 13):
        instant = datetime(2026, month, 15, 12, tzinfo=UTC)
        wall = wall_clock(instant, zone)
        assert (
            wall.replace(tzinfo=theirs).utcoffset()
            == instant.astimezone(ZoneInfo(zone)).utcoffset()
        )


def test_a_place_with_a_yearly_law_gets_a_rule_and_no_list_of_dates():
    text = vtimezone("Europe/Berlin", 2026).to_ical().decode()
    assert "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3" in text
    assert "RDATE" not in text


def test_the_onset_is_what_the_clocks_showed_before_the_change():
    text = vtimezone("Europe/Berlin", 2026).to_ical().decode()
    assert "DTSTART:20250330T020000" in text
    assert "DTSTART:20251026T030000" in text


def test_every_zone_there_is_can_be_written():
    for zone in available_timezones() - {"localtime", "Factory"}:
        assert vtimezone(zone, 2026).subcomponents
