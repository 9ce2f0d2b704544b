"""The event log, read again by others: by the standards' own rules, by a program that knows them,
and by the audit itself."""

import io
import json
import os
import sqlite3
import subprocess
from collections import Counter
from datetime import datetime
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from kept.appointments import actions
from kept.audit import own
from kept.audit.reading import open_files
from kept.audit.report import audit
from kept.audit.writing import ocel, xes
from kept.cli import commands, house
from kept.core.case import Role
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, go_to, now

XES = "{http://www.xes-standard.org/}"


@pytest.fixture
def history(db):
    """A visit as it should be, one moved and then cancelled late, one missed, one nobody spoke
    of."""
    clinic = Clinic()
    seen = clinic.book(berlin(2, 10), clinic.ada)
    moved = clinic.book(berlin(2, 11), clinic.ben, name="Leo Ek")
    clinic.book(berlin(2, 14), clinic.ada, name='Ida <Holm> & "Co"')
    gone = clinic.book(berlin(2, 12), clinic.ben, name="Ole Vik")
    go_to(berlin(1, 12, 30))
    actions.move(moved, berlin(3, 11), now(), MIA)
    go_to(berlin(2, 10))
    actions.say(seen, "arrived", now(), DESK)
    actions.say(seen, "completed", now(), DESK)
    go_to(berlin(2, 15))
    actions.miss(gone, now(), DESK, by=Role.CUSTOMER)
    actions.cancel(moved, now(), MIA, by=Role.CUSTOMER)
    go_to(berlin(3, 10))
    return own.history(clinic.business, now())


@pytest.fixture
def logs(history, tmp_path):
    with (tmp_path / "log.xes").open("w") as out:
        xes.write(history, out)
    with (tmp_path / "log.json").open("w") as out:
        ocel.write_json(history, out)
    ocel.write_sqlite(history, tmp_path / "log.sqlite")
    return tmp_path


WHAT = Counter(
    {"booked": 5, "confirmed": 5, "prepared": 5, "moved": 1, "cancelled": 1, "missed": 1}
    | {"attended": 1, "completed": 1, "reminded": 8}
)


def test_xes_by_the_rules_of_the_standard(logs):
    log = ElementTree.parse(logs / "log.xes").getroot()
    assert log.tag == f"{XES}log"
    declared = {each.get("prefix") for each in log.iter(f"{XES}extension")}
    used = Counter()
    for trace in log.iter(f"{XES}trace"):
        assert trace.find(f"{XES}string[@key='concept:name']") is not None
        times = []
        for event in trace.iter(f"{XES}event"):
            known = {each.get("key"): each for each in event}
            assert len(known) == len(event), "each key once"
            assert {"concept:name", "time:timestamp", "lifecycle:transition"} <= known.keys()
            for key, each in known.items():
                assert each.tag.removeprefix(XES) in {"string", "date", "int", "float", "boolean"}
                assert ":" not in key or key.split(":")[0] in declared
            times.append(datetime.fromisoformat(known["time:timestamp"].get("value")))
            if known["lifecycle:transition"].get("value") == "complete":
                used[known["concept:name"].get("value")] += 1
        assert times == sorted(times)
    assert {name: used[name] for name in WHAT} == WHAT
    roles = {each.get("value") for each in log.iter(f"{XES}string") if "org:" in each.get("key")}
    assert {"customer", "staff", "system"} <= roles


def test_ocel_by_the_rules_of_the_standard(logs):
    log = json.loads((logs / "log.json").read_text())
    things = {each["name"]: each for each in log["objectTypes"]}
    kinds = {each["name"]: each for each in log["eventTypes"]}
    known = {each["id"]: each["type"] for each in log["objects"]}
    assert len(known) == len(log["objects"]), "each thing once"
    assert len({each["id"] for each in log["events"]}) == len(log["events"])
    for each, declared in [
        *((one, things[one["type"]]) for one in log["objects"]),
        *((one, kinds[one["type"]]) for one in log["events"]),
    ]:
        names = {attribute["name"] for attribute in declared["attributes"]}
        assert {attribute["name"] for attribute in each["attributes"]} <= names
        assert {to["objectId"] for to in each["relationships"]} <= known.keys()
        assert all(to["qualifier"] for to in each["relationships"])
    for event in log["events"]:
        assert datetime.fromisoformat(event["time"]).tzinfo
        assert {"appointment", "leg"} <= {known[to["objectId"]] for to in event["relationships"]}
    assert set(known.values()) == set(things)
    complete = Counter(
        event["type"]
        for event in log["events"]
        if {"name": "lifecycle", "value": "complete"} in event["attributes"]
    )
    assert {name: complete[name] for name in WHAT} == WHAT
    assert not any("Holm" in json.dumps(each) for each in log["objects"]), "no names of customers"


