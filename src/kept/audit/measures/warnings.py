"""What must be said before any figure: what a source that keeps only survivors cannot show."""

from __future__ import annotations

from kept.audit.history import Field, Outcome, Source
from kept.audit.measures.seen import CANCELLATIONS, Seen
from kept.audit.measures.wording import many

MANY = 30
"""Of fewer appointments it may be chance that none was cancelled."""


class Warnings:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen = self.cancelled = self.missed = self.due = 0

    def look(self, seen: Seen) -> None:
        self.seen += 1
        for visit in seen.visits:
            outcome = visit.outcome
            if outcome in CANCELLATIONS:
                self.cancelled += 1
            elif outcome is Outcome.MISSED:
                self.missed += 1
                self.due += 1
            elif outcome is Outcome.COMPLETED:
                self.due += 1

    def sentences(self) -> tuple[str, ...]:
        found = list(self.source.notes)
        if self.survivors and not self._said("cancelled"):
            found.append(
                f"Not one of {many(self.seen, 'appointment')} is marked as cancelled. Probably "
                "cancelled ones are removed here, so every figure speaks only of those that stayed."
            )
        silent = Field.MISSED in self.source.knows and self.due >= MANY and not self.missed
        if silent and not self._said("missed"):
            found.append(
                f"Not one of {many(self.due, 'visit')} is marked as missed: either everybody "
                "comes, or nobody writes it down."
            )
        return tuple(found)

    def _said(self, word: str) -> bool:
        """The reader of a file may have said so already, and knows better why."""
        return any(word in note for note in self.source.notes)

    @property
    def survivors(self) -> bool:
        return not self.cancelled and self.seen >= MANY
