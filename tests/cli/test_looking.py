"""What can be asked for without a running installation: help, the path, a backup."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from kept import __version__
from tests.cli.conftest import PROJECT, SETUP


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
    for name in (
        *("demo", "serve", "web", "work", "migrate", "setup", "key", "sign-in", "policy"),
        *("clock", "path", "explain", "status", "check", "backup", "version"),
    ):
        assert f"\n  {name} " in told
    assert "Exit codes" in told


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
    assert "first_reminder    24h before start" in drawn


def test_a_sample_keeps_24_hours_across_a_change_of_the_clocks(bare):
    sample = ("--sample", "2027-03-28T10:00", "--time-zone", "Europe/Berlin")
    drawn = bare("path", "appointment", *sample).stdout
    reminder = next(line for line in drawn.splitlines() if line.startswith("first_reminder"))
    # 24 real hours before 10:00 summer time is 9:00 winter time, not 10:00.
    assert "Sat 2027-03-27 09:00+01:00  2027-03-27 08:00" in reminder


def test_a_sample_at_a_time_that_does_not_exist_is_refused(bare):
    sample = ("--sample", "2027-03-28T02:30", "--time-zone", "Europe/Berlin")
    refused = bare("path", "appointment", *sample, code=2)
    assert "does not exist in Europe/Berlin" in refused.stderr


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
