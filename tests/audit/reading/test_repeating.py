"""Rules of recurrence, checked against another library that follows them."""

from datetime import datetime

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.audit.reading.repeating import TooUnusual, occurrences, parse

START = datetime(2024, 2, 29, 9, 30)  # noqa: DTZ001 rules are followed in local time
END = datetime(2027, 1, 31, 23, 0)  # noqa: DTZ001

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def dates(text, start=START, end=END):
    return list(occurrences(parse(text, datetime.fromisoformat), start, end))


def others(text, start=START, end=END):
    return rrulestr(text, dtstart=start).between(start, end, inc=True)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;COUNT=10",
        "FREQ=DAILY;BYDAY=MO,WE;BYMONTH=3,4",
        "FREQ=WEEKLY;UNTIL=20240601T000000",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
        "FREQ=MONTHLY;BYDAY=2MO,-1FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=3,10",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYYEARDAY=1,-1",
        "FREQ=YEARLY;BYMONTHDAY=1",
    ],
)
def test_a_rule_is_followed(text):
    assert dates(text) == others(text)


@settings(max_examples=60, deadline=None)
@given(
    freq=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    interval=st.integers(1, 4),
    days=st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True),
    months=st.lists(st.integers(1, 12), max_size=3, unique=True),
    count=st.none() | st.integers(1, 20),
    weeks_start=st.sampled_from(WEEKDAYS),
)
def test_any_rule_is_followed_as_others_follow_it(freq, interval, days, months, count, weeks_start):
    text = f"FREQ={freq};INTERVAL={interval};WKST={weeks_start}"
    text += f";BYDAY={','.join(days)}" if days else ""
    text += f";BYMONTH={','.join(map(str, months))}" if months else ""
    text += f";COUNT={count}" if count else ""
    assert dates(text) == others(text)


def test_a_rule_that_never_comes_true_ends_all_the_same():
    assert dates("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") == []


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYMONTHDAY=99",
        "FREQ=YEARLY;UNTIL=never",
        "INTERVAL=2",
        "",
    ],
)
def test_what_no_appointments_do_is_refused(text):
    with pytest.raises(TooUnusual):
        dates(text)
