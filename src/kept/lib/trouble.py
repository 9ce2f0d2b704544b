"""Trouble that comes back several times a second, in a log that people can still read.

A database that is away or a disk that is full makes every turn of every thread fail. Told is when
each kind of trouble begins (with its traceback), now and then that it goes on, and once when it is
over; in between it is counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

AGAIN_AFTER = 300.0  # seconds until trouble that goes on is mentioned again
OVER_AFTER = 30.0  # quiet seconds after which it counts as over: reads work on a full disk
MOST_KINDS = 20  # texts that differ every time must not make up for it


def database_away(error: BaseException) -> bool:
    """True when the database could not be used: busy, locked, full, restarting or gone."""
    return isinstance(error, OperationalError | InterfaceError)


@dataclass(slots=True)
class _Kind:
    times: int
    mention_at: float


class Trouble:
    """One thing that may go wrong again and again. Any thread may report to it."""

    def __init__(
        self, log: logging.Logger, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._what, self._clock = log, what, clock
        self._lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}
        self._began = self._last = 0.0

    @property
    def on(self) -> bool:
        """True from the first report until it counts as over."""
        return bool(self._kinds)

    def met(self, error: BaseException) -> None:
        """It went wrong (again). To be called where the error is handled."""
        with self._lock:
            now = self._last = self._clock()
            if not self._kinds:
                self._began = now
            name = f"{type(error).__qualname__}: {str(error)[:80]}"
            kind = self._kinds.get(name)
            if kind is None and len(self._kinds) < MOST_KINDS:
                self._kinds[name] = _Kind(1, now + AGAIN_AFTER)
                self._log.error("%s", self._what, exc_info=error)
            elif kind is not None:
                self._again(kind, name, now)

    def _again(self, kind: _Kind, name: str, now: float) -> None:
        kind.times += 1
        if now >= kind.mention_at:
            kind.mention_at = now + AGAIN_AFTER
            for_long = now - self._began
            self._log.error(
                "%s Still, %d times in %.0f s: %s", self._what, kind.times, for_long, name
            )

    def fine(self) -> None:
        """It went well. After a quiet while that is told, and everything begins anew."""
        if not self._kinds:
            return
        with self._lock:
            now = self._clock()
            if not self._kinds or now - self._last < OVER_AFTER:
                return
            times = sum(kind.times for kind in self._kinds.values())
            self._log.warning(
                "%s That is over: %d times in %.0f s.", self._what, times, self._last - self._began
            )
            self._kinds = {}
