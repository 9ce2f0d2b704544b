"""Make the project's virtual environment and keep it in step with the requirement files.

Usage: python tools/environment.py (kept|dev) VENV

Prints the path of the environment's Python on stdout; everything for people goes to stderr.
Runs before anything is installed, so it uses the standard library alone.

1. If the stamp in the environment names the present requirement file, there is nothing to do.
2. Otherwise take the lock, so that two first runs do not install over each other, and look again.
3. Make the environment if it is missing or broken.
4. Install, then write the stamp. A run that dies in between leaves no stamp, and the
   next one repairs it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
STAMP = "kept-requirements"
LOCK = "kept-lock"

# dev.txt holds everything kept.txt holds, at the same versions (a test checks that).
CONTAINS = {"kept": ("kept",), "dev": ("dev", "kept")}

PROBE = "import sys, pip; sys.exit(sys.version_info < (3, 11))"


class EnvironmentFailed(Exception):
    """The environment could not be made; the message says what the person can do about it."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def requirements(kind: str) -> Path:
    return PROJECT / "requirements" / f"{kind}.txt"


def digest(kind: str) -> str:
    return f"{kind} {hashlib.sha256(requirements(kind).read_bytes()).hexdigest()}"


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def is_current(venv: Path, kind: str) -> bool:
    """Whether the environment was last filled from this very requirement file."""
    stamp = venv / STAMP
    if not (stamp.is_file() and python_of(venv).exists()):
        return False
    return digest(kind) in stamp.read_text().splitlines()


@contextlib.contextmanager
def locked(venv: Path) -> Iterator[None]:
    """Hold the environment for this process. The system releases the lock if the process dies."""
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./run is preparing the environment; waiting for it to finish.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def works(venv: Path) -> bool:
    """Whether there is a Python of a usable version with pip in it."""
    python = python_of(venv)
    if not python.exists():
        return False
    return subprocess.run([python, "-c", PROBE], capture_output=True, check=False).returncode == 0


def clear(venv: Path) -> None:
    """Empty a broken environment, but nothing that is not recognisably one."""
    rest = [entry for entry in venv.iterdir() if entry.name != LOCK]
    if rest and not (venv / "pyvenv.cfg").is_file():
        raise EnvironmentFailed(
            f"{venv} holds files but no Python environment. Move it away, or set KEPT_VENV."
        )
    for entry in rest:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def make(venv: Path) -> None:
    clear(venv)
    say(f"Making an environment for Kept in {venv} ...")
    made = subprocess.run(
        [sys.executable, "-m", "venv", venv], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise EnvironmentFailed(
            f"{made.stdout}{made.stderr}\n"
            "Python could not make a virtual environment. On Debian or Ubuntu, "
            "`apt install python3-venv` adds what is missing."
        )


def without_addresses(text: str) -> str:
    """pip's words without the address of the package index, which belongs to this machine alone."""
    text = re.sub(r"\w+://[^\s'\",)]+", "(package index)", text)
    return re.sub(r"host='[^']*'", "host=(package index)", text)


def pip_install(venv: Path, kind: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(python_of(venv), "-m", "pip", "install"),
            *("--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"),
            *options,
            *("-r", requirements(kind)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def install(venv: Path, kind: str) -> None:
    say(f"Installing requirements/{kind}.txt (the first time this takes a minute or two) ...")
    (venv / STAMP).unlink(missing_ok=True)
    done = pip_install(venv, kind, "--only-binary", ":all:")
    if done.returncode != 0 and "No matching distribution" in done.stdout:
        say("Not every package is ready-made for this machine; building what is missing ...")
        done = pip_install(venv, kind)
    if done.returncode != 0:
        # The reason stands last; before it come warnings, one for each package.
        say(without_addresses("\n".join(done.stdout.splitlines()[-20:])))
        raise EnvironmentFailed(
            "The packages could not be installed; pip's reason is above. "
            "Nothing is lost: run the same command again once that is solved."
        )
    (venv / STAMP).write_text("".join(f"{digest(each)}\n" for each in CONTAINS[kind]))


def prepare(venv: Path, kind: str) -> Path:
    """Return a Python that has everything in `requirements/<kind>.txt`."""
    if not is_current(venv, kind):
        with locked(venv):
            if not works(venv):
                make(venv)
            if not is_current(venv, kind):
                install(venv, kind)
    return python_of(venv)


def main(arguments: list[str]) -> int:
    kind, venv = arguments
    try:
        print(prepare(Path(venv).absolute(), kind))
    except EnvironmentFailed as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The next ./run continues from here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
