"""Exports of tools: small files of invented people, and what each says and cannot say."""

from decimal import Decimal

import pytest

from kept.audit.history import Field, Outcome
from kept.audit.reading import CannotRead, as_toml, open_files, ready, rules
from kept.audit.reading.instants import ONLY_A_DATE
from kept.audit.reading.mapping import load
from tests.audit.reading.builders import BERLIN, NOW, utc

CALENDLY = """\
User Name,Team,Invitee Name,Invitee First Name,Invitee Last Name,Invitee Email,Event Type Name,\
Start Date & Time,End Date & Time,Location,Event Created Date & Time,Canceled,Canceled By,\
Cancellation reason,Event Price,Payment Currency,Marked as No-Show,Event UUID,Invitee UUID
Ann Host,,Jane Guest,Jane,Guest,jane@example.com,Consultation,2026-10-05 11:00 am,\
2026-10-05 11:30 am,,2026-10-01 01:40 pm,false,,,45.00,EUR,No,e1,i1
Ann Host,,Joe Guest,Joe,Guest,joe@example.com,Consultation,2026-10-06 11:00 am,\
2026-10-06 11:30 am,,2026-10-01 01:40 pm,false,,,,,Yes,e2,i2
Ann Host,,Jil Guest,Jil,Guest,jil@example.com,Consultation,2026-10-07 11:00 am,\
2026-10-07 11:30 am,,2026-10-01 01:40 pm,true,Jil Guest,Ill,,,No,e3,i3
Ann Host,,Jon Guest,Jon,Guest,jon@example.com,Consultation,2026-10-08 11:00 am,\
2026-10-08 11:30 am,,2026-10-01 01:40 pm,true,Ann Host,Ill,,,No,e4,i4
"""
ACUITY = """\
Start Time,End Time,First Name,Last Name,Phone,Email,Type,Calendar,Appointment Price,Paid?,\
Amount Paid Online,Certificate Code,Notes,Date Scheduled,Label,Scheduled By,Appointment ID
"October 5, 2026 11:00 am","October 5, 2026 12:00 pm",Jane,Guest,+1 202 555 0101,jane@example.com,\
Massage,Ann,80.00,yes,80.00,,sore knee,2026-10-01,,,1
"""
SQUARE = """\
id,status,start_at,created_at,duration_minutes,customer_id,team_member
1,ACCEPTED,2026-10-05T09:00:00Z,2026-10-01T09:00:00Z,45,c1,Ann
2,NO_SHOW,2026-10-06T09:00:00Z,2026-10-01T09:00:00Z,45,c2,Ann
3,CANCELLED_BY_CUSTOMER,2026-10-07T09:00:00Z,2026-10-01T09:00:00Z,45,c3,Ann
4,CANCELLED_BY_SELLER,2026-10-08T09:00:00Z,2026-10-01T09:00:00Z,45,c4,Ann
5,DECLINED,2026-10-09T09:00:00Z,2026-10-01T09:00:00Z,45,c5,Ann
"""
EASY = """\
"id";"create_datetime";"book_datetime";"start_datetime";"end_datetime";"notes";"status";\
"is_unavailability";"id_users_provider";"id_users_customer";"id_services"
"1";"2026-10-01 09:00:00";"2026-10-01 09:00:00";"2026-10-05 11:00:00";"2026-10-05 11:30:00";\
"knee";"Booked";"0";"2";"5";"1"
"2";"2026-10-01 09:00:00";"2026-10-01 09:00:00";"2026-10-06 11:00:00";"2026-10-06 11:30:00";\
"lunch";"";"1";"2";"";""
"""
GOOGLE = """\
Subject,Start Date,Start Time,End Date,End Time,All Day Event,Description,Location,Private
Jane Guest,10/15/2026,9:00 AM,10/15/2026,10:00 AM,False,sore knee,Room 1,True
Holiday,10/16/2026,,10/17/2026,,True,,,False
"""


def test_calendly(reader):
    history, found = reader.read(CALENDLY)
    first, second, third, fourth = (each.legs[0] for each in found)
    assert (first.start, first.booked_at) == (utc(2026, 10, 5, 9), utc(2026, 10, 1, 11, 40))
    assert (first.outcome, first.service, first.staff) == (
        Outcome.UNKNOWN,
        "Consultation",
        "Ann Host",
    )
    assert (first.price, history.source.currency) == (Decimal("45.00"), "EUR")
    assert second.outcome is Outcome.MISSED
    assert third.outcome is Outcome.CANCELLED
    assert fourth.outcome is Outcome.CANCELLED_BY_BUSINESS


