"""The event logs, read by another program and written by it: what comes back gives the same
figures. `r4pm` (Rust4PM, MIT or Apache 2.0) shares no line with our writers and readers; it is
installed for the tests only."""

import json

import pytest
import r4pm
from r4pm import bindings

from kept.audit.reading import open_files
from kept.audit.report import audit
from kept.audit.writing import ocel, xes
from tests.audit.test_round_trip import Life, said


@pytest.fixture
def life(db, tmp_path):
    """A history with something of everything, and its three logs."""
    history = Life(0).go_on(40)
    with (tmp_path / "log.xes").open("w") as out:
        xes.write(history, out)
    with (tmp_path / "log.json").open("w") as out:
        ocel.write_json(history, out)
    ocel.write_sqlite(history, tmp_path / "log.sqlite")
    return history


def read(history, file):
    return open_files([file], zone=history.source.zone, now=history.now)


@pytest.mark.parametrize(
    ("kind", "name", "again"),
    [
        ("EventLog", "log.xes", "again.xes"),
        ("OCEL", "log.json", "again.json"),
        ("OCEL", "log.json", "again.xml"),
        ("OCEL", "log.sqlite", "again.sqlite"),
    ],
)
def test_what_another_program_read_and_wrote_gives_the_same_figures(
    life, tmp_path, kind, name, again
):
    r4pm.export_item(r4pm.import_item(kind, str(tmp_path / name)), str(tmp_path / again))
    ours, theirs = audit(life), read(life, tmp_path / again)
    found = said(audit(theirs))
    assert found == {name: it for name, it in said(ours).items() if name in found}
    assert found["funnel"]
    assert theirs.quality.adds_up


def test_another_program_counts_the_same_events_things_and_cases(life, tmp_path):
    log = json.loads((tmp_path / "log.json").read_text())
    for name in ("log.json", "log.sqlite"):
        item = r4pm.import_item("OCEL", str(tmp_path / name))
        linked = bindings.slim_link_ocel(ocel=item)
        assert bindings.num_events(ocel=linked) == len(log["events"])
        assert bindings.num_objects(ocel=linked) == len(log["objects"])
    cases = r4pm.import_item("EventLog", str(tmp_path / "log.xes"))
    projected = bindings.log_to_activity_projection(log=cases)
    assert bindings.get_num_cases(projected) == len(list(life.appointments()))
