"""The audit: one pass over a history, and the report that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from kept.audit.figures import Figure, Report
from kept.audit.history import History
from kept.audit.measures.around import Enquiries, Invitations, Rebooking, Reviews
from kept.audit.measures.asking import Answering, Measure, graded
from kept.audit.measures.breaks import Breaks
from kept.audit.measures.cancellations import Cancellations
from kept.audit.measures.crossing import Crossing
from kept.audit.measures.filling import Filling
from kept.audit.measures.funnel import Funnel
from kept.audit.measures.groups import ByGroup
from kept.audit.measures.messages import Confirmations, Duties, Misplaced, Reach
from kept.audit.measures.money import AtRisk, Lost, Utilisation
from kept.audit.measures.outcomes import Outcomes
from kept.audit.measures.recovery import Recovery
from kept.audit.measures.seen import Seen
from kept.audit.measures.warnings import Warnings
from kept.audit.measures.work import HandOffs, Memory, Questions

EVERY = 1000
"""After so many appointments progress is told."""

Progress = Callable[[int], None]


def audit(
    history: History,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    progress: Progress | None = None,
) -> Report:
    """Everything that can be said of a history.

    1. An appointment counts, with all its legs, when its last leg starts in [begin, end): so each
       is in exactly one of two neighbouring spans.
    2. Every measure sees it once; nothing of it is kept but counters and a few integers.
    3. What needs all of them together (refilled times, who came back) is worked out at the end.

    `progress` is told now and then how many appointments were read.
    """
    span, asked = Span(begin, end), _Asked(history, begin, end)
    _read(history, span, asked.looks(), progress)
    for enquiry in history.enquiries():
        if span.includes(enquiry.received_at):
            asked.enquiries.enquiry(enquiry)
    asked.crossing.finish()
    asked.breaks.finish()
    return Report(
        source=history.source,
        quality=history.quality,
        made_at=history.source.now,
        begins=span.first,
        ends=span.last,
        headline=asked.breaks.governed(),
        breaks=asked.breaks.breaks(),
        figures=tuple(asked.figures()),
        warnings=asked.warnings.sentences(),
    )


def _read(
    history: History,
    span: Span,
    looks: list[Callable[[Seen], None]],
    progress: Progress | None,
) -> None:
    read = 0
    for read, appointment in enumerate(history.appointments(), 1):
        if progress and read % EVERY == 0:
            progress(read)
        if not appointment.legs or not span.takes(appointment.legs[-1].start):
            continue
        seen = Seen(appointment)
        for look in looks:
            look(seen)
    if progress:
        progress(read)


class _Asked:
    """Everything that is asked of a history, in the order of the report."""

    def __init__(self, history: History, begin: datetime | None, end: datetime | None) -> None:
        source = self.source = history.source
        crossing = self.crossing = Crossing(int(source.now.timestamp()))
        self.warnings = Warnings(source)
        self.breaks = Breaks(source, crossing)
        self.enquiries = Enquiries(source)
        self.chapters: tuple[Answering, ...] = (
            self.breaks,
            Funnel(source),
            Lost(history, crossing),
            AtRisk(history),
            Utilisation(history, begin, end),
            Outcomes(source),
            ByGroup(source, crossing),
            Filling(source),
            Cancellations(source),
            Recovery(source, crossing),
            Confirmations(source),
            Duties(source),
            Misplaced(source),
            Reach(source),
            HandOffs(source),
            Memory(source),
            Questions(source),
            self.enquiries,
            Rebooking(source, crossing),
            Invitations(history),
            Reviews(history),
        )

    def looks(self) -> list[Callable[[Seen], None]]:
        """Those that look at single appointments and find something there in this source; the
        others ask at the end what was gathered. Crossing is first: it says what was freed."""
        found = [each for each in self.chapters if isinstance(each, Measure)]
        fed = [each.look for each in found if self._feeds(each)]
        return [self.crossing.look, self.warnings.look, *fed]

    def figures(self) -> Iterator[Figure]:
        """When everything has been read."""
        for each in self.chapters:
            for figure in each.figures():
                yield graded(figure, self.source)

    def _feeds(self, measure: Measure) -> bool:
        return not measure.feeds_on or not measure.feeds_on.isdisjoint(self.source.knows)


class Span:
    """The time that is looked at; `first` and `last` are the starts that were found in it."""

    __slots__ = ("begin", "end", "first", "last")

    def __init__(self, begin: datetime | None, end: datetime | None) -> None:
        self.begin, self.end = begin, end
        self.first: datetime | None = None
        self.last: datetime | None = None

    def includes(self, moment: datetime) -> bool:
        return (not self.begin or moment >= self.begin) and (not self.end or moment < self.end)

    def takes(self, start: datetime) -> bool:
        """Whether an appointment counts; those that do are remembered."""
        if not self.includes(start):
            return False
        if self.first is None or start < self.first:
            self.first = start
        if self.last is None or start > self.last:
            self.last = start
        return True
