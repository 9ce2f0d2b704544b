"""Cancelling, corrected addresses, closures, people who leave: everybody affected gets to know."""

from datetime import timedelta

import pytest
from django.db import transaction

from kept.appointments import actions, queries
from kept.appointments.actions import CannotBook
from kept.appointments.asking import SENTENCES
from kept.cases.queries import Control
from kept.channels.base import Refused
from kept.core.availability import Refusal
from kept.core.case import NotAllowed, Role
from kept.people.actions import checked_contact
from kept.people.queries import Told
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Closure, Resource
from tests.appointments.clinic import (
    DESK,
    MIA,
    Clinic,
    Post,
    berlin,
    escalations,
    go_to,
    leg,
    now,
    state,
)

START = berlin(4, 10)


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def booked(clinic):
    return clinic.book(START, clinic.ada)


def said(post):
    return [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters]


# Cancelling


@pytest.mark.parametrize(
    ("before", "late"), [(timedelta(hours=24), False), (timedelta(hours=24, seconds=-1), True)]
)
@pytest.mark.parametrize("by", [Role.CUSTOMER, Role.STAFF])
def test_early_and_late_and_by_whom_are_four_outcomes(booked, before, late, by):
    go_to(START - before)
    actions.cancel(booked, now(), DESK, by=by, reason="ill")
    facts = leg(booked).case.facts
    whose = "customer" if by is Role.CUSTOMER else "business"
    assert state(booked) == "cancelled"
    assert (facts["late_cancel"], facts["by"]) == (late, whose)
    assert facts["outcome"]["value"] == f"cancelled_by_{whose}"


def test_what_is_late_was_agreed_at_booking(clinic, booked):
    strict = clinic.book(START, clinic.ben, name="Leo Ek")
    actions.change_policy(clinic.business, {"late_cancel": "72h"}, now(), DESK)
    go_to(START - timedelta(hours=30))
    actions.cancel(strict, now(), DESK, by=Role.CUSTOMER)
    assert leg(strict).case.facts["late_cancel"] is False


def test_a_policy_that_came_to_nothing_is_not_remembered(clinic, booked):
    with transaction.atomic():
        actions.change_policy(clinic.business, {"first_reminder": "72h"}, now(), DESK)
        transaction.set_rollback(True)  # the database is away, or something else goes wrong
    # SQLite gives the number of what was undone to the next one.
    actions.change_policy(clinic.business, {"first_reminder": "36h"}, now(), DESK)
    duties = Control.objects.filter(name="first_reminder", status="planned")
    assert [each.due_at for each in duties] == [START - timedelta(hours=36)]


def test_a_service_may_ask_for_more_notice_than_the_policy(clinic):
    strict = clinic.new_service(clinic.ada, late_cancel="48h")
    booked = clinic.book(START, service=strict)
    go_to(START - timedelta(hours=30))
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    assert leg(booked).case.facts["late_cancel"] is True


def test_the_customer_cancels_within_the_window_and_the_desk_until_the_end(booked):
    go_to(START - timedelta(hours=1))
    with pytest.raises(NotAllowed, match="please call"):
        actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    actions.cancel(booked, now(), DESK, by=Role.CUSTOMER)
    with pytest.raises(NotAllowed):
        actions.cancel(booked, now(), DESK, by=Role.CUSTOMER)


def test_a_cancelled_time_is_free_at_once_and_one_notice_goes_out(clinic, booked):
    go_to(now())
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    clinic.book(START, clinic.ada, name="Leo Ek")
    post = go_to(now())
    assert said(post) == ["cancelled_notice", "confirmation"]


def test_confirmed_then_cancelled_stays_cancelled(booked):
    actions.say(booked, "acknowledged", now(), MIA)
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    go_to(now() + timedelta(minutes=5))
    with pytest.raises(NotAllowed, match="book a new time"):
        actions.say(booked, "acknowledged", now(), MIA)
    assert state(booked) == "cancelled"
    names = [event.name for event in queries.timeline(booked).events]
    assert names.index("acknowledged") < names.index("cancelled")


def test_a_yes_right_after_a_no_is_for_a_person(booked):
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    actions.say(booked, "acknowledged", now(), MIA)
    assert state(booked) == "cancelled"
    assert "CONFLICTING_REPLIES" in escalations(booked)


def test_coming_late_on_the_same_day_undoes_a_miss(booked):
    go_to(START + timedelta(minutes=20))
    actions.miss(booked, now(), DESK, by=Role.CUSTOMER)
    offered = {each.to: each.status for each in queries.timeline(booked).hand_offs}
    assert offered == {"follow_up": "offered"}
    actions.say(booked, "arrived", now(), DESK)
    assert state(booked) == "attended"
    assert {each.status for each in queries.timeline(booked).hand_offs} == {"withdrawn"}


