"""Which edition of the time-zone database this process goes by."""

from __future__ import annotations

import re
import zoneinfo
from importlib import metadata
from pathlib import Path

# The first line of tzdata.zi, as the database is published: "# version 2026f".
_FIRST_LINE = re.compile(r"# version (\S+)")


def edition() -> str:
    """Its name, such as `2026f`; "" where the files do not say.

    Python reads the files of the system where there are any, else those of the package `tzdata`
    (PEP 615): so a new package changes nothing on a system that brings its own.
    """
    folders = [Path(folder) for folder in zoneinfo.TZPATH]
    system = next((folder for folder in folders if (folder / "Etc" / "UTC").is_file()), None)
    return _of_package() if system is None else _of_folder(system)


def _of_folder(folder: Path) -> str:
    """Debian and others install tzdata.zi, the BSDs and macOS a file named +VERSION."""
    source, plain = folder / "tzdata.zi", folder / "+VERSION"
    if source.is_file():
        with source.open(encoding="ascii", errors="replace") as lines:
            found = _FIRST_LINE.match(lines.readline())
        return found[1] if found else ""
    return plain.read_text(encoding="ascii", errors="replace").strip() if plain.is_file() else ""


def _of_package() -> str:
    """The package's version is the edition in numbers: 2026.6 is 2026f."""
    year, number, *_ = metadata.version("tzdata").split(".")
    return f"{year}{chr(ord('a') + int(number) - 1)}"
