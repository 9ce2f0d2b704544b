"""How fast leads are answered, and what becomes of them.

By letter and by a person, by the clock and while the house was open; then how many booked, and how
many of those came. The page, the API and the terminal show what `speed` answers and count nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kept.appointments import queries as appointments
from kept.cases import queries as cases
from kept.core.case import Role
from kept.core.paths.lead_response import BOOKED, OPTED_OUT
from kept.leads import due, queries
from kept.leads.models import Lead
from kept.schedule import queries as schedule

ALL = "all"
A_MINUTE, SOON, AN_HOUR = timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)
# How a visit may stand that is over and whose outcome is known, and where its person came.
CAME = frozenset({"attended", "completed"})
SETTLED = CAME | {"missed", "cancelled"}
TOLD = "word_sent"
# What counts as a person who turned to them, whether or not they were reached.
TOUCHES = frozenset({"reached", "not_reached", "responded", "qualified", "not_a_fit"})


@dataclass(frozen=True, slots=True)
class Took:
    """Half took no longer than `p50`, nine of ten no longer than `p90`. None: nobody yet."""

    p50: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class Part:
    """So many of so many. Of nobody there is no share."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Speed:
    """The leads of one door, or of all. `never`: due, and no person has turned to them.

    `..._open` counts only the time in which the house was open. `told_soon`: within 60 seconds, of
    those a letter reaches. `soon` and `in_an_hour` (5 minutes, an hour): of those a person turned
    to, or whose time for it is over; who booked or refused before anybody did needed nobody.
    `attended`: of the booked whose visit is over and has an outcome; `ahead` are the others.
    """

    source: str
    leads: int
    acknowledged: Took
    told_soon: Part
    touched: Took
    soon: Part
    in_an_hour: Part
    touched_open: Took
    soon_open: Part
    in_an_hour_open: Part
    never: int
    booked: int
    attended: Part
    ahead: int

    @property
    def never_share(self) -> float | None:
        return Part(self.never, self.leads).share

    @property
    def booked_share(self) -> float | None:
        return Part(self.booked, self.leads).share


@dataclass(frozen=True, slots=True)
class Answered:
    """When one lead was told that it had come, and when a person first turned to it."""

    lead: Lead
    told_at: datetime | None
    touched_at: datetime | None
    visit: str  # how the visit stands that was booked; "" where none was, or it is not known here


def speed(business: UUID, begin: datetime, end: datetime, now: datetime) -> list[Speed]:
    """The leads that came in between `begin` and `end`: all of them first, then door by door.

    Who was entered while somebody spoke with them was answered at once. Who booked by themselves
    before a person was due needed none.
    """
    found = list(queries.leads(business).filter(opened_at__gte=begin, opened_at__lt=end))
    visits = _visits(found)
    answered = [
        _answered(lead, events, visits.get(lead.pk, "")) for lead, events in _with_events(found)
    ]
    hours = _hours(business, answered, now)
    sources = sorted({each.lead.source for each in answered})
    by_door = [
        _speed(door, [e for e in answered if e.lead.source == door], hours, now) for door in sources
    ]
    return [_speed(ALL, answered, hours, now), *by_door]


def _visits(leads: Sequence[Lead]) -> dict[UUID, str]:
    """How the visits stand that these leads became, by lead."""
    booked = {lead.pk: UUID(str(it)) for lead in leads if (it := _appointment(lead))}
    legs = appointments.current_legs(booked.values())
    return {pk: legs[visit].case.state for pk, visit in booked.items() if visit in legs}


def _appointment(lead: Lead) -> object:
    return lead.case.facts.get("appointment") if lead.case.state == BOOKED else None


def _hours(business: UUID, answered: Sequence[Answered], now: datetime) -> Sequence[due.Span]:
    """When it was open while these were waiting, and not over all the years somebody may name."""
    waited = [(each.lead.opened_at, _until(each, now)) for each in answered]
    if not waited:
        return []
    first, last = min(at for at, _ in waited), max(at for _, at in waited)
    return schedule.open_times(business, first - due.AHEAD, last)


