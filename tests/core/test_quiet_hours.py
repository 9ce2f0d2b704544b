"""Quiet hours: nobody is disturbed at night, and a reminder is moved, or left out with a reason."""

from datetime import UTC, datetime

from tests.core.builders import BERLIN, MINUTE, Visit, local, policy

DAYTIME = policy(quiet_hours=["08:00", "21:00"])


def at(text):
    """A start in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def due(visit, name):
    return local(visit.control(name).due_at)


def test_a_reminder_in_the_daytime_stays_where_it_is():
    visit = Visit("72h", start=at("2027-03-10 10:00"), policy=DAYTIME)
    assert due(visit, "first_reminder") == "Tue 10:00"
    assert due(visit, "final_reminder") == "Wed 09:00"


def test_a_reminder_before_dawn_waits_until_the_window_opens():
    visit = Visit("72h", start=at("2027-03-10 07:30"), policy=DAYTIME)
    assert due(visit, "first_reminder") == "Tue 08:00"


def test_a_reminder_that_cannot_wait_moves_to_the_evening_before():
    visit = Visit("72h", start=at("2027-03-10 07:30"), policy=DAYTIME)
    assert due(visit, "final_reminder") == "Tue 20:59"
    visit.until(visit.start)
    assert local(visit.sent_at("final_reminder")) == "Tue 20:59"


def test_a_reminder_that_can_neither_wait_nor_come_earlier_is_left_out():
    visit = Visit("10h", start=at("2027-03-10 07:30"), policy=DAYTIME)  # booked at 21:30
    assert visit.became("final_reminder") == "skipped: falls into quiet hours"
    visit.until(visit.start)
    assert visit.sent() == ["confirmation"]  # the answer to a booking is not a disturbance


def test_a_reminder_that_would_go_when_it_is_no_longer_of_use_is_left_out():
    visit = Visit("10h", start=at("2027-03-10 08:15"), policy=DAYTIME)
    assert visit.became("final_reminder") == "skipped: falls into quiet hours"


def test_two_reminders_pulled_onto_one_another_become_one():
    both = policy(quiet_hours=["08:00", "21:00"], first_reminder="2h", first_reminder_until="20m")
    visit = Visit("72h", start=at("2027-03-10 07:30"), policy=both)
    assert visit.became("first_reminder") == "skipped: one message with final_reminder"
    visit.until(visit.start)
    assert visit.sent() == ["confirmation", "final_reminder"]
    assert visit.became("first_reminder") == "skipped: one message with final_reminder"


def test_a_worker_that_wakes_at_night_waits_for_the_morning():
    visit = Visit("72h", start=at("2027-03-10 19:30"), policy=DAYTIME)
    visit.sleep_until(at("2027-03-09 23:00"))  # the first reminder was due on Tuesday at 19:30
    assert visit.sent() == ["confirmation"]
    assert due(visit, "first_reminder") == "Wed 08:00"
    visit.until(visit.start)
    assert local(visit.sent_at("first_reminder")) == "Wed 08:00"
    assert visit.sent() == ["confirmation", "first_reminder", "final_reminder"]


def test_a_worker_that_wakes_at_night_too_late_for_the_morning_leaves_it_out():
    visit = Visit("72h", start=at("2027-03-10 09:00"), policy=DAYTIME)
    visit.sleep_until(at("2027-03-09 23:00"))
    assert visit.became("first_reminder") == "skipped: falls into quiet hours"
    assert visit.state == "prepared"


def test_a_worker_that_wakes_at_night_after_the_visit_says_that_it_expired():
    visit = Visit("72h", start=at("2027-03-10 19:30"), policy=DAYTIME)
    visit.sleep_until(at("2027-03-10 23:00"))
    assert visit.became("final_reminder").startswith("expired")


def test_a_reminder_moved_to_the_last_minute_goes_in_that_minute():
    visit = Visit("72h", start=at("2027-03-10 07:30"), policy=DAYTIME)
    visit.sleep_until(at("2027-03-09 20:59") + MINUTE / 2)
    assert visit.sent()[-1] == "final_reminder"


def test_quiet_hours_are_those_of_the_person_who_is_written_to():
    far = {"recipient_zone": "America/New_York"}
    visit = Visit("72h", start=at("2027-03-10 10:00"), policy=DAYTIME, facts=far)
    # 10:00 in Berlin is 04:00 in New York: 03:00 there is night, 20:59 there the evening before.
    assert due(visit, "final_reminder") == "Wed 02:59"
