"""The types of events: computed from the tables of the paths, so that no path can forget them.

    appointment.confirmed      a case of that path came into that state
    appointment.acknowledged   something was said that leaves the state as it is
    appointment.corrected      a mistake was put right, whatever the state is now
    message.accepted           what became of a message
    escalation.raised          what needs a person
    hand_off.offered           what is handed on

A name that has once been given out is never taken back (`tests/webhooks/test_catalogue.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from kept.core.case import Event, Facts
from kept.core.path import Path, Rule, To
from kept.core.paths import PATHS

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # any instant: the rules do not look at it

TEST = "webhook.test"
MOVE = "move"  # the origin of a leg that carries an appointment on

# The leg that follows says it, with the new time.
SAID_BY_THE_NEXT = frozenset({("appointment", "moved")})

# Of what leaves a state as it is, others hear what somebody said, and these.
MORE = frozenset({"contact_changed", "resource_lost", "resource_restored", "zone_rules_changed"})

MESSAGES = {
    "accepted": "The mail server took a message.",
    "delayed": "A message could not be handed over so far; it is tried again.",
    "delivered": "A message has reached the mailbox.",
    "doubtful": "A message may or may not have arrived, and is not sent again.",
    "expired": "A message could not be sent while it was of use.",
    "failed": "A message was refused, or came back.",
    "incomplete": "A message went out without something that belongs in it.",
}
ESCALATIONS = {
    "raised": "Something needs a person.",
    "taken": "Somebody sees to it.",
    "released": "Whoever saw to it gave it back.",
    "resolved": "It has been resolved, or its time is over.",
}
HAND_OFFS = {
    "offered": "An outcome is offered to the path that comes next.",
    "revised": "The outcome was corrected: this offer takes the place of an earlier one.",
    "withdrawn": "The outcome no longer holds, and nothing takes its place.",
    "accepted": "The next path has taken over.",
    "rejected": "The next path has refused; a person sees to it.",
    "expired": "Nobody accepted in time; a person sees to it.",
}
SAID = {
    "acknowledged": "The customer said that they will come.",
    "change_requested": "The customer asked for another time, or may not come.",
    "running_late": "The customer said that they will be late.",
    "item_prepared": "Something to be ready for the visit is ready (`item`: its id).",
    "item_reopened": "Something said to be ready for the visit is not (`item`: its id).",
    "told_by_staff": "Staff told the customer.",
    "confirmation_requested": "The confirmation was asked for once more.",
    "contact_changed": "The customer is reached in another way.",
    "resource_lost": "Whoever was booked is not available.",
    "resource_restored": "Whoever was booked is available again.",
    "zone_rules_changed": "The rules of the time zone changed: same time on the wall.",
    "confirmation_lost": "The confirmation came back: the customer does not know.",
    "corrected": "A mistake was put right: `state` says what is true now.",
    "rescheduled": "The time was moved: `moved` says from when to when.",
    "went_well": "The customer said that it went well.",
    "complained": "The customer told somebody that something was not right.",
    "refunded": "The customer got their money back.",
    "went_badly": "The customer said that something was not right.",
    "replied": "They wrote back; a person reads it.",
    "declined": "The customer wants no new time.",
    "clicked": "The customer followed the way to a review page.",
    "reached": "Somebody spoke with them.",
    "not_reached": "Somebody called them in vain.",
    "responded": "Somebody answered them in writing.",
    "taken_over": "A person took it over: no more letters by itself.",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A type of event: its name, and when it is sent."""

    name: str
    says: str


def type_of(path: Path, event: Event, before: str, after: str) -> str:
    """The type under which others hear of an entry of a history; "" when they do not.

    `before` and `after` are the states around it.
    """
    if (path.name, event.name) in SAID_BY_THE_NEXT:
        return ""
    if not before and event.data.get("origin") == MOVE:
        return f"{path.name}.rescheduled"
    if event.name == "corrected" or _goes_back(path, before, after):
        return f"{path.name}.{event.name}"
    if before != after:
        return f"{path.name}.{after}"
    if event.name in MORE or _may_be_said(path, event.name):
        return f"{path.name}.{event.name}"
    return ""


def _goes_back(path: Path, before: str, after: str) -> bool:
    """A stage is lost again. It must not look as if it were reached for the first time."""
    stages = path.stages
    both = before in stages and after in stages
    return both and stages.index(after) < stages.index(before)


def _may_be_said(path: Path, name: str) -> bool:
    return any(rule.asked for rule in path.rules if rule.event == name)


def steps(path: Path) -> Iterator[tuple[Event, str, str]]:
    """Every entry that the rules of a path allow, with the states before and after it."""
    for rule in path.rules:
        for state in sorted(rule.frm):
            for data in _datas(path, rule, state):
                yield Event(rule.event, BEGINNING, data=data), state, _after(rule, state, data)


def _after(rule: Rule, state: str, data: Facts) -> str:
    if rule.to is To.STAY:
        return state
    return str(data["to"]) if rule.to is To.NAMED else rule.to


def _datas(path: Path, rule: Rule, state: str) -> Iterator[Facts]:
    if rule.to is To.NAMED:
        yield from ({"to": to} for to in path.corrections.get(state, ()))
        return
    yield {}
    if not state and any((path.name, other.event) in SAID_BY_THE_NEXT for other in path.rules):
        yield {"origin": MOVE}


def types() -> list[Type]:
    """Every type there is, path by path, and then what all paths share."""
    found: dict[str, str] = {}
    for path in PATHS.values():
        for event, before, after in steps(path):
            if name := type_of(path, event, before, after):
                found.setdefault(name, _says(path, name, event))
    shared = {"message": MESSAGES, "escalation": ESCALATIONS, "hand_off": HAND_OFFS}
    for family, members in shared.items():
        found |= {f"{family}.{name}": says for name, says in members.items()}
    found[TEST] = "Somebody pressed the button. Sent only to the endpoint it was pressed for."
    return [Type(name, says) for name, says in found.items()]


def _says(path: Path, name: str, event: Event) -> str:
    last = name.partition(".")[2]
    for state in path.states:
        if state.name == last and last != "rescheduled":
            return state.says
    return SAID.get(last, f"{last.replace('_', ' ').capitalize()}.")


def names() -> frozenset[str]:
    """What an endpoint may choose from: every type but the test, which comes by itself."""
    return frozenset(each.name for each in types()) - {TEST}
