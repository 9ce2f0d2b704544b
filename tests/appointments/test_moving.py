"""A move: the appointment stays the same, its time changes, and nothing of the old one goes on."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kept.appointments import actions, queries
from kept.appointments.actions import CannotBook, Stale
from kept.core.availability import Refusal
from kept.core.case import NotAllowed
from kept.schedule import actions as schedule
from kept.schedule import queries as schedule_queries
from kept.schedule.queries import Resource, Service
from tests.appointments.clinic import (
    ALWAYS,
    DESK,
    MIA,
    NOW,
    Clinic,
    berlin,
    controls,
    go_to,
    leg,
    now,
    state,
    statuses,
)

START, LATER = berlin(4, 10), berlin(5, 15)


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def booked(clinic):
    return clinic.book(START, clinic.ada)


def move(appointment, start=LATER, by=MIA, **more):
    return actions.move(appointment, start, now(), by, **more)


def snapshot(appointment):
    """Everything that a refused move must leave as it was."""
    life = queries.timeline(appointment)
    rows = [*life.events, *life.controls, *life.messages, *life.escalations]
    return [
        {name: value for name, value in vars(row).items() if name[0] != "_"} for row in rows
    ], sorted(schedule_queries.Claim.objects.filter(live=True).values_list("start", "resource"))


def test_it_keeps_its_identity_and_gets_another_leg(booked):
    before = (booked.id, booked.reference, booked.token, queries.calendar_uid(booked))
    move(booked)
    after = queries.appointment(booked.business_id, booked.id)
    assert (after.id, after.reference, after.token, queries.calendar_uid(after)) == before
    assert [(each.number, each.start, each.case.state) for each in queries.legs(booked)] == [
        (1, START, "rescheduled"),
        (2, LATER, "scheduled"),
    ]
    (moved,) = [each for each in queries.timeline(booked).events if each.name == "moved"]
    assert moved.data == {"from": START.isoformat(), "to": LATER.isoformat()}


def test_the_old_time_is_free_at_once_and_the_new_one_is_taken(clinic, booked):
    move(booked)
    clinic.book(START, clinic.ada, name="Leo Ek")
    with pytest.raises(CannotBook):
        clinic.book(LATER, clinic.ada, name="Ann Ek")


def test_it_may_overlap_its_own_old_time(clinic, booked):
    move(booked, START + timedelta(minutes=15))
    assert leg(booked).start == START + timedelta(minutes=15)
    clinic.book(START + timedelta(hours=1), clinic.ada, name="Leo Ek")


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (LATER, Refusal.TAKEN),
        (berlin(4, 4), Refusal.OUTSIDE_HOURS),
        (berlin(4, 10, 7), Refusal.OFF_GRID),
        (START + timedelta(seconds=1), Refusal.OFF_GRID),
        (NOW - timedelta(minutes=5), Refusal.PAST),
    ],
)
def test_a_refused_move_changes_nothing(clinic, booked, start, why):
    clinic.book(LATER, clinic.ada, name="Leo Ek")
    go_to(now())
    before = snapshot(booked)
    with pytest.raises(CannotBook) as refused:
        move(booked, start)
    assert refused.value.refusal is why
    assert snapshot(booked) == before


def test_a_move_to_the_time_it_has_is_refused(clinic, booked):
    before = snapshot(booked)
    with pytest.raises(NotAllowed, match="at this time already"):
        move(booked, START)
    assert snapshot(booked) == before
    move(booked, START, staff=clinic.ben.id)
    assert leg(booked).staff == clinic.ben


def test_all_duties_of_the_old_time_are_void_and_the_new_time_has_its_own(booked):
    go_to(now())
    move(booked)
    old = [each for each in queries.timeline(booked).controls if each.case.number == 1]
    assert {each.name: each.status for each in old} == {
        "confirmation": "done",
        "first_reminder": "void",
        "preparation": "void",
        "final_reminder": "void",
        "outcome_due": "void",
        "unresolved": "void",
    }
    assert controls(booked)["first_reminder"] == ("planned", LATER - timedelta(hours=24))
    post = go_to(LATER)
    sent = [letter.headers["X-Kept"].split(" ", 1)[1] for letter in post.letters]
    assert sent == [
        "leg=2 control=moved_notice",
        "leg=2 control=first_reminder",
        "leg=2 control=final_reminder",
    ]


def test_a_confirmation_that_has_not_left_is_taken_back(booked):
    move(booked)
    post = go_to(now())
    assert [letter.headers["X-Kept"].split()[1] for letter in post.letters] == ["leg=2"]
    old = [each for each in queries.timeline(booked).messages if each.leg == 1]
    assert [each.status for each in old] == ["withdrawn"]


def test_moved_within_the_last_hour_the_final_reminder_is_for_the_new_time(db):
    clinic = Clinic(hours=ALWAYS)
    booked = clinic.book(NOW + timedelta(hours=3), clinic.ada)
    go_to(NOW + timedelta(hours=2, minutes=30))
    move(booked, NOW + timedelta(hours=5), DESK)
    post = go_to(NOW + timedelta(hours=5))
    assert [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters] == [
        "moved_notice",
        "final_reminder",
    ]


def test_moved_to_an_earlier_time_no_reminder_comes_late(clinic, booked):
    move(booked, berlin(1, 15))
    planned = statuses(booked)
    assert planned["first_reminder"] == "skipped"
    assert planned["final_reminder"] == "planned"


# Who may, and until when


@pytest.mark.parametrize(
    ("before", "customer", "desk"),
    [
        (timedelta(hours=2), True, True),
        (timedelta(hours=2, seconds=-1), False, True),
        (timedelta(minutes=-30), False, True),
        (timedelta(minutes=-45), False, False),
    ],
    ids=["2h before", "a second later", "during", "at the end"],
)
def test_the_customer_until_two_hours_before_the_desk_until_the_end(
    clinic, booked, before, customer, desk
):
    go_to(START - before)
    for by, may in ((MIA, customer), (DESK, desk)):
        assert queries.may_change(leg(booked), by.role, now())[0] is may
        if may:
            continue
        with pytest.raises(NotAllowed):
            move(booked, LATER, by)
    if desk:
        move(booked, LATER, DESK)


def test_what_may_change_says_is_what_happens_and_why(clinic, booked):
    go_to(START - timedelta(hours=1))
    may, why = queries.may_change(leg(booked), MIA.role, now())
    with pytest.raises(NotAllowed) as refused:
        move(booked, LATER, MIA)
    assert (may, why) == (False, refused.value.detail)
    assert "please call" in why


def test_the_window_agreed_at_booking_holds_after_the_policy_changed(clinic, booked):
    actions.change_policy(clinic.business, {"change_until": "72h"}, now(), DESK)
    go_to(START - timedelta(hours=3))
    move(booked, LATER, MIA)


def test_a_service_may_have_a_window_of_its_own(clinic):
    strict = clinic.new_service(clinic.ada, change_until="48h")
    booked = clinic.book(START, service=strict)
    go_to(START - timedelta(hours=47))
    with pytest.raises(NotAllowed):
        move(booked, LATER, MIA)


# Staff and services that are no longer there


def test_the_customer_keeps_the_person_they_booked(clinic, booked):
    move(booked)
    assert leg(booked).staff == clinic.ada
    clinic.book(berlin(5, 10), clinic.ada, name="Leo Ek")
    with pytest.raises(CannotBook):
        move(booked, berlin(5, 10))


def test_when_that_person_has_left_whoever_is_free_takes_over(clinic, booked):
    actions.retire_staff(clinic.business, clinic.ada.id, now(), DESK)
    move(booked, START, DESK)
    assert leg(booked).staff == clinic.ben
    with pytest.raises(CannotBook, match="cannot be booked for it any more"):
        move(booked, LATER, staff=clinic.ada.id)


def test_when_nobody_is_left_it_says_so(clinic, booked):
    for who in (clinic.ada, clinic.ben):
        actions.retire_staff(clinic.business, who.id, now(), DESK)
    with pytest.raises(CannotBook, match="Nobody gives"):
        move(booked)


def test_a_stranger_cannot_be_asked_for(booked):
    with pytest.raises(Resource.DoesNotExist):
        move(booked, staff=uuid4())


def test_an_appointment_of_an_archived_service_can_still_be_moved(clinic, booked):
    schedule.archive_service(clinic.business.id, clinic.service.id, now())
    move(booked)
    assert (leg(booked).start, state(booked)) == (LATER, "scheduled")


def as_agreed(snapshot):
    """Without the rule by which the time was offered: a new time has its own."""
    return {name: value for name, value in snapshot.items() if name != "offered"}


def test_what_was_agreed_at_booking_is_carried_through_a_move(clinic, booked):
    agreed = leg(booked).snapshot
    Service.objects.filter(id=clinic.service.id).update(
        name="Other",
        price=999,
        duration_minutes=5,
        change_until="72h",
        late_cancel="72h",
        hand_offs={"completed": []},
    )
    length = leg(booked).end - leg(booked).start
    for start in (LATER, START):
        move(booked, start)
        moved = leg(booked)
        assert (moved.start, as_agreed(moved.snapshot)) == (start, as_agreed(agreed))
        assert moved.end - moved.start == length
        assert "hand_offs" not in moved.case.facts


def test_what_follows_is_carried_through_a_move_as_agreed(clinic):
    agreed = {"completed": ["reactivation"]}
    recall = clinic.new_service(clinic.ada, hand_offs=agreed)
    booked = clinic.book(START, service=recall)
    Service.objects.filter(id=recall.id).update(hand_offs={})
    for start in (LATER, START):
        move(booked, start)
        assert leg(booked).snapshot["hand_offs"] == agreed
        assert leg(booked).case.facts["hand_offs"] == agreed


# Versions


def test_a_change_by_somebody_who_read_an_older_version_is_refused(booked):
    read = leg(booked).case.version
    actions.say(booked, "running_late", now(), DESK)
    with pytest.raises(Stale) as stale:
        move(booked, expected=read)
    assert stale.value.version == leg(booked).case.version > read
    assert leg(booked).start == START
    move(booked, expected=stale.value.version)


def test_the_version_grows_over_all_legs(booked):
    seen = [leg(booked).case.version]
    for hour in (11, 12, 13):
        move(booked, berlin(4, hour))
        seen.append(leg(booked).case.version)
    assert seen == sorted(set(seen))
    events = queries.timeline(booked).events
    assert [event.seq for event in events] == list(range(1, seen[-1] + 1))
