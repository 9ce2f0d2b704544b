"""Two things at once, on purpose: each test lets the other one land at the bad line.

Threads with connections of their own, real commits, no sleeping: a thread stops at a seam until the
other has done what it came for. Where the database must make one wait, the test sees to it that it
really waits.
"""

import threading
import time as real_time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest import mock
from uuid import UUID

import pytest
from django.db import connection, transaction

from kept.appointments import actions as appointments
from kept.appointments import alone
from kept.appointments.queries import Leg
from kept.cases import actions as cases
from kept.cases.queries import Case, Event, HandOff
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import NotAllowed, Role
from kept.journeys import actions as journeys
from kept.outbox import actions as outbox
from kept.outbox.queries import Message
from kept.people import actions as people
from kept.schedule import actions as schedule
from kept.schedule.queries import Claim
from kept.worker import deliver
from tests.promises.house import (
    CUSTOMER,
    DESK,
    House,
    Ledger,
    contact,
    expired_leases,
    leg,
    messages,
    open_kinds,
    state,
    turn,
)

DAY = timedelta(days=1)
LONG = 15  # seconds: what never happens unless something is wrong


@pytest.fixture
def house(house_db):
    clock.forget()
    return House(staff=("Ada", "Bea", "Cleo"))


@pytest.fixture
def post():
    return Ledger()


def in_own_connection(act, *arguments, **named):
    try:
        return act(*arguments, **named)
    except (NotAllowed, appointments.CannotBook, appointments.Stale) as refusal:
        return refusal
    finally:
        connection.close()


def at_once(*acts):
    """Run these at the same time; answers what each returned, or how it was refused."""
    together = threading.Barrier(len(acts))

    def begin(act):
        together.wait(LONG)
        return in_own_connection(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(60) for each in [pool.submit(begin, act) for act in acts]]


class Elsewhere:
    """Something that another thread does while this one stands at a seam."""

    def __init__(self, act):
        self.act, self.pool = act, ThreadPoolExecutor(1)
        self.future = None

    def begin(self, *_):
        self.future = self.pool.submit(in_own_connection, self.act)

    def done(self, *_):
        """Begin and wait for the end: nothing stands in its way."""
        self.begin()
        return self.future.result(LONG)

    def result(self):
        try:
            return self.future.result(LONG)
        finally:
            self.pool.shutdown()


def all_kept():
    broken = [line for one in run(clock.now(), lag=timedelta(0)) for line in one.broken]
    assert broken == []


def letters_of(post):
    return [line.split()[-1].removeprefix("control=") for line in post.said()]


# A change meets a delivery


def test_a_cancellation_while_a_reminder_is_claimed_keeps_it_from_leaving(house, post):
    appointment = house.book(clock.now() + 3 * DAY)
    turn(post)
    clock_actions.advance(2 * DAY)
    cases.turn_due(clock.now())
    change = Elsewhere(lambda: house.cancel(appointment))
    with mock.patch.object(Ledger, "prepare", change.done):
        assert deliver.deliver_one(post, "worker", clock.now)
    assert change.result() is None
    turn(post)
    assert letters_of(post) == ["confirmation", "cancelled_notice"]
    all_kept()


def test_a_cancellation_waits_for_a_letter_that_has_just_been_marked(house, post):
    """Between the mark and the hand-over: the letter left first, the cancellation comes after."""
    appointment = house.book()
    change = Elsewhere(lambda: house.cancel(appointment))
    seen = []

    def in_hand(letter):
        change.begin()
        seen.append(state(appointment))
        assert not change.future.done()

    post.answer = in_hand
    deliver.deliver_one(post, "worker", clock.now)
    post.answer = None
    assert change.result() is None
    assert seen == ["scheduled"]
    assert state(appointment) == "cancelled"
    events = [event.name for event in Event.objects.filter(case=leg(appointment).case_id)]
    assert events.index("message_accepted") < events.index("cancelled")
    turn(post)
    assert letters_of(post) == ["confirmation", "cancelled_notice"]
    all_kept()


