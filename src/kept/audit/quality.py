"""What was read of a file, what was used of it and what was not, and why: the first page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

EXAMPLES = 5


@dataclass(slots=True)
class Quality:
    """`read` rows are `used` or dropped, each for one reason; `noted` ones are used all the same.

    `where` keeps the first few places of each reason ("line 17"), so that somebody can look.
    """

    read: int = 0
    used: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    where: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, why: str, place: str) -> None:
        """A row that is not used."""
        self.dropped[why] += 1
        self._remember(why, place)

    def note(self, what: str, place: str) -> None:
        """Something odd about a row that is used."""
        self.noted[what] += 1
        self._remember(what, place)

    def _remember(self, what: str, place: str) -> None:
        places = self.where.setdefault(what, [])
        if len(places) < EXAMPLES:
            places.append(place)

    @property
    def adds_up(self) -> bool:
        return self.read == self.used + sum(self.dropped.values())
