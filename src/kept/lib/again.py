"""Run a transaction again when the database broke a deadlock by giving it up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

TIMES = 5
# PostgreSQL, "Class 40 — Transaction Rollback": serialization_failure, deadlock_detected.
GIVEN_UP = frozenset({"40001", "40P01"})

Wanted = ParamSpec("Wanted")
Answer = TypeVar("Answer")


def given_up(error: BaseException) -> bool:
    """True when the database gave up one of two transactions that waited for one another."""
    return getattr(error.__cause__, "sqlstate", None) in GIVEN_UP


def in_one_transaction(act: Callable[Wanted, Answer]) -> Callable[Wanted, Answer]:
    """Like `transaction.atomic`; tried again from the start when two waited for one another.

    Everything takes its locks in one order (cases, then resources, then messages), so this is the
    net under the rope, for what the database locks on its own. Inside a larger transaction the
    error is passed on: only the whole can be tried again.
    """

    @functools.wraps(act)
    def tried_again(*args: Wanted.args, **kwargs: Wanted.kwargs) -> Answer:
        for _ in range(TIMES - 1):
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except OperationalError as error:
                if not given_up(error) or connection.in_atomic_block:
                    raise
        with transaction.atomic():
            return act(*args, **kwargs)

    return tried_again
