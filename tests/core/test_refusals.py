"""What cannot be done now is refused with a sentence, and with what can be done instead."""

import pytest

from kept.core.asked import acceptable
from kept.core.case import NotAllowed
from tests.core.builders import APPOINTMENT, CUSTOMER, STAFF, Visit, later


def scheduled():
    return Visit("72h", transport="hangs")


def confirmed():
    return Visit("72h")


def prepared():
    visit = Visit("72h")
    return visit.until(visit.before("20h"))


def attended():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    return visit


def over():
    visit = Visit("72h")
    return visit.until(visit.end)


def after(name, **how):
    def build():
        visit = Visit("72h")
        visit.until(visit.start)
        visit.happens(name, by=STAFF, **how)
        return visit

    return build


completed = after("completed")
missed = after("missed", side="customer")
cancelled = after("cancelled", side="customer")
moved = after("moved")

OVER = "The appointment is over: record its outcome (complete or miss) instead."
NOT_STARTED = "The appointment has not started: cancel or move it instead."
ANOTHER_DAY = "The appointment is on another day: move it to the present day first."
WRONG = "pressed the wrong one"

REFUSALS = [
    (confirmed, "arrived", {}, ANOTHER_DAY),
    (confirmed, "completed", {}, ANOTHER_DAY),
    (confirmed, "missed", {"side": "customer"}, NOT_STARTED),
    (prepared, "missed", {"side": "business"}, NOT_STARTED),
    (over, "missed", {}, "Say who missed it: the customer or the business."),
    (over, "cancelled", {}, OVER),
    (over, "cancelled", {"by": CUSTOMER}, OVER),
    (over, "moved", {}, OVER),
    (over, "acknowledged", {}, OVER),
    (over, "change_requested", {}, OVER),
    (over, "running_late", {}, OVER),
    (over, "confirmation_requested", {}, OVER),
    (attended, "missed", {"side": "customer"}, "This cannot be done while it is attended."),
    (attended, "cancelled", {}, "This cannot be done while it is attended."),
    (attended, "arrived", {}, "This cannot be done while it is attended."),
    (completed, "completed", {}, "This cannot be done while it is completed."),
    (completed, "moved", {}, "This cannot be done while it is completed."),
    (cancelled, "moved", {}, "This cannot be done while it is cancelled."),
    (cancelled, "arrived", {}, "This cannot be done while it is cancelled."),
    (moved, "acknowledged", {}, "This cannot be done while it is rescheduled."),
    (moved, "cancelled", {}, "This cannot be done while it is rescheduled."),
    (moved, "corrected", {"to": "confirmed"}, "This cannot be done while it is rescheduled."),
    (confirmed, "booked", {}, "This cannot be done while it is confirmed."),
    (confirmed, "no_such_thing", {}, "This cannot be done while it is confirmed."),
    (scheduled, "corrected", {"to": "confirmed"}, "This cannot be done while it is scheduled."),
    (completed, "corrected", {"to": "missed"}, "Say why the state is corrected."),
    (
        completed,
        "corrected",
        {"to": "completed", "reason": WRONG},
        "The appointment is already completed.",
    ),
    (
        completed,
        "corrected",
        {"to": "cancelled", "reason": WRONG},
        "completed cannot be corrected to cancelled.",
    ),
    (
        completed,
        "corrected",
        {"to": "missed", "reason": WRONG},
        "Say who missed it: the customer or the business.",
    ),
    (
        missed,
        "corrected",
        {"to": "cancelled", "reason": WRONG},
        "Say who cancelled it: the customer or the business.",
    ),
]


@pytest.mark.parametrize(("build", "event", "how", "sentence"), REFUSALS)
def test_it_is_refused_with_a_sentence_and_with_what_may_be_done(build, event, how, sentence):
    visit = build()
    refused = visit.refusal(event, **{"by": STAFF, **how})
    assert isinstance(refused, NotAllowed)
    assert str(refused) == refused.detail == sentence
    assert (refused.event, refused.state) == (event, visit.state)
    assert refused.allowed == acceptable(APPOINTMENT, visit.case, how.get("by", STAFF), visit.now)


def test_what_has_not_started_was_not_missed():
    visit = Visit("72h")
    visit.happens("cancelled", by=STAFF)
    refused = visit.refusal("corrected", by=STAFF, reason=WRONG, to="missed", side="customer")
    assert str(refused) == NOT_STARTED


@pytest.mark.parametrize("before", ["72h", "1m"])
@pytest.mark.parametrize("to", ["attended", "completed"])
def test_who_cancelled_has_not_come_before_the_time(before, to):
    visit = Visit("80h")
    visit.until(visit.before(before))
    visit.happens("cancelled", by=STAFF)
    refused = visit.refusal("corrected", by=STAFF, reason=WRONG, to=to)
    assert str(refused) == (
        "The appointment has not begun: if they come after all, book a new time."
    )
    assert "corrected" not in refused.allowed
    visit.until(visit.start)
    visit.happens("corrected", by=STAFF, reason=WRONG, to=to)
    assert visit.state == to


def test_who_comes_the_day_after_the_miss_has_not_come_late():
    visit = missed()
    visit.until(later(visit.start, "24h"))
    refused = visit.refusal("arrived", by=STAFF)
    assert str(refused) == "The appointment was on another day: correct its outcome instead."


TOLD_US = ("complained", "refunded")
TO_PREPARE = ("item_prepared", "item_reopened")


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (
            "prepared",
            [
                "told_by_staff",
                "acknowledged",
                "change_requested",
                "running_late",
                "confirmation_requested",
                *TO_PREPARE,
                "arrived",
                "completed",
                "missed",
                "cancelled",
                "moved",
            ],
        ),
        ("attended", [*TO_PREPARE, "completed", "corrected"]),
        ("completed", [*TOLD_US, "corrected"]),
        ("missed", ["arrived", *TOLD_US, "corrected"]),
        ("cancelled", ["told_by_staff", *TOLD_US, "corrected"]),
        ("rescheduled", []),
    ],
)
def test_what_may_be_asked_in_each_state(state, allowed):
    assert list(APPOINTMENT.allowed(state)) == allowed


def test_a_refusal_changes_nothing():
    visit = confirmed()
    before, events = visit.case, list(visit.events)
    visit.refusal("missed", by=STAFF, side="customer")
    assert (visit.case, visit.events) == (before, events)
