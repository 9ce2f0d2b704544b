"""Events reach their receiver: once, in order, whatever becomes of it or of us."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from kept.accounts.queries import business
from kept.appointments import actions
from kept.channels.base import TransportError
from kept.clock import actions as clock
from kept.lib import signing
from kept.webhooks import actions as webhooks
from kept.webhooks import delivering, queries
from kept.webhooks.delivering import ATTEMPTS, SCHEDULE
from kept.webhooks.queries import Attempt, Delivery, Endpoint
from kept.worker.hooks import AT_ONCE, Hooks, deliver_hooks
from kept.worker.notices import tell_owners
from tests.appointments.clinic import DESK, MIA, Clinic, Post, berlin, now
from tests.webhooks.receiver import listening


@pytest.fixture
def clinic(db):
    return Clinic()


def listen(clinic, receiver, **more):
    made = webhooks.create(clinic.business.id, receiver.url, now(), **more)
    clinic.business = business(clinic.business.id)
    return made


def deliver():
    """Everything that is due now."""
    while deliver_hooks("test", now):
        pass


def wait_and_deliver(hours, every=timedelta(minutes=1)):
    """Let the clock go on, delivering what falls due on the way."""
    end = now() + timedelta(hours=hours)
    while now() < end:
        clock.advance(every)
        deliver()


def delivered(endpoint):
    rows = Delivery.objects.filter(endpoint=endpoint.id, status=Delivery.DELIVERED)
    return rows.order_by("id")


def refuse(status, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda received: (status, headers, b"no")


# What arrives


def test_a_booking_is_posted_to_the_receiver(clinic, receiver):
    endpoint = listen(clinic, receiver)
    mia = clinic.book(berlin(3, 10))
    deliver()
    (got,) = receiver.received
    assert got.type == "appointment.scheduled"
    assert got.data["appointment_id"] == str(mia.id)
    assert got.json["timestamp"] == now().isoformat()
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("Kept/")
    assert got.is_signed_with(endpoint.secret)
    assert not got.is_signed_with(signing.new_secret())
    assert delivered(endpoint).count() == 1


def test_it_comes_as_a_cloud_event_where_that_is_wished(clinic, receiver):
    endpoint = listen(clinic, receiver, form=Endpoint.CLOUDEVENTS)
    mia = clinic.book(berlin(3, 10))
    deliver()
    (got,) = receiver.received
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert got.is_signed_with(endpoint.secret)
    assert got.json["specversion"] == "1.0"
    assert got.json["id"] == got.id
    assert got.json["subject"] == str(mia.id)
    assert got.json["source"].endswith(f"/businesses/{clinic.business.id}")
    assert got.data["state"] == "scheduled"


def test_for_a_day_after_a_change_of_secret_both_sign(clinic, receiver):
    endpoint = listen(clinic, receiver)
    new = webhooks.rotate(clinic.business.id, endpoint.id, delivering.real_now())
    clinic.book(berlin(3, 10))
    deliver()
    assert receiver.received[-1].is_signed_with(endpoint.secret)
    assert receiver.received[-1].is_signed_with(new)
    Endpoint.objects.update(old_secret_until=delivering.real_now() - timedelta(seconds=1))
    clinic.book(berlin(3, 11))
    deliver()
    assert not receiver.received[-1].is_signed_with(endpoint.secret)
    assert receiver.received[-1].is_signed_with(new)


def test_the_test_button_sends_one_event_also_to_a_disabled_endpoint(clinic, receiver):
    endpoint = listen(clinic, receiver)
    webhooks.disable(clinic.business.id, endpoint.id, now())
    webhooks.test(clinic.business.id, endpoint.id, now())
    deliver()
    assert receiver.types == ["webhook.test"]


def test_a_test_that_fails_is_not_tried_again(clinic, receiver):
    receiver.answer = refuse(500)
    endpoint = listen(clinic, receiver)
    webhooks.test(clinic.business.id, endpoint.id, now())
    deliver()
    wait_and_deliver(1)
    assert len(receiver.received) == 1
    assert Delivery.objects.get().status == Delivery.FAILED


# A receiver that is away


def test_a_receiver_that_was_down_for_two_hours_gets_everything_once_and_in_order(clinic, receiver):
    endpoint = listen(clinic, receiver)
    answer, receiver.answer = receiver.answer, refuse(503)
    mia, leo = clinic.book(berlin(3, 10)), clinic.book(berlin(3, 12), name="Leo Marsh")
    deliver()
    actions.say(mia, "acknowledged", now(), MIA)
    wait_and_deliver(1, timedelta(minutes=5))
    actions.move(mia, berlin(4, 9), now(), MIA)
    actions.cancel(leo, now(), DESK, by="customer")
    wait_and_deliver(1, timedelta(minutes=5))
    receiver.received.clear()
    receiver.answer = answer
    wait_and_deliver(2, timedelta(minutes=5))
    ids = [each.id for each in receiver.received]
    assert len(ids) == len(set(ids)) == delivered(endpoint).count() == Delivery.objects.count()
    for appointment, wanted in (
        (mia, ["scheduled", "acknowledged", "confirmed", "rescheduled"]),
        (leo, ["scheduled", "cancelled"]),
    ):
        got = [each for each in receiver.received if each.data["root_id"] == str(appointment.id)]
        steps = [each.type for each in got if each.type.startswith("appointment.")]
        assert steps == [f"appointment.{each}" for each in wanted]
        versions = [each.data["version"] for each in got]
        assert versions == sorted(versions)


def test_what_is_stuck_holds_up_its_own_appointment_only(clinic, receiver):
    listen(clinic, receiver)
    mia, leo = clinic.book(berlin(3, 10)), clinic.book(berlin(3, 12), name="Leo Marsh")
    receiver.answer = lambda got: (500 if got.data["root_id"] == str(mia.id) else 200, {}, b"")
    deliver()
    actions.cancel(mia, now(), MIA, by="customer")
    actions.cancel(leo, now(), MIA, by="customer")
    wait_and_deliver(1)
    of = [(each.data["root_id"] == str(mia.id), each.type) for each in receiver.received]
    assert (False, "appointment.cancelled") in of
    assert {kind for is_mia, kind in of if is_mia} == {"appointment.scheduled"}


def test_attempts_keep_to_the_published_schedule(clinic, receiver):
    receiver.answer = refuse(500)
    endpoint = listen(clinic, receiver, types=["appointment.scheduled"])
    clinic.book(berlin(3, 10))
    times = []
    for _ in range(ATTEMPTS):
        deliver()
        times.append(Attempt.objects.order_by("id").last().at)
        clock.advance_to(max(now(), Delivery.objects.get().wake_at))
    waits = [b - a for a, b in pairwise(times)]
    assert len(waits) == len(SCHEDULE) == 9
    for wait, published in zip(waits, SCHEDULE, strict=True):
        assert published <= wait <= published * 1.1
    assert queries.endpoint(clinic.business.id, endpoint.id).disabled_by == Endpoint.IN_VAIN


def test_retry_after_is_honoured_and_bounded(clinic, receiver):
    listen(clinic, receiver, types=["appointment.scheduled"])
    receiver.answer = refuse(429, Retry_After="3600")
    clinic.book(berlin(3, 10))
    deliver()
    assert Delivery.objects.get().wake_at == now() + timedelta(hours=1)
    clock.advance(timedelta(hours=1))
    receiver.answer = refuse(503, Retry_After="99999999999999")
    deliver()
    assert Delivery.objects.get().wake_at == now() + timedelta(hours=24)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("120", 120),
        ("²", 0),
        ("Mon, 01 Mar 99999999999999999999 07:01:00 GMT", 0),
        ("Mon, 01 Mar 2027 07:01:00 +99999999999999", 0),
        ("Mon, 01 Mar 2027 07:01:00 GMT", 60),
    ],
)
def test_retry_after_may_be_seconds_or_a_date(text, seconds):
    from tests.appointments.clinic import NOW

    assert delivering.wished(text, NOW) == timedelta(seconds=seconds)


# An endpoint goes out of use


def test_gone_disables_at_once_and_the_owner_is_told(clinic, receiver):
    receiver.answer = refuse(410)
    endpoint = listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    deliver()
    found = queries.endpoint(clinic.business.id, endpoint.id)
    assert (found.disabled_by, found.disabled_at) == (Endpoint.GONE, now())
    post = Post()
    assert tell_owners(post, now()) == 1
    (letter,) = post.letters
    assert letter.recipient.address == "harbour@example.com"
    assert "127.0.0.1" in letter.subject
    assert f"/console/set-up/webhooks/{endpoint.id}/" in letter.text
    assert endpoint.secret not in letter.text + letter.html
    assert tell_owners(post, now()) == 0


def test_an_owner_is_told_later_when_mail_is_away(clinic, receiver):
    receiver.answer = refuse(410)
    listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    deliver()
    away = Post()
    away.error = TransportError("away")
    assert tell_owners(away, now()) == 0
    clock.advance(timedelta(minutes=11))
    assert tell_owners(Post(), now()) == 1


def test_what_accumulates_while_it_is_disabled_goes_out_in_order_afterwards(clinic, receiver):
    endpoint = listen(clinic, receiver)
    answer, receiver.answer = receiver.answer, refuse(410)
    mia = clinic.book(berlin(3, 10))
    deliver()
    actions.say(mia, "acknowledged", now(), MIA)
    actions.cancel(mia, now(), MIA, by="customer")
    wait_and_deliver(1, timedelta(minutes=10))
    assert len(receiver.received) == 1
    receiver.received.clear()
    receiver.answer = answer
    waiting = queries.waiting(clinic.business.id)
    assert webhooks.enable(clinic.business.id, endpoint.id, now()) == waiting
    deliver()
    got = [each for each in receiver.types if each.startswith("appointment.")]
    assert [each.partition(".")[2] for each in got] == [
        "scheduled",
        "acknowledged",
        "confirmed",
        "cancelled",
    ]
    assert queries.waiting(clinic.business.id) == 0


def test_turned_off_by_hand_nobody_gets_a_letter(clinic, receiver):
    endpoint = listen(clinic, receiver)
    webhooks.disable(clinic.business.id, endpoint.id, now())
    assert tell_owners(Post(), now()) == 0
    assert queries.disabled_by_themselves(clinic.business.id) == []


# By hand


def test_one_event_is_replayed_under_its_old_id(clinic, receiver):
    endpoint = listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    deliver()
    (first,) = receiver.received
    webhooks.replay(clinic.business.id, endpoint.id, Delivery.objects.get().event_id, now())
    deliver()
    assert [each.id for each in receiver.received] == [first.id, first.id]
    assert receiver.received[1].body == first.body


def test_everything_since_a_moment_is_replayed_in_order(clinic, receiver):
    endpoint = listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    clock.advance(timedelta(hours=1))
    since = now()
    mia = clinic.book(berlin(3, 12), name="Leo Marsh")
    actions.cancel(mia, now(), MIA, by="customer")
    deliver()
    before = [each.id for each in receiver.received]
    count = webhooks.replay_since(clinic.business.id, endpoint.id, since, now())
    deliver()
    again = [each.id for each in receiver.received][len(before) :]
    assert len(again) == count == len(before) - 1
    assert again == [each for each in before if each in again]


def test_a_stuck_event_may_be_skipped(clinic, receiver):
    endpoint = listen(clinic, receiver)
    receiver.answer = lambda got: (500 if got.type == "appointment.scheduled" else 200, {}, b"")
    mia = clinic.book(berlin(3, 10))
    deliver()
    actions.cancel(mia, now(), MIA, by="customer")
    deliver()
    stuck = Delivery.objects.order_by("id").first()
    webhooks.skip(clinic.business.id, endpoint.id, stuck.event_id, now())
    deliver()
    assert receiver.types[-1] != "appointment.scheduled"
    assert "appointment.cancelled" in receiver.types


# Whatever becomes of us


def test_after_a_crash_between_sending_and_writing_down_it_comes_again_under_its_id(
    clinic, receiver
):
    listen(clinic, receiver)
    mia = clinic.book(berlin(3, 10))
    ((taken,), _) = delivering.claim(now(), "dies", 1)
    delivering.send(taken)  # and here the worker dies
    actions.cancel(mia, now(), MIA, by="customer")
    deliver()
    assert len(receiver.received) == 1, "later ones wait for what may not have arrived"
    Delivery.objects.update(claimed_until=delivering.real_now() - timedelta(seconds=1))
    assert delivering.recover(now()) == 1
    deliver()
    first, second, *_ = receiver.received
    assert first.id == second.id
    assert receiver.types[1:3] == ["appointment.scheduled", "appointment.cancelled"]


def test_who_was_held_up_for_longer_than_its_lease_is_not_listened_to(clinic, receiver):
    listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    ((late,), _) = delivering.claim(now(), "late", 1)
    result = delivering.send(late)
    Delivery.objects.update(claimed_until=delivering.real_now() - timedelta(seconds=1))
    delivering.recover(now())
    ((taken,), _) = delivering.claim(now(), "other", 1)
    delivering.settle(late, result, now())
    assert Delivery.objects.get().status == Delivery.SENDING
    delivering.settle(taken, result, now())
    assert Delivery.objects.get().status == Delivery.DELIVERED


def test_what_was_removed_while_it_was_in_the_air_is_forgotten(clinic, receiver):
    endpoint = listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    ((taken,), _) = delivering.claim(now(), "test", 1)
    webhooks.remove(clinic.business.id, endpoint.id)
    delivering.settle(taken, delivering.send(taken), now())
    assert not Delivery.objects.exists()


# A receiver that hangs


def test_a_receiver_that_hangs_holds_up_no_other(house_db, receiver):
    with listening() as quick:
        clinic, other = Clinic(), Clinic(name="Other Clinic")
        listen(clinic, receiver)
        listen(other, quick)
        receiver.answer = lambda got: receiver.stopped.wait(3) and None
        for hour in range(9, 15):
            clinic.book(
                berlin(3, hour), name=f"Mia {hour}", contact={"email": f"m{hour}@example.com"}
            )
        other.book(berlin(3, 10))
        hooks, until = Hooks("test", now), time.monotonic() + 10
        try:
            while not quick.received and time.monotonic() < until:
                hooks.turn(0.05)
            assert quick.types == ["appointment.scheduled"]
            assert len(receiver.received) <= delivering.AT_ONCE_EACH < AT_ONCE
        finally:
            receiver.stopped.set()
            hooks.close()


@pytest.mark.parametrize("seed", range(3))
def test_two_workers_deliver_everything_once_and_in_order(house_db, receiver, seed):
    """Whatever the other side does: it takes some, refuses some, hangs up on some."""
    clinic, chance = Clinic(), random.Random(seed)
    listen(clinic, receiver)
    taken, tries = [], Counter()

    def whatever(got):
        kind = chance.choice(["take", "take", "refuse", "hang up", "take and hang up"])
        tries[got.id] += 1
        kind = "take" if tries[got.id] > 3 else kind
        if kind in {"take", "take and hang up"}:
            with receiver.lock:
                taken.append(got)
        return {"take": (200, {}, b""), "refuse": (500, {}, b"")}.get(kind)

    receiver.answer = whatever
    booked = [clinic.book(berlin(day, 10)) for day in (3, 4, 5, 8)]
    for each in booked:
        actions.say(each, "acknowledged", now(), MIA)
        actions.cancel(each, now(), MIA, by="customer")
    total = Delivery.objects.count()

    def work(name):
        try:
            until = time.monotonic() + 30
            while queries.waiting() and time.monotonic() < until:
                if not deliver_hooks(name, now):
                    clock.advance(timedelta(minutes=3))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ["one", "two"]))
    ids = [each.id for each in taken]
    assert len(set(ids)) == total
    assert queries.waiting() == 0
    for each in booked:
        # What came twice is known by its id and dropped: the rest is in order.
        mine = {got.id: got for got in taken if got.data["root_id"] == str(each.id)}
        versions = [got.data["version"] for got in mine.values()]
        assert versions == sorted(versions)


def test_what_is_old_is_cleared_away_and_what_waits_stays(clinic, receiver):
    listen(clinic, receiver)
    clinic.book(berlin(3, 10))
    deliver()
    receiver.answer = refuse(410)
    clinic.book(berlin(3, 12), name="Leo Marsh")
    deliver()
    clock.advance(timedelta(days=31))
    webhooks.tidy(now())
    assert {each.status for each in Delivery.objects.all()} == {Delivery.HELD}
    clock.advance(timedelta(days=60))
    webhooks.tidy(now())
    assert not Delivery.objects.exists()
    assert not queries.Event.objects.exists()