def _until(answered: Answered, now: datetime) -> datetime:
    """Until when they waited for a person, or have waited so far; no longer than a month."""
    return answered.touched_at or min(now, answered.lead.opened_at + due.AHEAD)


def _with_events(leads: Sequence[Lead]) -> Iterable[tuple[Lead, list[cases.Event]]]:
    by_case: dict[UUID, list[cases.Event]] = defaultdict(list)
    for event in cases.events([lead.pk for lead in leads]):
        by_case[event.case_id].append(event)
    return [(lead, by_case[lead.pk]) for lead in leads]


def _answered(lead: Lead, events: Sequence[cases.Event], visit: str) -> Answered:
    told = next((each.at for each in events if each.name == TOLD), None)
    touched = next((each.at for each in events if is_touch(each.name, each.actor_role)), None)
    return Answered(lead, told, touched, visit)


def is_touch(event: str, role: str) -> bool:
    """Whether by this event, of somebody in this role, a person has turned to them."""
    ours = role in {Role.STAFF.value, Role.INTEGRATION.value}
    note = event == "escalation_resolved"
    return event == "lead_entered" or (ours and (note or event in TOUCHES))


def _speed(
    source: str, answered: Sequence[Answered], hours: Sequence[due.Span], now: datetime
) -> Speed:
    told = [each.told_at - each.lead.opened_at for each in answered if each.told_at]
    needed = [each for each in answered if each.touched_at or not _helped_themselves(each)]
    waits = [_waited(each, now) for each in needed]
    opened = [_waited(each, now, hours) for each in needed]
    settled = [each for each in answered if each.visit in SETTLED]
    return Speed(
        source=source,
        leads=len(answered),
        acknowledged=_took(told),
        told_soon=Part(
            sum(span <= A_MINUTE for span in told), sum(_is_to_be_told(each) for each in answered)
        ),
        touched=_took(span for span, came in waits if came),
        soon=_within(SOON, waits),
        in_an_hour=_within(AN_HOUR, waits),
        touched_open=_took(span for span, came in opened if came),
        soon_open=_within(SOON, opened),
        in_an_hour_open=_within(AN_HOUR, opened),
        never=sum(1 for each in answered if _is_forgotten(each, now)),
        booked=sum(1 for each in answered if each.lead.case.state == BOOKED),
        attended=Part(sum(each.visit in CAME for each in settled), len(settled)),
        ahead=sum(bool(each.visit) for each in answered) - len(settled),
    )


def _waited(
    answered: Answered, now: datetime, hours: Sequence[due.Span] | None = None
) -> tuple[timedelta, bool]:
    """How long they waited for a person (of that while it was open, with `hours`), and whether one
    has come."""
    asked, until = answered.lead.opened_at, _until(answered, now)
    span = until - asked if hours is None else due.open_between(hours, asked, until)
    return span, answered.touched_at is not None


def _within(limit: timedelta, waits: Iterable[tuple[timedelta, bool]]) -> Part:
    """Whom a person turned to within this time, of all of whom that is known by now."""
    known = [(span, came) for span, came in waits if came or span > limit]
    return Part(sum(came and span <= limit for span, came in known), len(known))


def _is_to_be_told(answered: Answered) -> bool:
    """A letter says that their enquiry has come, or should."""
    facts = answered.lead.case.facts
    return bool(answered.told_at or (facts.get("acknowledge") and facts.get("channels")))


def _helped_themselves(answered: Answered) -> bool:
    return answered.lead.case.state in {BOOKED, OPTED_OUT}


def _is_forgotten(answered: Answered, now: datetime) -> bool:
    """A person was due and has not turned to them, who have neither booked nor refused since."""
    case = answered.lead.case
    by = datetime.fromisoformat(case.anchors["answer_by"])
    return answered.touched_at is None and by <= now and not _helped_themselves(answered)


def _took(spans: Iterable[timedelta]) -> Took:
    ordered = sorted(spans)
    return Took(_percentile(ordered, 50), _percentile(ordered, 90))


def _percentile(ordered: Sequence[timedelta], share: int) -> timedelta | None:
    """The smallest of which so many in a hundred are no longer (nearest rank)."""
    if not ordered:
        return None
    return ordered[-(-len(ordered) * share // 100) - 1]
