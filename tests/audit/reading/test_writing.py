"""How dates, times and prices are written, decided for a whole column and never row by row."""

from decimal import Decimal

import pytest

from kept.audit.reading import CannotRead, rules
from kept.audit.reading.instants import (
    IMPOSSIBLE_DATE,
    REPEATED_HOUR,
    SKIPPED_HOUR,
    UNKNOWN_ZONE,
)
from kept.audit.reading.money import NEGATIVE, NO_PRICE, NOT_A_PRICE, OTHER_CURRENCY
from tests.audit.reading.builders import utc


def starts(reader, *values, **options):
    """What those starts are read as, in one file."""
    rows = "".join(f"{n}\t{value}\n" for n, value in enumerate(values))
    return [leg.start for leg in reader.legs("id\tstart\n" + rows, **options)]


def prices(reader, *values):
    rows = "".join(f"{n}\t2026-10-05T10:00Z\t{value}\n" for n, value in enumerate(values))
    history, found = reader.read("id\tstart\tprice\n" + rows)
    return [each.legs[0].price for each in found], history


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-12 09:00",
        "2026-11-12T09:00:00",
        "2026-11-12T08:00:00Z",
        "2026-11-12T09:00:00+01:00",
        "2026-11-12T09:00:00.000+0100",
        "20261112T080000Z",
        "2026/11/12 09:00",
        "12.11.2026 09:00",
        "12.11.2026, 9:00 Uhr",
        "12.11.26 9:00",
        "Do., 12.11.2026 09:00",
        "November 12, 2026 9:00 am",
        "Nov 12, 2026 9:00 a.m.",
        "Thu, 12 Nov 2026 09:00",
        "12. November 2026 09:00",
        "12 novembre 2026 09h00",
        "12.11.2026 08:00 UTC",
        "12.11.2026 03:00 -05:00",
        "12.11.2026 10:00 (Europe/Kyiv)",
        "1794470400",
        "1794470400000",
        "46338.375",
    ],
)
def test_a_time_is_read_however_it_is_written(reader, said):
    assert starts(reader, said) == [utc(2026, 11, 12, 8)]


@pytest.mark.parametrize(
    ("said", "hour"), [("12:00 AM", 0), ("12:30 pm", 12), ("1:00 p.m.", 13), ("11:59 PM", 23)]
)
def test_halves_of_the_day(reader, said, hour):
    assert starts(reader, f"2026-06-12 {said} UTC")[0].hour == hour


def test_one_value_decides_the_order_of_day_and_month_for_the_whole_file(reader):
    assert starts(reader, "03/04/2026 10:00", "13/04/2026 10:00")[0] == utc(2026, 4, 3, 8)
    assert starts(reader, "03/04/2026 10:00", "04/13/2026 10:00")[0] == utc(2026, 3, 4, 9)


def test_a_file_that_has_both_orders_is_refused_with_both_places(reader):
    with pytest.raises(CannotRead, match=r"“13/04/2026” in line 2 .* “04/13/2026” in line 3"):
        starts(reader, "13/04/2026 10:00", "04/13/2026 10:00")


def test_where_nothing_decides_nothing_is_guessed(reader):
    with pytest.raises(CannotRead, match=r"whether “03/04/2026” in line 2 has the day"):
        starts(reader, "03/04/2026 10:00")


def test_where_nothing_decides_somebody_can(reader):
    (found,) = starts(reader, "03/04/2026 10:00", ask=lambda question: "month first")
    assert found == utc(2026, 3, 4, 9)


def test_dates_with_dots_have_the_day_first(reader):
    assert starts(reader, "03.04.2026 10:00") == [utc(2026, 4, 3, 8)]


def test_the_hour_that_comes_twice_is_the_first_and_said(reader):
    assert starts(reader, "2026-10-25 02:30") == [utc(2026, 10, 25, 0, 30)]
    assert reader.noted("id,start\n1,2026-10-25 02:30\n")[REPEATED_HOUR] == 1


