"""How long after a booking its confirmation is given to the transport, by web and worker."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks import house
from benchmarks.bookings import jobs

RATE = 20  # bookings a second
SECONDS = 15


def run() -> None:
    built = house.build("handover", staff=20, hours=house.ROUND_THE_CLOCK, minutes=15)
    with house.serving(), house.working():
        job = {
            "port": house.PORT,
            "clients": 4,
            "seconds": 2 * SECONDS,
            "per_second": RATE,
            "requests": jobs(built, first_day=1, count=RATE * SECONDS),
        }
        command = [sys.executable, "-m", "benchmarks.load"]
        subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True)
        house.wait_until(lambda: len(_waits()) == RATE * SECONDS, "every confirmation has left")
    waits = _waits()
    median, p95 = (house.percentile(waits, share) for share in (0.5, 0.95))
    print(f"{RATE} bookings a second, to the transport     median {median:.2f} s, p95 {p95:.2f} s")
    print("  (aim: p95 1 s)")


def _waits() -> list[float]:
    """Seconds from the booking to the mark before the transport, of each confirmation."""
    from django.db.models import F

    from kept.outbox.models import Message

    handed = Message.objects.filter(control="confirmation", handed_over_at__isnull=False)
    waits = handed.values_list(F("handed_over_at") - F("created_at"), flat=True)
    return [wait.total_seconds() for wait in waits]
