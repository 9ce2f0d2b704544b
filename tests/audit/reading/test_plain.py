"""The plain table: one row is one booked time."""

from decimal import Decimal

import pytest

from kept.audit.history import Field, Outcome, Stage
from kept.audit.reading import CannotRead, rules
from kept.audit.reading.instants import ASSUMED_ZONE, NO_TIME, ONLY_A_DATE
from kept.audit.report import audit
from tests.audit.reading.builders import utc

HEAD = "booked_at,start,end,status,service,price,customer\n"


def row(
    booked="2026-10-01T09:00Z",
    start="2026-10-05T10:00Z",
    end="2026-10-05T11:00Z",
    status="completed",
    price="45.00",
    customer="jane@example.com",
):
    return f"{booked},{start},{end},{status},Haircut,{price},{customer}\n"


def test_every_column_finds_its_place(reader):
    leg = reader.leg(HEAD + row())
    assert leg.reference == "line 2"
    assert (leg.booked_at, leg.start) == (utc(2026, 10, 1, 9), utc(2026, 10, 5, 10))
    assert (leg.end, leg.outcome) == (utc(2026, 10, 5, 11), Outcome.COMPLETED)
    assert (leg.service, leg.price) == ("Haircut", Decimal("45.00"))
    assert leg.entered == {Stage.SCHEDULED: utc(2026, 10, 1, 9)}


def test_what_a_table_knows_is_what_its_columns_hold(reader):
    history, _ = reader.read(HEAD + row() + row(customer="joe@example.com", status="no-show"))
    assert history.source.knows == {
        Field.BOOKED_AT,
        Field.END,
        Field.OUTCOME,
        Field.ATTENDED,
        Field.MISSED,
        Field.CANCELLED,
        Field.SERVICE,
        Field.PERSON,
        Field.PRICE,
    }


def test_an_empty_column_is_not_known(reader):
    history, _ = reader.read(HEAD + row(price="", booked="", status="", customer=""))
    assert history.source.knows == {Field.END, Field.SERVICE}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("Completed", Outcome.COMPLETED),
        ("arrived", Outcome.COMPLETED),
        ("NO_SHOW", Outcome.MISSED),
        ("Nicht erschienen", Outcome.MISSED),
        ("canceled", Outcome.CANCELLED),
        ("Cancelled by Business", Outcome.CANCELLED_BY_BUSINESS),
        ("rescheduled", Outcome.RESCHEDULED),
        ("confirmed", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_a_status_is_an_outcome(reader, said, outcome):
    assert reader.leg(HEAD + row(status=said)).outcome is outcome


def test_standing_bookings_to_come_are_ahead_and_those_past_unknown(reader):
    ahead, past = (
        row(start="2026-12-01T10:00Z", end="2026-12-01T11:00Z", status="booked"),
        row(status="booked"),
    )
    assert [leg.outcome for leg in reader.legs(HEAD + ahead + past)] == [
        Outcome.AHEAD,
        Outcome.UNKNOWN,
    ]


def test_attendance_is_never_made_up_from_a_row_being_there(reader):
    assert {
        leg.outcome for leg in reader.legs("start,end\n2026-10-05 10:00,2026-10-05 11:00\n")
    } == {Outcome.UNKNOWN}


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (row(start=""), rules.NO_START),
        (row(start="soon"), rules.NO_START),
        (row(start="2026-10-05"), ONLY_A_DATE),
        (row(end="2026-10-05T09:00Z"), rules.ENDS_BEFORE),
        (row(end="2026-10-07T09:00Z"), rules.TOO_LONG),
        (row(booked="2026-10-06T09:00Z"), rules.BEFORE_ITS_BOOKING),
        (row(start="2026-12-05T10:00Z", end=""), rules.OVER_TOO_EARLY),
        (HEAD, rules.TEMPLATE),
        ("Total,,,,,90.00,\n", rules.TEMPLATE),
        (row().strip() + ",more\n", rules.TOO_MANY_CELLS),
        (row(customer="other@example.com"), rules.DUPLICATE),
    ],
)
def test_rows_are_dropped_for_one_reason_with_their_line(reader, odd, reason):
    history, used = reader.read(HEAD + row(customer="other@example.com") + odd)
    assert len(used) == 1
    assert history.quality.dropped == {reason: 1}
    assert history.quality.where[reason] == ["line 3"]


def test_a_walk_in_written_down_on_the_same_day_is_used_without_its_booking_time(reader):
    content = HEAD + row(booked="2026-10-05T10:20Z")
    assert reader.leg(content).booked_at is None
    assert reader.noted(content) == {rules.ENTERED_AFTER: 1}


