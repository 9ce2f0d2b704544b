"""What follows an outcome, walked through time."""

import pytest

from kept.core.paths import PATHS
from tests.core.builders import STAFF, AfterVisit, Visit, later, local, policy

FOLLOW_UP = PATHS["follow_up"]
LOST = [outcome for outcome in FOLLOW_UP.receives if outcome != "completed"]


def test_every_outcome_of_an_appointment_can_be_received():
    assert set(FOLLOW_UP.receives) == set(PATHS["appointment"].outcomes)


# After a visit that took place


def test_the_whole_way_after_a_completed_visit():
    visit = AfterVisit(aftercare=True, comes_again=True).after("700h")
    assert visit.sent() == ["aftercare", "how_did_it_go", "next_step", "next_step", "next_step"]
    assert [local(at) for at, _ in visit.posted] == [
        "Wed 12:00",
        "Thu 10:00",
        "Sat 10:00",
        "Wed 10:00",
        "Wed 11:00",  # three weeks later the clocks have been put forward
    ]
    assert visit.state == "closed"
    assert visit.case.facts["result"] == "run out"
    assert not visit.waiting()


def test_everybody_is_asked_how_it_went():
    assert AfterVisit().after("700h").sent() == ["how_did_it_go"]


def test_asking_leads_to_checked_and_suggesting_to_next_step():
    visit = AfterVisit(comes_again=True)
    assert visit.state == "open"
    assert visit.after("25h").state == "checked"
    assert visit.after("73h").state == "next_step"


def test_a_letter_that_did_not_go_out_leads_nowhere():
    visit = AfterVisit()
    visit.transport = "refuses"
    assert visit.after("25h").state == "open"
    assert visit.became("how_did_it_go") == "failed: mailbox unknown"
    assert not visit.open


def test_a_new_booking_stops_what_asks_for_one_and_not_what_belongs_to_the_visit():
    visit = AfterVisit(aftercare=True, comes_again=True)
    visit.happens("visit_booked")
    assert visit.after("700h").sent() == ["aftercare", "how_did_it_go"]
    assert visit.became("next_step_first") == "void: visit_booked"


def test_a_booking_after_the_suggestion_ends_it():
    visit = AfterVisit(comes_again=True).after("73h")
    visit.happens("visit_booked")
    assert (visit.state, visit.case.facts["result"]) == ("closed", "booked again")
    assert visit.became("next_step_second") == "void: visit_booked"


def test_who_has_a_visit_ahead_already_is_asked_for_no_other():
    visit = AfterVisit(comes_again=True, booked_again=True).after("700h")
    assert visit.sent() == ["how_did_it_go"]


def test_a_worker_that_was_away_for_weeks_suggests_once():
    visit = AfterVisit(comes_again=True).sleep_until(later(Visit().start, "510h"))
    assert visit.sent() == ["next_step"]
    assert visit.became("next_step_first").startswith("skipped: superseded by next_step_")
    assert visit.became("how_did_it_go").startswith("expired")


def test_a_night_is_not_disturbed():
    visit = AfterVisit(policy=policy(quiet_hours=["08:00", "09:30"])).after("700h")
    assert local(visit.sent_at("how_did_it_go")) == "Fri 08:00"


# A complaint


@pytest.mark.parametrize("hours", ["1h", "30h", "100h", "700h"])
def test_a_complaint_goes_to_a_person_at_any_time_and_stops_the_rest(hours):
    visit = AfterVisit(comes_again=True).after(hours)
    sent = visit.sent()
    visit.happens("went_badly", words="too short")
    assert visit.state == "complaint"
    assert visit.open == {"COMPLAINT"}
    assert visit.case.facts["words"] == "too short"
    assert visit.after("900h").sent() == sent
    visit.happens("escalation_resolved", by=STAFF, kind="COMPLAINT", reason="a second visit")
    assert (visit.state, visit.case.facts["result"]) == ("closed", "complaint settled")


