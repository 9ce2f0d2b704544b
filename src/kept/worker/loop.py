"""The clockwork: turns what is due into decisions, and delivers what is to be said.

One thread turns the handle; a few others deliver, so that a slow mail server holds up neither the
controls nor the other messages; one sees to webhooks (`worker/hooks.py`). Nothing is remembered
between two turns: everything is decided from rows, which is why a worker may die at any moment and
any number of them may run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, connection

from kept.audit import letters as owners_letters
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.channels.base import Transport, TransportError
from kept.channels.email import from_url
from kept.clock import actions as clock
from kept.clock import queries as clock_queries
from kept.journeys import actions as journeys
from kept.lib.trouble import Trouble
from kept.outbox import actions as outbox
from kept.outbox import queries as outbox_queries
from kept.webhooks import actions as webhooks
from kept.worker import notices, samples, weekly
from kept.worker.deliver import deliver_one, recover
from kept.worker.hooks import Hooks, deliver_hooks
from kept.worker.mail import Watch, Watched
from kept.worker.now_and_then import NowAndThen
from kept.worker.pace import Pace

log = logging.getLogger("kept.worker")
TROUBLE = Trouble(log, "The worker met an error and goes on.")

REST = 0.2  # seconds between two looks when nothing is due
SHORT_REST = 0.02  # the first one after there was something: more often follows soon
LONGEST_REST = 5.0  # and after errors: each one in a row doubles it
BEAT_EVERY = timedelta(seconds=3)
RECOVER_EVERY = timedelta(seconds=10)
TIDY_EVERY = timedelta(hours=1)


Tidy = Callable[[], None]


def run(
    stop: threading.Event, *, name: str, deliverers: int = 2, tidy: Tidy = lambda: None
) -> None:
    """Turn the handle until `stop` is set. Errors are logged and survived; the rest goes on.

    `tidy` is called once an hour: it clears away what the doors to the street no longer need.
    """
    tally = _Tally(name, tidy)
    make: Callable[[], Transport] = from_url(settings.EMAIL_URL)  # a wrong one ends it here
    threads = [
        threading.Thread(
            target=_deliver_until, args=(stop, f"{name}.{n}", tally, make), name=f"deliver-{n}"
        )
        for n in range(deliverers)
    ]
    threads.append(
        threading.Thread(target=_hooks_until, args=(stop, f"{name}.hooks"), name="webhooks")
    )
    for thread in threads:
        thread.start()
    _turn_until(stop, tally)
    for thread in threads:
        thread.join()


def turn_once() -> int:
    """Do everything that is due now, in this thread, and answer how much that was.

    For the demo's preparation and for tests: the same steps as `run`, without waiting.
    """
    transport = from_url(settings.EMAIL_URL)()
    total = 0
    try:
        # What became of a message may make a control due, and the other way round.
        while done := (
            turn_controls()
            or deliver_one(transport, "once", clock_queries.now)
            or deliver_hooks("once", clock_queries.now)
        ):
            total += done
    finally:
        transport.close()
    return total


def turn_controls() -> int:
    """One batch of due controls and of hand-offs to receive; how many that was."""
    now = clock_queries.now()
    turned, _ = cases.turn_due(now)
    return turned + journeys.receive_offered(now)


class _Tally:
    """What this worker has done so far, and when it last said that it lives."""

    def __init__(self, name: str, tidy: Tidy) -> None:
        self.name, self._tidy = name, tidy
        self.started_at = clock_queries.real_now()
        self.beat_at = self.recovered_at = self.tidied_at = self.started_at - timedelta(days=1)
        self.turned = self.failed = 0
        self.mail = Watch()
        self.pace = Pace(per_minute(), lambda: len(clock_queries.workers()))

    def beat(self) -> None:
        """Leave a sign of life every few seconds; `idle` says that nothing due was left."""
        at = clock_queries.real_now()
        if at - self.beat_at < BEAT_EVERY:
            return
        self.beat_at = at
        now = clock_queries.now()
        idle = not case_queries.due_now(now) and not outbox_queries.waiting(now)
        clock.beat(
            self.name,
            started_at=self.started_at,
            idle=idle,
            turned=self.turned,
            failed=self.failed,
            mail_away_since=self.mail.away_since,
            mail_detail=self.mail.detail,
        )

    def recover(self) -> None:
        """Every few seconds: decide about messages whose worker has died."""
        at = clock_queries.real_now()
        if at - self.recovered_at >= RECOVER_EVERY:
            self.recovered_at = at
            recover(clock_queries.now)

    def tidy(self) -> None:
        """Once an hour, and at the start."""
        at = clock_queries.real_now()
        if at - self.tidied_at >= TIDY_EVERY:
            self.tidied_at = at
            clock.forget_the_dead()
            webhooks.tidy(clock_queries.now())
            self._tidy()


class _Patience:
    """How long a thread rests between two looks: shortly where something was just done, because
    one duty leads to the next; after errors longer with each in a row, and told by TROUBLE."""

    def __init__(self) -> None:
        self.rest = REST

    def fine(self, *, busy: bool = False) -> None:
        self.rest = SHORT_REST if busy else min(2 * self.rest, REST)
        TROUBLE.fine()

    def met(self, error: Exception) -> None:
        """The database went away, or we are wrong somewhere: say so, drop the connection, go on."""
        TROUBLE.met(error)
        self.rest = min(self.rest * 2, LONGEST_REST)
        close_old_connections()
        connection.close()


def _turn_until(stop: threading.Event, tally: _Tally) -> None:
    patience = _Patience()
    while not stop.is_set():
        busy = False
        try:
            turned, pushed_back = cases.turn_due(clock_queries.now())
            tally.turned += turned
            tally.failed += pushed_back
            received = journeys.receive_offered(clock_queries.now())
            tally.turned += received
            busy = turned + received > 0
            tally.recover()
            tally.tidy()
            tally.beat()
            patience.fine(busy=busy)
        except Exception as error:
            busy = False
            patience.met(error)
        if not busy:
            stop.wait(patience.rest)
    connection.close()


def _deliver_until(
    stop: threading.Event, name: str, tally: _Tally, make: Callable[[], Transport]
) -> None:
    transport, patience = Watched(make(), tally.mail), _Patience()
    besides = _besides(transport)
    turns = outbox.Turns()
    while not stop.is_set():
        delivered, wait = False, 0.0
        try:
            wait = tally.pace.take()
            if not wait:
                delivered = _deliver_paced(transport, name, tally.pace, turns)
            tally.turned += delivered
            _look_after_mail(transport, tally.mail)
            if not delivered and not wait:
                for each in besides:
                    each.turn()
            patience.fine(busy=delivered)
        except Exception as error:
            delivered, wait = False, 0.0
            patience.met(error)
        if not delivered:
            stop.wait(min(wait, patience.rest) or patience.rest)
    with suppress(OSError):
        transport.close()
    connection.close()


def _besides(transport: Transport) -> list[NowAndThen]:
    """What else is handed over, while no message waits: to members, not to customers."""
    now = clock_queries.now
    return [
        NowAndThen(notices.LOOK_EVERY, lambda: notices.tell_owners(transport, now())),
        NowAndThen(weekly.LOOK_EVERY, lambda: weekly.write_and_send(transport, now())),
        NowAndThen(samples.LOOK_EVERY, lambda: samples.send_samples(transport, now())),
    ]


def _deliver_paced(transport: Watched, name: str, pace: Pace, turns: outbox.Turns) -> bool:
    """Deliver one message; one that need not be handed over does not count for the pace."""
    given = transport.given
    try:
        return deliver_one(transport, name, clock_queries.now, turns)
    finally:
        if transport.given == given:
            pace.give_back()


def per_minute() -> int | None:
    """How many letters a minute the mail server is given; what stays here needs no pace."""
    leaves = from_url(settings.EMAIL_URL)().name not in {"inbox", "none"}
    limit: int = settings.EMAIL_PER_MINUTE
    return limit if leaves else None


def _hooks_until(stop: threading.Event, name: str) -> None:
    hooks, patience = Hooks(name, clock_queries.now), _Patience()
    while not stop.is_set():
        busy = False
        try:
            busy = hooks.turn(patience.rest)
            patience.fine()
        except Exception as error:
            patience.met(error)
        if not busy:
            stop.wait(patience.rest)
    hooks.close()
    connection.close()


def _look_after_mail(transport: Transport, mail: Watch) -> None:
    """Try the mail server when nobody knows of it or it is away; let go what waited for it."""
    if mail.wants_a_look():
        with suppress(TransportError):  # the watch has said so
            transport.prepare()
    if mail.has_returned():
        outbox.try_again_now(clock_queries.now())
        owners_letters.try_again_now(clock_queries.now())
