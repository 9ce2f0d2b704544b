"""Delivering events to the programs that want them.

One thread knows the database: it takes what is due and writes down what became of it. Others know
only the network, so that a receiver that hangs costs a place among them and nothing else.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime, timedelta
from threading import Thread
from uuid import UUID

from kept.clock.queries import real_now
from kept.lib.trouble import database_away
from kept.webhooks import delivering
from kept.webhooks.delivering import AT_ONCE_EACH, Result
from kept.webhooks.queries import Delivery

log = logging.getLogger("kept.webhooks")

AT_ONCE = 8  # attempts of one worker at a time
RECOVER_EVERY = timedelta(seconds=10)
LAST_MOMENT = 5.0  # seconds, less than a worker has to stop

Now = Callable[[], datetime]
Flight = Future[Result]


class Hooks:
    """What one worker has under way. Belongs to one thread."""

    def __init__(self, name: str, now: Now) -> None:
        self._name, self._now = name, now
        self._flights: dict[Flight, Delivery] = {}
        self._recovered_at = real_now() - RECOVER_EVERY

    def turn(self, patience: float) -> bool:
        """Write down what has landed, let more take off; waits up to `patience` seconds for those
        in the air. True when there may be more to do at once.
        """
        self._land()
        self._recover()
        slots = AT_ONCE - len(self._flights)
        flying: Counter[UUID] = Counter(each.endpoint_id for each in self._flights.values())
        busy = [endpoint for endpoint, n in flying.items() if n >= AT_ONCE_EACH]
        taken, more = delivering.claim(self._now(), self._name, slots, busy)
        for each in taken:
            self._flights[_take_off(each)] = each
        if self._flights:
            wait(self._flights, timeout=patience, return_when=FIRST_COMPLETED)
        return more or bool(self._flights)

    def close(self) -> None:
        """Wait a moment for what is in the air, and write it down. What takes longer is sent again,
        under the same id, once its lease is over: a receiver that hangs must not keep a worker
        from stopping."""
        wait(self._flights, timeout=LAST_MOMENT)
        try:
            self._land()
        except Exception:
            log.exception("What became of some deliveries could not be written down.")

    def _land(self) -> None:
        for flight in [each for each in self._flights if each.done()]:
            # Only then is it forgotten: with the database away it is tried again.
            self._write_down(flight)
            del self._flights[flight]

    def _write_down(self, flight: Flight) -> None:
        delivery = self._flights[flight]
        try:
            write_down(delivery, flight.result, self._now())
        except Exception as error:
            if database_away(error):
                raise
            # One that cannot be written down must not keep the others from being delivered. Once
            # its lease is over it is sent again.
            log.exception("What became of event %s could not be kept.", delivery.event_id)

    def _recover(self) -> None:
        if real_now() - self._recovered_at >= RECOVER_EVERY:
            self._recovered_at = real_now()
            delivering.recover(self._now())


def _take_off(delivery: Delivery) -> Flight:
    """One attempt in a thread of its own, which may be left behind when the process ends."""
    flight: Flight = Future()

    def fly() -> None:
        try:
            flight.set_result(delivering.send(delivery))
        except Exception as error:
            flight.set_exception(error)

    Thread(target=fly, name="webhook", daemon=True).start()
    return flight


def deliver_hooks(worker: str, now: Now) -> int:
    """One round in this thread; answers how many attempts that were."""
    taken, more = delivering.claim(now(), worker, AT_ONCE)
    while more and not taken:
        taken, more = delivering.claim(now(), worker, AT_ONCE)
    for each in taken:
        write_down(each, lambda each=each: delivering.send(each), now())  # type: ignore[misc]
    return len(taken)


def write_down(delivery: Delivery, result: Callable[[], Result], now: datetime) -> None:
    """Write down what an attempt brought. One that broke through a fault of ours is tried again
    like any other, and counted."""
    try:
        found = result()
    except Exception:
        log.exception("Event %s could not be sent.", delivery.event_id)
        found = Result(None, "an error in Kept itself", 0)
    delivering.settle(delivery, found, now)
