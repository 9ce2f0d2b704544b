"""The customer or the business changes its mind: the old sequence stops, the other route opens."""

import pytest

from tests.core.builders import CUSTOMER, INTEGRATION, STAFF, Visit, policy


def moved(visit, ahead, **how):
    """The next leg, as it is opened after `visit` was moved."""
    visit.happens("moved", by=STAFF)
    return Visit(ahead, leg=visit.case.leg + 1, facts={"told": True}, **how)


def test_a_moved_leg_stops_altogether_and_gives_its_time_back():
    visit = Visit("72h", transport="hangs")
    decision = visit.happens("moved", by=CUSTOMER)
    assert visit.state == "rescheduled"
    assert visit.waiting() == set()
    assert decision.withdraw[0] == ("confirmation", 1)
    assert decision.release_from == visit.now
    visit.until(visit.after_end("48h"))
    assert visit.sent() == ["confirmation"]
    assert visit.raised == []


def test_the_next_leg_tells_the_new_time_at_once_and_plans_its_own_reminders():
    leg = moved(Visit("72h"), "96h")
    assert leg.sent() == ["moved_notice"]
    assert leg.became("confirmation") == "absent"
    assert leg.state == "confirmed"
    assert leg.control("first_reminder").due_at == leg.before("24h")


@pytest.mark.parametrize(
    ("ahead", "sent"),
    [
        ("20h", ["moved_notice", "final_reminder"]),
        ("50m", ["moved_notice"]),
        ("20m", ["moved_notice"]),
    ],
)
def test_moved_to_an_earlier_time_nothing_is_sent_that_would_have_been_due_before(ahead, sent):
    leg = moved(Visit("72h"), ahead)
    leg.until(leg.start)
    assert leg.sent() == sent


def test_a_move_that_could_not_be_told_is_a_task():
    leg = moved(Visit("72h"), "96h", transport="refuses")
    assert leg.state == "scheduled"
    assert leg.open == {"CONFIRMATION_FAILED"}


def test_a_move_within_the_last_hour_takes_the_final_reminder_back():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before("50m"))
    visit.happens("moved", by=STAFF)
    assert ("final_reminder", 1) in visit.withdrawn


def test_a_cancelled_appointment_stops_altogether_and_says_so():
    visit = Visit("72h")
    decision = visit.happens("cancelled", by=CUSTOMER)
    assert visit.state == "cancelled"
    assert visit.sent() == ["confirmation", "cancelled_notice"]
    assert decision.release_from == visit.now
    assert visit.became("first_reminder") == "void: cancelled"
    assert visit.became("final_reminder") == "void: cancelled"
    visit.until(visit.after_end("24h"))
    assert visit.sent() == ["confirmation", "cancelled_notice"]


@pytest.mark.parametrize("when", ["71h", "23h", "50m"])
@pytest.mark.parametrize("by", [CUSTOMER, STAFF, INTEGRATION])
def test_whoever_cancels_and_however_the_same_becomes_of_every_control(when, by):
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.until(visit.before(when))
    if by is CUSTOMER and when == "50m":
        assert visit.refusal("cancelled", by=by)
        return
    visit.happens("cancelled", by=by)
    assert visit.waiting() == {"cancelled_notice", "hand_offs"}


@pytest.mark.parametrize(
    ("when", "late"), [("25h", False), ("24h", False), ("23h59m", True), ("3h", True)]
)
def test_less_than_24_hours_of_notice_is_late(when, late):
    visit = Visit("72h")
    visit.until(visit.before(when))
    visit.happens("cancelled", by=CUSTOMER)
    assert visit.case.facts["late_cancel"] is late


@pytest.mark.parametrize(
    ("by", "side", "outcome"),
    [
        (CUSTOMER, None, "cancelled_by_customer"),
        (STAFF, None, "cancelled_by_business"),
        (INTEGRATION, None, "cancelled_by_business"),
        (STAFF, "customer", "cancelled_by_customer"),  # she rang and asked
        (STAFF, "business", "cancelled_by_business"),
    ],
)
def test_who_gave_the_time_back_is_whose_wish_it_was(by, side, outcome):
    visit = Visit("72h")
    visit.happens("cancelled", by=by, side=side)
    assert visit.case.facts["outcome"]["value"] == outcome
    assert visit.hand_offs("offered") == ["follow_up"]


def test_the_customer_who_was_told_and_cannot_be_reached_is_told_by_a_person():
    visit = Visit("72h")
    visit.happens("contact_changed", channels=[])
    visit.happens("cancelled", by=STAFF)
    assert visit.open == {"TOLD_DIFFERS"}
    visit.happens("told_by_staff", by=STAFF)
    assert visit.open == frozenset()


