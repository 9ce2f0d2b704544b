"""Whether certainty holds, and which control broke it: each control is broken in turn."""

import pytest

from kept.core.certainty import certainty
from kept.core.path import Lapse
from tests.core.builders import APPOINTMENT, CUSTOMER, STAFF, Visit, later, policy

CONTROLS = [c.name for c in APPOINTMENT.controls if not isinstance(c.does, Lapse)]


def known(visit):
    case = visit.case
    return certainty(
        APPOINTMENT, case.state, case.escalations, visit.events, case.controls, visit.now
    )


def names(visit):
    found = known(visit)
    assert not found.holds
    return found.broken_by


def test_it_holds_as_long_as_everything_due_is_done():
    visit = Visit("72h")
    while visit.now < visit.after_end("14m"):
        visit.until(min(later(visit.now, "5h"), visit.after_end("14m")))
        assert known(visit).holds, known(visit)
    assert known(visit).sentence == "The preparation window is open and every duty is done."
    assert known(visit).since is None
    visit.happens("completed", by=STAFF)
    assert known(visit).holds


def asleep_at(visit, name):
    """Everything else is done in time; then this one falls due and nobody is there."""
    control = visit.control(name)
    while earlier := [
        c.due_at
        for c in visit.case.controls
        if c.waiting and c.due_at < control.due_at and c.due_at > visit.now
    ]:
        visit.until(min(earlier))
    visit.now = later(control.due_at, "2m")
    return visit


BOOKED = {
    "first_reminder": {"policy": policy(preparation="12h")},
    "preparation": {"policy": policy(preparation="30h")},
    "acknowledgement": {"policy": policy(ask_acknowledgement=True, first_reminder="30h")},
    "assumed_missed": {"policy": policy(assume_missed=True)},
}


@pytest.mark.parametrize("name", ["first_reminder", "preparation", "final_reminder"])
def test_a_duty_nobody_acted_upon_is_named(name):
    visit = Visit("72h", **BOOKED.get(name, {}))
    assert names(asleep_at(visit, name)) == name
    assert known(visit).since == visit.control(name).due_at
    assert known(visit).sentence.endswith(": it was due, and nobody has acted upon it.")


@pytest.mark.parametrize("name", ["assumed_missed", "outcome_due"])
def test_a_question_nobody_asked_is_named(name):
    assert names(asleep_at(Visit("72h", **BOOKED.get(name, {})), name)) == name


@pytest.mark.parametrize("leg", [1, 2])
def test_a_confirmation_that_does_not_leave_is_named_after_a_minute(leg):
    visit = Visit("72h", transport="hangs", leg=leg)
    visit.now = later(visit.now, "59s")
    assert known(visit).holds
    assert known(visit).sentence == "A time is booked; the customer has not been told yet."
    visit.now = later(visit.now, "1s")
    assert names(visit) == ("confirmation" if leg == 1 else "moved_notice")
    assert known(visit).sentence.endswith("ready, and no mail server has taken it yet.")


@pytest.mark.parametrize("leg", [1, 2])
def test_a_confirmation_that_was_refused_is_named(leg):
    visit = Visit("72h", transport="refuses", leg=leg)
    assert names(visit) == ("confirmation" if leg == 1 else "moved_notice")
    assert known(visit).sentence.endswith("the customer could not be told the time.")
    visit.happens("told_by_staff", by=STAFF)
    assert known(visit).holds


def test_a_confirmation_nobody_can_be_sent_is_named():
    visit = Visit("72h", channels=())
    assert names(visit) == "confirmation"
    assert known(visit).sentence == "Confirmation: no channel reaches the customer."


@pytest.mark.parametrize("name", ["first_reminder", "final_reminder"])
def test_a_reminder_that_failed_is_named(name):
    visit = Visit("72h")
    visit.until(visit.before("25h" if name == "first_reminder" else "2h"))
    visit.transport = "refuses"
    visit.until(later(visit.now, "90m"))
    assert names(visit) == name
    assert known(visit).sentence == f"{name.replace('_', ' ').capitalize()}: " + (
        "a reminder could not be sent."
    )
    visit.happens("escalation_resolved", by=STAFF, reason="rang", kind="CONTROL_MISSED")
    assert known(visit).holds


def test_a_customer_who_does_not_say_that_they_come_is_named_by_the_question():
    visit = Visit("72h", **BOOKED["acknowledgement"])
    visit.until(visit.before("23h"))
    assert names(visit) == "acknowledgement"
    visit.happens("acknowledged", by=CUSTOMER)
    assert known(visit).holds


@pytest.mark.parametrize(("after", "name"), [("16m", "outcome_due"), ("20h", "unresolved")])
def test_an_outcome_nobody_recorded_is_named(after, name):
    visit = Visit("72h").until(Visit("72h").after_end(after))
    assert names(visit) == name
    visit.happens("completed", by=STAFF)
    assert known(visit).holds


def test_a_cancellation_that_did_not_arrive_is_named():
    visit = Visit("72h")
    visit.transport = "refuses"
    visit.happens("cancelled", by=STAFF)
    assert names(visit) == "cancelled_notice"


def test_a_hand_off_that_nobody_accepted_is_named():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("completed", by=STAFF)
    assert known(visit).holds
    visit.until(visit.after_end("60d"))
    assert names(visit) == "hand_offs"


def test_a_reminder_of_what_is_to_be_prepared_that_did_not_leave_is_named():
    items = [{"id": "1", "what": "Fill in the form", "by": "customer", "due": "48h"}]
    visit = Visit("72h", facts={"to_prepare": items})
    visit.transport = "hangs"
    visit.until(visit.before("47h"))
    assert names(visit) == "preparation_reminder"


def test_together_these_break_every_control():
    broken = {"preparation_reminder"} | {
        "first_reminder",
        "preparation",
        "final_reminder",
        "assumed_missed",
        "outcome_due",
    }
    broken |= {"confirmation", "moved_notice", "acknowledgement", "unresolved"}
    assert broken | {"cancelled_notice", "hand_offs"} == set(CONTROLS)


# What breaks it besides


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("change_requested", "Change requested: the customer may not come."),
        ("resource_lost", "Resource lost: staff or place is no longer available."),
    ],
)
def test_what_somebody_did_is_named_when_it_was_no_control(event, says):
    visit = Visit("72h")
    visit.happens(event)
    assert names(visit) == event
    assert known(visit).sentence == says
    assert known(visit).since == visit.now


def test_a_confirmation_that_came_back_is_named_by_what_failed_and_not_by_what_followed():
    visit = Visit("72h")
    visit.message("failed", "confirmation")
    assert "confirmation_lost" in visit.names()
    assert names(visit) == "confirmation"


def test_the_first_break_is_named_and_after_it_is_mended_the_next_one():
    visit = Visit("72h")
    visit.happens("resource_lost")
    visit.now = later(visit.now, "1m")
    visit.happens("change_requested")
    assert names(visit) == "resource_lost"
    visit.happens("resource_restored")
    assert names(visit) == "change_requested"


def test_what_only_closes_questions_is_nobodys_certainty():
    """Its lateness keeps nothing from anybody."""
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("change_requested")
    asked_since = known(visit).since
    visit.until(visit.before("10m"))
    visit.now = later(visit.end, "2m")
    assert known(visit).since == asked_since
    assert names(visit) == "change_requested"
