"""How the installation stands: what runs, what waits, and what keeps it from its work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kept import __version__
from kept.accounts import queries as accounts
from kept.cases import queries as cases
from kept.cli import out
from kept.cli.problems import Refused
from kept.clock import queries as clock
from kept.outbox import queries as outbox


def show(*, as_json: bool) -> None:
    """Print how it stands. Raises Refused when it is degraded: the sentence says what to do."""
    told = _standing()
    if as_json:
        out.data(told)
    else:
        _print(told)
    if told["degraded"]:
        raise Refused(" ".join(told["degraded"]))


def _standing() -> dict[str, Any]:
    now, mail = clock.now(), outbox.mail()
    backlog = outbox.backlog(now)
    businesses = accounts.businesses()
    worker = _worker()
    degraded = [sentence for sentence in (_about_worker(worker), about_mail()) if sentence]
    return {
        "status": "degraded" if degraded else "ok",
        "degraded": degraded,
        "version": __version__,
        "database": _database(),
        "clock": {"now": now, "lapse": clock.is_lapse()},
        "worker": worker,
        "mail": {
            "state": mail.state,
            "server": mail.name,
            "since": mail.since,
            "detail": mail.detail,
            "retrying": outbox.retrying(),
            "waiting": backlog.waiting,
            "behind_seconds": int(backlog.longest.total_seconds()),
        },
        "businesses": len(businesses),
        "needs_a_person": sum(
            cases.escalations(each.id, is_open=True).count() for each in businesses
        ),
    }


def _database() -> dict[str, object]:
    """Where it is. Never the whole address: a password may stand in that."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        file = Path(str(settings["NAME"]))
        return {"kind": "SQLite", "name": str(file), "octets": file.stat().st_size}
    place = f"{settings['HOST'] or 'this machine'}/{settings['NAME']}"
    return {"kind": "PostgreSQL", "name": place, "octets": None}


def _worker() -> dict[str, Any]:
    alive, last = clock.workers(), clock.last_beat()
    return {
        "alive": bool(alive),
        "names": [beat.name for beat in alive],
        "seen_at": None if last is None else last.seen_at,
        "due_now": cases.due_now(clock.now()),
    }


def _about_worker(worker: dict[str, Any]) -> str:
    if worker["alive"]:
        return ""
    return "No worker is alive, so nothing is sent: start `kept serve` or `kept work`."


def about_mail() -> str:
    """What keeps mail from leaving, and what to do; "" when nothing does, as far as is known."""
    mail = outbox.mail()
    if mail.state == "unset":
        return (
            "No mail server is set, so every message waits: set KEPT_EMAIL_URL, such as "
            "smtp+tls://user:password@mail.example.com:587."
        )
    if mail.since is None:
        return ""
    since = out.when(mail.since, ZoneInfo("UTC"))
    return f"No mail leaves since {since} ({mail.detail}): every message waits until it does."


def _print(told: dict[str, Any]) -> None:
    database, mail, worker = told["database"], told["mail"], told["worker"]
    size = "" if database["octets"] is None else f", {database['octets'] / 1e6:.1f} MB"
    kind = "the time-lapse clock" if told["clock"]["lapse"] else "the real clock"
    rows = (
        ("database", f"{database['kind']}, {database['name']}{size}"),
        ("clock", f"{kind}: {out.when(told['clock']['now'], ZoneInfo('UTC'), seconds=True)}"),
        ("worker", _worker_words(worker)),
        ("due now", str(worker["due_now"])),
        ("mail", _mail_words(mail)),
        ("businesses", str(told["businesses"])),
        ("needs a person", str(told["needs_a_person"])),
    )
    out.line(f"Kept {told['version']}: {told['status']}")
    for name, words in rows:
        out.line(f"  {name:<15} {words}")


def _worker_words(worker: dict[str, Any]) -> str:
    if worker["alive"]:
        return ", ".join(worker["names"])
    if worker["seen_at"] is None:
        return "no worker has run yet"
    return f"no worker since {out.when(worker['seen_at'], ZoneInfo('UTC'))}"


def _mail_words(mail: dict[str, Any]) -> str:
    words = {
        "ok": "stays in the inbox here" if mail["server"] == "inbox" else mail["server"],
        "unset": "not set",
        "unknown": f"{mail['server']}; no worker could say whether it answers",
        "away": f"{mail['server']} does not answer",
    }[mail["state"]]
    if not mail["waiting"]:
        return words
    behind = timedelta(seconds=mail["behind_seconds"])
    return f"{words}; {mail['waiting']} messages wait for it, the first for {behind} (h:mm:ss)"
