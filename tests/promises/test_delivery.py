"""What leaves, what does not, and what is said of it: one behaviour a test."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError

from kept.appointments import actions as appointments
from kept.appointments import alone, queries, reports
from kept.cases import actions as cases
from kept.cases.queries import Case, Control
from kept.channels.base import Interrupted, Refused, Unreachable
from kept.checks.promises import run
from kept.clock import actions as clock_actions
from kept.clock import queries as clock
from kept.core.case import SYSTEM, Role
from kept.outbox import actions as outbox
from kept.outbox.queries import Message
from kept.people.queries import told
from kept.worker import deliver
from tests.effort import THOROUGH
from tests.promises.house import (
    DESK,
    House,
    Ledger,
    advance,
    contact,
    controls,
    expired_leases,
    leg,
    messages,
    open_kinds,
    state,
    turn,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def house(db):
    return House()


@pytest.fixture
def post():
    return Ledger()


def kept():
    return [line for result in run(clock.now(), lag=timedelta(0)) for line in result.broken] == []


def refusing(**errors):
    """A transport that refuses these addresses."""

    def answer(letter):
        if error := errors.get(letter.recipient.address.split("@")[0]):
            raise error

    return Ledger(answer=answer)


def later(code="451"):
    return Refused(f"{code} not now", permanent=False, code=int(code))


class Killed(BaseException):
    """The worker's process is gone."""


def killed(letter):
    raise Killed


# Nothing after a change

MANY = 500 if THOROUGH else 100


def test_of_many_cancelled_appointments_nothing_leaves_however_far_the_clock_goes(house, post):
    booked = [house.book(clock.now() + 3 * DAY + n * HOUR, freely=True) for n in range(MANY)]
    kept_one = house.book(clock.now() + 60 * DAY)
    turned = Control.objects.exclude(case=leg(kept_one).case_id)
    assert turned.filter(name="first_reminder", status="planned").count() == MANY
    for appointment in booked:
        house.cancel(appointment)
    clock_actions.advance(58 * DAY)
    turn(post)
    advance(DAY, post)
    assert [line.split()[-1] for line in post.said()] == [
        "control=confirmation",
        "control=first_reminder",
    ]
    assert {line.split()[0] for line in post.said()} == {f"ref={kept_one.reference}"}
    reminders = turned.filter(name__in=["first_reminder", "final_reminder"])
    assert {(one.status, one.reason) for one in reminders} == {("void", "cancelled")}


def test_a_cancelled_appointment_is_not_asked_for_an_outcome(house, post):
    appointment = house.book()
    turn(post)
    house.cancel(appointment)
    turn(post)
    advance(5 * DAY, post)
    assert not open_kinds(appointment) & {"OUTCOME_DUE", "UNRESOLVED"}
    assert state(appointment) == "cancelled"
    assert [line.split()[-1] for line in post.said()] == [
        "control=confirmation",
        "control=cancelled_notice",
    ]


def test_what_was_cancelled_before_it_left_says_so_in_the_same_moment(house, post):
    appointment = house.book()
    house.cancel(appointment)
    assert messages(appointment)[1, "confirmation", 1] == "withdrawn"
    turn(post)
    assert [line.split()[-1] for line in post.said()] == ["control=cancelled_notice"]
    assert kept()


def test_a_reminder_is_not_revived_by_a_mail_server_that_comes_back_after_a_cancellation(house):
    """Claimed, then cancelled, then the server cannot be reached: it stays withdrawn."""
    appointment = house.book()

    class Away(Ledger):
        def prepare(self):
            house.cancel(appointment)
            raise Unreachable("nobody answers")

    deliver.deliver_one(Away(), "worker", clock.now)
    assert messages(appointment)[1, "confirmation", 1] == "withdrawn"
    assert kept()


def test_a_cancellation_nobody_heard_of_for_days_is_put_before_a_person(house, post):
    """The workers were away from before the visit until after the day that follows it."""
    appointment = house.book()
    turn(post)
    house.cancel(appointment, by=Role.STAFF)
    clock_actions.advance(4 * DAY)
    turn(post)
    assert "NEVER_TOLD" in open_kinds(appointment)
    assert kept()


def test_an_attempt_in_doubt_at_a_cancellation_is_not_repeated(house, post, monkeypatch):
    monkeypatch.setattr(alone, "HAND_OVER_PATIENCE", 0)
    appointment = house.book()

    def cancelled_in_between(letter):
        house.cancel(appointment)
        raise Interrupted("it broke after the final dot")

    deliver.deliver_one(Ledger(answer=cancelled_in_between), "worker", clock.now)
    assert messages(appointment)[1, "confirmation", 1] == "doubtful"
    advance(HOUR, post)
    assert [line.split()[-1] for line in post.said()] == ["control=cancelled_notice"]


