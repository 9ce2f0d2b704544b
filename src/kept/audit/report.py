"""The audit: one pass over a history, and the report that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kept.audit.figures import Report
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
    span = Span(begin, end)
    source = history.source
    crossing = Crossing(int(source.now.timestamp()))
    breaks, warnings, enquiries = Breaks(source, crossing), Warnings(source), Enquiries(source)
    chapters: list[Answering] = [
        breaks,
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
        enquiries,
        Rebooking(source, crossing),
        Invitations(history),
        Reviews(history),
    ]
    looks = [crossing.look, warnings.look, *measures(chapters)]
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
    for enquiry in history.enquiries():
        if span.includes(enquiry.received_at):
            enquiries.enquiry(enquiry)
    crossing.finish()
    breaks.finish()
    return Report(
        source=source,
        quality=history.quality,
        made_at=source.now,
        begins=span.first,
        ends=span.last,
        headline=breaks.governed(),
        breaks=breaks.breaks(),
        figures=tuple(graded(each, source) for chapter in chapters for each in chapter.figures()),
        warnings=warnings.sentences(),
    )


def measures(chapters: list[Answering]) -> list[Callable[[Seen], None]]:
    """Those that look at single appointments; the others ask at the end what was gathered."""
    return [each.look for each in chapters if isinstance(each, Measure)]


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
