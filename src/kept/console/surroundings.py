"""What stands around every page: the way about, the clock, and whether all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from kept.accounts import queries as accounts
from kept.appointments import steps
from kept.cases import queries as cases
from kept.clock import queries as clock
from kept.console import words
from kept.lib import i18n
from kept.outbox import queries as outbox
from kept.webhooks import queries as webhooks

if TYPE_CHECKING:
    from kept.console.access import Desk

NAVIGATION = (
    # url name, words, what the path of the page begins with, least: front desk, owner
    ("today", "Today", ("/console/appointments/", "/console/arrivals/"), "staff"),
    ("week", "Week", (), "staff"),
    ("escalations", "Needs a person", ("/console/lateness/",), "front_desk"),
    ("leads", "Leads", (), "front_desk"),
    ("book", "Book", ("/console/walk-in/",), "front_desk"),
    ("people", "People", (), "front_desk"),
    ("missed", "Missed", (), "front_desk"),
    ("hand_offs", "Hand-offs", (), "front_desk"),
    ("messages", "Messages", (), "front_desk"),
    ("reputation", "Reviews", (), "front_desk"),
    ("returns", "Invitations", (), "owner"),
    ("audit", "Audit", (), "owner"),
    ("setup", "Set-up", (), "owner"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    words: str
    url: str
    here: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether anybody turns the handle, in a sentence. `seen` is its last sign of life."""

    alive: bool
    words: str


@dataclass(frozen=True, slots=True)
class LapseBar:
    """The demo's clock: what it says, and what it would stop at next."""

    now: datetime
    next: datetime | None


def around(request: HttpRequest, desk: Desk) -> dict[str, object]:
    """The context every page of the console shares."""
    waiting = open_count(desk) if desk.is_front_desk else 0
    return {
        "desk": desk,
        "business": desk.business,
        "zone": desk.business.time_zone,
        "now": desk.now,
        "places": list(navigation(request, desk, waiting)),
        "open_count": waiting,
        "health": health(desk),
        "mail": mail_banner(),
        "cut_off": webhooks.disabled_by_themselves(desk.business.id) if desk.is_owner else [],
        "demo": is_demo(),
        "lapse": lapse_bar(desk),
        "memberships": accounts.memberships(desk.user),
    }


def open_count(desk: Desk) -> int:
    """What needs a person now; what was put off is not counted before it is back."""
    return cases.waiting_for_people(desk.business.id, desk.now).count()


def navigation(request: HttpRequest, desk: Desk, waiting: int) -> Sequence[Place]:
    allowed = {"staff": True, "front_desk": desk.is_front_desk, "owner": desk.is_owner}
    return [
        Place(
            said,
            url,
            here=_is_here(request.path, url, more),
            count=waiting if name == "escalations" else None,
        )
        for name, said, more, least in NAVIGATION
        if allowed[least]
        for url in [reverse(f"console:{name}")]
    ]


def _is_here(path: str, url: str, more: tuple[str, ...]) -> bool:
    home = reverse("console:today")
    return path == url or (url != home and path.startswith(url)) or path.startswith(more)


def health(desk: Desk) -> Health:
    """An empty queue because nothing is wrong, and one because nobody looks, must differ."""
    beat = clock.last_beat()
    if beat is None:
        return Health(False, "No worker has run yet: reminders are not leaving.")
    real = clock.real_now()
    if real - beat.seen_at > clock.ALIVE:
        since = words.ago((real - beat.seen_at).total_seconds())
        return Health(
            False,
            f"The worker has not been seen for {since}: reminders are not leaving.",
        )
    # On the time-lapse clock the worker looks all the time; what it last looked at is "now".
    looked = desk.now if clock.is_lapse() else beat.seen_at
    at = i18n.format_time(looked, desk.business.time_zone, desk.business.locale)
    return Health(True, f"Last checked {at}.")


def mail_banner() -> str:
    """What stands in the way of mail, or ""."""
    mail = outbox.mail()
    if mail.state == "unset":
        return (
            "No mail server is set, so every message waits. "
            "Whoever runs this installation sets KEPT_EMAIL_URL."
        )
    if mail.since is None:
        return ""
    since = words.ago((clock.real_now() - mail.since).total_seconds())
    return (
        f"No mail has left for {since}: the mail server cannot be reached. Every message waits "
        "and goes out as soon as it is back; whoever runs this installation finds the reason with "
        "kept status. Who comes within the next hours is better called."
    )


def is_demo() -> bool:
    """Mail stays in the inbox of this installation."""
    return settings.EMAIL_URL.startswith("inbox")


def lapse_bar(desk: Desk) -> LapseBar | None:
    """On the time-lapse clock: what it says and what comes next."""
    if not clock.is_lapse():
        return None
    return LapseBar(desk.now, steps.next_moment())
