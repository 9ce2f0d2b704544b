"""What invitations bring: who came back of the invited, and of those chance had left alone.

Counted is everybody of the two groups whose next visit fell due long enough ago, by the group they
were put in at the beginning and not by what became of them: who declined, or never read a letter,
counts among the invited all the same. So nothing but chance tells the groups apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from kept.accounts.queries import Business
from kept.appointments import queries as appointments
from kept.cases.queries import Case, Event
from kept.core.holdout import Difference, Share, difference, share, too_few
from kept.core.paths.reactivation import LAPSED, REACTIVATION

WINDOW = timedelta(days=135)
"""In which a return counts: from two weeks before the day somebody is due until the last letter
has had its month. The same for both groups, whatever the policy says of letters."""

INVITED, HELD_OUT = "invited", "held_out"


@dataclass(frozen=True, slots=True)
class Group:
    """One group: how many people, how many of them booked again, and what that is worth by the
    list price of the first visit they booked (what was paid is not known)."""

    name: str
    returned: Share
    worth: Decimal


@dataclass(frozen=True, slots=True)
class Yield:
    """What invitations bring. `difference` and `beyond` are None as long as `why_not` says why.

    `beyond`: by list price, what the invited booked beyond what as many left alone would have.

    Everybody who was handed on is counted in one place (`everybody` is their sum): in the two
    groups; in `early`, who fell due too short a time ago; in `not_asked`, who has not fallen due;
    in `others`, who is in neither group, with the reason. `counted` says what became of the
    invited, and `so_far` what has become of the invited among the early, whose others are
    `early_held_out`.
    """

    invited: Group
    held_out: Group
    difference: Difference | None
    beyond: Decimal | None
    why_not: str
    early: int
    early_held_out: int
    counted: Mapping[str, int]
    so_far: Mapping[str, int]
    not_asked: Mapping[str, int]
    others: Mapping[str, int]
    everybody: int
    currency: str


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody of one group, from when on a return counts, and how the asking stands."""

    case: UUID
    person: UUID
    group: str
    since: datetime
    stands: str


def of(business: Business, now: datetime) -> Yield:
    """What the invitations of this business have brought until now."""
    cases = list(Case.objects.filter(business=business, path=REACTIVATION.name))
    due = _due(cases)
    first = _first_returns(business, due)
    ripe = [each for each in due if each.since + WINDOW <= now]
    early = [each for each in due if each.since + WINDOW > now]
    asked = {each.case for each in due}
    in_a_group = [case for case in cases if case.facts.get("group")]
    invited, held = (_group(name, ripe, first) for name in (INVITED, HELD_OUT))
    why_not = too_few(invited.returned.of, held.returned.of)
    return Yield(
        invited=invited,
        held_out=held,
        difference=None if why_not else difference(invited.returned, held.returned),
        beyond=None if why_not else _beyond(invited, held),
        why_not=why_not,
        early=len(early),
        early_held_out=sum(each.group == HELD_OUT for each in early),
        counted=_became(ripe, first),
        so_far=_became(early, first),
        not_asked=_counts(_stands(case, NOT_DUE) for case in in_a_group if case.id not in asked),
        others=_counts(_why_outside(case.facts) for case in cases if not case.facts.get("group")),
        everybody=len(cases),
        currency=business.currency,
    )


def _due(cases: Iterable[Case]) -> list[Due]:
    """Whoever of the two groups has fallen due. Who booked before that was asked by nobody."""
    known = {case.id: case for case in cases if case.facts.get("group")}
    fell = Event.objects.filter(case__in=list(known), name="fell_due").order_by("at")
    first: dict[UUID, datetime] = {}  # who is due once more, after a visit given back, is one
    for case_id, at in fell.values_list("case_id", "at"):
        first.setdefault(case_id, at)
    return [
        Due(
            case.id,
            case.person_id,
            str(case.facts["group"]),
            first[case.id],
            _stands(case, BEING_ASKED),
        )
        for case in known.values()
        if case.person_id is not None and case.id in first
    ]


def _first_returns(business: Business, everybody: Iterable[Due]) -> dict[Due, Decimal]:
    """Who booked again in time, and the list price of the first visit they booked.

    What was cancelled or missed is no return.
    """
    people = list(everybody)
    booked = appointments.booked_by(business.id, {each.person for each in people})
    found = {}
    for each in people:
        prices = (
            price
            for at, price in booked.get(each.person, ())
            if each.since < at <= each.since + WINDOW
        )
        if (first := next(prices, None)) is not None:
            found[each] = first
    return found


def _group(name: str, people: Iterable[Due], first: Mapping[Due, Decimal]) -> Group:
    members = [each for each in people if each.group == name]
    came = [first[each] for each in members if each in first]
    return Group(name, share(len(came), len(members)), sum(came, Decimal(0)))


def _beyond(invited: Group, held: Group) -> Decimal:
    """The worth of the invited less that of as many held out."""
    expected = held.worth * invited.returned.of / held.returned.of
    return (invited.worth - expected).quantize(Decimal("0.01"))


def _why_outside(facts: Mapping[str, object]) -> str:
    if facts.get("why_not"):
        return str(facts["why_not"])
    return "recall" if facts.get("recall") else "not agreed"


def _became(people: Iterable[Due], first: Mapping[Due, Decimal]) -> Mapping[str, int]:
    """What became of the invited among these: who booked again as the groups count it, and of the
    others how the asking stands."""
    invited = (each for each in people if each.group == INVITED)
    return _counts("booked" if each in first else each.stands for each in invited)


def _counts(words: Iterable[str]) -> Mapping[str, int]:
    return dict(Counter(words))  # a plain one: `asdict` would count the pairs of a Counter


BEING_ASKED, NOT_DUE, NO_RETURN = "asked", "not due", "no return"
BOOKED = frozenset({"booked", "newer visit"})


def _stands(case: Case, otherwise: str) -> str:
    """How the asking ended; where it goes on, `otherwise`. Who booked what is no return by the
    count (given back, or too late) is told apart from who did."""
    if case.state == LAPSED:
        return "lapsed"
    result = str(case.facts.get("result") or "")
    if otherwise == BEING_ASKED and result in BOOKED:
        return NO_RETURN
    return result or otherwise
