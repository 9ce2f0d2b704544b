"""Histories made of values: clean ones, and ones with breaks planted into them.

A clean appointment was booked three days before, confirmed at once, reminded, prepared, attended,
completed, handed on and accepted: nothing in it breaks. `plant(appointment, "B4")` breaks one thing
and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kept.audit.history import (
    Act,
    Appointment,
    Asked,
    Duty,
    Enquiry,
    Field,
    Handed,
    Leg,
    Outcome,
    Sent,
    Source,
    Stage,
)
from kept.audit.quality import Quality

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
EVERYTHING = frozenset(Field)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def source(
    *without: Field,
    knows: frozenset[Field] | None = None,
    own: bool = False,
    now: datetime = NOW,
    notes: tuple[str, ...] = (),
) -> Source:
    """A source that knows everything but what is named."""
    known = (EVERYTHING if knows is None else knows) - set(without)
    return Source("calendar.csv", "own" if own else "csv", ZONE, now, known, "EUR", own, notes)


class Given:
    """A history in memory."""

    def __init__(
        self,
        appointments: Sequence[Appointment],
        where: Source | None = None,
        enquiries: Sequence[Enquiry] = (),
    ) -> None:
        self.source = where or source()
        self.quality = Quality(read=len(appointments), used=len(appointments))
        self._appointments, self._enquiries = appointments, enquiries

    def appointments(self) -> Iterator[Appointment]:
        return iter(self._appointments)

    def enquiries(self) -> Iterator[Enquiry]:
        return iter(self._enquiries)


def leg(
    start: datetime,
    outcome: Outcome = Outcome.COMPLETED,
    *,
    lead: timedelta = 3 * DAY,
    minutes: int = 60,
    price: Decimal | None = Decimal(60),
    reference: str = "K-1",
    ended: datetime | None = None,
    **more: object,
) -> Leg:
    """One booked time without any break, as far as it got with this outcome. `ended`: when it was
    cancelled or moved; by default two days before the start."""
    end, booked = start + timedelta(minutes=minutes), start - lead
    ended = ended or _ended(outcome, start, end)
    until = ended or NOW
    resolved = outcome in RESOLVED
    made = Leg(
        reference=reference,
        start=start,
        end=end,
        booked_at=booked,
        outcome=outcome,
        outcome_at=ended,
        service="Cut",
        staff="Ada",
        channel="page",
        price=price,
        contactable=True,
        late_window=24 * 60,
        entered=_entered(outcome, start, end, booked, until),
        duties=tuple(_duties(start, booked, until)),
        messages=tuple(_messages(start, booked, until)),
        handed=(Handed("follow_up", "accepted", ended, ended + 3 * DAY, ended + MINUTE),)
        if resolved and ended
        else (),
        acts=(Act("booked", booked, by_person=False),),
    )
    return replace(made, **more)


RESOLVED = frozenset(Outcome) - {
    Outcome.AHEAD,
    Outcome.RESCHEDULED,
    Outcome.ASSUMED,
    Outcome.UNKNOWN,
}
GIVEN_BACK = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS, Outcome.RESCHEDULED})


def _ended(outcome: Outcome, start: datetime, end: datetime) -> datetime | None:
    if outcome in GIVEN_BACK:
        return start - 2 * DAY
    return end + MINUTE if outcome in RESOLVED or outcome is Outcome.ASSUMED else None


def _entered(
    outcome: Outcome, start: datetime, end: datetime, booked: datetime, until: datetime
) -> dict[Stage, datetime]:
    came = {Stage.SCHEDULED: booked, Stage.CONFIRMED: booked + timedelta(seconds=5)}
    if start - DAY >= booked:
        came[Stage.PREPARED] = start - DAY
    entered = {stage: at for stage, at in came.items() if at <= until}
    if outcome is Outcome.COMPLETED:
        entered |= {Stage.ATTENDED: start, Stage.COMPLETED: end + MINUTE}
    return entered


def _duties(start: datetime, booked: datetime, until: datetime) -> Iterator[Duty]:
    yield Duty("confirmation", booked, "done", booked + timedelta(seconds=5))
    for name, due in (("first_reminder", start - DAY), ("final_reminder", start - HOUR)):
        if due < booked + 2 * HOUR:
            yield Duty(name, due, "skipped", reason="booked too late for it")
        elif due >= until:
            yield Duty(name, due, "void" if until < NOW else "planned")
        else:
            yield Duty(name, due, "done", due + timedelta(seconds=2))


def _messages(start: datetime, booked: datetime, until: datetime) -> Iterator[Sent]:
    yield Sent("confirmation", booked + timedelta(seconds=5))
    for name, due in (("first_reminder", start - DAY), ("final_reminder", start - HOUR)):
        if booked + 2 * HOUR <= due < until:
            yield Sent(name, due + timedelta(seconds=2))


def one(made: Leg, *later: Leg, person: int | None = 1) -> Appointment:
    return Appointment((made, *later), person)


def clean(
    number: int, outcome: Outcome = Outcome.COMPLETED, *, person: int | None = None, **more: object
) -> Appointment:
    """The clean appointment of that number: each at a time of its own, four a day, three months
    back from NOW; ahead if its outcome says so."""
    day, hour = divmod(number, 4)
    start = NOW.replace(hour=8) + timedelta(hours=2 * hour)
    start += (3 + day % 90) * DAY if outcome is Outcome.AHEAD else -(3 + day % 90) * DAY
    more.setdefault("reference", f"K-{number}")
    if outcome is Outcome.AHEAD:
        more.setdefault("lead", 2 * DAY + (3 + day % 90) * DAY)
    return one(leg(start, outcome, **more), person=number if person is None else person)


# Breaks to plant: each takes a clean appointment whose last leg is over, and breaks one thing.

Plant = Callable[[Leg], Leg]


def _unconfirmed(made: Leg) -> Leg:
    late = made.booked_at + 10 * MINUTE
    return replace(
        made,
        entered={**made.entered, Stage.CONFIRMED: late},
        messages=(replace(made.messages[0], handed_over_at=late), *made.messages[1:]),
    )


def _failed(made: Leg) -> Leg:
    raised = made.booked_at + MINUTE
    asked = Asked(
        "CONFIRMATION_FAILED",
        raised,
        raised + HOUR,
        raised + 5 * HOUR,
        "front_desk",
        "confirmation",
    )
    return replace(made, asked=(*made.asked, asked))


def _unreminded(made: Leg) -> Leg:
    duties = [
        replace(duty, status="expired", done_at=None) if duty.name == "first_reminder" else duty
        for duty in made.duties
    ]
    kept = tuple(each for each in made.messages if each.control != "first_reminder")
    return replace(made, duties=tuple(duties), messages=kept)


def _told_after(made: Leg) -> Leg:
    """A message left though the customer had said before that they want none."""
    void = made.booked_at + HOUR
    sent = Sent("news", void + HOUR, void_at=void)
    return replace(made, messages=(*made.messages, sent))


def _lost(made: Leg) -> Leg:
    raised = made.start - 2 * DAY
    asked = Asked("RESOURCE_LOST", raised, raised + 4 * HOUR, made.start - HOUR, "front_desk")
    return replace(made, asked=(*made.asked, asked))


def _no_outcome(made: Leg) -> Leg:
    """Recorded, but only two days later."""
    late = made.end + 2 * DAY
    handed = tuple(
        replace(each, offered_at=late, accept_by=late + DAY, answered_at=late + MINUTE)
        for each in made.handed
    )
    return replace(made, outcome_at=late, handed=handed)


def _unanswered(made: Leg) -> Leg:
    raised = made.start - 2 * DAY
    asked = Asked("POSSIBLE_CANCEL", raised, raised + HOUR, raised + 5 * HOUR, "front_desk")
    return replace(made, asked=(*made.asked, asked))


def _not_handed(made: Leg) -> Leg:
    return replace(made, handed=())


def _not_taken(made: Leg) -> Leg:
    first = made.handed[0]
    late = replace(first, status="expired", answered_at=None, accept_by=first.offered_at + DAY)
    return replace(made, handed=(late,))


PLANTS: dict[str, Plant] = {
    "B1": _unconfirmed,
    "B2": _failed,
    "B3": _unreminded,
    "B4": _told_after,
    "B5": _lost,
    "B6": _no_outcome,
    "B7": _unanswered,
    "B8": _not_handed,
    "B9": _not_taken,
}


def plant(appointment: Appointment, *breaks: str) -> Appointment:
    """The same appointment with these breaks in its last leg."""
    *before, last = appointment.legs
    for number in breaks:
        last = PLANTS[number](last)
    return replace(appointment, legs=(*before, last))
