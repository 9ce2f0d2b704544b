"""The week, drawn or as a table."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from kept.accounts.queries import Member
from kept.console import week as weeks
from kept.console.access import Desk, at_desk, show
from kept.core.time import local_day


@at_desk(Member.STAFF)
def week(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A week: `?from=2027-03-01` (any day of it), `?staff=`, `?service=` for its free times, and
    `?view=table`."""
    asked = weeks.asked_for(request.GET, desk)
    found = weeks.week(desk, asked)
    context: dict[str, object] = {
        "week": found,
        "asked": asked,
        "is_now": any(day.is_today for day in found.days),
        "present": local_day(desk.now, desk.zone),
        "as_grid": asked.query(table=False),
        "as_table": asked.query(table=True),
    }
    return show(request, desk, "console/week.html", context)
