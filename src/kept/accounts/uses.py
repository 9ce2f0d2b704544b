"""When each key was last used.

A request that only reads writes nothing, not even this. Each process remembers which keys it saw
and writes it down outside of any request: a web process by a thread of its own (`keep_writing`).
What a process had not yet written when it was killed is forgotten, and noticed at the next use.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from uuid import UUID

from django.db import Error, connection

from kept.accounts import queries
from kept.accounts.models import ApiKey, KeyUse

EVERY = timedelta(hours=1)
PAUSE = 60.0  # seconds until it is tried again when the database did not take it

log = logging.getLogger("kept.accounts")


class Uses:
    """What a process saw of its keys and has not written down yet."""

    def __init__(self) -> None:
        self._seen: dict[UUID, datetime] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()

    def notice(self, key: ApiKey, now: datetime) -> None:
        """The key is in use; once an hour that is worth a note."""
        last = self._seen.get(key.id) or queries.last_use(key)
        if last is not None and now - last < EVERY:
            return
        with self._lock:
            self._seen[key.id] = now
        self.wake()

    def wake(self) -> None:
        """Let `keep_writing` look what there is."""
        self._news.set()

    def write_down(self) -> None:
        """Write down what was noticed. What the database does not take is kept for another time.

        Raises django.db.Error.
        """
        with self._lock:
            seen = dict(self._seen)
        if seen:
            self._write(seen)
        with self._lock:
            for key, at in seen.items():
                if self._seen.get(key) == at:
                    del self._seen[key]

    def _write(self, seen: dict[UUID, datetime]) -> None:
        """Another process may have written a later use of the same key."""
        known = dict(KeyUse.objects.filter(key__in=seen).values_list("key_id", "at"))
        for key in ApiKey.objects.filter(id__in=seen):
            at = seen[key.id]
            if key.id not in known or at - known[key.id] >= EVERY:
                KeyUse.objects.update_or_create(key=key, defaults={"at": at})

    def keep_writing(self, stop: threading.Event, pause: float = PAUSE) -> None:
        """Write down what is noticed as soon as it is, until `stop` is set and `wake` called."""
        failing = False
        while True:
            self._news.wait()
            self._news.clear()
            if stop.is_set():
                return
            try:
                self.write_down()
                failing = False
            except Error as error:
                if not failing:
                    log.warning("When keys were last used could not be written down: %s", error)
                failing = True
                self._news.set()
                stop.wait(pause)
            finally:
                connection.close()  # needed again in an hour


_of_this_process = Uses()
key_used = _of_this_process.notice
write_down = _of_this_process.write_down


def start_writing() -> None:
    """Write down what this process notices, by a thread that ends with the process."""
    writing = threading.Thread(
        target=_of_this_process.keep_writing,
        args=(threading.Event(),),
        name="use-of-keys",
        daemon=True,
    )
    writing.start()
