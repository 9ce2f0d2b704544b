"""What invitations to come again bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table

from kept.cli import out
from kept.cli.businesses import the_business
from kept.clock import queries as clock
from kept.journeys import reactivation, yields
from kept.journeys.yields import Group, Yield


def show(slug: str | None, *, as_json: bool) -> None:
    """Print what the invitations of a business have brought until now."""
    business = the_business(slug)
    found = yields.of(business, clock.now())
    if as_json:
        out.data(asdict(found))
        return
    for missing in reactivation.to_set_up(business):
        out.note(f"Note: {missing}")
    _print(found)


def _print(found: Yield) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("who", "people", "booked again", "share", "95 %", "worth by list price"):
        table.add_column(name)
    for group in (found.invited, found.held_out):
        table.add_row(*_row(group, found.currency))
    out.console().print(table)
    if found.difference is not None:
        one = found.difference
        out.line(f"Difference: {one.rate:+.0%}, and by chance {one.low:+.0%} to {one.high:+.0%}.")
        out.line(
            f"Beyond those left alone: {found.beyond} {found.currency} by list price, not paid."
        )
    else:
        out.line(found.why_not)
    _became("Of these invited", found.counted)
    out.line(f"{found.early} fell due too short a time ago to be counted.")
    _became("Of those invited", found.so_far)
    _became("Not asked so far", found.not_asked)
    for why, number in sorted(found.others.items()):
        out.line(f"{number} in neither group: {why}")


def _became(who: str, counts: Mapping[str, int]) -> None:
    said = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    if said:
        out.line(f"{who}: {said}.")


def _row(group: Group, currency: str) -> tuple[str, ...]:
    name = group.name.replace("_", " ")
    one = group.returned
    interval = f"{one.low:.0%} to {one.high:.0%}" if one.of else ""
    rate = f"{one.rate:.0%}" if one.of else ""
    return name, str(one.of), str(one.count), rate, interval, f"{group.worth} {currency}"