def test_a_complaint_about_another_visit_stops_the_suggestions_and_not_the_question():
    visit = AfterVisit(comes_again=True)
    visit.happens("complained_elsewhere")
    assert visit.after("700h").sent() == ["how_did_it_go"]


def test_praise_is_kept_and_changes_nothing_else():
    visit = AfterVisit(comes_again=True).after("25h")
    visit.happens("went_well", words="thank you")
    assert visit.case.facts["feedback"] == "went_well"
    assert "next_step" in visit.after("700h").sent()


# After one that did not take place


@pytest.mark.parametrize("outcome", LOST)
def test_nobody_is_thanked_for_a_visit_that_did_not_take_place(outcome):
    visit = AfterVisit(outcome, aftercare=True, comes_again=True).after("900h")
    assert set(visit.sent()) <= {"missed_you", "rebook_offer"}
    assert (visit.state, visit.case.facts["result"]) == ("closed", "not recovered")


def test_a_miss_is_followed_after_a_quarter_of_an_hour_a_day_and_three_days():
    visit = AfterVisit("missed_by_customer").after("900h")
    assert visit.sent() == ["missed_you", "rebook_offer", "rebook_offer"]
    assert [local(at) for at, _ in visit.posted] == ["Wed 10:15", "Thu 10:00", "Sat 10:00"]


CANCELLED = [outcome for outcome in LOST if outcome.startswith("cancelled")]
OFFERS = policy(offer_after_cancelling=True)


@pytest.mark.parametrize("outcome", CANCELLED)
def test_after_a_cancellation_nothing_is_sent_unless_the_business_wants_it(outcome):
    assert AfterVisit(outcome).after("900h").sent() == []


def test_who_cancelled_is_asked_once_and_not_in_the_same_breath_as_the_notice():
    visit = AfterVisit("cancelled_by_customer", policy=OFFERS).after("900h")
    assert [local(at) for at, _ in visit.posted] == ["Sat 10:00"]


def test_whose_time_we_gave_back_is_asked_twice():
    visit = AfterVisit("cancelled_by_business", policy=OFFERS).after("900h")
    assert [local(at) for at, _ in visit.posted] == ["Thu 10:00", "Sat 10:00"]


@pytest.mark.parametrize("outcome", FOLLOW_UP.receives)
def test_who_has_refused_is_asked_for_nothing_new(outcome):
    visit = AfterVisit(outcome, refused=True, comes_again=True).after("900h")
    assert set(visit.sent()) <= {"how_did_it_go", "missed_you"}


@pytest.mark.parametrize("outcome", LOST)
def test_a_new_booking_recovers_it_at_once(outcome):
    visit = AfterVisit(outcome).after("2h")
    sent = visit.sent()
    visit.happens("visit_booked")
    assert (visit.state, visit.case.facts["result"]) == ("closed", "recovered")
    assert not visit.open
    assert visit.after("900h").sent() == sent


@pytest.mark.parametrize("outcome", ["missed_by_business", "cancelled_by_business"])
def test_what_we_gave_back_ourselves_is_for_a_person_at_once(outcome):
    assert AfterVisit(outcome, missed_before=True).open == {"REBOOK_BY_HAND"}


def test_the_second_miss_in_a_row_is_for_a_person():
    assert AfterVisit("missed_by_customer", missed_before=True).open == {"MISSED_AGAIN"}
    assert not AfterVisit("missed_by_customer").open
    assert not AfterVisit("cancelled_by_customer").open


def test_a_miss_that_is_only_assumed_is_not_written_about():
    visit = AfterVisit("missed_by_customer", assumed=True, policy=OFFERS).after("900h")
    assert visit.sent() == []
    assert visit.case.facts["result"] == "not recovered"


# What stops it


@pytest.mark.parametrize("outcome", FOLLOW_UP.receives)
@pytest.mark.parametrize(
    ("said", "result"),
    [("declined", "declined"), ("opted_out", "opted out"), ("replied", "replied")],
)
def test_a_word_of_the_customer_stops_it(outcome, said, result):
    visit = AfterVisit(outcome, aftercare=True, comes_again=True)
    sent = visit.sent()
    visit.happens(said)
    assert (visit.state, visit.case.facts["result"]) == ("closed", result)
    assert visit.after("900h").sent() == sent
    assert ("REPLY" in visit.open) == (said == "replied")


