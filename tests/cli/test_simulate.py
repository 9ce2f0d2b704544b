"""`kept simulate`: another policy, over one's own rows and over files."""

import json

import pytest
from click.testing import CliRunner

from kept.cli.commands import kept
from tests.audit.exports import write


def run(*arguments, code=0):
    done = CliRunner().invoke(kept, ["simulate", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_a_file_is_walked_on_a_machine_without_an_installation(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT_DATA_DIR", str(tmp_path / "none"))
    asked = (write(tmp_path), "--zone", "Europe/Berlin", "--set", "first_reminder=48h")
    assert "booked times were gone through" in run(*asked).stdout
    made = json.loads(run(*asked, "--json").stdout)
    assert made["appointments"] + sum(made["not_walked"].values()) == 60
    assert made["letters"]["confirmation"] == made["appointments"]
    assert not (tmp_path / "none").exists()


def test_bad_input_is_refused_with_a_sentence(tmp_path):
    file = write(tmp_path)
    torn, listed = tmp_path / "torn.json", tmp_path / "list.json"
    torn.write_text("{")
    listed.write_text("[1]")
    for arguments, said in {
        (file,): "Name the other policy",
        (file, "--policy", torn): "cannot be read as JSON",
        (file, "--policy", listed): "is no policy",
        (file, "--set", "first_reminder=soon"): "not an offset",
        (file, "--set", "first=24h"): "first",
        (file, "--set", "first_reminder=48h", "--business", "quay"): "leave FILES out",
        ("--set", "first_reminder=48h", "--zone", "Europe/Berlin"): "are for FILES",
    }.items():
        done = run(*arguments, code=2)
        assert said in done.stderr
        assert "Traceback" not in done.output


@pytest.mark.one_database
def test_the_policy_in_force_changes_nothing_and_another_one_does(studio, tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(studio.kept("policy", "--json").out)
    same = studio.kept("simulate", "--policy", str(file), "--json").json
    assert (same["changes"], same["letters"]["listed"]) == ({}, [])
    assert same["letters"]["sent"] == same["letters"]["would_send"]
    other = studio.kept("simulate", "--policy", str(file), "--set", "final_reminder=2h", "--json")
    assert other.json["changes"] == {"final_reminder": {"from": "1h", "to": "2h"}}
    assert "final_reminder: 1h -> 2h" in studio.kept("simulate", "--set", "final_reminder=2h").out
