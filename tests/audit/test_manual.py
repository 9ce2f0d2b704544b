"""docs/audit.md says what every figure, break and key is."""

import re
from pathlib import Path

import pytest

from kept.audit.drawing import words
from kept.audit.drawing.data import data
from kept.audit.measures.breaks import BREAKS
from tests.audit.exports import write
from tests.audit.reports import report

MANUAL = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture
def made(tmp_path):
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from kept.audit.reading import open_files
    from kept.audit.report import audit

    now = datetime(2025, 6, 1, tzinfo=UTC)
    return audit(open_files([write(tmp_path)], zone=ZoneInfo("Europe/Berlin"), now=now))


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
