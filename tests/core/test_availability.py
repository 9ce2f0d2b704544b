"""Free slots: what is offered, what is refused, and that the two never disagree."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kept.core.availability import (
    Refusal,
    SlotRules,
    WeeklyHours,
    fits,
    free_starts,
    from_minute,
    merge,
    open_spans,
    opening_at,
    subtract,
    to_minute,
)
from kept.core.time import TimeError, day_bounds, instant, parse_instant, zone
from tests.core.clocks import wall_time

EVERY_DAY = [WeeklyHours(day, time(9), time(17)) for day in range(7)]
ROUND_THE_CLOCK = [WeeklyHours(day, time(0), time(0)) for day in range(7)]
PAST_MIDNIGHT = [WeeklyHours(day, time(20), time(2)) for day in range(7)]
HALF_HOUR = SlotRules(
    duration=30, buffer_before=0, buffer_after=0, step=15, notice=0, horizon_days=4000
)
LONG_AGO = to_minute(datetime(2020, 1, 1, tzinfo=UTC))
LONGER_AGO = to_minute(datetime(2010, 1, 1, tzinfo=UTC))


def rules(**changed):
    return SlotRules(
        **{
            "duration": 30,
            "buffer_before": 0,
            "buffer_after": 0,
            "step": 15,
            "notice": 0,
            "horizon_days": 4000,
            **changed,
        }
    )


def minute(text, place):
    """The minute of a wall time such as "2025-03-30 09:00"; a trailing * is its second time."""
    wall = datetime.fromisoformat(text.rstrip("*"))
    return to_minute(instant(wall, zone(place), fold=int(text[-1] == "*")))


def read(when, place):
    shown = wall_time(from_minute(when), zone(place))
    return f"{shown:%Y-%m-%d %H:%M}" + "*" * shown.fold


def day_minutes(day, place):
    return [to_minute(moment) for moment in day_bounds(day, zone(place))]


def offered(week, place, day, slot_rules=HALF_HOUR, taken=(), now=LONG_AGO):
    """The starts offered on one local day, as the clock there shows them, without the date."""
    spans = open_spans(week, zone(place), day, day)
    starts = free_starts(spans, taken, slot_rules, now, *day_minutes(day, place))
    return [read(start, place)[11:] for start in starts]


def every_day(first, last):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


# --- Minutes --------------------------------------------------------------------------------------


@given(st.integers(-(10**6), 10**8))
def test_a_minute_is_found_again_from_its_instant(when):
    assert to_minute(from_minute(when)) == when


def test_an_instant_in_any_zone_is_the_same_minute():
    assert to_minute(parse_instant("1970-01-02T02:00:00+02:00")) == 1440
    assert from_minute(1440) == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-07-01 09:00:30+00:00", "2025-07-01 09:00:00.000001+00:00"])
def test_an_instant_inside_a_minute_is_refused(text):
    with pytest.raises(TimeError, match="not a whole minute"):
        to_minute(datetime.fromisoformat(text))


def test_a_naive_time_has_no_minute():
    with pytest.raises(TimeError, match="names no moment"):
        to_minute(datetime.fromisoformat("2025-07-01 09:00"))


# --- Spans, against a model of single minutes -----------------------------------------------------

spans = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=8)


def minutes_of(some_spans):
    return {each for begin, end in some_spans for each in range(begin, end)}


def as_spans(each_minute):
    """The fewest spans that hold exactly these minutes."""
    ordered = sorted(each_minute)
    begins = [each for each in ordered if each - 1 not in each_minute]
    ends = [each + 1 for each in ordered if each + 1 not in each_minute]
    return list(zip(begins, ends, strict=True))


@given(spans)
def test_merged_spans_hold_the_same_minutes_in_the_fewest_spans(some_spans):
    assert merge(some_spans) == as_spans(minutes_of(some_spans))


@given(spans, spans)
def test_what_is_subtracted_is_gone_and_nothing_else(some_spans, taken):
    assert subtract(some_spans, taken) == as_spans(minutes_of(some_spans) - minutes_of(taken))


# --- Opening hours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day",
    every_day(date(2025, 3, 1), date(2025, 3, 20))
    + every_day(date(2025, 10, 25), date(2025, 11, 10)),
    ids=str,
)
def test_nine_in_new_york_is_nine_on_every_day_around_both_changes(day):
    summer = date(2025, 3, 9) <= day < date(2025, 11, 2)
    found = offered(EVERY_DAY, "America/New_York", day)
    assert (found[0], found[-1], len(found)) == ("09:00", "16:30", 31)
    first = open_spans(EVERY_DAY, zone("America/New_York"), day, day)[0][0]
    assert from_minute(first).hour == (13 if summer else 14)


@pytest.mark.parametrize("asked_from", [date(2025, 7, 1), date(2025, 11, 1), date(2025, 1, 1)])
def test_the_offset_of_a_day_does_not_depend_on_where_the_asking_begins(asked_from):
    place = zone("Europe/Berlin")
    found = open_spans(EVERY_DAY, place, asked_from, date(2025, 12, 1))[-1]
    assert found == open_spans(EVERY_DAY, place, date(2025, 12, 1), date(2025, 12, 1))[0]
    assert read(found[0], "Europe/Berlin") == "2025-12-01 09:00"


@pytest.mark.parametrize(
    ("awkward_moment", "place", "day", "hours", "opens", "closes"),
    [
        ("the short night", "Europe/Berlin", date(2025, 3, 30), (0, 8), "00:00", 7 * 60),
        ("the long night", "Europe/Berlin", date(2025, 10, 26), (0, 8), "00:00", 9 * 60),
        ("in the left-out hour", "Europe/Berlin", date(2025, 3, 30), (2, 8), "03:00", 5 * 60),
        ("to the left-out hour", "Europe/Berlin", date(2025, 3, 30), (1, 2), "01:00", 60),
        ("in the repeated hour", "Europe/Berlin", date(2025, 10, 26), (2, 8), "02:00", 7 * 60),
        ("to the repeated hour", "Europe/Berlin", date(2025, 10, 26), (1, 2), "01:00", 60),
        ("half an hour", "Australia/Lord_Howe", date(2025, 4, 6), (0, 8), "00:00", 8 * 60 + 30),
        ("half an hour", "Australia/Lord_Howe", date(2025, 10, 5), (0, 8), "00:00", 7 * 60 + 30),
        ("no midnight", "America/Sao_Paulo", date(2018, 11, 4), (0, 8), "01:00", 7 * 60),
        ("two midnights", "America/Havana", date(2025, 11, 2), (0, 8), "00:00", 9 * 60),
        ("odd offset", "Asia/Kathmandu", date(2025, 3, 30), (9, 17), "09:00", 8 * 60),
        ("leap day", "Europe/Berlin", date(2028, 2, 29), (9, 17), "09:00", 8 * 60),
    ],
)
def test_hours_are_as_long_as_the_day_makes_them(awkward_moment, place, day, hours, opens, closes):
    week = [WeeklyHours(day.weekday(), time(hours[0]), time(hours[1]))]
    [(begin, end)] = open_spans(week, zone(place), day, day)
    assert read(begin, place) == f"{day} {opens}"
    assert end - begin == closes


def test_a_day_the_zone_left_out_has_no_hours():
    place = zone("Pacific/Apia")
    assert open_spans(EVERY_DAY, place, date(2011, 12, 30), date(2011, 12, 30)) == []
    assert len(open_spans(EVERY_DAY, place, date(2011, 12, 29), date(2011, 12, 31))) == 2


def test_hours_that_the_change_swallows_are_not_there():
    week = [WeeklyHours(6, time(2, 10), time(2, 50))]
    assert open_spans(week, zone("Europe/Berlin"), date(2025, 3, 30), date(2025, 3, 30)) == []


def test_a_day_without_hours_is_closed():
    monday_only = [WeeklyHours(0, time(9), time(17))]
    assert open_spans(monday_only, zone("UTC"), date(2025, 7, 1), date(2025, 7, 6)) == []
    assert open_spans([], zone("UTC"), date(2025, 7, 1), date(2025, 7, 31)) == []
    assert open_spans(EVERY_DAY, zone("UTC"), date(2025, 7, 2), date(2025, 7, 1)) == []


def test_overnight_hours_belong_to_both_days():
    berlin = "Europe/Berlin"
    found = offered(PAST_MIDNIGHT, berlin, date(2025, 7, 1), rules(step=60, duration=60))
    assert found == ["00:00", "01:00", "20:00", "21:00", "22:00", "23:00"]


def test_hours_until_midnight_end_there():
    week = [WeeklyHours(1, time(22), time(0))]
    tuesday, wednesday = date(2025, 7, 1), date(2025, 7, 2)
    assert offered(week, "Europe/Berlin", tuesday, rules(step=60)) == ["22:00", "23:00"]
    assert offered(week, "Europe/Berlin", wednesday) == []


@pytest.mark.parametrize(("begin", "end"), [(time(0), time(8)), (time(22), time(0))])
def test_hours_that_only_touch_midnight_bring_no_other_day_with_them(begin, end):
    week = [WeeklyHours(day, begin, end) for day in range(7)]
    found = open_spans(week, zone("Europe/Berlin"), date(2025, 7, 1), date(2025, 7, 2))
    assert [read(opens, "Europe/Berlin")[:10] for opens, _ in found] == ["2025-07-01", "2025-07-02"]


def test_round_the_clock_a_visit_may_run_over_midnight():
    found = offered(
        ROUND_THE_CLOCK, "Europe/Berlin", date(2025, 7, 1), rules(duration=300, step=60)
    )
    assert found == [f"{hour:02}:00" for hour in range(24)]


def test_hours_that_overlap_are_one_and_start_a_fresh_grid_at_each_opening():
    week = [
        WeeklyHours(1, time(9), time(11)),
        WeeklyHours(1, time(9), time(10)),
        WeeklyHours(1, time(10, 20), time(10, 40)),
        WeeklyHours(1, time(12), time(13)),
    ]
    found = offered(week, "Europe/Berlin", date(2025, 7, 1), rules(step=30))
    assert found == ["09:00", "09:30", "10:00", "10:20", "12:00", "12:30"]


clocks = st.sampled_from([time(0), time(2, 30), time(9), time(12, 10), time(17), time(23, 30)])
weeks = st.lists(st.builds(WeeklyHours, st.integers(0, 6), clocks, clocks), max_size=8)
places = st.sampled_from(
    [
        "America/Havana",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Europe/Berlin",
        "Pacific/Apia",
    ]
)
days = st.sampled_from(
    [
        date(2011, 12, 29),
        date(2018, 2, 17),
        date(2018, 11, 3),
        date(2025, 3, 8),
        date(2025, 3, 29),
        date(2025, 4, 5),
        date(2025, 7, 1),
        date(2025, 10, 4),
        date(2025, 10, 25),
        date(2025, 11, 1),
    ]
)
all_rules = st.builds(
    rules,
    horizon_days=st.just(40_000),
    duration=st.integers(1, 600),
    buffer_before=st.integers(0, 60),
    buffer_after=st.integers(0, 60),
    step=st.sampled_from([5, 7, 15, 50, 60]),
)


@given(weeks, places, days, all_rules)
def test_a_day_is_offered_the_same_whatever_range_it_is_asked_in(week, place, first, slot_rules):
    last = first + timedelta(days=3)
    begin, end = day_minutes(first, place)[0], day_minutes(last, place)[1]
    wide = open_spans(week, zone(place), first - timedelta(days=9), last + timedelta(days=9))
    together = free_starts(wide, [], slot_rules, LONGER_AGO, begin, end)
    singly = [
        start
        for day in every_day(first, last)
        for start in free_starts(
            open_spans(week, zone(place), day, day),
            [],
            slot_rules,
            LONGER_AGO,
            *day_minutes(day, place),
        )
    ]
    assert singly == together


@given(weeks, places, st.sampled_from([date(2025, 7, 1), date(2025, 6, 7)]))
def test_on_an_ordinary_day_the_hours_are_what_the_wall_shows(week, place, day):
    begin, end = day_minutes(day, place)
    found = minutes_of(open_spans(week, zone(place), day, day))
    for when in range(begin, end, 10):
        shown = wall_time(from_minute(when), zone(place))
        expected = any(is_open(each, shown) for each in week)
        assert (when in found) == expected


def is_open(each, shown):
    today, yesterday = shown.weekday(), (shown.weekday() - 1) % 7
    if each.start < each.end:
        return each.weekday == today and each.start <= shown.time() < each.end
    return (each.weekday == today and shown.time() >= each.start) or (
        each.weekday == yesterday and shown.time() < each.end
    )


# --- Slots ----------------------------------------------------------------------------------------

MORNING = [(540, 720)]  # 09:00 to 12:00 of a day in UTC


@pytest.mark.parametrize(
    ("case", "changed", "taken", "starts"),
    [
        ("nothing taken", {}, [], [540, 570, 600, 630, 660]),
        ("as long as the hours", {"duration": 180}, [], [540]),
        ("longer than the hours", {"duration": 181}, [], []),
        ("back to back", {}, [(600, 660)], [540, 660]),
        ("inside the slot", {}, [(610, 615)], [540, 630, 660]),
        ("around the slot", {}, [(0, 9999)], []),
        ("an empty claim", {}, [(600, 600)], [540, 570, 600, 630, 660]),
        ("a minute into it", {}, [(599, 601)], [630, 660]),
        ("in disorder, overlapping", {}, [(700, 720), (540, 560), (550, 570)], [570, 600, 630]),
        ("buffer after", {"buffer_after": 10}, [(600, 660)], [660]),
        ("buffer before", {"buffer_before": 10}, [(600, 660)], [540]),
        ("buffers may leave the hours", {"buffer_before": 99, "buffer_after": 99}, [], "all"),
        (
            "a claim before the hours counts",
            {"buffer_before": 10},
            [(500, 531)],
            [570, 600, 630, 660],
        ),
        (
            "a claim after the hours counts",
            {"buffer_after": 10},
            [(729, 800)],
            [540, 570, 600, 630],
        ),
    ],
)
def test_free_starts(case, changed, taken, starts):
    slot_rules = rules(**{"duration": 60, "step": 30, **changed})
    found = free_starts(MORNING, taken, slot_rules, 0, 0, 1440)
    assert found == [x for x in range(1440) if fits(MORNING, taken, slot_rules, 0, x) is None]
    for start in range(540, 661, 30):
        asked_alone = free_starts(MORNING, taken, slot_rules, 0, start, start + 1)
        assert asked_alone == [start] * (start in found)
    assert found == ([540, 570, 600, 630, 660] if starts == "all" else starts)


def test_the_grid_is_counted_from_the_opening_not_from_the_end_of_a_claim():
    assert free_starts(MORNING, [(540, 607)], rules(), 0, 0, 640) == [615, 630]


def test_only_starts_in_the_asked_range_are_given_its_end_not_included():
    assert free_starts(MORNING, [], rules(), 0, 555, 600) == [555, 570, 585]
    assert free_starts(MORNING, [], rules(), 0, 600, 600) == []


def test_an_opening_of_no_length_opens_nothing():
    opened = [(540, 600), (550, 550)]
    assert free_starts(opened, [], rules(step=30), 0, 0, 1440) == [540, 570]
    assert fits(opened, [], rules(step=30), 0, 570) is None


def test_notice_and_horizon_include_their_last_minute():
    near = rules(notice=120, horizon_days=1)
    assert free_starts(MORNING, [], near, 435, 0, 9999)[0] == 555
    assert free_starts(MORNING, [], near, 436, 0, 9999)[0] == 570
    tomorrow = [(540 + 1440, 720 + 1440)]
    assert free_starts(tomorrow, [], near, 540, 0, 9999) == [1980]
    assert free_starts(tomorrow, [], near, 539, 0, 9999) == []
    assert fits(tomorrow, [], near, 540, 1980) is None
    assert fits(tomorrow, [], near, 539, 1980) is Refusal.TOO_FAR


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2025-10-26 09:59", "2025-11-02 09:00"),  # 7 days of 24 hours end at 08:59 on the day
        ("2025-10-26 10:00", "2025-11-02 09:00"),
        ("2025-10-26 10:01", "2025-11-02 09:15"),
        ("2025-03-02 08:00", "2025-03-09 09:00"),
        ("2025-03-02 08:01", "2025-03-09 09:15"),
    ],
)
def test_a_week_of_notice_that_ends_on_the_day_of_a_change_is_168_real_hours(now, first):
    place, day = "America/New_York", date.fromisoformat(first[:10])
    noticed = rules(notice=7 * 24 * 60)
    found = offered(EVERY_DAY, place, day, noticed, now=minute(now, place))
    assert found[0] == first[11:]
    spans_then = open_spans(EVERY_DAY, zone(place), day, day)
    start = minute(first, place)
    assert fits(spans_then, [], noticed, minute(now, place), start) is None
    assert fits(spans_then, [], noticed, minute(now, place), start - 15) in (
        Refusal.TOO_SOON,
        Refusal.OUTSIDE_HOURS,
    )


@pytest.mark.parametrize("host", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "guest", ["Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
)
@pytest.mark.parametrize(
    "day",
    [
        date(2025, 3, 9),
        date(2025, 3, 20),
        date(2025, 3, 30),
        date(2025, 4, 6),
        date(2025, 7, 1),
        date(2025, 10, 5),
        date(2025, 10, 26),
        date(2025, 10, 30),
        date(2025, 11, 2),
    ],
    ids=str,
)
def test_what_a_guest_elsewhere_is_shown_can_be_booked(host, guest, day):
    week = open_spans(EVERY_DAY, zone(host), day - timedelta(days=1), day + timedelta(days=1))
    shown = free_starts(week, [], HALF_HOUR, LONG_AGO, *day_minutes(day, guest))
    assert shown
    for start in shown:
        text = from_minute(start).astimezone(zone(guest)).isoformat()
        assert text.startswith(str(day))
        booked = to_minute(parse_instant(text))
        at_host = wall_time(from_minute(booked), zone(host))
        assert time(9) <= at_host.time() <= time(16, 30)
        on_the_day = open_spans(EVERY_DAY, zone(host), at_host.date(), at_host.date())
        assert fits(on_the_day, [], HALF_HOUR, LONG_AGO, booked) is None


def test_the_tail_of_a_long_visit_is_not_offered_once_it_has_begun():
    visit = (600, 705)  # 105 minutes
    found = free_starts(MORNING, [visit], rules(duration=15), 615, 0, 1440)
    assert found == [705]
    assert fits(MORNING, [visit], rules(duration=15), 615, 690) is Refusal.TAKEN


@pytest.mark.parametrize(
    ("start", "changed", "why"),
    [
        (555, {}, None),
        (599, {"notice": 600}, Refusal.TOO_SOON),
        (2000, {"horizon_days": 1}, Refusal.TOO_FAR),
        (525, {}, Refusal.OUTSIDE_HOURS),
        (705, {}, Refusal.OUTSIDE_HOURS),
        (556, {}, Refusal.OFF_GRID),
        (600, {}, Refusal.TAKEN),
    ],
)
def test_a_refusal_says_why(start, changed, why):
    assert fits(MORNING, [(610, 620)], rules(**changed), 0, start) is why


def test_the_front_desk_may_book_between_the_offered_starts_and_nothing_else():
    assert fits(MORNING, [], rules(), 0, 556) is Refusal.OFF_GRID
    assert fits(MORNING, [], rules(), 0, 556, on_grid=False) is None
    assert fits(MORNING, [(580, 590)], rules(), 0, 556, on_grid=False) is Refusal.TAKEN
    assert fits(MORNING, [], rules(), 0, 539, on_grid=False) is Refusal.OUTSIDE_HOURS


slot_rules = st.builds(
    SlotRules,
    duration=st.integers(1, 20),
    buffer_before=st.integers(0, 20),
    buffer_after=st.integers(0, 20),
    step=st.integers(1, 20),
    notice=st.integers(0, 40),
    horizon_days=st.sampled_from([9, 1, 0]),
)
nows = st.integers(-60, 60) | st.integers(-1500, 200)


@given(spans, spans, slot_rules, nows, st.integers(-9, 99), st.integers(50, 250))
@example([(0, 60), (60, 120)], [], rules(duration=90, step=25), 0, 0, 200)
def test_what_is_shown_is_what_can_be_booked(opened, taken, asked, now, begin, end):
    shown = free_starts(opened, taken, asked, now, begin, end)
    assert shown == [x for x in range(begin, end) if fits(opened, taken, asked, now, x) is None]


@given(spans, spans, slot_rules, nows)
def test_a_start_fits_exactly_when_every_minute_of_the_visit_is_open_and_none_is_taken(
    opened, taken, asked, now
):
    open_minutes, taken_minutes = minutes_of(opened), minutes_of(taken)
    for start in range(0, 200, 3):
        end = start + asked.duration
        kept_clear = range(start - asked.buffer_before, end + asked.buffer_after)
        expected = (
            now + asked.notice <= start <= now + asked.horizon_days * 1440
            and open_minutes.issuperset(range(start, end))
            and taken_minutes.isdisjoint(kept_clear)
        )
        assert (fits(opened, taken, asked, now, start, on_grid=False) is None) == expected


@given(spans, slot_rules, st.data())
def test_whatever_is_booked_of_what_is_offered_never_overlaps(opened, asked, data):
    taken = []
    while starts := free_starts(opened, taken, asked, 0, 0, 250):
        start = data.draw(st.sampled_from(starts))
        with_buffers = (start - asked.buffer_before, start + asked.duration + asked.buffer_after)
        assert not minutes_of([with_buffers]) & minutes_of(taken)
        taken.append(with_buffers)


@pytest.mark.parametrize(
    "changed",
    [
        {"duration": 0},
        {"step": 0},
        {"buffer_before": -1},
        {"buffer_after": -1},
        {"notice": -1},
        {"horizon_days": -1},
    ],
)
def test_rules_that_make_no_sense_cannot_be_made(changed):
    with pytest.raises(ValueError, match="of a slot"):
        rules(**changed)


# --- By which hours -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "hours", "opens"),
    [
        ("2025-03-03 09:00", EVERY_DAY, time(9)),
        ("2025-03-03 16:59", EVERY_DAY, time(9)),
        ("2025-03-03 17:00", EVERY_DAY, None),
        ("2025-03-03 08:59", EVERY_DAY, None),
        ("2025-03-03 01:30", PAST_MIDNIGHT, time(20)),
        ("2025-03-30 03:00", PAST_MIDNIGHT, None),
        ("2025-03-03 12:00", [*EVERY_DAY, WeeklyHours(0, time(11), time(13))], time(11)),
    ],
    ids=[
        *("opening", "last minute", "closed already", "not yet open"),
        *("of the evening before", "after the gap", "the one that opened last"),
    ],
)
def test_a_start_belongs_to_the_hours_that_opened_last(when, hours, opens):
    found = opening_at(hours, zone("Europe/Berlin"), minute(when, "Europe/Berlin"))
    assert (found.start if found else None) == opens