def test_a_cancellation_waits_only_so_long_for_a_server_that_hangs(house, post, monkeypatch):
    monkeypatch.setattr(alone, "HAND_OVER_PATIENCE", 0.3)
    appointment = house.book()
    took = []

    def cancel():
        began = real_time.monotonic()
        house.cancel(appointment)
        took.append(real_time.monotonic() - began)

    post.answer = Elsewhere(cancel).done
    deliver.deliver_one(post, "worker", clock.now)
    post.answer = None
    assert took[0] >= 0.3
    assert state(appointment) == "cancelled"
    turn(post)
    assert letters_of(post) == ["confirmation", "cancelled_notice"]
    all_kept()


class Watch:
    """The machine's clock as a waiting change sees it: it stands where the test puts it."""

    def __init__(self):
        self.at, self.looks, self.looked = 0.0, 0, threading.Condition()

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        """Between two looks: let the test know that there was one."""
        with self.looked:
            self.looks += 1
            self.looked.notify_all()
        real_time.sleep(seconds)

    def move_to(self, at):
        """Put the clock there, and wait until the change has looked at it there."""
        self.at = at
        self.wait_for_looks()

    def wait_for_looks(self):
        with self.looked:
            seen = self.looks
            assert self.looked.wait_for(lambda: self.looks >= seen + 2, LONG)


class Hanging(Ledger):
    """A transport that has been given a letter and has not begun with it."""

    def __init__(self):
        super().__init__()
        self.given, self.go_on = threading.Event(), threading.Event()

    def hand_over(self, letter):
        self.given.set()
        assert self.go_on.wait(LONG)
        return super().hand_over(letter)


def test_a_change_waits_for_every_letter_as_long_whenever_it_was_marked(house, monkeypatch):
    """A second one, marked when the first has nearly used up the wait, may begin after that."""
    watch, patience = Watch(), alone.HAND_OVER_PATIENCE
    monkeypatch.setattr(alone, "real_time", watch)
    appointment = house.book()
    clock_actions.advance(DAY)
    cases.turn_due(clock.now())
    first, second = Hanging(), Hanging()
    one = Elsewhere(lambda: deliver.deliver_one(first, "one", clock.now))
    two = Elsewhere(lambda: deliver.deliver_one(second, "two", clock.now))
    change = Elsewhere(lambda: house.cancel(appointment))

    one.begin()
    assert first.given.wait(LONG)
    change.begin()
    watch.wait_for_looks()
    watch.move_to(patience - 0.1)
    two.begin()
    assert second.given.wait(LONG)
    watch.wait_for_looks()
    watch.move_to(patience + 1)  # the first one has had its time: it has begun or never will
    assert not change.future.done()
    assert state(appointment) == "scheduled"

    second.go_on.set()
    assert two.result()
    assert change.result() is None
    assert state(appointment) == "cancelled"
    first.go_on.set()
    assert one.result()
    sent = {message.control: message.status for message in Message.objects.all()}
    assert sent["first_reminder"] == sent["confirmation"] == "accepted"
    all_kept()


def test_no_letter_is_begun_later_than_a_change_waits_for_it():
    assert deliver.LONGEST_MARK < deliver.LONGEST_START < alone.HAND_OVER_PATIENCE


def test_a_change_does_not_wait_for_ever_for_letters_that_hang(house, monkeypatch):
    watch, patience = Watch(), alone.HAND_OVER_PATIENCE
    monkeypatch.setattr(alone, "real_time", watch)
    appointment = house.book()
    hanging = Hanging()
    worker = Elsewhere(lambda: deliver.deliver_one(hanging, "one", clock.now))
    change = Elsewhere(lambda: house.cancel(appointment))
    worker.begin()
    assert hanging.given.wait(LONG)
    change.begin()
    watch.wait_for_looks()
    assert not change.future.done()
    watch.at = patience + 0.1
    assert change.result() is None
    hanging.go_on.set()
    assert worker.result()
    all_kept()


