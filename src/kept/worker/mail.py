"""Whether mail leaves, as one worker sees it: looked at before somebody needs it, said on change.

A look is what every letter begins with: connecting and signing in. So a wrong password is in the
log when Kept is started, not when the first customer misses a confirmation.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from threading import Lock

from kept.channels.base import Letter, Receipt, Transport, Unreachable
from kept.clock.queries import real_now

log = logging.getLogger("kept.mail")

LOOK_EVERY = 30.0  # seconds between two looks while mail does not leave


class Watch:
    """What the deliverers of one worker know of the mail server together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known = self._returned = False
        self._looked: float | None = None
        self.away_since: datetime | None = None  # real time
        self.detail = ""

    def missed(self, detail: str) -> None:
        """Mail cannot leave now."""
        with self._lock:
            self._looked, self._known, self.detail = time.monotonic(), True, detail
            if self.away_since is not None:
                return
            self.away_since = real_now()
        log.warning("No mail leaves: %s. Every message waits and is tried again.", detail)

    def reached(self, name: str) -> None:
        """Mail can leave by the transport of this name."""
        with self._lock:
            since, news = self.away_since, not self._known or self.away_since is not None
            self._known, self.away_since, self.detail = True, None, ""
            self._returned = self._returned or news
        if since is not None:
            away = timedelta(seconds=int((real_now() - since).total_seconds()))
            log.info("Mail leaves again by %s, after %s (hours:minutes:seconds).", name, away)
        elif news and name == "inbox":
            log.info("Every message stays in the inbox of this installation.")
        elif news:
            log.info("Mail leaves by %s.", name)

    def wants_a_look(self) -> bool:
        """True for one who is to look now: nobody has yet, or mail does not leave."""
        with self._lock:
            if self._looked is not None:
                fine = self.away_since is None
                if fine or time.monotonic() - self._looked < LOOK_EVERY:
                    return False
            self._looked = time.monotonic()
            return True

    def has_returned(self) -> bool:
        """True once after mail can leave: again, or for the first time. A worker that has just
        begun cannot know what an earlier one tried in vain, with a wrong setting, say."""
        with self._lock:
            returned, self._returned = self._returned, False
            return returned


class Watched:
    """A transport that tells the watch whether it could be made ready."""

    def __init__(self, transport: Transport, watch: Watch) -> None:
        self._transport, self._watch = transport, watch
        self.given = 0  # how many letters it was given

    @property
    def name(self) -> str:
        return self._transport.name

    @property
    def capable_of_invitations(self) -> bool:
        return self._transport.capable_of_invitations

    def prepare(self) -> None:
        try:
            self._transport.prepare()
        except Unreachable as error:
            self._watch.missed(error.detail)
            raise
        self._watch.reached(self.name)

    def hand_over(self, letter: Letter) -> Receipt:
        self.given += 1
        return self._transport.hand_over(letter)

    def close(self) -> None:
        self._transport.close()
