"""The environment that ./run makes and keeps."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import environment

RUN = Path(__file__).resolve().parents[2] / "run"


@pytest.fixture
def pip(monkeypatch):
    """Stands in for pip: remembers what was asked for and answers as told."""

    class Pip:
        asked: list = []
        answers: list = [(0, "")]

        def __call__(self, venv, kind, *options):
            self.asked.append((kind, *options))
            code, said = self.answers[min(len(self.asked), len(self.answers)) - 1]
            return subprocess.CompletedProcess([], code, said)

    pip = Pip()
    pip.asked = []
    monkeypatch.setattr(environment, "pip_install", pip)
    return pip


@pytest.fixture
def venv(tmp_path):
    """An environment that works: this very Python under another name."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


def test_a_filled_environment_is_left_alone(venv, pip, monkeypatch):
    monkeypatch.setattr(environment, "works", lambda venv: True)
    environment.prepare(venv, "kept")
    environment.prepare(venv, "kept")
    assert pip.asked == [("kept", "--only-binary", ":all:")]


def test_what_developers_have_is_enough_for_everybody(venv, pip, monkeypatch):
    monkeypatch.setattr(environment, "works", lambda venv: True)
    environment.prepare(venv, "dev")
    environment.prepare(venv, "kept")
    assert [kind for kind, *_ in pip.asked] == ["dev"]


def test_changed_requirements_are_installed(venv, pip, monkeypatch):
    monkeypatch.setattr(environment, "works", lambda venv: True)
    environment.prepare(venv, "kept")
    monkeypatch.setattr(environment, "digest", lambda kind: f"{kind} changed")
    environment.prepare(venv, "kept")
    assert len(pip.asked) == 2


def test_a_failed_installation_is_tried_again_and_its_reason_is_shown_without_addresses(
    venv, pip, monkeypatch, capsys
):
    monkeypatch.setattr(environment, "works", lambda venv: True)
    pip.answers = [
        (1, "cannot reach https://packages.example/x/ (host='packages.example')"),
        (0, ""),
    ]
    with pytest.raises(environment.EnvironmentFailed):
        environment.prepare(venv, "kept")
    said = capsys.readouterr().err
    assert "cannot reach (package index)" in said
    assert "packages.example" not in said
    environment.prepare(venv, "kept")
    assert environment.is_current(venv, "kept")


def test_what_is_not_ready_made_is_built(venv, pip, monkeypatch):
    monkeypatch.setattr(environment, "works", lambda venv: True)
    pip.answers = [(1, "ERROR: No matching distribution found for mrml"), (0, "")]
    environment.prepare(venv, "kept")
    assert pip.asked == [("kept", "--only-binary", ":all:"), ("kept",)]


def test_a_folder_that_is_no_environment_is_not_emptied(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years")
    with pytest.raises(environment.EnvironmentFailed, match="no Python environment"):
        environment.make(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_two_runs_do_not_prepare_at_once(tmp_path):
    """The second waits, and says so."""
    code = f"""
import sys; sys.path.insert(0, {str(Path(environment.__file__).parent)!r})
import environment, pathlib
with environment.locked(pathlib.Path({str(tmp_path)!r})):
    print("in", flush=True)
    {{}}
"""
    first = subprocess.Popen(
        [sys.executable, "-c", code.format("sys.stdin.read()")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdout.readline() == b"in\n"
    second = subprocess.Popen(
        [sys.executable, "-c", code.format("pass")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert b"waiting" in second.stderr.readline()
    first.communicate(b"")
    assert second.communicate(timeout=30)[0] == b"in\n"


def ask_run(*arguments, **environment):
    return subprocess.run(
        ["/bin/sh", RUN, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_run_says_what_to_do_without_python(tmp_path):
    # Only the shell's own programs, and no Python among them.
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    done = ask_run("demo", PATH=str(tmp_path), KEPT_VENV=str(tmp_path / "none"))
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "KEPT_PYTHON" in done.stderr


def test_run_refuses_a_python_that_does_not_work():
    done = ask_run("demo", PATH="/usr/bin:/bin", KEPT_PYTHON="/no/such/python")
    assert done.returncode == 1
    assert "/no/such/python" in done.stderr


def test_run_explains_itself():
    assert "./run COMMAND" in ask_run(PATH="/usr/bin:/bin").stdout
    assert ask_run("dance", PATH="/usr/bin:/bin").returncode == 2
