"""How fast leads are answered: by letter, by a person, by the clock and while the house is open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kept.cases import queries as cases
from kept.core.case import Role
from kept.core.paths.lead_response import LEAD_RESPONSE
from kept.leads import due, queries
from kept.leads.models import Lead
from kept.schedule import queries as schedule

ALL = "all"
TOLD = "word_sent"
# What counts as a person who turned to them, whether or not they were reached.
TOUCHES = frozenset({"reached", "not_reached", "responded", "qualified", "not_a_fit"})


@dataclass(frozen=True, slots=True)
class Took:
    """Half took no longer than `p50`, nine of ten no longer than `p90`. None: nobody yet."""

    p50: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class Speed:
    """The leads of one door, or of all. `never`: due, and no person has turned to them.

    `touched_open` counts only the time in which the house was open.
    """

    source: str
    leads: int
    acknowledged: Took
    touched: Took
    touched_open: Took
    never: int
    booked: int

    @property
    def never_share(self) -> float | None:
        return self.never / self.leads if self.leads else None


@dataclass(frozen=True, slots=True)
class Answered:
    """When one lead was told that it had come, and when a person first turned to it."""

    lead: Lead
    told_at: datetime | None
    touched_at: datetime | None


def speed(business: UUID, begin: datetime, end: datetime, now: datetime) -> list[Speed]:
    """The leads that came in between `begin` and `end`: all of them first, then door by door.

    Who was entered while somebody spoke with them was answered at once. Who booked by themselves
    before a person was due needed none.
    """
    found = queries.leads(business).filter(opened_at__gte=begin, opened_at__lt=end)
    answered = [_answered(lead, events) for lead, events in _with_events(list(found))]
    hours = _hours(business, answered)
    sources = sorted({each.lead.source for each in answered})
    by_door = [
        _speed(door, [e for e in answered if e.lead.source == door], hours, now) for door in sources
    ]
    return [_speed(ALL, answered, hours, now), *by_door]


def _hours(business: UUID, answered: Sequence[Answered]) -> Sequence[due.Span]:
    """When it was open while these were waiting, and not over all the years somebody may name."""
    turned_to = [(each.lead.opened_at, each.touched_at) for each in answered if each.touched_at]
    if not turned_to:
        return []
    first, last = min(at for at, _ in turned_to), max(at for _, at in turned_to)
    return schedule.open_times(business, first - due.AHEAD, last)


def _with_events(leads: Sequence[Lead]) -> Iterable[tuple[Lead, list[cases.Event]]]:
    by_case: dict[UUID, list[cases.Event]] = defaultdict(list)
    for event in cases.events([lead.pk for lead in leads]):
        by_case[event.case_id].append(event)
    return [(lead, by_case[lead.pk]) for lead in leads]


def _answered(lead: Lead, events: Sequence[cases.Event]) -> Answered:
    told = next((each.at for each in events if each.name == TOLD), None)
    touched = next((each.at for each in events if is_touch(each.name, each.actor_role)), None)
    return Answered(lead, told, touched)


def is_touch(event: str, role: str) -> bool:
    """Whether by this event, of somebody in this role, a person has turned to them."""
    ours = role in {Role.STAFF.value, Role.INTEGRATION.value}
    note = event == "escalation_resolved"
    return event == "lead_entered" or (ours and (note or event in TOUCHES))


def _speed(
    source: str, answered: Sequence[Answered], hours: Sequence[due.Span], now: datetime
) -> Speed:
    told = [each.told_at - each.lead.opened_at for each in answered if each.told_at]
    touched = [
        (each.lead.opened_at, each.touched_at) for each in answered if each.touched_at is not None
    ]
    return Speed(
        source=source,
        leads=len(answered),
        acknowledged=_took(told),
        touched=_took([at - opened for opened, at in touched]),
        touched_open=_took([due.open_between(hours, opened, at) for opened, at in touched]),
        never=sum(1 for each in answered if _is_forgotten(each, now)),
        booked=sum(1 for each in answered if each.lead.case.state == LEAD_RESPONSE.stages[-1]),
    )


def _is_forgotten(answered: Answered, now: datetime) -> bool:
    """A person was due and has not turned to them, who have neither booked nor refused since."""
    case = answered.lead.case
    by = datetime.fromisoformat(case.anchors["answer_by"])
    helped_themselves = case.state in {"booked", "opted_out"}
    return answered.touched_at is None and by <= now and not helped_themselves


def _took(spans: Iterable[timedelta]) -> Took:
    ordered = sorted(spans)
    return Took(_percentile(ordered, 50), _percentile(ordered, 90))


def _percentile(ordered: Sequence[timedelta], share: int) -> timedelta | None:
    """The smallest of which so many in a hundred are no longer (nearest rank)."""
    if not ordered:
        return None
    return ordered[-(-len(ordered) * share // 100) - 1]
