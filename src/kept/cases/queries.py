"""What the engine knows: states, histories, duties, what needs a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, Min, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from kept.cases import models, others
from kept.cases.models import Case as Case
from kept.cases.models import Control as Control
from kept.cases.models import Escalation as Escalation
from kept.cases.models import Event as Event
from kept.cases.models import HandOff as HandOff
from kept.cases.others import LISTENING
from kept.cases.rows import case_value, control_value, event_value
from kept.cases.rows import why_unreadable as why_unreadable
from kept.core import case as core
from kept.core import preview
from kept.core.case import Status
from kept.core.decide import OPEN_OFFER
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.policy import Policy
from kept.lib.ready import Ready
from kept.outbox.actions import LastLook
from kept.people import queries as people


def leg_number(case: models.Case) -> int:
    """The booked time a case is about; what follows an appointment remembers which that was."""
    return int(case.facts.get("leg", case.number))


def lock(case_id: UUID) -> models.Case:
    """Lock a case until the end of the transaction: nobody changes it meanwhile."""
    return _locked.one(case=case_id)


_locked = Ready(lambda case: models.Case.objects.select_for_update(no_key=True).filter(id=case))


def lock_all(case_ids: Iterable[UUID]) -> set[UUID]:
    """Lock these cases, in the order of their ids as everybody does; answers which there are."""
    rows = models.Case.objects.filter(id__in=list(case_ids)).order_by("id")
    return set(rows.select_for_update(no_key=True).values_list("id", flat=True))


def escalated(case_ids: Iterable[UUID], kind: str) -> set[UUID]:
    """Which of these cases have an open escalation of this kind."""
    found = models.Escalation.objects.filter(case__in=list(case_ids), kind=kind, resolved_at=None)
    return set(found.values_list("case_id", flat=True))


def case(case_id: UUID) -> models.Case:
    return models.Case.objects.get(id=case_id)


def as_value(row: models.Case) -> core.Case:
    """The case of a row already read, without what hangs on it: enough to ask a path's guards."""
    return case_value(row)


def of_subject(subject: UUID) -> list[models.Case]:
    """Every case about a subject, the first leg first."""
    return list(models.Case.objects.filter(subject=subject).order_by("path", "number"))


def events(cases: Iterable[UUID]) -> list[models.Event]:
    """The histories of these cases as one, oldest first."""
    found = models.Event.objects.filter(case__in=list(cases)).select_related("case")
    return list(found.order_by("case__number", "seq"))


def entries(cases: Iterable[UUID], names: Iterable[str]) -> list[models.Event]:
    """The entries of these names in the histories of these cases, oldest first."""
    found = models.Event.objects.filter(case__in=list(cases), name__in=list(names))
    return list(found.order_by("at", "id"))


def events_between(business: UUID, begin: datetime, end: datetime) -> list[models.Event]:
    """What happened in a business after `begin` and until `end`, oldest first."""
    found = models.Event.objects.filter(case__business=business, at__gt=begin, at__lte=end)
    return list(found.select_related("case").order_by("at", "id"))


def changed_since(business: UUID, path: str, since: datetime) -> QuerySet[models.Event, Any]:
    """The subjects on this path in whose history something was entered at `since` or later."""
    entered = models.Event.objects.filter(at__gte=since, case__business=business, case__path=path)
    return entered.values("case__subject")


def history(case_id: UUID, *, until: int | None = None) -> list[core.Event]:
    """The history of one case, oldest first; `until`: up to and including this version."""
    rows = models.Event.objects.filter(case_id=case_id).order_by("seq")
    if until is not None:
        rows = rows.filter(seq__lte=until)
    return [event_value(row) for row in rows]


def histories(case_ids: Iterable[UUID]) -> dict[UUID, list[core.Event]]:
    """The history of each of these cases, oldest first."""
    wanted, found = list(case_ids), dict[UUID, list[core.Event]]()
    rows = models.Event.objects.filter(case__in=wanted).order_by("seq") if wanted else ()
    for row in rows:
        found.setdefault(row.case_id, []).append(event_value(row))
    return found


def events_by_case() -> Iterator[tuple[UUID, int, core.Event]]:
    """Every event there is with its case and number, case by case in the order of their ids."""
    rows = models.Event.objects.order_by("case_id", "seq").iterator(chunk_size=5000)
    return ((row.case_id, row.seq, event_value(row)) for row in rows)


