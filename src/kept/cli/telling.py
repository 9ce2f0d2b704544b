"""Writing down what a customer told somebody about a visit that is over."""

from __future__ import annotations

from kept.appointments import actions, queries
from kept.cli import out
from kept.cli.explaining import found
from kept.cli.problems import Refused
from kept.clock import queries as clock
from kept.core.case import Actor, NotAllowed, Role

OPERATOR = Actor(Role.STAFF, "kept")


def say(reference: str, slug: str | None, name: str, words: str, *, as_json: bool) -> None:
    """Let it happen to the appointment with this reference. Raises Refused, Misused."""
    appointment = found(reference, slug)
    try:
        actions.say(appointment, name, clock.now(), OPERATOR, reason=words)
    except NotAllowed as refused:
        raise Refused(str(refused)) from None
    leg = queries.current_leg(appointment)
    if as_json:
        out.data({"appointment": appointment.id, "said": name, "state": leg.case.state})
    else:
        out.line(f"Written down: {reference} is {name}.")
