"""The list of days: which are shown, which is open, where its links lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from kept.core.time import ONE_DAY, day_bounds
from kept.public import times

Url = Callable[..., str]


def day_list(
    asked: times.Asked, query: Mapping[str, str], url: Url, problem: str = ""
) -> dict[str, Any]:
    """The context of the list of days: which are shown, which is open, where the links lead.

    `url(**query)` gives the address of the same page with another query.
    """
    first, wrong = _first_day(asked, query.get("from", ""))
    shown = times.days(asked, first) if first else []
    opened = _opened(shown, query.get("day", ""))
    after = shown[-1].date if shown else asked.today
    later = times.next_free_day(asked, after + ONE_DAY) if shown else None
    links = [
        (day, day is opened, url(**{"from": str(first), "day": str(day.date)})) for day in shown
    ]
    return {
        "days": links,
        "nothing_here": bool(shown) and opened is None,
        "nothing_at_all": not shown or (opened is None and later is None),
        "earlier": _earlier(asked, first, url),
        "later": url(**{"from": str(later)}) if later else "",
        "later_day": day_bounds(later, ZoneInfo(asked.zone))[0] if later else None,
        "problem": problem or wrong,
    }


def _first_day(asked: times.Asked, text: str) -> tuple[date | None, str]:
    """The first day of the list (None: nothing is free at all), and what is wrong with `text`."""
    wrong = ""
    if text:
        try:
            wanted = date.fromisoformat(text)
            return min(max(wanted, asked.today), asked.last_day), ""
        except ValueError:
            wrong = _("“%(text)s” is not a date. Here are the next free days.")
            wrong %= {"text": text[:20]}
    return times.next_free_day(asked, asked.today), wrong


def _opened(shown: list[times.Day], text: str) -> times.Day | None:
    """The day asked for, if it has times; else the first that has."""
    free = [day for day in shown if day.starts]
    asked_for = [day for day in free if str(day.date) == text]
    return next(iter(asked_for or free), None)


def _earlier(asked: times.Asked, first: date | None, url: Url) -> str:
    if first is None or first <= asked.today:
        return ""
    before = max(asked.today, first - ONE_DAY * times.DAYS_SHOWN)
    return url(**{"from": str(before)})
