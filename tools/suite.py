"""`./run test` and `./run lint`: every check of the house, and one closing line for all of them.

python tools/suite.py lint          style, types, boundaries
python tools/suite.py test          the same, then the core with every branch counted, then all
                                    other tests on SQLite, then on PostgreSQL
python tools/suite.py test ARGS...  pytest with these arguments, on one database
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres import PostgresFailed, postgres, run_child, stop_when_told

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NO_TESTS_SELECTED = 5

TWO = ("-n", "2", "--dist", "worksteal")  # who has finished takes over half of what is left
AGAIN = "database and not one_database"

CHECKS = {
    "style": ["ruff", "check", "--quiet", "--output-format=concise", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy", "--no-error-summary"],
    "boundaries": ["lint-imports", "--no-logo"],
}


@dataclass
class Tally:
    """What became of the tests. A check that fails counts as one failed test."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: Tally) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def environment(**extra: str) -> dict[str, str]:
    """What every check and test sees: our sources first, however this was started."""
    path = os.pathsep.join([str(PROJECT / "src"), str(PROJECT / "tools")])
    # The tests choose their own settings; a person's shell must not choose them first.
    ours = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return ours | {"PYTHONPATH": path} | extra


def run_check(name: str, command: list[str]) -> bool:
    """Run one check; say one line, and what it found only if it failed."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        env=environment(),
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    ok = done.returncode == 0
    print(f"{name:<11}{'ok' if ok else 'FAILED'}", flush=True)
    if not ok:
        print(done.stdout.rstrip(), flush=True)
    return ok


def lint() -> list[str]:
    """Run all checks and return the names of those that failed."""
    return [name for name, command in CHECKS.items() if not run_check(name, command)]


def read_tally(report: Path, exit_code: int) -> Tally:
    """Count what pytest's report holds. A run that ended badly never counts as free of failures."""
    tally = Tally()
    if report.exists():
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            tally.add(Tally(int(suite.get("tests", 0)) - bad - skipped, bad, skipped))
    if exit_code not in (0, NO_TESTS_SELECTED) and tally.failed == 0:
        tally.failed = 1
    return tally


def pytest(*arguments: str, under: Sequence[str] = (), **extra: str) -> tuple[Tally, int]:
    """Run pytest, `under` another module (its words up to its own `-m`) if one is given."""
    with tempfile.TemporaryDirectory(prefix="kept-report-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, *under, "-m", "pytest", f"--junitxml={report}", *arguments]
        code = run_child(command, environment(**extra))
        return read_tally(report, code), code


@contextmanager
def test_database() -> Iterator[str]:
    """The database of the second round: the one the person names, or one of our own."""
    given = os.environ.get("KEPT_TEST_DATABASE_URL")
    if given:
        yield given
    else:
        with postgres() as url:
            yield url


def core() -> Tally:
    """The core, where every line and every branch must have been tried by its own tests."""
    print("\nTests of the core, with every branch counted", flush=True)
    with tempfile.TemporaryDirectory(prefix="kept-coverage-") as folder:
        data = f"--data-file={folder}/coverage"
        counting = ["-m", "coverage", "run", data, "--source=kept.core"]
        tally, _ = pytest("tests/core", under=counting)
        report = ["report", data, "--fail-under=100", "--show-missing", "--skip-covered"]
        if run_child([sys.executable, "-m", "coverage", *report], environment()):
            print("The core has lines or branches that no test of its own tries.", flush=True)
            tally.failed += 1
    return tally


def both_databases() -> Tally:
    """Everything else on SQLite, then what touches a database again on PostgreSQL."""
    print("\nTests on SQLite", flush=True)
    tally, _ = pytest(*TWO, "--ignore=tests/core", KEPT_TEST_DATABASE_URL="")
    print("\nTests that touch the database, on PostgreSQL", flush=True)
    try:
        with test_database() as url:
            second, _ = pytest(*TWO, "-m", AGAIN, KEPT_TEST_DATABASE_URL=url)
    except PostgresFailed as problem:
        print(problem, flush=True)
        second = Tally(failed=1)
    tally.add(second)
    return tally


def test_everything() -> int:
    failed_checks = lint()
    tally = core()
    tally.add(both_databases())
    tally.failed += len(failed_checks)
    print()
    if failed_checks:
        print(f"Checks that failed: {', '.join(failed_checks)} (each counts as one failed)")
    print(tally, flush=True)
    return 1 if tally.failed else 0


def main(arguments: list[str]) -> int:
    os.chdir(PROJECT)
    stop_when_told()
    try:
        match arguments:
            case ["lint"]:
                return 1 if lint() else 0
            case ["test"]:
                return test_everything()
            case ["test", *rest]:
                return run_child([sys.executable, "-m", "pytest", *rest], environment())
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