# A worker that was away


@pytest.mark.parametrize("away", [timedelta(minutes=10), timedelta(hours=3)])
def test_a_reminder_that_fell_due_while_the_worker_was_down_still_goes(house, post, away):
    appointment = house.book(clock.now() + 3 * DAY)
    turn(post)
    clock_actions.advance(2 * DAY + away)
    turn(post)
    assert messages(appointment)[1, "first_reminder", 1] == "accepted"
    assert kept()


def test_a_reminder_whose_time_is_over_when_the_worker_comes_back_expires(house, post):
    appointment = house.book(clock.now() + 3 * DAY)
    turn(post)
    advance(4 * DAY, post)
    assert controls(appointment)[1, "first_reminder", 1] == "expired"
    assert controls(appointment)[1, "final_reminder", 1] == "expired"
    assert len(post.letters) == 1
    assert open_kinds(appointment) == {"UNRESOLVED"}
    assert kept()


def test_a_message_that_waits_when_its_time_is_over_expires_and_is_escalated(house, post):
    appointment = house.book()
    clock_actions.advance(2 * DAY)
    turn(post)
    assert messages(appointment)[1, "confirmation", 1] == "expired"
    assert post.letters == []
    assert "CONFIRMATION_FAILED" in open_kinds(appointment)
    assert kept()
    advance(2 * HOUR, post)
    assert open_kinds(appointment) == {"OUTCOME_DUE"}
    assert kept()


def test_a_message_whose_time_ends_while_the_transport_is_made_ready_expires(house):
    appointment = house.book()

    class Slow(Ledger):
        def prepare(self):
            clock_actions.advance(3 * DAY)

    slow = Slow()
    deliver.deliver_one(slow, "worker", clock.now)
    assert slow.letters == []
    turn(Ledger())
    assert messages(appointment)[1, "confirmation", 1] == "expired"


# One bad row


def test_a_case_that_cannot_be_handled_is_pushed_back_and_the_others_go_on(house, post):
    bad = house.book(clock.now() + 3 * DAY)
    good = house.book(clock.now() + 3 * DAY + HOUR)
    turn(post)
    damaged = leg(bad).case_id
    Case.objects.filter(id=damaged).update(anchors={"opened": "no instant"})
    advance(2 * DAY + 2 * HOUR, post)
    assert messages(good)[1, "first_reminder", 1] == "accepted"
    pushed = Control.objects.get(case=damaged, name="first_reminder")
    assert (pushed.status, pushed.failures) == ("planned", 1)
    assert pushed.wake_at > clock.now()
    advance(timedelta(minutes=1), post)
    pushed.refresh_from_db()
    assert pushed.failures == 2
    assert not kept()


def test_a_message_that_cannot_be_worded_does_not_hold_up_the_others(house, post):
    house.book(who=contact("Bad", "bad@example.com"))
    good = house.book(clock.now() + 3 * DAY)
    real = deliver.letter_for

    def broken(message, at):
        if message.address == "bad@example.com":
            raise RuntimeError("a bug")
        return real(message, at)

    with mock.patch.object(deliver, "letter_for", broken):
        turn(post)
        assert messages(good)[1, "confirmation", 1] == "accepted"


def test_an_error_of_our_own_is_counted_and_told_to_a_person_after_a_few_attempts(house, post):
    appointment = house.book()
    with mock.patch.object(deliver, "letter_for", side_effect=RuntimeError("a bug")):
        for _ in range(3):
            advance(10 * timedelta(minutes=1), post)
    assert "CONFIRMATION_FAILED" in open_kinds(appointment)
    advance(HOUR, post)
    assert state(appointment) == "confirmed"
    assert open_kinds(appointment) == set()


def test_a_message_whose_duty_is_gone_is_withdrawn(house, post):
    appointment = house.book()
    Control.objects.filter(case=leg(appointment).case_id, name="confirmation").delete()
    turn(post)
    assert post.letters == []
    assert messages(appointment)[1, "confirmation", 1] == "withdrawn"


