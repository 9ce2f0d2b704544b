"""An invitation is what calendars expect, and says the same instant in every zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from kept.calendars.invitation import Invitation, cancel, download, request
from tests.calendars.places import ZONES


def an_invitation(**changes) -> Invitation:
    start = changes.pop("start", datetime(2026, 7, 14, 7, 30, tzinfo=UTC))
    facts = {
        "uid": "k-7q2m@example.com",
        "sequence": 0,
        "start": start,
        "end": start + timedelta(minutes=45),
        "zone": "Europe/Berlin",
        "summary": "Foot care",
        "organizer_address": "bookings+x7@example.com",
        "organizer_name": "Riverside Clinic",
        "attendee_address": "ann@example.org",
        "attendee_name": "Ann Example",
        "stamp": datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
        "created": datetime(2026, 7, 1, 11, 0, tzinfo=UTC),
        "location": "12 Canal Street, Riverton",
        "url": "https://book.example.com/a/k-7q2m",
    }
    return Invitation(**(facts | changes))


def the_event(octets: bytes) -> Event:
    (event,) = Calendar.from_ical(octets).events
    return event


def test_a_request_asks_the_attendee_and_names_the_organizer_with_a_bare_address():
    calendar = Calendar.from_ical(request(an_invitation()))
    event = calendar.events[0]
    assert calendar["METHOD"] == "REQUEST"
    assert calendar["VERSION"] == "2.0"
    assert event["ORGANIZER"] == "mailto:bookings+x7@example.com"
    assert event["ORGANIZER"].params["CN"] == "Riverside Clinic"
    assert event["ATTENDEE"] == "mailto:ann@example.org"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert event["STATUS"] == "CONFIRMED"
    assert event["CLASS"] == "PUBLIC"


def test_a_cancellation_takes_the_same_event_back():
    asked = the_event(request(an_invitation(sequence=2)))
    octets = cancel(an_invitation(sequence=3))
    taken_back = the_event(octets)
    assert Calendar.from_ical(octets)["METHOD"] == "CANCEL"
    assert taken_back["UID"] == asked["UID"]
    assert taken_back["SEQUENCE"] == asked["SEQUENCE"] + 1
    assert taken_back["STATUS"] == "CANCELLED"
    assert taken_back["ATTENDEE"] == asked["ATTENDEE"]
    assert taken_back["ORGANIZER"] == asked["ORGANIZER"]


def test_three_moves_and_a_cancellation_count_from_nought_to_four():
    written = [request(an_invitation(sequence=n)) for n in range(4)]
    written.append(cancel(an_invitation(sequence=4)))
    assert [the_event(each)["SEQUENCE"] for each in written] == [0, 1, 2, 3, 4]
    assert {the_event(each)["UID"] for each in written} == {"k-7q2m@example.com"}


def test_a_cancelled_appointment_cannot_be_requested():
    with pytest.raises(ValueError, match="use cancel"):
        request(an_invitation(cancelled=True))


def test_the_download_is_an_entry_of_the_readers_own():
    octets = download(an_invitation())
    event = the_event(octets)
    assert b"METHOD" not in octets
    assert "ATTENDEE" not in event
    assert "ORGANIZER" not in event
    assert event["UID"] == "k-7q2m@example.com"


def test_a_private_appointment_is_marked_private():
    assert the_event(request(an_invitation(private=True)))["CLASS"] == "PRIVATE"


def test_lines_are_folded_at_75_octets_and_end_in_crlf():
    octets = request(an_invitation(description="Zäh fließt der Nebel über die Brücke. " * 20))
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert octets.endswith(b"\r\n")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert the_event(octets)["DESCRIPTION"].startswith("Zäh fließt der Nebel")


def test_names_cannot_smuggle_in_properties():
    hostile = 'Ann\r\nX-EVIL:1", "x@example.org'
    octets = request(
        an_invitation(
            attendee_name=hostile, organizer_name=hostile, summary=hostile, location=hostile
        )
    )
    event = the_event(octets)
    assert "X-EVIL" not in event
    assert event["SUMMARY"] == hostile.replace("\r\n", "\n")
    assert event["ATTENDEE"] == "mailto:ann@example.org"
    assert b"\r\nX-EVIL" not in octets


@pytest.mark.parametrize("field", ["uid", "organizer_address", "attendee_address", "url"])
def test_what_is_written_as_it_is_may_not_hold_a_line_break(field):
    with pytest.raises(ValueError, match=field):
        request(an_invitation(**{field: "a@example.com\r\nX-EVIL:1"}))


@pytest.mark.parametrize("field", ["start", "end", "stamp", "created"])
def test_a_floating_time_is_refused(field):
    naive = datetime(2026, 7, 14, 9, 30)  # noqa: DTZ001
    with pytest.raises(ValueError, match=field):
        request(an_invitation(**{"end": datetime(2026, 7, 15, tzinfo=UTC), field: naive}))


def test_an_appointment_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="ends after it starts"):
        request(an_invitation(end=datetime(2026, 7, 14, 7, 30, tzinfo=UTC)))


def moments_around_changes(zone: str, year: int):
    """Half-hours around every change of the clocks in the year, and one moment in each month."""
    rules = ZoneInfo(zone)
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        later = hour + timedelta(hours=1)
        if hour.astimezone(rules).utcoffset() != later.astimezone(rules).utcoffset():
            yield from (hour + timedelta(minutes=30 * n) for n in range(-6, 8))
        if hour.day == 15 and hour.hour == 12:
            yield hour
        hour = later


@pytest.mark.parametrize("zone", ZONES)
def test_the_instant_survives_the_round_trip_in_every_zone(zone):
    for start in moments_around_changes(zone, 2027):
        event = the_event(request(an_invitation(start=start, zone=zone)))
        assert event.start.astimezone(UTC) == start
        assert event.end.astimezone(UTC) == start + timedelta(minutes=45)
        assert event.start.tzinfo is not None


def test_an_ordinary_time_is_written_on_the_clocks_of_the_place():
    octets = request(an_invitation())
    assert b"DTSTART;TZID=Europe/Berlin:20260714T093000\r\n" in octets
    assert b"BEGIN:VTIMEZONE" in octets


def test_the_second_reading_of_the_repeated_hour_is_written_in_utc():
    # 02:30 on the clocks of Berlin, an hour after they showed 02:30 before
    octets = request(an_invitation(start=datetime(2026, 10, 25, 1, 30, tzinfo=UTC)))
    assert b"DTSTART:20261025T013000Z\r\n" in octets
    assert b"DTEND:20261025T021500Z\r\n" in octets


def test_utc_itself_needs_no_rules():
    octets = request(an_invitation(zone="Etc/UTC"))
    assert b"DTSTART:20260714T073000Z\r\n" in octets
    assert b"VTIMEZONE" not in octets