def test_calendly_knows_who_was_marked_as_missed_and_nobody_as_having_come(reader):
    knows = reader.read(CALENDLY)[0].source.knows
    assert Field.MISSED in knows
    assert not knows & {Field.ATTENDED, Field.CANCELLED_AT, Field.MOVES, Field.MESSAGES}


def test_acuity(reader):
    history, (only,) = reader.read(ACUITY)
    (leg,) = only.legs
    assert (leg.start, leg.end) == (utc(2026, 10, 5, 9), utc(2026, 10, 5, 10))
    assert (leg.service, leg.staff, leg.price) == ("Massage", "Ann", Decimal("80.00"))
    assert leg.outcome is Outcome.UNKNOWN, "paid is not attended"
    assert not history.source.knows & {Field.OUTCOME, Field.ATTENDED, Field.CANCELLED}


def test_square(reader):
    history, found = reader.read(SQUARE)
    assert [each.legs[0].outcome for each in found] == [
        Outcome.UNKNOWN,
        Outcome.MISSED,
        Outcome.CANCELLED,
        Outcome.CANCELLED_BY_BUSINESS,
    ]
    assert history.quality.dropped == {rules.NO_APPOINTMENT: 1}
    assert any("cancellations that came too late" in note for note in history.source.notes)
    assert Field.ATTENDED not in history.source.knows


def test_easyappointments(reader):
    history, (only,) = reader.read(EASY)
    assert only.legs[0].start == utc(2026, 10, 5, 9)
    assert history.quality.dropped == {rules.NO_APPOINTMENT: 1}
    assert not history.source.knows & {Field.OUTCOME, Field.CANCELLED}


def test_a_calendar_as_a_table_says_when_and_nothing_else(reader):
    history, (only,) = reader.read(GOOGLE)
    assert only.legs[0].start == utc(2026, 10, 15, 7)
    assert history.source.knows == {Field.END}
    assert history.quality.dropped == {ONLY_A_DATE: 1}


def test_every_ready_map_says_where_its_headings_come_from():
    for each in ready().values():
        assert len(each.about) > 50
        assert each.verified or "could NOT be verified" in each.about


@pytest.mark.parametrize("name", ready())
def test_a_map_that_is_written_down_is_read_as_it_was(tmp_path, name):
    known = ready()[name]
    path = tmp_path / "map.toml"
    path.write_text(as_toml(known), encoding="utf-8")
    again = load(path)
    assert (again.parts, again.activities, again.kind) == (
        known.parts,
        known.activities,
        known.kind,
    )
    assert (again.cannot, again.business, again.notes) == (
        known.cannot,
        known.business,
        known.notes,
    )


# Which map


def test_a_table_that_fits_no_map_is_refused_with_its_headings(reader):
    with pytest.raises(CannotRead, match="Its headings are: Termin, Kunde"):
        reader.open("Termin,Kunde\n2026-10-05 10:00,x\n")


def test_two_maps_that_fit_alike_are_a_question(reader):
    both = "start,case_id,activity,timestamp,status,start_at,created_at\n" + "," * 6 + "\n"
    with pytest.raises(CannotRead, match="could come from several tools"):
        reader.open(both)
    asked = []
    reader.open(both, ask=lambda question: asked.append(question.choices) or "log")
    assert set(asked[0]) >= {"log", "square"}


def test_a_map_can_be_named(reader):
    assert len(reader.legs("start\tx\n2026-10-05T10:00Z\t1\n", mapping="plain")) == 1
    with pytest.raises(CannotRead, match="There is no map “plane”"):
        reader.open("start\tx\n", mapping="plane")


ANSWERS = {
    "column.start": "Termin",
    "column.end": "bis",
    "column.booked_at": "-",
    "column.cancelled_at": "-",
    "column.service": "Leistung",
    "column.staff": "-",
    "column.price": "-",
    "column.customer": "Kunde",
    "column.status": "Ergebnis",
    "status": "attended",
}
UNKNOWN = "Termin;bis;Leistung;Kunde;Ergebnis\n05.10.2026 10:00;05.10.2026 11:00;Schnitt;Jane;da\n"


def test_an_unknown_table_is_asked_for_column_by_column_and_learned(reader, tmp_path):
    asked = []
    history, (only,) = reader.read(
        UNKNOWN, ask=lambda question: asked.append(question) or ANSWERS[question.key]
    )
    assert only.legs[0].outcome is Outcome.COMPLETED
    assert only.legs[0].service == "Schnitt"
    assert "Termin: 05.10.2026 10:00" in asked[0].examples

    path = tmp_path / "learned.toml"
    path.write_text(as_toml(history.learned), encoding="utf-8")
    (again,) = open_files(
        [tmp_path / "export.csv"], zone=BERLIN, now=NOW, mapping=path
    ).appointments()
    assert again.legs == only.legs


