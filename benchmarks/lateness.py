"""How long after its moment a control is decided and written, while a hundred a second fall due."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from benchmarks import controls, house

RATE = 100  # controls a second
SECONDS = 20
HEADSTART = timedelta(seconds=8)  # for the worker to be there before the first one
LOOK_EVERY = 0.05  # seconds: what is seen of a control is seen so much too late at most


def run() -> None:
    built = house.build(
        "lateness", staff=controls.STAFF, hours=house.ROUND_THE_CLOCK, minutes=controls.MINUTES
    )
    controls.fill(controls.in_an_hour(built), RATE * SECONDS, at=0)
    begin = datetime.now(UTC) + HEADSTART
    _spread(begin)
    with house.working():
        late = _watch(begin)
    median, p99 = (house.percentile(late, share) for share in (0.5, 0.99))
    print(f"{RATE} controls a second, each done after   median {median:.2f} s, p99 {p99:.2f} s")
    print("  (aim: p99 2 s)")


def _spread(begin: datetime) -> None:
    """Let the final reminders of these visits fall due from `begin` on, one after the other."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT case_id,
                    %s - due_at + row_number() OVER () * %s * interval '1 second' AS later
                FROM cases_control WHERE name = 'final_reminder' AND status = 'planned'
            ), cases AS (
                UPDATE cases_case SET anchors = (
                    SELECT jsonb_object_agg(key, to_jsonb(value::timestamptz + later))
                    FROM jsonb_each_text(anchors)
                ) FROM due WHERE id = case_id
            )
            UPDATE cases_control AS control SET
                due_at = due_at + later, wake_at = wake_at + later,
                useful_until = useful_until + later
            FROM due WHERE control.case_id = due.case_id AND control.status = 'planned'
            """,
            [begin, 1 / RATE],
        )
        cursor.execute("VACUUM ANALYZE cases_case, cases_control")


def _watch(begin: datetime) -> list[float]:
    """Seconds from the moment of each control until it was seen to be done by somebody else."""
    from kept.cases.models import Control

    ours = Control.objects.filter(name="final_reminder", due_at__gte=begin)
    late: dict[object, float] = {}
    while len(late) < RATE * SECONDS:
        time.sleep(LOOK_EVERY)
        since = datetime.now(UTC) - timedelta(seconds=30)
        done = ours.filter(fired_at__gte=since).values_list("id", "due_at")
        seen, now = list(done), datetime.now(UTC)
        for control, due_at in seen:
            late.setdefault(control, (now - due_at).total_seconds())
        if now > begin + timedelta(seconds=10 * SECONDS):
            raise RuntimeError(f"only {len(late)} of {RATE * SECONDS} controls were done")
    return list(late.values())