def test_a_missed_time_is_kept_for_whoever_comes_late(clinic, booked):
    go_to(START + timedelta(minutes=11))
    actions.miss(booked, now(), DESK, by=Role.CUSTOMER)
    service = clinic.new_service(clinic.ada, name="Check-up", duration_minutes=15)

    def offered():
        end = START + timedelta(hours=2)
        found = schedule_queries.free_slots(service, [clinic.ada], now(), end, now())
        return min(slot.start for slot in found)

    assert offered() == START + timedelta(minutes=45)
    actions.say(booked, "arrived", now(), DESK)
    assert offered() == START + timedelta(minutes=45)
    with pytest.raises(actions.CannotBook) as refused:
        clinic.book(START + timedelta(minutes=15), clinic.ada, service=service, name="Leo Ek")
    assert refused.value.refusal is Refusal.TAKEN
    go_to(START + timedelta(minutes=16))
    actions.say(booked, "completed", now(), DESK)
    assert offered() == START + timedelta(minutes=30)  # who is done early gives the rest back


def test_a_wrong_outcome_is_corrected_and_what_was_handed_on_is_taken_back(clinic, booked):
    go_to(START)
    actions.say(booked, "completed", now(), DESK)
    first = queries.timeline(booked).hand_offs
    actions.correct(booked, "missed", now(), DESK, reason="wrong row", by=Role.CUSTOMER)
    hand_offs = queries.timeline(booked).hand_offs
    assert {(each.version, each.status) for each in hand_offs} == {(1, "withdrawn"), (2, "offered")}
    old = next(each for each in first if each.to == "follow_up")
    with pytest.raises(NotAllowed, match="No hand-off to follow_up"):
        actions.answer_hand_off(clinic.business.id, old.id, now(), DESK, accept=True)
    new = next(each for each in hand_offs if each.version == 2)
    actions.answer_hand_off(clinic.business.id, new.id, now(), DESK, accept=True)


# A corrected address


def test_a_corrected_address_gets_the_confirmation_again(clinic, booked):
    post = Post()
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    go_to(now(), post)
    assert [letter.recipient.address for letter in post.letters] == ["mia@example.org"]
    life = queries.timeline(booked).messages
    assert sorted((each.run, each.status) for each in life) == [(1, "withdrawn"), (2, "accepted")]
    assert state(booked) == "confirmed"


def test_the_first_address_for_somebody_who_had_none_closes_the_gap(clinic):
    booked = clinic.book(START, contact={"phone": "+442079460123"})
    assert escalations(booked) == {"CONTACT_GAP"}
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    assert said(go_to(now())) == ["confirmation"]
    assert (state(booked), escalations(booked)) == ("confirmed", set())


def test_who_was_confirmed_already_is_not_confirmed_again(booked):
    go_to(now())
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    post = go_to(START - timedelta(hours=24))
    assert said(post) == ["first_reminder"]
    assert post.letters[0].recipient.address == "mia@example.org"


def test_it_is_corrected_for_every_appointment_of_the_customer_and_for_nobody_else(clinic, booked):
    second = clinic.book(berlin(5, 10), clinic.ada)
    other = clinic.book(berlin(5, 12), clinic.ada, name="Mia Ek")
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    post = go_to(now())
    sent = sorted(letter.recipient.address for letter in post.letters)
    assert sent == ["mia@example.com", "mia@example.org", "mia@example.org"]
    assert second.customer_id == booked.customer_id != other.customer_id


def test_after_a_correction_the_next_leg_knows_the_new_address(booked):
    """Whoever moves it may have read the appointment before the address was corrected."""
    bare = checked_contact("Mia Wong", phone="+442079460123")
    read_before = queries.appointment(booked.business_id, booked.id)
    actions.correct_contact(booked, bare, now(), DESK)
    actions.move(read_before, berlin(5, 10), now(), DESK)
    assert leg(booked).case.facts["channels"] == []
    assert "CONTACT_GAP" in escalations(booked)


# Closures and people who leave


def test_a_closure_is_told_to_the_appointments_in_it_and_to_no_other(clinic, booked):
    with_ben = clinic.book(START, clinic.ben, name="Leo Ek")
    next_day = clinic.book(berlin(5, 10), clinic.ada, name="Ann Ek")
    affected = actions.close(
        clinic.business, clinic.ada, berlin(4, 9), berlin(4, 17), "ill", now(), DESK
    )
    assert [each.appointment for each in affected] == [booked]
    assert escalations(booked) == {"RESOURCE_LOST"}
    assert escalations(with_ben) == escalations(next_day) == set()
    assert state(booked) == "scheduled"