def test_an_answer_that_is_no_choice_is_refused(reader):
    with pytest.raises(CannotRead, match="“maybe” is none of the answers"):
        reader.open(UNKNOWN, ask=lambda question: "maybe")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns = 1", "not right"),
        ("[columns]\nbegin = 'x'", "“begin” is not one of"),
        ("colums = {}", "“colums” is no part of a map"),
        ("[columns]\nstart = 'x'\n[cannot]\nknow = 'x'", "“know” is no field"),
        ("name = ", "cannot be read"),
        ("[columns]\nstart = 'nowhere'", "finds no start"),
    ],
)
def test_a_map_that_is_wrong_is_said_to_be(reader, text, said):
    path = reader.file(text, "map.toml")
    with pytest.raises(CannotRead, match=said):
        reader.open("a,b\n1,2\n", mapping=path)


# Several files that are one history

REGISTER = """
name = "register"
[[part]]
name = "bookings"
recognised_by = ["No", "Begin"]
columns = { id = "No", start = "Begin" }
[[part]]
name = "cancelled"
recognised_by = ["No", "Cancelled On"]
outcome = "cancelled"
columns = { id = "No", cancelled_at = "Cancelled On", start = "Was For" }
[[part]]
name = "missed"
recognised_by = ["No", "Missed On"]
outcome = "missed"
columns = { id = "No", outcome_at = "Missed On" }
[[part]]
name = "receipts"
recognised_by = ["No", "Amount"]
outcome = "completed"
columns = { id = "No", outcome_at = "Paid", price = "Amount" }
"""
BOOKED = "No,Begin\n" + "".join(f"{n},2026-10-0{n}T10:00Z\n" for n in range(1, 5))
CANCELLED = "No,Cancelled On,Was For\n2,2026-10-01T09:00Z,\n9,2026-10-02T09:00Z,2026-10-09T09:00Z\n"
MISSED = "No,Missed On\n3,2026-10-03T11:00Z\n4,2026-10-04T11:00Z\n8,2026-10-04T11:00Z\n"
RECEIPTS = "No,Paid,Amount\n1,2026-10-01T11:00Z,45.00\n4,2026-10-04T11:30Z,30.00\n"


def test_bookings_cancellations_no_shows_and_receipts_are_joined(reader):
    path = reader.file(REGISTER, "register.toml")
    history, found = reader.read(BOOKED, CANCELLED, MISSED, RECEIPTS, mapping=path)
    told = {each.legs[0].reference: each.legs[0] for each in found}
    outcomes = {place: leg.outcome for place, leg in told.items()}
    assert outcomes == {
        "export.csv line 2": Outcome.COMPLETED,
        "export.csv line 3": Outcome.CANCELLED,
        "export.csv line 4": Outcome.MISSED,
        "export.csv line 5": Outcome.COMPLETED,
        "1-export.csv line 3": Outcome.CANCELLED,
    }
    assert told["export.csv line 2"].price == Decimal("45.00")
    assert told["export.csv line 3"].outcome_at == utc(2026, 10, 1, 9)
    assert history.quality.dropped == {rules.NO_BOOKING: 1}
    assert history.quality.noted[rules.CONTRADICTION] == 1
    assert history.source.knows >= {Field.ATTENDED, Field.MISSED, Field.CANCELLED_AT}


def test_bookings_that_replace_each_other_are_one_appointment(reader):
    content = (
        "id,start,status,moved_from,email\n"
        "1,2026-10-05T10:00Z,cancelled,,jane@example.com\n"
        "2,2026-10-06T10:00Z,cancelled,1,\n"
        "3,2026-10-07T10:00Z,completed,2,\n"
        "4,2026-10-07T10:00Z,completed,,joe@example.com\n"
    )
    history, found = reader.read(content)
    assert [len(each.legs) for each in found] == [1, 3]
    assert [leg.outcome for leg in found[1].legs] == [
        Outcome.RESCHEDULED,
        Outcome.RESCHEDULED,
        Outcome.COMPLETED,
    ]
    assert found[1].person is not None
    assert Field.MOVES in history.source.knows


def test_bookings_that_replace_each_other_in_a_circle_are_taken_apart(reader):
    content = "id,start,moved_to\n1,2026-10-05T10:00Z,2\n2,2026-10-06T10:00Z,1\n"
    history, found = reader.read(content)
    assert sum(len(each.legs) for each in found) == 2
    assert rules.IN_A_CIRCLE in history.quality.noted


def test_two_years_of_exports_are_one_history_and_doubles_between_them_count_once(reader):
    history, found = reader.read(CALENDLY, CALENDLY)
    assert len(found) == 4
    assert history.quality.dropped == {rules.DUPLICATE: 4}
