"""Which time-zone rules Python goes by: the system's where there are any, else the package's."""

import zoneinfo
from importlib import metadata

import pytest

from kept.lib.zone_edition import edition


@pytest.fixture
def system(tmp_path):
    """A folder of zone files, the only one of the system."""
    (tmp_path / "Etc").mkdir()
    (tmp_path / "Etc" / "UTC").touch()
    zoneinfo.reset_tzpath([str(tmp_path)])
    yield tmp_path
    zoneinfo.reset_tzpath()


def test_the_source_of_the_database_names_it(system):
    (system / "tzdata.zi").write_text("# version 2025b\n# This zic input file is in the public\n")
    assert edition() == "2025b"


def test_some_systems_have_a_file_of_that_name(system):
    (system / "+VERSION").write_text("2024a\n")
    assert edition() == "2024a"


@pytest.mark.parametrize("text", [None, "", "Z Europe/Berlin 1\n"])
def test_files_that_do_not_say_have_no_name(system, text):
    if text is not None:
        (system / "tzdata.zi").write_text(text)
    assert edition() == ""


def test_without_files_of_the_system_it_is_that_of_the_package(system, monkeypatch):
    (system / "Etc" / "UTC").unlink()
    monkeypatch.setattr(metadata, "version", {"tzdata": "2026.6"}.get)
    assert edition() == "2026f"
