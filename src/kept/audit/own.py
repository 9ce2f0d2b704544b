"""The installation's own rows of one business as a history.

Read a few hundred appointments at a time with one statement for each kind of row, so that memory
stays flat and the number of statements grows with the pages and not with the appointments. Nothing
is locked: what happens while it is read may be in it or not, and the next reading shows it.

There is no test booking in Kept (a time-lapse clock is refused on real data), so that every row of
the business counts.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError

from kept.accounts import queries as accounts
from kept.accounts.queries import Business
from kept.appointments import bulk as appointments
from kept.appointments.bulk import LegRow
from kept.appointments.queries import booked_by
from kept.audit.history import (
    Appointment,
    Enquiry,
    Field,
    Invitation,
    Leg,
    Review,
    Sent,
    Source,
)
from kept.audit.one_leg import (
    TELLING,
    TELLING_EVENTS,
    Life,
    Rows,
    acts,
    asked,
    duties,
    handed,
    is_contactable,
    is_followed,
    late_window,
    outcome,
    refused_since,
)
from kept.audit.quality import Quality
from kept.cases import bulk as cases
from kept.cases.bulk import Following, Happened
from kept.core.path import Quiet
from kept.core.paths.follow_up import FOLLOW_UP
from kept.core.paths.reactivation import REACTIVATION
from kept.core.paths.reputation import REPUTATION
from kept.core.time import allows
from kept.journeys.equality import JUST_ASKED
from kept.journeys.yields import HELD_OUT
from kept.leads import bulk as leads
from kept.leads.bulk import LeadRow
from kept.leads.due import AHEAD
from kept.leads.speed import TOLD, is_touch
from kept.lib import plain
from kept.lib.plain import Key
from kept.outbox import bulk as outbox
from kept.people import bulk as people
from kept.schedule import queries as schedule

log = logging.getLogger(__name__)

AT_A_TIME = 1000
KNOWS = frozenset(Field)
KEY = secrets.token_bytes(32)  # lives as long as the process: pseudonyms of two runs do not match


def history(
    business: Business, now: datetime, begin: datetime | None = None, end: datetime | None = None
) -> Own:
    """The appointments of a business with a booked time that starts in [begin, end), each with all
    its legs, by start; and the enquiries that came in then."""
    return Own(business, now, begin, end)


def pseudonym(person: Key) -> int:
    """A number that stands for a person, the same until the process ends."""
    return int.from_bytes(hashlib.blake2b(person.encode(), digest_size=7, key=KEY).digest())


class Own:
    """See `history`. One pass; `quality` is complete when it has ended."""

    def __init__(
        self, business: Business, now: datetime, begin: datetime | None, end: datetime | None
    ) -> None:
        self.business, self.now, self.begin, self.end = business, now, begin, end
        self.quality = Quality()
        self._policies = accounts.policies_since(business.id)
        self.source = Source(
            name=business.name,
            kind="own",
            zone=ZoneInfo(business.time_zone),
            now=now,
            knows=KNOWS,
            currency=business.currency,
            own=True,
            notes=("The hours offered are counted by the hours as they are today.",),
        )

    def appointments(self) -> Iterator[Appointment]:
        for _, legs in self._read():
            person = pseudonym(legs[0].row.customer)
            try:
                made = tuple(map(self._leg, legs))
            except DatabaseError:
                raise  # that concerns them all
            except Exception as error:
                self.leave_out([rows.row for rows in legs], error)
                continue
            self.quality.read += len(made)
            self.quality.used += len(made)
            yield Appointment(made, person)

    def leave_out(self, legs: Sequence[LegRow], error: Exception) -> None:
        """One damaged row takes nothing else away: its appointment is left out, and named."""
        log.warning("%s is left out of the audit: %r", legs[0].reference, type(error))
        why = f"its record is damaged ({type(error).__name__}: {error}); `kept check` says more"
        for row in legs:
            self.quality.read += 1
            self.quality.drop(why, row.reference)

    def _read(self) -> Iterator[tuple[Key, list[Rows]]]:
        """Each appointment once: with the page on which its first leg of this time stands."""
        for page in appointments.places(self.business.id, self.begin, self.end, AT_A_TIME):
            rows = appointments.legs(self.business.id, {each for _, each in page})
            legs = grouped(rows, lambda row: row.appointment)
            first = {
                key: min((leg.start, leg.case) for leg in found if self._within(leg))
                for key, found in legs.items()
            }
            here = {key: legs[key] for place, key in page if first[key] == place}
            yield from self._with_all(here).items()

    def _within(self, leg: LegRow) -> bool:
        after = self.begin is None or leg.start >= self.begin
        return after and (self.end is None or leg.start < self.end)

    def _with_all(self, found: Mapping[Key, list[LegRow]]) -> dict[Key, list[Rows]]:
        """With everything that hangs on their cases: one statement for each kind of it."""
        ids = [leg.case for legs in found.values() for leg in legs]
        letters = outbox.letters(ids)
        lost = outbox.lost_at(letters)
        put = grouped(cases.put_before_people(ids), of_case)
        # What led to a question stands before it in the history: only there all of it is read.
        events = grouped(cases.events(set(ids) - put.keys(), TELLING_EVENTS), of_case)
        events |= grouped(cases.events(put), of_case)
        duties = grouped(cases.duties(ids), of_case)
        offered = grouped(cases.handed_on(ids), of_case)
        sent = grouped(letters, of_case)
        said = grouped(
            people.said({legs[0].customer for legs in found.values()}),
            lambda row: row.customer,
        )
        return {
            key: [
                Rows(
                    leg,
                    events.get(leg.case, []),
                    duties.get(leg.case, []),
                    put.get(leg.case, []),
                    offered.get(leg.case, []),
                    sent.get(leg.case, []),
                    said.get(leg.customer, []),
                    lost,
                )
                for leg in legs
            ]
            for key, legs in found.items()
        }

    def _leg(self, rows: Rows) -> Leg:
        row, life = rows.row, Life(rows)
        became = outcome(row, self.now)
        return Leg(
            reference=row.reference,
            start=row.start,
            end=row.end,
            booked_at=row.booked_at,
            outcome=became,
            outcome_at=life.outcome_at,
            service=row.service,
            staff=row.staff,
            channel=row.origin,
            price=self._price(row),
            acknowledged_at=life.acknowledged_at,
            contactable=is_contactable(row),
            late_window=late_window(row),
            hand_off_due=is_followed(rows, became),
            entered=life.entered,
            duties=tuple(duties(rows)),
            messages=tuple(self._sent(rows, life)),
            asked=tuple(asked(rows, life)),
            handed=tuple(map(handed, rows.offered)),
            acts=tuple(acts(rows)),
        )

    def _price(self, row: LegRow) -> Decimal | None:
        """The list price as booked; one in a former currency of the business is none."""
        if row.price is None:
            return None
        if row.currency not in {None, self.business.currency}:
            self.quality.note(f"the price is in {row.currency}", row.reference)
            return None
        return Decimal(row.price)

    def _sent(self, rows: Rows, life: Life) -> Iterator[Sent]:
        """The messages of a leg. One that answers what the person has just done themselves goes out
        whatever they had refused before."""
        answered = life.answered
        for letter in rows.letters:
            rule, at = TELLING.get(letter.control), letter.handed_over_at
            void_at = life.left(rule.states) if rule is not None else None
            refused = None
            if at is not None and letter.control not in answered:
                refused = refused_since(rows.said, at)
            if refused is not None:
                void_at = min(void_at or refused, refused)
            yield Sent(
                letter.control,
                at,
                rows.lost.get(letter.id),
                void_at,
                refused is not None,
                at is not None and rule is not None and self._is_quiet(rule.quiet, at, rows.row),
            )

    def _is_quiet(self, hours: Quiet, at: datetime, row: LegRow) -> bool:
        """Whether nobody was to be disturbed then, by the policy as it was."""
        if not hours:
            return False
        policies = [policy for since, policy in self._policies if since <= at]
        window = policies[-1].window(hours) if policies else None
        zone = ZoneInfo(row.lives_by or row.zone)
        return window is not None and not allows(window, at, zone)

    def enquiries(self) -> Iterator[Enquiry]:
        """The leads that came in, each with its answer and what was booked for it."""
        for page in leads.leads(self.business.id, self.begin, self.end, AT_A_TIME):
            events = grouped(cases.events([lead.case for lead in page]), of_case)
            visits = [plain.key(UUID(lead.appointment)) for lead in page if lead.appointment]
            states = appointments.states(self.business.id, visits)
            found = [enquiry(lead, events.get(lead.case, []), states) for lead in page]
            yield from self._by_the_clocks(found)

    def _by_the_clocks(self, found: list[Enquiry]) -> Iterator[Enquiry]:
        """How long each waited while the business was open."""
        waited = [each for each in found if each.touched_at]
        if not waited:
            yield from found
            return
        first = min(each.received_at for each in waited) - AHEAD
        last = max(each.touched_at for each in waited if each.touched_at)
        spans = schedule.open_times(self.business.id, first, last)
        for each in found:
            if each.touched_at is None:
                yield each
                continue
            # Only what can lie in between: a year of opening times is not asked for each.
            since = bisect_left(spans, each.received_at, key=lambda span: span[1])
            until = bisect_left(spans, each.touched_at, key=lambda span: span[0])
            near = spans[since:until] if spans else spans
            seconds = sum(
                (min(end, each.touched_at) - max(begin, each.received_at)).total_seconds()
                for begin, end in near
            )
            whole = (each.touched_at - each.received_at).total_seconds()
            yield replace(each, touched_open_seconds=int(seconds if spans else whole))

    def offered_minutes(self, begin: datetime, end: datetime) -> Mapping[str, int]:
        """By member of staff: the minutes that could have been booked in [begin, end)."""
        names = {each.id: each.name for each in schedule.staff(self.business.id)}
        found: dict[str, int] = defaultdict(int)
        for key, minutes in schedule.offered_minutes(self.business.id, begin, end).items():
            found[names[key]] += minutes
        return found

    def invitations(self) -> Iterator[Invitation]:
        """Whoever fell due, of the two groups by which invitations are measured."""
        for page in cases.walking(self.business.id, REACTIVATION.name, AT_A_TIME):
            drawn = [case for case in page if case.group and case.person]
            fell = cases.happened_at([case.case for case in drawn], "fell_due")
            persons = {UUID(case.person) for case in drawn if case.person and case.case in fell}
            booked = booked_by(self.business.id, persons)
            names = appointments.references(self.business.id, {case.subject for case in drawn})
            for case in drawn:
                if case.person is None or case.case not in fell:
                    continue
                at = fell[case.case]
                since = (when for when, _ in booked.get(UUID(case.person), ()) if when > at)
                name = names.get(case.subject, "")
                yield Invitation(name, at, case.group == HELD_OUT, next(since, None))

    def reviews(self) -> Iterator[Review]:
        """Every visit that was seen to take place, and whether its customer was asked."""
        paths = (REPUTATION.name, FOLLOW_UP.name)
        for page in appointments.completed(self.business.id, self.begin, self.end, AT_A_TIME):
            subjects = {each.appointment for each in page}
            found = cases.following(self.business.id, paths, subjects)
            complaints = cases.told_of(subjects, "complained")
            for visit in page:
                key = visit.appointment, visit.version
                said = found.get((FOLLOW_UP.name, *key))
                content = CONTENT.get((said.feedback if said else None) or "")
                content = False if visit.appointment in complaints else content
                asked = found.get((REPUTATION.name, *key))
                yield Review(visit.reference, was_asked(asked), content)


class OfCase(Protocol):
    """A row that hangs on a case."""

    @property
    def case(self) -> Key: ...


def of_case(row: OfCase) -> Key:
    return row.case


Row = TypeVar("Row")


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


# Beside the appointments


def enquiry(lead: LeadRow, events: Iterable[Happened], states: Mapping[Key, str]) -> Enquiry:
    """A lead, without what the clocks of the business say of its waiting."""
    told = touched = booked = None
    for event in events:
        if event.name == TOLD and told is None:
            told = event.at
        elif event.name == "visit_booked" and booked is None:
            booked = event.at
        if touched is None and is_touch(event.name, event.role):
            touched = event.at
    state = states.get(plain.key(UUID(lead.appointment)), "") if lead.appointment else ""
    return Enquiry(
        reference=lead.reference,
        received_at=lead.opened_at,
        source=lead.source,
        acknowledged_at=told,
        touched_at=touched,
        booked_at=booked,
        attended=CAME.get(state),
        unknown=state == "unresolved",
    )


CAME = {"attended": True, "completed": True, "missed": False, "cancelled": False}
CONTENT = {"went_well": True, "went_badly": False}


def was_asked(case: Following | None) -> bool | None:
    """Whether the customer was asked for a review; None: it is not decided yet, or they had just
    been asked about another visit."""
    if case is None:
        return False
    if case.asked:
        return True
    return None if case.waits or case.result == JUST_ASKED else False
