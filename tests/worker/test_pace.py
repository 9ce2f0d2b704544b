"""A backlog leaves in the order of its use, and no faster than the mail server takes it."""

from datetime import timedelta

import pytest

from kept.channels.base import Unreachable
from kept.clock import actions as clock
from kept.outbox import queries as outbox
from kept.outbox.actions import Turns
from kept.outbox.queries import Message
from kept.worker import loop
from kept.worker.deliver import deliver_one
from kept.worker.mail import Watch, Watched
from kept.worker.pace import BURST, Pace
from tests.appointments.clinic import NOW, Clinic, Post, berlin, go_to, now, state

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Seconds:
    """Real time, as a test wants it."""

    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


def taken_at_once(pace, most=1000):
    return next(count for count in range(most) if pace.take())


# The pace


def test_it_lets_a_burst_go_and_then_no_more_than_its_rate():
    seconds = Seconds()
    pace = Pace(60, seconds=seconds)
    assert taken_at_once(pace) == BURST  # one a second
    assert pace.take() == pytest.approx(1.0)
    seconds.at += 3
    assert taken_at_once(pace) == 3
    seconds.at += 3600
    assert taken_at_once(pace) == BURST


def test_a_slow_one_lets_single_letters_go():
    seconds = Seconds()
    pace = Pace(2, seconds=seconds)
    assert pace.take() == 0
    assert pace.take() == pytest.approx(30.0)
    seconds.at += 29.9
    assert pace.take() > 0
    seconds.at += 0.2
    assert pace.take() == 0


def test_what_was_no_letter_after_all_is_not_counted():
    pace = Pace(1, seconds=Seconds())
    for _ in range(5):
        assert pace.take() == 0
        pace.give_back()


def test_workers_that_live_share_it():
    seconds, alive = Seconds(), [1]
    pace = Pace(60, lambda: alive[0], seconds)
    taken_at_once(pace)
    alive[0] = 3
    seconds.at += 600
    assert taken_at_once(pace) == 3
    assert pace.take() == pytest.approx(3, abs=1)


def test_what_stays_here_needs_no_pace(settings):
    assert {Pace(None).take() for _ in range(500)} == {0}
    settings.EMAIL_URL = "inbox:"
    assert loop.per_minute() is None
    settings.EMAIL_URL, settings.EMAIL_PER_MINUTE = "smtp://127.0.0.1:25", 30
    assert loop.per_minute() == 30


# A backlog


@pytest.fixture
def clinic(db):
    return Clinic()


def said(post):
    """The leg and the control of each letter, in order."""
    return [letter.headers["X-Kept"].split("control=")[1] for letter in post.letters]


def after_an_outage(clinic):
    """Half past one, and no letter has left since nine: four kinds of them wait."""
    post = Post()
    start = berlin(4, 14)
    tomorrow = clinic.book(berlin(5, 13), name="First Ada")
    today = clinic.book(start, name="Final Ben", staff=clinic.ben)
    gone = clinic.book(start - 2 * HOUR, name="Gone Cleo", staff=clinic.ben)
    go_to(start - 5 * HOUR, post)
    assert {state(each) for each in (tomorrow, today, gone)} == {"confirmed", "prepared"}
    post.letters.clear()
    post.away = Unreachable("nobody answers")
    clinic.book(start + timedelta(days=7), name="New Dan")
    go_to(start - 30 * MINUTE, post)
    post.away = None
    Message.objects.filter(status="queued").update(wake_at=now())  # `try_again_now`
    return post


def test_after_an_outage_what_is_soonest_of_no_use_leaves_first_and_what_is_of_none_never(clinic):
    post = after_an_outage(clinic)
    queued = Message.objects.filter(status="queued").order_by("useful_until")
    expected = [each.control for each in queued if each.useful_until > now()]
    post.deliver()
    assert said(post) == expected
    assert said(post)[0] == "final_reminder"
    assert said(post).index("final_reminder") < said(post).index("confirmation")
    late = Message.objects.filter(status="expired")
    assert "final_reminder" in set(late.values_list("control", flat=True))


def test_what_is_always_of_use_leaves_last(clinic):
    for n in range(2):
        clinic.book(berlin(3, 10 + n))
    first = Message.objects.order_by("created_at").first()
    Message.objects.filter(pk=first.pk).update(useful_until=None)
    post = Post()
    post.deliver()
    assert Message.objects.filter(status="accepted").count() == 2
    assert post.letters[-1].message_id.startswith(f"<{first.pk.hex}")


def test_a_business_with_many_letters_keeps_none_of_another_waiting(clinic):
    other = Clinic(name="Other")
    for n in range(4):
        clinic.book(berlin(3, 10 + n))
    other.book(berlin(22, 10))
    other.book(berlin(23, 10))
    post, turns = Post(), Turns()
    while deliver_one(post, "w", now, turns):
        pass
    whose = [letter.message_id[1:].split(".")[0] for letter in post.letters]
    names = [Message.objects.get(pk=each).business.name for each in whose]
    assert names[:4].count("Other") == 2
    assert len(names) == 6


def test_at_its_pace_a_worker_sends_no_more_and_what_has_expired_costs_nothing(clinic):
    for n in range(4):
        clinic.book(berlin(3, 10 + n))
    oldest = Message.objects.order_by("useful_until").first()
    Message.objects.filter(pk=oldest.pk).update(useful_until=NOW)
    seconds, post = Seconds(), Post()
    transport, pace = Watched(post, Watch()), Pace(12, seconds=seconds)  # two, then one in 5 s

    def turn():
        while not pace.take() and loop._deliver_paced(transport, "w", pace, Turns()):
            pass

    turn()
    assert len(post.letters) == 2
    assert Message.objects.get(pk=oldest.pk).status == "expired"
    turn()
    assert len(post.letters) == 2
    seconds.at += 5
    turn()
    assert len(post.letters) == 3


def test_how_much_waits_and_for_how_long_can_be_seen(clinic):
    assert outbox.backlog(now()) == outbox.Backlog(0, timedelta(0))
    clinic.book(berlin(3, 10))
    clock.advance(10 * MINUTE)
    clinic.book(berlin(4, 10))
    assert outbox.backlog(now()) == outbox.Backlog(2, 10 * MINUTE)
    Post().deliver()
    assert outbox.backlog(now()).waiting == 0
