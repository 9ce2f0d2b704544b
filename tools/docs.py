"""`./run docs`: write the generated pages of docs/ again; `./run docs --check` only compares.

A generator is a module with a function `pages()` that returns the text of each page by its file
name. It writes nothing itself, so it may live in core.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"

# The folder in docs/ that a generator owns altogether.
GENERATORS = {"paths": "kept.core.pages", "webhooks": "kept.webhooks.pages"}

# The single page beside pages written by hand.
PAGES = {"audit-files.md": "kept.audit.reading.pages"}


def exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def wanted() -> dict[Path, str]:
    """Every generated page as it should be."""
    places = [(DOCS / folder, module) for folder, module in GENERATORS.items()]
    places += [(DOCS, module) for module in PAGES.values()]
    return {
        place / name: text
        for place, module in places
        if exists(module)
        for name, text in importlib.import_module(module).pages().items()
    }


def found() -> dict[Path, str]:
    """Every generated page as it is."""
    folders = [DOCS / folder for folder, module in GENERATORS.items() if exists(module)]
    pages = [page for each in folders for page in each.glob("*.md")]
    pages += [page for name in PAGES if (page := DOCS / name).exists()]
    return {page: page.read_text(encoding="utf-8") for page in pages}


def stale() -> list[Path]:
    """The pages that are missing, out of date or no longer wanted."""
    should, are = wanted(), found()
    return sorted(page for page in should.keys() | are.keys() if should.get(page) != are.get(page))


def write() -> list[Path]:
    """Bring the pages up to date and return those that changed."""
    changed, should = stale(), wanted()
    for page in changed:
        if page in should:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(should[page], encoding="utf-8")
        else:
            page.unlink()
    return changed


def main(arguments: list[str]) -> int:
    check = arguments == ["--check"]
    changed = stale() if check else write()
    for page in changed:
        print(f"{'out of date' if check else 'written'}: {page.relative_to(DOCS.parent)}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
