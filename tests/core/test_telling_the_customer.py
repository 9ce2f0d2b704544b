"""Is the customer told, and what becomes of it when that fails?"""

import pytest

from tests.core.builders import STAFF, Visit


def test_without_a_channel_a_person_is_asked_to_tell_them():
    visit = Visit("72h", channels=())
    assert visit.state == "scheduled"
    assert visit.sent() == []
    assert visit.open == {"CONTACT_GAP"}
    assert visit.became("confirmation") == "skipped: no channel reaches the customer"


def test_a_customer_told_by_telephone_is_confirmed():
    visit = Visit("72h", channels=())
    visit.happens("told_by_staff", by=STAFF, channel="telephone")
    assert visit.state == "confirmed"
    assert visit.open == frozenset()
    assert (visit.told[-1].via, visit.told[-1].evidence) == ("telephone", "told")


def test_without_a_channel_no_reminder_goes_and_nobody_is_asked_again():
    visit = Visit("72h", channels=())
    visit.happens("told_by_staff", by=STAFF)
    visit.until(visit.start)
    assert visit.sent() == []
    assert visit.state == "prepared"
    assert visit.became("first_reminder") == "skipped: no channel reaches the customer"
    assert visit.became("final_reminder") == "skipped: no channel reaches the customer"
    assert len(visit.raised) == 1


def test_without_a_channel_the_reminders_are_skipped_at_once_and_come_back_with_an_address():
    visit = Visit("72h", channels=())
    for reminder in ("first_reminder", "final_reminder"):
        assert visit.became(reminder) == "skipped: no channel reaches the customer"
    visit.happens("contact_changed", by=STAFF, channels=["email"])
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_a_reminder_that_waits_for_an_address_that_is_lost_is_skipped_and_blames_nobody():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("23h"))
    decision = visit.happens("contact_changed", channels=[])
    assert decision.withdraw == (("first_reminder", 1),)
    assert visit.became("first_reminder") == "skipped: no channel reaches the customer"
    assert visit.open == frozenset()
    visit.message("failed", "first_reminder", detail="it was in the transport's hands")
    assert visit.open == frozenset()


def test_the_gap_is_to_be_closed_before_the_start():
    visit = Visit("50m", channels=())
    assert visit.raised[0].due_at == visit.start


def test_a_refused_confirmation_stays_scheduled_and_asks_for_a_person():
    visit = Visit("72h", transport="refuses")
    assert visit.state == "scheduled"
    assert visit.open == {"CONFIRMATION_FAILED"}
    assert visit.became("confirmation") == "failed: mailbox unknown"
    assert visit.raised[0].tried == "mailbox unknown"


def test_a_delayed_confirmation_asks_for_a_person_while_it_is_still_tried():
    visit = Visit("72h", transport="hangs")
    visit.message("delayed", "confirmation", detail="greylisted")
    assert visit.open == {"CONFIRMATION_FAILED"}
    assert visit.became("confirmation") == "planned"
    visit.message("accepted", "confirmation")
    assert visit.open == frozenset()
    assert visit.state == "confirmed"


def test_a_confirmation_in_doubt_is_not_taken_for_told():
    visit = Visit("72h", transport="hangs")
    visit.message("doubtful", "confirmation")
    assert visit.state == "scheduled"
    assert visit.open == {"CONFIRMATION_FAILED"}
    assert visit.became("confirmation") == "done: it may have arrived"


def test_a_reminder_in_doubt_is_left_at_that():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("24h"))
    visit.message("doubtful", "first_reminder", detail="no answer")
    assert visit.became("first_reminder") == "done: no answer"
    assert visit.open == frozenset()


def test_a_bounce_hours_later_takes_the_confirmation_back():
    visit = Visit("72h")
    visit.until(visit.before("60h"))
    visit.message("failed", "confirmation", detail="no such mailbox")
    assert visit.state == "scheduled"
    assert visit.open == {"CONFIRMATION_FAILED"}
    assert visit.said("confirmation_lost")


def test_a_bounce_after_it_was_prepared_takes_it_back_too_and_the_way_is_found_again():
    visit = Visit("72h")
    visit.until(visit.before("20h"))
    visit.message("failed", "confirmation")
    assert visit.state == "scheduled"
    visit.happens("told_by_staff", by=STAFF)
    assert visit.state == "prepared"


def test_another_address_that_takes_it_mends_the_failure():
    visit = Visit("72h", transport="refuses")
    visit.message("accepted", "confirmation", channel="sms")
    assert visit.state == "confirmed"
    assert visit.became("confirmation") == "done"
    assert visit.open == frozenset()


