"""A history whose staff are numbers, for an event log that leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kept.audit.history import Appointment, Enquiry, History, Leg


class Unnamed:
    """The same history; who works here is `1`, `2` ... in the order in which they are met."""

    def __init__(self, history: History) -> None:
        self.source, self.quality = history.source, history.quality
        self._history = history
        self._numbers: dict[str, str] = {}

    def appointments(self) -> Iterator[Appointment]:
        for each in self._history.appointments():
            yield replace(each, legs=tuple(map(self._unnamed, each.legs)))

    def enquiries(self) -> Iterator[Enquiry]:
        return self._history.enquiries()

    def _unnamed(self, leg: Leg) -> Leg:
        """Also who a question was put before: that may be a person's name."""
        asked = tuple(replace(each, owner=self._number(each.owner)) for each in leg.asked)
        return replace(leg, staff=self._number(leg.staff or "") or None, asked=asked)

    def _number(self, name: str) -> str:
        return name and self._numbers.setdefault(name, f"{len(self._numbers) + 1}")
