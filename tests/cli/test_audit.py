"""`kept audit`: over files without an installation, and over one's own rows."""

import json

import pytest
from click.testing import CliRunner

from kept.cli.commands import kept
from kept.cli.problems import Refused
from tests.audit.exports import write
from tests.audit.read_back import from_csv_folder, from_json, from_page


def run(*arguments, code=0):
    done = CliRunner().invoke(kept, ["audit", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_a_file_is_audited_on_a_machine_without_an_installation(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT_DATA_DIR", str(tmp_path / "none"))
    file = write(tmp_path)
    done = run(file, "--zone", "Europe/Berlin")
    assert "Revenue Audit: bookings.csv" in done.stdout
    assert "60 rows were read, and every one was used." in done.stdout
    assert "cannot be answered from this file" in done.stdout
    assert not (tmp_path / "none").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["bookings.csv"]


def test_page_tables_and_json_of_a_file_agree_to_the_digit(tmp_path):
    page, tables = tmp_path / "report.html", tmp_path / "tables"
    zone = ("--zone", "Europe/Berlin")
    done = run(write(tmp_path), *zone, "--out", page, "--csv", tables, "--json")
    told = from_json(json.loads(done.stdout))
    assert len(told) > 20
    assert from_page(page.read_text(encoding="utf-8")) == told
    assert from_csv_folder(tables) == told


def test_only_the_days_asked_for_are_looked_at_by_the_zone(tmp_path):
    file = write(tmp_path)
    days = ("--from", "2025-02-02", "--to", "2025-02-02", "--zone", "Europe/Berlin", "--json")
    made = json.loads(run(file, *days).stdout)
    assert (made["begins"], made["ends"]) == (
        "2025-02-02T08:00:00+00:00",
        "2025-02-02T15:00:00+00:00",
    )


def test_bad_input_is_refused_with_a_sentence_and_writes_nothing(tmp_path):
    file = write(tmp_path)
    empty = write(tmp_path, "", "empty.csv")
    strange = write(tmp_path, "a,b\n1,2\n", "strange.csv")
    page = tmp_path / "report.html"
    for arguments, said in {
        (empty,): "empty",
        (strange,): "strange.csv",
        (file, "--map", "nothing"): "There is no map “nothing”",
        (file, "--from", "2025-03-01", "--to", "2025-02-01"): "--from is later than --to",
        (file, "--out", file): "give it a name such as bookings.html",
        (file, "--out", tmp_path / "no" / "report.html"): "There is no folder",
        (file, "--save-map", file): "is one of the files to be read",
        (file, "--zone", "Berlin"): "Europe/Berlin",
        (file, "--business", "quay"): "--business is for the installation's own rows",
        ("--zone", "Europe/Berlin"): "are for FILES",
    }.items():
        out = () if "--out" in arguments else ("--out", page)
        done = run(*arguments, *out, code=2)
        assert said in done.stderr
        assert "Traceback" not in done.output
    assert not page.exists()


def test_of_a_calendar_it_says_what_can_be_said(tmp_path):
    entry = ("DTSTART:20250203T090000Z", "DTEND:20250203T100000Z", "CREATED:20250131T090000Z")
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", *entry)
    file = tmp_path / "calendar.ics"
    file.write_text("\r\n".join((*lines, "END:VEVENT", "END:VCALENDAR", "")))
    page = tmp_path / "report.html"
    run(file, "--zone", "UTC", "--out", page)
    done = run(file, "--zone", "UTC").stdout
    assert "How far ahead are appointments booked? Half of them 3 days or less" in done
    assert "Most often between 09:00 and 10:00: 1 of 1" in done
    assert page.read_text(encoding="utf-8").count("Every entry with a time counts") == 1


def test_the_zone_of_a_map_is_that_of_the_business_unless_another_is_named(tmp_path):
    file, map_ = write(tmp_path, "Wann,Was\n2025-02-01 09:00,Massage\n"), tmp_path / "my.toml"
    map_.write_text('name = "my"\n[columns]\nstart = "Wann"\n[times]\nzone = "Asia/Tokyo"\n')
    done = run(file, "--map", map_)
    assert "(Asia/Tokyo)" in done.stdout
    assert "--zone names another" not in done.output
    assert "(Europe/Berlin)" in run(file, "--map", map_, "--zone", "Europe/Berlin").stdout


def test_what_is_asked_on_a_terminal_is_written_down_for_the_next_time(tmp_path, monkeypatch):
    file = write(tmp_path, "Wann,Was\n2025-02-01 09:00,Massage\n2025-02-02 09:00,Massage\n")
    monkeypatch.setattr("kept.cli.auditing._on_a_terminal", lambda: True)
    zone, learned = ("--zone", "Europe/Berlin"), tmp_path / "my.toml"
    answers = "1\n" + "\n" * 12
    asked = CliRunner().invoke(
        kept, ["audit", str(file), *zone, "--save-map", str(learned)], input=answers
    )
    assert asked.exit_code == 0, asked.output
    assert "Which column says when the appointment begins?" in asked.stderr
    again = run(file, *zone, "--map", learned, "--json")
    assert json.loads(again.stdout)["quality"]["used"] == 2


def test_ones_own_rows_are_audited_and_lead_to_their_appointments(house, tmp_path, capsys):
    from kept.cli import auditing
    from tests.console.pages import lived_in

    lived_in(house)
    page = tmp_path / "report.html"
    auditing.of_the_house(None, auditing.Wanted(None, None, page, None, as_json=True))
    made, text = json.loads(capsys.readouterr().out), page.read_text(encoding="utf-8")
    assert made["source"]["own"] is True
    assert made["quality"]["used"] > 5
    assert from_page(text) == from_json(made)
    [first, *_] = [each for figure in made["figures"] for each in figure["behind"]]
    assert f"/console/search?q={first}" in text
    with pytest.raises(Refused, match="There is no business 'quay'"):
        auditing.of_the_house("quay", auditing.Wanted(None, None, None, None, as_json=True))


def test_an_event_log_is_written_over_nothing_a_link_leads_to(house, tmp_path):
    from kept.cli import telling_events

    kept_file, log = tmp_path / "precious", tmp_path / "log.xes"
    kept_file.write_text("mine")
    (tmp_path / "log.xes.part").symlink_to(kept_file)
    telling_events.write(None, "xes", log, None, None, as_json=True)
    assert log.read_text(encoding="utf-8").startswith("<?xml")
    assert not log.is_symlink()
    assert kept_file.read_text() == "mine"


@pytest.fixture
def house(db):
    from tests.console.house import House, start_clock

    start_clock()
    return House()


@pytest.fixture(autouse=True)
def _no_zone(monkeypatch):
    monkeypatch.delenv("TZ", raising=False)
