"""What follows an appointment, for those who ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from kept.appointments import queries as appointments
from kept.appointments.queries import Timeline as Timeline
from kept.cases import queries as cases
from kept.cases.queries import Case, HandOff
from kept.core.case import Event
from kept.core.paths import PATHS
from kept.core.paths.reactivation import DUE_SET
from kept.core.policy import BUILT_IN
from kept.journeys import reputation
from kept.outbox import queries as outbox
from kept.people import queries as people
from kept.people.queries import Customer

SAYINGS = frozenset(
    {"went_well", "went_badly", "replied", "declined", "snoozed", "gone"}
    | {"clicked", "review_declined", "wrong_person"}
)


def visit_of(hand_off: HandOff) -> datetime:
    """When the visit was, or would have been; of an enquiry, when they asked."""
    when = hand_off.payload.get("start") or hand_off.payload["asked_at"]
    return datetime.fromisoformat(str(when))


def facts(hand_off: HandOff, customer: Customer, now: datetime) -> dict[str, object]:
    """What a following case knows from its beginning."""
    common = {
        "channels": people.channels(customer),
        "recipient_zone": customer.time_zone,
        "hand_off": str(hand_off.id),
        "leg": hand_off.payload["leg"],
        "follows": hand_off.outcome,
        "assumed": hand_off.payload.get("outcome_source") == "assumed",
        "carries": dict(hand_off.payload),
    }
    return {**common, **OWN_FACTS[hand_off.to](hand_off, customer, now)}


def _of_follow_up(hand_off: HandOff, customer: Customer, now: datetime) -> dict[str, object]:
    service, alike = appointments.service_of(hand_off.case.subject), people.at_address(customer)
    return {
        "recovers": "" if hand_off.outcome == "completed" else hand_off.outcome,
        "aftercare": service.aftercare,
        "comes_again": service.comes_again_days,
        "booked_again": appointments.has_visit_ahead(customer.id, now),
        "booked_nearby": bool(appointments.visits_ahead(alike - {customer.id}, now)),
        "missed_before": appointments.missed_before(customer.id, hand_off.case.subject),
        "complained": cases.complaints_open(alike),
        "complained_here": cases.has_happened(hand_off.case.subject, "complained"),
        "refused": people.has_refused(customer.id, "marketing"),
    }


def _of_reputation(hand_off: HandOff, customer: Customer, now: datetime) -> dict[str, object]:
    service = hand_off.payload.get("service_snapshot") or {}
    return reputation.facts(customer, str(service.get("place") or ""), now)


def _of_reactivation(hand_off: HandOff, customer: Customer, now: datetime) -> dict[str, object]:
    alike = people.at_address(customer)
    own = appointments.visits_ahead([customer.id], now)
    nearby = appointments.visits_ahead(alike - {customer.id}, now)
    return {
        "booked": sorted(map(str, own)),
        "over_at": {str(appointment): end.isoformat() for appointment, end in nearby.items()},
        "complained": cases.complaints_open(alike),
        "refused": people.has_refused(customer.id, "marketing"),
    }


OWN_FACTS: Mapping[str, Callable[[HandOff, Customer, datetime], dict[str, object]]] = {
    "follow_up": _of_follow_up,
    "reputation": _of_reputation,
    "reactivation": _of_reactivation,
}
"""What a path wants to know beside that, by its name."""


def journey(business: UUID, case_id: UUID) -> Case:
    """A case that follows an appointment. Raises Case.DoesNotExist, also for another business."""
    return Case.objects.get(business_id=business, id=case_id, path__in=sorted(BUILT_IN))


def of_appointment(subject: UUID) -> list[Case]:
    """What followed each outcome of an appointment, the first outcome first."""
    found = [case for case in cases.of_subject(subject) if PATHS[case.path].receives]
    return sorted(found, key=lambda case: (case.number, list(PATHS).index(case.path)))


def timeline(case: Case) -> Timeline:
    """What happened and will happen on one case that follows an appointment."""
    ids = [case.id]
    return Timeline(
        events=cases.events(ids),
        controls=cases.controls(ids),
        messages=[each for each in outbox.of_subject(case.subject) if each.case == case.id],
        escalations=cases.escalations_of(ids),
        hand_offs=cases.hand_offs_of(ids),
    )


def current(subject: UUID, path: str = "follow_up") -> Case | None:
    """What this path made of the present outcome of an appointment; None where it has not begun."""
    found = [case for case in of_appointment(subject) if case.path == path]
    return found[-1] if found else None


def listening(subject: UUID, name: str) -> Case | None:
    """Which of the cases that follow an appointment takes what its customer says now: the first of
    them that would, and one that has ended only where none goes on. None when nothing follows it
    yet; where none would, the follow-up refuses."""
    present = [case for path in PATHS if (case := current(subject, path))]
    takes = [case for case in present if name in allowed(case) and _has_asked(case, name)]
    return next(iter(sorted(takes, key=lambda case: not case.waits) or present), None)


def _has_asked(case: Case, name: str) -> bool:
    """An answer or a no is said to whoever asked, and not to who will ask in half a year."""
    return case.state != DUE_SET or name not in {"replied", "declined"}


def allowed(case: Case) -> list[str]:
    """Which of SAYINGS the case would take now."""
    return [name for name in PATHS[case.path].allowed(case.state) if name in SAYINGS]


def understands(case: Case, event: Event) -> bool:
    """Whether this means anything to the case in its present state."""
    return PATHS[case.path].rule(event, case.state) is not None
