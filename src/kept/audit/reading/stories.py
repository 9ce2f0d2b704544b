"""Event logs: what happened to a case, in order, becomes an appointment with its legs.

Readers of every log bring *happenings*: when, what (a `Word`), where it stands in the file, and
the facts that stand beside it. A booked time ends with a move and the next begins; of two outcomes
the later one counts, because somebody corrected the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from kept.audit.history import Appointment, Duty, Field, Leg, Outcome, Sent, Stage
from kept.audit.measures.seen import WALK_IN
from kept.audit.quality import Quality
from kept.audit.reading import money
from kept.audit.reading.instants import Evidence, NotATime, Times
from kept.audit.reading.mapping import Column, Map, Word, fold
from kept.audit.reading.money import NotAPrice, Prices
from kept.audit.reading.persons import full_name, pseudonym
from kept.audit.reading.rules import (
    BEFORE_ITS_BOOKING,
    BEGINS_IN_THE_MIDDLE,
    BOOKED_TWICE,
    DUPLICATE,
    ENDS_BEFORE,
    ENTERED_AFTER,
    MOST_HOURS,
    NEW_BOOKING_MISSING,
    NO_LENGTH,
    NO_START,
    NOT_ASKED,
    OVER_TOO_EARLY,
    START_FROM_OUTCOME,
    TOO_LONG,
    UNREADABLE_END,
    Dropped,
)
from kept.core.case import Status

C = Column

# What may stand beside a happening, in this order. An empty text says nothing.
FACTS = (
    C.START,
    C.END,
    C.DURATION,
    C.SERVICE,
    C.STAFF,
    C.CHANNEL,
    C.PRICE,
    C.CURRENCY,
    C.EMAIL,
    C.PHONE,
    C.CUSTOMER,
    C.NAME,
    C.FIRST_NAME,
    C.LAST_NAME,
    C.CANCELLED_BY,
    C.LATE_WINDOW,
    C.SPARED,
)
Facts = tuple[str, ...]
NO_FACTS: Facts = ("",) * len(FACTS)
_AT = {column: place for place, column in enumerate(FACTS)}
_START = _AT[C.START]
PERSON = slice(_AT[C.EMAIL], _AT[C.LAST_NAME] + 1)

_ENDS = {
    Word.ATTENDED: Outcome.COMPLETED,
    Word.COMPLETED: Outcome.COMPLETED,
    Word.MISSED: Outcome.MISSED,
    Word.MISSED_BY_BUSINESS: Outcome.MISSED_BY_BUSINESS,
    Word.CANCELLED: Outcome.CANCELLED,
    Word.CANCELLED_BY_BUSINESS: Outcome.CANCELLED_BY_BUSINESS,
    Word.ASSUMED: Outcome.ASSUMED,
}
_STAGES = {
    Word.ARRIVED: Stage.ATTENDED,
    Word.CONFIRMED: Stage.CONFIRMED,
    Word.PREPARED: Stage.PREPARED,
    Word.ATTENDED: Stage.ATTENDED,
    Word.COMPLETED: Stage.COMPLETED,
}


class Deed(NamedTuple):
    """What an activity means, looked up once: there are few of them and millions of events."""

    word: Word
    stage: Stage | None
    ends: Outcome | None


DEEDS = {word: Deed(word, _STAGES.get(word), _ENDS.get(word)) for word in Word}

# When it happened; what; the number of its line, or of the event; what stands beside it.
Happening = tuple[datetime, Deed, int, Facts]

_SEEN = {Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS}
_CANCELLED = {Word.CANCELLED, Word.CANCELLED_BY_BUSINESS}


@dataclass(slots=True)
class _Time:
    """One booked time while its happenings are read."""

    places: list[int]
    booked_at: datetime | None = None
    after_move: bool = False
    old_start: str = ""
    facts: list[str] = field(default_factory=lambda: list(NO_FACTS))
    entered: dict[Stage, datetime] = field(default_factory=dict)
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    acknowledged_at: datetime | None = None
    reminded: list[datetime] = field(default_factory=list)
    learned: Facts = NO_FACTS  # the last ones

    def learn(self, facts: Facts) -> None:
        """What is said later counts; a move may still name the old start."""
        if facts is NO_FACTS or facts is self.learned:
            return
        self.learned = facts
        for place, said in enumerate(facts):
            if said and not (place == _START and said == self.old_start):
                self.facts[place] = said


@dataclass(slots=True)
class Stories:
    """Makes appointments of cases, and counts what is used and dropped. `place` is the word before
    the number of a line or event."""

    chosen: Map
    times: Times
    now: datetime
    quality: Quality
    prices: Prices
    place: str = "line"
    in_order: bool = True  # the file tells in which order things of one instant happened

    def appointment(
        self, happenings: Sequence[Happening], shared: Facts = NO_FACTS
    ) -> Appointment | None:
        """The appointment of one case; None if nothing of it can be used. `shared` are the facts
        that the log says of the whole case. Every happening is counted as used or dropped."""
        booked = self._booked(self._without_doubles(happenings), shared)
        legs = tuple(leg for each in booked if (leg := self._leg(each)) is not None)
        if not legs:
            return None
        return Appointment(legs, self._person([*(each.facts for each in booked), shared]))

    def _without_doubles(self, happenings: Sequence[Happening]) -> list[Happening]:
        self.quality.read += len(happenings)
        found: list[Happening] = []
        for each in sorted(happenings, key=_WHEN if self.in_order else _when_and_what):
            if each[1].word is Word.NOTHING:
                self.quality.drop(NOT_ASKED, self._place(each[2]))
            elif found and found[-1][0] == each[0] and _is_among(each, found):
                self.quality.drop(DUPLICATE, self._place(each[2]))
            else:
                found.append(each)
        return found

    def _booked(self, happenings: Sequence[Happening], shared: Facts) -> list[_Time]:
        """The booked times of a case, one after the other."""
        times: list[_Time] = []
        for at, deed, place, facts in happenings:
            present = times[-1] if times else None
            word = deed.word
            if word is Word.MOVED and present is not None:
                present.places.append(place)
                present.outcome, present.outcome_at = Outcome.RESCHEDULED, at
                following = _Time([], at, after_move=True, old_start=present.facts[_START])
                following.learn(tuple(present.facts))
                following.facts[_AT[C.END]] = ""  # of the old time
                times.append(following)
                following.learn(facts)
                continue
            if present is None or (word is Word.BOOKED and present.outcome is not None):
                present = _Time([])
                present.learn(shared)
                times.append(present)
            self._happen(present, at, deed, place)
            present.places.append(place)
            if facts is not present.learned:
                present.learn(facts)
        return times

    def _happen(self, present: _Time, at: datetime, deed: Deed, place: int) -> None:
        word = deed.word
        if word is Word.BOOKED or word is Word.MOVED:
            if present.booked_at is not None and not present.after_move:
                self.quality.note(BOOKED_TWICE, self._place(place))
            else:
                present.booked_at, present.after_move = at, False
        elif not present.places and present.booked_at is None:
            self.quality.note(BEGINS_IN_THE_MIDDLE, self._place(place))
        if deed.stage is not None:
            present.entered.setdefault(deed.stage, at)
        if deed.ends is not None:
            present.outcome, present.outcome_at = deed.ends, at
        elif word is Word.ACKNOWLEDGED:
            present.acknowledged_at = present.acknowledged_at or at
        elif word is Word.REMINDED:
            present.reminded.append(at)

    def _leg(self, booked: _Time) -> Leg | None:
        self.times.drain()
        try:
            leg = self._made(booked)
        except Dropped as dropped:
            for place in booked.places:
                self.quality.drop(dropped.reason, self._place(place))
            return None
        self.quality.used += len(booked.places)
        for odd in self.times.drain():
            self.quality.note(odd, leg.reference)
        return leg

    def _made(self, booked: _Time) -> Leg:
        place = self._place(booked.places[0] if booked.places else 0)
        start = self._start(booked, place)
        end = self._end(booked.facts, start, place)
        outcome = self._outcome(booked, end or start)
        if outcome in _SEEN and start > self.now:
            raise Dropped(OVER_TOO_EARLY)
        booked_at = self._booked_at(booked, start, place)
        said = booked.facts
        if booked_at is not None and said[_AT[C.CHANNEL]] != WALK_IN:
            booked.entered[Stage.SCHEDULED] = booked_at
        return Leg(
            reference=place,
            start=start,
            end=end,
            booked_at=booked_at,
            outcome=outcome,
            outcome_at=booked.outcome_at,
            service=said[_AT[C.SERVICE]] or None,
            staff=said[_AT[C.STAFF]] or None,
            channel=said[_AT[C.CHANNEL]] or None,
            price=self._price(said, place),
            acknowledged_at=booked.acknowledged_at,
            entered=booked.entered,
            messages=tuple(Sent("reminder", at) for at in booked.reminded),
            late_window=_minutes(said[_AT[C.LATE_WINDOW]]),
            duties=_spared(said[_AT[C.SPARED]], booked_at),
        )

    def _start(self, booked: _Time, place: str) -> datetime:
        if said := booked.facts[_START]:
            try:
                return self.times.instant(said)
            except NotATime as odd:
                raise Dropped(str(odd)) from odd
        if booked.after_move and not booked.places:
            self.quality.note(NEW_BOOKING_MISSING, place)
            raise Dropped(NO_START)
        seen = (booked.entered.get(Stage.ATTENDED), booked.entered.get(Stage.COMPLETED))
        missed = booked.outcome_at if booked.outcome in _SEEN else None
        found = next((at for at in (*seen, missed) if at is not None), None)
        if found is None:
            raise Dropped(NO_START)
        self.quality.note(START_FROM_OUTCOME, place)
        return found

    def _end(self, said: Sequence[str], start: datetime, place: str) -> datetime | None:
        end = self._end_said(said, start, place)
        if end is None:
            return None
        if end < start:
            raise Dropped(ENDS_BEFORE)
        if end - start > timedelta(hours=MOST_HOURS):
            raise Dropped(TOO_LONG)
        if end == start:
            self.quality.note(NO_LENGTH, place)
        return end if end > start else None

    def _end_said(self, said: Sequence[str], start: datetime, place: str) -> datetime | None:
        try:
            if written := said[_AT[C.END]]:
                return self.times.instant(written)
            if minutes := said[_AT[C.DURATION]]:
                return start + timedelta(minutes=float(minutes))
        except (NotATime, ValueError, OverflowError):
            self.quality.note(UNREADABLE_END, place)
        return None

    def _outcome(self, booked: _Time, over: datetime) -> Outcome:
        if booked.outcome is None:
            return Outcome.AHEAD if over > self.now else Outcome.UNKNOWN
        by = booked.facts[_AT[C.CANCELLED_BY]]
        if booked.outcome is Outcome.CANCELLED and by and fold(by) in self.chosen.business:
            return Outcome.CANCELLED_BY_BUSINESS
        if booked.outcome is Outcome.MISSED and by and fold(by) in self.chosen.business:
            return Outcome.MISSED_BY_BUSINESS
        return booked.outcome

    def _booked_at(self, booked: _Time, start: datetime, place: str) -> datetime | None:
        at = booked.booked_at
        if at is None or at <= start or self.chosen.exact:
            return at
        zone = self.times.zone
        if at.astimezone(zone).date() > start.astimezone(zone).date():
            raise Dropped(BEFORE_ITS_BOOKING)
        self.quality.note(ENTERED_AFTER, place)
        return None

    def _price(self, said: Sequence[str], place: str) -> Decimal | None:
        written = said[_AT[C.PRICE]]
        if not written:
            return None
        try:
            return self.prices.price(f"{written} {said[_AT[C.CURRENCY]]}")
        except NotAPrice as odd:
            self.quality.note(str(odd), place)
            return None

    def _person(self, facts: Sequence[Sequence[str]]) -> int | None:
        for said in facts:
            if not any(said[PERSON]):
                continue
            names = full_name((said[_AT[C.FIRST_NAME]], said[_AT[C.LAST_NAME]]))
            known = (said[_AT[c]] for c in (C.EMAIL, C.PHONE, C.CUSTOMER, C.NAME))
            if (found := pseudonym(*known, names)) is not None:
                return found
        return None

    def _place(self, number: int) -> str:
        return f"{self.place} {number}"


_WHEN = itemgetter(0)


def _when_and_what(happening: Happening) -> tuple[datetime, int]:
    """Where a file does not tell the order: a move before the booking it leads to, and both before
    whatever else happened at that instant, which is of the new time then."""
    return happening[0], _AT_ONE_INSTANT.get(happening[1].word, 2)


_AT_ONE_INSTANT = {Word.MOVED: 0, Word.BOOKED: 1}


def _minutes(said: str) -> int | None:
    return int(said) if said.isdecimal() else None


def _spared(said: str, booked_at: datetime | None) -> tuple[Duty, ...]:
    """That nothing was to be confirmed, as the duty that was left out with a reason."""
    if booked_at is None or said.casefold() not in {"true", "1"}:
        return ()
    return (Duty("confirmation", booked_at, Status.SKIPPED.value),)


def _is_among(happening: Happening, sorted_ones: Sequence[Happening]) -> bool:
    """Whether one of the last, at the same instant, says the same."""
    for other in reversed(sorted_ones):
        if other[0] != happening[0]:
            return False
        if other[1] is happening[1] and other[3] == happening[3]:
            return True
    return False


@dataclass(slots=True)
class Said:
    """What the first look at a log found: its activities, and which facts are filled."""

    activities: dict[str, str] = field(default_factory=dict)  # as written -> where first
    filled: set[Column] = field(default_factory=set)
    dates: Evidence = field(default_factory=Evidence)
    prices: money.Writing = field(default_factory=money.Writing)

    def look(self, facts: Facts, place: str) -> None:
        """Take into account what stands beside one event, or beside all of a case."""
        for column, said in zip(FACTS, facts, strict=True):
            if said:
                self.filled.add(column)
        for at in (facts[_START], facts[_AT[C.END]]):
            self.dates.look(at, place)
        if price := facts[_AT[C.PRICE]]:
            self.prices.look(f"{price} {facts[_AT[C.CURRENCY]]}", place)


def words(chosen: Map, said: Said) -> frozenset[Word]:
    """What the activities that were found mean."""
    found = (chosen.activities.get(fold(each)) for each in said.activities)
    return frozenset(word for word in found if word is not None)


def knows(chosen: Map, said: Said) -> frozenset[Field]:
    """What can be answered from a log with these activities and facts."""
    found = words(chosen, said)
    placed = C.START in said.filled
    answers = {
        Field.BOOKED_AT: Word.BOOKED in found,
        Field.END: bool(said.filled & {C.END, C.DURATION}),
        Field.OUTCOME: bool(found & _ENDS.keys() - _CANCELLED),
        Field.ATTENDED: bool(found & {Word.ATTENDED, Word.COMPLETED}),
        Field.MISSED: Word.MISSED in found,
        Field.CANCELLED: placed and bool(found & _CANCELLED),
        Field.CANCELLED_AT: placed and bool(found & _CANCELLED),
        Field.CANCELLED_BY: placed
        and (Word.CANCELLED_BY_BUSINESS in found or C.CANCELLED_BY in said.filled),
        Field.MOVES: placed and Word.MOVED in found,
        Field.SERVICE: C.SERVICE in said.filled,
        Field.STAFF: C.STAFF in said.filled,
        Field.CHANNEL: C.CHANNEL in said.filled,
        Field.PERSON: bool(said.filled & {C.EMAIL, C.PHONE, C.CUSTOMER, C.NAME, C.LAST_NAME}),
        Field.PRICE: C.PRICE in said.filled,
        Field.STAGES: Word.CONFIRMED in found,
        Field.ACKNOWLEDGED: Word.ACKNOWLEDGED in found,
        Field.REMINDED: Word.REMINDED in found,
    }
    return frozenset(f for f, yes in answers.items() if yes) - chosen.cannot.keys() | chosen.knows


NO_STARTS = (
    "This log does not say when appointments were to begin. Where somebody came, or was marked as"
    " missed, the time of that is taken; all others are left out."
)


def notes(chosen: Map, said: Said) -> tuple[str, ...]:
    """What must be said beside every figure of this log."""
    missing = () if C.START in said.filled else (NO_STARTS,)
    return (*chosen.notes, *chosen.cannot.values(), *missing)


def happened_at(said: str, times: Times, quality: Quality, place: str) -> datetime | None:
    """When an event happened, its oddities noted; None, and counted as dropped, if nobody knows."""
    times.drain()
    try:
        at = times.instant(said)
    except NotATime as odd:
        quality.read += 1
        quality.drop(str(odd), place)
        return None
    for each in times.drain():
        quality.note(each, place)
    return at


class Deeds(dict[str, "Deed | None"]):
    """What activities mean, by how they are written, each looked up once; None: the map does not
    know it."""

    def __init__(self, activities: Mapping[str, Word]) -> None:
        super().__init__()
        self._known = activities

    def __missing__(self, activity: str) -> Deed | None:
        if len(self) > 10_000:
            self.clear()
        word = self._known.get(fold(activity))
        found = self[activity] = None if word is None else DEEDS[word]
        return found
