"""How long the audit of a million events takes, and whether its memory stays flat while reading.

An appointment is eight events: booked, confirmed, reminded twice, prepared, attended, completed,
handed on. So a million events are 125,000 appointments. Each measurement is a process of its own.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from kept.audit.history import (
    Act,
    Appointment,
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
from kept.audit.report import audit

EVENTS_EACH = 8
MILLION = 1_000_000
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OUTCOMES = (Outcome.COMPLETED, Outcome.MISSED, Outcome.CANCELLED, Outcome.UNKNOWN)
WEIGHTS = (78, 8, 11, 3)
HEADINGS = (
    *("id", "booked_at", "start", "end", "status", "service", "staff", "price", "customer"),
    *("cancelled_at", "confirmed_at", "completed_at"),
)


LOG_HEADINGS = ("case_id", "activity", "timestamp", "start", "end", "service", "staff", "price")
TITLES = {
    "memory": ("histories in memory", "making them alone"),
    "table": ("a plain table of bookings", "csv.reader alone"),
    "log": ("an event log as a table", "csv.reader alone"),
}


def run() -> None:
    for form in TITLES:
        show(form, *(measure(form, events) for events in (MILLION // 10, MILLION)))


def show(form: str, small: dict[str, float], large: dict[str, float]) -> None:
    title, limit = TITLES[form]
    print(f"{title}: {large['appointments']:,.0f} appointments, a million events")
    ratio = large["seconds"] / large["limit"]
    print(
        f"  {large['seconds']:.1f} s of processor time (aim: 10 s); {limit} {large['limit']:.2f} s,"
        f" so {ratio:.1f} times as long"
    )
    print(
        f"  most memory {large['most']:.0f} MB; of a tenth of the events {small['most']:.0f} MB; "
        f"before the first appointment {large['before']:.0f} MB"
    )


def measure(form: str, events: int) -> dict[str, float]:
    """In a process of its own: the most memory of a process never falls."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audit", form, str(events // EVENTS_EACH)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(form: str, number: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
        file = Path(folder) / "bookings.csv"
        if form != "memory":
            (write if form == "table" else write_log)(file, number)
        before = most_memory()
        limit = timed(lambda: spend(Made(number) if form == "memory" else file))
        seconds = timed(lambda: audited(form, number, file))
        return {
            "appointments": number,
            "seconds": seconds,
            "limit": limit,
            "before": before,
            "most": most_memory(),
        }


def timed(work: Callable[[], None]) -> float:
    """Processor time: what else the machine does must not count, and this is one thread."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def spend(source: Made | Path) -> None:
    """The least that has to be done with it, whatever is computed."""
    if isinstance(source, Path):
        with source.open(newline="", encoding="utf-8") as file:
            for _ in csv.reader(file):
                pass
    else:
        for _ in source.appointments():
            pass


def audited(form: str, number: int, file: Path) -> None:
    if form == "memory":
        report = audit(Made(number))
    else:
        from kept.audit.reading.opening import open_files

        report = audit(open_files([file], zone=ZONE, now=NOW))
    counted = report.figure("funnel").values[0].raw
    if counted != number:
        raise SystemExit(f"{counted} appointments were counted, and not {number}")


def most_memory() -> float:
    """In megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Made:
    """A history that is made while it is read, so that none of it lies in memory before."""

    def __init__(self, number: int) -> None:
        knows = frozenset(Field) - {Field.OFFERED, Field.INVITATIONS, Field.REVIEWS}
        self.source = Source("made", "own", ZONE, NOW, knows, "EUR", own=True)
        self.quality = Quality()
        self.number = number

    def appointments(self) -> Iterator[Appointment]:
        chance = Random(7)
        for place in range(self.number):
            yield Appointment((leg(place, chance),), place % (self.number // 5))

    def enquiries(self) -> Iterator[Enquiry]:
        return iter(())


def leg(place: int, chance: Random) -> Leg:
    """One leg in three years, with everything that hangs on it."""
    start = NOW - timedelta(days=2 + place % 1000, hours=place % 9, minutes=15 * (place % 4))
    end, booked = start + HOUR, start - timedelta(days=1 + place % 30, hours=2)
    outcome = chance.choices(OUTCOMES, WEIGHTS)[0]
    ended = end if outcome is not Outcome.CANCELLED else start - 5 * HOUR
    told = booked + timedelta(seconds=5)
    entered = {Stage.SCHEDULED: booked, Stage.CONFIRMED: told, Stage.PREPARED: start - DAY}
    if outcome is Outcome.COMPLETED:
        entered |= {Stage.ATTENDED: start, Stage.COMPLETED: end}
    return Leg(
        reference=f"K-{place}",
        start=start,
        end=end,
        booked_at=booked,
        outcome=outcome,
        outcome_at=None if outcome is Outcome.UNKNOWN else ended,
        service=("Cut", "Colour", "Consultation")[place % 3],
        staff=("Ada", "Ben", "Cem", "Dan")[place % 4],
        channel=("page", "phone")[place % 2],
        price=Decimal(40 + place % 50),
        late_window=24 * 60,
        contactable=True,
        entered=entered,
        duties=(
            Duty("confirmation", booked, "done", told),
            Duty("first_reminder", start - DAY, "done", start - DAY),
            Duty("final_reminder", start - HOUR, "done", start - HOUR),
        ),
        messages=(
            Sent("confirmation", told, void_at=end),
            Sent("first_reminder", start - DAY, void_at=end),
            Sent("final_reminder", start - HOUR, void_at=end),
        ),
        handed=(Handed("follow_up", "accepted", ended, ended + DAY, ended + HOUR),),
        acts=(Act("booked", booked, False), Act("completed", end, True)),
    )


def write(file: Path, number: int) -> None:
    """A table as a practice would export it; its rows are the same appointments."""
    chance = Random(7)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(HEADINGS)
        for place in range(number):
            rows.writerow(row(leg(place, chance), place))


def write_log(file: Path, number: int) -> None:
    """One row for each event, the events of an appointment together."""
    chance = Random(7)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(LOG_HEADINGS)
        for place in range(number):
            made = leg(place, chance)
            about = (when(made.start), when(made.end), made.service, made.staff, made.price)
            for activity, at in events(made):
                rows.writerow((made.reference, activity, when(at), *about))


def events(made: Leg) -> Iterator[tuple[str, datetime | None]]:
    """Eight of each, whatever becomes of it."""
    words = {Outcome.COMPLETED: "attended", Outcome.MISSED: "missed", Outcome.UNKNOWN: "reminded"}
    yield "booked", made.booked_at
    yield "confirmed", made.entered[Stage.CONFIRMED]
    yield "acknowledged", made.start - DAY - HOUR
    yield "prepared", made.start - DAY
    yield "reminded", made.start - DAY
    yield "reminded", made.start - HOUR
    yield words.get(made.outcome, "cancelled"), made.outcome_at or made.start - HOUR
    yield ("completed" if made.outcome is Outcome.COMPLETED else "reminded"), made.end


def row(made: Leg, place: int) -> tuple[object, ...]:
    words = {Outcome.COMPLETED: "completed", Outcome.MISSED: "no-show", Outcome.UNKNOWN: "booked"}
    cancelled = made.outcome is Outcome.CANCELLED and made.outcome_at
    return (
        made.reference,
        when(made.booked_at),
        when(made.start),
        when(made.end),
        words.get(made.outcome, "cancelled"),
        made.service,
        made.staff,
        made.price,
        f"customer-{place % 20_000}",
        when(made.outcome_at) if cancelled else "",
        when(made.entered[Stage.CONFIRMED]),
        when(made.entered.get(Stage.COMPLETED)),
    )


def when(instant: datetime | None) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant else ""


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