def test_a_change_of_policy_while_the_handle_turns(house, post):
    for day in range(3, 13):
        house.book(clock.now() + day * DAY)
    turn(post)
    clock_actions.advance(2 * DAY)
    changes = {"first_reminder": "48h"}
    at_once(
        lambda: cases.turn_due(clock.now()),
        lambda: appointments.change_policy(house.business, changes, clock.now(), DESK),
        lambda: turn(post),
        lambda: cases.turn_due(clock.now()),
    )
    turn(post)
    assert len(set(post.said())) == len(post.letters)
    all_kept()


def test_completing_while_the_close_of_business_says_unresolved(house, post):
    appointment = house.walk_in(contact("Ida", "ida@example.com"))
    clock_actions.advance(timedelta(hours=11))
    outcomes = at_once(
        lambda: house.say(appointment, "completed"), lambda: cases.turn_due(clock.now())
    )
    assert outcomes[0] is None
    turn(post)
    assert state(appointment) == "completed"
    assert open_kinds(appointment) == set()
    all_kept()


# Two workers


def test_two_workers_and_one_control_make_one_message(house, post):
    appointment = house.book(clock.now() + 3 * DAY)
    turn(post)
    clock_actions.advance(2 * DAY)
    at_once(*[lambda: cases.turn_due(clock.now())] * 4)
    assert messages(appointment)[1, "first_reminder", 1] == "queued"
    assert Event.objects.filter(name="control_due", data__control="first_reminder").count() == 1


def test_two_workers_and_one_message_make_one_letter(house, post):
    house.book()
    at_once(*[lambda: deliver.deliver_one(post, "worker", clock.now)] * 4)
    assert letters_of(post) == ["confirmation"]
    all_kept()


def test_several_workers_share_what_is_to_be_sent_and_nobody_gets_it_twice(house, post):
    for day in range(3, 15):
        house.book(clock.now() + day * DAY)
    at_once(*[lambda: turn(post)] * 3)
    assert len(post.letters) == 12
    assert len(set(post.said())) == 12
    all_kept()


def test_two_workers_recover_the_same_message_once(house, post):
    house.book()
    outbox.claim_next(clock.now(), "gone")
    with expired_leases():
        at_once(*[lambda: deliver.recover(clock.now)] * 3)
    kinds = [one.kind for one in Message.objects.get().evidence.all()]
    assert kinds == ["retrying"]


# Two people


def test_a_move_and_a_cancellation_at_once_leave_one_clear_state(house, post):
    appointment = house.book()
    turn(post)
    new = clock.now() + 3 * DAY
    outcomes = at_once(
        lambda: house.move(appointment, new), lambda: house.cancel(appointment, by=Role.CUSTOMER)
    )
    assert outcomes.count(None) >= 1
    assert state(appointment) == "cancelled"
    assert Leg.objects.filter(appointment=appointment, current=True).count() == 1
    assert not Claim.objects.filter(live=True, kind=Claim.LEG).exists()
    turn(post)
    all_kept()


def test_of_two_moves_onto_one_time_one_is_had_and_the_other_keeps_its_own(house, post):
    ada = house.staff[0].id
    one = house.book(clock.now() + 2 * DAY, staff=ada)
    two = house.book(clock.now() + 3 * DAY, staff=ada)
    turn(post)
    wanted = clock.now() + 4 * DAY
    outcomes = at_once(
        lambda: house.move(one, wanted, CUSTOMER), lambda: house.move(two, wanted, CUSTOMER)
    )
    refused = [each for each in outcomes if isinstance(each, appointments.CannotBook)]
    assert len(refused) == 1
    assert [leg(one).start, leg(two).start].count(wanted) == 1
    turn(post)
    all_kept()


