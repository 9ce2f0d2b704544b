"""A PostgreSQL of one's own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from postgres import postgres

TOOL = Path(__file__).resolve().parents[2] / "tools" / "postgres.py"


def setting(url, name):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


def folder_of(url):
    return Path(psycopg.conninfo.conninfo_to_dict(url)["host"])


@pytest.mark.parametrize(("durable", "fsync"), [(False, "off"), (True, "on")])
def test_it_lives_as_long_as_the_block(durable, fsync):
    with postgres(durable=durable) as url:
        assert setting(url, "fsync") == fsync
    assert not folder_of(url).exists()


def test_it_is_stopped_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), postgres() as url:
        _ = 1 / 0
    assert not folder_of(url).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_stopped_with_the_command(number):
    tell = "import os; print(os.environ['KEPT_TEST_DATABASE_URL'], flush=True); input()"
    run = subprocess.Popen(
        [sys.executable, TOOL, "--", sys.executable, "-c", tell],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    folder = folder_of(run.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    # As a terminal does it for Ctrl-C, or as `kill` does it.
    (os.killpg if number == signal.SIGINT else os.kill)(run.pid, number)
    run.communicate(timeout=60)
    assert run.returncode == 128 + number
    assert not folder.exists()
    assert not is_alive(server)


def is_alive(process):
    """Whether the process still runs; it may take a moment to be gone."""
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def test_it_passes_on_how_the_command_ended():
    done = subprocess.run(
        [sys.executable, TOOL, "--", sys.executable, "-c", "raise SystemExit(3)"], check=False
    )
    assert done.returncode == 3


def test_it_explains_itself_without_the_environment():
    """-S -I: as the system's Python would run it, with none of our packages."""
    asked = [sys.executable, "-S", "-I", TOOL, "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "KEPT_DATABASE_URL" in told.stdout
    assert "KEPT_TEST_DATABASE_URL" in told.stdout


def test_without_the_environment_it_says_what_is_missing():
    asked = [sys.executable, "-S", "-I", TOOL, "--", "true"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "./run lint" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_command_beside_it_finds_the_database_for_tests_and_for_kept():
    tell = "import os; print(os.environ['KEPT_TEST_DATABASE_URL'], os.environ['KEPT_DATABASE_URL'])"
    asked = [sys.executable, TOOL, "--", sys.executable, "-c", tell]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == told[1]
    assert told[0].startswith("postgresql://")
