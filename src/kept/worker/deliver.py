"""Delivering one message: claim, word it, look once more, mark, hand over, write back.

The order matters. The transport is made ready before the last look, so that the moment between
the mark and the sending, in which a crash leaves doubt, is short. The last look locks the case,
so that a change and a hand-over come one after the other. What became of the attempt is written
in the same transaction as what it means for the case.
"""

from __future__ import annotations

import logging
import time as real_time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from kept.appointments import actions as appointments
from kept.appointments.letters import Unaddressed, letter_for
from kept.cases import actions as cases
from kept.cases import queries as case_queries
from kept.channels.base import Letter, Transport, TransportError
from kept.core.case import Event
from kept.journeys import letters as journeys
from kept.leads import letters as leads
from kept.lib.again import in_one_transaction
from kept.lib.trouble import database_away
from kept.outbox import actions as outbox
from kept.outbox import queries as outbox_queries
from kept.outbox.actions import LastLook, Outcome
from kept.outbox.queries import Message
from kept.people import actions as people
from kept.people import queries as people_queries

log = logging.getLogger("kept.worker")

Now = Callable[[], datetime]

# Seconds from the mark to the transport. A change waits longer than that for a message in hand, so
# a worker that was suspended in between finds out here, and does not send what has changed since.
LONGEST_MARK = 2.0
# Seconds from the mark to the first octet of the letter, for the same reason: shorter than a
# change waits, so that no slow server is still being given a letter after the change was answered.
LONGEST_START = 4.0
# Seconds for which an acceptance is written again and again while the database is away: shorter
# than the lease, after which the attempt counts as in doubt.
INSIST_FOR = 30.0


def deliver_one(
    transport: Transport, worker: str, now: Now, turns: outbox.Turns | None = None
) -> bool:
    """Deliver the message whose turn it is. False when none is due."""
    message = outbox.claim_next(now(), worker, turns)
    if message is None:
        return False
    try:
        _deliver(message, transport, now)
    except Exception as error:
        # One message that cannot be handled must not stop the others: it is tried again later,
        # counted, and after a few attempts somebody is told. That the database is away is told
        # once for all of them, by whoever turns the handle.
        if not database_away(error):
            log.exception("Message %s could not be delivered.", message.id)
        why = "an error in Kept itself"
        _settle(message, now, lambda at, look: outbox.broke_off(message, why, at, look))
    return True


def _deliver(message: Message, transport: Transport, now: Now) -> None:
    at = now()
    if message.useful_until is not None and at >= message.useful_until:
        _settle(message, now, lambda at, look: outbox.expired(message, at))
        return
    try:
        transport.prepare()
    except TransportError as error:
        detail = error.detail
        _settle(message, now, lambda at, look: outbox.give_back(message, detail, at, look))
        return
    try:
        letter, missing = _letter(message, at)
    except (Unaddressed, ValueError) as error:
        reason = TransportError(str(error), permanent=True)
        _settle(message, now, lambda at, look: outbox.failed(message, reason, at, look))
        return
    _hand_over(message, letter, missing, transport, now)


def _letter(message: Message, at: datetime) -> tuple[Letter, str]:
    """The letter, and what is missing from it."""
    if leads.writes(message):
        return leads.letter_for(message, at), ""
    if journeys.writes(message):
        return journeys.letter_for(message, at), ""
    return letter_for(message, at)


def _hand_over(
    message: Message, letter: Letter, missing: str, transport: Transport, now: Now
) -> None:
    began = real_time.monotonic()
    if not _mark(message, letter, now):
        return
    try:
        if real_time.monotonic() - began > LONGEST_MARK:
            raise TransportError("the worker was held up before handing it over")
        receipt = transport.hand_over(replace(letter, begin_by=began + LONGEST_START))
    except TransportError as error:
        failure = error
        if error.permanent and getattr(error, "at", "") == "recipient":
            _refused_for_good(message, letter.recipient.address, error, now)
            return
        _settle(message, now, lambda at, look: outbox.failed(message, failure, at, look))
        return
    _insist(lambda: _accepted(message, receipt.detail, missing, now))