@pytest.mark.parametrize("staff", [(0, 0), (0, 1)])
def test_two_moves_that_want_each_others_time_end_both(house, post, staff):
    """Neither holds for ever what the other waits for, with one member of staff or two."""
    first, second = (house.staff[number] for number in staff)
    one = house.book(clock.now() + 2 * DAY, staff=first.id)
    two = house.book(clock.now() + 3 * DAY, staff=second.id)
    schedule.close(house.business.id, None, clock.now() + DAY, clock.now() + 5 * DAY, "holiday")
    here, there = leg(one).start, leg(two).start
    for _ in range(5):
        outcomes = at_once(
            lambda: appointments.move(one, there, clock.now(), DESK, staff=second.id, freely=True),
            lambda: appointments.move(two, here, clock.now(), DESK, staff=first.id, freely=True),
        )
        assert not any(isinstance(each, Exception) and not _taken(each) for each in outcomes)
    turn(post)
    all_kept()


def _taken(refusal):
    return isinstance(refusal, appointments.CannotBook)


def test_a_closure_while_its_appointments_are_moved_and_cancelled(house, post):
    booked = [house.book(clock.now() + 2 * DAY, staff=who.id) for who in house.staff]
    span = clock.now() + 2 * DAY - timedelta(hours=1), clock.now() + 2 * DAY + timedelta(hours=3)

    def close():
        appointments.close(house.business, None, *span, "a leak", clock.now(), DESK)

    at_once(
        close,
        lambda: house.move(booked[0], clock.now() + 3 * DAY),
        lambda: house.cancel(booked[1]),
        lambda: turn(post),
        close,
    )
    turn(post)
    assert open_kinds(booked[2]) == {"RESOURCE_LOST"}
    all_kept()


def test_a_new_address_while_a_letter_is_written_back(house, post):
    """The customer is locked before the case here, and the case before the customer there."""
    appointment = house.book()
    change = Elsewhere(
        lambda: appointments.correct_contact(
            appointment, contact("Mia Lund", "new@example.com"), clock.now(), DESK
        )
    )
    real = people.remember_told

    def written(told):
        change.begin()
        real(told)

    with mock.patch.object(people, "remember_told", written):
        deliver.deliver_one(post, "worker", clock.now)
    assert change.result() is None
    turn(post)
    assert state(appointment) == "confirmed"
    all_kept()


@pytest.mark.parametrize("round_", range(3))
def test_a_yes_and_a_cancellation_from_two_devices_never_lose_the_cancellation(house, post, round_):
    appointment = house.book()
    turn(post)
    at_once(
        lambda: house.say(appointment, "acknowledged", CUSTOMER),
        lambda: house.cancel(appointment, by=Role.CUSTOMER),
    )
    assert state(appointment) == "cancelled"
    names = [event.name for event in Event.objects.filter(case=leg(appointment).case_id)]
    late = names.index("acknowledged") > names.index("cancelled")
    assert ("CONFLICTING_REPLIES" in open_kinds(appointment)) == late
    turn(post)
    all_kept()


# One time, many people


def guest(number):
    return contact(f"Guest {number}", f"guest{number}@example.com")


def test_of_fifty_who_book_one_time_one_has_it(house):
    start, ada = clock.now() + 2 * DAY, house.staff[0].id
    outcomes = at_once(*[lambda n=n: house.book(start, guest(n), staff=ada) for n in range(50)])
    refused = [each for each in outcomes if isinstance(each, appointments.CannotBook)]
    assert len(refused) == 49
    assert Message.objects.count() == 1
    assert Claim.objects.filter(live=True).count() == 1
    all_kept()


