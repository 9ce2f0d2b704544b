"""An export as another booking tool would give it: half a year of an invented practice.

What it holds is drawn by chance, the same each time: who books far ahead comes less often, some
visits have no outcome, some are cancelled the evening before, a few rows are no good. Nobody in it
exists.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

COLUMNS = (
    *("id", "booked_at", "start", "end", "status", "cancelled_at", "service", "staff"),
    *("channel", "price", "currency", "customer"),
)
SERVICES = (("Assessment", 60, 75), ("Treatment", 45, 55), ("Follow-up", 30, 40))
STAFF = ("Ada Lindqvist", "Tom Okafor", "Priya Raman")
CHANNELS = ("online", "online", "phone", "desk")
DAYS, ROWS_A_DAY, PEOPLE = 180, 9, 320
AHEAD = 10  # days of it that are still to come


def write(place: Path, today: date) -> Path:
    """The file, up to some days after `today`; its times are wall time without a zone."""
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(today))
    return place


def _rows(today: date) -> Iterator[tuple[object, ...]]:
    chance, number = Random("an export from elsewhere"), 0
    for back in range(DAYS, -AHEAD, -1):
        day = today - timedelta(days=back)
        if day.weekday() >= 5:
            continue
        hours = sorted(chance.sample(range(9 * 2, 17 * 2), ROWS_A_DAY))
        for half in hours:
            number += 1
            row = _row(
                chance, number, datetime.combine(day, time(half // 2, 30 * (half % 2))), today
            )
            if row is None:
                continue
            yield row
            if number % 211 == 0:
                yield row  # exported twice
    yield _wrong(today)


def _row(chance: Random, number: int, start: datetime, today: date) -> tuple[object, ...] | None:
    lead = min(int(chance.expovariate(1 / 9)), 60)
    booked = start - timedelta(days=lead, minutes=chance.choice((35, 95, 250, 410)))
    if booked.date() > today:
        return None
    service, minutes, price = chance.choices(SERVICES, (2, 5, 3))[0]
    status, cancelled = _became(chance, start, booked, lead, today)
    person = chance.randrange(PEOPLE)
    return (
        *(f"B{number:05}", _wall(booked), _wall(start), _wall(start + timedelta(minutes=minutes))),
        *(status, _wall(cancelled) if cancelled else "", service, chance.choice(STAFF)),
        *(chance.choice(CHANNELS), f"{price}.00", "GBP", f"person{person}@example.com"),
    )


def _became(
    chance: Random, start: datetime, booked: datetime, lead: int, today: date
) -> tuple[str, datetime | None]:
    """What the row says of its outcome, and when it was cancelled."""
    drawn = chance.random()
    if drawn < 0.09:
        notice = timedelta(hours=chance.choice((3, 14, 20, 50, 120)))
        cancelled = max(start - notice, booked + timedelta(minutes=5))
        if cancelled.date() < today:
            return "cancelled", cancelled
    if start.date() >= today:
        return "booked", None
    if drawn < 0.15:
        return "booked", None  # over, and nobody wrote down what became of it
    missed = 0.15 + min(0.04 + 0.012 * lead, 0.3)
    return ("no show" if drawn < missed else "completed"), None


def _wrong(today: date) -> tuple[object, ...]:
    """A row that ends before it starts."""
    day = datetime.combine(today - timedelta(days=30), time(10))
    times = (_wall(day - timedelta(days=4)), _wall(day), _wall(day - timedelta(hours=1)))
    rest = ("", "Treatment", STAFF[0], "phone", "55.00", "GBP", "person1@example.com")
    return ("B99999", *times, "completed", *rest)


def _wall(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
