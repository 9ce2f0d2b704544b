"""Who comes, who does not, and who says so."""

from datetime import timedelta

import pytest

from tests.core.builders import CUSTOMER, INTEGRATION, STAFF, Visit, policy


def test_somebody_without_an_appointment_begins_at_attended():
    visit = Visit("0m", begins="walked_in")
    assert visit.state == "attended"
    assert [event.data["stage"] for event in visit.said("stage_skipped")] == [
        "scheduled",
        "confirmed",
        "prepared",
    ]
    for name in ("confirmation", "first_reminder", "preparation", "final_reminder"):
        assert visit.became(name) == "skipped: walked_in"
    assert visit.waiting() == {"outcome_due", "unresolved"}
    assert visit.sent() == []


def test_a_walk_in_is_owed_an_outcome_and_handed_on_like_everybody():
    visit = Visit("0m", begins="walked_in")
    visit.until(visit.after_end("15m"))
    assert visit.open == {"OUTCOME_DUE"}
    visit.happens("completed", by=STAFF)
    assert visit.hand_offs("offered") == ["follow_up", "reactivation", "reputation"]


def test_arriving_early_stops_the_reminders():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("arrived", by=STAFF)
    assert visit.became("final_reminder") == "void: arrived"
    visit.until(visit.start)
    assert "final_reminder" not in visit.sent()


def test_who_arrives_need_not_be_told_or_asked_any_more():
    visit = Visit("20h", transport="refuses")
    visit.happens("change_requested", by=CUSTOMER)
    visit.until(visit.before("5m"))
    assert visit.open == {"CONFIRMATION_FAILED", "POSSIBLE_CANCEL"}
    visit.happens("arrived", by=STAFF)
    assert visit.open == frozenset()


def test_a_lost_room_stays_lost_when_the_customer_arrives():
    visit = Visit("20h")
    visit.happens("resource_lost")
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    assert visit.open == {"RESOURCE_LOST"}


def test_a_room_found_again_closes_the_question():
    visit = Visit("20h")
    visit.happens("resource_lost")
    visit.happens("resource_restored")
    assert visit.open == frozenset()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("left", "kinds"),
    [({}, set()), ({"time_taken": True}, {"RESOURCE_LOST"}), ({"told_otherwise": True}, {"TOLD"})],
    ids=["nothing", "a lost time", "a time told otherwise"],
)
def test_new_rules_of_a_zone_ask_a_person_only_for_what_they_leave_open(left, kinds, told):
    visit = Visit("30h", transport="accepts" if told else "hangs")
    visit.happens("zone_rules_changed", **left)
    differs = {"TOLD_DIFFERS"} if told else set()
    assert visit.open == (differs if kinds == {"TOLD"} else kinds)
    assert visit.case.state == ("confirmed" if told else "scheduled")


def test_completed_before_the_end_frees_the_rest_and_hands_on_from_then():
    visit = Visit("72h", length="2h")
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    visit.now = visit.before("0m") + timedelta(minutes=50)
    decision = visit.happens("completed", by=STAFF)
    assert decision.release_from == visit.now
    assert visit.control("hand_offs").due_at == visit.now + timedelta(hours=72)
    assert visit.became("outcome_due") == "void: completed"


@pytest.mark.parametrize("before", ["1m", "7h"])
def test_nobody_is_served_before_the_time_who_was_not_seen_to_arrive(before):
    """The customer still expects to come: nothing of theirs may end in silence."""
    visit = Visit("72h")
    visit.until(visit.before(before))
    refused = visit.refusal("completed", by=INTEGRATION)
    assert str(refused).startswith("The appointment has not begun: ")
    assert "completed" not in refused.allowed
    visit.happens("arrived", by=INTEGRATION)
    visit.happens("completed", by=INTEGRATION)
    assert visit.state == "completed"


def test_the_time_after_the_visit_is_kept_when_it_ends_early():
    """Cleaning up takes as long as planned, however early the customer left."""
    visit = Visit("72h", length="2h", facts={"buffer_after_minutes": 15})
    visit.until(visit.start + timedelta(minutes=50))
    decision = visit.happens("completed", by=STAFF)
    assert decision.release_from == visit.now + timedelta(minutes=15)


def test_a_time_given_back_needs_no_cleaning_up():
    visit = Visit("72h", facts={"buffer_after_minutes": 15})
    assert visit.happens("cancelled", by=STAFF, side="customer").release_from == visit.now


@pytest.mark.parametrize(("after_end", "length"), [("4h", "15h"), ("18h", "1h")])
def test_nobody_arrives_the_morning_after(after_end, length):
    """The visit began at 10:00; it is another day, four hours after the end at least."""
    visit = Visit("72h", length=length)
    visit.until(visit.after_end(after_end))
    sentence = "The appointment is long over: record that it was completed, or missed."
    assert str(visit.refusal("arrived", by=STAFF)) == sentence
    visit.happens("completed", by=STAFF)
    assert visit.state == "completed"


