"""Booked late: the confirmation takes the place of the reminders whose time is too near."""

import pytest

from tests.core.builders import START, Visit, policy

ALL = ["confirmation", "first_reminder", "final_reminder"]
WITHOUT_FIRST = ["confirmation", "final_reminder"]


@pytest.mark.parametrize(
    ("ahead", "sent"),
    [
        ("36h", ALL),
        ("26h", ALL),  # the first reminder comes exactly its smallest gap after the confirmation
        ("25h59m", WITHOUT_FIRST),
        ("25h", WITHOUT_FIRST),
        ("20h", WITHOUT_FIRST),
        ("3h", WITHOUT_FIRST),
        ("1h30m", WITHOUT_FIRST),  # as above, for the final reminder
        ("1h29m", ["confirmation"]),
        ("50m", ["confirmation"]),
        ("20m", ["confirmation"]),
        ("1m", ["confirmation"]),
    ],
)
def test_the_right_messages_go_out(ahead, sent):
    assert Visit(ahead).until(START).sent() == sent


@pytest.mark.parametrize("ahead", ["25h", "20h", "3h", "50m", "20m"])
def test_what_is_not_sent_says_why(ahead):
    visit = Visit(ahead)
    assert visit.became("first_reminder") == "skipped: booked late: superseded by the confirmation"


@pytest.mark.parametrize("ahead", ["20h", "3h", "50m", "20m"])
def test_it_is_prepared_at_once_because_the_window_is_already_open(ahead):
    visit = Visit(ahead)
    assert visit.state == "prepared"
    assert visit.names() == [
        "booked",
        "control_due",
        "preparation_opened",
        "control_due",
        "message_accepted",
        "confirmed",
        "prepared",
    ]


def test_nobody_is_called_about_a_booking_made_a_moment_ago():
    visit = Visit("3h", policy=policy(ask_acknowledgement=True))
    assert visit.raised == []
    assert visit.became("acknowledgement").startswith("skipped: booked late")


@pytest.mark.parametrize("ahead", ["20m", "10m"])
def test_no_reminder_comes_right_after_the_confirmation_or_right_before_the_start(ahead):
    assert Visit(ahead).became("final_reminder").startswith("skipped: booked late")


def test_a_shorter_gap_lets_the_reminder_go():
    visit = Visit("25h", policy=policy(first_reminder_gap="1h")).until(START)
    assert visit.sent() == ALL


def test_a_booking_for_now_is_still_owed_an_outcome():
    visit = Visit("0m")
    assert visit.became("confirmation") == "skipped: too late to be of use"
    visit.until(visit.after_end("15m"))
    assert "OUTCOME_DUE" in visit.open
