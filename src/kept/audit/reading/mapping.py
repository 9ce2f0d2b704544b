"""Column maps: which heading of a tool's export is what, and what the tool cannot know.

A map is a small TOML file (docs/audit-files.md has an example); ready ones lie in `maps/`. A map
says what its words mean, it computes nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from kept.audit.history import Field
from kept.audit.reading.instants import ORDERS
from kept.audit.reading.trouble import CannotRead

READY = Path(__file__).parent / "maps"
MOST_BYTES = 1_000_000
BY_CUSTOMER_AND_DAY = "customer and day"


class Column(StrEnum):
    """What a column of a table of bookings, or of an event log, can be."""

    START = "start"
    START_DATE = "start_date"
    START_TIME = "start_time"
    END = "end"
    END_DATE = "end_date"
    END_TIME = "end_time"
    DURATION = "duration"
    BOOKED_AT = "booked_at"
    SERVICE = "service"
    STAFF = "staff"
    CHANNEL = "channel"
    PRICE = "price"
    CURRENCY = "currency"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    CUSTOMER = "customer"
    CANCELLED_AT = "cancelled_at"
    CANCELLED_BY = "cancelled_by"
    OUTCOME_AT = "outcome_at"
    PAID_AT = "paid_at"
    CONFIRMED_AT = "confirmed_at"
    ACKNOWLEDGED_AT = "acknowledged_at"
    ATTENDED_AT = "attended_at"
    COMPLETED_AT = "completed_at"
    ID = "id"
    MOVED_FROM = "moved_from"
    MOVED_TO = "moved_to"
    ALL_DAY = "all_day"
    ZONE = "zone"
    CASE = "case"
    ACTIVITY = "activity"
    TIMESTAMP = "timestamp"
    RESOURCE = "resource"
    LATE_WINDOW = "late_window"
    SPARED = "confirmation_spared"


class Word(StrEnum):
    """What a status, or an activity of a log, can mean."""

    BOOKED = "booked"  # it stands; nothing is known of what became of it
    CONFIRMED = "confirmed"
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"
    PREPARED = "prepared"
    ARRIVED = "arrived"  # seen to come; what became of the visit is said apart
    ATTENDED = "attended"
    COMPLETED = "completed"
    MISSED = "missed"
    MISSED_BY_BUSINESS = "missed by the business"
    CANCELLED = "cancelled"
    CANCELLED_BY_BUSINESS = "cancelled by the business"
    MOVED = "moved"
    ASSUMED = "assumed"
    NOTHING = "nothing"  # the value says nothing about the outcome
    NO_APPOINTMENT = "no appointment"  # the row is dropped: a block, a draft, a declined request


@dataclass(frozen=True, slots=True)
class Status:
    """One column that says something about the outcome. Of several, the first that says more than
    "booked" counts. Values are compared without case, spaces and marks."""

    column: str
    means: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a history that comes in several. `outcome`: what all its rows became; `joined`:
    its rows are payments, joined with the bookings by customer and day."""

    name: str
    recognised_by: tuple[str, ...]
    columns: Mapping[Column, tuple[str, ...]]
    statuses: tuple[Status, ...] = ()
    outcome: Word | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """Everything that is to be known of one tool's export."""

    name: str
    title: str
    parts: tuple[Part, ...]
    kind: str = "bookings"  # or "events"
    about: str = ""
    verified: bool = False
    order: str = ""  # of day and month; "" lets the file decide
    zone: str = ""  # where times without a zone were written down; "": the zone of the business
    decimal: str = ""
    currency: str = ""
    business: tuple[str, ...] = ()  # values of `cancelled_by` that mean the business
    business_column: str = ""  # or the heading whose value it then has
    activities: Mapping[str, Word] = field(default_factory=dict)
    exact: bool = False  # a log whose times are taken as they are: booked once it had begun
    object_types: tuple[str, ...] = ()  # of an object-centric log: those that are appointments
    knows: frozenset[Field] = frozenset()  # beyond what the columns say
    cannot: Mapping[Field, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def fold(text: str) -> str:
    """How headings and values are compared: without case, marks and doubled spaces."""
    return " ".join(MARKS.sub(" ", text.casefold()).split())


MARKS = re.compile(r"[\W_]+")


@cache
def ready() -> Mapping[str, Map]:
    """The maps that come with Kept, by name."""
    found = (load(path) for path in sorted(READY.glob("*.toml")))
    return {each.name: each for each in found}


def find(said: str | Path) -> Map:
    """A ready map by its name, or the map in a file."""
    if known := ready().get(str(said)):
        return known
    path = Path(said)
    if not path.is_file():
        names = ", ".join(ready())
        raise CannotRead(f"There is no map “{said}”: name a file, or one of {names}.")
    return load(path)


def load(path: Path) -> Map:
    """The map in a TOML file; CannotRead says what is wrong with it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CannotRead(f"{path.name} is too long for a map.")
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CannotRead(f"The map {path.name} cannot be read: {error}.") from error
    try:
        return _map(said, path.stem)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise CannotRead(f"The map {path.name} is not right: {_sentence(error)}") from error


_SECTIONS = """
    name title kind about verified recognised_by columns times money status part outcome
    cancelled_by activities exact object_types knows cannot notes
"""
_KEYS = frozenset(_SECTIONS.split())


def _map(said: dict[str, Any], name: str) -> Map:
    if unknown := said.keys() - _KEYS:
        raise ValueError(f"“{min(unknown)}” is no part of a map.")
    times, money, by = said.get("times", {}), said.get("money", {}), said.get("cancelled_by", {})
    return Map(
        name=str(said.get("name", name)),
        title=str(said.get("title", said.get("name", name))),
        parts=_parts(said),
        kind=_one_of(said.get("kind", "bookings"), ("bookings", "events")),
        about=str(said.get("about", "")).strip(),
        verified=bool(said.get("verified", False)),
        order=_one_of(times.get("order", ""), ("", *ORDERS)),
        zone=str(times.get("zone", "")),
        decimal=_one_of(money.get("decimal", ""), ("", ",", ".")),
        currency=str(money.get("currency", "")),
        business=tuple(map(fold, _texts(by.get("business", ())))),
        business_column=str(by.get("business_column", "")),
        activities=_means(said.get("activities", {})),
        exact=bool(said.get("exact", False)),
        object_types=tuple(_texts(said.get("object_types", ()))),
        knows=frozenset(_field(each) for each in _texts(said.get("knows", ()))),
        cannot={_field(key): str(why) for key, why in said.get("cannot", {}).items()},
        notes=tuple(_texts(said.get("notes", ()))),
    )


def _parts(said: dict[str, Any]) -> tuple[Part, ...]:
    if "part" not in said:
        return (_part(said, said),)
    return tuple(_part(each, said) for each in said["part"])


def _part(own: dict[str, Any], whole: dict[str, Any]) -> Part:
    columns = {**whole.get("columns", {}), **own.get("columns", {})}
    outcome = own.get("outcome")
    return Part(
        name=str(own.get("name", "")),
        recognised_by=tuple(map(fold, _texts(own.get("recognised_by", ())))),
        columns={_column(key): tuple(_texts(value)) for key, value in columns.items()},
        statuses=tuple(
            Status(str(each["column"]), _means(each.get("means", {})))
            for each in own.get("status", whole.get("status", ()))
        ),
        outcome=None if outcome is None else _word(outcome),
        joined=bool(_one_of(own.get("joined_by", ""), ("", BY_CUSTOMER_AND_DAY))),
    )


def _texts(said: object) -> tuple[str, ...]:
    if isinstance(said, str):
        return (said,)
    if isinstance(said, Iterable) and all(isinstance(each, str) for each in said):
        return tuple(said)
    raise ValueError(f"“{said}” must be a text, or a list of texts.")


def _means(said: Mapping[str, object]) -> dict[str, Word]:
    return {fold(value): _word(means) for value, means in said.items()}


def _word(said: object) -> Word:
    return Word(_one_of(said, tuple(Word)))


def _column(said: str) -> Column:
    return Column(_one_of(said, tuple(Column)))


def _field(said: str) -> Field:
    if said.upper() not in Field.__members__:
        raise ValueError(f"“{said}” is no field; they are {', '.join(Field.__members__).lower()}.")
    return Field[said.upper()]


def _one_of(said: object, allowed: tuple[str, ...]) -> str:
    if isinstance(said, str) and said in allowed:
        return said
    choices = ", ".join(f"“{each}”" for each in allowed if each)
    raise ValueError(f"“{said}” is not one of {choices}.")


def _sentence(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return "a section is missing, or holds something else than it should."


def as_toml(chosen: Map) -> str:
    """The map as a file that `load` reads: what somebody answered, for the next time."""
    return "\n".join(_lines(chosen)) + "\n"


def _lines(chosen: Map) -> Iterable[str]:
    yield f"name = {_quoted(chosen.name)}"
    yield f"title = {_quoted(chosen.title)}"
    yield f"kind = {_quoted(chosen.kind)}"
    if chosen.exact:
        yield "exact = true"
    yield from _lists(
        {
            "object_types": chosen.object_types,
            "knows": sorted(each.name.lower() for each in chosen.knows),
            "notes": chosen.notes,
        }
    )
    if chosen.cannot:
        known = {each.name.lower(): why for each, why in chosen.cannot.items()}
        yield from _section("cannot", known)
    if chosen.business or chosen.business_column:
        yield from ("", "[cancelled_by]", *_lists({"business": chosen.business}))
        yield f"business_column = {_quoted(chosen.business_column)}"
    if chosen.activities:
        yield from ("", "[activities]", *_pairs(chosen.activities))
    yield from _section("times", {"order": chosen.order, "zone": chosen.zone})
    yield from _section("money", {"decimal": chosen.decimal, "currency": chosen.currency})
    for part in chosen.parts:
        yield from _part_lines(part)


def _part_lines(part: Part) -> Iterable[str]:
    yield from ("", "[[part]]", f"name = {_quoted(part.name)}")
    if part.recognised_by:
        yield f"recognised_by = [{', '.join(map(_quoted, part.recognised_by))}]"
    if part.outcome:
        yield f"outcome = {_quoted(part.outcome)}"
    if part.joined:
        yield f"joined_by = {_quoted(BY_CUSTOMER_AND_DAY)}"
    yield "[part.columns]"
    for column, headings in part.columns.items():
        yield f"{column} = [{', '.join(map(_quoted, headings))}]"
    for status in part.statuses:
        yield from ("[[part.status]]", f"column = {_quoted(status.column)}", "[part.status.means]")
        yield from _pairs(status.means)


def _lists(values: Mapping[str, Sequence[str]]) -> Iterable[str]:
    for key, texts in values.items():
        if texts:
            yield f"{key} = [{', '.join(map(_quoted, texts))}]"


def _section(name: str, values: Mapping[str, str]) -> Iterable[str]:
    said = {key: value for key, value in values.items() if value}
    if said:
        yield from ("", f"[{name}]", *(f"{key} = {_quoted(value)}" for key, value in said.items()))


def _pairs(means: Mapping[str, Word]) -> Iterable[str]:
    return (f"{_quoted(value)} = {_quoted(word)}" for value, word in means.items())


def _quoted(text: str) -> str:
    marks = {"\\": "\\\\", '"': '\\"'}
    safe = "".join(marks.get(c, c if c.isprintable() else f"\\u{ord(c):04x}") for c in text)
    return f'"{safe}"'