def test_rows_that_nothing_tells_apart_are_no_duplicates(reader):
    content = "start,status\n" + "2026-10-05T10:00Z,completed\n" * 2
    assert len(reader.legs(content)) == 2
    assert reader.noted(content) == {rules.LOOKS_TWICE: 1}


def test_a_time_without_zone_is_read_in_the_zone_of_the_business_and_said(reader):
    content = "start,status\n2026-10-05 10:00,completed\n"
    assert reader.leg(content).start == utc(2026, 10, 5, 8)
    assert reader.noted(content)[ASSUMED_ZONE] == 1


def test_the_same_person_is_the_same_number_however_written(reader):
    rows = "".join(row(customer=each) for each in ("Jane@Example.com", " jane@example.com "))
    first, second = (each.person for each in reader.read(HEAD + rows)[1])
    assert first == second


def test_an_unknown_status_is_refused_with_value_and_line(reader):
    with pytest.raises(CannotRead, match=r"“vielleicht” under “status” \(line 3\)"):
        reader.open(HEAD + row() + row(status="vielleicht"))


def test_an_unknown_status_is_asked_for_and_remembered(reader):
    history, (only,) = reader.read(HEAD + row(status="vielleicht"), ask=lambda question: "missed")
    assert only.legs[0].outcome is Outcome.MISSED
    assert history.learned is not None


def test_nothing_is_learned_where_nothing_was_asked(reader):
    assert reader.open(HEAD + row(), ask=lambda question: "missed").learned is None


def test_a_file_can_be_read_again(reader):
    history, first = reader.read(HEAD + row())
    assert list(history.appointments()) == first
    assert history.quality.read == 1


def test_progress_reaches_the_whole_once_and_never_goes_back(reader):
    said = []
    reader.read(HEAD + row() * 3, progress=lambda done, whole: said.append((done, whole)))
    assert said == sorted(said)
    assert said[-1][0] == said[-1][1]


def test_a_price_that_cannot_be_read_leaves_the_row_in(reader):
    content = HEAD + row(price="45.00") + row(price="on the house", customer="joe@example.com")
    assert [leg.price for leg in reader.legs(content)] == [Decimal("45.00"), None]


def test_an_unreadable_booking_time_leaves_the_row_in(reader):
    content = HEAD + row(booked="last week")
    assert reader.leg(content).booked_at is None
    assert NO_TIME not in reader.dropped(content)


START_ONLY = "start\n2026-10-05 11:00\n2026-10-06 11:00\n2026-10-07 09:30\n"


def test_the_simplest_table_has_one_column(reader):
    history, found = reader.read(START_ONLY)
    assert [each.legs[0].start for each in found] == [
        utc(2026, 10, 5, 9),
        utc(2026, 10, 6, 9),
        utc(2026, 10, 7, 7, 30),
    ]
    assert history.quality.read == history.quality.used == 3
    assert history.source.knows == frozenset()
    quoted = '"start"\r\n"2026-10-05 11:00"\r\n'
    assert len(reader.read(quoted)[1]) == 1


def test_of_the_simplest_table_each_figure_is_refused_with_what_is_missing(reader):
    report = audit(reader.open(START_ONLY))
    refused = {
        each.name: each.missing for each in report.figures if each.grade.name == "UNKNOWABLE"
    }
    assert report.figure("filled_hours").values
    assert {each.name for each in report.figures} - refused.keys() == {"filled_hours"}
    assert all(refused.values())
    assert "when it was booked" in refused["booked_ahead"]
    named = audit(reader.open("start,service,name\n2026-10-05 11:00,Cut,Jane\n"))
    assert named.figure("no_show_rate").missing


@pytest.mark.parametrize("start", ["Start", "date", "Beginn", "Termin"])
def test_one_column_of_another_name_is_asked_for_or_refused_with_its_heading(reader, start):
    text = START_ONLY.replace("start", start)
    if start == "Start":
        assert len(reader.read(text)[1]) == 3
        return
    with pytest.raises(
        CannotRead, match=f"No ready map fits export.csv. Its headings are: {start}"
    ):
        reader.read(text)
    assert len(reader.read(text, ask=lambda question: question.default or "-")[1]) == 3


@pytest.mark.parametrize(
    "text",
    ["Dear Sir,\nplease find\nour letter\n", "one line\n", "2026-10-05 11:00\n2026-10-06 11:00\n"],
)
def test_what_is_no_table_is_still_none(reader, text):
    with pytest.raises(CannotRead):
        reader.read(text)
