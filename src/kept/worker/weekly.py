"""Sending the weekly letters to the owners."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from kept.audit import letters
from kept.audit.letters import WeeklyLetter
from kept.channels.base import Transport, TransportError

log = logging.getLogger("kept.worker")

LOOK_EVERY = timedelta(seconds=20)


def write_and_send(transport: Transport, now: datetime) -> None:
    """Write what is due, and hand over what waits."""
    letters.write_due(now)
    send_waiting(transport, now)


def send_waiting(transport: Transport, now: datetime) -> int:
    """Hand over what waits; answers how many that were. Stops when the mail server is away."""
    sent = 0
    while (waiting := letters.take(now)) is not None:
        if not _send(transport, waiting, now):
            break
        sent += 1
    return sent


def _send(transport: Transport, waiting: WeeklyLetter, now: datetime) -> bool:
    try:
        transport.prepare()
    except TransportError as error:
        letters.try_again(waiting, error.detail, now)
        return False
    if not letters.mark(waiting, now):
        return False
    try:
        transport.hand_over(letters.as_letter(waiting, now))
    except TransportError as error:
        _failed(waiting, error, now)
        return False
    except Exception as error:  # we tripped over something ourselves: nobody knows whether it left
        letters.in_doubt(waiting, f"{type(error).__name__}: {error}", now)
        raise
    letters.accepted(waiting, now)
    return True


def _failed(waiting: WeeklyLetter, error: TransportError, now: datetime) -> None:
    log.warning("A weekly letter of %s did not leave: %s", waiting.business.name, error.detail)
    if error.doubt:
        letters.in_doubt(waiting, error.detail, now)
    elif error.permanent:
        letters.give_up(waiting, error.detail, now)
    else:
        letters.try_again(waiting, error.detail, now)