def test_a_closed_business_affects_everybody_still_expected(clinic, booked):
    with_ben = clinic.book(START, clinic.ben, name="Leo Ek")
    gone = clinic.book(berlin(4, 12), clinic.ben, name="Ann Ek")
    actions.cancel(gone, now(), DESK, by=Role.CUSTOMER)
    day = (berlin(4, 0), berlin(5, 0))
    expected = [each.appointment for each in actions.affected_by(clinic.business, None, *day)]
    affected = actions.close(clinic.business, None, *day, "holiday", now(), DESK)
    assert {each.appointment for each in affected} == set(expected) == {booked, with_ben}


def test_a_lifted_closure_gives_the_time_back_to_those_who_lost_it(clinic, booked):
    free = clinic.book(berlin(5, 10), clinic.ada, name="Leo Ek")
    actions.close(clinic.business, clinic.ada, berlin(4, 9), berlin(4, 17), "ill", now(), DESK)
    closure = Closure.objects.get()
    restored = actions.lift_closure(clinic.business, closure.id, now(), DESK)
    assert [each.appointment for each in restored] == [booked]
    assert escalations(booked) == set()
    names = [event.name for event in queries.timeline(free).events]
    assert "resource_restored" not in names
    with pytest.raises(Closure.DoesNotExist):
        actions.lift_closure(clinic.business, closure.id, now(), DESK)


def test_what_another_closure_still_touches_stays_lost(clinic, booked):
    actions.close(clinic.business, clinic.ada, berlin(4, 9), berlin(4, 17), "ill", now(), DESK)
    ill = Closure.objects.get()
    actions.close(clinic.business, None, berlin(4, 10), berlin(4, 11), "holiday", now(), DESK)
    assert actions.lift_closure(clinic.business, ill.id, now(), DESK) == []
    assert escalations(booked) == {"RESOURCE_LOST"}


def test_an_appointment_moved_out_of_a_closure_is_not_touched_by_its_end(clinic, booked):
    actions.close(clinic.business, clinic.ada, berlin(4, 9), berlin(4, 17), "ill", now(), DESK)
    actions.move(booked, berlin(5, 10), now(), DESK)
    assert escalations(booked) == set()
    assert actions.lift_closure(clinic.business, Closure.objects.get().id, now(), DESK) == []


def test_who_retires_leaves_no_appointment_to_somebody_s_memory(clinic, booked):
    with_ben = clinic.book(START, clinic.ben, name="Leo Ek")
    affected = actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK)
    assert [each.appointment for each in affected] == [booked]
    assert (escalations(booked), escalations(with_ben)) == ({"RESOURCE_LOST"}, set())
    assert leg(clinic.book(berlin(5, 10))).staff == clinic.ben
    with pytest.raises(CannotBook, match="cannot be booked for it any more"):
        clinic.book(berlin(5, 10), clinic.ada)
    with pytest.raises(Resource.DoesNotExist):
        actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK)


def test_a_lifted_closure_does_not_bring_back_who_has_retired(clinic, booked):
    actions.close(clinic.business, clinic.ada, berlin(4, 9), berlin(4, 17), "ill", now(), DESK)
    actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK)
    assert actions.lift_closure(clinic.business, Closure.objects.get().id, now(), DESK) == []
    assert escalations(booked) == {"RESOURCE_LOST"}


def test_somebody_booked_while_a_closure_is_made_is_told_as_well(clinic, booked, monkeypatch):
    """The awkward moment, made on purpose: booked after those affected have been looked up."""
    close = schedule.close

    def just_before(*arguments):
        tries.append(arguments)
        if not late:
            late.append(clinic.book(berlin(4, 12), clinic.ada, name="Leo Ek"))
        return close(*arguments)

    late, tries = [], []
    monkeypatch.setattr(schedule, "close", just_before)
    day = (berlin(4, 0), berlin(5, 0))
    affected = actions.close(clinic.business, clinic.ada, *day, "ill", now(), DESK)
    # In this one connection the late booking is undone with the first try; that there was a second
    # one, and that it left everything in order, is what can be seen here.
    assert len(late) == 1
    assert len(tries) == 2
    assert [each.appointment for each in affected] == [booked]
    assert Closure.objects.count() == 1
    assert escalations(booked) == {"RESOURCE_LOST"}


# What the customer was told


def true(appointment):
    return queries.told_is_true(leg(appointment), queries.told(appointment))


