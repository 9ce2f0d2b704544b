"""Whether everybody is asked for a review alike."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from rich.table import Table

from kept.cli import out
from kept.cli.businesses import the_business
from kept.clock import queries as clock
from kept.journeys import equality, reputation
from kept.journeys.equality import Equality, Group


def show(slug: str | None, back: timedelta, *, as_json: bool) -> None:
    """Print the report on the visits from `back` ago until now."""
    now, business = clock.now(), the_business(slug)
    found = equality.equality(business.id, now - back, now)
    if as_json:
        out.data(asdict(found))
        return
    for missing in reputation.to_set_up(business):
        out.note(f"Note: {missing}")
    _print(found)


def _print(found: Equality) -> None:
    whole = found.everybody
    out.line(f"{whole.visits} visits of which somebody saw that they took place")
    out.line(f"{whole.asked} asked for a review, {whole.waiting} still to be asked")
    out.line(f"{found.clicked} went to a review page, {found.declined} would rather not")
    if not whole.visits:
        return
    table = Table(box=None, pad_edge=False)
    for name in ("by", "who", "visits", "asked", "share", "95 %", "not asked, and why"):
        table.add_column(name)
    kinds = {"service": found.by_service, "staff": found.by_staff, "answer": found.by_answer}
    for kind, groups in {"all": [whole], **kinds}.items():
        for group in groups:
            table.add_row(kind, *_row(group))
    out.console().print(table)
    for group in found.unequal:
        out.line(f"{group.name} is asked less than the others.")


def _row(group: Group) -> tuple[str, ...]:
    reasons = ", ".join(f"{n} {why}" for why, n in group.reasons.items())
    share = group.share
    rate = f"{share.rate:.0%}" if share else ""
    interval = f"{share.low:.0%} to {share.high:.0%}" if share else ""
    return group.name, str(group.visits), str(group.asked), rate, interval, reasons
