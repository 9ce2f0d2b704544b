"""The generated pages of docs/."""

import types

import pytest

import docs


@pytest.fixture
def generator(tmp_path, monkeypatch):
    """A generator of two pages, and an empty folder to write them to."""
    pages = {"a.md": "A", "b.md": "B"}
    module = types.SimpleNamespace(pages=lambda: pages)
    monkeypatch.setattr(docs, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(docs, "GENERATORS", {"pages": "a.module"})
    monkeypatch.setattr(docs, "PAGES", {})
    monkeypatch.setattr(docs, "exists", lambda name: True)
    monkeypatch.setattr(docs.importlib, "import_module", lambda name: module)
    return pages


def test_the_committed_pages_are_up_to_date():
    assert docs.stale() == [], "run ./run docs"


def test_written_pages_are_up_to_date(generator):
    assert len(docs.write()) == 2
    assert docs.stale() == []


def test_a_page_that_changed_is_stale(generator):
    docs.write()
    generator["a.md"] = "another"
    assert [page.name for page in docs.stale()] == ["a.md"]


def test_a_page_that_is_no_longer_wanted_goes(generator):
    docs.write()
    del generator["b.md"]
    assert [page.name for page in docs.write()] == ["b.md"]
    assert docs.stale() == []
