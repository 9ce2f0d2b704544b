"""The figures once more, by other means: whole lists, dates instead of seconds, no early ends.

Slow and plain on purpose. Nothing of the measures is used here, so that a mistake would have to be
made twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from kept.audit.history import Appointment, Leg, Outcome, Stage

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CLOSED_EARLY = ("cancelled", "cancelled_by_business", "rescheduled")


def legs(appointments: Iterable[Appointment]) -> list[Leg]:
    return [each for appointment in appointments for each in appointment.legs]


def having(found: list[Leg], *outcomes: str) -> list[Leg]:
    return [each for each in found if each.outcome.value in outcomes]


def no_show(appointments: list[Appointment]) -> dict[str, Fraction | int | None]:
    """M09 .. M12."""
    every = legs(appointments)
    booked = [each for each in every if each.channel != "walk_in"]
    came, missed = len(having(booked, "completed")), len(having(booked, "missed"))
    unknown = len(having(booked, "unknown", "assumed"))
    due = having(every, "completed", "missed", "missed_by_business", "unknown", "assumed")
    return {
        "rate": ratio(missed, came + missed),
        "low": ratio(missed, came + missed + unknown),
        "high": ratio(missed + unknown, came + missed + unknown),
        "unresolved": ratio(len(having(every, "unknown")), len(due)),
        "assumed": ratio(len(having(every, "assumed")), len(due)),
    }


def late_cancellations(appointments: list[Appointment]) -> Fraction | None:
    """M14."""
    every = legs(appointments)
    gone = having(every, "cancelled")
    booked = [each for each in every if each.channel != "walk_in"]
    late = [
        each
        for each in gone
        if each.outcome_at and each.start - each.outcome_at < timedelta(minutes=window(each))
    ]
    return ratio(len(late), len(gone) + len(having(booked, "completed", "missed")))


def window(leg: Leg) -> int:
    return 24 * 60 if leg.late_window is None else leg.late_window


def refilled(appointments: list[Appointment], now: datetime) -> tuple[int, int]:
    """M17: every freed time against every visit."""
    every = legs(appointments)
    came = having(every, "completed")
    freed = [
        each
        for each in having(every, "cancelled")
        if each.outcome_at and each.start - each.outcome_at > 2 * HOUR and each.end <= now
    ]
    filled = [
        slot
        for slot in freed
        if any(
            other.staff == slot.staff
            and other.booked_at >= slot.outcome_at
            and min(other.end, slot.end) - max(other.start, slot.start)
            >= (slot.end - slot.start) / 2
            for other in came
        )
    ]
    return len(filled), len(freed)


def revenue_lost(appointments: list[Appointment], now: datetime) -> tuple[Decimal, Decimal]:
    """M19 at least and at most: a late cancellation costs nothing where its time was used again."""
    every = legs(appointments)
    came, unknown = having(every, "completed"), having(every, "unknown", "assumed")
    missed = worth(having(every, "missed"))
    certain, possible = missed, missed
    possible += worth([each for each in unknown if each.channel != "walk_in"])
    for slot in having(every, "cancelled"):
        if slot.outcome_at is None:
            possible += slot.price or 0
        elif slot.start - slot.outcome_at < timedelta(minutes=window(slot)):
            begun = slot.outcome_at >= slot.start
            followed = slot.end <= now and not begun
            possible += 0 if followed and used(slot, came) else slot.price or 0
            if begun or (followed and not used(slot, came + unknown)):
                certain += slot.price or 0
    return certain, possible


def used(slot: Leg, visits: list[Leg]) -> bool:
    return any(
        other.staff == slot.staff
        and other.booked_at >= slot.outcome_at
        and 2 * (min(other.end, slot.end) - max(other.start, slot.start)) >= slot.end - slot.start
        for other in visits
    )


def worth(found: list[Leg]) -> Decimal:
    return sum((each.price or Decimal(0) for each in found), Decimal(0))


def ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def breaks(appointment: Appointment, now: datetime) -> dict[str, datetime]:
    """Every break of an appointment, and when it broke first."""
    found: dict[str, list[datetime]] = {}
    for place, leg in enumerate(appointment.legs):
        final = place == len(appointment.legs) - 1
        for name, moments in broken(leg, final, now).items():
            found.setdefault(name, []).extend(moments)
    return {name: min(moments) for name, moments in found.items() if moments}


def broken(leg: Leg, final: bool, now: datetime) -> dict[str, list[datetime]]:
    return {
        "B1": confirmation(leg, now),
        "B2": [
            each.raised_at + HOUR
            for each in leg.asked
            if each.kind == "CONFIRMATION_FAILED"
            and (each.resolved_at or now) > each.raised_at + HOUR
        ],
        "B3": [each.due_at for each in leg.duties if undone(each, now)],
        "B4": [
            each.handed_over_at
            for each in leg.messages
            if each.handed_over_at and void(leg, each) and each.handed_over_at > void(leg, each)
        ],
        "B5": lost(leg, now),
        "B6": outcome(leg, now),
        "B7": questions(leg, now),
        "B8": handed_on(leg, final, now),
        "B9": [each.accept_by for each in leg.handed if not_taken(each, now)],
    }


def confirmation(leg: Leg, now: datetime) -> list[datetime]:
    if leg.booked_at is None or leg.booked_at >= leg.start:
        return []
    told = leg.entered.get(Stage.CONFIRMED)
    if told is None:
        sent = [
            each.handed_over_at
            for each in leg.messages
            if each.control in ("confirmation", "moved_notice")
            and each.handed_over_at
            and not each.failed_at
        ]
        told = sent[0] if sent else None
    skipped = any(
        each.name in ("confirmation", "moved_notice")
        and each.status == "skipped"
        and each.justified
        for each in leg.duties
    )
    limit = leg.booked_at + MINUTE
    stood = min(now, leg.outcome_at or now) > limit
    if not stood or (told and told <= limit) or (told is None and skipped):
        return []
    return [limit]


def undone(duty, now: datetime) -> bool:
    if duty.name in ("confirmation", "moved_notice"):
        return False
    return (
        duty.status in ("failed", "expired")
        or (duty.status == "skipped" and not duty.justified)
        or (duty.status == "planned" and now > duty.due_at + HOUR)
    )


def void(leg: Leg, sent) -> datetime | None:
    if sent.void_at:
        return sent.void_at
    early = leg.outcome.value in CLOSED_EARLY and "reminder" in sent.control
    return leg.outcome_at if early else None


def lost(leg: Leg, now: datetime) -> list[datetime]:
    limit = leg.start - DAY
    closed = leg.outcome.value in CLOSED_EARLY and leg.outcome_at and leg.outcome_at <= limit
    if limit > now or closed:
        return []
    waiting = [
        each
        for each in leg.asked
        if each.kind == "RESOURCE_LOST"
        and each.raised_at <= limit
        and (each.resolved_at or now) > limit
    ]
    return [limit] if waiting else []


def outcome(leg: Leg, now: datetime) -> list[datetime]:
    limit = (leg.end or leg.start) + DAY
    if now <= limit:
        return []
    recorded_late = (
        leg.outcome in (Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS)
        and leg.outcome_at is not None
        and leg.outcome_at > limit
    )
    return [limit] if leg.outcome is Outcome.UNKNOWN or recorded_late else []


def questions(leg: Leg, now: datetime) -> list[datetime]:
    elsewhere = ("CONFIRMATION_FAILED", "OUTCOME_DUE", "UNRESOLVED", "HANDOFF_NOT_ACCEPTED")
    return [
        each.due_at
        for each in leg.asked
        if each.kind not in elsewhere
        and (each.resolved_at or now) > each.due_at
        and not (each.kind == "RESOURCE_LOST" and lost(leg, now))
    ]


def handed_on(leg: Leg, final: bool, now: datetime) -> list[datetime]:
    resolved = leg.outcome.value in (
        "completed",
        "missed",
        "missed_by_business",
        "cancelled",
        "cancelled_by_business",
    )
    limit = (leg.outcome_at or leg.end or leg.start) + DAY
    due = resolved and final and leg.hand_off_due and not leg.handed
    return [limit] if due and limit < now else []


def not_taken(handed, now: datetime) -> bool:
    if handed.accept_by is None or handed.status == "withdrawn":
        return False
    if handed.status == "expired":
        return True
    if handed.status == "offered":
        return handed.accept_by < now
    return handed.answered_at is not None and handed.answered_at > handed.accept_by
