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
from kept.core.paths.reactivation import REACTIVATION

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
    `early`: how many of both groups fell due too short a time ago. `others`: why other completed
    visits are in neither group; `became`: how the invitations ended that have ended.
    """

    invited: Group
    held_out: Group
    difference: Difference | None
    beyond: Decimal | None
    why_not: str
    early: int
    others: Mapping[str, int]
    became: Mapping[str, int]
    currency: str


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody of one group, and from when on a return counts."""

    person: UUID
    group: str
    since: datetime


def of(business: Business, now: datetime) -> Yield:
    """What the invitations of this business have brought until now."""
    cases = list(Case.objects.filter(business=business, path=REACTIVATION.name))
    everybody = _due(cases)
    ripe = [each for each in everybody if each.since + WINDOW <= now]
    first = _first_returns(business, ripe)
    invited, held = (_group(name, ripe, first) for name in (INVITED, HELD_OUT))
    why_not = too_few(invited.returned.of, held.returned.of)
    return Yield(
        invited=invited,
        held_out=held,
        difference=None if why_not else difference(invited.returned, held.returned),
        beyond=None if why_not else _beyond(invited, held),
        why_not=why_not,
        early=len(everybody) - len(ripe),
        others=Counter(_why_outside(case.facts) for case in cases if not case.facts.get("group")),
        became=_became(cases),
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
        Due(case.person_id, str(case.facts["group"]), first[case.id])
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


def _became(cases: Iterable[Case]) -> Mapping[str, int]:
    invited = [case.facts for case in cases if case.facts.get("group") == INVITED]
    ended = (facts.get("result") or ("booked" if facts.get("booked") else "") for facts in invited)
    return Counter(str(result) for result in ended if result)
