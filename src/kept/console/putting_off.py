"""Until when something that needs a person may wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from kept.cases.queries import Escalation
from kept.console.access import Desk
from kept.core.time import CalendarDays, after

MORNING = time(9, 0)
SOON = {
    "30m": ("30 minutes", timedelta(minutes=30)),
    "1h": ("1 hour", timedelta(hours=1)),
    "3h": ("3 hours", timedelta(hours=3)),
}
TOMORROW = "tomorrow"


def until(desk: Desk, choice: str) -> datetime:
    """The moment a choice of the list means now; one that there is not is over at once."""
    if choice == TOMORROW:
        return after(desk.now, CalendarDays(1, MORNING), desk.zone)
    return desk.now + SOON[choice][1] if choice in SOON else desk.now


def may_wait(desk: Desk, row: Escalation) -> list[tuple[str, str]]:
    """The choices that bring it back while it can still be helped: value and words."""
    said = {key: words for key, (words, _) in SOON.items()} | {TOMORROW: "Tomorrow 09:00"}
    late = too_late_at(row)
    moments = ((key, until(desk, key), words) for key, words in said.items())
    return [(key, words) for key, moment, words in moments if moment < late]


def too_late_at(row: Escalation) -> datetime:
    """From when on resolving it helps nobody; of what was raised before that was noted, its due."""
    return row.too_late_at or row.due_at


def is_put_off(row: Escalation, now: datetime) -> bool:
    """It is out of sight, as `waiting_for_people` has it."""
    away = row.resolved_at is None and row.snoozed_until is not None and row.snoozed_until > now
    return away and now < too_late_at(row)
