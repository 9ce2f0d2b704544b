"""How long a month of free slots takes: 20 staff with 1,000 claims each, and with ten times as
many past ones."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from benchmarks import house
from benchmarks.house import House
from benchmarks.load import Result

STAFF = 20
CLAIMS = 1000
REQUESTS = 100


def run() -> None:
    built = house.build("availability", staff=STAFF, hours=house.WORKING_DAY, minutes=30)
    claim(built, first_day=1, count=CLAIMS)
    with house.serving():
        limit = ask(built, "/api/v1/health")
        found = ask(built, month(built))
        claim(built, first_day=-4000, count=10 * CLAIMS)
        aged = ask(built, month(built))
    show("GET /health (the least an answer costs)", limit)
    show(f"a month, {STAFF} staff, {CLAIMS} claims each", found)
    show(f"the same after {10 * CLAIMS} past claims each", aged)
    ratio = house.percentile(aged.latencies, 0.5) / house.percentile(found.latencies, 0.5)
    print(f"  past claims change the median by a factor of {ratio:.2f} (aim: 1); p95 aim: 50 ms")


def show(title: str, result: Result) -> None:
    median = house.percentile(result.latencies, 0.5) * 1000
    p95 = house.percentile(result.latencies, 0.95) * 1000
    print(f"{title:45s} median {median:6.1f} ms, p95 {p95:6.1f} ms {result.statuses}")


def claim(built: House, *, first_day: int, count: int) -> None:
    """Take `count` half hours of each member of staff, spread over the hours from a day on."""
    from kept.core.availability import to_minute
    from kept.lib.ids import new_id
    from kept.schedule.models import Claim

    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = to_minute(midnight + timedelta(days=first_day))
    a_day = 8  # half hours from 9:00 to 17:00 that are taken; as many stay free
    rows = []
    for resource in built.staff:
        for n in range(count):
            start = begin + (n // a_day) * 1440 + 9 * 60 + (n % a_day) * 60
            rows.append(
                Claim(
                    id=new_id(),
                    business=built.business,
                    resource=resource.number,
                    start=start,
                    end=start + 30,
                    kind=Claim.LEG,
                    holder=new_id(),
                )
            )
    Claim.objects.bulk_create(rows, batch_size=5000)
    gather_statistics()


def gather_statistics() -> None:
    """What PostgreSQL's autovacuum does by itself within a minute of so many new rows.

    Until then it takes the claims that are over for few and reads them all.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE schedule_claim")


def month(built: House) -> str:
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin += timedelta(days=2)
    end = begin + timedelta(days=30)
    day = "%Y-%m-%dT%H:%M:%SZ"
    return (
        f"/api/v1/availability?service={built.service.id}"
        f"&from={begin.strftime(day)}&to={end.strftime(day)}"
    )


def ask(built: House, path: str) -> Result:
    """The same request, one after the other."""
    jobs = [("GET", path, built.api_key)] * REQUESTS
    job = {"port": house.PORT, "clients": 1, "seconds": 60, "requests": jobs}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(*json.loads(done.stdout))
