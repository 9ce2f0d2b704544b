"""Changing a leg alone: nobody else changes it, and no message of it is being handed over."""

from __future__ import annotations

import time as real_time
from collections.abc import Callable

from kept.appointments import queries
from kept.appointments.asking import Alongside, Answer, Stale
from kept.appointments.models import Appointment, Leg
from kept.cases import queries as case_queries
from kept.lib.again import in_one_transaction
from kept.outbox import queries as outbox

# Seconds a change waits for each message that is being handed over when it first sees it: longer
# than a deliverer may take from its mark to the first octet, so that none begins afterwards.
HAND_OVER_PATIENCE = 5.0


def change_alone(
    appointment: Appointment,
    change: Callable[[Leg], Answer],
    expected: int | None,
    alongside: Alongside,
) -> Answer:
    """Run a change of the current leg, alone, and not while a message of it is being handed over.

    Once the change is committed no message of the leg may leave. The deliverer takes the lock of
    the case before it hands one over; one already in the transport's hands cannot be called back,
    so the change waits until its fate is known. There is nothing to be woken by across processes:
    the row is looked at again until it is settled. A transport that hangs is not waited for
    longer than HAND_OVER_PATIENCE for each of its messages, however late in the wait another one
    was marked; then they stand recorded as handed over before. Raises Damaged for a leg that cannot
    be read.
    """
    first_seen: dict[outbox.Attempt, float] = {}

    def may_still_begin(attempt: outbox.Attempt) -> bool:
        at = real_time.monotonic()
        return at < first_seen.setdefault(attempt, at) + HAND_OVER_PATIENCE

    @in_one_transaction
    def attempt() -> Answer | None:
        leg = queries.whole(_locked_leg(appointment))
        if expected is not None and leg.case.version != expected:
            raise Stale(leg.case.version)
        # All of them are looked at: each has its own wait, from when it is first seen.
        waits = [may_still_begin(each) for each in outbox.in_hand([leg.case_id])]
        if any(waits):
            return None
        answer = change(leg)
        alongside(appointment)
        return answer

    while (answer := attempt()) is None:
        real_time.sleep(0.02)
    return answer


def _locked_leg(appointment: Appointment) -> Leg:
    """The current leg with its case locked. A move in between is noticed and followed."""
    while True:
        leg = Leg.objects.select_related("service", "staff").get(
            appointment=appointment, current=True
        )
        leg.case = case_queries.lock(leg.case_id)
        if Leg.objects.filter(case_id=leg.case_id, current=True).exists():
            return leg
