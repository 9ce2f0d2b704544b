"""What is to be ready before a visit: the items of its service, and which of them are still open.

An open item is a flag, never a state: a visit is *prepared* once its window is open and its
reminders are out, whatever somebody has still to bring. The items are those of the booking; a
service edited since changes nothing, and a move carries them on with what is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from kept.core.case import Case, Facts
from kept.core.time import Offset, before, format_offset, parse_offset

CUSTOMER, BUSINESS = "customer", "business"
MOST_ITEMS = 12
LONGEST = 200
USUAL = "24h"  # when the window opens, too


class ItemError(ValueError):
    """An item that cannot be. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be ready: `by` whom (customer or business), and how long before the start."""

    id: str
    what: str
    by: str
    due: Offset


def checked(raw: object) -> list[dict[str, str]]:
    """The items of a service as they are kept: `[{"what", "by", "due"}]`, due as `24h` or `1d`.

    Raises ItemError.
    """
    if not isinstance(raw, list | tuple):
        raise ItemError("Give a list of what is to be prepared.")
    if len(raw) > MOST_ITEMS:
        raise ItemError(f"At most {MOST_ITEMS} things can be asked for: nobody reads more.")
    return [_checked_item(each) for each in raw]


def _checked_item(raw: object) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not raw.keys() <= {"what", "by", "due"}:
        raise ItemError("Each thing to prepare has `what`, `by` and `due`.")
    what = " ".join(str(raw.get("what", "")).split())
    by, due = str(raw.get("by", CUSTOMER)), str(raw.get("due", USUAL))
    if not what or len(what) > LONGEST:
        raise ItemError(f"Say what is to be prepared, in 1 to {LONGEST} letters.")
    if by not in {CUSTOMER, BUSINESS}:
        raise ItemError(f"{by!r} is neither customer nor business: say who prepares it.")
    try:
        offset = parse_offset(due)
    except ValueError as error:
        raise ItemError(str(error)) from error
    return {"what": what, "by": by, "due": format_offset(offset)}


def as_facts(kept: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """The items of a service as a booking takes them along, each with an id of its own."""
    return [{"id": str(number), **each} for number, each in enumerate(kept, 1)]


def items(facts: Facts) -> tuple[Item, ...]:
    """The items of a case, in their order, from its facts."""
    found = cast(Iterable[Mapping[str, str]], facts.get("to_prepare") or ())
    return tuple(Item(i["id"], i["what"], i["by"], parse_offset(i["due"])) for i in found)


def done(facts: Facts) -> frozenset[str]:
    """The ids of the items that somebody said are ready."""
    return frozenset(cast(Iterable[str], facts.get("prepared_items") or ()))


def open_items(facts: Facts, by: str = "") -> tuple[Item, ...]:
    """The items that are not ready, of all or of one side."""
    ready = done(facts)
    return tuple(i for i in items(facts) if i.id not in ready and by in {"", i.by})


def first_due(case: Case) -> datetime:
    """When the first of what the customer has still to prepare is due (the start: nothing is)."""
    start, zone = case.anchors["start"], ZoneInfo(case.zone)
    dues = (before(start, item.due, zone) for item in open_items(case.facts, CUSTOMER))
    return min(dues, default=start)