def test_the_customer_who_cancelled_needs_nobody_to_tell_them():
    visit = Visit("72h")
    visit.happens("contact_changed", channels=[])
    visit.happens("cancelled", by=CUSTOMER)
    assert visit.open == frozenset()


def test_the_customer_who_was_never_told_of_it_needs_not_hear_that_it_is_off():
    visit = Visit("72h", channels=())
    visit.happens("cancelled", by=STAFF)
    assert visit.open == frozenset()


@pytest.mark.parametrize("news", ["failed", "delayed", "expired", "doubtful"])
def test_a_cancellation_that_does_not_arrive_is_a_task(news):
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.happens("cancelled", by=STAFF)
    visit.message(news, "cancelled_notice")
    assert visit.open == {"TOLD_DIFFERS"}
    visit.message("accepted", "cancelled_notice")
    assert visit.open == frozenset()
    assert visit.told[-1].control == "cancelled_notice"


@pytest.mark.parametrize("news", ["failed", "expired", "doubtful"])
def test_a_cancellation_found_untold_days_later_still_asks_a_person(news):
    """Kept was switched off over the visit and the day after it."""
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.happens("cancelled", by=STAFF)
    visit.now = visit.after_end("25h")
    visit.message(news, "cancelled_notice")
    assert "NEVER_TOLD" in visit.open
    visit.until(visit.after_end("30d"))
    assert "NEVER_TOLD" in visit.open
    visit.happens("told_by_staff", by=STAFF)
    assert "NEVER_TOLD" not in visit.open


def test_whoever_cancelled_themselves_needs_no_call_days_later():
    visit = Visit("72h")
    visit.transport = "hangs"
    visit.happens("cancelled", by=CUSTOMER)
    visit.now = visit.after_end("25h")
    visit.message("expired", "cancelled_notice")
    assert visit.open == frozenset()


def test_a_confirmation_taken_after_all_does_not_close_what_it_contradicts():
    visit = Visit("72h")
    visit.transport = "refuses"
    visit.happens("cancelled", by=STAFF)
    visit.message("accepted", "confirmation")
    assert visit.open == {"TOLD_DIFFERS"}


def test_a_confirmation_taken_after_an_untold_cancellation_is_a_task():
    visit = Visit("72h", transport="hangs")
    visit.happens("cancelled", by=STAFF)
    visit.message("failed", "cancelled_notice")
    assert visit.open == frozenset()  # they knew of nothing, as far as anybody could tell
    visit.message("accepted", "confirmation")
    assert visit.open == {"TOLD_DIFFERS"}


@pytest.mark.parametrize("by", [CUSTOMER, STAFF])
def test_a_confirmation_taken_while_the_cancellation_is_on_its_way_is_harmless(by):
    visit = Visit("72h", transport="hangs")
    visit.happens("cancelled", by=by)
    visit.message("accepted", "confirmation")
    assert visit.open == frozenset()


def test_cancelled_by_the_business_after_the_start_somebody_speaks_to_the_customer():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("cancelled", by=STAFF)
    assert visit.became("cancelled_notice") == "skipped: too late to be of use"
    assert visit.open == {"TOLD_DIFFERS"}


def test_cancelled_on_the_customers_wish_after_the_start_nobody_need_do_anything():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("cancelled", by=STAFF, side="customer")
    assert visit.open == frozenset()


def test_the_customer_may_change_online_until_2_hours_before():
    visit = Visit("72h")
    visit.until(visit.before("2h"))
    visit.happens("moved", by=CUSTOMER)
    assert visit.state == "rescheduled"


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_after_that_the_customer_is_asked_to_call_and_staff_may_still(change):
    visit = Visit("72h")
    visit.until(visit.before("1h59m"))
    refused = visit.refusal(change, by=CUSTOMER)
    assert str(refused) == "It is too late to change this appointment online: please call."
    assert "change_requested" in refused.allowed
    visit.happens(change, by=STAFF)
    assert visit.waiting() <= {"hand_offs"}


def test_the_window_is_the_policy_of_the_booking():
    visit = Visit("72h", policy=policy(change_until="48h"))
    visit.until(visit.before("47h"))
    assert visit.refusal("cancelled", by=CUSTOMER)


def test_a_change_closes_whatever_was_open():
    visit = Visit("72h", transport="refuses")
    visit.happens("resource_lost")
    decision = visit.happens("moved", by=STAFF)
    assert decision.resolved == {"CONFIRMATION_FAILED", "RESOURCE_LOST"}
