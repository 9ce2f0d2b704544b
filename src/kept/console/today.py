"""The day: its numbers, its sections by state, and its picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from kept.appointments import queries as appointments
from kept.appointments.queries import Leg
from kept.cases import queries as cases
from kept.console import words
from kept.console.access import Desk
from kept.console.rows import Row, rows, value
from kept.core import time
from kept.core.paths.appointment import AHEAD, ATTENDED, CANCELLED, COMPLETED, MISSED
from kept.lib import i18n
from kept.schedule import queries as schedule
from kept.schedule.queries import Resource

GROUPS = {
    "over": "Over, and nobody said what happened",
    "coming": "To come",
    "here": "Here",
    "done": "Done",
    "missed": "Missed",
    "cancelled": "Cancelled",
}
"""The sections of a day in the order in which they stand: what wants something done comes first."""

RESOLVED = {COMPLETED: "done", MISSED: "missed", CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True)
class Section:
    """The appointments of a day in one group of states."""

    key: str
    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What matters first. `lost` is the value of what is over and has no outcome; `soon`, how many
    were booked so late that nobody may have seen them yet."""

    escalations: int
    without_outcome: int
    lost: dict[str, Decimal]
    upcoming: int
    soon: int


def mine(desk: Desk) -> list[Resource] | None:
    """The staff this user is, by e-mail address; None: they see everybody."""
    if desk.is_front_desk:
        return None
    found = schedule.staff(desk.business.id).filter(email__iexact=desk.user.email)
    return list(found)


def visible(desk: Desk, legs: Sequence[Leg]) -> list[Leg]:
    """Those of the legs this user may see: all, or for staff only their own."""
    own = mine(desk)
    if own is None:
        return list(legs)
    ids = {resource.id for resource in own}
    return [leg for leg in legs if leg.staff_id in ids]


def day_rows(desk: Desk, on: date) -> list[Row]:
    """Every appointment that touches this day, by time; midnight-crossers say so."""
    bounds = time.day_bounds(on, desk.zone)
    seen = visible(desk, appointments.day(desk.business.id, on, desk.zone))
    return rows(desk, readable(seen), bounds)


def readable(legs: Sequence[Leg]) -> list[Leg]:
    """Without those whose record is damaged: one of them must not take the whole day away."""
    return [leg for leg in legs if not appointments.why_unreadable(leg)]


def damaged(desk: Desk, on: date) -> list[Leg]:
    """Those of a day that cannot be shown, to be named."""
    seen = visible(desk, appointments.day(desk.business.id, on, desk.zone))
    return [leg for leg in seen if appointments.why_unreadable(leg)]


def sections(desk: Desk, found: Sequence[Row]) -> list[Section]:
    """The day in its sections, each by time; one that is empty is there all the same."""
    placed = [(section_of(desk, row.leg), row) for row in found]
    return [
        Section(key, title, [row for where, row in placed if where == key])
        for key, title in GROUPS.items()
    ]


def section_of(desk: Desk, leg: Leg) -> str:
    """Who is here stays "here" until the day is over, also when the visit takes longer."""
    state = leg.case.state
    if state == ATTENDED and time.same_local_day(desk.now, leg.start, desk.zone):
        return "here"
    if state in RESOLVED:
        return RESOLVED[state]
    return "over" if leg.end <= desk.now else "coming" if state in AHEAD else "here"


def numbers(desk: Desk, found: Sequence[Row]) -> Numbers:
    over = visible(desk, list(appointments.without_outcome(desk.business.id, desk.now)))
    over = readable(over)
    if desk.is_front_desk:
        waiting = cases.waiting_for_people(desk.business.id, desk.now).count()
    else:
        waiting = sum(len(row.escalations) for row in found)
    upcoming = [row for row in found if section_of(desk, row.leg) == "coming"]
    soon = visible(desk, appointments.soon(desk.business.id, desk.now))
    return Numbers(waiting, len(over), value(over), len(upcoming), len(soon))


# The picture of the day


LULL = timedelta(hours=5)
WIDTH, GUTTER, LANE, HEAD = 960, 110, 44, 26


