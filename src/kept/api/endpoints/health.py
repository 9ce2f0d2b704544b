"""GET /health: whether the installation works, for a monitor."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from ninja import Router

from kept import __version__
from kept.api.answers import answer
from kept.api.gives import HealthOut, MailOut, WorkerOut
from kept.cases import queries as cases
from kept.clock import queries as clock
from kept.outbox import queries as outbox

router = Router(tags=["Health"])


@router.get(
    "/health",
    auth=None,
    summary="Whether it works",
    response={200: HealthOut, 503: HealthOut},
)
def get_health(request: HttpRequest) -> HttpResponse:
    """`degraded` with 200: no worker was seen in the last seconds, or mail does not leave, so
    nothing is sent.
    `degraded` with 503: the database does not answer, so nothing can be booked either.
    """
    try:
        now = clock.now()
        worker, mail = _worker(now), _mail(now)
    except (DatabaseError, InterfaceError):
        nothing: WorkerOut = {"alive": False, "seen_at": None, "due_now": None}
        unknown: MailOut = {
            "state": "unknown",
            "since": None,
            "waiting": None,
            "behind_seconds": None,
        }
        return answer(_report(None, nothing, unknown), 503).response()
    return answer(_report(now, worker, mail)).response()


def _report(now: datetime | None, worker: WorkerOut, mail: MailOut) -> HealthOut:
    return {
        "status": "ok" if worker["alive"] and mail["state"] == "ok" else "degraded",
        "version": __version__,
        "clock": None if now is None else now.isoformat(timespec="seconds"),
        "database": "unreachable" if now is None else "ok",
        "worker": worker,
        "mail": mail,
    }


def _mail(now: datetime) -> MailOut:
    """Neither where the mail server is nor what it said: anybody may ask."""
    mail, backlog = outbox.mail(), outbox.backlog(now)
    return {
        "state": mail.state,
        "since": _plain(mail.since),
        "waiting": backlog.waiting,
        "behind_seconds": int(backlog.longest.total_seconds()),
    }


def _plain(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="seconds")


def _worker(now: datetime) -> WorkerOut:
    beat = clock.last_beat()
    seen = None if beat is None else beat.seen_at
    return {
        "alive": seen is not None and clock.real_now() - seen < clock.ALIVE,
        "seen_at": _plain(seen),
        "due_now": cases.due_now(now),
    }
