"""How fast letters are handed to a mail server, so that it does not refuse them as too many.

A backlog goes out at this pace; in what order says `outbox.actions.claim_next`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

BURST = 10.0  # seconds: what was not used in that time may be made up for at once


def _alone() -> int:
    return 1


class Pace:
    """At most `per_minute` letters a minute, shared by the threads of one worker.

    Every worker that lives takes its part: `workers` says how many there are. None: as fast as it
    goes. Its time is real time, on a time-lapse clock too: the mail server lives by that.
    """

    def __init__(
        self,
        per_minute: int | None,
        workers: Callable[[], int] = _alone,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute, self._workers, self._seconds = per_minute, workers, seconds
        self._lock = Lock()
        self._counted = self._asked = seconds()
        self._sharing = 1
        self._left = self._most()

    def take(self) -> float:
        """Seconds until the next letter may go; 0: now, and this one is counted."""
        if self._per_minute is None:
            return 0.0
        with self._lock:
            self._refill()
            if self._left < 1:
                return (1 - self._left) / self._rate()
            self._left -= 1
            return 0.0

    def give_back(self) -> None:
        """No letter went out after all."""
        if self._per_minute is not None:
            with self._lock:
                self._left += 1

    def _refill(self) -> None:
        now = self._seconds()
        if now - self._asked >= BURST:
            self._asked, self._sharing = now, max(1, self._workers())
        self._left = min(self._most(), self._left + (now - self._counted) * self._rate())
        self._counted = now

    def _rate(self) -> float:
        """Letters a second."""
        return (self._per_minute or 0) / 60 / self._sharing

    def _most(self) -> float:
        return max(1.0, self._rate() * BURST)