def test_one_message_that_cannot_be_recovered_does_not_hold_up_the_others(house, post):
    first, second = house.book(), house.book(clock.now() + 3 * DAY)
    for _ in range(2):
        outbox.claim_next(clock.now(), "gone")
    real = deliver._recover_one

    def broken(message, now):
        if message.subject == first.id:
            raise RuntimeError("a bug")
        real(message, now)

    with expired_leases(), mock.patch.object(deliver, "_recover_one", broken):
        deliver.recover(clock.now)
    advance(timedelta(minutes=1), post)
    assert messages(first)[1, "confirmation", 1] == "claimed"
    assert messages(second)[1, "confirmation", 1] == "accepted"


# A mail server that fails


def test_what_waits_for_an_address_that_is_refused_for_good_is_skipped_with_that_reason(house):
    """Both reminders are in the outbox; the first one finds out that nobody is there any more."""
    first, second = (house.book(clock.now() + 3 * DAY + n * HOUR) for n in range(2))
    turn(Ledger())
    clock_actions.advance(2 * DAY + HOUR)
    cases.turn_due(clock.now())
    assert messages(second)[1, "first_reminder", 1] == "queued"
    turn(refusing(mia=Refused("550 unknown", permanent=True, code=550, at="recipient")))
    assert open_kinds(first) == {"CONTROL_MISSED"}
    assert open_kinds(second) == set()
    assert messages(second)[1, "first_reminder", 1] == "withdrawn"
    assert controls(second)[1, "first_reminder", 1] == "skipped"
    assert controls(second)[1, "final_reminder", 1] == "skipped"
    assert kept()


def test_of_two_recipients_the_refused_one_is_tried_again_and_the_other_has_it(house):
    ill = house.book(who=contact("Ill", "ill@example.com"))
    well = house.book(clock.now() + 3 * DAY, contact("Well", "well@example.com"))
    transport = refusing(ill=later())
    turn(transport)
    assert messages(well)[1, "confirmation", 1] == "accepted"
    assert messages(ill)[1, "confirmation", 1] == "queued"
    assert state(ill) == "scheduled"
    transport.answer = None
    advance(timedelta(minutes=1), transport)
    assert state(ill) == "confirmed"


def test_a_mail_server_that_cannot_be_reached_is_tried_again_and_then_told_to_a_person(house):
    appointment = house.book()

    class Away(Ledger):
        def prepare(self):
            raise Unreachable("nobody answers")

    for _ in range(3):
        assert "CONFIRMATION_FAILED" not in open_kinds(appointment)
        advance(10 * timedelta(minutes=1), Away())
    assert "CONFIRMATION_FAILED" in open_kinds(appointment)
    assert messages(appointment)[1, "confirmation", 1] == "queued"
    advance(2 * HOUR, Ledger())
    assert state(appointment) == "confirmed"
    assert open_kinds(appointment) == set()
    assert kept()


def test_a_confirmation_in_doubt_is_sent_again_under_the_same_id_but_not_for_ever(house):
    def broken(letter):
        raise Interrupted("it broke after the final dot")

    transport = Ledger(answer=broken)
    appointment = house.book(clock.now() + 30 * DAY)
    for _ in range(20):
        advance(HOUR, transport)
    assert len(transport.letters) == outbox.MOST_DOUBTS
    assert len({letter.message_id for letter in transport.letters}) == 1
    assert messages(appointment)[1, "confirmation", 1] == "doubtful"
    assert "CONFIRMATION_FAILED" in open_kinds(appointment)
    assert kept()


def test_a_reminder_in_doubt_is_not_sent_again(house, post):
    appointment = house.book(clock.now() + 3 * DAY)
    turn(post)

    def broken(letter):
        raise Interrupted("it broke after the final dot")

    transport = Ledger(answer=broken)
    advance(2 * DAY, transport)
    advance(HOUR, post)
    assert len(transport.letters) == 1
    assert messages(appointment)[1, "first_reminder", 1] == "doubtful"
    assert len(post.letters) == 1


def test_a_bounce_hours_later_says_that_the_customer_does_not_know(house, post):
    appointment = house.book()
    turn(post)
    assert state(appointment) == "confirmed"
    assert told(appointment.id) is not None
    clock_actions.advance(3 * HOUR)
    message = Message.objects.get()
    reports.report(message, "bounced", "550 5.1.1 no such mailbox", clock.now(), SYSTEM)
    assert state(appointment) == "scheduled"
    assert "CONFIRMATION_FAILED" in open_kinds(appointment)
    assert messages(appointment)[1, "confirmation", 1] == "failed"
    assert told(appointment.id) is None
    assert kept()


