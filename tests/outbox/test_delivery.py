"""Every attempt ends in evidence: what left, what is tried again, what a person must know."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from kept.appointments import actions, queries
from kept.channels.base import Interrupted, Refused, Unreachable
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.core.case import Role
from kept.outbox import actions as outbox
from kept.outbox import queries as outbox_queries
from kept.outbox.queries import Message
from kept.people.queries import customer
from kept.worker import deliver
from tests.appointments.clinic import (
    DESK,
    MIA,
    NOW,
    Clinic,
    Post,
    berlin,
    escalations,
    go_to,
    now,
    state,
    statuses,
)

START = berlin(4, 10)
AWAY = Unreachable("connection refused")
BUSY = Refused("451 try later", permanent=False)


@pytest.fixture
def clinic(db):
    return Clinic()


@pytest.fixture
def booked(clinic):
    return clinic.book(START, clinic.ada)


@pytest.fixture
def post():
    return Post()


def message(control="confirmation"):
    return Message.objects.filter(control=control).latest("created_at", "run")


def evidence(which=None):
    return [each.kind for each in (which or message()).evidence.order_by("at", "id")]


# The normal way


def test_what_the_transport_takes_is_evidence_and_confirms(booked, post):
    assert state(booked) == "scheduled"
    post.deliver()
    sent = message()
    assert (sent.status, sent.attempts, sent.handed_over_at) == ("accepted", 1, NOW)
    assert (state(booked), evidence()) == ("confirmed", ["accepted"])
    letter = post.letters[0]
    assert (sent.subject_line, sent.text, sent.html) == (letter.subject, letter.text, letter.html)
    assert sent.calendar.encode() == letter.calendar
    assert sent.address == "mia@example.com"


@pytest.mark.parametrize("way", ["update", "delete", "write over"])
def test_what_became_known_is_never_changed(booked, post, way):
    post.deliver()
    before = evidence()
    rows = outbox_queries.Evidence.objects.all()
    forged = rows.first()
    forged.kind = "delivered"
    again = {"update_conflicts": True, "unique_fields": ["id"], "update_fields": ["kind"]}
    attempt = {
        "update": lambda: rows.update(kind="delivered"),
        "delete": lambda: rows._raw_delete(rows.db),
        "write over": lambda: rows.bulk_create([forged], **again),
    }[way]
    with pytest.raises(DatabaseError, match="evidence_is_append_only"), transaction.atomic():
        attempt()
    assert evidence() == before != []


def test_the_oldest_goes_first_and_one_at_a_time(clinic, booked, post):
    clock.advance(timedelta(minutes=1))
    clinic.book(START, clinic.ben, name="Leo Ek")
    assert deliver.deliver_one(post, "test", now) is True
    assert [letter.recipient.name for letter in post.letters] == ["Mia Wong"]
    assert post.deliver() == 1
    assert deliver.deliver_one(post, "test", now) is False


# The server is away, or busy


@pytest.mark.parametrize("trouble", ["away", "error"])
def test_it_is_tried_again_later_and_later_but_never_past_its_use(booked, post, trouble):
    setattr(post, trouble, AWAY if trouble == "away" else BUSY)
    waits = []
    while True:
        post.deliver()
        left = message()
        if left.status != "queued":
            break
        waits.append(left.wake_at - now())
        clock.advance_to(left.wake_at)
    seconds = [wait.total_seconds() for wait in waits]
    assert seconds[:7] == [5, 15, 60, 180, 600, 1800, 3600]
    assert set(seconds[7:-1]) == {3600}
    assert seconds[-1] <= 3600
    assert (left.status, now()) == ("expired", START)
    assert statuses(booked)["confirmation"] == "expired"
    assert post.letters == []


@pytest.mark.parametrize("trouble", ["away", "error"])
def test_after_three_attempts_a_person_is_told_and_it_resolves_itself(booked, post, trouble):
    setattr(post, trouble, AWAY if trouble == "away" else BUSY)
    told = []
    for _ in range(4):
        post.deliver()
        told.append(escalations(booked))
        clock.advance_to(message().wake_at)
    assert told == [set(), set(), {"CONFIRMATION_FAILED"}, {"CONFIRMATION_FAILED"}]
    assert state(booked) == "scheduled"
    setattr(post, trouble, None)
    post.deliver()
    assert (state(booked), escalations(booked)) == ("confirmed", set())
    assert message().attempts == 5


def test_a_reminder_that_is_delayed_troubles_nobody_until_it_is_too_late(clinic, booked, post):
    go_to(START - timedelta(hours=25), post)
    post.away = AWAY
    go_to(START - timedelta(hours=4), post)
    assert escalations(booked) == set()
    go_to(START - timedelta(hours=3), post)
    assert statuses(booked)["first_reminder"] == "expired"
    assert escalations(booked) == {"CONTROL_MISSED"}


def test_a_booking_stands_whatever_the_mail_server_does(booked, post):
    post.error = RuntimeError("a mistake of ours")
    post.deliver()
    assert state(booked) == "scheduled"
    assert evidence()[-1] == "retrying"
    post.error = None
    clock.advance_to(message().wake_at)
    post.deliver()
    assert state(booked) == "confirmed"


def test_one_message_that_cannot_be_handled_does_not_stop_the_others(clinic, booked, monkeypatch):
    clock.advance(timedelta(seconds=1))
    other = clinic.book(START, clinic.ben, name="Leo Ek")
    make = deliver.letter_for

    def poisoned(one, at):
        if one.subject == booked.id:
            raise RuntimeError("poison")
        return make(one, at)

    monkeypatch.setattr(deliver, "letter_for", poisoned)
    post = Post()
    assert post.deliver() == 2
    assert (state(booked), state(other)) == ("scheduled", "confirmed")


# Refused for good


def test_a_refused_address_is_bad_and_a_person_is_told(booked, post):
    post.error = Refused("550 no such user", permanent=True, at="recipient")
    post.deliver()
    assert customer(booked.customer_id).email_bad == "550 no such user"
    assert statuses(booked)["confirmation"] == "failed"
    assert (state(booked), escalations(booked)) == ("scheduled", {"CONFIRMATION_FAILED"})
    assert post.deliver() == 0


def test_a_letter_refused_for_what_it_says_leaves_the_address_alone(booked, post):
    post.error = Refused("554 looks like spam", permanent=True, at="content")
    post.deliver()
    assert customer(booked.customer_id).email_bad == ""
    assert escalations(booked) == {"CONFIRMATION_FAILED"}


def test_one_of_two_refused_is_that_one_s_affair(clinic, booked, post):
    other = clinic.book(START, clinic.ben, name="Leo Ek")
    hand_over = post.hand_over

    def only_leo(letter):
        if letter.recipient.name == "Mia Wong":
            raise BUSY
        return hand_over(letter)

    post.hand_over = only_leo
    post.deliver()
    assert (state(booked), state(other)) == ("scheduled", "confirmed")
    by_subject = {each.subject: each.status for each in Message.objects.all()}
    assert by_subject == {booked.id: "queued", other.id: "accepted"}


# In doubt


DOUBT = Interrupted("the line went dead")


def test_a_confirmation_in_doubt_is_sent_again_under_the_same_name(booked, post):
    post.error = DOUBT
    hand_over, seen = post.hand_over, []

    def watch(letter):
        seen.append(letter.message_id)
        return hand_over(letter)

    post.hand_over = watch
    post.deliver()
    assert evidence() == ["doubt", "retrying"]
    post.error = None
    clock.advance_to(message().wake_at)
    post.deliver()
    assert len(seen) == 2
    assert len(set(seen)) == 1
    assert state(booked) == "confirmed"


def test_a_reminder_in_doubt_is_not_sent_twice(booked, post):
    go_to(START - timedelta(hours=25), post)
    post.error = DOUBT
    go_to(START - timedelta(hours=2), post)
    reminder = message("first_reminder")
    assert (reminder.status, evidence(reminder)) == ("doubtful", ["doubt"])
    assert statuses(booked)["first_reminder"] == "done"
    assert escalations(booked) == set()
    assert [letter.headers["X-Kept"].split("=")[-1] for letter in post.letters] == ["confirmation"]


def die(at_status):
    """The message in hand belongs to a worker whose lease is over."""
    past = clock_queries.real_now() - timedelta(seconds=1)
    Message.objects.update(status=at_status, claimed_until=past, attempts=1)


def test_what_a_dead_worker_had_only_claimed_is_simply_sent(booked, post):
    die(Message.CLAIMED)
    assert deliver.recover(now) == 1
    assert evidence() == ["retrying"]
    clock.advance_to(message().wake_at)
    post.deliver()
    assert state(booked) == "confirmed"


def test_what_a_dead_worker_was_handing_over_is_in_doubt(booked, post):
    die(Message.HANDING_OVER)
    assert deliver.recover(now) == 1
    assert evidence() == ["doubt", "retrying"]
    assert deliver.recover(now) == 0


def test_what_a_living_worker_holds_is_left_alone(booked, post):
    assert outbox.claim_next(now(), "somebody") is not None
    assert deliver.recover(now) == 0
    assert post.deliver() == 0


# Withdrawn


def test_a_message_no_longer_wanted_is_stopped_at_the_last_look(booked, post):
    """Claimed and worded; the appointment is cancelled before it is handed over."""
    prepare, done = post.prepare, []

    def cancel_meanwhile():
        if not done:
            done.append(True)
            actions.cancel(booked, now(), MIA, by=Role.CUSTOMER)
        prepare()

    post.prepare = cancel_meanwhile
    post.deliver()
    said = [letter.headers["X-Kept"].split("=")[-1] for letter in post.letters]
    assert "confirmation" not in said
    assert message().status == "withdrawn"
    assert evidence() == ["withdrawn"]


def test_a_second_message_for_the_same_duty_cannot_be(booked):
    twin = Message.objects.get()
    with pytest.raises(IntegrityError, match=r"said_once|UNIQUE"):
        Message.objects.create(
            business_id=twin.business_id,
            case=twin.case,
            subject=twin.subject,
            leg=1,
            control=twin.control,
            run=twin.run,
            kind=twin.kind,
            person_id=twin.person_id,
            channel="email",
            created_at=NOW,
            wake_at=NOW,
        )


def test_the_confirmation_can_be_sent_again_on_purpose(booked, post):
    post.deliver()
    actions.say(booked, "confirmation_requested", now(), DESK)
    post.deliver()
    assert [letter.headers["X-Kept"].split("=")[-1] for letter in post.letters] == [
        "confirmation"
    ] * 2
    assert len({letter.message_id for letter in post.letters}) == 2
    assert sorted(Message.objects.values_list("run", flat=True)) == [1, 2]


# Reading


def test_what_waits_and_when_the_next_attempt_is(booked, post):
    assert (outbox_queries.waiting(now()), outbox_queries.unsettled(now())) == (1, 1)
    assert outbox_queries.next_attempt() == NOW
    post.error = BUSY
    post.deliver()
    assert outbox_queries.waiting(now()) == 0
    assert outbox_queries.next_attempt() == NOW + timedelta(seconds=5)
    post.error = None
    clock.advance(timedelta(seconds=5))
    post.deliver()
    assert outbox_queries.next_attempt() is None


def test_messages_of_another_business_do_not_exist(clinic, booked):
    other = Clinic(name="Other")
    with pytest.raises(Message.DoesNotExist):
        outbox_queries.message(other.business.id, message().id)
    assert list(outbox_queries.newest(other.business.id)) == []
    assert outbox_queries.message(clinic.business.id, message().id) == message()


def test_the_life_of_an_appointment_shows_every_message(booked, post):
    post.deliver()
    (shown,) = queries.timeline(booked).messages
    assert [each.kind for each in shown.evidence.all()] == ["accepted"]
