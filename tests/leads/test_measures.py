"""How fast leads are answered, what becomes of them, and how what is handed on is taken over."""

from datetime import timedelta

import pytest

from kept.appointments import actions as appointments
from kept.cases import queries as cases
from kept.core.case import Role
from kept.leads.speed import Part, speed
from tests.leads.clinic import DESK, Clinic, asks, berlin, go_to, lead, now, say, state

A_YEAR = timedelta(days=365)


@pytest.fixture
def clinic(db):
    return Clinic()


def measured(clinic):
    begin, end = now() - A_YEAR, now() + timedelta(seconds=1)
    return {each.source: each for each in speed(clinic.business.id, begin, end, now())}


def test_shares_count_those_a_person_came_to_or_whose_time_for_it_is_over(clinic):
    go_to(berlin(1, 10))
    for minutes, name in enumerate(("Ann", "Ben", "Cat", "Dee")):
        asks(clinic, name=name, contact={"email": f"{name}@example.com"}, at=berlin(1, 10, minutes))
    go_to(berlin(1, 10, 4))
    ann = asks(clinic, name="Ann", contact={"email": "ann@example.com"}).lead
    say(ann, "responded")
    found = measured(clinic)["all"]
    # Of the three others nobody has waited for five minutes.
    assert (found.soon, found.in_an_hour) == (Part(1, 1), Part(1, 1))
    go_to(berlin(1, 10, 6) + timedelta(seconds=1))
    assert measured(clinic)["all"].soon == Part(1, 2)
    go_to(berlin(1, 12))
    found = measured(clinic)["form"]
    assert (found.soon, found.in_an_hour) == (Part(1, 4), Part(1, 4))
    assert (found.soon_open, found.in_an_hour_open) == (Part(1, 4), Part(1, 4))
    assert found.told_soon.of == 4


def test_at_night_only_the_time_in_which_it_is_open_counts_beside_the_clock(clinic):
    go_to(berlin(1, 20))
    asked = lead(clinic)
    go_to(berlin(2, 9, 3))
    say(asked, "not_reached")
    found = measured(clinic)["all"]
    assert (found.in_an_hour, found.soon_open) == (Part(0, 1), Part(1, 1))


def test_who_books_before_anybody_came_needed_nobody(clinic):
    asked = lead(clinic)
    clinic.book(berlin(2, 10))
    go_to(berlin(2, 9))
    found = measured(clinic)["all"]
    assert state(asked) == "booked"
    assert (found.soon, found.never, found.booked_share) == (Part(0, 0), 0, 1.0)


def test_the_booked_are_followed_to_their_visit_by_the_door_they_came_in(clinic):
    came, missed, ahead = (
        lead(clinic, door, name=name, contact={"email": f"{name.lower()}@example.com"})
        for door, name in (("form", "Ann"), ("form", "Ben"), ("phone", "Cat"))
    )
    booked = [
        clinic.book(start, name=name)
        for start, name in ((berlin(2, 10), "Ann"), (berlin(2, 11), "Ben"), (berlin(5, 10), "Cat"))
    ]
    assert [state(each) for each in (came, missed, ahead)] == ["booked"] * 3
    go_to(berlin(2, 12))
    appointments.say(booked[0], "completed", now(), DESK)
    appointments.miss(booked[1], now(), DESK, by=Role.CUSTOMER)
    found = measured(clinic)
    assert (found["all"].attended, found["all"].ahead) == (Part(1, 2), 1)
    assert (found["form"].attended, found["form"].ahead) == (Part(1, 2), 0)
    assert (found["phone"].attended.share, found["phone"].ahead) == (None, 1)


def test_what_nobody_takes_over_in_time_is_counted_and_the_enquiry_itself_is_no_hand_off(db):
    clinic = Clinic(policy={"built_in": ["follow_up"]})
    lead(clinic)
    booked = clinic.book(berlin(2, 10), name="Leo Brand")
    go_to(berlin(2, 11))
    appointments.say(booked, "completed", now(), DESK)
    go_to(berlin(2, 12))

    def counted(at):
        found = cases.taken_over(clinic.business.id, berlin(1, 0), at, at)
        return {each.to: (each.offered, each.waiting, each.late, each.late_share) for each in found}

    assert counted(now()) == {
        "all": (3, 2, 0, 0.0),
        "follow_up": (1, 0, 0, 0.0),
        "reactivation": (1, 1, 0, None),
        "reputation": (1, 1, 0, None),
    }
    late = now() + timedelta(hours=73)
    assert counted(late)["all"] == (3, 0, 2, 2 / 3)
    go_to(late)
    assert counted(late)["reputation"] == (1, 0, 1, 1.0)
    [offer] = cases.hand_offs(clinic.business.id, "expired").filter(to="reputation")
    appointments.answer_hand_off(clinic.business.id, offer.id, now(), DESK, accept=True)
    assert counted(now() + timedelta(seconds=1))["reputation"] == (1, 0, 1, 1.0)
