"""Damaged and hostile files: one kind of error with a sentence, or a history that adds up; never a
traceback, never a hang."""

import gzip
import random
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kept.audit.reading import CannotRead, ics, open_files
from tests.audit.reading import test_calendars, test_logs, test_plain, test_tools
from tests.audit.reading.builders import BERLIN, NOW, Reader

SERIES = test_calendars.calendar(
    test_calendars.local("20261012T090000", "RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO,WE"),
    test_calendars.entry("EXDATE:20261005T100000Z", RRULE="FREQ=DAILY", CREATED="20261001T0800Z"),
)
SOUND = [
    test_plain.HEAD + test_plain.row() + test_plain.row(customer="joe@example.com"),
    test_tools.CALENDLY,
    test_tools.GOOGLE,
    SERIES,
    test_logs.table(test_logs.STORY, test_logs.MOVED),
    test_logs.xes(test_logs.STORY, test_logs.MOVED),
    test_logs.ocel_json(test_logs.STORY, test_logs.MOVED),
    test_logs.ocel_xml(test_logs.STORY, test_logs.MOVED),
]
QUICKLY = settings(
    max_examples=80, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(folder, content):
    """Whatever the content: everything is accounted for, or CannotRead says a sentence."""
    reader = Reader(folder)
    try:
        history = reader.open(content, ask=lambda question: question.default)
        used = sum(len(each.legs) for each in history.appointments())
    except CannotRead as error:
        said = str(error)
    else:
        said = ""
    assert not said or said.endswith((".", "?", ")"))
    if said:
        return
    assert history.quality.adds_up
    assert used <= history.quality.used


@QUICKLY
@given(content=st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    survives(tmp_path, content)


@QUICKLY
@given(content=st.text(max_size=400))
def test_any_text_under_known_headings(tmp_path, content):
    survives(tmp_path, (test_plain.HEAD + content).encode("utf-8", "surrogatepass"))


PIECES = ["", ",", '"', "\n", "\r", "\0", ";", "<", "]]>", "&x;", "T99", "=-1", "\ufffe", "9" * 30]


@QUICKLY
@given(which=st.sampled_from(range(len(SOUND))), seed=st.integers(0, 10**9))
def test_any_sound_file_with_some_damage(tmp_path, which, seed):
    chance = random.Random(seed)
    text = SOUND[which]
    for _ in range(chance.randint(1, 4)):
        begin = chance.randrange(len(text))
        end = begin + chance.choice([0, 1, 1, 5, 60])
        piece = chance.choice([*PIECES, text[begin:end] * 2, chance.choice(SOUND)[:200]])
        text = text[:begin] + piece + text[end:]
    survives(tmp_path, text.encode("utf-8", "surrogatepass"))


@settings(QUICKLY, max_examples=15)
@given(seed=st.integers(0, 10**9))
def test_a_damaged_database(tmp_path, seed):
    chance = random.Random(seed)
    content = bytearray(test_logs.ocel_sqlite(tmp_path / "sound.sqlite", test_logs.STORY))
    for _ in range(chance.randint(1, 30)):
        content[chance.randrange(100, len(content))] = chance.randrange(256)
    survives(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest", "Save the sheet as CSV"),
        (b"%PDF-1.7", "is a PDF"),
        (b"<html><body>Log in</body></html>", "neither an XES nor an OCEL"),
        (b"just some words", "does not look like a table"),
        (gzip.compress(b"start,end\n1,2\n" * 100)[:-20], "damaged or cut off"),
        (b"start,end\n" + b"x" * 2_000_000, "longer than a million characters"),
        (b'start,end\n"' + b"x,\n" * 100_000, "quotation mark"),
        (b'{"objects": [' + b"[" * 100_000, "no sound OCEL"),
        (b'{"objects": [{"id": ' + b"1" * 5_000 + b"}]}", "no sound OCEL"),
        (b"<log>" + b"<trace>" * 200, "nested too deeply"),
        (b"a," * 3_000 + b"\n1,2\n", "more than 1000 columns"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n" + b" x\n" * 600_000, "has no end"),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100, "nested too deeply"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_cannot_be_read_is_said_in_a_sentence(reader, content, said):
    with pytest.raises(CannotRead, match=said):
        list(reader.open(content).appointments())


def test_a_packed_flood_is_stopped_at_its_first_line(reader):
    flood = gzip.compress(b"a" * 50_000_000)
    with pytest.raises(CannotRead, match="longer than a million"):
        reader.open(flood)


def test_a_file_that_is_not_there_and_none_at_all(tmp_path):
    for paths, said in (([tmp_path / "nothing.csv"], "There is no file"), ([], "at least one")):
        with pytest.raises(CannotRead, match=said):
            open_files(paths, zone=BERLIN, now=NOW)


def test_files_of_different_kinds_are_no_one_history(reader):
    with pytest.raises(CannotRead, match="different kinds"):
        reader.open(test_plain.HEAD, SERIES)


def test_a_view_that_computes_for_ever_is_never_asked(reader, tmp_path):
    path = tmp_path / "made.sqlite"
    test_logs.ocel_sqlite(path, test_logs.STORY)
    log = sqlite3.connect(path)
    log.executescript(
        """
        DROP TABLE event_booked;
        CREATE VIEW event_booked AS WITH RECURSIVE n(ocel_id) AS
            (SELECT 1 UNION ALL SELECT ocel_id + 1 FROM n) SELECT * FROM n;
        """
    )
    log.close()
    assert reader.read(path.read_bytes())[0].quality.read == 4


def test_a_database_small_on_the_disk_and_endless_in_memory_is_stopped(reader, tmp_path):
    path = tmp_path / "made.sqlite"
    for grows in (
        """
        ALTER TABLE event_booked ADD COLUMN huge TEXT AS (hex(zeroblob(9000000))) VIRTUAL;
        """,
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400)
            INSERT INTO event_booked SELECT 'same', '', '', '', '' FROM n;
        INSERT INTO event_object SELECT 'same', '', '' FROM event_booked;
        """,
    ):
        test_logs.ocel_sqlite(path, test_logs.STORY)
        log = sqlite3.connect(path)
        log.executescript(grows)
        log.close()
        with pytest.raises(CannotRead, match=r"too big|without end"):
            reader.read(path.read_bytes())


@pytest.mark.parametrize("odd", ["01.01.0001 10:00 +14:00", "31.12.9999 23:00 -14:00"])
def test_a_time_beyond_all_times_costs_its_row_and_not_the_file(reader, odd):
    content = test_plain.HEAD + test_plain.row() + test_plain.row(start=odd, end="")
    assert reader.dropped(content) == {"an impossible date": 1}


def test_half_a_letter_in_a_log_is_a_mark_that_can_be_written_down(reader):
    asked = []

    def ask(question):
        asked.append(question.text)
        return question.default

    odd = [*test_logs.STORY, ("dreamt", test_logs.END, {})]
    log = test_logs.ocel_json(odd).replace("dreamt", "\\ud800ed")
    reader.read(log, ask=ask)
    assert any("\ufffded" in each for each in asked)


def test_a_series_of_very_many_dates_is_cut_and_said(reader):
    many = test_calendars.entry(DTSTART="19950101T100000Z", DTEND=None, RRULE="FREQ=DAILY")
    history, found = reader.read(test_calendars.calendar(many))
    assert len(found) == ics.MOST_DATES
    assert history.quality.read == ics.MOST_DATES


def test_no_spreadsheet_on_earth_makes_a_file_of_one_encoding(reader):
    text = test_plain.HEAD + test_plain.row().replace("Haircut", "Färben")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"):
        assert reader.leg(text.encode(encoding)).service == "Färben"
    for mark in ";\t|":
        assert reader.leg(text.replace(",", mark)).service == "Färben"
    assert reader.leg("sep=;\n" + text.replace(",", ";")).service == "Färben"
    assert reader.leg(text.replace("Färben", '"Wash\nand dry"')).service == "Wash\nand dry"
