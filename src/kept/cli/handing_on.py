"""How what was handed on was taken over, on a terminal."""

from __future__ import annotations

from datetime import timedelta

from rich.table import Table

from kept.cases import queries as cases
from kept.cli import out
from kept.cli.businesses import the_business
from kept.clock import queries as clock


def show(slug: str | None, days: int, *, as_json: bool) -> None:
    """Print it for what was offered in the last days, all of it first, then path by path."""
    business, now = the_business(slug), clock.now()
    begin = now - timedelta(days=days)
    found = cases.taken_over(business.id, begin, now + timedelta(seconds=1), now)
    rows = [
        {
            "to": each.to,
            "offered": each.offered,
            "waiting": each.waiting,
            "not_in_time": each.late,
            "not_in_time_share": each.late_share,
        }
        for each in found
    ]
    if as_json:
        out.data({"days": days, "paths": rows})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("to", "offered", "waiting", "not in time", "share"):
        table.add_column(column)
    for each in found:
        share = "–" if each.late_share is None else f"{each.late_share:.0%}"
        table.add_row(each.to, *map(str, (each.offered, each.waiting, each.late)), share)
    out.console().print(table)
