"""Whether everybody is asked for a review alike: counted, by group, with the reasons why not.

Counted are visits that took place and of which somebody saw that they did. Who is asked may not
depend on what somebody said of the visit, so that stands beside the services and the staff: the
answer to the private question, or a complaint told to somebody of the house. Whoever is asked less
would show there. What a review says is not counted: it is what was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kept.appointments.queries import Leg
from kept.cases import bulk
from kept.cases.queries import Case
from kept.core.holdout import Share, share
from kept.core.paths.appointment import COMPLETED
from kept.core.paths.follow_up import FOLLOW_UP
from kept.core.paths.reputation import REPUTATION
from kept.lib.plain import Key, key

ASKED, WAITING = "asked", "waiting"
NOT_BEGUN, JUST_ASKED = "not handed on", "asked recently"
ANSWERS = {"went_well": "went well", "went_badly": "went badly", "": "no answer"}
COMPLAINED = "went_badly"  # whatever else was answered


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that was seen to take place, and whether its customer was asked for a review.

    `became`: ASKED, WAITING, or the reason why not.
    """

    service: str
    staff: str
    answer: str
    became: str


@dataclass(frozen=True, slots=True)
class Group:
    """Some of these visits.

    `share`: asked, of those of which it is decided and whose customer had not just been asked about
    another visit; None: of none yet.
    `less`: they are asked less than the others, and hardly by chance: the two intervals (Wilson,
    95 %) do not touch.
    """

    name: str
    visits: int
    asked: int
    waiting: int
    reasons: Mapping[str, int]
    share: Share | None
    less: bool = False


@dataclass(frozen=True, slots=True)
class Equality:
    """The report on the visits that began after `begin` and until `end`."""

    begin: datetime
    end: datetime
    everybody: Group
    by_service: list[Group]
    by_staff: list[Group]
    by_answer: list[Group]
    clicked: int
    declined: int

    @property
    def unequal(self) -> list[Group]:
        """The groups that are asked less than the others."""
        groups = [*self.by_service, *self.by_staff, *self.by_answer]
        return [group for group in groups if group.less]


def equality(business: UUID, begin: datetime, end: datetime) -> Equality:
    """Of the visits of a business in that time: how many were asked about, and why the others not.

    1. Every completed visit whose outcome is known, with its case of this path and what its
       customer said of it.
    2. Counted as a whole, and by each service, member of staff and answer.
    """
    legs = list(
        Leg.objects.filter(
            business=business, current=True, start__gt=begin, start__lte=end, case__state=COMPLETED
        )
        .select_related("case", "service", "staff")
        .order_by("start", "case_id")
    )
    known = [leg for leg in legs if _outcome(leg).get("source") in KNOWN]
    cases = _following(business, known)
    complaints = bulk.told_of({key(leg.appointment_id) for leg in known}, "complained")
    visits = [_visit(leg, cases, complaints) for leg in known]
    asked = [cases.get((REPUTATION.name, *_key(leg))) for leg in known]
    results = Counter(case.facts.get("result") for case in asked if case is not None)
    return Equality(
        begin,
        end,
        _group("everybody", visits, ()),
        groups(visits, lambda visit: visit.service),
        groups(visits, lambda visit: visit.staff),
        groups(visits, lambda visit: visit.answer),
        clicked=sum(1 for case in asked if case is not None and case.facts.get("clicks")),
        declined=results["rather not"],
    )


KNOWN = frozenset({"staff", "customer", "integration"})
"""Who may have seen how a visit ended; what a policy assumed nobody saw."""


def _outcome(leg: Leg) -> Mapping[str, object]:
    found: Mapping[str, object] = leg.case.facts.get("outcome") or {}
    return found


def _key(leg: Leg) -> tuple[UUID, int]:
    return leg.appointment_id, int(leg.case.facts.get("outcome_version", 0))


Cases = Mapping[tuple[str, UUID, int], Case]


def _following(business: UUID, legs: Iterable[Leg]) -> Cases:
    subjects = {leg.appointment_id for leg in legs}
    found = Case.objects.filter(
        business=business, path__in=[REPUTATION.name, FOLLOW_UP.name], subject__in=subjects
    )
    return {(case.path, case.subject, case.number): case for case in found}


def _visit(leg: Leg, cases: Cases, complaints: set[Key]) -> Visit:
    subject, version = _key(leg)
    said = cases.get((FOLLOW_UP.name, subject, version))
    feedback = str(said.facts.get("feedback") or "") if said is not None else ""
    feedback = COMPLAINED if key(subject) in complaints else feedback
    became = _became(cases.get((REPUTATION.name, subject, version)))
    return Visit(leg.snapshot["name"], leg.staff.name, ANSWERS.get(feedback, feedback), became)


def _became(case: Case | None) -> str:
    if case is None:
        return NOT_BEGUN
    if case.facts.get("asked"):
        return ASKED
    return WAITING if case.waits else str(case.facts.get("result") or "")


def groups(visits: list[Visit], name: Callable[[Visit], str]) -> list[Group]:
    names = sorted({name(visit) for visit in visits})
    return [
        _group(
            each,
            [visit for visit in visits if name(visit) == each],
            [visit for visit in visits if name(visit) != each],
        )
        for each in names
    ]


def _group(name: str, visits: list[Visit], others: Iterable[Visit]) -> Group:
    became = Counter(visit.became for visit in visits)
    own, theirs = _share(became), _share(Counter(visit.became for visit in others))
    return Group(
        name,
        len(visits),
        became[ASKED],
        became[WAITING],
        {why: n for why, n in sorted(became.items()) if why not in {ASKED, WAITING}},
        own,
        less=own is not None and theirs is not None and own.high < theirs.low,
    )


def _share(became: Counter[str]) -> Share | None:
    decided = became.total() - became[WAITING] - became[JUST_ASKED]
    return share(became[ASKED], decided) if decided else None
