"""Calendars (iCalendar, RFC 5545) as a history: one entry after the other, series as their dates.

Of an entry only what is counted is looked at: titles, descriptions and places are skipped as lines.
A calendar does not know who came, and it forgets what was cancelled: nothing of that is made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Timezone
from icalendar.parser import Contentline
from icalendar.prop import vDuration
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from kept.audit.history import Appointment, Field, Leg, Outcome, Stage
from kept.audit.quality import Quality
from kept.audit.reading.files import Input, Meter, encoding
from kept.audit.reading.instants import (
    ASSUMED_ZONE,
    FIRST_YEAR,
    IMPOSSIBLE_DATE,
    LAST_YEAR,
    NO_TIME,
    ONLY_A_DATE,
    UNKNOWN_ZONE,
    NotATime,
)
from kept.audit.reading.persons import pseudonym
from kept.audit.reading.repeating import Rule, TooUnusual, occurrences, parse
from kept.audit.reading.rules import (
    DUPLICATE,
    EDITED,
    EMPTY_SERIES,
    ENDLESS,
    ENDS_BEFORE,
    ENTERED_LATER,
    MOST_HOURS,
    NO_LENGTH,
    NO_START,
    OF_A_SERIES,
    TOO_LONG,
    TOO_MANY_DATES,
    UNREADABLE_BOOKED,
    UNREADABLE_END,
    UNUSUAL_RULE,
    Dropped,
)
from kept.audit.reading.trouble import CannotRead

_WANTED = re.compile(
    r"(BEGIN|END|METHOD|UID|DTSTART|DTEND|DURATION|CREATED|LAST-MODIFIED|SEQUENCE|STATUS|RRULE"
    r"|RDATE|EXDATE|RECURRENCE-ID|CATEGORIES|ATTENDEE)(?=[;:])",
    re.IGNORECASE,
)
_YEARLY = re.compile(r"RRULE:(?:(?:FREQ=YEARLY|BYMONTH|BYDAY|UNTIL|WKST|INTERVAL=1)[^;]*;?)+$")
AHEAD = timedelta(days=366)  # how far series with an end are followed into what is to come
MOST_DATES = 10_000  # of one series
MOST_ZONE_LINES = 2_000
MOST_LINES = 10_000  # of one entry
MOST_LENGTH = 1_000_000

NOTES = (
    "Every entry with a time counts as an appointment: a calendar does not say which ones are.",
    "A calendar keeps neither who came nor, as a rule, what was cancelled: an entry that is still"
    " there has not been seen to take place.",
)


@dataclass(slots=True)
class Entry:
    """One VEVENT as it is written: (parameters, value) by property, and its first line."""

    line: int
    said: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return self.said[name][0][1].strip() if name in self.said else ""


@dataclass(slots=True)
class Calendar:
    """What stands around the entries: zones that the file defines itself, and the method."""

    zones: dict[str, tzinfo] = field(default_factory=dict)
    cancels: bool = False


@dataclass(slots=True)
class Found:
    """The first pass: which dates of a series stand as entries of their own, and what is filled."""

    moved: dict[str, set[datetime]] = field(default_factory=dict)
    created: bool = False
    categories: bool = False
    attendees: bool = False

    def knows(self) -> frozenset[Field]:
        """A calendar answers when, and when it was written down; never what became of it."""
        answers = {
            Field.BOOKED_AT: self.created,
            Field.END: True,
            Field.SERVICE: self.categories,
            Field.PERSON: self.attendees,
        }
        return frozenset(each for each, yes in answers.items() if yes)


def entries(source: Input, around: Calendar, meter: Meter | None = None) -> Iterator[Entry]:
    """The entries of a file; `around` fills as they are read."""
    with source.text(encoding(source), meter) as lines:
        yield from _Reader(source.name, around).read(lines)


class _Reader:
    """Physical lines in, entries out."""

    def __init__(self, name: str, around: Calendar) -> None:
        self._name, self._around = name, around
        self._entry: Entry | None = None
        self._inside: list[str] = []  # components, innermost last
        self._zone: list[str] = []

    def read(self, lines: Iterator[str]) -> Iterator[Entry]:
        for number, line in self._unfolded(lines):
            if self._inside[-1:] == ["VTIMEZONE"] or "VTIMEZONE" in self._inside:
                self._collect(line)
            if not _WANTED.match(line):
                continue
            name, _, value = line.partition(":")
            if name.upper() == "BEGIN":
                self._begin(value.strip().upper(), number)
            elif name.upper() == "END":
                yield from self._end(value.strip().upper())
            elif self._inside[-1:] == ["VEVENT"] and self._entry is not None:
                self._say(self._entry, line)
            elif name.upper() == "METHOD":
                self._around.cancels = value.strip().upper() == "CANCEL"

    def _unfolded(self, lines: Iterator[str]) -> Iterator[tuple[int, str]]:
        """Whole lines, of those that are wanted; each with the number of its first part."""
        parts: list[str] = []
        begins = length = 0
        for number, line in enumerate(lines, 1):
            if line[:1] in {" ", "\t"} and parts:
                length += len(line)
                if length > MOST_LENGTH:
                    raise CannotRead(f"Line {begins} of {self._name} has no end.")
                parts.append(line[1:].rstrip("\r\n"))
                continue
            if parts:
                yield begins, "".join(parts)
            wanted = _WANTED.match(line) or "VTIMEZONE" in self._inside
            parts, begins, length = ([line.rstrip("\r\n")] if wanted else []), number, len(line)
        if parts:
            yield begins, "".join(parts)

    def _begin(self, component: str, number: int) -> None:
        if len(self._inside) > 20:
            raise CannotRead(f"Line {number} of {self._name} is nested too deeply for a calendar.")
        self._inside.append(component)
        if component == "VEVENT":
            self._entry = Entry(number)
        elif component == "VTIMEZONE":
            self._zone = ["BEGIN:VTIMEZONE"]

    def _end(self, component: str) -> Iterator[Entry]:
        if component in self._inside:
            while self._inside.pop() != component:
                pass
        if component == "VEVENT" and self._entry is not None:
            yield self._entry
            self._entry = None
        elif component == "VTIMEZONE":
            self._learn_zone()

    def _say(self, entry: Entry, line: str) -> None:
        name, parameters, value = _property(line)
        said = entry.said.setdefault(name, [])
        if len(said) < MOST_LINES:
            said.append((parameters, value))

    def _collect(self, line: str) -> None:
        if len(self._zone) < MOST_ZONE_LINES:
            self._zone.append(line)

    def _learn_zone(self) -> None:
        """A zone that only this file knows. One with rules that no zone has stays unknown."""
        rules = [line for line in self._zone if line.upper().startswith("RRULE")]
        if any(not _YEARLY.match(line.upper()) for line in rules):
            return
        with suppress(ValueError, KeyError, IndexError, AttributeError, OverflowError, TypeError):
            zone = Timezone.from_ical("\r\n".join(self._zone) + "\r\n")
            if isinstance(zone, Timezone):
                self._around.zones[str(zone["TZID"])] = zone.to_tz()


def _property(line: str) -> tuple[str, dict[str, str], str]:
    """The name, the parameters and the value of a line. One that is not sound has no name."""
    name, _, value = line.partition(":")
    if ";" not in name:
        return name.upper(), {}, value  # most lines; the rest takes ten times as long
    try:
        name, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
    except ValueError:
        return "", {}, ""
    return name.upper(), {str(k).upper(): _one(each) for k, each in parameters.items()}, value


def _one(said: object) -> str:
    return str(said[0]) if isinstance(said, list) and said else str(said)


class Clock:
    """Reads the times of a calendar. Floating ones are of the business."""

    def __init__(self, zone: ZoneInfo, around: Calendar) -> None:
        self._zone, self._around = zone, around
        self._named: dict[str, tzinfo | None] = {}

    def local(self, parameters: dict[str, str], text: str) -> tuple[datetime, tzinfo, bool]:
        """The naive local time, its zone, and whether the zone was assumed. NotATime says why."""
        said = text.strip().upper()
        if parameters.get("VALUE", "").upper() == "DATE" or len(said) == 8:
            raise NotATime(ONLY_A_DATE)
        try:
            moment = datetime.fromisoformat(said)
        except ValueError as error:
            raise NotATime(NO_TIME) from error
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise NotATime(IMPOSSIBLE_DATE)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).replace(tzinfo=None), UTC, False
        name = parameters.get("TZID", "")
        return moment, self._zone if not name else self.named(name), not name

    def instant(self, parameters: dict[str, str], text: str) -> datetime:
        """Aware, in UTC."""
        moment, zone, _ = self.local(parameters, text)
        return moment.replace(tzinfo=zone).astimezone(UTC)

    def named(self, name: str) -> tzinfo:
        """The zone of a TZID: by its name, or as the file defines it."""
        if (known := self._named.get(name)) is None:
            known = self._named[name] = _by_name(name) or self._around.zones.get(name)
        if known is None:
            raise NotATime(UNKNOWN_ZONE)
        return known


def _by_name(name: str) -> tzinfo | None:
    """Europe/Berlin, W. Europe Standard Time, /vendor/Europe/Berlin."""
    plain = name.strip().strip('"')
    parts = plain.strip("/").split("/")
    tried = [WINDOWS_TO_OLSON.get(plain), plain, "/".join(parts[-2:]), "/".join(parts[-3:])]
    for each in tried:
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            if each:
                return ZoneInfo(each)
    return None


def survey(sources: Sequence[Input], zone: ZoneInfo, meter: Meter) -> Found:
    """Look at every entry once."""
    found = Found()
    for source in sources:
        around = Calendar()
        clock = Clock(zone, around)
        for entry in entries(source, around, meter):
            found.created = found.created or "CREATED" in entry.said
            found.categories = found.categories or "CATEGORIES" in entry.said
            found.attendees = found.attendees or "ATTENDEE" in entry.said
            if "RECURRENCE-ID" in entry.said:
                with suppress(NotATime):
                    which = clock.instant(*entry.said["RECURRENCE-ID"][0])
                    found.moved.setdefault(entry.first("UID"), set()).add(which)
    return found


@dataclass(slots=True)
class Calendars:
    """The second pass: appointments out of entries."""

    sources: Sequence[Input]
    found: Found
    zone: ZoneInfo
    now: datetime
    quality: Quality
    meter: Meter
    _seen: set[int] = field(default_factory=set)

    def appointments(self) -> Iterator[Appointment]:
        """In the order of the files; a series date by date."""
        several = len(self.sources) > 1
        for source in self.sources:
            around = Calendar()
            clock = Clock(self.zone, around)
            label = f"{source.name} " if several else ""
            for entry in entries(source, around, self.meter):
                place = f"{label}line {entry.line}"
                yield from self._of_entry(entry, place, clock, around.cancels)

    def _of_entry(
        self, entry: Entry, place: str, clock: Clock, cancels: bool
    ) -> Iterator[Appointment]:
        try:
            made = _Entry(entry, clock, cancels, self.now, self._note(place))
            starts = made.starts(self.found.moved.get(entry.first("UID"), set()))
        except (Dropped, NotATime) as odd:
            self.quality.read += 1
            self.quality.drop(str(odd), place)
            return
        for start in starts:
            self.quality.read += 1
            if self._is_repeated(entry, start, made):
                self.quality.drop(DUPLICATE, place)
                continue
            try:
                leg = made.leg(start, place)
            except (Dropped, NotATime) as odd:
                self.quality.drop(str(odd), place)
                continue
            self.quality.used += 1
            yield Appointment((leg,), made.person)

    def _note(self, place: str) -> Callable[[str], None]:
        return lambda what: self.quality.note(what, place)

    def _is_repeated(self, entry: Entry, start: datetime, made: _Entry) -> bool:
        """The same entry twice; without a number (UID) nothing tells two entries apart."""
        if not entry.first("UID"):
            return False
        known = hash((entry.first("UID"), start, entry.first("SEQUENCE"), made.outcome))
        if known in self._seen:
            return True
        self._seen.add(known)
        return False


class _Entry:
    """One entry becoming legs."""

    def __init__(
        self, entry: Entry, clock: Clock, cancels: bool, now: datetime, note: Callable[[str], None]
    ) -> None:
        if "DTSTART" not in entry.said:
            raise Dropped(NO_START)
        self._entry, self._clock, self._now, self._note = entry, clock, now, note
        self._start, self._zone, self._assumed = clock.local(*entry.said["DTSTART"][0])
        cancelled = cancels or entry.first("STATUS").upper() in {"CANCELLED", "CANCELED"}
        self.outcome = Outcome.CANCELLED if cancelled else None
        self.person = pseudonym(*(value for _, value in entry.said.get("ATTENDEE", ())[:1]))
        self._length = self._its_length()
        self._series = "RRULE" in entry.said or "RDATE" in entry.said

    def starts(self, moved: set[datetime]) -> list[datetime]:
        """Every date of the entry, in UTC, without those that are left out or stand elsewhere."""
        if not self._series:
            return [self._placed(self._start)]
        left_out = moved | self._listed("EXDATE")
        found = {self._placed(local) for local in self._by_rules()} | self._listed("RDATE")
        kept = sorted(found - left_out)
        if not kept:
            raise Dropped(EMPTY_SERIES)
        if len(kept) > MOST_DATES:
            self._note(TOO_MANY_DATES)
        return kept[-MOST_DATES:]

    def _by_rules(self) -> Iterator[datetime]:
        yield self._start
        for _, text in self._entry.said.get("RRULE", ())[:10]:
            try:
                rule = parse(text, self._until)
            except TooUnusual as odd:
                raise Dropped(UNUSUAL_RULE) from odd
            yield from occurrences(rule, self._start, self._last(rule))

    def _last(self, rule: Rule) -> datetime:
        """Series without an end are ended now; others are followed a year into what is to come."""
        if rule.endless:
            self._note(ENDLESS)
        last = self._now if rule.endless else self._now + AHEAD
        return last.astimezone(self._zone).replace(tzinfo=None)

    def _until(self, text: str) -> datetime:
        if len(text) == 8:
            return datetime.fromisoformat(text) + timedelta(hours=23, minutes=59)  # its whole day
        moment = datetime.fromisoformat(text)
        return moment.astimezone(self._zone).replace(tzinfo=None) if moment.tzinfo else moment

    def _listed(self, name: str) -> set[datetime]:
        found: set[datetime] = set()
        for parameters, text in self._entry.said.get(name, ()):
            for each in text.split(",")[:MOST_DATES]:
                with suppress(NotATime):
                    found.add(self._clock.instant(parameters, each.partition("/")[0]))
        return found

    def _placed(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self._zone).astimezone(UTC)

    def _its_length(self) -> timedelta | None:
        said = self._entry.said
        try:
            if "DTEND" in said:
                end = self._clock.instant(*said["DTEND"][0])
                return end - self._placed(self._start)
            if "DURATION" in said:
                return _duration(self._entry.first("DURATION"))
        except (NotATime, ValueError, OverflowError):
            self._note(UNREADABLE_END)
        return None

    def leg(self, start: datetime, place: str) -> Leg:
        """The leg that begins then. Dropped says why it is none."""
        end = self._end(start)
        self._say_what_is_odd()
        booked_at = self._booked_at(start)
        ahead = (end or start) > self._now
        return Leg(
            reference=place,
            start=start,
            end=end,
            booked_at=booked_at,
            outcome=self.outcome or (Outcome.AHEAD if ahead else Outcome.UNKNOWN),
            service=self._entry.first("CATEGORIES").partition(",")[0] or None,
            entered={Stage.SCHEDULED: booked_at} if booked_at else {},
        )

    def _end(self, start: datetime) -> datetime | None:
        if self._length is None:
            return None
        if self._length < timedelta():
            raise Dropped(ENDS_BEFORE)
        if self._length > timedelta(hours=MOST_HOURS):
            raise Dropped(TOO_LONG)
        if not self._length:
            self._note(NO_LENGTH)
            return None
        return start + self._length

    def _say_what_is_odd(self) -> None:
        if self._assumed:
            self._note(ASSUMED_ZONE)
        if self._entry.first("SEQUENCE") not in {"", "0"}:
            self._note(EDITED)

    def _booked_at(self, start: datetime) -> datetime | None:
        """When the entry was made: of a single one, and if that was before it began."""
        if "CREATED" not in self._entry.said:
            return None
        if self._series:
            self._note(OF_A_SERIES)
            return None
        try:
            created = self._clock.instant(*self._entry.said["CREATED"][0])
        except NotATime:
            self._note(UNREADABLE_BOOKED)
            return None
        if created > start:
            self._note(ENTERED_LATER)
            return None
        return created


def _duration(text: str) -> timedelta:
    found = vDuration.from_ical(text)  # type: ignore[no-untyped-call]
    if not isinstance(found, timedelta):
        raise ValueError(text)
    return found
