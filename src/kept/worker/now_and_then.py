"""What a deliverer looks after beside the messages: not at every turn, only now and then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from kept.clock.queries import real_now


class NowAndThen:
    """Does this, but no more often than `every`. Belongs to the thread that asks it."""

    def __init__(self, every: timedelta, do: Callable[[], object]) -> None:
        self._every, self._do = every, do
        self._done_at = real_now() - every

    def turn(self) -> None:
        if real_now() - self._done_at >= self._every:
            self._done_at = real_now()
            self._do()
