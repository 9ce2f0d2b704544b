"""What a business may set, as text: read back as it was written, refused with one sentence."""

from datetime import time

import pytest

from kept.core.paths.appointment import OUTCOMES
from kept.core.policy import (
    BOUNDS,
    DEFAULT_HAND_OFFS,
    OF_VISITS,
    OFFSETS,
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
        {"asking_hours": ["10:00", "18:00"], "after_visit_hours": ["00:00", "00:00"]},
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
    assert set(DEFAULT_HAND_OFFS) == {*OUTCOMES, "stale"}
    assert set(OF_VISITS) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        (
            [],
            "completed, missed_by_customer, missed_by_business, "
            "cancelled_by_customer, cancelled_by_business, stale",
        ),
        (list(DEFAULT_HAND_OFFS)[1:], "completed"),
        (list(OF_VISITS), "stale"),
    ],
)
def test_a_change_names_what_follows_each_outcome(named, missing):
    with pytest.raises(PolicyError) as refused:
        changed(Policy(), {"hand_offs": {outcome: [] for outcome in named}})
    assert str(refused.value) == (
        f"hand_offs must name what follows each outcome, or [] for nothing; missing: {missing}"
    )
    assert changed(Policy(), {"hand_offs": {outcome: [] for outcome in DEFAULT_HAND_OFFS}})


def test_what_was_stored_without_an_outcome_is_read_and_mended_by_the_next_change():
    stored = from_data({"hand_offs": {"completed": ["follow_up"]}})
    assert stored.hand_offs == {"completed": ("follow_up",)}
    with pytest.raises(PolicyError):
        changed(stored, {"first_reminder": "48h"})
    whole = {outcome: [] for outcome in DEFAULT_HAND_OFFS}
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
        ({"asking_hours": None}, 'asking_hours must be like ["08:00", "21:00"]'),
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
    ("data", "sentence"),
    [
        (
            {"first_reminder": "2h"},
            "first_reminder would never be sent: it is due 2h before the start, and of use only "
            "until 3h before (first_reminder_until). Make first_reminder longer, or switch it off.",
        ),
        (
            {"final_reminder_until": "1h"},
            "final_reminder would never be sent: it is due 1h before the start, and of use only "
            "until 1h before (final_reminder_until). Make final_reminder longer, or switch it off.",
        ),
        (
            {"first_reminder": "1h", "first_reminder_until": "30m"},
            "first_reminder (1h before the start) must come before final_reminder (1h before).",
        ),
        (
            {"outcome_grace": "9600h"},
            "outcome_grace is 0m to 168h, not 9600h.",
        ),
        ({"late_grace": "25h"}, "late_grace is 0m to 24h, not 25h."),
        ({"accept_within": "1m"}, "accept_within is 5m to 2160h, not 1m."),
        ({"first_reminder": "91d 18:00"}, "first_reminder is 0m to 2160h, not 91d 18:00."),
        (
            {"hand_offs": {**DEFAULT_HAND_OFFS, "completed": ["folow_up", "reputation"]}},
            "hand_offs: there is no path folow_up; choose from follow_up, reputation, "
            "reactivation.",
        ),
    ],
)
def test_what_could_never_work_is_not_saved(data, sentence):
    with pytest.raises(PolicyError) as refused:
        changed(Policy(), data)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "data",
    [
        {"first_reminder": "2h", "first_reminder_until": "1h"},
        {"first_reminder": "2h", "switched_off": ["first_reminder"]},
        {"final_reminder": "30h", "switched_off": ["first_reminder"]},
        {"first_reminder": "0d 08:00"},
        {"outcome_grace": "168h"},
        {"hand_offs": {outcome: list(paths) for outcome, paths in DEFAULT_HAND_OFFS.items()}},
        {"first_reminder": "90d 18:00"},
    ],
)
def test_what_can_work_is_saved(data):
    policy = changed(Policy(), data)
    assert {name: to_data(policy)[name] for name in data} == data


def test_what_was_stored_beyond_its_bounds_does_not_stand_in_the_way_of_another_change():
    stored = from_data({"outcome_grace": "9600h"})
    assert changed(stored, {"first_reminder": "48h"}).outcome_grace == stored.outcome_grace


def test_a_switch_is_not_turned_on_for_what_could_never_be_sent():
    stored = changed(Policy(), {"first_reminder": "2h", "switched_off": ["first_reminder"]})
    with pytest.raises(PolicyError):
        changed(stored, {"switched_off": []})


def test_every_offset_has_its_bounds():
    assert set(BOUNDS) == set(OFFSETS)


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
        (
            {"outcome_grace": "25h"},
            "Nobody is asked for an outcome until 25h after the end: more than a day is long.",
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


def test_an_outcome_that_nothing_follows_by_mistake_is_warned_of():
    assert warnings(from_data({})) == []
    kept = {outcome: [] for outcome in DEFAULT_HAND_OFFS if outcome != "completed"}
    (said,) = warnings(from_data({"hand_offs": kept}))
    assert said.startswith("Nothing says what follows the outcome completed")