def controls(cases: Iterable[UUID]) -> list[models.Control]:
    """The duties of these cases, by leg and by when they are due."""
    found = models.Control.objects.filter(case__in=list(cases)).select_related("case")
    return list(found.order_by("case__number", "due_at", "id"))


def planned(case_ids: Iterable[UUID]) -> dict[UUID, list[core.Control]]:
    """The duties of each of these cases that are not done yet."""
    found: dict[UUID, list[core.Control]] = {}
    rows = models.Control.objects.filter(case__in=list(case_ids), status=Status.PLANNED.value)
    for row in rows:
        found.setdefault(row.case_id, []).append(control_value(row))
    return found


def asked(case_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Of each of these cases the kinds of what waits for a person, if anything does."""
    found: dict[UUID, list[str]] = {}
    rows = models.Escalation.objects.filter(case__in=list(case_ids), resolved_at=None)
    for case_id, kind in rows.values_list("case_id", "kind"):
        found.setdefault(case_id, []).append(kind)
    return found


def has_happened(subject: UUID, name: str) -> bool:
    """Whether such an event is in the history of a subject, on any of its cases."""
    return models.Event.objects.filter(case__subject=subject, name=name).exists()


def own_offers(limit: int) -> list[models.HandOff]:
    """Hand-offs that wait for a path Kept walks itself, in every business, oldest first."""
    found = models.HandOff.objects.filter(status="offered", own=True).select_related("case")
    return list(found.order_by("offered_at", "id")[:limit])


def of_person(business: UUID, person: UUID) -> list[models.Case]:
    """Every case of a person, on every path, the newest first."""
    found = models.Case.objects.filter(business_id=business, person=person)
    return list(found.order_by("-id"))


def waiting_of(person: UUID) -> set[UUID]:
    """Every case of the person that waits for something, on every path."""
    found = models.Case.objects.filter(person=person, waits=True)
    return set(found.values_list("id", flat=True))


def following(person: UUID) -> list[models.Case]:
    """The person's cases that wait and follow an appointment; not their appointments."""
    found = models.Case.objects.filter(person=person, path__in=LISTENING, waits=True)
    return list(found.order_by("id"))


def complaints_open(persons: Iterable[UUID], *, but_of: UUID | None = None) -> bool:
    """Whether a complaint of one of these people waits for somebody to settle it, told to us or
    in a review; `but_of`: on any other case than this one."""
    return others.complaints_open(persons, but_of=but_of)


def hand_offs_of(cases: Iterable[UUID]) -> list[models.HandOff]:
    found = models.HandOff.objects.filter(case__in=list(cases)).select_related("case")
    return list(found.order_by("offered_at", "id"))


def escalations_of(cases: Iterable[UUID]) -> list[models.Escalation]:
    """The escalations of these cases, the open ones first."""
    found = models.Escalation.objects.filter(case__in=list(cases)).select_related("case")
    return sorted(found, key=lambda row: (row.resolved_at is not None, row.due_at))


def said_by_customers(cases: Iterable[UUID]) -> dict[UUID, models.Event]:
    """What the customer last said about each of these cases in words of their own."""
    theirs = models.Event.objects.filter(case__in=list(cases), actor_role=core.Role.CUSTOMER.value)
    return {event.case_id: event for event in theirs.exclude(reason="").order_by("case_id", "seq")}


def escalations(business: UUID, *, is_open: bool | None = None) -> QuerySet[models.Escalation]:
    """What needs (or needed) a person in this business, the most urgent first."""
    found = models.Escalation.objects.filter(business_id=business).select_related("case")
    if is_open is not None:
        found = found.filter(resolved_at__isnull=is_open)
    return found.order_by("due_at", "id")


def waiting_for_people(
    business: UUID, now: datetime, *, snoozed: bool = False
) -> QuerySet[models.Escalation]:
    """What is open and in sight at `now` (`snoozed`: out of it), what is too late first on top.

    Nothing is out of sight when it is too late, whatever was said when it was put off.
    """
    found = models.Escalation.objects.filter(business_id=business, resolved_at=None)
    too_late_at = Coalesce("too_late_at", "due_at")
    away = Q(snoozed_until__gt=now, late__gt=now)
    found = found.select_related("case").annotate(late=too_late_at)
    found = found.filter(away) if snoozed else found.exclude(away)
    return found.order_by("late", "due_at", "id")


def escalation(business: UUID, escalation_id: UUID) -> models.Escalation:
    """Raises Escalation.DoesNotExist, also for one of another business."""
    found = models.Escalation.objects.select_related("case")
    return found.get(business_id=business, id=escalation_id)


def hand_offs(business: UUID, status: str = "") -> QuerySet[models.HandOff]:
    """What has been handed on, oldest first; `status` narrows it."""
    found = models.HandOff.objects.filter(business_id=business).select_related("case")
    if status:
        found = found.filter(status=status)
    return found.order_by("offered_at", "id")


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was handed on to one path (`ALL_PATHS`: to any), and how much of it in time.

    `waiting`: its time is not over. `late`: refused, expired, taken over after its time, or still
    open then; the others of `offered` were taken over in time. What was taken back is not counted.
    """

    to: str
    offered: int
    waiting: int
    late: int

    @property
    def late_share(self) -> float | None:
        """Of those whose time is over or who have an answer; None where there are none."""
        settled = self.offered - self.waiting
        return self.late / settled if settled else None


ALL_PATHS = "all"


def taken_over(business: UUID, begin: datetime, end: datetime, now: datetime) -> list[TakenOver]:
    """How what was offered in begin <= t < end was taken over: all of it first, then by path.

    That an open lead may be booked is offered to nobody who would have to answer.
    """
    in_vain = Q(status__in=("expired", "rejected")) | Q(status="offered", accept_by__lte=now)
    too_late = Q(status="accepted", answered_at__gt=F("accept_by"))
    found = (
        models.HandOff.objects.filter(business_id=business)
        .filter(offered_at__gte=begin, offered_at__lt=end)
        .exclude(status="withdrawn")
        .exclude(outcome=OPEN_OFFER)
        .values("to")
        .annotate(
            offered=Count("id"),
            waiting=Count("id", filter=Q(status="offered", accept_by__gt=now)),
            late=Count("id", filter=in_vain | too_late),
        )
    )
    by_path = [TakenOver(**row) for row in found.order_by("to")]
    everything = TakenOver(
        ALL_PATHS,
        offered=sum(each.offered for each in by_path),
        waiting=sum(each.waiting for each in by_path),
        late=sum(each.late for each in by_path),
    )
    return [everything, *by_path]


def hand_off(business: UUID, hand_off_id: UUID) -> models.HandOff:
    """Raises HandOff.DoesNotExist, also for one of another business."""
    return models.HandOff.objects.select_related("case").get(business_id=business, id=hand_off_id)


def policy_effect(
    business: UUID, policy: Policy, now: datetime
) -> Iterator[tuple[models.Case, tuple[preview.Change, ...]]]:
    """What this policy would change, case by case, if it came into force at `now`; writes nothing.

    Every case that waits and can be read is answered, also one for which nothing would change.
    """
    for row, value in waiting(business):
        yield row, preview.policy_effect(PATHS[row.path], value, policy, now)


def waiting(business: UUID | None = None) -> Iterator[tuple[models.Case, core.Case]]:
    """Every case that waits and can be read, with its duties, by id; of one business.

    What cannot be read no policy reaches and no worker turns either; `kept check` names it.
    """
    found = models.Case.objects.filter(waits=True).order_by("id")
    if business is not None:
        found = found.filter(business=business)
    asked = models.Escalation.objects.filter(resolved_at=None)
    rows = found.prefetch_related(
        "controls", Prefetch("escalations", queryset=asked), "hand_offs"
    ).iterator(chunk_size=500)
    for row in rows:
        if not why_unreadable(row):
            kinds = row.controls.all(), row.escalations.all(), row.hand_offs.all()
            yield row, case_value(row, *kinds)


def acted_upon(
    begin: datetime, end: datetime, business: UUID | None = None
) -> QuerySet[models.Control]:
    """The duties that were acted upon after `begin` and until `end`, by when; of one business."""
    found = models.Control.objects.filter(fired_at__gt=begin, fired_at__lte=end)
    if business is not None:
        found = found.filter(case__business=business)
    return found.select_related("case").order_by("fired_at", "id")


def behind(
    begin: datetime, end: datetime, by: timedelta, business: UUID | None = None
) -> QuerySet[models.Control]:
    """Of those the ones acted upon at least `by` after they fell due, or when it was too late.

    What was planned only after its time (by a booking at short notice, a new policy) is not late.
    """
    planned = models.Event.objects.filter(
        case=OuterRef("case"),
        name__in=PLANS,
        at__lte=OuterRef("fired_at"),
        at__gt=OuterRef("fired_at") - by,
    )
    tardy = Q(fired_at__gte=F("due_at") + by) & ~Exists(planned)
    return acted_upon(begin, end, business).filter(tardy | Q(status=Status.EXPIRED.value))


# The events after which what is planned may be due already: the first of a case, and these.
PLANS = frozenset(
    {rule.event for path in PATHS.values() for rule in path.rules if "" in rule.frm}
    | {"policy_changed", "contact_changed", "corrected"}
)


def reminded(cases: Iterable[UUID], names: Iterable[str]) -> set[UUID]:
    """Of these cases those in which one of the duties of these names was done."""
    done = models.Control.objects.filter(
        case__in=list(cases), name__in=list(names), status=Status.DONE.value
    )
    return set(done.values_list("case_id", flat=True))


def next_due() -> datetime | None:
    """When the next duty of anybody falls due: what the clock's "next control" jumps to."""
    waiting = models.Control.objects.filter(status=Status.PLANNED.value, fired_at=None)
    found: datetime | None = waiting.aggregate(at=Min("wake_at"))["at"]
    return found


def due_now(now: datetime) -> int:
    """How many duties are due and not handled yet, and hand-offs not yet received by Kept."""
    waiting = models.Control.objects.filter(status=Status.PLANNED.value, fired_at=None)
    offered = models.HandOff.objects.filter(status="offered", own=True)
    return waiting.filter(wake_at__lte=now).count() + offered.count()


def message_wanted(case_id: UUID, control: str, run: int) -> LastLook:
    """The last look before a message is handed over: whether it is still wanted.

    Locks the case until the end of the transaction, so that no change can come between this
    answer and the mark that follows from it.
    """
    row = lock(case_id)
    duty = next(iter(_duty(case=case_id, name=control, run=run)), None)
    if duty is None:
        return LastLook(f"{control} is no duty of this case", row.version)
    if duty.status != Status.PLANNED.value:
        return LastLook(f"{control} is {duty.status}: {duty.reason or row.state}", row.version)
    refused = _refused(row, duty)
    return LastLook(refused, row.version, refused=bool(refused))


_duty = Ready(
    lambda case, name, run: models.Control.objects.filter(case_id=case, name=name, run=run)
)


def _refused(row: models.Case, duty: models.Control) -> str:
    """Why the person does not want this letter; "" when they do, or asked for it themselves.

    The case knows it as a rule. Here what it could not know is found: the same address under
    another name, a case begun by an older version.
    """
    does = PATHS[row.path].control(duty.name).does
    asked_for = (row.facts.get("in_answer") or {}).get(duty.name) == duty.run
    if row.person_id is None or asked_for or not isinstance(does, Tell):
        return ""
    return people.may_write(row.person_id, does.purpose) or ""


def not_to_write(case_ids: Iterable[UUID]) -> dict[UUID, object]:
    """What each of these cases knows of its person's refusals: purpose -> why not."""
    rows = models.Case.objects.filter(id__in=list(case_ids)).values_list("id", "facts")
    return {case: facts.get("not_to_write") or {} for case, facts in rows}


def writing_to(persons: Iterable[UUID]) -> dict[UUID, UUID]:
    """The cases of these people that wait, or have something planned, with whose they are."""
    planned = models.Control.objects.filter(case=OuterRef("pk"), status=Status.PLANNED.value)
    found = models.Case.objects.filter(Q(waits=True) | Exists(planned), person__in=list(persons))
    return dict(found.values_list("id", "person"))


def waiting_without_duty(business_ids: Sequence[UUID] | None = None) -> QuerySet[models.Case]:
    """Cases that wait for something although nothing is planned and nobody was asked."""
    planned = models.Control.objects.filter(case=OuterRef("pk"), status=Status.PLANNED.value)
    asked = models.Escalation.objects.filter(case=OuterRef("pk"), resolved_at=None)
    found = models.Case.objects.filter(~Exists(planned), ~Exists(asked), waits=True)
    return found if business_ids is None else found.filter(business_id__in=business_ids)
