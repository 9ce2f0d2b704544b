"""What follows an appointment, in pieces to draw: the path, what is next, what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment, Leg
from kept.cases import queries as cases
from kept.cases.queries import Case
from kept.console import words
from kept.console.access import Desk
from kept.console.story import Ahead, Entry, Letter, Open, entries, escalation, letter, step
from kept.core import drawing
from kept.core.case import Status
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.paths.reputation import REPUTATION
from kept.journeys import queries as journeys
from kept.journeys import reactivation
from kept.leads.queries import Lead
from kept.people.queries import Customer, channels
from kept.web import parts

ENDS = {
    "run out": "Everything was said, and nothing more is sent.",
    "not recovered": "No new visit came of it.",
    "recovered": "A new visit is booked.",
    "booked again": "The next visit is booked.",
    "replied": "The customer has answered; nothing more is sent by itself.",
    "declined": "The customer wants no new visit now.",
    "opted out": "The customer wants no suggestions.",
    "outcome corrected": "The outcome was corrected, so nothing more is sent.",
    "complaint settled": "The complaint is settled.",
    "nobody saw the visit": "Not asked for a review: nobody saw whether the visit took place.",
    "refused": "Not asked for a review: the customer does not want to be.",
    "insider": "Not asked for a review: they belong to the business.",
    "asked recently": "Not asked for a review: they were asked a short time ago.",
    "no link": "Not asked for a review: no review page was named in time.",
    "no address": "Not asked for a review: no address reaches the customer.",
    "not delivered": "Not asked for a review: the letter could not be delivered.",
    "switched off": "Not asked for a review: it was switched off in the policy.",
    "not in time": "Not asked for a review: there was no moment for it in time.",
    "rather not": "The customer would rather not write a review.",
    "clicked": "The customer went to the review page.",
    "wrong person": "The customer says that they were not here.",
    "reviewed": "The customer wrote a review.",
    "no answer": "The customer was asked for a review and has not answered.",
    "outcome corrected after asking": "The outcome was corrected after a review was asked for.",
    "no due date": "Nothing says when they come again: neither the service nor their own visits.",
    "visit ahead": "The next visit was booked already.",
    "newer visit": "A newer visit says when they are due.",
    "due already": "A visit of theirs says when they are due.",
    "complaint": "Something was not right, so a person speaks with them.",
    "booked": "The next visit is booked.",
    "lapsed": "They were asked in vain, and are asked no more.",
    "gone": "They have moved away, or have died.",
}


@dataclass(frozen=True, slots=True)
class Following:
    """One case that follows an outcome. `said_url`: where to write down what its customer says of
    it ("": nothing can be); `insider_url`: where the desk says that they belong to the business;
    `booked`: the visits of theirs that it heard of."""

    case: Case
    title: str
    steps: list[parts.Step]
    sentence: str
    notes: list[str]  # what else there is to know
    words: str  # what the customer said
    ahead: list[Ahead]
    entries: list[Entry]
    letters: list[Letter]
    open: list[Open]
    booked: list[Leg]
    said_url: str
    insider_url: str


SAID_TO = ("follow_up", "reactivation")  # whose customers tell a person what they think


def following(desk: Desk, appointment: Appointment) -> list[Following]:
    """What followed each outcome of an appointment, the present one first."""
    return _all(desk, appointment.id, appointment.customer, "console:said_after")


def after_enquiry(desk: Desk, lead: Lead) -> list[Following]:
    """What an enquiry that fell silent became."""
    return _all(desk, lead.pk, lead.customer, "console:said_after_enquiry")


def _all(desk: Desk, subject: UUID, customer: Customer, said_at: str) -> list[Following]:
    found = journeys.of_appointment(subject)
    present = [journeys.current(subject, path) for path in SAID_TO]
    booked = appointments.current_legs(
        {UUID(each) for case in found for each in case.facts.get("booked") or ()}
    )
    return [
        _one(desk, customer, case, booked, reverse(said_at, args=[subject]), case in present)
        for case in reversed(found)
    ]


def _one(
    desk: Desk,
    customer: Customer,
    case: Case,
    booked: Mapping[UUID, Leg],
    said_url: str,
    present: bool,
) -> Following:
    path, line = PATHS[case.path], journeys.timeline(case)
    drawn = drawing.steps(path, case.state, cases.history(case.id))
    escalations = [escalation(desk, each) for each in line.escalations]
    may_say = desk.is_front_desk and bool(path.allowed(case.state)) and present
    return Following(
        case=case,
        title=words.told_of(case.path, words.PATHS),
        steps=[step(each) for each in drawn],
        sentence=ENDS.get(str(case.facts.get("result")), path.state(case.state).says),
        notes=[*reactivation.notes(case), *switched_off(case)],
        words=str(case.facts.get("words") or ""),
        ahead=_ahead(case, customer, line),
        entries=entries(desk, line.events),
        letters=[letter(each) for each in reversed(line.messages)],
        open=[each for each in escalations if each.row.resolved_at is None],
        booked=[booked[UUID(each)] for each in case.facts.get("booked") or ()],
        said_url=said_url if may_say else "",
        insider_url=_insider_url(case) if desk.is_front_desk else "",
    )


def switched_off(case: Case) -> list[str]:
    """That a case which goes on writes nothing any more, as a sentence; nothing of others."""
    off = case.waits and cases.as_value(case).is_switched_off
    return ["Switched off in the policy: none of its letters goes out."] if off else []


def _insider_url(case: Case) -> str:
    """Only where a review is asked for, which is only after a visit."""
    if case.path != REPUTATION.name:
        return ""
    return reverse("console:insider", args=[case.subject])


def _ahead(case: Case, customer: Customer, line: journeys.Timeline) -> list[Ahead]:
    """What is still to come, the next one first."""
    path, reached = PATHS[case.path], bool(channels(customer))
    waiting = [each for each in line.controls if each.status == Status.PLANNED.value]
    return [
        Ahead(
            words.told_of(control.name, words.CONTROLS),
            control.due_at,
            path.control(control.name).says,
            in_hand=control.fired_at is not None,
            unsendable=isinstance(path.control(control.name).does, Tell) and not reached,
        )
        for control in sorted(waiting, key=lambda control: control.due_at)
    ]
