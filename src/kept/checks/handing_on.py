"""Promise 9: every outcome is handed on, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from kept.accounts.queries import PolicyVersion, policy_in_force
from kept.cases.queries import Case, Event, HandOff
from kept.cases.rows import policy_of
from kept.checks.finding import BATCH, Found, Moment, reference
from kept.core.paths.appointment import RESOLVED
from kept.core.policy import OF_ENQUIRIES, TARGETS, Policy, may_follow, next_paths, unmapped
from kept.schedule.queries import Service

PUT_ASIDE = frozenset({"withdrawn", "rejected"})


def outcomes_are_handed_on(moment: Moment) -> Found:
    """Of every outcome of every service it is said what follows; a resolved appointment has offered
    each of its hand-offs exactly once, and each is accepted, or escalated once its time was over.
    """
    services = Service.objects.filter(archived_at=None).select_related("business")
    resolved = Case.objects.filter(path="appointment", state__in=RESOLVED)
    found = Found(resolved.count() + services.count())
    found.add(_wrongly_set_up(services.order_by("name")), str)
    rows = resolved.annotate(reference=reference("subject")).prefetch_related(
        "hand_offs", "escalations"
    )
    found.add(
        (
            f"{case.reference}: {what}."
            for case in rows.iterator(chunk_size=BATCH)
            for what in _wrong_with(case, moment)
        ),
        str,
    )
    return found


def _wrongly_set_up(services: Iterable[Service]) -> Iterator[str]:
    """What is found before it happens to anybody: an outcome that leads nowhere by mistake."""
    policies: dict[UUID, Policy] = {}
    for service in services:
        name, whose = f"{service.name}, {service.business.name}", service.business_id
        if whose not in policies:
            policies[whose] = policy_of(policy_in_force(whose).pk)
            for outcome in sorted(OF_ENQUIRIES.keys() & unmapped(policies[whose])):
                yield f"{service.business.name}: nothing says what follows {outcome}."
        for outcome in unmapped(policies[whose], service.hand_offs):
            yield f"{name}: nothing says what follows {outcome}."
        for outcome, paths in service.hand_offs.items():
            for path in sorted(set(paths) - set(TARGETS)):
                yield f"{name}: {outcome} is handed on to {path}, which there is not."
        for outcome in {*policies[whose].hand_offs, *service.hand_offs}:
            paths = service.hand_offs.get(outcome, policies[whose].hand_offs.get(outcome, ()))
            for path in sorted(path for path in paths if not may_follow(path, outcome)):
                yield f"{name}: {path} is to follow {outcome}, and never does."


def _wrong_with(case: Case, moment: Moment) -> Iterator[str]:
    version, outcome = case.facts.get("outcome_version"), case.facts.get("outcome")
    if not outcome:
        yield f"it is {case.state}, and no outcome is recorded"
        return
    mapped = next_paths(_policy_then(case), case.facts.get("hand_offs"), outcome["value"])
    if mapped is None:
        yield f"{outcome['value']} was handed on to nobody: nothing names what follows that outcome"
    wanted = sorted(mapped or ())
    present = [row for row in case.hand_offs.all() if row.version == version]
    offered = sorted(row.to for row in present)
    if offered != wanted:
        yield f"{outcome['value']} was handed on to {offered or 'nobody'} instead of {wanted}"
    for row in case.hand_offs.all():
        if row.version != version and row.status not in PUT_ASIDE:
            yield f"the hand-off to {row.to} for an outcome taken back is still {row.status}"
    for row in present:
        yield from _unanswered(case, row, moment)


def _unanswered(case: Case, row: HandOff, moment: Moment) -> Iterator[str]:
    if row.status == "withdrawn":
        yield f"the hand-off to {row.to} was withdrawn, and its outcome still holds"
    late = row.accept_by is not None and row.accept_by <= moment.overdue
    if row.status == "offered" and late:
        yield f"the hand-off to {row.to} was due by {row.accept_by}, and nobody has been asked"
    kinds = {each.kind for each in case.escalations.all()}
    if row.status in {"expired", "rejected"} and "HANDOFF_NOT_ACCEPTED" not in kinds:
        yield f"the hand-off to {row.to} is {row.status}, and nobody has been asked"


def _policy_then(case: Case) -> Policy:
    """The policy under which the outcome was recorded.

    Every version reaches every case that waits, so before the first one that came after the
    outcome, the one numbered just below it was in force.
    """
    changes = Event.objects.filter(case=case, name="policy_changed").order_by("seq")
    made = Event.objects.filter(case=case, name__in=OUTCOMES).order_by("-seq").first()
    later = changes.filter(seq__gt=made.seq).first() if made else None
    if later is None:
        return policy_of(case.policy_id)
    first = PolicyVersion.objects.get(id=later.data["policy"])
    before = PolicyVersion.objects.get(business=case.business_id, number=first.number - 1)
    return policy_of(before.pk)


OUTCOMES = ("completed", "missed", "cancelled", "corrected")