@pytest.fixture
def behind(house):
    """Book Ada's time behind a transaction that has locked her, and does something to her first."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time: nobody ever waits for a row")
    start, ada = clock.now() + 2 * DAY, house.staff[0]
    booking = Elsewhere(lambda: house.book(start, guest(1), staff=ada.id))

    def behind(act):
        with transaction.atomic():
            schedule.lock([ada.number])
            booking.begin()
            until_somebody_waits()
            act(start, ada)
        return booking.result()

    return behind


def until_somebody_waits():
    deadline = real_time.monotonic() + LONG
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        assert real_time.monotonic() < deadline


def test_who_waits_for_one_they_ask_for_and_is_second_is_told_so(house, behind):
    refused = behind(lambda start, ada: house.book(start, guest(2), staff=ada.id))
    assert isinstance(refused, appointments.CannotBook)
    assert Claim.objects.filter(live=True).count() == 1
    all_kept()


def test_who_waits_for_one_they_ask_for_has_what_is_given_back_meanwhile(house, behind):
    earlier = house.book(clock.now() + 2 * DAY, staff=house.staff[0].id)
    had = behind(lambda start, ada: house.cancel(earlier))
    assert leg(had).start == leg(earlier).start
    all_kept()


def test_who_waits_for_one_who_retires_meanwhile_is_told_that_they_are_gone(house, behind):
    refused = behind(lambda start, ada: schedule.retire_staff(house.business.id, ada.id))
    assert isinstance(refused, appointments.CannotBook)
    assert "cannot be booked for it any more" in str(refused)
    assert not Claim.objects.filter(live=True).exists()


def test_of_twenty_who_ask_for_anybody_as_many_are_served_as_there_are_staff(house):
    start = clock.now() + 2 * DAY
    outcomes = at_once(*[lambda n=n: house.book(start, guest(n)) for n in range(20)])
    refused = [each for each in outcomes if isinstance(each, appointments.CannotBook)]
    assert len(refused) == 17
    assert Claim.objects.filter(live=True).values("resource").distinct().count() == 3
    all_kept()


def test_visitors_who_exchange_their_held_times_are_all_answered(house):
    tokens = [UUID(int=n + 1) for n in range(2)]
    start = clock.now() + 2 * DAY
    ada, bea = house.staff[0], house.staff[1]
    schedule.hold(house.service, ada, start, clock.now(), tokens[0])
    schedule.hold(house.service, bea, start, clock.now(), tokens[1])

    def exchange(token, resource):
        try:
            schedule.hold(house.service, resource, start, clock.now(), token)
        except schedule.Taken:
            return "taken"
        return "held"

    answers = at_once(lambda: exchange(tokens[0], bea), lambda: exchange(tokens[1], ada))
    assert set(answers) <= {"taken", "held"}
    assert Claim.objects.filter(live=True).count() == 2


def test_several_members_of_staff_hired_at_once_all_have_a_number(house):
    names = [f"Person {n}" for n in range(8)]
    hired = at_once(
        *[
            lambda name=name: schedule.create_staff(house.business.id, name, "", "UTC", [])
            for name in names
        ]
    )
    assert len({each.number for each in hired}) == 8


# What follows, and a booking at the same moment


@pytest.mark.parametrize("first", ["booking", "beginning"])
def test_a_booking_and_the_beginning_of_what_follows_see_one_another(house, first):
    """Whichever is first, nobody is asked to book what they have just booked."""
    mia = contact()
    booked = house.book(clock.now() + DAY, mia)
    clock_actions.advance(DAY)
    house.say(booked, "completed")
    offer = HandOff.objects.select_related("case").get(case__subject=booked.id, to="follow_up")
    acts = [lambda: house.book(who=mia), lambda: journeys.receive(offer, clock.now())]
    one, other = acts if first == "booking" else reversed(acts)
    meanwhile, begin = Elsewhere(other), cases.begin

    def beginning(*arguments, **named):
        if meanwhile.future is None:  # the other one comes through here as well
            meanwhile.begin()
            with pytest.raises(TimeoutError):
                meanwhile.future.result(0.3)
        return begin(*arguments, **named)

    with mock.patch.object(cases, "begin", beginning):
        one()
        meanwhile.result()
    assert Case.objects.get(path="follow_up").facts["booked_again"]
