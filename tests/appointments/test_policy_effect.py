"""What a policy would do is said before it is saved, and is then what it does."""

import pytest

from kept.accounts.queries import policy_versions
from kept.appointments import actions, queries
from kept.core.policy import PolicyError
from tests.appointments.clinic import DESK, Clinic, berlin, go_to, now, statuses


@pytest.fixture
def clinic(db):
    return Clinic()


def effect(clinic, **changes):
    return queries.policy_effect(clinic.business.id, changes, now())[1]


def test_it_counts_the_reminders_by_what_would_become_of_them(clinic):
    clinic.book(berlin(3, 10), clinic.ada)
    clinic.book(berlin(10, 10), clinic.ada)
    go_to(berlin(1, 16))
    found = effect(clinic, first_reminder="48h", switched_off=["final_reminder"])
    assert found.appointments == 2
    assert found.at_once == {"first_reminder": 1}
    assert found.moved == {"first_reminder": 1}
    assert found.skipped == {"final_reminder": 2}
    assert found.why == {"switched off by policy": 2}
    assert not found.nothing


def test_nothing_is_written_and_the_change_then_does_the_same(clinic):
    booked = clinic.book(berlin(10, 10), clinic.ada)
    before = statuses(booked), len(policy_versions(clinic.business.id))
    assert effect(clinic, switched_off=["first_reminder"]).skipped == {"first_reminder": 1}
    assert (statuses(booked), len(policy_versions(clinic.business.id))) == before
    actions.change_policy(clinic.business, {"switched_off": ["first_reminder"]}, now(), DESK)
    assert statuses(booked)["first_reminder"] == "skipped"
    assert effect(clinic, switched_off=[]).planned == {"first_reminder": 1}


def test_another_business_is_not_counted(clinic):
    Clinic(name="Quay Studio").book(berlin(10, 10))
    assert effect(clinic, first_reminder="48h").appointments == 0
    assert effect(clinic, first_reminder="48h").nothing


def test_what_could_not_be_saved_is_refused_when_asked_too(clinic):
    with pytest.raises(PolicyError):
        effect(clinic, colour="red")
