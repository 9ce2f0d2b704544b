"""`./run docs`: write the generated pages of docs/ again.

Each room that has something to show brings its own generator: a module with a function
`write_pages` that takes the folder of the documentation and returns the files it wrote.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
GENERATORS = ["kept.core.paths.pages"]


def main() -> int:
    written: list[Path] = []
    for name in GENERATORS:
        written += importlib.import_module(name).write_pages(DOCS)
    for page in written:
        print(page.relative_to(DOCS.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
