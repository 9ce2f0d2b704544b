"""docs/audit.md says what every figure, break and key is."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kept.appointments import actions
from kept.audit.drawing import words
from kept.audit.drawing.data import data
from kept.audit.foreign_again import simulate_file
from kept.audit.measures.breaks import BREAKS
from kept.audit.reading import open_files
from kept.audit.report import audit
from kept.audit.simulate import simulate
from kept.cli.simulated import as_data
from kept.cli.simulating import file_data
from kept.core.case import Role
from kept.core.policy import Policy, changed
from tests.appointments.clinic import MIA, Clinic, berlin, go_to, now
from tests.audit.exports import write
from tests.audit.reports import report

MANUAL = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture
def made(tmp_path):
    at = datetime(2025, 6, 1, tzinfo=UTC)
    return audit(open_files([write(tmp_path)], zone=ZoneInfo("Europe/Berlin"), now=at))


def test_every_figure_stands_in_the_table_under_its_number(made):
    rows = dict(re.findall(r"^\| ([MB]\d+) \| (.*)$", MANUAL, re.M))
    for each in (made.headline, *made.figures):
        names = set(re.findall(r"`(\w+)`", rows[each.number]))
        assert any(
            each.name == name or (name.startswith("_") and each.name.endswith(name))
            for name in names
        ), each.name
    assert {kind.number for kind in BREAKS} <= set(rows)


def test_every_break_has_a_heading():
    assert {kind.number for kind in BREAKS} == set(words.BREAKS)


def test_every_key_of_the_json_is_named():
    told = set(re.findall(r"`(\w+)`", MANUAL))
    made = data(report())
    parts = (
        made,
        made["headline"],
        made["breaks"][0],
        made["quality"],
        made["quality"]["dropped"][0],
    )
    keys = {key for part in parts for key in part} - {"adds_up"}
    assert keys <= told | {"warnings"}
    assert set(made["headline"]["values"][0]) <= told


def test_every_key_of_a_simulation_is_named(db, tmp_path):
    told = set(re.findall(r"`(\w+)`", MANUAL))
    house = Clinic()
    booked = house.book(berlin(4, 10))
    go_to(berlin(4, 5))
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    policy = changed(Policy(), {"first_reminder": "48h", "change_until": "6h"})
    own = as_data(simulate(house.business, policy, now()))
    assert own["letters"]["listed"]
    assert own["refused"]["listed"]
    assert keys(own, but=("changes", "asked")) | {"changes", "asked"} <= told
    assert keys(*own["changes"].values()) <= told
    place, zone = write(tmp_path), ZoneInfo("Europe/Berlin")
    history = open_files([place], zone=zone, now=datetime(2025, 6, 1, tzinfo=UTC))
    file = file_data(simulate_file(history, policy))
    assert file["letters_listed"]
    assert set(file) | keys(file["letters_listed"][0]) <= told


def keys(*parts, but=()):
    """Every key of these dictionaries and lists, whatever lies in whatever."""
    found = set()
    for part in parts:
        if isinstance(part, dict):
            found |= {*part} | keys(*(each for name, each in part.items() if name not in but))
        elif isinstance(part, list):
            found |= keys(*part)
    return found
