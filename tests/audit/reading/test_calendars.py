"""Calendars: what is counted of their entries, and what they can never say."""

from datetime import timedelta

import pytest

from kept.audit.history import Field, Outcome
from kept.audit.reading import rules
from kept.audit.reading.instants import ASSUMED_ZONE, NO_TIME, ONLY_A_DATE, UNKNOWN_ZONE
from tests.audit.reading.builders import utc

BASE = {"UID": "1@example.com", "DTSTART": "20261005T100000Z", "DTEND": "20261005T110000Z"}


def calendar(*entries, around=""):
    inner = "".join(entries)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{around}{inner}END:VCALENDAR\r\n"


def entry(*more, **said):
    """One entry; None leaves a property out, and a `;` in a name is given as `__`."""
    lines = {**BASE, **{key.replace("_", "-"): value for key, value in said.items()}}
    body = [f"{key}:{value}" for key, value in lines.items() if value is not None]
    return "\r\n".join(["BEGIN:VEVENT", *body, *more, "END:VEVENT"]) + "\r\n"


def local(start, *more, zone="Europe/Berlin", hours=1):
    end = start.replace("T09", f"T{9 + hours:02}")
    lines = (f"DTSTART;TZID={zone}:{start}", f"DTEND;TZID={zone}:{end}", *more)
    return entry(*lines, DTSTART=None, DTEND=None)


def test_an_entry_is_an_appointment(reader):
    leg = reader.leg(calendar(entry(CREATED="20261001T080000Z", CATEGORIES="Haircut,Long")))
    assert (leg.start, leg.end) == (utc(2026, 10, 5, 10), utc(2026, 10, 5, 11))
    assert (leg.booked_at, leg.service) == (utc(2026, 10, 1, 8), "Haircut")
    assert (leg.outcome, leg.reference) == (Outcome.UNKNOWN, "line 3")


def test_a_calendar_never_knows_who_came_nor_who_cancelled(reader):
    history, _ = reader.read(calendar(entry(CREATED="20261001T080000Z", STATUS="CONFIRMED")))
    assert history.source.knows == {Field.BOOKED_AT, Field.END}


def test_a_cancelled_entry_is_kept_as_such_and_still_makes_no_rate(reader):
    history, (only,) = reader.read(calendar(entry(STATUS="CANCELLED")))
    assert only.legs[0].outcome is Outcome.CANCELLED
    assert Field.CANCELLED not in history.source.knows


def test_a_cancelling_method_cancels(reader):
    assert reader.leg(calendar(entry(), around="METHOD:CANCEL\r\n")).outcome is Outcome.CANCELLED


def test_what_is_still_to_come_is_ahead(reader):
    later = entry(DTSTART="20270105T100000Z", DTEND="20270105T110000Z")
    assert reader.leg(calendar(later)).outcome is Outcome.AHEAD


def test_a_floating_time_is_of_the_business_and_said(reader):
    content = calendar(entry(DTSTART="20261005T100000", DTEND=None))
    assert reader.leg(content).start == utc(2026, 10, 5, 8)
    assert reader.noted(content) == {ASSUMED_ZONE: 1}


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "W. Europe Standard Time", "/freeassociation.example/Europe/Berlin"]
)
def test_a_zone_is_known_by_its_many_names(reader, zone):
    assert reader.leg(calendar(local("20261005T090000", zone=zone))).start == utc(2026, 10, 5, 7)


def test_a_zone_that_only_the_file_knows_is_taken_from_it(reader):
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Our Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    content = calendar(local("20261005T090000", zone="Our Office"), around=zone)
    assert reader.leg(content).start == utc(2026, 10, 5, 6)


def test_a_zone_that_nobody_knows_is_a_reason(reader):
    assert reader.dropped(calendar(local("20261005T090000", zone="Nowhere"))) == {UNKNOWN_ZONE: 1}


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (entry("DTSTART;VALUE=DATE:20261005", DTSTART=None), ONLY_A_DATE),
        (entry(DTSTART=None), rules.NO_START),
        (entry(DTSTART="yesterday"), NO_TIME),
        (entry(DTEND="20261005T090000Z"), rules.ENDS_BEFORE),
        (entry(DTEND="20261008T090000Z"), rules.TOO_LONG),
        (entry(RRULE="FREQ=SECONDLY"), rules.UNUSUAL_RULE),
        (entry(RRULE="FREQ=DAILY;COUNT=1", EXDATE="20261005T100000Z"), rules.EMPTY_SERIES),
    ],
)
def test_entries_are_dropped_for_one_reason(reader, odd, reason):
    history, used = reader.read(calendar(odd, entry(UID="2@example.com")))
    assert len(used) == 1
    assert history.quality.dropped == {reason: 1}
    assert history.quality.where[reason] == ["line 3"]


