"""How long the audit of a million events takes, and whether its memory stays flat while reading.

An appointment is eight events: booked, confirmed, reminded twice, prepared, attended, completed,
handed on. So a million events are 125,000 appointments. Each measurement is a process of its own.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from xml.parsers import expat
from zoneinfo import ZoneInfo

from tools.postgres import postgres

from benchmarks import house, past
from kept.audit.history import (
    Act,
    Appointment,
    Duty,
    Enquiry,
    Field,
    Handed,
    History,
    Leg,
    Outcome,
    Sent,
    Source,
    Stage,
)
from kept.audit.quality import Quality
from kept.audit.report import audit
from kept.audit.writing import ocel, xes

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
    "time": ("the same, ordered by time instead of by case", "csv.reader alone"),
    "xes": ("an event log as XES", "expat alone"),
    "ocel": ("an event log as OCEL, in JSON", "its bytes alone"),
    "own": ("own rows on {}", "reading events alone"),
}
FILES = ("table", "log", "time", "xes", "ocel")
# What is written down of a visit, by form; our own logs tell of letters and duties as well.
EVENTS_OF = {"xes": 13, "ocel": 13, "own": 12}


def run() -> None:
    for form in ("memory", *FILES):
        compare(form)
    with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder, postgres() as url:
        for name, where in (("SQLite", ""), ("PostgreSQL", url)):
            os.environ.update(house.environment(where, folder))
            compare("own", name)


def compare(form: str, of: str = "") -> None:
    """A million events and a tenth of them."""
    each = EVENTS_OF.get(form, EVENTS_EACH)
    small, large = (measure(form, events // each) for events in (MILLION // 10, MILLION))
    title, limit = TITLES[form]
    print(
        f"{title.format(of)}: {large['appointments']:,.0f} appointments, {large['rows']:,.0f} rows"
    )
    print(
        f"  {large['seconds']:.1f} s of processor time, {large['wall']:.1f} s on the clock (aim: "
        f"10 s); {limit} {large['limit']:.2f} s"
    )
    print(
        f"  most memory {large['most']:.0f} MB; of a tenth of the events {small['most']:.0f} MB; "
        f"before the first appointment {large['before']:.0f} MB",
        flush=True,
    )


def measure(form: str, number: int) -> dict[str, float]:
    """In a process of its own: the most memory of a process never falls. So what is read is
    written by another one."""
    with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
        file = str(Path(folder) / "bookings")
        _in_a_process("write", form, str(number), file)
        found: dict[str, float] = json.loads(_in_a_process("read", form, str(number), file))
        return found


def _in_a_process(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks.audit", *words]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main(what: str, form: str, number: int, file: Path) -> dict[str, float]:
    if form == "own":
        house.open_database()
    if what == "write":
        if form != "memory":
            WRITERS[form](file, number)
        return {}
    before = most_memory()
    limit, _, _ = timed(lambda: spend(form, number, file))
    seconds, wall, rows = timed(lambda: audited(form, number, file))
    return {
        "appointments": number,
        "rows": rows,
        "seconds": seconds,
        "wall": wall,
        "limit": limit,
        "before": before,
        "most": most_memory(),
    }


def timed(work: Callable[[], int]) -> tuple[float, float, int]:
    """Processor time of this process, which has one thread; the time on the clock; the result."""
    begun, since = time.process_time(), time.monotonic()
    result = work()
    return time.process_time() - begun, time.monotonic() - since, result


def spend(form: str, number: int, file: Path) -> int:
    """The least that has to be done with it, whatever is computed."""
    if form == "memory":
        return len(deque(Made(number).appointments(), 1))
    if form == "own":
        return own_events(number)
    if form == "ocel":
        with file.open("rb", buffering=0) as opened:
            return sum(map(len, iter(lambda: opened.read(1 << 20), b"")))
    if form == "xes":
        with file.open("rb") as opened:
            return expat.ParserCreate().ParseFile(opened)
    with file.open(newline="", encoding="utf-8") as lines:
        return sum(1 for _ in csv.reader(lines))


def own_events(number: int) -> int:
    """How many there are of this business, each of them read."""
    from kept.cases.models import Event

    found = Event.objects.filter(case__business__name=past_name(number))
    return sum(1 for _ in found.values_list("case_id", "at", "name").iterator())


def past_name(number: int) -> str:
    return f"past{number}"


def write_own(file: Path, number: int) -> None:
    past.fill(past_name(number), number)


def audited(form: str, number: int, file: Path) -> int:
    report = audit(history(form, number, file))
    counted = report.figure("funnel").values[0].raw
    if counted != number:
        raise SystemExit(f"{counted} appointments were counted, and not {number}")
    return report.quality.read


def history(form: str, number: int, file: Path) -> History:
    if form == "memory":
        return Made(number)
    if form == "own":
        from kept.accounts.queries import Business
        from kept.audit import own

        business = Business.objects.get(name=past_name(number))
        return own.history(business, past.over(number))
    from kept.audit.reading.opening import open_files

    return open_files([file], zone=ZONE, now=NOW)


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


def write_by_time(file: Path, number: int) -> None:
    """The same rows in the order in which they happened."""
    write_log(file, number)
    head, *rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
    rows.sort(key=lambda row: row.split(",", 3)[2])
    file.write_text("".join([head, *rows]), encoding="utf-8", newline="")


def write_xes(file: Path, number: int) -> None:
    with file.open("w", encoding="utf-8") as opened:
        xes.write(Made(number), opened)


def write_ocel(file: Path, number: int) -> None:
    with file.open("w", encoding="utf-8") as opened:
        ocel.write_json(Made(number), opened)


WRITERS = {
    "table": write,
    "log": write_log,
    "time": write_by_time,
    "xes": write_xes,
    "ocel": write_ocel,
    "own": write_own,
}


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
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))))
