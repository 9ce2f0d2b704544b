"""Changes that meet: one after the other, none lost, and nobody waits for somebody who waits."""

from datetime import timedelta

import pytest

from kept.appointments import actions, queries
from kept.appointments.actions import CannotBook
from kept.cases.queries import Escalation
from kept.core.case import Role
from kept.people.actions import checked_contact
from kept.schedule.queries import Claim, Closure
from tests.appointments.clinic import DESK, MIA, Clinic, berlin, escalations, leg, now, state
from tests.together import at_once

DAY = (berlin(4, 0), berlin(5, 0))


@pytest.fixture
def clinic(house_db):
    return Clinic()


def errors(answers):
    return [answer for answer in answers if isinstance(answer, Exception)]


def test_of_those_who_want_one_time_as_many_get_it_as_there_are_people(clinic):
    names = ["Mia Ek", "Leo Ek", "Ann Ek", "Ole Ek", "Eva Ek"]
    answers = at_once(*(lambda name=name: clinic.book(berlin(4, 10), name=name) for name in names))
    refused = errors(answers)
    assert [type(error) for error in refused] == [CannotBook] * 3
    assert Claim.objects.filter(live=True).count() == 2


def test_two_who_swap_their_times_do_not_wait_for_each_other(clinic):
    one = clinic.book(berlin(4, 10), clinic.ada)
    other = clinic.book(berlin(4, 10), clinic.ben, name="Leo Ek")
    at = berlin(4, 10)
    for _ in range(3):
        answers = at_once(
            lambda: actions.move(one, at, now(), DESK, staff=clinic.ben.id),
            lambda: actions.move(other, at, now(), DESK, staff=clinic.ada.id),
        )
        # Both times are taken: whoever comes first is refused, and the other one as well.
        assert [type(error) for error in errors(answers)] == [CannotBook] * 2
    assert (leg(one).staff, leg(other).staff) == (clinic.ada, clinic.ben)


def test_moves_across_each_other_all_arrive(clinic):
    booked = [clinic.book(berlin(4, hour), clinic.ada, name=f"A {hour}") for hour in (9, 11)]
    booked += [clinic.book(berlin(4, hour), clinic.ben, name=f"B {hour}") for hour in (9, 11)]
    others = [clinic.ben, clinic.ben, clinic.ada, clinic.ada]
    hours = [10, 12, 10, 12]
    moves = zip(booked, others, hours, strict=True)
    answers = at_once(
        *(
            lambda each=each, who=who, hour=hour: actions.move(
                each, berlin(4, hour), now(), DESK, staff=who.id
            )
            for each, who, hour in moves
        )
    )
    assert errors(answers) == []
    assert [leg(each).staff for each in booked] == others


def test_a_closure_and_changes_of_what_is_in_it_do_not_lock_each_other_out(clinic):
    booked = [clinic.book(berlin(4, hour), clinic.ada, name=f"A {hour}") for hour in (9, 10, 11)]
    answers = at_once(
        lambda: actions.close(clinic.business, clinic.ada, *DAY, "ill", now(), DESK),
        lambda: actions.cancel(booked[0], now(), MIA, by=Role.CUSTOMER),
        lambda: actions.move(booked[1], berlin(5, 9), now(), MIA),
        lambda: clinic.book(berlin(4, 14), clinic.ada, name="Leo Ek"),
    )
    assert [type(error) for error in errors(answers)] in ([], [CannotBook])
    assert escalations(booked[2]) == {"RESOURCE_LOST"}
    _nothing_is_open_inside(clinic.ada, *DAY)
    for each in queries.listing(clinic.business.id, begin=DAY[0], end=DAY[1]):
        lost = "RESOURCE_LOST" in escalations(each.appointment)
        assert lost or each.case.state == "cancelled"


def _nothing_is_open_inside(resource, begin, end):
    low, high = int(begin.timestamp() // 60), int(end.timestamp() // 60)
    claims = Claim.objects.filter(resource=resource.number, live=True, start__lt=high, end__gt=low)
    covered = sum(min(each.end, high) - max(each.start, low) for each in claims)
    assert covered == high - low


def test_who_retires_takes_no_booking_along_unseen(clinic):
    booked = clinic.book(berlin(4, 9), clinic.ada)
    answers = at_once(
        lambda: actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK),
        lambda: clinic.book(berlin(4, 10), clinic.ada, name="Leo Ek"),
        lambda: clinic.book(berlin(4, 11), clinic.ada, name="Ann Ek"),
    )
    assert not isinstance(answers[0], Exception), answers[0]
    assert escalations(booked) == {"RESOURCE_LOST"}
    for each in queries.listing(clinic.business.id):
        assert escalations(each.appointment) == {"RESOURCE_LOST"}


def test_two_closures_and_a_lift_leave_the_time_as_the_last_of_them_says(clinic):
    actions.close(clinic.business, clinic.ada, *DAY, "ill", now(), DESK)
    ill = Closure.objects.get()
    booked = clinic.book(berlin(5, 9), clinic.ada)
    answers = at_once(
        lambda: actions.lift_closure(clinic.business, ill.id, now(), DESK),
        lambda: actions.close(clinic.business, None, *DAY, "holiday", now(), DESK),
        lambda: actions.cancel(booked, now(), MIA, by=Role.CUSTOMER),
    )
    assert errors(answers) == []
    _nothing_is_open_inside(clinic.ada, *DAY)


def test_a_new_policy_and_changes_do_not_lock_each_other_out(clinic):
    booked = [clinic.book(berlin(4, hour), clinic.ada, name=f"A {hour}") for hour in (9, 10, 11)]
    answers = at_once(
        lambda: actions.change_policy(clinic.business, {"first_reminder": "30h"}, now(), DESK),
        lambda: actions.cancel(booked[0], now(), DESK, by=Role.STAFF),
        lambda: clinic.book(berlin(4, 10), clinic.ben, name="Leo Ek"),
        lambda: actions.change_policy(clinic.business, {"final_reminder": "2h"}, now(), DESK),
    )
    assert errors(answers) == []
    duties = {each.name: each for each in queries.timeline(booked[1]).controls}
    assert duties["first_reminder"].due_at == berlin(4, 10) - timedelta(hours=30)
    assert duties["final_reminder"].due_at == berlin(4, 10) - timedelta(hours=2)


def test_an_address_corrected_while_the_appointment_moves_reaches_the_new_leg(clinic):
    booked = clinic.book(berlin(4, 10), contact={"phone": "+442079460123"})
    contact = checked_contact("Mia Wong", "mia@example.com")
    answers = at_once(
        lambda: actions.correct_contact(booked, contact, now(), DESK),
        lambda: actions.move(booked, berlin(5, 10), now(), DESK),
    )
    assert errors(answers) == []
    assert leg(booked).case.facts["channels"] == ["email"]


def test_of_cancel_and_move_one_wins_and_the_other_is_refused(clinic):
    booked = clinic.book(berlin(4, 10), clinic.ada)
    answers = at_once(
        lambda: actions.cancel(booked, now(), MIA, by=Role.CUSTOMER),
        lambda: actions.move(booked, berlin(5, 10), now(), MIA),
    )
    assert state(booked) == "cancelled"  # after a move the new leg can still be cancelled
    assert len(errors(answers)) == 2 - len([a for a in answers if a == booked])
    assert not Escalation.objects.filter(resolved_at=None).exists()
    assert not Claim.objects.filter(live=True).exists()
