"""Rules about the repository itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
RUFF = Path(sys.executable).with_name("ruff")
OPERATORS = PROJECT / "docs" / "operators.md"
REQUIREMENTS = sorted((PROJECT / "requirements").glob("*.txt"))

PIN = re.compile(r"[a-z0-9.\-]+(\[[a-z0-9,\-]+\])?==[^\s;]+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
COMMENT = re.compile(r" *#.*")

# This file, which must name them, is left out of the search.
FORBIDDEN = {
    "the address of a package index": re.compile(
        r"\bpypi\.|pythonhosted|artifactory|index[-_]url\s*=", re.IGNORECASE
    ),
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w"),
}


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        # An unpacked release has no history; everything in it was tracked.
        found = (path.relative_to(PROJECT) for path in PROJECT.rglob("*") if path.is_file())
        return [PROJECT / p for p in found if not any(part.startswith(".") for part in p.parts)]
    return [PROJECT / name for name in listed.stdout.split("\0") if name]


def readable(path):
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what):
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:80]}"
        for path in tracked_files()
        if path != Path(__file__)
        for number, line in enumerate(readable(path).splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert not found


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirement_files_hold_only_pins_and_hashes(path):
    odd = [
        line
        for line in path.read_text().splitlines()
        if not (PIN.fullmatch(line) or HASH.fullmatch(line) or COMMENT.fullmatch(line))
    ]
    assert not odd


def pins(name):
    text = (PROJECT / "requirements" / f"{name}.txt").read_text()
    return {line.rstrip(" \\") for line in text.splitlines() if "==" in line and line[0] != " "}


def test_what_developers_install_holds_exactly_what_everybody_installs():
    assert pins("kept") <= pins("dev")


def environment_variables():
    """The KEPT_ variables that the sources and the entry script read."""
    paths = [*(PROJECT / "src").rglob("*.py"), PROJECT / "run"]
    return {name for path in paths for name in re.findall(r"\bKEPT_[A-Z0-9_]+\b", path.read_text())}


def test_every_environment_variable_is_documented():
    documented = set(re.findall(r"\bKEPT_[A-Z0-9_]+\b", OPERATORS.read_text()))
    assert environment_variables() <= documented


def test_core_refuses_the_clock_and_ids():
    """The bans of core's own ruff file work there, and the house's rules are still in force."""
    source = "import datetime\nx = datetime.datetime.now()\nimport uuid\n"
    path = "src/kept/core/x.py"
    done = subprocess.run(
        [RUFF, "check", "--output-format=concise", "--stdin-filename", path, "-"],
        cwd=PROJECT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    for rule in ("TID251", "DTZ005", "E402"):
        assert rule in done.stdout
