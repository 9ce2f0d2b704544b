"""What the customer answers, and which answer counts."""

from datetime import timedelta

import pytest

from tests.core.builders import CUSTOMER, INTEGRATION, STAFF, Visit


def test_a_yes_is_a_fact_beside_the_state():
    visit = Visit("72h")
    visit.happens("acknowledged", by=CUSTOMER)
    assert visit.state == "confirmed"
    assert visit.case.facts["acknowledged"] == "yes"


def test_a_yes_confirms_what_no_transport_could():
    visit = Visit("72h", transport="refuses")
    visit.happens("acknowledged", by=CUSTOMER)
    assert visit.state == "confirmed"
    assert visit.open == frozenset()
    assert visit.told[-1].evidence == "acknowledged"


def test_a_second_yes_adds_nothing():
    visit = Visit("72h")
    visit.happens("acknowledged", by=CUSTOMER)
    decision = visit.happens("acknowledged", by=CUSTOMER)
    assert [event.name for event in decision.events] == ["acknowledged"]


def test_yes_then_cancelled_is_cancelled():
    visit = Visit("72h")
    visit.happens("acknowledged", by=CUSTOMER)
    visit.happens("cancelled", by=CUSTOMER)
    assert visit.state == "cancelled"
    assert visit.names().index("acknowledged") < visit.names().index("cancelled")


@pytest.mark.parametrize("seconds", [0, 120])
def test_their_own_cancellation_just_after_their_own_yes_counts_and_is_asked_about(seconds):
    visit = Visit("72h")
    visit.happens("acknowledged", by=CUSTOMER)
    visit.now += timedelta(seconds=seconds)
    visit.happens("cancelled", by=CUSTOMER)
    assert visit.state == "cancelled"
    assert visit.open == {"CONFLICTING_REPLIES"}
    assert "first_reminder" not in visit.waiting()


@pytest.mark.parametrize(
    ("seconds", "yes", "no", "side"),
    [
        (121, CUSTOMER, CUSTOMER, "customer"),
        (5, STAFF, CUSTOMER, "customer"),
        (5, CUSTOMER, STAFF, "customer"),
        (5, CUSTOMER, STAFF, "business"),
        (5, CUSTOMER, INTEGRATION, "business"),
    ],
)
def test_what_the_customer_has_thought_over_or_told_us_contradicts_nothing(seconds, yes, no, side):
    visit = Visit("72h")
    visit.happens("acknowledged", by=yes)
    visit.now += timedelta(seconds=seconds)
    visit.happens("cancelled", by=no, side=side)
    assert visit.state == "cancelled"
    assert visit.open == frozenset()


def test_a_yes_that_crosses_with_our_cancellation_is_somebody_to_be_told():
    visit = Visit("72h")
    visit.happens("cancelled", by=STAFF, side="business")
    visit.happens("acknowledged", by=CUSTOMER)
    assert visit.state == "cancelled"
    assert visit.open == {"TOLD_DIFFERS"}


@pytest.mark.parametrize("side", ["customer", "business"])
def test_what_is_pressed_at_the_desk_is_no_answer_to_a_cancellation(side):
    visit = Visit("72h")
    visit.happens("cancelled", by=STAFF, side=side)
    refused = visit.refusal("acknowledged", by=STAFF)
    assert str(refused) == "This appointment was cancelled: please book a new time."


@pytest.mark.parametrize("seconds", [0, 1, 120])
def test_a_yes_within_two_minutes_of_the_cancellation_contradicts_it(seconds):
    visit = Visit("72h")
    visit.happens("acknowledged", by=CUSTOMER)
    visit.happens("cancelled", by=CUSTOMER)
    visit.now += timedelta(seconds=seconds)
    visit.happens("acknowledged", by=CUSTOMER)
    assert visit.state == "cancelled"  # nothing is brought back to life by itself
    assert visit.open == {"CONFLICTING_REPLIES"}


@pytest.mark.parametrize("seconds", [121, 3600])
def test_a_yes_later_than_that_is_refused(seconds):
    visit = Visit("72h")
    visit.happens("cancelled", by=CUSTOMER)
    visit.now += timedelta(seconds=seconds)
    refused = visit.refusal("acknowledged", by=CUSTOMER)
    assert str(refused) == "This appointment was cancelled: please book a new time."


def test_an_old_yes_that_arrives_after_the_cancellation_contradicts_nothing():
    visit = Visit("72h")
    said = visit.now
    visit.now += timedelta(hours=3)
    visit.happens("cancelled", by=CUSTOMER)
    assert visit.refusal("acknowledged", by=CUSTOMER, at=said)


def test_a_wish_for_a_change_holds_both_reminders():
    visit = Visit("72h")
    visit.happens("change_requested", by=CUSTOMER)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation"]
    assert visit.became("first_reminder") == "void: change_requested"


def test_a_yes_after_all_brings_both_reminders_back():
    visit = Visit("72h")
    due = visit.control("first_reminder").due_at
    visit.happens("change_requested", by=CUSTOMER)
    visit.until(visit.before("30h"))
    visit.happens("acknowledged", by=CUSTOMER)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]
    assert visit.sent_at("first_reminder") == due


def test_a_yes_after_its_time_brings_only_the_final_reminder_back():
    visit = Visit("72h")
    visit.happens("change_requested", by=CUSTOMER)
    visit.until(visit.before("20h"))
    visit.happens("acknowledged", by=CUSTOMER)
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "final_reminder"]


def test_a_wish_for_a_change_is_a_task_and_holds_the_final_reminder():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("change_requested", by=CUSTOMER)
    assert visit.open == {"POSSIBLE_CANCEL"}
    assert visit.case.facts["acknowledged"] == "wants_change"
    visit.until(visit.start)
    assert "final_reminder" not in visit.sent()
    assert visit.became("final_reminder") == "void: change_requested"


def test_once_a_person_has_asked_the_final_reminder_goes_after_all():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("change_requested", by=CUSTOMER)
    visit.happens("escalation_resolved", by=STAFF, reason="she comes", kind="POSSIBLE_CANCEL")
    visit.until(visit.start)
    assert visit.sent()[-1] == "final_reminder"


def test_asked_too_late_the_reminder_is_not_brought_back():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("change_requested", by=CUSTOMER)
    visit.until(visit.before("40m"))
    visit.happens("escalation_resolved", by=STAFF, reason="she comes", kind="POSSIBLE_CANCEL")
    reason = "skipped: its time had passed when it was planned anew"
    assert visit.became("final_reminder") == reason


def test_a_yes_after_a_wish_for_a_change_settles_it():
    visit = Visit("72h")
    visit.happens("change_requested", by=CUSTOMER)
    visit.happens("acknowledged", by=CUSTOMER)
    assert visit.open == frozenset()


def test_running_late_is_a_fact_and_nothing_more():
    visit = Visit("72h")
    visit.until(visit.start)
    decision = visit.happens("running_late", by=CUSTOMER, minutes=10)
    assert visit.case.facts["late"] == "10"
    assert [event.name for event in decision.events] == ["running_late"]
