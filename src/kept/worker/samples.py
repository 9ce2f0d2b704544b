"""Handing over the letters that members send to themselves."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from kept.appointments.letters import domain
from kept.channels.base import Address, Letter, Transport, TransportError
from kept.outbox import samples
from kept.outbox.samples import Sample

log = logging.getLogger("kept.worker")

LOOK_EVERY = timedelta(seconds=2)


def send_samples(transport: Transport, now: datetime) -> int:
    """Hand over what waits; answers how many left. Stops when the mail server is away."""
    sent = 0
    while (sample := samples.take(now)) is not None:
        if not _send(transport, sample, now):
            break
        sent += 1
    return sent


def _send(transport: Transport, sample: Sample, now: datetime) -> bool:
    """Whether the next one may be tried."""
    try:
        transport.prepare()
    except TransportError as error:
        samples.give_back(sample, error.detail)
        return False
    if not samples.mark(sample, now):
        return True
    try:
        receipt = transport.hand_over(letter(sample, now))
    except TransportError as error:
        return _failed(sample, error, now)
    samples.settle(sample, Sample.ACCEPTED, now, receipt.detail)
    return True


def _failed(sample: Sample, error: TransportError, now: datetime) -> bool:
    log.warning("A test of %s did not leave: %s", sample.business.name, error.detail)
    if error.doubt:
        samples.settle(sample, Sample.DOUBTFUL, now, error.detail)
    elif error.permanent:
        samples.settle(sample, Sample.FAILED, now, error.detail)
    else:
        samples.give_back(sample, error.detail)
        return False
    return True


def letter(sample: Sample, now: datetime) -> Letter:
    """From the business, as its letters to customers are, to the member alone."""
    sender = Address(sample.business.email, sample.business.name)
    return Letter(
        sender=sender,
        recipient=Address(sample.address),
        reply_to=sender,
        subject=sample.subject_line,
        text=sample.text,
        html=sample.html,
        message_id=f"<{sample.id.hex}.test@{domain()}>",
        date=now,
        headers={"X-Kept": "test"},
    )