def test_a_corrected_address_gets_the_confirmation_anew():
    visit = Visit("72h", transport="refuses")
    visit.transport = "accepts"
    visit.happens("contact_changed", by=STAFF, channels=["sms"])
    assert visit.state == "confirmed"
    assert visit.sent() == ["confirmation", "confirmation"]
    assert visit.became("confirmation", 1) == "failed: mailbox unknown"
    assert visit.became("confirmation", 2) == "done"


def test_a_first_address_closes_the_gap():
    visit = Visit("72h", channels=())
    visit.happens("contact_changed", by=STAFF, channels=["email"])
    assert visit.state == "confirmed"
    assert visit.open == frozenset()


def test_what_is_still_on_its_way_to_a_wrong_address_is_taken_back():
    visit = Visit("72h", transport="hangs")
    visit.happens("contact_changed", by=STAFF, channels=["sms"])
    assert visit.withdrawn == [("confirmation", 1)]
    assert visit.became("confirmation", 1) == "void: contact_changed"
    assert visit.sent() == ["confirmation", "confirmation"]


def test_a_new_address_of_a_customer_who_was_told_sends_nothing():
    visit = Visit("72h")
    visit.happens("contact_changed", by=STAFF, channels=["sms"])
    assert visit.sent() == ["confirmation"]


def test_staff_may_send_the_confirmation_again():
    visit = Visit("72h")
    visit.happens("confirmation_requested", by=STAFF)
    visit.happens("confirmation_requested", by=STAFF)
    assert visit.sent() == ["confirmation"] * 3
    assert visit.became("confirmation", 1) == "done"


def test_what_staff_send_by_hand_takes_the_place_of_no_reminder():
    visit = Visit("72h")
    visit.happens("confirmation_requested", by=STAFF)
    visit.happens("told_by_staff", by=STAFF)
    visit.until(visit.before("1h"))
    assert visit.sent() == ["confirmation"] * 2 + ["first_reminder", "final_reminder"]


def test_a_reminder_that_bounces_asks_for_a_person_and_leaves_the_state():
    visit = Visit("72h")
    visit.until(visit.before("23h"))
    visit.message("failed", "first_reminder")
    assert visit.state == "prepared"
    assert visit.open == {"CONTROL_MISSED"}
    assert visit.became("first_reminder") == "failed: the transport refused it"


def test_the_next_reminder_that_arrives_closes_that_again():
    visit = Visit("72h")
    visit.until(visit.before("23h"))
    visit.message("failed", "first_reminder")
    visit.until(visit.before("1h"))
    assert visit.open == frozenset()


def test_a_message_that_could_not_be_sent_in_time_expires():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("15m"))
    visit.message("expired", "final_reminder")
    assert visit.became("final_reminder") == "expired: it could not be sent while it was of use"
    assert visit.open == {"CONTROL_MISSED"}


def test_a_message_without_its_calendar_entry_went_out_and_the_owner_looks_into_it():
    visit = Visit("72h")
    visit.message("incomplete", "confirmation")
    assert visit.open == {"MESSAGE_INCOMPLETE"}
    assert visit.state == "confirmed"


@pytest.mark.parametrize(
    "news", ["accepted", "delivered", "delayed", "failed", "doubtful", "expired"]
)
@pytest.mark.parametrize("ending", ["arrived", "completed", "missed", "moved"])
@pytest.mark.parametrize("control", ["confirmation", "final_reminder"])
def test_news_of_old_messages_calls_nobody_once_it_is_over(news, ending, control):
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens(ending, by=STAFF, side="customer")
    state = visit.state
    visit.message(news, control)
    assert visit.open == frozenset()
    assert visit.state == state


def test_an_old_message_taken_after_the_move_tells_nobody_the_present_truth():
    visit = Visit("72h", transport="hangs")
    visit.happens("moved", by=STAFF)
    decision = visit.message("accepted", "confirmation")
    assert decision.told is None
    assert visit.became("confirmation") == "void: moved"


def test_an_address_lost_before_they_were_told_asks_a_person():
    visit = Visit("72h", transport="hangs")
    visit.happens("contact_changed", channels=[])
    assert visit.open == {"CONTACT_GAP"}
    assert visit.withdrawn == [("confirmation", 1)]


def test_an_address_lost_when_a_person_was_asked_already_asks_nobody_twice():
    visit = Visit("72h", transport="refuses")
    visit.happens("contact_changed", channels=[])
    assert visit.open == {"CONFIRMATION_FAILED"}
    visit.happens("told_by_staff", by=STAFF)
    visit.until(visit.start)
    assert visit.became("first_reminder") == "skipped: no channel reaches the customer"


def test_an_address_lost_after_they_were_told_asks_nobody():
    visit = Visit("72h")
    visit.happens("contact_changed", channels=[])
    assert (visit.state, visit.open) == ("confirmed", frozenset())
