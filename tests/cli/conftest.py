"""The real command in a process of its own, on a new installation of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest

from tests.databases import clean_slate

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a test gives up waiting


def until(condition, what):
    """Wait until the condition holds; its answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"Waited {PATIENCE} s in vain: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Done:
    """What a command left behind."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def sentence(self):
        """The error as the operator reads it."""
        assert "Traceback" not in self.err
        return self.err.strip().splitlines()[-1].removeprefix("Error: ")


class Installation:
    """Settings of a new installation, and the command run with them."""

    def __init__(self, folder, database_url):
        own = {
            "PYTHONPATH": str(PROJECT / "src"),
            "PYTHONUNBUFFERED": "1",
            "KEPT_DATA_DIR": str(folder),
            "KEPT_DATABASE_URL": database_url,
            "KEPT_EMAIL_URL": "inbox:",
        }
        rest = {name: text for name, text in os.environ.items() if not name.startswith("KEPT_")}
        rest.pop("DJANGO_SETTINGS_MODULE", None)
        self.folder, self.env = folder, {**rest, **own}
        self.running = []

    def kept(self, *arguments, code=0, **env):
        """Run the command to its end."""
        done = Done(
            subprocess.run(
                [sys.executable, "-m", "kept", *arguments],
                env={**self.env, **env},
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
        )
        assert done.code == code, done.out + done.err
        return done

    def python(self, script):
        """Run a script inside the house: what another process of this installation would do."""
        start = "from kept.cli import house; house.open_django()\n"
        done = subprocess.run(
            [sys.executable, "-c", start + script],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, *arguments, **env):
        """Run the command in the background."""
        running = Running([*arguments], {**self.env, **env})
        self.running.append(running)
        return running

    def stop_everything(self):
        for running in self.running:
            running.stop(signal.SIGKILL)


class Running:
    """A command that runs until it is stopped."""

    def __init__(self, arguments, env):
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kept", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    @property
    def said(self):
        return "".join(self.lines)

    def wait_for(self, text):
        def heard():
            assert self.process.poll() is None or text in self.said, self.said
            return text in self.said

        until(heard, f"{text!r} in:\n{self.said}")

    @property
    def children(self):
        """The numbers of its child processes that live."""
        numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        mine = str(self.process.pid)
        return sorted(n for n in numbers if (found := _status(n)) and found[1] == mine)

    def stop(self, number=signal.SIGTERM, *, everybody=False):
        """Ask it to stop, alone or with its children as a terminal does; its exit code."""
        if self.process.poll() is None:
            tell = os.killpg if everybody else os.kill
            tell(self.process.pid, number)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        return code


def _status(pid):
    """State and parent of a process; None when it is gone or only waits to be buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if status[0] == "Z" else status


def alive(pid):
    return _status(pid) is not None


def get(url):
    """The status of a page; None when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except urllib.error.URLError:
        return None


@pytest.fixture
def new_database(tmp_path, django_db_setup, django_db_blocker):
    """The URL of an empty database of the kind these tests run on."""
    from django.db import connection

    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'kept.sqlite3'}"
        return
    name = f"new_{uuid4().hex}"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield clean_slate(connection).url.rpartition("/")[0] + f"/{name}"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh(tmp_path, new_database):
    """A new installation before its first start. Whatever it started is stopped afterwards."""
    installation = Installation(tmp_path, new_database)
    yield installation
    installation.stop_everything()


@pytest.fixture
def house(tmp_path, house_db):
    """A new installation whose database is prepared and empty."""
    installation = Installation(tmp_path, house_db.url)
    yield installation
    installation.stop_everything()


@pytest.fixture
def studio(house):
    """An installation with one business, on the time-lapse clock at a Monday morning."""
    house.kept(*SETUP, "--clock", "2027-03-01T08:00:00+01:00", "--sample-data")
    return house


SETUP = ("setup", "--business", "My Studio", "--time-zone", "Europe/Berlin")
SETUP += ("--owner", "owner@example.com")