def test_the_same_entry_twice_counts_once(reader):
    assert reader.dropped(calendar(entry(), entry())) == {rules.DUPLICATE: 1}


def test_an_entry_made_after_it_began_has_no_booking_time_and_is_counted(reader):
    content = calendar(entry(CREATED="20261007T080000Z"))
    assert reader.leg(content).booked_at is None
    assert reader.noted(content) == {rules.ENTERED_LATER: 1}


def test_entries_that_were_changed_are_counted(reader):
    assert reader.noted(calendar(entry(SEQUENCE="2"))) == {rules.EDITED: 1}


def test_a_length_may_stand_instead_of_an_end(reader):
    leg = reader.leg(calendar(entry(DTEND=None, DURATION="PT45M")))
    assert leg.end - leg.start == timedelta(minutes=45)


def test_a_series_keeps_its_local_hour_when_the_clocks_change(reader):
    series = local("20261012T090000", "RRULE:FREQ=WEEKLY;COUNT=4")
    starts = [leg.start for leg in reader.legs(calendar(series))]
    assert [start.hour for start in starts] == [7, 7, 8, 8]
    assert starts[2] == utc(2026, 10, 26, 8)


def test_dates_of_a_series_can_be_left_out_added_and_stand_alone(reader):
    series = entry(
        "EXDATE:20261007T100000Z",
        "RDATE:20261020T100000Z",
        RRULE="FREQ=DAILY;COUNT=4",
    )
    alone = entry(
        "RECURRENCE-ID:20261006T100000Z", DTSTART="20261006T150000Z", DTEND="20261006T160000Z"
    )
    starts = sorted(leg.start for leg in reader.legs(calendar(series, alone)))
    assert starts == [
        utc(2026, 10, 5, 10),
        utc(2026, 10, 6, 15),
        utc(2026, 10, 8, 10),
        utc(2026, 10, 20, 10),
    ]


def test_a_date_that_stands_alone_may_come_before_its_series(reader):
    alone = entry("RECURRENCE-ID:20261006T100000Z", DTSTART="20261006T150000Z", DTEND=None)
    series = entry(RRULE="FREQ=DAILY;COUNT=2")
    assert len(reader.legs(calendar(alone, series))) == 2


def test_an_endless_series_ends_now(reader):
    content = calendar(entry(RRULE="FREQ=WEEKLY"))
    legs = reader.legs(content)
    assert legs[-1].start == utc(2026, 11, 16, 10)
    assert reader.noted(content)[rules.ENDLESS] == 1


def test_a_series_with_an_end_is_followed_a_year_at_most(reader):
    legs = reader.legs(calendar(entry(RRULE="FREQ=WEEKLY;UNTIL=20991231T000000Z")))
    assert utc(2027, 11, 1) < legs[-1].start < utc(2027, 12, 1)


def test_nobody_books_a_whole_series_at_the_lead_time_of_its_last_date(reader):
    content = calendar(entry(RRULE="FREQ=DAILY;COUNT=2", CREATED="20261001T080000Z"))
    assert {leg.booked_at for leg in reader.legs(content)} == {None}


def test_long_lines_are_joined_and_what_is_private_is_skipped(reader):
    private = "DESCRIPTION:Jane\r\n  Doe\\, sore knee\r\nSUMMARY:Jane Doe\r\n"
    content = calendar(entry(private + "CATEGORIES:Hair\r\n cut"))
    assert reader.leg(content).service == "Haircut"


def test_an_alarm_inside_an_entry_says_nothing_about_it(reader):
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDURATION:PT5M\r\nEND:VALARM"
    leg = reader.leg(calendar(entry(alarm)))
    assert leg.end - leg.start == timedelta(hours=1)


def test_several_calendars_are_one_history_with_their_names(reader):
    legs = reader.legs(calendar(entry()), calendar(entry(UID="2@example.com")), name="a.ics")
    assert [leg.reference for leg in legs] == ["a.ics line 3", "1-a.ics line 3"]