def test_who_came_is_recorded_as_arrived_until_the_day_is_over():
    visit = Visit("72h")
    visit.until(visit.after_end("12h59m"))
    visit.happens("arrived", by=STAFF)
    assert visit.state == "attended"


def test_who_comes_after_midnight_to_a_visit_of_the_night_has_arrived():
    visit = Visit("72h", start=Visit().start + timedelta(hours=13))  # 23:00 to midnight
    visit.until(visit.after_end("10m"))
    visit.happens("arrived", by=STAFF)
    assert visit.state == "attended"


def test_completed_without_arrival_says_that_arrival_was_passed_over():
    visit = Visit("72h")
    visit.until(visit.end)
    visit.happens("completed", by=INTEGRATION)
    assert [(e.data["stage"], e.reason) for e in visit.said("stage_skipped")] == [
        ("attended", "completed")
    ]
    assert visit.case.facts["outcome"]["source"] == "integration"


@pytest.mark.parametrize("side", ["customer", "business"])
def test_a_miss_says_who_missed(side):
    visit = Visit("72h")
    visit.until(visit.after_end("1m"))
    visit.happens("missed", by=STAFF, side=side)
    assert visit.state == "missed"
    assert visit.case.facts["outcome"]["value"] == f"missed_by_{side}"
    assert visit.hand_offs("offered") == ["follow_up"]


def test_a_miss_answers_the_question_for_the_outcome():
    visit = Visit("72h")
    visit.until(visit.after_end("24h"))
    decision = visit.happens("missed", by=STAFF, side="customer")
    assert decision.resolved == {"UNRESOLVED"}


def test_late_the_same_day_after_being_missed_is_attended_and_recovery_is_withdrawn():
    visit = Visit("72h")
    visit.until(visit.start + timedelta(minutes=20))
    visit.happens("missed", by=STAFF, side="customer")
    visit.now += timedelta(minutes=5)
    visit.happens("arrived", by=STAFF)
    assert visit.state == "attended"
    assert visit.hand_offs("withdrawn") == ["follow_up"]
    assert visit.case.facts["outcome"] is None
    assert [e.data["stage"] for e in visit.said("stage_skipped")] == []
    visit.until(visit.after_end("15m"))
    assert visit.open == {"OUTCOME_DUE"}
    visit.happens("completed", by=STAFF)
    assert visit.hand_offs("offered") == ["follow_up", "reactivation", "reputation"]


def test_arriving_after_a_miss_closes_what_recovery_had_opened():
    visit = Visit("72h")
    visit.until(visit.start + timedelta(minutes=20))
    visit.happens("missed", by=STAFF, side="customer")
    visit.happens("hand_off_rejected", to="follow_up", reason="no capacity")
    visit.happens("arrived", by=STAFF)
    assert visit.open == frozenset()


def test_a_stage_not_reached_before_the_miss_is_passed_over_by_the_late_arrival():
    visit = Visit("72h", channels=())
    visit.sleep_until(visit.start + timedelta(minutes=20))
    visit.happens("missed", by=STAFF, side="customer")
    visit.happens("arrived", by=STAFF)
    assert [e.data["stage"] for e in visit.said("stage_skipped")] == ["confirmed", "prepared"]


def test_the_outcome_is_asked_for_again_when_the_miss_is_taken_back_after_the_close():
    visit = Visit("72h")
    visit.until(visit.start.replace(hour=20))
    visit.happens("missed", by=STAFF, side="customer")
    visit.happens("arrived", by=STAFF)
    assert visit.open == frozenset()
    visit.tick()
    assert visit.open == {"UNRESOLVED"}


def test_a_visit_nobody_recorded_is_not_taken_for_missed_unless_the_policy_says_so():
    visit = Visit()
    visit.until(visit.after_end("15m"))
    assert visit.state == "prepared"
    assert visit.open == {"OUTCOME_DUE"}


def test_a_policy_may_take_a_visit_nobody_recorded_for_missed_as_an_assumption():
    visit = Visit(policy=policy(assume_missed=True))
    visit.until(visit.after_end("15m"))
    assert visit.state == "missed"
    assert visit.open == set()
    [missed] = visit.said("missed")
    assert str(missed.actor) == "system"
    assert missed.reason == "By policy, nobody came when nobody said so"
    outcome = visit.case.facts["outcome"]
    assert (outcome["value"], outcome["source"]) == ("missed_by_customer", "assumed")


def test_an_assumed_miss_is_corrected_like_any_other():
    visit = Visit(policy=policy(assume_missed=True))
    visit.until(visit.after_end("15m"))
    visit.happens("corrected", by=STAFF, reason="she was here", to="completed")
    assert visit.state == "completed"
    assert visit.case.facts["outcome"]["source"] == "staff"


def test_somebody_who_arrived_is_never_assumed_to_have_missed():
    visit = Visit(policy=policy(assume_missed=True))
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    visit.until(visit.after_end("15m"))
    assert visit.state == "attended"
    assert visit.open == {"OUTCOME_DUE"}
