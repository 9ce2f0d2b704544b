"""A wrong setting stops the command with a sentence that says what to do."""

import pytest

from tests.cli.conftest import SETUP
from tests.cli.test_clock import START

pytestmark = pytest.mark.one_database

WRONG = [
    ("KEPT_DATABASE_URL", "mysql://host/name", "use sqlite:////full/path/to/file or postgresql://"),
    ("KEPT_DATABASE_URL", "postgresql://user@127.0.0.1:5432/", "names no database"),
    ("KEPT_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/kept", "check KEPT_DATABASE_URL"),
    ("KEPT_DATA_DIR", "/proc/kept", "name a folder that this user may write to"),
    ("KEPT_EMAIL_URL", "mail.example.com", "must begin with smtp://"),
    ("KEPT_EMAIL_URL", "smtp://user:hunter2@", "has no host"),
    ("KEPT_BASE_URL", "book.example.com", "write the address people use"),
    ("KEPT_BASE_URL", "https://example.com/kept", "(no path"),
    ("KEPT_SECRET_KEY", "hunter2", "shorter than 32 characters"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_setting_is_named_with_what_to_do_and_without_its_secret(
    house, name, value, sentence
):
    done = house.kept("serve", code=2, **{name: value})
    assert name in done.sentence
    assert sentence in done.sentence
    assert len(done.err.strip().splitlines()) == 1
    assert "hunter2" not in done.err
    assert done.out == ""


def test_setup_refuses_a_wrong_setting_as_serve_does(house):
    assert "KEPT_EMAIL_URL" in house.kept(*SETUP, code=2, KEPT_EMAIL_URL="mail").sentence


@pytest.mark.parametrize("command", [("clock",), ("web",), ("work",), ("policy",)])
def test_a_database_that_is_not_prepared_is_said_to_be_so(fresh, command):
    assert "kept migrate" in fresh.kept(*command, code=2).sentence
    assert not (fresh.folder / "kept.sqlite3").exists()


def test_an_upgrade_says_that_it_brings_the_database_up_to_date_and_a_first_start_does_not(fresh):
    assert "Bringing" not in fresh.kept("migrate").err
    fresh.python(
        "from django.core.management import call_command as c; c('migrate', 'clock', '0001')"
    )
    assert "Bringing the database up to this version (1 step) ..." in fresh.kept("migrate").err
    assert "Bringing" not in fresh.kept("migrate").err


@pytest.mark.parametrize("asked", [("--speed", "10"), ("--clock", START)], ids=" ".join)
def test_a_clock_it_cannot_have_is_refused_before_the_database_is_brought_up(house, asked):
    house.kept(*SETUP)
    house.python(
        "from django.core.management import call_command as c; c('migrate', 'clock', '0001')"
    )
    for command in (("serve",), SETUP) if "--clock" in asked else (("serve",),):
        refused = house.kept(*command, *asked, code=1)
        assert "--clock" in refused.sentence or "lives on the real clock" in refused.sentence
        assert "Bringing" not in refused.err
    assert "(1 step)" in house.kept("migrate").err


def test_a_speed_alone_makes_no_database(fresh):
    assert "--clock" in fresh.kept("serve", "--speed", "10", code=1).sentence
    assert not (fresh.folder / "kept.sqlite3").exists()


def test_a_database_of_a_newer_version_is_left_alone(fresh):
    fresh.kept("migrate")
    fresh.python(
        "from django.db.migrations.recorder import MigrationRecorder as R\n"
        "from django.db import connection\n"
        "R(connection).record_applied('appointments', '9999_from_the_future')"
    )
    for command in (("serve",), ("clock",), SETUP):
        assert "written by a newer Kept" in fresh.kept(*command, code=2).sentence


@pytest.mark.parametrize("command", ["serve", "check", "status"])
def test_a_file_that_is_no_database_is_said_to_be_none(fresh, command):
    (fresh.folder / "other.sqlite3").write_text("something else\n" * 100)
    done = fresh.kept(command, code=2, KEPT_DATABASE_URL="sqlite:///other.sqlite3")
    assert "file is not a database" in done.sentence


def test_what_is_written_is_for_its_owner_alone_in_a_folder_that_is_not(fresh):
    fresh.folder.chmod(0o755)
    fresh.kept(*SETUP)
    open_to_others = [file.name for file in fresh.folder.rglob("*") if file.stat().st_mode & 0o077]
    assert open_to_others == []


def test_a_secret_key_is_made_once_and_only_its_owner_may_read_it(fresh):
    fresh.kept("migrate")
    key = fresh.folder / "secret-key"
    first = key.read_text()
    fresh.kept("migrate")
    assert key.read_text() == first
    assert key.stat().st_mode & 0o077 == 0


def test_what_another_user_left_in_the_folder_is_named(fresh):
    """As after a command that was run as root: here a folder, which not even root may write to."""
    (fresh.folder / "migrate.lock").mkdir()
    said = fresh.kept("migrate", code=2).sentence
    assert "migrate.lock" in said
    assert "this user must own it" in said


def test_a_database_of_another_user_is_said_to_be_that(fresh):
    (fresh.folder / "kept.sqlite3").mkdir()
    assert "belongs to the user who runs Kept" in fresh.kept("migrate", code=2).sentence