def test_who_has_no_address_is_told_by_a_person(house, post):
    appointment = house.book(who=contact("Ole", "", "+442079460123"))
    turn(post)
    assert post.letters == []
    assert open_kinds(appointment) == {"CONTACT_GAP"}
    (one,) = queries.timeline(appointment).escalations
    appointments.resolve_escalation(house.business.id, one.id, "called her", clock.now(), DESK)
    assert state(appointment) == "confirmed"
    assert kept()


def test_who_was_told_of_a_cancellation_by_a_person_counts_as_told(house, post):
    appointment = house.book()
    turn(post)
    house.cancel(appointment, by=Role.STAFF)
    turn(refusing(mia=Refused("554 no", permanent=True, code=554)))
    assert open_kinds(appointment) == {"TOLD_DIFFERS"}
    house.say(appointment, "told_by_staff")
    assert queries.told_is_true(leg(appointment), told(appointment.id))
    assert kept()


# A worker that dies


def test_a_worker_killed_before_the_hand_over_leaves_a_message_simply_to_be_sent(house, post):
    appointment = house.book()
    assert outbox.claim_next(clock.now(), "killed") is not None
    turn(post)
    assert post.letters == []
    with expired_leases():
        deliver.recover(clock.now)
    advance(timedelta(minutes=1), post)
    assert len(post.letters) == 1
    evidence = [one.kind for one in Message.objects.get().evidence.all()]
    assert "doubt" not in evidence
    assert state(appointment) == "confirmed"


def test_a_worker_killed_while_handing_over_leaves_recorded_doubt(house, post):
    appointment = house.book()
    with pytest.raises(Killed):
        deliver.deliver_one(Ledger(answer=killed), "killed", clock.now)
    with expired_leases():
        deliver.recover(clock.now)
    advance(timedelta(minutes=1), post)
    assert len(post.letters) == 1
    evidence = [one.kind for one in Message.objects.get().evidence.order_by("id")]
    assert evidence == ["doubt", "retrying", "accepted"]
    assert state(appointment) == "confirmed"
    assert kept()


def test_a_worker_that_was_held_up_longer_than_its_lease_does_not_undo_what_others_did(house):
    """It comes back with a refusal when another worker has long delivered the message."""
    appointment = house.book()
    other = Ledger()

    def held_up(letter):
        with expired_leases():
            deliver.recover(clock.now)
        advance(timedelta(minutes=1), other)
        raise later()

    deliver.deliver_one(Ledger(answer=held_up), "slow", clock.now)
    assert messages(appointment)[1, "confirmation", 1] == "accepted"
    assert state(appointment) == "confirmed"
    assert len(other.letters) == 1
    assert kept()


def test_an_acceptance_that_comes_late_saves_the_second_copy(house, post):
    appointment = house.book()

    def held_up(letter):
        with expired_leases():
            deliver.recover(clock.now)

    deliver.deliver_one(Ledger(answer=held_up), "slow", clock.now)
    assert messages(appointment)[1, "confirmation", 1] == "accepted"
    advance(HOUR, post)
    assert post.letters == []
    assert kept()


def test_a_worker_that_was_suspended_after_its_mark_does_not_send_what_has_changed(
    house, post, monkeypatch
):
    monkeypatch.setattr(deliver, "LONGEST_MARK", -1)
    appointment = house.book()
    deliver.deliver_one(post, "suspended", clock.now)
    assert post.letters == []
    assert messages(appointment)[1, "confirmation", 1] == "queued"


def test_an_error_after_the_hand_over_is_doubt_and_not_a_fresh_start(house, post):
    house.book()
    with mock.patch("kept.cases.actions.apply", side_effect=RuntimeError("a bug")):
        deliver.deliver_one(post, "worker", clock.now)
    evidence = [one.kind for one in Message.objects.get().evidence.order_by("id")]
    assert evidence == ["doubt", "retrying"]


def test_an_acceptance_is_written_down_although_the_database_was_away(house, post, monkeypatch):
    written, away = outbox.accepted, [True, True]

    def accepted(*args):
        if away:
            away.pop()
            raise OperationalError("the server closed the connection unexpectedly")
        return written(*args)

    monkeypatch.setattr(outbox, "accepted", accepted)
    # The connection is the test's own transaction: it must outlive what is pretended here.
    monkeypatch.setattr(deliver.connection, "close", lambda: None)
    appointment = house.book(clock.now() + 30 * DAY)
    turn(post)
    advance(DAY, post)
    assert away == []
    assert len(post.letters) == 1
    assert messages(appointment)[1, "confirmation", 1] == "accepted"
    assert not Message.objects.get(subject=appointment.id).evidence.filter(kind="doubt").exists()
    assert kept()
