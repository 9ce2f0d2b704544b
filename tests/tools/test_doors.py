"""The contract that keeps a room's models to the room."""

import grimp
import pytest

import doors


@pytest.fixture
def graph():
    graph = grimp.ImportGraph()
    for name in ("kept.people.models", "kept.people.actions", "kept.cases.actions"):
        graph.add_module(name)
    return graph


def test_a_room_imports_its_own_models(graph):
    graph.add_import(importer="kept.people.actions", imported="kept.people.models")
    assert doors.trespasses(graph) == []


def test_another_room_does_not(graph):
    graph.add_import(importer="kept.cases.actions", imported="kept.people.models")
    assert doors.trespasses(graph) == [("kept.cases.actions", "kept.people.models")]


def test_a_module_inside_a_models_folder_counts_as_models(graph):
    graph.add_module("kept.people.models.customer")
    graph.add_import(importer="kept.cases.actions", imported="kept.people.models.customer")
    assert doors.trespasses(graph) == [("kept.cases.actions", "kept.people.models.customer")]