@dataclass(frozen=True, slots=True)
class Block:
    """An appointment in the picture."""

    id: UUID
    x: float
    y: float
    width: float
    tone: str
    words: str
    title: str

    @property
    def text_x(self) -> float:
        return self.x + 6


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Lane:
    name: str
    y: int
    middle: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The day drawn: a lane for each member of staff, a block for each appointment."""

    height: int
    lanes: list[Lane]
    blocks: list[Block]
    ticks: list[Tick]
    now: float | None
    says: str
    left_out: int
    width: int = WIDTH
    gutter: int = GUTTER
    lane: int = LANE


def picture(desk: Desk, found: Sequence[Row], on: date) -> Picture | None:
    """The picture of a day; None when there is nothing to draw."""
    all_day = [row.leg for row in found if row.leg.case.state != CANCELLED]
    if not all_day:
        return None
    shown = _together(all_day)
    begin, end = _frame(desk, shown, on)
    scale = (WIDTH - GUTTER) / (end - begin).total_seconds()

    def x(instant: datetime) -> float:
        inside = min(max(instant, begin), end)
        return round(GUTTER + (inside - begin).total_seconds() * scale, 1)

    names = sorted({(leg.staff.name, leg.staff_id) for leg in shown}, key=lambda each: each[0])
    now = x(desk.now) if begin <= desk.now <= end else None
    top = {who: HEAD + number * LANE for number, (_, who) in enumerate(names)}
    return Picture(
        height=HEAD + len(names) * LANE,
        lanes=[Lane(name, top[who], top[who] + LANE // 2) for name, who in names],
        blocks=[_block(desk, leg, x, top[leg.staff_id]) for leg in shown],
        ticks=[_clear_of(tick, now) for tick in _ticks(desk, begin, end, x)],
        now=now,
        says=f"{words.many(len(shown), 'appointment', 'appointments')} with {len(names)} of the "
        "staff, as listed below.",
        left_out=len(all_day) - len(shown),
    )


def _clear_of(tick: Tick, now: float | None) -> Tick:
    """Its hour is not written where the word “now” stands."""
    return replace(tick, words="") if now is not None and -30 < tick.x - now < 55 else tick


def _together(legs: Sequence[Leg]) -> list[Leg]:
    """Those that belong in one picture: a single visit at midnight must not squeeze the day.

    A gap of more than LULL splits the day; the part with the most appointments is drawn.
    """
    parts: list[list[Leg]] = []
    for leg in sorted(legs, key=lambda each: each.start):
        if not parts or leg.start - max(each.end for each in parts[-1]) > LULL:
            parts.append([])
        parts[-1].append(leg)
    return max(parts, key=len)


def _frame(desk: Desk, legs: Sequence[Leg], on: date) -> tuple[datetime, datetime]:
    """From the hour of the first start to the hour after the last end, within the day."""
    first, last = time.day_bounds(on, desk.zone)
    hour = timedelta(hours=1)
    begin = max(first, min(leg.start for leg in legs))
    end = min(last, max(leg.end for leg in legs))
    begin -= (begin - first) % hour
    end += -(end - first) % hour
    return begin, max(min(end, last), begin + 4 * hour)


def _block(desk: Desk, leg: Leg, x: Callable[[datetime], float], top: int) -> Block:
    begin, end = x(leg.start), x(leg.end)
    at = i18n.format_time(leg.start, desk.business.time_zone, desk.business.locale)
    who = leg.appointment.customer.name
    width = max(end - begin - 2, 6)
    return Block(
        id=leg.appointment_id,
        x=begin,
        y=top + 5,
        width=width,
        tone=leg.case.state,
        words=_fit(who, width),
        title=f"{at} {who}, {leg.snapshot['name']}, {leg.staff.name}",
    )


def _fit(text: str, width: float) -> str:
    """As much of the text as fits, at about seven units a letter."""
    room = int((width - 10) // 7)
    return text if len(text) <= room else text[: max(room - 1, 0)] + ("…" if room > 2 else "")


def _ticks(
    desk: Desk, begin: datetime, end: datetime, x: Callable[[datetime], float]
) -> Sequence[Tick]:
    zone, locale = desk.business.time_zone, desk.business.locale
    hours = int((end - begin).total_seconds() // 3600)
    step = max(1, hours // 12)
    instants = [begin + timedelta(hours=number) for number in range(0, hours, step)]
    return [Tick(x(instant), i18n.format_time(instant, zone, locale)) for instant in instants]
