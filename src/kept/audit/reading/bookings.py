"""Tables of bookings: one row is one booked time.

Two passes: the first looks at whole columns (how dates and prices are written, which statuses
there are, which rows follow from which), the second makes legs of the rows. What no column decides
is asked, or refused, before the first appointment is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache

from kept.audit.history import Appointment, Field, Leg, Outcome, Stage
from kept.audit.quality import Quality
from kept.audit.reading import instants, money
from kept.audit.reading.asking import Ask, Question, answer
from kept.audit.reading.chains import Link, chains
from kept.audit.reading.files import Meter
from kept.audit.reading.instants import Evidence, NotATime, Times
from kept.audit.reading.mapping import Column, Map, Part, Status, Word, find, fold
from kept.audit.reading.money import NotAPrice, Prices, Writing
from kept.audit.reading.payments import TELLS, Key, Payments
from kept.audit.reading.persons import full_name, pseudonym
from kept.audit.reading.rules import (
    BEFORE_ITS_BOOKING,
    CONTRADICTION,
    DUPLICATE,
    ENDS_BEFORE,
    ENTERED_AFTER,
    LOOKS_TWICE,
    MOST_HOURS,
    NO_APPOINTMENT,
    NO_BOOKING,
    NO_LENGTH,
    NO_START,
    NOTHING_PAID,
    ONLY_BOOKED_ON,
    OVER_TOO_EARLY,
    PAID_BY_NOBODY,
    TEMPLATE,
    TOO_LONG,
    TOO_MANY_CELLS,
    UNDATED_PAYMENT,
    UNREADABLE_BOOKED,
    UNREADABLE_END,
    UNREADABLE_OUTCOME,
    Dropped,
)
from kept.audit.reading.tables import Table
from kept.audit.reading.trouble import CannotRead

C = Column

OUTCOMES = {
    Word.ATTENDED: Outcome.COMPLETED,
    Word.COMPLETED: Outcome.COMPLETED,
    Word.MISSED: Outcome.MISSED,
    Word.MISSED_BY_BUSINESS: Outcome.MISSED_BY_BUSINESS,
    Word.CANCELLED: Outcome.CANCELLED,
    Word.CANCELLED_BY_BUSINESS: Outcome.CANCELLED_BY_BUSINESS,
    Word.MOVED: Outcome.RESCHEDULED,
    Word.ASSUMED: Outcome.ASSUMED,
}
CANCELLATIONS = frozenset({Outcome.CANCELLED, Outcome.CANCELLED_BY_BUSINESS})
SEEN_TO_BE_OVER = {Outcome.COMPLETED, Outcome.MISSED, Outcome.MISSED_BY_BUSINESS, Outcome.ASSUMED}
TIMES = (
    C.START,
    C.START_DATE,
    C.END,
    C.END_DATE,
    C.BOOKED_AT,
    C.CANCELLED_AT,
    C.OUTCOME_AT,
    C.CONFIRMED_AT,
    C.ACKNOWLEDGED_AT,
    C.ATTENDED_AT,
    C.COMPLETED_AT,
    C.PAID_AT,
)
MOVES = (C.MOVED_FROM, C.MOVED_TO)
PERSON = (C.EMAIL, C.PHONE, C.NAME, C.FIRST_NAME, C.LAST_NAME, C.CUSTOMER)
YES = frozenset({"true", "yes", "1", "y", "x", "ja", "wahr", "vrai", "oui"})
TOTALS = frozenset({"total", "totals", "grand total", "sum", "summe", "gesamt"})
MOST_STATUSES = 200
_VALUE = 40  # characters of a value shown in a sentence


Cells = Mapping[Column, str]


@dataclass
class Sheet:
    """One file with the part of the map that fits it, and where its columns are."""

    table: Table
    part: Part
    places: dict[Column, tuple[int, ...]]
    statuses: tuple[tuple[int, Status], ...]
    business: int | None
    label: str  # before "line 17", where there are several files

    def cells(self, row: Sequence[str]) -> Cells:
        """What the row says, by column: the first value under its headings that is not empty. A
        column without any is not in it."""
        width = len(row)
        return {
            column: said
            for column, place in self._places
            if place < width and (said := row[place].strip())
        }

    @cached_property
    def _places(self) -> tuple[tuple[Column, int], ...]:
        """Of several headings the first one last, so that it counts."""
        return tuple((c, at) for c, places in self.places.items() for at in reversed(places))

    def place(self, line: int) -> str:
        return f"{self.label}line {line}"

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """As they are compared."""
        return self.table.folded

    def is_template(self, row: Sequence[str]) -> bool:
        """Whether it is a row of headings once more, or a total."""
        first = next((said for cell in row if (said := cell.strip())), "")
        # Asked of every row, so that only one that begins like either is compared as a whole.
        if first[:1].casefold()[:1] not in self._begin and first[:1].isalnum():
            return False
        folded = fold(first)
        if folded in self.headings and tuple(map(fold, row)) == self.headings:
            return True
        return folded in TOTALS and C.START not in self.cells(row)

    @cached_property
    def _begin(self) -> frozenset[str]:
        return frozenset(each[:1] for each in (*self.headings, *TOTALS))

    @cached_property
    def times(self) -> tuple[Column, ...]:
        """The columns of times that it has, in the order of the map."""
        return tuple(column for column in self.places if column in TIMES)

    @cached_property
    def tells_apart(self) -> bool:
        return any(column in self.places for column in (C.ID, C.BOOKED_AT, *PERSON))


def sheet(table: Table, chosen: Map, part: Part, label: str) -> Sheet:
    """Where the columns of a part are in a table; CannotRead if it has no start."""
    folded = table.folded
    places = {
        column: found
        for column, headings in part.columns.items()
        if (found := tuple(folded.index(fold(h)) for h in headings if fold(h) in folded))
    }
    statuses = tuple(
        (folded.index(fold(each.column)), each)
        for each in part.statuses
        if fold(each.column) in folded
    )
    if not places.keys() & {C.START, C.START_DATE} and part.outcome is None and not part.joined:
        raise CannotRead(
            f"The map “{chosen.title}” finds no start in {table.source.name}."
            f" Its headings are: {', '.join(table.headings[:30])}."
        )
    mark = fold(chosen.business_column)
    return Sheet(
        table, part, places, statuses, folded.index(mark) if mark in folded else None, label
    )


@dataclass(slots=True)
class Survey:
    """What the first pass found in all files."""

    dates: Evidence = field(default_factory=Evidence)
    prices: Writing = field(default_factory=Writing)
    filled: set[Column] = field(default_factory=set)
    words: set[Word] = field(default_factory=set)
    possible: set[Word] = field(default_factory=set)
    used: set[str] = field(default_factory=set)  # status columns that are not empty
    unknown: dict[tuple[str, str], str] = field(default_factory=dict)  # status -> where first
    linked: set[str] = field(default_factory=set)  # numbers of rows that another row speaks of
    paid: bool = False  # there are payments to be joined

    def look(self, sheet: Sheet, row: Sequence[str], line: int) -> None:
        """Take one row into account."""
        cells = sheet.cells(row)
        if not cells.keys() <= self.filled:
            self.filled.update(cells)
        for column in sheet.times:
            if (said := cells.get(column)) and not instants.is_iso(said):
                self.dates.look(said, sheet.place(line))
        if said := cells.get(C.PRICE):
            self.prices.look(f"{said} {cells.get(C.CURRENCY, '')}", sheet.place(line))
        for column in MOVES:
            if said := cells.get(column):
                self.linked.update((said, cells.get(C.ID, "")))
        self._look_at_status(sheet, row, line)

    def _look_at_status(self, sheet: Sheet, row: Sequence[str], line: int) -> None:
        for at, status in sheet.statuses:
            said = _status(row[at]) if at < len(row) else ""
            word = status.means.get(said)
            if said and status.column not in self.used:
                self.used.add(status.column)
                self.possible.update(status.means.values())
            if word is not None:
                self.words.add(word)
            elif said and len(self.unknown) < MOST_STATUSES:
                self.unknown.setdefault((status.column, row[at].strip()), sheet.place(line))


def survey(sheets: Sequence[Sheet], meter: Meter) -> Survey:
    """Look at every row of every file once."""
    found = Survey()
    for each in sheets:
        found.paid = found.paid or each.part.joined
        if each.part.outcome:
            found.possible.add(each.part.outcome)
            found.words.add(each.part.outcome)
        with each.table.rows(meter) as rows:
            for line, row in rows:
                if not each.is_template(row):
                    found.look(each, row, line)
    return found


def settle(chosen: Map, found: Survey, ask: Ask | None) -> Map:
    """The map with everything decided that the file left open, by asking where it must be."""
    for (column, value), place in found.unknown.items():
        chosen = _with_word(chosen, column, value, _what_it_means(column, value, place, ask))
    return replace(
        chosen,
        order=chosen.order or found.dates.order(ask),
        decimal=chosen.decimal or found.prices.decimal(ask),
        currency=chosen.currency or found.prices.currency(),
    )


def _what_it_means(column: str, value: str, place: str, ask: Ask | None) -> Word:
    known = find("plain").parts[0].statuses[0].means
    question = Question(
        "status",
        f"What does “{value[:_VALUE]}” under “{column}” mean ({place})?",
        f"“{value[:_VALUE]}” under “{column}” ({place}) is a status that the map does not know."
        " Say what it means under [status.means] in a map.",
        tuple(Word),
        (value[:_VALUE],),
        known.get(fold(value), Word.NOTHING),
    )
    return Word(answer(question, ask))


def _with_word(chosen: Map, column: str, value: str, word: Word) -> Map:
    def known(status: Status) -> Status:
        if fold(status.column) != fold(column):
            return status
        return replace(status, means={**status.means, fold(value): word})

    parts = (replace(p, statuses=tuple(map(known, p.statuses))) for p in chosen.parts)
    return replace(chosen, parts=tuple(parts))


def knows(chosen: Map, found: Survey) -> frozenset[Field]:
    """What can be answered from these files: columns that are filled, words that are used."""
    words = found.possible | found.words
    missed, cancelled = Word.MISSED in words, bool(words & _CANCELLED)
    attended = bool(found.words & _ATTENDED) or bool(found.filled & {C.ATTENDED_AT, C.COMPLETED_AT})
    answers = {
        Field.BOOKED_AT: C.BOOKED_AT in found.filled,
        Field.END: bool(found.filled & {C.END, C.END_DATE, C.END_TIME, C.DURATION}),
        Field.OUTCOME: missed or attended,
        Field.ATTENDED: attended,
        Field.MISSED: missed,
        Field.CANCELLED: cancelled or C.CANCELLED_AT in found.filled,
        Field.CANCELLED_AT: C.CANCELLED_AT in found.filled
        or (cancelled and C.OUTCOME_AT in found.filled),
        Field.CANCELLED_BY: C.CANCELLED_BY in found.filled
        or Word.CANCELLED_BY_BUSINESS in found.words,
        Field.MOVES: bool(found.linked),
        Field.SERVICE: C.SERVICE in found.filled,
        Field.STAFF: C.STAFF in found.filled,
        Field.CHANNEL: C.CHANNEL in found.filled,
        Field.PERSON: bool(found.filled.intersection(PERSON)),
        Field.PRICE: C.PRICE in found.filled,
        Field.STAGES: C.CONFIRMED_AT in found.filled,
        Field.ACKNOWLEDGED: C.ACKNOWLEDGED_AT in found.filled,
    }
    said = frozenset(f for f, yes in answers.items() if yes) - chosen.cannot.keys() | chosen.knows
    return said | TELLS.keys() if found.paid else said


def can_know(chosen: Map) -> frozenset[Field]:
    """What files of this map can answer where every column is filled and every word is used."""
    best = Survey()
    for part in chosen.parts:
        best.filled.update(part.columns)
        best.words.update(word for status in part.statuses for word in status.means.values())
        best.words.update([part.outcome] if part.outcome else [])
    best.linked = {"1"} if best.filled & set(MOVES) else set()
    return knows(chosen, best)


def check_payments(sheets: Sequence[Sheet]) -> None:
    """CannotRead where payments have no bookings beside them, or name nobody as those do."""
    paid = [each for each in sheets if each.part.joined]
    booked = [each for each in sheets if not each.part.joined]
    if paid and not booked:
        raise CannotRead(
            f"{paid[0].table.source.name} holds payments: name the file with the appointments as"
            " well."
        )
    for each in paid:
        if not all(_named_alike(each, other) for other in booked):
            raise CannotRead(
                f"{each.table.source.name} and the appointments have no column in common that says"
                " who the customer is: they cannot be joined."
            )


NAMING = (C.CUSTOMER, C.EMAIL, C.PHONE, C.NAME)


def _named_alike(one: Sheet, other: Sheet) -> Column | None:
    """The surest way of naming a customer that both files have."""
    return next((each for each in NAMING if each in one.places and each in other.places), None)


_CANCELLED = {Word.CANCELLED, Word.CANCELLED_BY_BUSINESS}
_ATTENDED = {Word.ATTENDED, Word.COMPLETED}


@dataclass(slots=True)
class Bookings:
    """The second pass: appointments out of the rows. Everything is decided in `chosen`."""

    sheets: Sequence[Sheet]
    chosen: Map
    found: Survey
    times: Times
    now: datetime
    quality: Quality
    meter: Meter
    _seen: set[int] = field(default_factory=set)
    _linked: list[Link] = field(default_factory=list)
    _payments: Payments | None = None
    _verdicts: dict[str, list[tuple[Leg | None, Outcome, datetime | None, Decimal | None, str]]] = (
        field(default_factory=dict)
    )

    def appointments(self) -> Iterator[Appointment]:
        """Bookings first learn what the other files say of them, then go out one by one; those
        that replace each other at the end."""
        prices = Prices(self.chosen.decimal, self.chosen.currency)
        later = [each for each in self.sheets if each.part.outcome is not None]
        booked = [
            each for each in self.sheets if each.part.outcome is None and not each.part.joined
        ]
        for each in later:
            self._read_verdicts(each, prices)
        if self.found.paid:
            self._payments = self._read_payments(booked, prices)
        for each in booked:
            yield from self._read(each, prices)
        if self._payments is not None:
            self._payments.account(self.quality)
        yield from self._without_booking()
        yield from chains(self._linked, self.quality)

    def _read(self, sheet: Sheet, prices: Prices) -> Iterator[Appointment]:
        with sheet.table.rows(self.meter) as rows:
            for line, row in rows:
                self.quality.read += 1
                cells = sheet.cells(row)
                leg = self._leg(sheet, row, cells, sheet.place(line), prices)
                if leg is None:
                    continue
                self.quality.used += 1
                number = cells.get(C.ID, "")
                leg = self._judged(leg, number) if self._verdicts else leg
                if self._payments is not None:
                    leg = self._payments.judged(leg, self._payer(sheet, cells))
                appointment = Appointment((leg,), _person(cells))
                before, after = cells.get(C.MOVED_FROM, ""), cells.get(C.MOVED_TO, "")
                if before or after or (number and number in self.found.linked):
                    self._linked.append(Link(appointment, number, before, after))
                else:
                    yield appointment

    def _leg(
        self, sheet: Sheet, row: list[str], cells: Cells, place: str, prices: Prices
    ) -> Leg | None:
        """The row as a leg; None, and counted, if it is dropped."""
        try:
            self._refuse(sheet, row)
            leg, odd = _Row(self, sheet, row, cells).leg(place, prices)
        except Dropped as dropped:
            self.quality.drop(dropped.reason, place)
            return None
        if self._looks_twice(sheet, row):
            odd.append(LOOKS_TWICE)
        if odd:
            for each in dict.fromkeys(odd):
                self.quality.note(each, place)
        return leg

    def _refuse(self, sheet: Sheet, row: list[str]) -> None:
        if sheet.is_template(row):
            raise Dropped(TEMPLATE)
        width = len(sheet.table.headings)
        if len(row) > width and any(row[width:]):
            raise Dropped(TOO_MANY_CELLS)
        if sheet.tells_apart and self._is_repeated(sheet, row):
            raise Dropped(DUPLICATE)

    def _is_repeated(self, sheet: Sheet, row: list[str]) -> bool:
        # A number instead of the row: a million of them must be remembered.
        known = hash((sheet.part.name, *row))
        if known in self._seen:
            return True
        self._seen.add(known)
        return False

    def _looks_twice(self, sheet: Sheet, row: list[str]) -> bool:
        return not sheet.tells_apart and self._is_repeated(sheet, row)

    # What was paid, by customer and day.

    def _read_payments(self, booked: Sequence[Sheet], prices: Prices) -> Payments:
        payments = Payments(self.times.zone)
        for each in self.sheets:
            if each.part.joined:
                with each.table.rows(self.meter) as rows:
                    for line, row in rows:
                        self.quality.read += 1
                        self._read_payment(payments, each, row, each.place(line), prices)
        payments.count(self._booked(booked, prices))
        return payments

    def _read_payment(
        self, payments: Payments, sheet: Sheet, row: list[str], place: str, prices: Prices
    ) -> None:
        try:
            self._refuse(sheet, row)
            cells = sheet.cells(row)
            person = self._payer(sheet, cells)
            if person is None:
                raise Dropped(PAID_BY_NOBODY)
            reader = _Row(self, sheet, row, cells)
            reader.refuse_none()
            amount = reader.price(prices)
            if not amount:
                raise Dropped(NOTHING_PAID)
            payments.take(Key(person, reader.day(C.PAID_AT)), amount, place)
        except Dropped as dropped:
            self.quality.drop(dropped.reason, place)

    def _payer(self, sheet: Sheet, cells: Cells) -> int | None:
        """Whoever it is, by the one column by which bookings and payments name them."""
        others = [each for each in self.sheets if each.part.joined is not sheet.part.joined]
        by = _named_alike(sheet, others[0]) if others else None
        return pseudonym(cells.get(by, "")) if by else None

    def _booked(self, booked: Sequence[Sheet], prices: Prices) -> Iterator[tuple[int, datetime]]:
        """Who has a booking, and when: once more through the rows, of which nothing is counted."""
        for sheet in booked:
            known: set[int] = set()
            with sheet.table.rows() as rows:
                for _, row in rows:
                    cells = sheet.cells(row)
                    person, same = self._payer(sheet, cells), hash(tuple(row))
                    if person is None or (same in known and sheet.tells_apart):
                        continue
                    known.add(same)
                    try:
                        yield person, _Row(self, sheet, row, cells).leg("", prices)[0].start
                    except Dropped:
                        continue

    # What other files say of a booking.

    def _read_verdicts(self, sheet: Sheet, prices: Prices) -> None:
        with sheet.table.rows(self.meter) as rows:
            for line, row in rows:
                self.quality.read += 1
                self._read_verdict(sheet, row, sheet.place(line), prices)

    def _read_verdict(self, sheet: Sheet, row: list[str], place: str, prices: Prices) -> None:
        cells = sheet.cells(row)
        number = cells.get(C.ID, "")
        try:
            self._refuse(sheet, row)
            if not number:
                raise Dropped(NO_BOOKING)
            reader = _Row(self, sheet, row, cells)
            outcome, at = reader.outcome(None)
            price = reader.price(prices)
        except Dropped as dropped:
            self.quality.drop(dropped.reason, place)
            return
        try:
            leg = _Row(self, sheet, row, cells).leg(place, prices)[0]
        except Dropped:
            leg = None  # it says too little to stand alone; the booking may say the rest
        self._verdicts.setdefault(number, []).append((leg, outcome, at, price, place))

    def _judged(self, leg: Leg, number: str) -> Leg:
        said = self._verdicts.pop(number, [])
        if len({outcome for _, outcome, *_ in said}) > 1:
            self.quality.note(CONTRADICTION, leg.reference)
        self.quality.used += len(said)
        for _, outcome, at, price, _ in sorted(said, key=lambda each: _WEIGHT.get(each[1], 0)):
            leg = replace(
                leg, outcome=outcome, outcome_at=at or leg.outcome_at, price=price or leg.price
            )
        return leg

    def _without_booking(self) -> Iterator[Appointment]:
        """What only the other files have: the booking list of many tools forgets the cancelled."""
        for number, said in self._verdicts.items():
            whole = next((leg for leg, *_ in said if leg is not None), None)
            if whole is None:
                for *_, place in said:
                    self.quality.drop(NO_BOOKING, place)
                continue
            self._verdicts = {number: said}
            yield Appointment((self._judged(whole, number),))


_WEIGHT = {Outcome.CANCELLED: 1, Outcome.CANCELLED_BY_BUSINESS: 1, Outcome.MISSED: 2}
_WEIGHT[Outcome.COMPLETED] = 3  # a receipt weighs more than a mark


class _Row:
    """One row becoming a leg."""

    __slots__ = ("_cells", "_map", "_now", "_odd", "_row", "_sheet", "_times", "_zone")

    def __init__(self, bookings: Bookings, sheet: Sheet, row: list[str], cells: Cells) -> None:
        self._sheet, self._row, self._cells, self._times = sheet, row, cells, bookings.times
        self._now, self._map = bookings.now, bookings.chosen
        self._odd: list[str] = []
        bookings.times.oddities = self._odd
        self._zone = cells.get(C.ZONE, "")

    def leg(self, place: str, prices: Prices) -> tuple[Leg, list[str]]:
        """The leg, and what is odd about it. Dropped says why it is none."""
        start = self._start()
        end = self._end(start)
        booked_at = self._booked_at(start)
        outcome, outcome_at = self.outcome(end or start)
        if outcome in SEEN_TO_BE_OVER and start > self._now:
            raise Dropped(OVER_TOO_EARLY)
        leg = Leg(
            reference=place,
            start=start,
            end=end,
            booked_at=booked_at,
            outcome=outcome,
            outcome_at=outcome_at,
            service=self._cells.get(C.SERVICE),
            staff=self._cells.get(C.STAFF),
            channel=self._cells.get(C.CHANNEL),
            price=self.price(prices),
            acknowledged_at=self._moment(C.ACKNOWLEDGED_AT),
            entered=self._entered(booked_at, outcome, outcome_at),
        )
        return leg, self._odd

    def refuse_none(self) -> None:
        """Dropped where a status says that this row is none of those it stands among."""
        if self._word() is Word.NO_APPOINTMENT:
            raise Dropped(NOTHING_PAID)

    def day(self, column: Column) -> date:
        """The local day; what time it was does not matter."""
        said = self._cells.get(column, "")
        try:
            return self._times.instant(said).astimezone(self._times.zone).date()
        except NotATime as odd:
            if str(odd) != instants.ONLY_A_DATE:
                raise Dropped(UNDATED_PAYMENT) from odd
            return self._times.local(said, "12:00").astimezone(self._times.zone).date()

    def _start(self) -> datetime:
        if self._cells.get(C.ALL_DAY, "").casefold() in YES:
            raise Dropped(instants.ONLY_A_DATE)
        said = self._cells.get(C.START) or self._joined(C.START_DATE, C.START_TIME)
        if not said:
            raise Dropped(NO_START)
        try:
            return self._times.instant(said, self._zone)
        except NotATime as odd:
            raise Dropped(NO_START if str(odd) == instants.NO_TIME else str(odd)) from odd

    def _joined(self, day: Column, clock: Column) -> str:
        date = self._cells.get(day)
        return f"{date} {self._cells.get(clock, '')}".strip() if date else ""

    def _end(self, start: datetime) -> datetime | None:
        end = self._end_said(start)
        if end is None:
            return None
        if end < start:
            raise Dropped(ENDS_BEFORE)
        if end - start > timedelta(hours=MOST_HOURS):
            raise Dropped(TOO_LONG)
        if end == start:
            self._odd.append(NO_LENGTH)
            return None
        return end

    def _end_said(self, start: datetime) -> datetime | None:
        cells = self._cells
        said = cells.get(C.END) or self._joined(C.END_DATE, C.END_TIME) or cells.get(C.END_TIME)
        try:
            if said:
                return self._clock_or_instant(said, start)
            return start + _minutes(cells.get(C.DURATION, ""))
        except NotATime:
            self._odd.append(UNREADABLE_END)
        except ValueError:
            return None
        return None

    def _clock_or_instant(self, said: str, start: datetime) -> datetime:
        try:
            return self._times.instant(said, self._zone)
        except NotATime:
            zone = self._times.named(self._zone) if self._zone else self._times.zone
            return self._times.local(start.astimezone(zone).date().isoformat(), said, self._zone)

    def _booked_at(self, start: datetime) -> datetime | None:
        booked = self._moment(C.BOOKED_AT, UNREADABLE_BOOKED, ONLY_BOOKED_ON)
        if booked is None or booked <= start:
            return booked
        zone = self._times.zone
        if booked.astimezone(zone).date() > start.astimezone(zone).date():
            raise Dropped(BEFORE_ITS_BOOKING)
        self._odd.append(ENTERED_AFTER)
        return None

    def _moment(
        self, column: Column, unreadable: str = UNREADABLE_OUTCOME, day: str = ""
    ) -> datetime | None:
        said = self._cells.get(column)
        if said is None:
            return None
        try:
            return self._times.instant(said, self._zone)
        except NotATime as odd:
            if day and str(odd) == instants.ONLY_A_DATE:
                self._odd.append(day)
                return self._times.local(said, "00:00", self._zone)
            self._odd.append(unreadable)
            return None

    def outcome(self, over: datetime | None) -> tuple[Outcome, datetime | None]:
        """What became of it, and when. `over`: when it ends, None if nobody says."""
        word = self._word()
        if word is Word.NO_APPOINTMENT:
            raise Dropped(NO_APPOINTMENT)
        outcome = OUTCOMES.get(word)
        cancelled_at = self._moment(C.CANCELLED_AT)
        if outcome is None and cancelled_at is not None:
            outcome = Outcome.CANCELLED
        if outcome is None and (C.COMPLETED_AT in self._cells or C.ATTENDED_AT in self._cells):
            outcome = Outcome.COMPLETED
        if outcome is Outcome.CANCELLED and self._by_business():
            outcome = Outcome.CANCELLED_BY_BUSINESS
        if outcome is None:
            ahead = over is not None and over > self._now
            return (Outcome.AHEAD if ahead else Outcome.UNKNOWN), None
        return outcome, self._outcome_at(outcome, cancelled_at)

    def _outcome_at(self, outcome: Outcome, cancelled_at: datetime | None) -> datetime | None:
        if cancelled_at and outcome in CANCELLATIONS:
            return cancelled_at
        return self._moment(C.OUTCOME_AT) or (
            self._moment(C.COMPLETED_AT) if outcome is Outcome.COMPLETED else None
        )

    def _word(self) -> Word:
        """The first status that says more than "booked"; what the file says as a whole before."""
        if self._sheet.part.outcome is not None:
            return self._sheet.part.outcome
        standing = Word.NOTHING
        for at, status in self._sheet.statuses:
            said = _status(self._row[at]) if at < len(self._row) else ""
            word = status.means.get(said, Word.NOTHING)
            if word in OUTCOMES or word is Word.NO_APPOINTMENT:
                return word
            standing = word if word is not Word.NOTHING else standing
        return standing

    def _by_business(self) -> bool:
        said = fold(self._cells.get(C.CANCELLED_BY, ""))
        if not said:
            return False
        at = self._sheet.business
        same = at is not None and at < len(self._row) and fold(self._row[at]) == said
        return same or said in self._map.business

    def price(self, prices: Prices) -> Decimal | None:
        """The price; None, and noted, where there is none to be read."""
        if C.PRICE not in self._sheet.places:
            return None
        said = self._cells.get(C.PRICE)
        if said is None:
            self._odd.append(money.NO_PRICE)
            return None
        try:
            return prices.price(f"{said} {self._cells.get(C.CURRENCY, '')}")
        except NotAPrice as odd:
            self._odd.append(str(odd))
            return None

    def _entered(
        self, booked_at: datetime | None, outcome: Outcome, outcome_at: datetime | None
    ) -> dict[Stage, datetime]:
        found: dict[Stage, datetime] = {}
        if booked_at is not None:
            found[Stage.SCHEDULED] = booked_at
        if (at := self._moment(C.CONFIRMED_AT)) is not None:
            found[Stage.CONFIRMED] = at
        if (at := self._moment(C.ATTENDED_AT)) is not None:
            found[Stage.ATTENDED] = at
        if outcome_at is not None and outcome is Outcome.COMPLETED:
            found[Stage.COMPLETED] = outcome_at
        return found


@lru_cache(1000)
def _status(text: str) -> str:
    """A status, folded: there are few of them in very many rows."""
    return fold(text)


def _minutes(said: str) -> timedelta:
    """ "45", "45 min", "1:30"; ValueError if it is none of them."""
    hours, mark, rest = said.partition(":")
    if mark:
        return timedelta(hours=int(hours), minutes=int(rest[:2]))
    return timedelta(minutes=int(said.split()[0].removesuffix("min") if said else "none"))


def _person(cells: Cells) -> int | None:
    names = full_name((cells.get(C.FIRST_NAME, ""), cells.get(C.LAST_NAME, "")))
    known = (cells.get(each, "") for each in (C.EMAIL, C.PHONE, C.CUSTOMER, C.NAME))
    return pseudonym(*known, names)
