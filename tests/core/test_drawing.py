"""A path drawn for people: where a case stands on it, and when its controls come."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kept.core.drawing import Mark, sample, sample_lines, steps
from kept.core.policy import Policy
from kept.core.time import NonexistentTime
from tests.core.builders import APPOINTMENT, BERLIN, STAFF, Visit, policy


def drawn(visit):
    return [(step.name, str(step.mark)) for step in steps(APPOINTMENT, visit.state, visit.events)]


def test_before_anything_happened_nothing_is_reached():
    assert {step.mark for step in steps(APPOINTMENT, "", [])} == {Mark.NOT_YET}


def test_a_booking_on_its_way():
    visit = Visit("72h")
    assert drawn(visit) == [
        ("scheduled", "done"),
        ("confirmed", "now"),
        ("prepared", "not yet"),
        ("attended", "not yet"),
        ("completed", "not yet"),
    ]
    first, second, third, *_ = steps(APPOINTMENT, visit.state, visit.events)
    assert first.says == "A time is booked; the customer has not been told yet."
    assert second.at == visit.now
    assert third.at is None


def test_a_visit_from_beginning_to_end():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    visit.happens("completed", by=STAFF)
    assert {mark for _, mark in drawn(visit)} == {"done"}


def test_a_stage_that_was_passed_over_says_why():
    visit = Visit("0m", begins="walked_in")
    assert drawn(visit)[:4] == [
        ("scheduled", "skipped"),
        ("confirmed", "skipped"),
        ("prepared", "skipped"),
        ("attended", "now"),
    ]
    assert steps(APPOINTMENT, visit.state, visit.events)[0].reason == "walked_in"


def test_a_confirmation_that_bounced_is_not_yet_reached_again():
    visit = Visit("20h")
    visit.message("failed", "confirmation")
    assert drawn(visit)[:3] == [
        ("scheduled", "now"),
        ("confirmed", "not yet"),
        ("prepared", "not yet"),
    ]


@pytest.mark.parametrize("ending", ["cancelled", "moved"])
def test_an_exception_shows_the_stages_reached_and_then_itself(ending):
    visit = Visit("72h")
    visit.happens(ending, by=STAFF, reason="ill")
    assert drawn(visit) == [("scheduled", "done"), ("confirmed", "done"), (visit.state, "now")]
    assert steps(APPOINTMENT, visit.state, visit.events)[-1].reason == "ill"


def test_a_visit_corrected_to_missed_no_longer_shows_an_arrival():
    visit = Visit("72h")
    visit.until(visit.start)
    visit.happens("arrived", by=STAFF)
    visit.happens("corrected", by=STAFF, reason="it was her sister", to="missed", side="customer")
    assert [name for name, _ in drawn(visit)] == ["scheduled", "confirmed", "prepared", "missed"]
    visit.happens("arrived", by=STAFF)
    assert [name for name, _ in drawn(visit)] == list(APPOINTMENT.stages)


def rows(wall, zone=BERLIN, policy=None, **booked_before):
    before = timedelta(**booked_before or {"hours": 72})
    return {row.control: row for row in sample(APPOINTMENT, wall, zone, policy or Policy(), before)}


def text(row):
    return row.local.isoformat(" ", "minutes")


SPRING = datetime.fromisoformat("2027-03-28T10:00")
AUTUMN = datetime.fromisoformat("2027-10-31T10:00")


def test_24_real_hours_before_10_on_the_day_the_clocks_go_forward_is_09_the_day_before():
    reminder = rows(SPRING)["first_reminder"]
    assert text(reminder) == "2027-03-27 09:00+01:00"
    assert f"{reminder.utc:%H:%M}" == "08:00"


def test_24_real_hours_before_10_on_the_day_the_clocks_go_back_is_11_the_day_before():
    assert text(rows(AUTUMN)["first_reminder"]) == "2027-10-30 11:00+02:00"


@pytest.mark.parametrize("wall", [SPRING, AUTUMN])
def test_the_day_before_at_10_is_10_on_the_wall(wall):
    reminder = rows(wall, policy=policy(first_reminder="1d 10:00"))["first_reminder"]
    assert f"{reminder.local:%H:%M}" == "10:00"


def test_where_no_clock_changes_it_is_the_same_hour():
    tokyo = ZoneInfo("Asia/Tokyo")
    assert text(rows(SPRING, tokyo)["first_reminder"]) == "2027-03-27 10:00+09:00"


def test_a_start_that_no_clock_shows_is_refused():
    with pytest.raises(NonexistentTime):
        rows(datetime.fromisoformat("2027-03-28T02:30"))


def test_what_is_left_out_says_why():
    lines = sample_lines(list(rows(SPRING, hours=3).values()))
    assert lines[0].split() == ["control", "local", "time", "UTC"]
    (line,) = [line for line in lines if line.startswith("first_reminder")]
    assert line.endswith("skipped: booked late: superseded by the confirmation")


def test_the_rows_come_in_the_order_of_time():
    lines = sample_lines(list(rows(SPRING).values()))
    assert [line.split()[0] for line in lines[1:]] == [
        "confirmation",
        "first_reminder",
        "preparation",
        "final_reminder",
        "outcome_due",
        "unresolved",
    ]
    assert lines[1] == "confirmation    Thu 2027-03-25 09:00+01:00  2027-03-25 08:00  planned"
