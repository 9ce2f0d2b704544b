"""What a business may set, as text: read back as it was written, refused with one sentence."""

from datetime import time

import pytest

from kept.core.paths.appointment import OUTCOMES
from kept.core.policy import (
    DEFAULT_HAND_OFFS,
    Policy,
    PolicyError,
    changed,
    from_data,
    to_data,
    warnings,
)
from kept.core.time import Window


def test_the_defaults_are_24_hours_and_1_hour_before():
    data = to_data(Policy())
    assert data["first_reminder"] == "24h"
    assert data["final_reminder"] == "1h"
    assert warnings(Policy()) == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"first_reminder": "1d 18:00", "preparation": "2d 09:00"},
        {"switched_off": ["final_reminder"], "ask_acknowledgement": True},
        {"quiet_hours": ["08:00", "21:00"]},
        {"hand_offs": {"completed": ["follow_up"], "missed_by_customer": []}},
    ],
)
def test_it_reads_back_as_it_was_written(data):
    policy = from_data(data)
    assert from_data(to_data(policy)) == policy


def test_a_change_keeps_what_it_does_not_name():
    policy = changed(from_data({"first_reminder": "48h"}), {"quiet_hours": ["08:00", "21:00"]})
    assert to_data(policy)["first_reminder"] == "48h"
    assert policy.quiet_hours == Window(time(8), time(21))
    assert changed(policy, {"quiet_hours": None}).quiet_hours is None


def test_a_path_named_twice_is_offered_once():
    policy = from_data({"hand_offs": {"completed": ["follow_up", "follow_up"]}})
    assert policy.hand_offs == {"completed": ("follow_up",)}


def test_the_default_names_every_outcome_of_the_path():
    assert set(DEFAULT_HAND_OFFS) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        (
            [],
            "completed, missed_by_customer, missed_by_business, "
            "cancelled_by_customer, cancelled_by_business",
        ),
        (list(OUTCOMES)[1:], "completed"),
    ],
)
def test_a_change_names_what_follows_each_outcome(named, missing):
    with pytest.raises(PolicyError) as refused:
        changed(Policy(), {"hand_offs": {outcome: [] for outcome in named}})
    assert str(refused.value) == (
        f"hand_offs must name what follows each outcome, or [] for nothing; missing: {missing}"
    )
    assert changed(Policy(), {"hand_offs": {outcome: [] for outcome in OUTCOMES}})


def test_what_was_stored_without_an_outcome_is_read_and_mended_by_the_next_change():
    stored = from_data({"hand_offs": {"completed": ["follow_up"]}})
    assert stored.hand_offs == {"completed": ("follow_up",)}
    with pytest.raises(PolicyError):
        changed(stored, {"first_reminder": "48h"})
    whole = {outcome: [] for outcome in OUTCOMES}
    assert (
        changed(stored, {"first_reminder": "48h", "hand_offs": whole}).hand_offs["completed"] == ()
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"colour": "red"}, "colour is not a policy field; fields are: accept_within, "),
        ({"first_reminder": "soon"}, "first_reminder: 'soon' is not an offset"),
        ({"first_reminder": 24}, "first_reminder: '24' is not an offset"),
        ({"change_until": "1d 18:00"}, "change_until must be an elapsed time such as 2h"),
        ({"first_reminder_until": "0d 18:00"}, "first_reminder_until must be an elapsed time"),
        ({"ask_acknowledgement": "yes"}, "ask_acknowledgement must be true or false"),
        ({"switched_off": ["confirmation"]}, "switched_off must be a list out of: final_reminder"),
        ({"switched_off": "first_reminder"}, "switched_off must be a list out of"),
        ({"quiet_hours": 8}, "quiet_hours must be null or like"),
        ({"quiet_hours": ["08:00"]}, "quiet_hours must be null or like"),
        ({"quiet_hours": ["08:00", "25:00"]}, "quiet_hours must be null or like"),
        ({"quiet_hours": ["08:00:30", "21:00"]}, "quiet_hours must be null or like"),
        ({"quiet_hours": ["08:00+02:00", "21:00"]}, "quiet_hours must be null or like"),
        ({"hand_offs": ["follow_up"]}, "hand_offs must map each outcome to a list of paths"),
        ({"hand_offs": {"completed": "follow_up"}}, "hand_offs must map each outcome to a list"),
        ({"hand_offs": {"completed": [1]}}, "hand_offs must map each outcome to a list"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(data, sentence):
    with pytest.raises(PolicyError) as refused:
        from_data(data)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (
            {"change_until": "48h"},
            "The first reminder (24h before) arrives too late to change: online changes close 48h "
            "before.",
        ),
        (
            {"first_reminder": "3h"},
            "The first reminder is never sent: it is due 3h before, and of use only until 3h "
            "before.",
        ),
        (
            {"final_reminder": "10m"},
            "The final reminder is never sent: it is due 10m before, and of use only until 15m "
            "before.",
        ),
    ],
)
def test_what_is_probably_not_meant_is_said(data, warning):
    assert warnings(from_data(data)) == [warning]


@pytest.mark.parametrize(
    "data",
    [{"final_reminder": "10m", "switched_off": ["final_reminder"]}, {"first_reminder": "1d 18:00"}],
)
def test_what_is_switched_off_or_cannot_be_compared_is_not_warned_of(data):
    assert warnings(from_data(data)) == []