def test_both_forms_of_ocel_say_the_same(logs):
    log = json.loads((logs / "log.json").read_text())
    rows = sqlite3.connect(logs / "log.sqlite")
    assert Counter(kind for (kind,) in rows.execute("SELECT ocel_type FROM event")) == Counter(
        each["type"] for each in log["events"]
    )
    assert dict(rows.execute("SELECT ocel_id, ocel_type FROM object")) == {
        each["id"]: each["type"] for each in log["objects"]
    }
    related = set(rows.execute("SELECT * FROM event_object"))
    assert related == {
        (event["id"], to["objectId"], to["qualifier"])
        for event in log["events"]
        for to in event["relationships"]
    }
    changes = "SELECT ocel_time, status, ocel_changed_field FROM object_Message ORDER BY rowid"
    first, handed_over = rows.execute(changes).fetchmany(2)
    assert first == ("1970-01-01T00:00:00Z", None, None)
    assert handed_over[1:] == ("handed over", "status")
    rows.close()


READ = """
import sys, pm4py
folder = sys.argv[1]
log = pm4py.read_xes(f"{folder}/log.xes")
print(log["case:concept:name"].nunique(), len(log))
for name in ("read_ocel2_json", "read_ocel2_sqlite"):
    log = getattr(pm4py, name)(f"{folder}/log." + name.rpartition("_")[2])
    print(len(log.events), len(log.objects), len(log.relations), len(log.object_changes))
"""


def test_a_program_that_knows_the_standards_reads_all_three(logs):
    """It is under another licence than Kept and never a part of it, so it is only run where the
    one who runs the tests has put it."""
    python = os.environ.get("PM4PY_PYTHON")
    if not python:
        pytest.skip("PM4PY_PYTHON does not name a Python that has pm4py: install it apart")
    done = subprocess.run(
        [python, "-c", READ, str(logs)], capture_output=True, text=True, check=True, timeout=100
    )
    lines = [line for line in done.stdout.splitlines() if line and line[0].isdigit()]
    traces, as_json, as_sqlite = ([int(part) for part in line.split()] for line in lines)
    log = json.loads((logs / "log.json").read_text())
    related = [to["objectId"] for event in log["events"] for to in event["relationships"]]
    assert traces == [4, len(log["events"])]
    # Of things to which nothing has happened yet (a duty still planned) it keeps none.
    assert as_json[:3] == as_sqlite[:3] == [len(log["events"]), len(set(related)), len(related)]
    assert as_json[3]
    assert as_sqlite[3]


CARRIED = (
    "no_show_rate",
    "no_show_bounds",
    "unresolved_share",
    "assumed_share",
    "late_cancellations",
    "notice_given",
    "recovery_after_move",
    "recovery_after_cancellation",
    "refilled_slots",
    "confirmation_immediacy",
    "funnel",
    "revenue_lost",
    "rebooking",
)
"""The figures for which a log says enough."""


@pytest.mark.parametrize("name", ["log.xes", "log.json", "log.sqlite"])
def test_read_again_it_gives_the_same_figures(history, logs, name):
    ours = audit(history)
    again = open_files([logs / name], zone=history.source.zone, now=history.now)
    theirs = audit(again)
    assert again.quality.adds_up
    assert {
        figure: [(value.name, value.raw) for value in theirs.figure(figure).values]
        for figure in CARRIED
    } == {
        figure: [(value.name, value.raw) for value in ours.figure(figure).values]
        for figure in CARRIED
    }


def kept(*arguments, code=0):
    done = CliRunner().invoke(commands.kept, ["events", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize("form", ["xes", "ocel-json", "ocel-sqlite"])
def test_the_command_writes_a_new_file_or_none(history, tmp_path, form, monkeypatch):
    monkeypatch.setattr(house, "require_there", lambda: None)
    file = tmp_path / "events"
    assert json.loads(kept("--format", form, "--out", file, "--json"))["appointments"] == 4
    before = file.read_bytes()
    assert "there already" in kept("--format", form, "--out", file, code=1)
    assert file.read_bytes() == before
    other = tmp_path / "some"
    words = kept("--format", form, "--out", other, "--from", "2027-03-03")
    assert words == f"1 appointment is in {other}.\n"
    kept("--format", form, "--out", tmp_path / "no" / "where", code=1)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["events", "some"]


def test_what_is_there_is_not_written_over(history, tmp_path):
    (tmp_path / "log.sqlite").touch()
    with pytest.raises(FileExistsError):
        ocel.write_sqlite(history, tmp_path / "log.sqlite")
    assert xes.write(history, io.StringIO()) == 4


def test_what_xml_has_no_place_for_is_left_out_of_it():
    said = xes._attribute("service", "Foot\x00 ca\x0bre \ufffe\uffff<&>")
    assert ElementTree.fromstring(said).get("value") == "Foot care <&>"
