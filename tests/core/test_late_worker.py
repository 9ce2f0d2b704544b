"""The worker was down: what was due meanwhile goes late, goes as one, or says that it expired."""

from tests.core.builders import STAFF, START, Visit, policy


def test_three_minutes_late_the_reminder_still_goes():
    visit = Visit("72h")
    visit.sleep_until(visit.before("23h57m"))
    assert visit.sent() == ["confirmation", "first_reminder"]
    assert visit.control("first_reminder").due_at == visit.before("24h")
    assert visit.control("first_reminder").fired_at == visit.before("23h57m")


def test_down_across_the_first_reminder_it_expires_and_the_second_goes():
    visit = Visit("72h")
    visit.sleep_until(visit.before("3h"))
    assert visit.became("first_reminder") == "expired: too late: the time it was of use is over"
    assert visit.state == "prepared"
    visit.until(START)
    assert visit.sent() == ["confirmation", "final_reminder"]


def test_down_across_both_only_the_later_one_goes():
    visit = Visit("72h", policy=policy(first_reminder_until="30m"))
    visit.sleep_until(visit.before("50m"))
    assert visit.sent() == ["confirmation", "final_reminder"]
    assert visit.became("first_reminder") == "skipped: superseded by final_reminder, due as well"


def test_what_was_superseded_stays_so():
    visit = Visit("72h", policy=policy(first_reminder_until="30m"))
    visit.sleep_until(visit.before("50m"))
    visit.until(visit.before("40m"))
    visit.happens("running_late", minutes=5)
    assert visit.became("first_reminder") == "skipped: superseded by final_reminder, due as well"


def test_down_across_both_and_too_late_for_either_both_expire():
    visit = Visit("72h")
    visit.sleep_until(visit.before("15m"))
    assert visit.sent() == ["confirmation"]
    assert visit.became("first_reminder").startswith("expired")
    assert visit.became("final_reminder").startswith("expired")
    assert visit.state == "prepared"


def test_who_was_not_reminded_at_all_is_called_while_there_is_time():
    visit = Visit("72h")
    visit.sleep_until(visit.before("15m"))
    assert visit.open == {"CONTROL_MISSED"}
    assert visit.raised[-1].tried == "first_reminder was due while no worker ran"
    visit.until(visit.start)
    assert visit.open == frozenset()


def test_who_is_still_to_be_reminded_is_not_called():
    visit = Visit("72h")
    visit.sleep_until(visit.before("3h"))
    assert visit.open == frozenset()


def test_down_across_the_end_nothing_is_sent_and_the_outcome_is_asked_for():
    visit = Visit("72h")
    visit.sleep_until(visit.after_end("30m"))
    assert visit.sent() == ["confirmation"]
    assert visit.became("preparation").startswith("expired")
    assert visit.open == {"OUTCOME_DUE"}
    visit.until(visit.after_end("24h"))
    assert visit.open == {"UNRESOLVED"}


def test_down_for_a_week_only_the_question_of_the_close_is_left():
    visit = Visit("72h")
    visit.sleep_until(visit.after_end("168h"))
    assert visit.open == {"UNRESOLVED"}
    visit.happens("completed", by=STAFF)
    assert visit.open == frozenset()


def test_a_second_wake_up_finds_nothing_left_to_do():
    visit = Visit("72h")
    visit.sleep_until(visit.after_end("168h"))
    events = len(visit.events)
    assert visit.tick().events == ()
    assert len(visit.events) == events


def test_a_reminder_overtaken_by_the_news_of_another_message_goes_with_that_news():
    visit = Visit("72h")
    visit.now = visit.before("23h59m")
    visit.message("delivered", "confirmation")
    assert visit.sent() == ["confirmation", "first_reminder"]


def test_a_confirmation_asked_for_again_makes_a_reminder_of_that_moment_needless():
    visit = Visit("72h")
    visit.now = visit.before("23h59m")
    visit.happens("confirmation_requested", by=STAFF)
    assert visit.sent() == ["confirmation", "confirmation"]
    assert visit.became("first_reminder") == "skipped: superseded by confirmation, due as well"
