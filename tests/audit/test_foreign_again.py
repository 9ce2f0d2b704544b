"""What Kept would have written and asked about the appointments of a foreign file."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kept.audit.foreign_again import CannotWalk, simulate_file
from kept.audit.history import Appointment, Field, Leg, Outcome
from kept.core.policy import Policy, from_data
from tests.audit.building import NOW, Given, source

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = NOW - 10 * DAY
LEG = Leg("line 2", START, START + HOUR, START - 4 * DAY, Outcome.COMPLETED)


def found(*legs, policy=None, where=None, **span):
    appointments = [Appointment((leg,)) for leg in legs]
    return simulate_file(Given(appointments, where), policy or Policy(), **span)


def letters(result):
    return [(each.control, START - each.at) for each in result.listed]


def test_a_visit_gets_its_three_letters():
    result = found(LEG)
    assert letters(result) == [
        ("confirmation", 4 * DAY),
        ("first_reminder", DAY),
        ("final_reminder", HOUR),
    ]
    assert result.asked == {}


def test_another_policy_writes_at_other_times():
    result = found(LEG, policy=from_data({"first_reminder": "48h"}))
    assert ("first_reminder", 2 * DAY) in letters(result)


def test_who_cancelled_is_reminded_no_more():
    leg = replace(LEG, outcome=Outcome.CANCELLED, outcome_at=START - 30 * HOUR)
    assert found(leg).letters == {"confirmation": 1, "cancelled_notice": 1}


def test_what_was_cancelled_nobody_knows_when_is_left_out_and_counted():
    result = found(replace(LEG, outcome=Outcome.CANCELLED), LEG)
    assert result.legs == 1
    assert result.not_walked == {"it is not said when it was cancelled or moved": 1}


def test_a_visit_entered_after_it_had_begun_is_left_out():
    result = found(replace(LEG, booked_at=START + HOUR))
    assert result.not_walked == {"it was entered after it had begun": 1}


def test_of_a_visit_without_outcome_a_person_would_have_been_asked():
    result = found(replace(LEG, outcome=Outcome.UNKNOWN))
    assert sum(result.asked.values()) >= 1
    assert found(LEG).asked == {}


def test_what_would_have_been_refused_is_counted():
    leg = replace(LEG, outcome=Outcome.CANCELLED, outcome_at=START - HOUR)
    assert found(leg).refusals == {"cancelled": 1}


def test_only_the_days_asked_for_are_walked():
    other = replace(LEG, start=START - DAY, end=START - DAY + HOUR)
    assert found(LEG, other, begin=START - HOUR).legs == 1
    assert found(LEG, other, end=START - HOUR).legs == 1


@pytest.mark.parametrize("missing", [Field.BOOKED_AT, Field.END])
def test_a_file_that_lacks_what_the_path_counts_from_is_refused(missing):
    with pytest.raises(CannotWalk, match=missing.value):
        found(LEG, where=source(missing))


def test_progress_is_told():
    told = []
    simulate_file(Given([Appointment((LEG,))] * 1000), Policy(), progress=told.append)
    assert told == [1000]
