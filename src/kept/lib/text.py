"""Text from strangers, made safe for one line of a terminal, a log or a mail header."""

from __future__ import annotations

import unicodedata

# Control characters steer a terminal and break headers; format characters (such as U+202E) make a
# line read as another one.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """The text on one line, with a space for everything that cannot be seen."""
    seen = (" " if unicodedata.category(each) in UNPRINTABLE else each for each in text)
    return " ".join("".join(seen).split())
