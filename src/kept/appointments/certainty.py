"""Whether certainty holds for appointments, and if not, what broke it and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kept.appointments.models import Leg
from kept.cases import queries as cases
from kept.clock import queries as clock
from kept.core.certainty import PATIENCE, Certainty, certainty
from kept.core.paths import PATHS
from kept.people.queries import channels

PATH = PATHS["appointment"]


def certainties(legs: Sequence[Leg], now: datetime) -> dict[UUID, Certainty]:
    """Of each of these legs, by case: two statements, however many there are, and a third where
    something waits for a person.

    A worker at work may take PATIENCE of real time: on a time-lapse clock that is more of its own.
    """
    ids = [leg.case_id for leg in legs]
    planned, asked = cases.planned(ids), cases.asked(ids)
    told_by = cases.histories(asked)
    patience = PATIENCE * max(1.0, clock.speed())
    return {
        leg.case_id: certainty(
            PATH,
            leg.case.state,
            asked.get(leg.case_id, ()),
            told_by.get(leg.case_id, ()),
            planned.get(leg.case_id, ()),
            now,
            patience,
        )
        for leg in legs
    }


def certainty_at_booking(leg: Leg, now: datetime) -> Certainty:
    """In the transaction that booked it: nothing can be late, so that nothing need be asked, unless
    its customer cannot be written to; then a person has been."""
    if not channels(leg.appointment.customer):
        return certainties([leg], now)[leg.case_id]
    return Certainty(True, PATH.state(leg.case.state).says)
