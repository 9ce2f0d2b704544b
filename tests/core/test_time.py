"""Time arithmetic, tried where it hurts: at every change of the clocks of twenty-odd zones."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from itertools import pairwise
from time import tzset

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.core.time import (
    LONGEST,
    AmbiguousTime,
    CalendarDays,
    Exactly,
    NonexistentTime,
    NotADuration,
    NotAnInstant,
    NotAnOffset,
    TimeError,
    UnknownZone,
    WeeklyHours,
    Window,
    after,
    allows,
    before,
    close_of_business,
    day_bounds,
    first_instant,
    format_offset,
    hours,
    instant,
    local_day,
    minutes,
    next_allowed,
    parse_duration,
    parse_instant,
    parse_offset,
    previous_allowed,
    quiet_shift,
    refuse_left_out,
    same_local_day,
    utc,
    zone,
)
from tests.core.clocks import wall_time

ZONES = [
    "Africa/Cairo",  # changes at midnight, took it up again in 2023
    "Africa/Casablanca",  # puts the clocks back for Ramadan
    "America/Asuncion",  # changes at midnight, gave it up in 2024
    "America/Havana",  # midnight itself happens twice
    "America/New_York",
    "America/Nuuk",  # changes on a Saturday evening; left out a change in 2023
    "America/Santiago",  # changes at midnight, southern summer
    "America/Sao_Paulo",  # changed at midnight, last in 2019
    "America/St_Johns",  # half an hour off
    "Antarctica/Troll",  # changes by two hours
    "Asia/Beirut",  # changes at midnight
    "Asia/Gaza",  # rules announced at short notice
    "Asia/Jerusalem",  # changes on a Friday
    "Asia/Kathmandu",  # UTC+05:45, no change
    "Asia/Pyongyang",  # moved by half an hour in 2015 and 2018
    "Atlantic/Azores",  # midnight itself happens twice
    "Australia/Lord_Howe",  # changes by half an hour
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",  # the database calls its winter the daylight saving time
    "Europe/London",
    "Pacific/Apia",  # lost a whole day in 2011
    "Pacific/Chatham",  # UTC+12:45
]
YEARS = range(2011, 2030)
BERLIN = zone("Europe/Berlin")
NEW_YORK = zone("America/New_York")


def wall(text):
    return datetime.fromisoformat(text)


def at(text, place):
    """The instant of a wall time such as "2025-03-30 09:00"; a trailing * is its second time."""
    return instant(wall(text.rstrip("*")), zone(place), fold=int(text[-1] == "*"))


def read(moment, place):
    """What the clock there shows: the other way round."""
    shown = wall_time(moment, zone(place))
    return f"{shown:%Y-%m-%d %H:%M}" + "*" * shown.fold


def offset_at(moment, place):
    return moment.astimezone(place).utcoffset()


@cache
def clock_changes(name):
    """Every (instant, offset before, offset after), found by looking at the clock every minute."""
    place, found = zone(name), []
    early = datetime(YEARS.start, 1, 1, tzinfo=UTC)
    while early.year < YEARS.stop:
        late = early + timedelta(days=1)
        old, new = offset_at(early, place), offset_at(late, place)
        if old != new:
            moment = next(
                early + timedelta(minutes=n)
                for n in range(1, 1441)
                if offset_at(early + timedelta(minutes=n), place) != old
            )
            found.append((moment, old, new))
        early = late
    return found


def around(moment, reach=timedelta(hours=4), step=timedelta(minutes=15)):
    return (moment - reach + step * n for n in range(int(2 * reach / step)))


all_zones = pytest.mark.parametrize("name", ZONES)
moments = st.datetimes(wall("2011-01-03"), wall("2029-12-28"), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
zones = st.sampled_from(ZONES).map(zone)


def test_the_changes_these_tests_rest_on_are_all_there():
    assert len(clock_changes("America/New_York")) == 2 * len(YEARS)
    assert len(clock_changes("Pacific/Apia")) >= 20
    assert clock_changes("Asia/Kathmandu") == []


# --- Zones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "UTC", "US/Eastern", "Asia/Calcutta", "Europe/Kiev", "Asia/Kathmandu"]
)
def test_a_zone_is_found_by_its_name_old_names_included(name):
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "localtime",
        "Factory",
        "posixrules",
        "posix/Europe/Berlin",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/",
        "Europe",
        "Europe/../Europe/Berlin",
        "Europe/Berlin\0",
        "Europe/Berlin\n",
        "europe/berlin",
        "utc",
        "+02:00",
        "x" * 100_000,
    ],
)
def test_what_is_not_a_zone_is_refused_and_never_taken_for_utc(name):
    with pytest.raises(UnknownZone) as refusal:
        zone(name)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Tokyo", "Asia/Tokyo"),
        ("Europe/Pariss", "Europe/Paris"),
    ],
)
def test_an_unknown_zone_is_answered_with_the_names_that_come_near(name, meant):
    with pytest.raises(UnknownZone, match=f"Did you mean .*{meant}"):
        zone(name)


def test_an_unknown_zone_like_no_other_is_answered_with_an_example():
    with pytest.raises(UnknownZone, match="Give a name such as Europe/Berlin"):
        zone("%%%")


# --- Wall time and instant ------------------------------------------------------------------------


@all_zones
def test_every_instant_near_every_change_is_found_again_from_its_wall_time(name):
    place = zone(name)
    for change, _, _ in clock_changes(name):
        for moment in around(change):
            shown = wall_time(moment, place)
            assert instant(shown, place, shown.fold) == moment


@all_zones
def test_every_wall_time_that_a_change_leaves_out_is_refused_with_the_next_that_exists(name):
    place = zone(name)
    for change, old, new in clock_changes(name):
        for skipped in range(0, int((new - old).total_seconds()), 600):
            missing = (change + old).replace(tzinfo=None) + timedelta(seconds=skipped)
            with pytest.raises(NonexistentTime, match="does not exist") as refusal:
                instant(missing, place)
            assert refusal.value.next_valid == change
            assert (refusal.value.wall, refusal.value.zone) == (missing, place)
            assert first_instant(missing, place) == change


@all_zones
def test_a_left_out_time_with_an_offset_of_the_zone_is_refused_and_no_other_moment_is(name):
    place = zone(name)
    for change, old, new in clock_changes(name):
        for skipped in range(0, int((new - old).total_seconds()), 600):
            missing = (change + old).replace(tzinfo=None) + timedelta(seconds=skipped)
            for offset in filter(None, (old, new)):
                with pytest.raises(NonexistentTime) as refusal:
                    refuse_left_out(missing.replace(tzinfo=timezone(offset)), place)
                assert refusal.value.next_valid == change
            elsewhere = timezone(new + timedelta(hours=3, minutes=7))
            refuse_left_out(missing.replace(tzinfo=elsewhere), place)
        for moment in (change - timedelta(seconds=1), change, change + timedelta(hours=1)):
            refuse_left_out(moment.astimezone(place), place)
            refuse_left_out(moment.astimezone(UTC), place)


@all_zones
def test_every_wall_time_that_a_change_repeats_is_refused_until_one_is_chosen(name):
    place = zone(name)
    for change, old, new in clock_changes(name):
        for repeated in range(0, int((old - new).total_seconds()), 600):
            twice = (change + new).replace(tzinfo=None) + timedelta(seconds=repeated)
            first, second = change - (old - new) + timedelta(seconds=repeated), change
            second += timedelta(seconds=repeated)
            with pytest.raises(AmbiguousTime, match="happens twice") as refusal:
                instant(twice, place)
            assert (refusal.value.first, refusal.value.second) == (first, second)
            assert instant(twice, place, fold=0) == first_instant(twice, place) == first
            assert instant(twice, place, fold=1) == second


def test_a_refused_wall_time_says_what_to_do():
    with pytest.raises(
        NonexistentTime, match=r"the first one after the change is 2025-03-09 03:00"
    ):
        instant(wall("2025-03-09 02:30"), NEW_YORK, fold=1)
    with pytest.raises(
        AmbiguousTime, match=r"first at UTC-04:00 and again at UTC-05:00.*2025-11-02T01:30-04:00 or"
    ):
        instant(wall("2025-11-02 01:30"), NEW_YORK)


def test_lord_howe_repeats_and_leaves_out_half_an_hour():
    island = "Australia/Lord_Howe"
    assert at("2025-04-06 01:45*", island) - at("2025-04-06 01:45", island) == timedelta(minutes=30)
    assert read(first_instant(wall("2025-10-05 02:10"), zone(island)), island).endswith("02:30")


def test_a_stored_fold_is_harmless_where_the_time_happens_once():
    assert instant(wall("2025-07-01 09:00"), BERLIN, fold=1) == datetime(2025, 7, 1, 7, tzinfo=UTC)


def test_microseconds_of_a_left_out_time_do_not_shift_the_end_of_the_gap():
    moment_before = wall("2025-03-30 02:59:59.999999")
    assert first_instant(moment_before, BERLIN) == datetime(2025, 3, 30, 1, tzinfo=UTC)


def test_what_is_not_a_plain_wall_time_is_refused():
    with pytest.raises(TimeError, match="already has a zone"):
        instant(datetime(2025, 7, 1, 9, tzinfo=UTC), BERLIN)
    with pytest.raises(TimeError, match="fold is 0"):
        instant(wall("2025-07-01 09:00"), BERLIN, fold=2)
    with pytest.raises(NotAnInstant, match="names no moment"):
        utc(wall("2025-07-01 09:00"))


def test_a_summer_appointment_saved_in_winter_reads_the_same_in_summer():
    saved = parse_instant("2025-07-01T09:00:00+02:00")
    assert instant(wall_time(saved, BERLIN), BERLIN) == saved
    assert read(saved, "Europe/Berlin") == "2025-07-01 09:00"
    assert read(parse_instant("2025-01-07T09:00:00+01:00"), "Europe/Berlin") == "2025-01-07 09:00"


def test_a_new_zone_changes_what_the_clock_shows_and_not_the_instant():
    booked = at("2025-07-01 09:00", "Europe/Berlin")
    moved = instant(wall_time(booked, NEW_YORK), NEW_YORK)
    assert moved == booked
    assert read(moved, "America/New_York") == "2025-07-01 03:00"


@pytest.fixture
def host_zone(monkeypatch):
    def choose(name):
        monkeypatch.setenv("TZ", name)
        tzset()

    yield choose
    monkeypatch.undo()
    tzset()


@pytest.mark.parametrize("host", ["UTC", "Europe/Kiev", "America/New_York", "Asia/Kathmandu"])
def test_the_zone_of_the_host_has_no_say(host_zone, host):
    host_zone(host)
    start = at("2025-07-01 09:00", "Europe/Berlin")
    assert start == datetime(2025, 7, 1, 7, tzinfo=UTC)
    assert start - before(start, hours(1), BERLIN) == timedelta(minutes=60)
    assert read(before(start, CalendarDays(1, time(18)), BERLIN), "Europe/Berlin").endswith("18:00")
    assert local_day(at("2025-07-01 00:30", "Europe/Berlin"), BERLIN) == date(2025, 7, 1)


# --- Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29T09:00:00+02:00", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("2026-03-29T07:00:00Z", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("2026-03-29t07:00:00z", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("2026-03-29 07:00:00-00:00", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("2026-03-29T07:00:00.1234567Z", datetime(2026, 3, 29, 7, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-03-29T07:00:00.5+05:45", datetime(2026, 3, 29, 1, 15, 0, 500_000, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59Z", datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2028-02-29T23:30:00-01:00", datetime(2028, 3, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_from_text_with_an_offset(text, moment):
    assert parse_instant(text) == moment
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-29T07:00:00", "has no offset"),
        ("2026-03-29T07:00:00 02:00", "%2B"),
        ("2026-03-29T07:00Z", "is not a date and time"),
        ("2026-03-29", "is not a date and time"),
        ("tomorrow", "is not a date and time"),
        ("", "is not a date and time"),
        ("2026-03-29T07:00:00Z\n", "is not a date and time"),
        ("٢٠٢٦-03-29T07:00:00Z", "is not a date and time"),
        ("2026-03-29T24:00:00Z", "is not a date and time"),
        ("2016-12-31T23:59:60Z", "is not a possible"),
        ("2026-02-29T07:00:00Z", "is not a possible"),
        ("2026-13-01T07:00:00Z", "is not a possible"),
        ("2026-03-29T07:60:00Z", "is not a possible"),
        ("2026-03-29T07:00:00+24:00", "is not a possible"),
        ("0001-01-01T00:00:00+02:00", "between the years"),
        ("9999-12-31T23:59:59-02:00", "between the years"),
    ],
)
def test_text_that_names_no_instant_is_refused(text, why):
    with pytest.raises(NotAnInstant, match=why):
        parse_instant(text)


@given(moments, zones)
def test_an_instant_survives_being_written_in_any_zone(moment, place):
    assert parse_instant(moment.astimezone(place).isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("23h", timedelta(hours=23)),
        ("90m", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(hours=48)),
        (" 45s ", timedelta(seconds=45)),
        ("0m", timedelta(0)),
        ("3660d", LONGEST),
        ("316224000s", LONGEST),
    ],
)
def test_a_duration_is_read_from_text(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", " ", "h", "1", "-1h", "1.5h", "30m1h", "1h 30m", "1H", "1w", "3660d1s", "9" * 50 + "d"],
)
def test_text_that_is_no_duration_is_refused(text):
    with pytest.raises(NotADuration):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "offset", "written"),
    [
        ("24h", hours(24), "24h"),
        ("60m", hours(1), "1h"),
        ("1h30m", minutes(90), "90m"),
        ("45s", Exactly(timedelta(seconds=45)), "45s"),
        ("0h", minutes(0), "0m"),
        ("1d 18:00", CalendarDays(1, time(18)), "1d 18:00"),
        ("3660d 00:00", CalendarDays(3660, time(0)), "3660d 00:00"),
        (" 0d 07:05 ", CalendarDays(0, time(7, 5)), "0d 07:05"),
    ],
)
def test_an_offset_has_one_written_form(text, offset, written):
    assert parse_offset(text) == offset
    assert format_offset(offset) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2d", "is not clear: write hours"),
        ("2d18:00", "is not clear"),
        ("1d 24:00", "no possible time of day"),
        ("4000d 18:00", "not a number of days"),
        ("18:00", "is not an offset"),
        ("", "is not an offset"),
        ("-1h", "is not an offset"),
        ("99999999h", "is not an offset"),
    ],
)
def test_text_that_is_no_offset_is_refused(text, why):
    with pytest.raises(NotAnOffset, match=why):
        parse_offset(text)


offsets = st.one_of(
    st.integers(0, int(LONGEST.total_seconds())).map(lambda n: Exactly(timedelta(seconds=n))),
    st.integers(0, LONGEST.days * 24).map(hours),
    st.builds(CalendarDays, st.integers(0, LONGEST.days), clocks),
)


@given(offsets)
def test_every_offset_is_read_back_from_its_written_form(offset):
    assert parse_offset(format_offset(offset)) == offset


def test_an_offset_out_of_range_cannot_be_made():
    with pytest.raises(NotAnOffset):
        hours(-1)
    with pytest.raises(NotAnOffset):
        Exactly(LONGEST + timedelta(seconds=1))
    with pytest.raises(NotAnOffset):
        Exactly(timedelta(microseconds=1))
    with pytest.raises(NotAnOffset):
        CalendarDays(-1, time(18))
    for clock in (time(18, 0, 1), time(18, 0, 0, 1), time(18, tzinfo=UTC)):
        with pytest.raises(TimeError, match="whole minutes"):
            CalendarDays(1, clock)


# --- Before and after -----------------------------------------------------------------------------


@all_zones
def test_exact_hours_are_exact_across_every_change(name):
    place = zone(name)
    for change, _, _ in clock_changes(name):
        for anchor in around(change, timedelta(hours=26), timedelta(hours=4)):
            for offset in (hours(24), hours(1), minutes(90)):
                assert anchor.astimezone(place) - before(anchor, offset, place) == offset.delta
                assert after(anchor.astimezone(place), offset, place) - anchor == offset.delta


@all_zones
def test_calendar_days_show_their_time_on_the_wall_across_every_change(name):
    place = zone(name)
    for change, old, new in clock_changes(name):
        left_out = (change + old).replace(tzinfo=None), (change + new).replace(tzinfo=None)
        for anchor in around(change, timedelta(hours=30), timedelta(hours=10)):
            for days in (0, 1, 2):
                for clock in (time(0), time(2, 30), time(18)):
                    offset = CalendarDays(days, clock)
                    today = anchor.astimezone(place).date()
                    for found, day in (
                        (before(anchor, offset, place), today - timedelta(days)),
                        (after(anchor, offset, place), today + timedelta(days)),
                    ):
                        wanted = datetime.combine(day, clock)
                        if left_out[0] <= wanted < left_out[1]:
                            assert found == change
                        else:
                            assert found.astimezone(place).replace(tzinfo=None) == wanted
                            assert found.astimezone(place).fold == 0


@pytest.mark.parametrize(
    ("awkward_moment", "anchor", "offset", "found"),
    [
        ("short night, exact", "2025-03-30 09:00", "24h", "2025-03-29 08:00"),
        ("short night, calendar", "2025-03-30 09:00", "1d 09:00", "2025-03-29 09:00"),
        ("long night, exact", "2025-10-26 09:00", "24h", "2025-10-25 10:00"),
        ("long night, calendar", "2025-10-26 09:00", "1d 18:00", "2025-10-25 18:00"),
        ("into the left-out hour", "2025-03-31 09:00", "1d 02:30", "2025-03-30 03:00"),
        ("into the repeated hour", "2025-10-27 09:00", "1d 02:30", "2025-10-26 02:30"),
        ("from the second repeat", "2025-10-26 02:30*", "1h", "2025-10-26 02:30"),
        ("just after midnight", "2025-07-01 00:05", "1d 18:00", "2025-06-30 18:00"),
        ("the same day", "2025-07-01 12:00", "0d 07:00", "2025-07-01 07:00"),
        ("leap day", "2028-03-01 09:00", "1d 18:00", "2028-02-29 18:00"),
        ("no leap day", "2026-03-01 09:00", "1d 18:00", "2026-02-28 18:00"),
    ],
)
def test_before(awkward_moment, anchor, offset, found):
    offset = parse_offset(offset)
    assert read(before(at(anchor, "Europe/Berlin"), offset, BERLIN), "Europe/Berlin") == found


def test_after_a_visit_the_next_day_is_the_next_day_on_the_wall():
    end = at("2025-10-25 10:00", "Europe/Berlin")
    assert read(after(end, CalendarDays(1, time(9)), BERLIN), "Europe/Berlin") == "2025-10-26 09:00"
    assert read(after(end, hours(24), BERLIN), "Europe/Berlin") == "2025-10-26 09:00"


def test_a_naive_anchor_is_refused():
    for offset in (hours(1), CalendarDays(1, time(18))):
        for way in (before, after):
            with pytest.raises(NotAnInstant):
                way(wall("2025-07-01 09:00"), offset, BERLIN)


# --- Days -----------------------------------------------------------------------------------------


@all_zones
def test_the_days_around_every_change_follow_one_another_and_hold_their_instants(name):
    place = zone(name)
    for change, old, new in clock_changes(name):
        today = local_day(change - timedelta(seconds=1), place)
        days = [today + timedelta(days=n) for n in range(-2, 4)]
        bounds = [day_bounds(day, place) for day in days]
        assert all(one[1] == other[0] for one, other in pairwise(bounds))
        assert bounds[-1][1] - bounds[0][0] == timedelta(days=6) - (new - old)
        for moment in around(change, timedelta(hours=30), timedelta(hours=1)):
            begin, end = day_bounds(local_day(moment, place), place)
            assert begin <= moment < end


@pytest.mark.parametrize(
    ("place", "day", "begin", "length"),
    [
        ("Europe/Berlin", date(2025, 3, 30), "2025-03-29T23:00:00Z", timedelta(hours=23)),
        ("Europe/Berlin", date(2025, 10, 26), "2025-10-25T22:00:00Z", timedelta(hours=25)),
        ("Europe/Berlin", date(2028, 2, 29), "2028-02-28T23:00:00Z", timedelta(hours=24)),
        ("Asia/Kathmandu", date(2025, 3, 30), "2025-03-29T18:15:00Z", timedelta(hours=24)),
        ("Australia/Lord_Howe", date(2025, 4, 6), "2025-04-05T13:00:00Z", timedelta(hours=24.5)),
        ("Australia/Lord_Howe", date(2025, 10, 5), "2025-10-04T13:30:00Z", timedelta(hours=23.5)),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00Z", timedelta(hours=23)),
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17T02:00:00Z", timedelta(hours=25)),
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00:00Z", timedelta(hours=25)),
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-29T10:00:00Z", timedelta(hours=24)),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z", timedelta(0)),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00Z", timedelta(hours=24)),
    ],
)
def test_a_local_day_is_as_long_as_it_is(place, day, begin, length):
    first, end = day_bounds(day, zone(place))
    assert first == parse_instant(begin)
    assert end - first == length


def test_days_still_follow_one_another_where_the_clock_went_back_over_midnight():
    # Until 2011 St John's put the clocks back at 00:01, from one date into the one before.
    place = zone("America/St_Johns")
    begin, end = day_bounds(date(2010, 11, 7), place)
    assert end - begin == timedelta(hours=25)
    assert day_bounds(date(2010, 11, 6), place)[1] == begin


def test_the_same_instants_share_a_day_in_one_zone_and_not_in_another():
    late, early = at("2025-07-01 23:30", "Europe/Berlin"), at("2025-07-02 00:30", "Europe/Berlin")
    assert not same_local_day(late, early, BERLIN)
    assert same_local_day(late, early, NEW_YORK)


# --- Close of business ----------------------------------------------------------------------------

OFFICE = [
    *(WeeklyHours(day, time(9), time(12)) for day in range(5)),
    *(WeeklyHours(day, time(13), time(17)) for day in range(4)),
]
BAR = [WeeklyHours(4, time(18), time(2)), WeeklyHours(5, time(18), time(0))]


@pytest.mark.parametrize(
    ("case", "week", "end", "not_before", "closes"),
    [
        ("a morning visit", OFFICE, "2025-07-01 10:00", "2025-07-01 10:30", "2025-07-01 17:00"),
        ("a short Friday", OFFICE, "2025-07-04 10:00", "2025-07-04 10:30", "2025-07-04 12:00"),
        ("exactly at grace", OFFICE, "2025-07-01 16:30", "2025-07-01 17:00", "2025-07-01 17:00"),
        ("ran over", OFFICE, "2025-07-01 17:00", "2025-07-01 17:30", "2025-07-02 17:00"),
        ("a closed day", OFFICE, "2025-07-05 10:00", "2025-07-05 10:30", "2025-07-05 18:00"),
        ("over a weekend", OFFICE, "2025-07-04 12:00", "2025-07-04 12:30", "2025-07-05 18:00"),
        ("no hours at all", [], "2025-07-05 19:00", "2025-07-05 19:30", "2025-07-06 18:00"),
        ("days of grace", OFFICE, "2025-07-01 10:00", "2025-07-03 20:00", "2025-07-04 12:00"),
        ("late at the bar", BAR, "2025-07-04 23:00", "2025-07-04 23:30", "2025-07-05 02:00"),
        ("past midnight", BAR, "2025-07-05 00:30", "2025-07-05 01:00", "2025-07-05 02:00"),
        ("grace to the close", BAR, "2025-07-05 01:30", "2025-07-05 02:00", "2025-07-05 02:00"),
        ("to the last minute", BAR, "2025-07-05 02:00", "2025-07-05 02:30", "2025-07-06 00:00"),
        ("past midnight, overran", BAR, "2025-07-05 01:50", "2025-07-05 02:20", "2025-07-06 00:00"),
        ("until midnight", BAR, "2025-07-05 22:00", "2025-07-05 22:30", "2025-07-06 00:00"),
        ("before a long night", BAR, "2025-10-25 22:00", "2025-10-25 22:30", "2025-10-26 00:00"),
        ("a short day", OFFICE, "2025-03-30 01:30", "2025-03-30 03:00", "2025-03-30 18:00"),
    ],
)
def test_close_of_business(case, week, end, not_before, closes):
    place = "Europe/Berlin"
    found = close_of_business(at(end, place), week, BERLIN, at(not_before, place))
    assert read(found, place) == closes


weeks = st.lists(st.builds(WeeklyHours, st.integers(0, 6), clocks, clocks), max_size=6)


@given(moments, weeks, zones, st.integers(0, 5000))
def test_business_never_closes_before_the_grace_has_passed(end, week, place, grace):
    not_before = end + timedelta(minutes=grace)
    closes = close_of_business(end, week, place, not_before)
    # At the latest it is the close of hours that begin tomorrow and last into the day after.
    assert not_before <= closes <= not_before + timedelta(hours=72 + 2)


@pytest.mark.parametrize("weekday", [-1, 7])
def test_weekly_hours_begin_on_a_day_of_the_week(weekday):
    with pytest.raises(TimeError, match=r"0 \(Monday\) to 6"):
        WeeklyHours(weekday, time(9), time(17))


def test_weekly_hours_are_in_whole_minutes():
    for begin, end in ((time(9, 0, 1), time(17)), (time(9), time(17, tzinfo=UTC))):
        with pytest.raises(TimeError, match="whole minutes"):
            WeeklyHours(0, begin, end)


# --- Quiet hours ----------------------------------------------------------------------------------

DAYTIME = Window(time(8), time(21))
NIGHT_SHIFT = Window(time(20), time(4))
ALWAYS = Window(time(8), time(8))


@pytest.mark.parametrize(
    ("case", "window", "moment", "previous", "following"),
    [
        ("at the opening", DAYTIME, "2025-07-01 08:00", None, None),
        ("a minute early", DAYTIME, "2025-07-01 07:59", "2025-06-30 20:59", "2025-07-01 08:00"),
        ("the last minute", DAYTIME, "2025-07-01 20:59", None, None),
        ("at the close", DAYTIME, "2025-07-01 21:00", "2025-07-01 20:59", "2025-07-02 08:00"),
        ("midnight", DAYTIME, "2025-07-02 00:00", "2025-07-01 20:59", "2025-07-02 08:00"),
        ("night shift at midnight", NIGHT_SHIFT, "2025-07-02 00:00", None, None),
        (
            "night shift at four",
            NIGHT_SHIFT,
            "2025-07-02 04:00",
            "2025-07-02 03:59",
            "2025-07-02 20:00",
        ),
        ("always", ALWAYS, "2025-07-02 03:00", None, None),
        ("always, as it turns over", ALWAYS, "2025-07-02 08:00", None, None),
        ("always, long night", ALWAYS, "2025-10-26 02:30*", None, None),
        (
            "opens in the left-out hour",
            Window(time(2, 30), time(21)),
            "2025-03-30 01:59",
            "2025-03-29 20:59",
            "2025-03-30 03:00",
        ),
        (
            "swallowed by the left-out hour",
            Window(time(2, 10), time(2, 50)),
            "2025-03-30 03:00",
            "2025-03-29 02:49",
            "2025-03-31 02:10",
        ),
        (
            "closes in the repeated hour",
            Window(time(8), time(2, 30)),
            "2025-10-26 02:15*",
            "2025-10-26 02:29",
            "2025-10-26 08:00",
        ),
        (
            "opens in the repeated hour",
            Window(time(2, 30), time(21)),
            "2025-10-26 02:15*",
            None,
            None,
        ),
    ],
)
def test_the_allowed_window(case, window, moment, previous, following):
    place, asked = "Europe/Berlin", at(moment, "Europe/Berlin")
    assert allows(window, asked, BERLIN) == (previous is None)
    assert read(previous_allowed(window, asked, BERLIN), place) == (previous or moment)
    assert read(next_allowed(window, asked, BERLIN), place) == (following or moment)


windows = st.builds(Window, clocks, clocks)


@given(windows, moments, zones)
def test_the_nearest_allowed_moments_are_allowed_and_nearest(window, moment, place):
    earlier, later = (
        previous_allowed(window, moment, place),
        next_allowed(window, moment, place),
    )
    assert earlier <= moment <= later
    assert allows(window, earlier, place)
    assert allows(window, later, place)
    assert (earlier == moment) == (later == moment) == allows(window, moment, place)
    if earlier < moment:
        assert not allows(window, earlier + timedelta(minutes=1), place)
        assert not allows(window, later - timedelta(minutes=1), place)
        assert not allows(window, moment, place)


@given(windows, moments, zones)
def test_away_from_a_clock_change_the_window_is_what_the_wall_shows(window, moment, place):
    if len({offset_at(moment + timedelta(hours=n), place) for n in range(-30, 31, 6)}) == 1:
        shown = wall_time(moment, place).time()
        if window.opens < window.closes:
            expected = window.opens <= shown < window.closes
        else:
            expected = shown >= window.opens or shown < window.closes
        assert allows(window, moment, place) == expected


def test_a_window_is_in_whole_minutes():
    for opens, closes in ((time(8, 0, 1), time(21)), (time(8), time(21, 0, 1))):
        with pytest.raises(TimeError, match="whole minutes"):
            Window(opens, closes)


HOUR = timedelta(hours=1)
LONG_AGO = "2020-01-01 12:00"


@pytest.mark.parametrize(
    ("case", "due", "start", "earliest", "sent"),
    [
        ("contact allowed", "2025-07-01 10:00", "2025-07-02 10:00", LONG_AGO, "2025-07-01 10:00"),
        (
            "allowed, though near",
            "2025-07-01 10:00",
            "2025-07-01 10:30",
            LONG_AGO,
            "2025-07-01 10:00",
        ),
        (
            "allowed, but too early",
            "2025-07-01 10:00",
            "2025-07-02 10:00",
            "2025-07-01 10:01",
            None,
        ),
        (
            "starts before it reopens",
            "2025-07-02 06:00",
            "2025-07-02 07:00",
            LONG_AGO,
            "2025-07-01 20:59",
        ),
        (
            "starts at the reopening",
            "2025-07-02 07:00",
            "2025-07-02 08:00",
            LONG_AGO,
            "2025-07-01 20:59",
        ),
        (
            "a minute short of lead",
            "2025-07-02 07:59",
            "2025-07-02 08:59",
            LONG_AGO,
            "2025-07-01 20:59",
        ),
        (
            "lead to the minute",
            "2025-07-02 07:30",
            "2025-07-02 09:00",
            LONG_AGO,
            "2025-07-02 08:00",
        ),
        ("a day ahead", "2025-07-01 22:00", "2025-07-02 22:00", LONG_AGO, "2025-07-02 08:00"),
        ("booked in the night", "2025-07-02 06:00", "2025-07-02 07:00", "2025-07-01 23:00", None),
        (
            "earliest is that minute",
            "2025-07-02 06:00",
            "2025-07-02 07:00",
            "2025-07-01 20:59",
            "2025-07-01 20:59",
        ),
        (
            "earliest, not the due",
            "2025-07-01 22:00",
            "2025-07-02 22:00",
            "2025-07-01 23:00",
            "2025-07-02 08:00",
        ),
        (
            "earliest past reopening",
            "2025-07-01 22:00",
            "2025-07-02 22:00",
            "2025-07-02 08:01",
            None,
        ),
        (
            "lead to the minute, in the evening",
            "2025-07-01 21:15",
            "2025-07-01 21:59",
            LONG_AGO,
            "2025-07-01 20:59",
        ),
        ("no lead left in the evening", "2025-07-01 21:15", "2025-07-01 21:45", LONG_AGO, None),
        ("due after the start", "2025-07-01 22:00", "2025-07-01 21:00", LONG_AGO, None),
        (
            "short night, earlier",
            "2025-03-30 06:30",
            "2025-03-30 07:30",
            LONG_AGO,
            "2025-03-29 20:59",
        ),
        (
            "short night, later",
            "2025-03-30 01:30",
            "2025-03-30 09:00",
            LONG_AGO,
            "2025-03-30 08:00",
        ),
        (
            "long night, first 02:30",
            "2025-10-26 02:30",
            "2025-10-26 09:00",
            LONG_AGO,
            "2025-10-26 08:00",
        ),
        (
            "long night, second 02:30",
            "2025-10-26 02:30*",
            "2025-10-26 08:30",
            LONG_AGO,
            "2025-10-25 20:59",
        ),
        (
            "across midnight of the year",
            "2026-01-01 00:00",
            "2026-01-01 08:30",
            LONG_AGO,
            "2025-12-31 20:59",
        ),
    ],
)
def test_a_reminder_due_in_quiet_hours(case, due, start, earliest, sent):
    due, start, earliest = (at(text, "Europe/Berlin") for text in (due, start, earliest))
    found = quiet_shift(due, start, DAYTIME, BERLIN, HOUR, earliest)
    assert (found and read(found, "Europe/Berlin")) == sent


def test_the_window_is_that_of_the_person_who_is_contacted():
    due, start = at("2025-07-01 10:00", "Europe/Berlin"), at("2025-07-02 10:00", "Europe/Berlin")
    found = quiet_shift(due, start, DAYTIME, NEW_YORK, HOUR, due)
    assert read(found, "America/New_York") == "2025-07-01 08:00"


leads = st.integers(0, 300).map(lambda n: timedelta(minutes=n))


@given(moments, leads, st.integers(0, 3000), windows, zones, st.integers(-3000, 3000))
def test_a_shifted_reminder_is_allowed_in_time_and_not_too_early(
    due, min_lead, ahead, window, place, since
):
    start, earliest = due + timedelta(minutes=ahead), due + timedelta(minutes=since)
    sent = quiet_shift(due, start, window, place, min_lead, earliest)
    if sent is None:
        later, sooner = next_allowed(window, due, place), previous_allowed(window, due, place)
        if later == due or later + min_lead <= start:
            assert later < earliest
        else:
            assert sooner < earliest or sooner + min_lead > start
    else:
        assert allows(window, sent, place)
        assert sent >= earliest
        assert sent == due or sent + min_lead <= start
