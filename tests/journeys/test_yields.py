"""What invitations bring, told apart from what would have come anyway."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from kept.appointments import actions as appointments
from kept.audit import own
from kept.core import holdout
from kept.core.case import Role
from kept.journeys import yields
from tests.appointments.clinic import DESK, Clinic, go_to, now
from tests.journeys.test_reactivation import DUE, END, START, agree

AFTER_ALL = DUE + timedelta(days=141)  # a Monday
NAMES = ("Mia Wong", "Leo Ek", "Ida Holm", "Ole Vik")
HELD = {"Ida Holm", "Ole Vik"}


@pytest.fixture
def people(db, monkeypatch):
    """Two who are invited and two who are left alone, all due on the same day."""
    clinic = Clinic(comes_again_days=180)
    staff = [clinic.ada, clinic.ben, clinic.staff("Cem"), clinic.staff("Dea")]
    clinic.service = clinic.new_service(*staff, comes_again_days=180, price=Decimal(60))
    booked = {
        name: clinic.book(START, who, name=name) for name, who in zip(NAMES, staff, strict=True)
    }
    held = {str(booked[name].customer_id) for name in HELD}
    monkeypatch.setattr(holdout, "held_out", lambda key, person, season, share: person in held)
    for each in booked.values():
        agree(each.customer_id)
    go_to(END)
    for each in booked.values():
        appointments.say(each, "completed", now(), DESK)
    go_to(DUE - timedelta(days=10))
    return clinic


def measured(clinic):
    return yields.of(clinic.business, now())


def test_who_booked_again_in_each_group(people, monkeypatch):
    monkeypatch.setattr(holdout, "FEW", 2)
    for name in ("Mia Wong", "Leo Ek", "Ida Holm"):
        go_to(now() + timedelta(hours=1))
        people.book(now() + timedelta(days=7), name=name, by=DESK)
    go_to(AFTER_ALL)
    found = measured(people)
    assert (found.invited.returned.count, found.invited.returned.of) == (2, 2)
    assert (found.held_out.returned.count, found.held_out.returned.of) == (1, 2)
    assert found.invited.worth == Decimal(120)
    assert found.beyond == Decimal(60)
    assert found.difference.rate == 0.5
    assert found.counted == {"booked": 2}
    drawn = list(own.history(people.business, now()).invitations())
    assert sorted((each.held_out, each.booked_at is not None) for each in drawn) == [
        (False, True),
        (False, True),
        (True, False),
        (True, True),
    ]


def adds_up(found):
    """Each figure is a part of one that stands beside it, and together they are everybody."""
    invited, held = found.invited.returned, found.held_out.returned
    assert sum(found.counted.values()) == invited.of
    assert found.counted.get("booked", 0) == invited.count
    assert sum(found.so_far.values()) + found.early_held_out == found.early
    parts = (invited.of, held.of, found.early, *found.not_asked.values(), *found.others.values())
    assert sum(parts) == found.everybody
    return found


def test_whatever_day_it_is_what_is_told_adds_up(people):
    other = people.new_service(people.ada, name="Talk")
    talk = people.book(now() + timedelta(days=1), service=other, name="Eva Roth", by=DESK)
    go_to(now() + timedelta(days=1, hours=1))
    appointments.say(talk, "completed", now(), DESK)
    go_to(now())
    mia = people.book(now() + timedelta(days=7), name="Mia Wong", by=DESK)
    early = adds_up(measured(people))
    assert (early.early, early.so_far) == (4, {"booked": 1, "asked": 1})
    assert (early.invited.returned.of, early.counted) == (0, {})
    appointments.cancel(mia, now(), DESK, by=Role.STAFF)
    assert adds_up(measured(people)).so_far == {"asked": 2}
    go_to(AFTER_ALL)
    late = adds_up(measured(people))
    assert (late.early, late.counted, late.others) == (0, {"lapsed": 2}, {"no due date": 1})


def test_who_is_not_due_yet_stands_apart_from_who_was_asked(people):
    again = people.book(now() + timedelta(days=7), name="Leo Ek", by=DESK)
    go_to(now() + timedelta(days=7, hours=1))
    appointments.say(again, "completed", now(), DESK)
    go_to(now())
    found = adds_up(measured(people))
    assert found.not_asked == {"not due": 1}
    assert found.so_far == {"booked": 1, "asked": 1}


def test_what_fell_due_a_short_time_ago_is_not_counted_yet_and_the_command_says_the_same(people):
    from kept.cli.returns import show

    found = measured(people)
    assert (found.early, found.invited.returned.of) == (4, 0)
    result = CliRunner().invoke(_command(show, as_json=True))
    assert json.loads(result.output)["early"] == 4
    text = CliRunner().invoke(_command(show, as_json=False)).output
    assert "Too few people" in text
    assert "4 fell due too short a time ago" in text
    assert "Of those invited: 2 asked." in text


def test_a_booking_that_was_cancelled_is_no_return(people):
    again = people.book(now() + timedelta(days=7), name="Mia Wong", by=DESK)
    appointments.cancel(again, now(), DESK, by=Role.STAFF)
    go_to(AFTER_ALL)
    assert measured(people).invited.returned.count == 0


def test_of_few_people_no_difference_is_said_and_who_comes_a_year_later_came_by_themselves(people):
    go_to(AFTER_ALL)
    found = measured(people)
    assert (found.difference, found.beyond) == (None, None)
    assert "2 invited and 2 left alone" in found.why_not
    people.book(now() + timedelta(days=7), name="Mia Wong", by=DESK)
    assert measured(people).invited.returned.count == 0


def test_who_could_not_be_invited_is_in_neither_group(people):
    other = people.new_service(people.ada, name="Talk")
    booked = people.book(now() + timedelta(days=1), service=other, name="Eva Roth", by=DESK)
    go_to(now() + timedelta(days=1, hours=1))
    appointments.say(booked, "completed", now(), DESK)
    go_to(now())
    assert measured(people).others == {"no due date": 1}


def _command(show, *, as_json):
    import click

    return click.Command("reactivation", callback=lambda: show("harbour-clinic", as_json=as_json))
