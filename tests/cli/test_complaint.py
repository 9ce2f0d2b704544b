"""`kept complaint` and `kept refund`: what a customer told somebody about a visit that is over."""

import json

import pytest
from click.testing import CliRunner

from kept.appointments.queries import Appointment
from kept.cases.queries import Escalation
from kept.cli import commands
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from tests.promises.house import House

pytestmark = pytest.mark.one_database


@pytest.fixture
def visit(db, monkeypatch):
    monkeypatch.setattr("kept.cli.house.require_there", lambda: None)
    house = House()
    booked = house.book()
    clock.advance_to(house.business.created_at.replace(day=3, hour=8))
    return house, booked


def run(*arguments):
    return CliRunner().invoke(commands.kept, arguments)


def test_a_complaint_is_written_down_once_there_is_an_outcome(visit):
    house, booked = visit
    refused = run("complaint", booked.reference, "It hurts.")
    assert refused.exit_code == 1
    assert not Escalation.objects.exists()
    house.say(booked, "arrived")
    house.say(booked, "completed")
    done = run("complaint", booked.reference, "It hurts.", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["said"] == "complained"
    assert Escalation.objects.get().kind == "COMPLAINT"


def test_money_given_back_is_written_down(visit):
    house, booked = visit
    house.say(booked, "arrived")
    house.say(booked, "completed")
    done = run("refund", booked.reference)
    assert done.exit_code == 0, done.output
    leg = Appointment.objects.get().legs.get().case
    assert leg.facts["refunded"].startswith(f"{clock_queries.now():%Y-%m-%dT%H}")
    assert run("refund", "KX7-M2PT9").exit_code == 1
