"""Dates, times, zones and money read as people of the place write them."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from kept.lib import i18n

START = datetime(2026, 7, 14, 7, 30, tzinfo=UTC)
END = START + timedelta(minutes=45)


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en_GB", "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)"),
        ("en_US", "Tuesday, July 14, 2026, 9:30 AM – 10:15 AM (Berlin time)"),
        ("en_DE", "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)"),
        ("de_DE", "Dienstag, 14. Juli 2026, 09:30–10:15 (Ortszeit Berlin)"),
        ("ja_JP", "2026年7月14日火曜日, 9:30–10:15 (ベルリン時間)"),
        ("fr_FR", "mardi 14 juillet 2026, 09:30–10:15 (heure : Berlin)"),
    ],
)
def test_a_span_is_written_as_in_the_country_and_names_its_zone(locale, written):
    assert i18n.format_when(START, END, "Europe/Berlin", locale) == written


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Asia/Tokyo", "Tuesday 14 July 2026, 16:30–17:15 (Tokyo time)"),
        ("Asia/Kathmandu", "Tuesday 14 July 2026, 13:15–14:00 (Kathmandu time)"),
        ("Australia/Lord_Howe", "Tuesday 14 July 2026, 18:00–18:45 (Lord Howe Island time)"),
        ("America/Sao_Paulo", "Tuesday 14 July 2026, 04:30–05:15 (Sao Paulo time)"),
        (
            "America/Argentina/Buenos_Aires",
            "Tuesday 14 July 2026, 04:30–05:15 (Buenos Aires time)",
        ),
        ("US/Eastern", "Tuesday 14 July 2026, 03:30–04:15 (New York time)"),
        ("UTC", "Tuesday 14 July 2026, 07:30–08:15 (UTC)"),
        ("Etc/GMT+5", "Tuesday 14 July 2026, 02:30–03:15 (UTC−5)"),
    ],
)
def test_a_zone_is_a_place_people_know(zone, written):
    assert i18n.format_when(START, END, zone, "en_GB") == written


def test_a_span_over_midnight_has_both_dates():
    late = START.replace(hour=21, minute=45)
    written = i18n.format_when(late, late + timedelta(minutes=45), "Europe/Berlin", "en_GB")
    assert written == "Tuesday 14 July 2026, 23:45 – Wednesday 15 July 2026, 00:30 (Berlin time)"


def test_the_repeated_hour_carries_its_offset():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)
    assert i18n.format_time(first, "Europe/Berlin", "en_GB") == "02:30 (UTC+2)"
    assert i18n.format_time(second, "Europe/Berlin", "en_GB") == "02:30 (UTC+1)"
    assert i18n.format_when(first, second, "Europe/Berlin", "en_GB") == (
        "Sunday 25 October 2026, 02:30 (UTC+2) – 02:30 (UTC+1) (Berlin time)"
    )


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 10, 24, 23, 59, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ],
)
def test_no_other_hour_carries_an_offset(instant):
    assert "UTC" not in i18n.format_time(instant, "Europe/Berlin", "en_GB")


def test_half_an_hour_repeated_on_lord_howe_carries_its_offset_too():
    instant = datetime(2026, 4, 4, 15, 15, tzinfo=UTC)
    assert i18n.format_time(instant, "Australia/Lord_Howe", "en_GB") == "01:45 (UTC+10:30)"


def test_two_zones_are_both_written_when_their_clocks_differ():
    assert i18n.format_both(START, END, "Europe/Berlin", "Asia/Tokyo", "en_GB") == (
        "Tuesday 14 July 2026, 09:30–10:15 Berlin time (16:30 Tokyo time)"
    )


def test_the_date_in_the_other_zone_is_written_when_it_is_another():
    late = START.replace(hour=20, minute=0)
    written = i18n.format_both(
        late, late + timedelta(minutes=45), "Europe/Berlin", "Asia/Tokyo", "en_GB"
    )
    assert written == (
        "Tuesday 14 July 2026, 22:00–22:45 Berlin time (Wednesday 15 July 2026, 05:00 Tokyo time)"
    )


def test_two_zones_with_the_same_clock_are_written_once():
    written = i18n.format_both(START, END, "Europe/Berlin", "Europe/Paris", "en_GB")
    assert written == "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)"


def test_whether_two_zones_differ_is_asked_of_the_day_itself():
    # Phoenix has no summer time, so Denver shows the same time in winter only.
    winter, summer = (datetime(2026, month, 14, 18, 0, tzinfo=UTC) for month in (1, 7))
    once = i18n.format_both(
        winter, winter + timedelta(hours=1), "America/Phoenix", "America/Denver", "en_GB"
    )
    twice = i18n.format_both(
        summer, summer + timedelta(hours=1), "America/Phoenix", "America/Denver", "en_GB"
    )
    assert "Denver" not in once
    assert "12:00 Denver time" in twice


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (START - timedelta(hours=2), "today"),
        (START - timedelta(hours=9, minutes=30), "today"),
        (START - timedelta(hours=9, minutes=31), "tomorrow"),
        (START - timedelta(hours=33, minutes=31), "Tuesday 14 July 2026"),
        (START + timedelta(days=1), "Tuesday 14 July 2026"),
    ],
)
def test_today_and_tomorrow_are_days_of_the_calendar(now, said):
    assert i18n.relative_day(now, START, "Europe/Berlin", "en_GB") == said


def test_a_language_without_texts_gets_the_date_and_no_english_word():
    assert i18n.relative_day(START, START, "Europe/Berlin", "fr_FR") == "mardi 14 juillet 2026"


@pytest.mark.parametrize(
    ("asked", "known"),
    [("en-GB", "en_GB"), ("de_DE", "de_DE"), ("de", "de"), ("de_XX", "de"), ("pt-br", "pt_BR")],
)
def test_a_known_locale_is_kept(asked, known, caplog):
    assert i18n.known_locale(asked, "en_GB") == known
    assert caplog.text == ""


@pytest.mark.parametrize("asked", ["xx_YY", "", "../../etc", "klingon", "\n"])
def test_an_unknown_locale_becomes_the_default_and_says_so(asked, caplog):
    with caplog.at_level(logging.WARNING):
        assert i18n.known_locale(asked, "en_GB") == "en_GB"
    assert "en_GB is used instead" in caplog.text


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [("en_US", "en_US"), ("de_AT", "de_AT"), ("fr_CH", "en_CH"), ("ja", "en_GB")],
)
def test_a_text_is_written_in_one_language(locale, spoken):
    assert i18n.text_locale(locale) == spoken


@pytest.mark.parametrize(
    ("wished", "house", "spoken"),
    [
        (["de-at", "en"], "en_GB", "de_AT"),
        (["en-us", "de"], "en_GB", "en_GB"),  # one language: the house's times
        (["fr-fr", "de"], "en_GB", "de"),  # the dearest there are texts in
        (["fr-fr"], "en_GB", "en_GB"),
        (["*", "klingon", "../../etc", "x_" * 90], "de_DE", "de_DE"),
        ([], "de_DE", "de_DE"),
        (["en"], "de_DE", "en"),
        (["fr"], "fr_CH", "en_CH"),
        (["de"], "fr_CH", "de"),
    ],
)
def test_a_reader_is_answered_in_their_language_as_far_as_there_are_texts(wished, house, spoken):
    assert i18n.readers_locale(wished, house) == spoken


def test_what_is_known_of_a_reader_comes_first_and_the_browsers_country_last():
    known = ("de_AT", "en_GB")
    assert i18n.readers_locale(["de-de"], *known) == "de_AT"
    assert i18n.readers_locale(["en-us"], *known) == "en_GB"
    assert i18n.readers_locale(["pl"], *known) == "de_AT"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "written"),
    [
        (4500, "EUR", "en_GB", "€45.00"),
        (4500, "eur", "de_DE", "45,00 €"),
        (4500, "JPY", "ja_JP", "￥4,500"),
        (4500, "KWD", "en_GB", "KWD4.500"),
        (-5, "USD", "en_US", "-$0.05"),
    ],
)
def test_money_is_counted_in_the_smallest_unit_of_its_currency(amount, currency, locale, written):
    assert i18n.format_money(amount, currency, locale) == written


@pytest.mark.parametrize(
    ("minutes", "written"),
    [
        (45, "45 minutes"),
        (1, "1 minute"),
        (60, "1 hour"),
        (150, "2 hours 30 minutes"),
        (0, "0 minutes"),
    ],
)
def test_a_duration_is_said_in_words(minutes, written):
    assert i18n.format_duration(timedelta(minutes=minutes), "en_GB") == written


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "Europe"])
def test_a_name_that_is_no_zone_is_refused(zone):
    with pytest.raises(i18n.UnknownZone, match="is not a time zone"):
        i18n.format_time(START, zone, "en_GB")


def test_a_time_without_its_zone_is_refused():
    with pytest.raises(ValueError, match="without its zone"):
        i18n.format_time(START.replace(tzinfo=None), "Europe/Berlin", "en_GB")


@pytest.mark.parametrize("locale", ["en_US", "fr_CH", "ar_EG", "fa_IR", "he_IL", "nb_NO", "pl_PL"])
def test_no_thin_or_narrow_spaces_reach_a_mail_program(locale):
    written = i18n.format_when(START, END, "Europe/Berlin", locale)
    money = i18n.format_money(123456789, "EUR", locale)
    assert not set(written + money) & set("\u202f\u2009\u00a0")


def test_the_reading_direction_and_the_language_are_those_of_the_locale():
    assert (i18n.direction("he_IL"), i18n.direction("en_GB")) == ("rtl", "ltr")
    assert i18n.language_tag("en_GB") == "en-GB"