def test_the_hour_that_does_not_come_is_moved_on_and_said(reader):
    assert starts(reader, "2026-03-29 02:30") == [utc(2026, 3, 29, 1, 30)]
    assert reader.noted("id,start\n1,2026-03-29 02:30\n")[SKIPPED_HOUR] == 1


def test_the_zone_of_a_row_counts(reader):
    content = "id,start,zone\n1,2026-11-12 09:00,America/New_York\n2,2026-11-12 09:00,Nowhere/At\n"
    history, (only,) = reader.read(content)
    assert only.legs[0].start == utc(2026, 11, 12, 14)
    assert history.quality.dropped == {UNKNOWN_ZONE: 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("31.02.2026 10:00", IMPOSSIBLE_DATE),
        ("2526-11-12 10:00", IMPOSSIBLE_DATE),
        ("12.11.2026 10:00 EST", UNKNOWN_ZONE),
        ("12.11.2026 25:00", rules.NO_START),
        ("12", rules.NO_START),
    ],
)
def test_what_is_no_time_is_dropped(reader, said, reason):
    assert reader.dropped(f"id\tstart\n1\t{said}\n") == {reason: 1}


def test_date_and_time_may_stand_in_two_columns_and_the_end_be_a_time_only(reader):
    content = "Subject,Start Date,Start Time,End Date,End Time\nx,2026-11-12,9:00 AM,,10:30 AM\n"
    leg = reader.leg(content)
    assert (leg.start, leg.end) == (utc(2026, 11, 12, 8), utc(2026, 11, 12, 9, 30))


@pytest.mark.parametrize(
    ("said", "minutes"), [("45", 45), ("45 min", 45), ("45min", 45), ("1:30", 90)]
)
def test_a_length_is_an_end(reader, said, minutes):
    leg = reader.leg(f"start,duration\n2026-10-05T10:00Z,{said}\n")
    assert (leg.end - leg.start).total_seconds() == minutes * 60


def test_a_booking_day_without_a_time_is_its_beginning_and_said(reader):
    content = "start,booked_at\n2026-10-05T10:00Z,2026-10-01\n"
    assert reader.leg(content).booked_at == utc(2026, 9, 30, 22)
    assert reader.noted(content)[rules.ONLY_BOOKED_ON] == 1


@pytest.mark.parametrize(
    ("said", "amount", "currency"),
    [
        ("45", "45", ""),
        ("45.00", "45.00", ""),
        ("$12.00", "12.00", "$"),
        ("12,00 €", "12.00", "EUR"),
        ("1.234,50 €", "1234.50", "EUR"),
        ("1,234.50 USD", "1234.50", "USD"),
        ("CHF 1'200.–", "1200", "CHF"),
        ("1 234,50 zł", "1234.50", "PLN"),
        ("£0", "0", "GBP"),
    ],
)
def test_a_price_is_read_however_it_is_written(reader, said, amount, currency):
    (found,), history = prices(reader, said)
    assert (found, history.source.currency) == (Decimal(amount), currency)


def test_one_price_decides_the_mark_for_all(reader):
    assert prices(reader, "1.234", "12,50")[0] == [Decimal(1234), Decimal("12.50")]
    assert prices(reader, "1.234", "12.50")[0] == [Decimal("1.234"), Decimal("12.50")]


def test_a_price_that_could_be_either_is_refused(reader):
    with pytest.raises(CannotRead, match=r"“1\.234” in line 2 is more than a thousand"):
        prices(reader, "1.234")


def test_prices_written_in_two_ways_are_refused(reader):
    with pytest.raises(CannotRead, match="written in two ways"):
        prices(reader, "12,50", "12.50")


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ("", NO_PRICE),
        ("free", NOT_A_PRICE),
        ("-5.00", NEGATIVE),
        ("(5.00)", NEGATIVE),
        ("5.00 USD", OTHER_CURRENCY),
    ],
)
def test_what_is_no_price_is_left_out_and_counted(reader, said, noted):
    found, history = prices(reader, "12.00 EUR", "12.50 EUR", said)
    assert found[2] is None
    assert history.quality.noted == {noted: 1}
