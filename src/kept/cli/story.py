"""The whole story of an appointment as plain data: what was due, what went out, what did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from kept.appointments import queries
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.cases import queries as cases
from kept.cases.queries import Case, Control, Escalation, Event, HandOff
from kept.core import drawing
from kept.core.case import Actor, Role
from kept.core.paths import PATHS
from kept.journeys import queries as journeys
from kept.journeys import reactivation
from kept.outbox.queries import Message

Data = dict[str, object]


class Story:
    """One appointment. Every instant is in the zone of the business, with its offset."""

    def __init__(self, appointment: Appointment, now: datetime) -> None:
        self.appointment, self.now = appointment, now
        self.zone = ZoneInfo(appointment.business.time_zone)
        self.legs = queries.legs(appointment)
        self.timeline: Timeline = queries.timeline(appointment)

    def data(self) -> Data:
        appointment, current = self.appointment, self.legs[-1]
        return {
            "reference": appointment.reference,
            "business": appointment.business.slug,
            "customer": appointment.customer.name,
            "time_zone": self.zone.key,
            "state": current.case.state,
            "start": self.local(current.start),
            "told": self.told(),
            "certainty": self.certainty(),
            "legs": [self.leg(leg) for leg in self.legs],
            "escalations": [self.escalation(row) for row in self.timeline.escalations],
            "hand_offs": [self.hand_off(row) for row in self.timeline.hand_offs],
            "following": [self.following(case) for case in journeys.of_appointment(appointment.id)],
        }

    def local(self, instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(self.zone)

    def told(self) -> Data:
        """What the customer was last told, and whether it is true."""
        last = queries.told(self.appointment)
        answer: Data = {"true": queries.told_is_true(self.legs[-1], last)}
        if last is None:
            return {**answer, "anything": False}
        return {
            **answer,
            "anything": True,
            "leg": last.leg,
            "start": self.local(last.start),
            "cancelled": last.cancelled,
            "via": last.via,
            "control": last.control,
            "evidence": last.evidence,
            "at": self.local(last.at),
        }

    def certainty(self) -> Data:
        """Whether everything due so far is done, and if not, what broke it first and when."""
        current = self.legs[-1]
        known = queries.certainties([current], self.now)[current.case_id]
        return {
            "holds": known.holds,
            "broken_by": known.broken_by or None,
            "since": self.local(known.since),
            "sentence": known.sentence,
        }

    def leg(self, leg: Leg) -> Data:
        number = leg.number
        events = [event for event in self.timeline.events if event.case.number == number]
        controls = [control for control in self.timeline.controls if control.case.number == number]
        return {
            "number": number,
            "state": leg.case.state,
            "start": self.local(leg.start),
            "end": self.local(leg.end),
            "service": leg.snapshot["name"],
            "staff": leg.staff.name,
            "booked_at": self.local(leg.booked_at),
            "why_this_time": queries.why_offered(leg),
            "path": self.steps(leg.case),
            "preparation": [
                {"what": i.what, "by": i.by, "due_at": self.local(due_at), "ready": ready}
                for i, due_at, ready in queries.to_prepare(leg)
            ],
            "events": [self.event(event) for event in events],
            "controls": [self.control(control) for control in controls],
            "messages": [
                self.message(message) for message in self.timeline.messages if message.leg == number
            ],
        }

    def following(self, case: Case) -> Data:
        """What follows an outcome: one case on a path of its own."""
        timeline = journeys.timeline(case)
        return {
            "path_name": case.path,
            "outcome": case.facts.get("follows"),
            "outcome_version": case.number,
            "state": case.state,
            "result": case.facts.get("result"),
            "notes": reactivation.notes(case),
            "path": self.steps(case),
            "events": [self.event(event) for event in timeline.events],
            "controls": [self.control(control) for control in timeline.controls],
            "messages": [self.message(message) for message in timeline.messages],
            "escalations": [self.escalation(row) for row in timeline.escalations],
        }

    def steps(self, case: Case) -> Sequence[Data]:
        history = cases.history(case.id)
        return [
            {
                "state": step.name,
                "mark": str(step.mark),
                "at": self.local(step.at),
                "reason": step.reason,
            }
            for step in drawing.steps(PATHS[case.path], case.state, history)
        ]

    def event(self, event: Event) -> Data:
        return {
            "at": self.local(event.at),
            "name": event.name,
            "by": str(Actor(Role(event.actor_role), event.actor_name)),
            "reason": event.reason,
            "data": event.data,
        }

    def control(self, control: Control) -> Data:
        return {
            "name": control.name,
            "run": control.run,
            "due_at": self.local(control.due_at),
            "useful_until": self.local(control.useful_until),
            "handled_at": self.local(control.fired_at),
            "status": control.status,
            "reason": control.reason,
        }

    def message(self, message: Message) -> Data:
        return {
            "control": message.control,
            "channel": message.channel,
            "to": message.address,
            "status": message.status,
            "subject": message.subject_line,
            "attempts": message.attempts,
            "handed_over_at": self.local(message.handed_over_at),
            "next_attempt_at": self.local(message.wake_at)
            if message.status == message.QUEUED
            else None,
            "error": message.error,
            "evidence": [
                {"at": self.local(known.at), "kind": known.kind, "detail": known.detail}
                for known in sorted(message.evidence.all(), key=lambda known: (known.at, known.id))
            ],
        }

    def escalation(self, row: Escalation) -> Data:
        return {
            "kind": row.kind,
            "leg": row.case.number,
            "owner": row.owner,
            "raised_at": self.local(row.raised_at),
            "due_at": self.local(row.due_at),
            "reason": row.reason,
            "tried": row.tried,
            "suggestion": row.suggestion,
            "taken_by": row.taken_by,
            "taken_at": self.local(row.taken_at),
            "too_late_at": self.local(row.too_late_at or row.due_at),
            "snoozed_until": self.local(row.snoozed_until),
            "snoozed_by": row.snoozed_by,
            "resolved_at": self.local(row.resolved_at),
            "resolved_by": row.resolved_by,
            "note": row.note,
        }

    def hand_off(self, row: HandOff) -> Data:
        return {
            "to": row.to,
            "outcome": row.outcome,
            "status": row.status,
            "offered_at": self.local(row.offered_at),
            "accept_by": self.local(row.accept_by),
            "answered_at": self.local(row.answered_at),
            "answered_by": row.answered_by,
            "reason": row.reason,
        }