@in_one_transaction
def _mark(message: Message, letter: Letter, now: Now) -> bool:
    """Mark it as handed over, after the last look. False: it is not to be sent."""
    at = now()
    if not outbox.mark_handed_over(message, letter, at, still_wanted):
        return True
    _respect(message, still_wanted(message), at)
    return False


def _respect(message: Message, look: LastLook, at: datetime) -> None:
    """A refusal that the last look has found, the case hears: its plan tells the truth again.

    The caller's transaction holds the lock of this case; the person's others find it by their own.
    """
    if look.refused:
        refused = people_queries.not_to_write(people_queries.customer(message.person_id))
        data: dict[str, object] = {"not_to_write": refused}
        _happened(message, Event("consent_changed", at, reason=look.why_not, data=data), at)


def _insist(write: Callable[[], None]) -> None:
    """Write it although the database is away for a moment: the server has the letter, and what is
    forgotten now would be sent a second time. Nothing wakes us when it is back, so it is tried.
    """
    deadline = real_time.monotonic() + INSIST_FOR
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if real_time.monotonic() > deadline:
                raise
            log.warning("An acceptance could not be written down; it is tried again.")
            connection.close()
            real_time.sleep(0.2)


@in_one_transaction
def _refused_for_good(message: Message, address: str, error: TransportError, now: Now) -> None:
    """The address itself was refused: that holds for everything else its owner is to get.

    The customer is locked first and then all their cases in the order of their ids, as where an
    address is corrected; only then the message.
    """
    marked = people.mark_email_bad(message.person_id, address, error.detail)
    concerned = case_queries.waiting_of(message.person_id) if marked else set()
    case_queries.lock_all({message.case, *concerned})
    _settle(message, now, lambda at, look: outbox.failed(message, error, at, look))
    if marked:
        appointments.address_refused(message.person_id, now())


def still_wanted(message: Message) -> LastLook:
    """The last look, for the outbox: locks the case until the end of the transaction."""
    return case_queries.message_wanted(message.case, message.control, message.run)


WriteBack = Callable[[datetime, LastLook], Outcome | None]


@in_one_transaction
def _settle(message: Message, now: Now, write_back: WriteBack) -> None:
    """Write what became of an attempt and what it means for the case, together.

    The case is locked before the message, as everywhere: two orders would be a deadlock.
    """
    look = still_wanted(message)
    at = now()
    outcome = write_back(at, look)
    tell(outcome, at)
    if outcome is None:
        _respect(message, look, at)


@in_one_transaction
def _accepted(message: Message, detail: str, missing: str, now: Now) -> None:
    """Write that the transport took it, as `_settle` does, and what is `missing` from it.

    Whether it was still wanted makes no difference to what was sent, so that is not asked; but
    for a second acceptance, which says nothing new.
    """
    case_queries.lock(message.case)
    at = now()
    outcome = outbox.accepted(message, detail, at)
    tell(outcome, at)
    if outcome is None:
        _respect(message, still_wanted(message), at)
    if missing:
        data: dict[str, object] = {"control": message.control, "detail": missing}
        _happened(message, Event("message_incomplete", at, data=data), at)


def tell(outcome: Outcome | None, at: datetime) -> None:
    """Let the case know what became of its message."""
    if outcome is not None:
        _happened(outcome.message, Event(outcome.event, at, data=outcome.data), at)


def _happened(message: Message, event: Event, at: datetime) -> None:
    cases.apply([cases.Incoming(message.case, event)], at)


def recover(now: Now) -> int:
    """Decide about attempts whose worker has died; answers how many there were."""
    abandoned = outbox_queries.abandoned()
    for message in abandoned:
        try:
            _recover_one(message, now)
        except Exception as error:
            if database_away(error):
                raise
            log.exception("Message %s could not be recovered; the others go on.", message.id)
    return len(abandoned)


def _recover_one(message: Message, now: Now) -> None:
    _settle(message, now, lambda at, look: outbox.recover_one(message.id, at, look))