@pytest.mark.parametrize("outcome", FOLLOW_UP.receives)
def test_an_outcome_taken_back_takes_what_followed_with_it(outcome):
    visit = AfterVisit(outcome, aftercare=True, missed_before=True)
    visit.happens("outcome_withdrawn")
    assert visit.state == "closed"
    assert not visit.waiting()
    assert not visit.open


# One letter a day


def test_it_gives_way_to_another_path_and_comes_the_next_day():
    visit = AfterVisit().until(later(Visit().start, "23h"))
    visit.written_to_today().after("25h")
    assert not visit.sent()
    assert visit.became("how_did_it_go") == "planned"
    assert visit.said("control_put_off")[0].reason == "another message went to this person today"
    assert local(visit.after("60h").sent_at("how_did_it_go")) == "Fri 10:00"


def test_the_day_is_that_of_the_person_and_not_of_the_business():
    """At 10:00 in Berlin it is 22:00 in Auckland: two hours later another day begins there."""
    late = policy(how_did_it_go="27h", after_visit_hours=["00:00", "00:00"])
    visit = AfterVisit(recipient_zone="Pacific/Auckland", policy=late)
    visit.until(later(Visit().start, "23h")).written_to_today().after("28h")
    assert visit.sent() == ["how_did_it_go"]


def test_a_policy_may_allow_several_a_day():
    visit = AfterVisit(policy=policy(several_a_day=True)).until(later(Visit().start, "23h"))
    assert visit.written_to_today().after("25h").sent() == ["how_did_it_go"]


def test_what_answers_this_very_day_does_not_wait_for_another():
    visit = AfterVisit("missed_by_customer").written_to_today().after("1h")
    assert visit.sent() == ["missed_you"]


def test_two_that_gave_way_are_put_off_each_for_itself():
    quick = policy(next_step_first="24h")
    visit = AfterVisit(policy=quick, comes_again=True).until(later(Visit().start, "23h"))
    visit.written_to_today().after("25h")
    assert set(visit.case.facts["put_off"]) == {"how_did_it_go", "next_step_first"}
    # One letter a day is the case's own too: it waits for tomorrow once more.
    assert [local(at)[:3] for at, _ in visit.after("90h").posted] == ["Fri", "Sat"]
    assert visit.sent() == ["how_did_it_go", "next_step"]


def test_what_was_put_off_beyond_its_use_is_skipped_with_the_reason():
    short = policy(recovery_third="24h", recovery_until="30h", offer_after_cancelling=True)
    visit = AfterVisit("cancelled_by_customer", policy=short).until(later(Visit().start, "23h"))
    visit.written_to_today().after("900h")
    assert visit.became("recovery_third") == "skipped: too late to be of use"


def test_without_an_address_each_letter_says_why_it_did_not_go():
    visit = AfterVisit(channels=()).after("700h")
    assert visit.became("how_did_it_go") == "skipped: no channel reaches the customer"


# Whatever they say, and whenever


@pytest.mark.parametrize("said", ["replied", "declined"])
@pytest.mark.parametrize("end", ["closed", "complaint"])
def test_what_is_said_after_the_end_is_kept_and_what_is_written_is_read(said, end):
    visit = AfterVisit()
    visit.happens("went_badly" if end == "complaint" else "declined")
    visit.happens(said, by=STAFF, words="call me in May")
    assert visit.state == end
    assert visit.said(said)[-1].data["words"] == "call me in May"
    assert ("REPLY" in visit.open) == (said == "replied")


def test_a_later_word_does_not_write_over_how_it_went():
    visit = AfterVisit()
    visit.happens("went_badly", words="it hurts")
    visit.happens("replied", words="and my coat is still there")
    assert visit.case.facts["words"] == "it hurts"
    assert visit.open == {"COMPLAINT", "REPLY"}