def test_told_and_the_truth_over_a_life(clinic, booked):
    assert not true(booked)
    go_to(now())
    assert true(booked)
    assert queries.told(booked).evidence == "accepted"
    actions.move(booked, berlin(5, 10), now(), DESK)
    assert not true(booked)
    go_to(now())
    assert true(booked)
    actions.cancel(booked, now(), DESK, by=Role.STAFF)
    assert not true(booked)
    go_to(now())
    assert true(booked)
    assert queries.told_by_subject([booked.id])[booked.id].cancelled


def test_who_gave_the_time_back_themselves_knows(booked):
    go_to(now())
    actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
    assert true(booked)


def test_who_is_here_knows(clinic):
    go_to(berlin(1, 9))
    visit = actions.walk_in(clinic.business, clinic.booking(now(), clinic.ada), now(), DESK)
    assert not Told.objects.exists()
    assert true(visit)
    actions.say(visit, "completed", now(), DESK)
    assert true(visit)


def test_a_call_counts_as_telling(clinic):
    booked = clinic.book(START, contact={"phone": "+442079460123"})
    actions.say(booked, "told_by_staff", now(), DESK)
    assert true(booked)
    assert queries.told(booked).via == "staff"


def test_a_cancellation_by_the_business_told_by_phone_is_known(clinic):
    booked = clinic.book(START, contact={"phone": "+442079460123"})
    actions.say(booked, "told_by_staff", now(), DESK)
    actions.cancel(booked, now(), DESK, by=Role.STAFF)
    assert not true(booked)
    assert "TOLD_DIFFERS" in escalations(booked)
    actions.say(booked, "told_by_staff", now(), DESK)
    assert true(booked)
    assert "TOLD_DIFFERS" not in escalations(booked)


# The mistakes a door may make


def test_only_sayings_may_be_said(booked):
    with pytest.raises(ValueError, match="is not one of acknowledged"):
        actions.say(booked, "cancelled", now(), DESK)


def test_every_refusal_has_a_sentence():
    assert set(SENTENCES) == set(Refusal)


# An address that refuses for good


def no_such_user():
    return Refused("550 no such user", permanent=True, code=550, at="recipient")


def reminders(appointment):
    found = {c.name: c for c in queries.timeline(appointment).controls}
    return [(found[n].status, found[n].reason) for n in ("first_reminder", "final_reminder")]


SILENT = [("skipped", "no channel reaches the customer")] * 2


def test_to_an_address_that_was_refused_no_reminder_is_tried(booked):
    post = Post()
    post.error = no_such_user()
    go_to(now(), post)
    assert escalations(booked) == {"CONFIRMATION_FAILED"}
    assert leg(booked).case.facts["channels"] == []
    actions.say(booked, "told_by_staff", now(), DESK)
    go_to(START, post)
    assert (state(booked), escalations(booked)) == ("prepared", set())
    assert reminders(booked) == SILENT
    assert [m.status for m in queries.timeline(booked).messages] == ["failed"]


def test_the_other_appointments_of_its_owner_hear_of_it_too(clinic, booked):
    """Who was told stays told; of whom nobody was told, a person is asked, once."""
    told, known, post = booked, clinic.book(berlin(4, 12), clinic.ben), Post()
    go_to(now(), post)
    actions.move(known, berlin(5, 12), now(), DESK)
    untold = clinic.book(berlin(5, 10), clinic.ada)
    post.error = no_such_user()
    go_to(now(), post)
    by_kind = sorted(map(sorted, (escalations(known), escalations(untold))))
    assert by_kind == [["CONFIRMATION_FAILED"], ["CONTACT_GAP"]]
    assert (state(told), escalations(told)) == ("confirmed", set())
    go_to(START, post)
    assert reminders(told) == SILENT


def test_the_right_address_brings_the_reminders_back(booked):
    post = Post()
    post.error = no_such_user()
    go_to(now(), post)
    post.error = None
    actions.correct_contact(booked, checked_contact("Mia Wong", "mia@example.org"), now(), DESK)
    go_to(START, post)
    assert said(post) == ["confirmation", "first_reminder", "final_reminder"]
    assert escalations(booked) == set()


def test_an_address_corrected_meanwhile_is_not_held_against_its_owner(booked):
    class Slow(Post):
        def hand_over(self, letter):
            new = checked_contact("Mia Wong", "mia@example.org")
            actions.correct_contact(booked, new, now(), DESK)
            self.hand_over = super().hand_over
            raise no_such_user()

    post = go_to(now(), Slow())
    assert leg(booked).case.facts["channels"] == ["email"]
    assert state(booked) == "confirmed"
    assert post.letters[-1].recipient.address == "mia@example.org"
