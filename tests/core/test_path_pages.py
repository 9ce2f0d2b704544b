"""The page of a path says everything the path says, and is never stale."""

from dataclasses import replace
from pathlib import Path as File

import pytest

from kept.core import pages
from kept.core.paths import PATHS
from tests.core.builders import APPOINTMENT

DOCS = File(__file__).resolve().parents[2] / "docs" / "paths"


@pytest.mark.parametrize("name", sorted(pages.pages()))
def test_the_page_is_what_the_path_says(name):
    page = DOCS / name
    assert page.exists(), f"docs/paths/{name} is missing: `./run docs` writes it"
    fresh = page.read_text(encoding="utf-8") == pages.pages()[name]
    assert fresh, f"docs/paths/{name} is out of date: `./run docs` renews it"


def test_every_path_has_its_page():
    assert len(pages.pages()) == len(PATHS)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_everything_the_path_names_stands_on_its_page(path):
    page = pages.page(path)
    for row in (*path.states, *path.controls):
        assert f"`{row.name}`" in page
    for rule in path.escalations:
        assert f"| {rule.kind} |" in page
        assert rule.suggestion in page
    for rule in path.rules:
        assert not rule.asked or f"`{rule.event}`" in page
    for outcome in path.outcomes:
        assert f"`{outcome}`" in page


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_condition_says_in_words_what_it_asks(path):
    conditions = [rule.guard for rule in path.rules if rule.asked and rule.guard]
    conditions += [control.when for control in path.controls if control.when]
    for control in path.controls:
        conditions += [getattr(control.does, name, None) for name in ("unless", "needed")]
    for condition in filter(None, conditions):
        assert condition.__doc__, condition


def test_only_an_appointment_counts_from_its_booking():
    for path in PATHS.values():
        assert ("the booking" in pages.page(path)) == (path is APPOINTMENT), path.name


def test_a_condition_stands_there_whole():
    page = pages.page(PATHS["reputation"])
    assert "and the customer is no insider, was not asked recently and has not refused" in page


def test_what_keeps_a_letter_back_stands_beside_it():
    """Whom it may not go to, and that it waits for another day, are facts of the path."""
    page = pages.page(PATHS["reactivation"])
    invitation = next(line for line in page.splitlines() if line.startswith("| `invitation_first"))
    assert "the customer refused suggestions" in invitation
    assert "waits until tomorrow when another path writes to this person today" in invitation
    recall = next(line for line in page.splitlines() if line.startswith("| `recall_first"))
    assert "the customer refused letters about visits" in recall


def test_a_page_has_no_table_without_rows_and_no_list_without_members():
    for path in PATHS.values():
        page = pages.page(path)
        assert "resolved by ;" not in page
        assert "--- |\n\n" not in page + "\n\n"


def test_the_diagram_holds_every_move():
    diagram = "\n".join(pages.mermaid(APPOINTMENT))
    for _, event, to in pages.edges(APPOINTMENT):
        assert f"--> {to}: {event}" in diagram
    assert diagram.count("{") == diagram.count("}") == 3


def test_the_text_diagram_fits_a_terminal():
    assert max(map(len, pages.text_diagram(APPOINTMENT))) <= 79


def test_a_path_without_a_start_or_corrections_has_no_sample_of_them():
    bare = replace(APPOINTMENT, controls=(), corrections={})
    page = pages.page(bare)
    assert "For example" not in page
    assert "A mistake" not in page
