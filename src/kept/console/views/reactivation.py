"""What invitations bring: drawn, and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from kept.accounts.queries import Member
from kept.console import words
from kept.console.access import Desk, at_desk, show
from kept.core.holdout import Difference
from kept.journeys import reactivation, yields
from kept.journeys.yields import Group


@dataclass(frozen=True, slots=True)
class Bar:
    """A group drawn: percents from 0 to 100 for the picture, and the figures beside it."""

    title: str
    group: Group
    rate: int
    low: int
    high: int


@at_desk(Member.OWNER)
def overview(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Who came back of the invited, and of those chance had left alone."""
    found = yields.of(desk.business, desk.now)
    context: dict[str, object] = {
        "found": found,
        "bars": [_bar("Invited", found.invited), _bar("Left alone by chance", found.held_out)],
        "points": _points(found.difference) if found.difference else None,
        "others": _counted(found.others),
        "counted": _counted(found.counted),
        "so_far": _counted(found.so_far),
        "early_invited": found.early - found.early_held_out,
        "not_asked": _counted(found.not_asked),
        "missing": reactivation.to_set_up(desk.business),
    }
    return show(request, desk, "console/returns.html", context)


def _bar(title: str, group: Group) -> Bar:
    one = group.returned
    return Bar(title, group, *(round(100 * part) for part in (one.rate, one.low, one.high)))


def _points(found: Difference) -> list[str]:
    return [f"{100 * part:+.0f}" for part in (found.rate, found.low, found.high)]


def _counted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted((words.told_of(name, words.RETURNS), number) for name, number in counts.items())
