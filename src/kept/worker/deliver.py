"""Delivering one message: claim, word it, look once more, mark, hand over, write back.

The order matters. The transport is made ready before the last look, so that the moment between
the mark and the sending, in which a crash leaves doubt, is short. The last look locks the case,
so that a change and a hand-over come one after the other. What became of the attempt is written
in the same transaction as what it means for the case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from kept.appointments.letters import Unaddressed, letter_for
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.channels.base import Letter, Transport, TransportError
from kept.core.case import Event
from kept.outbox import actions as outbox
from kept.outbox import queries as outbox_queries
from kept.outbox.actions import LastLook, Outcome
from kept.outbox.queries import Message
from kept.people import actions as people

log = logging.getLogger("kept.worker")

Now = Callable[[], datetime]


def deliver_one(transport: Transport, worker: str, now: Now) -> bool:
    """Deliver the oldest message that is due. False when there is none."""
    message = outbox.claim_next(now(), worker)
    if message is None:
        return False
    try:
        _deliver(message, transport, now)
    except Exception:
        # One message that cannot be handled must not stop the others: it is tried again later,
        # counted, and after a few attempts somebody is told.
        log.exception("Message %s could not be delivered; it is tried again.", message.id)
        _settle(message, now, lambda at: outbox.give_back(message, "an error in Kept itself", at))
    return True


def _deliver(message: Message, transport: Transport, now: Now) -> None:
    at = now()
    if message.useful_until is not None and at >= message.useful_until:
        _settle(message, now, lambda at: outbox.expired(message, at))
        return
    try:
        transport.prepare()
    except TransportError as error:
        detail = error.detail
        _settle(message, now, lambda at: outbox.give_back(message, detail, at))
        return
    try:
        letter, missing = letter_for(message, at)
    except (Unaddressed, ValueError) as error:
        reason = TransportError(str(error), permanent=True)
        _settle(message, now, lambda at: outbox.failed(message, reason, at))
        return
    _hand_over(message, letter, missing, transport, now)


def _hand_over(
    message: Message, letter: Letter, missing: str, transport: Transport, now: Now
) -> None:
    at = now()
    why_not = outbox.mark_handed_over(message, letter, at, still_wanted)
    if why_not:
        return
    try:
        receipt = transport.hand_over(letter)
    except TransportError as error:
        failure = error
        if error.permanent and getattr(error, "at", "") == "recipient":
            people.mark_email_bad(message.person_id, letter.recipient.address, error.detail)
        _settle(message, now, lambda at: outbox.failed(message, failure, at))
        return
    _settle(message, now, lambda at: outbox.accepted(message, receipt.detail, at))
    if missing:
        event = Event(
            "message_incomplete", now(), data={"control": message.control, "detail": missing}
        )
        cases.apply([cases.Incoming(message.case, event)], now())


def still_wanted(message: Message) -> LastLook:
    """The last look, for the outbox: locks the case until the end of the transaction."""
    return case_queries.message_wanted(message.case, message.control, message.run)


def _settle(message: Message, now: Now, write_back: Callable[[datetime], Outcome | None]) -> None:
    """Write what became of an attempt and what it means for the case, together.

    The case is locked before the message, as everywhere: two orders would be a deadlock.
    """
    with transaction.atomic():
        case_queries.lock(message.case)
        at = now()
        tell(write_back(at), at)


def tell(outcome: Outcome | None, at: datetime) -> None:
    """Let the case know what became of its message."""
    if outcome is not None:
        event = Event(outcome.event, at, data=outcome.data)
        cases.apply([cases.Incoming(outcome.message.case, event)], at)


def recover(now: Now) -> int:
    """Decide about attempts whose worker has died; answers how many there were."""
    abandoned = outbox_queries.abandoned()
    for message in abandoned:
        with transaction.atomic():
            case_queries.lock(message.case)
            at = now()
            tell(outbox.recover_one(message.id, at), at)
    return len(abandoned)
