"""The day: numbers, picture, lists by state, and recording that everybody came."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.appointments import actions as appointments
from kept.appointments import queries
from kept.audit.letters import given_up as unsent
from kept.audit.watching import broken_now
from kept.console import lateness
from kept.console import today as days
from kept.console.access import Desk, at_desk, show
from kept.console.acts import REFUSALS
from kept.console.rows import Row, may
from kept.console.rows import rows as rows_of
from kept.core.paths.appointment import AHEAD
from kept.core.time import day_bounds, local_day, same_local_day

DAMAGED = (
    "{} is on this day and cannot be shown: its record is damaged. Whoever runs this installation "
    "sees with `kept check` what is wrong with it."
)


@at_desk(Member.STAFF)
def today(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The day sheet. `?day=2027-03-01`; without it the present day."""
    on = day_of(request, desk)
    rows = days.day_rows(desk, on)
    for leg in days.damaged(desk, on):
        messages.error(request, DAMAGED.format(leg.appointment.reference))
    context = {
        "day": on,
        "begin": day_bounds(on, desk.zone)[0],
        "is_today": on == local_day(desk.now, desk.zone),
        "is_past": on < local_day(desk.now, desk.zone),
        "previous": on - timedelta(days=1),
        "following": on + timedelta(days=1),
        "rows": rows,
        "sections": days.sections(desk, rows),
        "numbers": days.numbers(desk, rows),
        "picture": days.picture(desk, rows, on),
        "arrivable": len(arrivable(desk, rows)),
        "late_count": lateness.count(desk),
        "broken": broken_now(desk.business, desk.now) if desk.is_owner else None,
        "unsent": unsent(desk.business.id) if desk.is_front_desk else [],
        "unknown_self": days.mine(desk) == [],
        "back": request.get_full_path(),
    }
    return show(request, desk, "console/today.html", context)


def day_of(request: HttpRequest, desk: Desk) -> date:
    """The day asked for; one that cannot be read, or lies at the end of time, is the present."""
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        asked = None
    near = asked is not None and date(2000, 1, 1) <= asked <= date(9000, 1, 1)
    return asked if asked is not None and near else local_day(desk.now, desk.zone)


def arrivable(desk: Desk, rows: list[Row]) -> list[Row]:
    """Who should be here by now and is not recorded as here."""
    return [
        row
        for row in rows
        if row.leg.case.state in AHEAD
        and row.leg.start <= desk.now
        and same_local_day(row.leg.start, desk.now, desk.zone)
        and may(desk, row.leg, "arrived")
    ]


@at_desk(Member.STAFF, posts=True)
def arrivals(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Record that all others have arrived: asked once more, and said so in each history."""
    on = local_day(desk.now, desk.zone)
    rows = arrivable(desk, days.day_rows(desk, on))
    if request.method != "POST":
        return show(request, desk, "console/arrivals.html", {"rows": rows, "day": on})
    chosen = {str(row.leg.appointment_id): row for row in rows}
    done = 0
    for value in request.POST.getlist("appointment"):
        identity, _, version = value.partition(":")
        if identity in chosen:
            done += _arrive(request, desk, chosen[identity], version, on)
    messages.success(request, f"{done} recorded as arrived.")
    return redirect("console:today")


def _arrive(request: HttpRequest, desk: Desk, row: Row, version: str, on: date) -> bool:
    """Record one of them; a refusal is said and does not stop the others."""
    leg = row.leg
    try:
        appointments.say(
            leg.appointment,
            "arrived",
            desk.now,
            desk.actor,
            reason=f"Recorded together with others: all others arrived, {on.isoformat()}",
            expected=int(version) if version.isdecimal() else None,
        )
    except REFUSALS as error:
        messages.warning(request, f"{leg.appointment.customer.name}: {error}")
        return False
    return True


@at_desk(Member.FRONT_DESK)
def missed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What was missed, newest first, with age and value: it does not disappear."""
    found = queries.listing(desk.business.id, state="missed").reverse()[:200]
    context = {"legs": list(found)}
    return show(request, desk, "console/missed.html", context)


@at_desk(Member.STAFF)
def without_outcome(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What is over and of which nobody said what happened, oldest first."""
    legs = days.visible(desk, list(queries.without_outcome(desk.business.id, desk.now)[:200]))
    context = {"rows": rows_of(desk, legs), "back": request.get_full_path()}
    return show(request, desk, "console/without_outcome.html", context)


@at_desk(Member.FRONT_DESK)
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    """By reference, or by a part of the name, the e-mail address or the phone number."""
    text = request.GET.get("q", "").strip()[:200]
    found = queries.search(desk.business.id, text) if len(text) >= 2 else []
    exact = [leg for leg in found if leg.appointment.reference == text.upper()]
    if len(exact) == 1:
        return redirect("console:appointment", exact[0].appointment_id)
    return show(request, desk, "console/search.html", {"text": text, "legs": found})
