"""What can be asked for without a running installation: help, the path, a backup."""

import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from kept import __version__
from kept.cli import commands
from tests.cli.conftest import PROJECT, SETUP

pytestmark = pytest.mark.one_database


@pytest.fixture
def bare(tmp_path):
    """The command where nothing is installed, prepared or set."""

    def kept(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "kept", *arguments],
            env={"PYTHONPATH": str(PROJECT / "src"), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    kept.home = tmp_path
    return kept


def test_help_names_every_command(bare):
    told = bare("--help").stdout
    for name in commands.kept.commands:
        assert f"\n  {name} " in told
    assert "More:" not in told
    assert "Exit codes" in told


def test_every_command_is_told_whole_on_one_line_of_a_usual_terminal(bare):
    told = bare("--help").stdout.partition("Options:")[2]
    assert "..." not in told
    assert all(len(line) <= 80 for line in told.splitlines())
    for section in ("Try and run", "Set up", "Look"):
        assert f"{section}:\n" in told


@pytest.mark.parametrize("command", sorted(commands.kept.commands))
def test_every_command_explains_itself(bare, command):
    told = bare(command, "--help").stdout
    assert f"Usage: kept {command}" in told
    if command not in {"migrate", "version"}:
        assert f"kept {command} " in told.split("Options:")[0].split("\n", 1)[1], "an example"


@pytest.mark.parametrize(
    "question", ["check", "clock", "explain", "path", "person", "policy", "status"]
)
def test_every_question_can_be_answered_in_json(question):
    assert "--json" in {
        name for each in commands.kept.commands[question].params for name in each.opts
    }


def test_what_is_misspelt_is_answered_with_what_was_probably_meant(bare):
    assert "Did you mean 'check'" in bare("chek", code=2).stderr
    assert "Did you mean '--workers'" in bare("serve", "--workrs", "2", code=2).stderr
    assert "Did you mean appointment?" in bare("path", "apointment", code=2).stderr


def test_help_is_quick_because_it_loads_neither_django_nor_a_server():
    script = (
        "import sys; from kept.cli import commands\n"
        "print(sorted({'django', 'granian', 'rich'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(PROJECT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_asking_what_there_is_leaves_nothing_on_the_disk(bare):
    for question in (["--help"], ["serve", "--help"], ["version"], ["path", "appointment"]):
        bare(*question)
    assert list(bare.home.iterdir()) == []


def test_the_version_is_the_one_of_the_package(bare):
    assert bare("version").stdout == f"{__version__}\n"


def test_the_path_is_drawn_with_its_controls(bare):
    drawn = bare("path", "appointment").stdout
    assert "SCHEDULED ──▶ CONFIRMED ──▶ PREPARED ──▶ ATTENDED ──▶ COMPLETED" in drawn
    assert "RESCHEDULED · CANCELLED · MISSED" in drawn
    assert re.search(r"first_reminder +24h before start", drawn)


def test_a_sample_keeps_24_hours_across_a_change_of_the_clocks(bare):
    sample = ("--sample", "2027-03-28T10:00", "--time-zone", "Europe/Berlin")
    drawn = bare("path", "appointment", *sample).stdout
    reminder = next(line for line in drawn.splitlines() if line.startswith("first_reminder"))
    # 24 real hours before 10:00 summer time is 9:00 winter time, not 10:00.
    assert "Sat 2027-03-27 09:00 +01:00  2027-03-27 08:00" in reminder
    assert "24h before start" in reminder


def test_a_sample_reads_from_the_booking_to_the_end_and_names_the_change_of_the_clocks(bare):
    sample = ("--sample", "2027-03-28T10:00", "--time-zone", "Europe/Berlin")
    told = bare("path", "appointment", *sample).stdout
    first, second, *_ = told.splitlines()
    assert first == (
        "A visit on Sun 2027-03-28 10:00 +02:00 (Europe/Berlin) for 1 hour, booked 7 days before."
    )
    assert second.startswith("The clocks there are put forward on the way, from +01:00 to +02:00")
    order = [line.split("  ")[0] for line in told.splitlines()]
    assert order.index("(booked)") < order.index("confirmation") < order.index("(begins)")
    assert order.index("(begins)") < order.index("(ends)") < order.index("outcome_due")


def test_a_sample_in_a_quiet_season_says_nothing_of_the_clocks(bare):
    told = bare("path", "--sample", "2027-06-28 10:00", "--time-zone", "Europe/Berlin").stdout
    assert "clocks" not in told


def test_a_sample_says_why_something_would_not_come(bare):
    soon = ("path", "--sample", "2027-06-28T10:00", "--booked-before", "3h")
    told = bare(*soon).stdout
    reminder = next(line for line in told.splitlines() if line.startswith("first_reminder"))
    assert "skipped: " in reminder


def test_a_sample_at_a_time_that_does_not_exist_is_refused(bare):
    sample = ("--sample", "2027-03-28T02:30", "--time-zone", "Europe/Berlin")
    refused = bare("path", "appointment", *sample, code=2)
    assert "does not exist in Europe/Berlin" in refused.stderr


def test_a_sample_at_a_time_that_happens_twice_asks_for_its_offset_and_takes_it(bare):
    asked = ("path", "--time-zone", "Europe/Berlin", "--sample")
    refused = bare(*asked, "2027-10-31T02:30", code=2)
    assert "happens twice in Europe/Berlin" in refused.stderr
    for text, utc in (("2027-10-31T02:30+02:00", "00:30"), ("2027-10-31T02:30+01:00", "01:30")):
        assert text in refused.stderr
        told = bare(*asked, text).stdout.splitlines()
        (begins,) = (line for line in told if line.startswith("(begins)"))
        assert begins.endswith(f"2027-10-31 {utc}")
    left_out = bare(*asked, "2027-03-28T02:30+01:00", code=2)
    assert "does not exist in Europe/Berlin" in left_out.stderr


@pytest.mark.parametrize("text", ["banana", "2027-03-28", "2027-03-28T10:00+2", "2027-02-30T10:00"])
def test_what_is_no_time_of_the_wall_is_said_to_be_none(bare, text):
    refused = bare("path", "--sample", text, code=2).stderr
    assert f"{text!r} is not a date and time such as 2027-03-28T10:00" in refused


def test_a_path_that_does_not_exist_is_refused(bare):
    assert "there are: appointment" in bare("path", "desire", code=2).stderr


@pytest.mark.parametrize(
    "question",
    [("check",), ("clock",), ("policy",), ("explain", "KX7-M2PT9"), ("backup", "copy.sqlite3")],
    ids=" ".join,
)
def test_where_nothing_is_installed_a_question_says_so_and_leaves_nothing_behind(bare, question):
    refused = bare(*question, code=2)
    place = bare.home / ".local" / "share" / "kept" / "kept.sqlite3"
    assert f"There is no database at {place} yet" in refused.stderr
    assert "kept setup" in refused.stderr
    assert "KEPT_DATA_DIR" in refused.stderr
    assert list(bare.home.iterdir()) == []


# Backup


def is_sqlite(house):
    return house.env["KEPT_DATABASE_URL"].startswith("sqlite")


def test_an_empty_file_is_no_database_to_copy(house):
    if not is_sqlite(house):
        pytest.skip("PostgreSQL is backed up with its own tools")
    empty, target = house.folder / "empty.sqlite3", house.folder / "backup.sqlite3"
    empty.touch()
    url = "sqlite:///empty.sqlite3"
    assert (
        "holds nothing" in house.kept("backup", str(target), code=1, KEPT_DATABASE_URL=url).sentence
    )
    assert not target.exists()


def test_a_backup_is_whole_and_private_and_never_written_over(house):
    house.kept(*SETUP)
    target = house.folder / "backup.sqlite3"
    if not is_sqlite(house):
        assert "pg_dump" in house.kept("backup", str(target), code=2).sentence
        return
    done = house.kept("backup", str(target))

    assert done.out.strip() == str(target)
    assert "secret-key" in done.err
    assert target.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT name FROM accounts_business").fetchall() == [("My Studio",)]
    assert "is not written over" in house.kept("backup", str(target), code=1).sentence
    assert not list(house.folder.glob("*.unfinished"))


def test_a_backup_says_on_a_terminal_how_far_it_is(house):
    if not is_sqlite(house):
        pytest.skip("PostgreSQL is backed up with its own tools")
    house.kept(*SETUP)
    shown = on_a_terminal(house, "backup", str(house.folder / "backup.sqlite3"))
    assert "Copying" in shown
    assert "100%" in shown


def on_a_terminal(house, *arguments):
    """What the command writes when its stderr is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kept", *arguments],
        env={**house.env, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    # Linux says EIO when the last one has closed the other side.
    with closing(os.fdopen(ours, "rb", buffering=0)) as terminal, suppress(OSError):
        while part := terminal.read(4096):
            shown += part
    assert process.wait(60) == 0
    return shown.decode()


def test_a_backup_is_an_installation_that_can_be_started(house):
    if not is_sqlite(house):
        pytest.skip("PostgreSQL is backed up with its own tools")
    house.kept(*SETUP)
    target = house.folder / "backup.sqlite3"
    house.kept("backup", str(target))
    shown = house.kept("policy", "--json", KEPT_DATABASE_URL=f"sqlite:///{target}").json
    assert shown["business"] == "my-studio"


def test_a_backup_into_a_folder_that_is_not_there_is_refused(house):
    if not is_sqlite(house):
        pytest.skip("PostgreSQL is backed up with its own tools")
    refused = house.kept("backup", str(house.folder / "no" / "backup.sqlite3"), code=2)
    assert "cannot be written" in refused.sentence
