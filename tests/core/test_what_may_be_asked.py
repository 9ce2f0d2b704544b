"""What would be accepted now: the path's own answer, before anybody asks."""

from datetime import timedelta

import pytest

from kept.core.asked import acceptable, why_not
from kept.core.case import Event, NotAllowed
from kept.core.decide import decide
from kept.core.paths.appointment import APPOINTMENT
from tests.core.builders import CUSTOMER, STAFF, Visit

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AHEAD = [
    "told_by_staff",
    "acknowledged",
    "change_requested",
    "running_late",
    "confirmation_requested",
]


def asked(visit, actor=STAFF):
    return list(acceptable(APPOINTMENT, visit.case, actor, visit.now))


def test_days_before_nobody_arrives_completes_or_misses():
    assert asked(Visit("72h")) == [*AHEAD, "cancelled", "moved"]


def test_on_the_day_the_visit_may_begin_but_nobody_has_missed_it():
    visit = Visit("72h")
    visit.until(visit.start - HOUR)
    assert asked(visit) == [*AHEAD, "arrived", "cancelled", "moved"]
    visit.happens("arrived", by=STAFF)
    assert asked(visit) == ["completed", "corrected"]


def test_after_the_start_it_may_also_be_missed():
    visit = Visit("72h")
    visit.until(visit.start + MINUTE)
    assert asked(visit) == [*AHEAD, "arrived", "completed", "missed", "cancelled", "moved"]


def test_after_the_end_only_its_outcome_is_left():
    visit = Visit("72h")
    visit.until(visit.end + MINUTE)
    assert asked(visit) == ["told_by_staff", "arrived", "completed", "missed"]


def test_customers_have_their_own_window():
    visit = Visit("72h")
    visit.until(visit.start - HOUR)
    assert {"cancelled", "moved"} & set(asked(visit, STAFF)) == {"cancelled", "moved"}
    assert {"cancelled", "moved"} & set(asked(visit, CUSTOMER)) == set()


def test_what_is_cancelled_days_before_has_nothing_to_correct():
    visit = Visit("72h")
    visit.happens("cancelled", by=STAFF, side="customer")
    assert asked(visit) == ["told_by_staff", "complained", "refunded"]
    visit.until(visit.end)
    assert asked(visit) == ["told_by_staff", "complained", "refunded", "corrected"]


@pytest.mark.parametrize("hours", [-71, -20, -1, 0.2, 2, 20, 40])
@pytest.mark.parametrize("first", ["", "arrived", "cancelled", "missed", "completed"])
@pytest.mark.parametrize("actor", [STAFF, CUSTOMER], ids=str)
def test_exactly_what_is_listed_is_accepted(first, hours, actor):
    visit = Visit("72h")
    then = visit.start + hours * HOUR
    if first:
        visit.until(visit.start + (MINUTE if first == "missed" else -2 * HOUR))
        if first == "completed":
            visit.happens("arrived", by=STAFF)
        visit.happens(first, by=STAFF, side="customer")
    visit.until(max(visit.now, then))
    listed = asked(visit, actor)
    targets = APPOINTMENT.corrections.get(visit.state, ())
    # A yes right after a cancellation is taken down as a contradiction; nobody is offered it.
    unoffered = {"acknowledged"} if visit.state == "cancelled" else set()
    for name in {rule.event for rule in APPOINTMENT.rules if rule.asked} - unoffered:
        ways = [
            Event(name, visit.now, actor, "why", {"by": side, "to": to})
            for side in ("customer", "business")
            for to in (targets if name == "corrected" else ("",))
        ]
        assert (name in listed) == any(accepted(visit, event) for event in ways)


def accepted(visit, event):
    """Whether it is; a refusal that says anything else than was foretold counts as accepted."""
    said = why_not(APPOINTMENT, visit.case, event, visit.now)
    try:
        decide(APPOINTMENT, visit.case, event, visit.now)
    except NotAllowed as refused:
        instead = acceptable(APPOINTMENT, visit.case, event.actor, visit.now)
        return said not in ("", refused.detail) or refused.allowed != instead
    return said == ""
