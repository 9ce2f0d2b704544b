"""Text from strangers, made safe for a terminal, a log, the header of a mail, a database."""

from __future__ import annotations

import unicodedata

# Control characters steer a terminal and break headers; format characters (such as U+202E) make a
# line read as another one.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text on one line, with a space for everything that cannot be seen."""
    seen = (" " if unicodedata.category(each) in UNPRINTABLE else each for each in text)
    return " ".join("".join(seen).split())


def storable(text: str) -> str:
    """The text without what no database may be able to keep: NUL, and halves of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
