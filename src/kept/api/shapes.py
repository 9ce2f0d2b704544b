"""From what the house knows to what the API gives (`gives`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from kept.accounts.queries import Business
from kept.api import gives
from kept.appointments import queries as appointments
from kept.appointments.letters import message_id
from kept.appointments.queries import Leg
from kept.cases.queries import (
    Case,
    Control,
    Escalation,
    Event,
    HandOff,
    TakenOver,
    leg_number,
)
from kept.core.availability import from_minute
from kept.core.case import Role
from kept.core.certainty import Certainty
from kept.core.paths.lead_response import LEAD_RESPONSE
from kept.journeys import queries as journeys
from kept.journeys.equality import Equality, Group
from kept.journeys.reactivation import FELL_SILENT
from kept.journeys.reputation import Review, ReviewLink
from kept.leads import letters as lead_letters
from kept.leads import queries as leads
from kept.leads.queries import Enquiry, Lead
from kept.leads.speed import Part, Speed, Took
from kept.outbox.queries import Message
from kept.people.queries import Customer, Told
from kept.schedule.queries import Closure, Resource, Service, Slot, hours_rows

# What somebody may ask for, by the event it becomes. What is not here has no endpoint.
REQUESTS = {
    "acknowledged": "acknowledge",
    "change_requested": "request-change",
    "running_late": "late",
    "item_prepared": "prepare",
    "item_reopened": "prepare",
    "told_by_staff": "tell",
    "confirmation_requested": "resend",
    "arrived": "arrive",
    "completed": "complete",
    "missed": "miss",
    "cancelled": "cancel",
    "moved": "reschedule",
    "corrected": "correct",
    "complained": "complain",
    "refunded": "refund",
}


def local(instant: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset at that moment."""
    return instant.astimezone(zone).isoformat(timespec="seconds")


def _local_or_none(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else local(instant, zone)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(business: Business) -> ZoneInfo:
    return _zone(business.time_zone)


def requests_of(events: Iterable[str]) -> list[str]:
    """The names of the endpoints for these events of an appointment, and of those that it always
    has; none for what is no appointment."""
    known = list(dict.fromkeys(REQUESTS[event] for event in events if event in REQUESTS))
    return [*known, "contact", "new-link"] if known else []


# Schedule


def service(row: Service, currency: str) -> gives.ServiceOut:
    return {
        "id": str(row.id),
        "name": row.name,
        "public_name": row.public_name,
        "duration_minutes": row.duration_minutes,
        "buffer_before_minutes": row.buffer_before_minutes,
        "buffer_after_minutes": row.buffer_after_minutes,
        "step_minutes": row.step_minutes,
        "notice_minutes": row.notice_minutes,
        "horizon_days": row.horizon_days,
        "price": None if row.price is None else float(row.price),
        "currency": currency,
        "mode": row.mode,
        "place": row.place,
        "directions": row.directions,
        "private": row.private,
        "change_until": row.change_until,
        "late_cancel": row.late_cancel,
        "hand_offs": row.hand_offs,
        "aftercare": row.aftercare,
        "comes_again_days": row.comes_again_days,
        "recall": row.recall,
        "preparation": row.preparation,
        "staff": [str(each.id) for each in row.staff.all() if each.active],
    }


def staff(row: Resource) -> gives.StaffOut:
    return {
        "id": str(row.id),
        "name": row.name,
        "email": row.email or None,
        "time_zone": row.time_zone,
        "weekly_hours": [
            {"weekday": each.weekday, "start": f"{each.start:%H:%M}", "end": f"{each.end:%H:%M}"}
            for each in hours_rows(row)
        ],
    }


def closure(row: Closure, zone: ZoneInfo) -> gives.ClosureOut:
    return {
        "id": str(row.id),
        "staff": None if row.resource is None else str(row.resource.id),
        "start": local(row.start, zone),
        "end": local(row.end, zone),
        "reason": row.reason,
    }


def slots(found: Iterable[Slot], zone: ZoneInfo) -> list[gives.SlotOut]:
    return [
        {
            "start": local(slot.start, zone),
            "end": local(slot.end, zone),
            "staff": str(slot.staff),
        }
        for slot in found
    ]


def slots_body(
    found: Iterable[tuple[int, int]], staff: Sequence[UUID], minutes: int, zone: ZoneInfo
) -> str:
    """The JSON of `SlotsOut` for `schedule.free_minutes`.

    A month of a busy team has thousands of slots, at few different times and of few people: each
    time and each id is written out once, and the rest is joining text.
    """
    tails = [f'"staff":"{each}"}}' for each in staff]
    heads: dict[int, str] = {}
    parts = []
    for minute, who in found:
        head = heads.get(minute)
        if head is None:
            start = local(from_minute(minute), zone)
            end = local(from_minute(minute + minutes), zone)
            head = heads[minute] = f'{{"start":"{start}","end":"{end}",'
        parts.append(head + tails[who])
    return f'{{"slots":[{",".join(parts)}],"time_zone":"{zone.key}"}}'


# Appointments


def appointment(row: appointments.Appointment, now: datetime) -> gives.AppointmentOut:
    """The whole appointment, read anew."""
    return appointment_list([appointments.current_leg(row)], now)[0]


def new_appointment(leg: Leg, now: datetime) -> gives.AppointmentOut:
    """An appointment booked in this transaction: nobody has been told anything yet."""
    return _appointment(leg, [leg], None, appointments.certainty_at_booking(leg, now), now)


def appointment_list(current: Sequence[Leg], now: datetime) -> list[gives.AppointmentOut]:
    """The appointments of these current legs: a few statements, however many there are."""
    ids = [leg.appointment_id for leg in current]
    moved = [leg.appointment_id for leg in current if leg.number > 1]
    earlier = appointments.legs_of(moved) if moved else {}
    told, sure = appointments.told_by_subject(ids), appointments.certainties(current, now)
    return [
        _appointment(
            leg,
            earlier.get(leg.appointment_id, [leg]),
            told.get(leg.appointment_id),
            sure[leg.case_id],
            now,
        )
        for leg in current
    ]


def _appointment(
    leg: Leg, legs: Sequence[Leg], told: Told | None, sure: Certainty, now: datetime
) -> gives.AppointmentOut:
    row, facts = leg.appointment, leg.case.facts
    zone = zone_of(row.business)
    return {
        "id": str(row.id),
        "reference": row.reference,
        "state": leg.case.state,
        "start": local(leg.start, zone),
        "end": local(leg.end, zone),
        "time_zone": row.business.time_zone,
        "service": str(leg.service_id),
        "service_name": leg.snapshot["name"],
        "staff": str(leg.staff_id),
        "staff_name": leg.staff.name,
        "customer": customer(row.customer),
        "customer_url": f"{settings.BASE_URL}/a/{row.token}",
        "notes": row.notes,
        "origin": row.origin,
        "created_at": local(row.created_at, zone),
        "acknowledged": facts.get("acknowledged") == "yes",
        "told": _told(leg, told, zone),
        "certainty": _certainty(sure, zone),
        "preparation": [
            {
                "id": item.id,
                "what": item.what,
                "by": item.by,
                "due_at": local(due_at, zone),
                "ready": ready,
            }
            for item, due_at, ready in appointments.to_prepare(leg)
        ],
        "outcome": _outcome(facts.get("outcome"), zone),
        "allowed": requests_of(appointments.allowed(leg, Role.INTEGRATION, now)),
        "leg": leg.number,
        "legs": [_leg(each, zone) for each in legs],
        "version": leg.case.version,
    }


def customer(row: Customer) -> gives.CustomerOut:
    return {
        "id": str(row.id),
        "name": row.name,
        "email": row.email or None,
        "phone": row.phone or None,
        "time_zone": row.time_zone or None,
        "locale": row.locale or None,
    }


def _told(leg: Leg, told: Told | None, zone: ZoneInfo) -> gives.ToldOut | None:
    if told is None:
        return None
    return {
        "leg": told.leg,
        "start": local(told.start, zone),
        "cancelled": told.cancelled,
        "via": told.via,
        "evidence": told.evidence,
        "at": local(told.at, zone),
        "is_true": appointments.told_is_true(leg, told),
    }


def _certainty(known: Certainty, zone: ZoneInfo) -> gives.CertaintyOut:
    return {
        "holds": known.holds,
        "broken_by": known.broken_by or None,
        "since": _local_or_none(known.since, zone),
        "sentence": known.sentence,
    }


def _outcome(record: dict[str, str] | None, zone: ZoneInfo) -> gives.OutcomeOut | None:
    if not record:
        return None
    return {
        "value": record["value"],
        "at": local(datetime.fromisoformat(record["at"]), zone),
        "actor": record["actor"],
        "source": record["source"],
    }


def _leg(leg: Leg, zone: ZoneInfo) -> gives.LegOut:
    return {
        "number": leg.number,
        "state": leg.case.state,
        "start": local(leg.start, zone),
        "end": local(leg.end, zone),
        "service": str(leg.service_id),
        "staff": str(leg.staff_id),
        "staff_name": leg.staff.name,
        "snapshot": _snapshot(leg.snapshot),
        "booked_at": local(leg.booked_at, zone),
    }


def _snapshot(kept: dict[str, Any]) -> dict[str, Any]:
    """Money is a number everywhere in the API."""
    price = kept.get("price")
    return {**kept, "price": None if price is None else float(price)}


# The timeline


def timeline(
    leg: Leg, known: appointments.Timeline, now: datetime, zone: ZoneInfo
) -> gives.TimelineOut:
    return {
        "events": [_event(row, zone) for row in known.events],
        "controls": [_control(row, zone) for row in known.controls],
        "messages": [message(row, zone) for row in known.messages],
        "escalations": [escalation(row, zone) for row in known.escalations],
        "hand_offs": [hand_off(row, zone) for row in known.hand_offs],
        "change": _change(leg, now, zone),
        "time_zone": zone.key,
    }


def _event(row: Event, zone: ZoneInfo) -> gives.EventOut:
    return {
        "leg": leg_number(row.case),
        "seq": row.seq,
        "name": row.name,
        "at": local(row.at, zone),
        "actor": {"role": row.actor_role, "name": row.actor_name},
        "reason": row.reason,
        "data": row.data,
    }


def _control(row: Control, zone: ZoneInfo) -> gives.ControlOut:
    return {
        "name": row.name,
        "leg": leg_number(row.case),
        "run": row.run,
        "due_at": local(row.due_at, zone),
        "useful_until": _local_or_none(row.useful_until, zone),
        "status": row.status,
        "reason": row.reason,
    }


def message(row: Message, zone: ZoneInfo) -> gives.MessageOut:
    queued: gives.EvidenceOut = {
        "kind": "queued",
        "at": local(row.created_at, zone),
        "detail": "",
    }
    known = sorted(row.evidence.all(), key=lambda each: (each.at, each.id))
    handed_over = row.handed_over_at is not None
    return {
        "id": str(row.id),
        "control": row.control,
        "leg": row.leg,
        "run": row.run,
        "channel": row.channel,
        "to": row.address,
        "status": row.status,
        "handed_over_at": _local_or_none(row.handed_over_at, zone),
        "subject": row.subject_line if handed_over else None,
        "message_id": message_id(row) if handed_over else None,
        "content_sha256": _content_hash(row) if handed_over else None,
        "evidence": [
            queued,
            *(
                gives.EvidenceOut(kind=each.kind, at=local(each.at, zone), detail=each.detail)
                for each in known
            ),
        ],
    }


def _content_hash(row: Message) -> str:
    """The SHA-256 of what was handed over: subject, text, HTML and calendar part."""
    parts = (row.subject_line, row.text, row.html, row.calendar)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _change(leg: Leg, now: datetime, zone: ZoneInfo) -> gives.ChangeOut:
    anchors = leg.case.anchors
    until = {Role.CUSTOMER: anchors["change_until"], Role.STAFF: anchors["end"]}

    def may(role: Role) -> gives.MayChangeOut:
        allowed, why_not = appointments.may_change(leg, role, now)
        last = datetime.fromisoformat(until[role])
        return {"allowed": allowed, "until": local(last, zone), "reason": why_not}

    return {"customer": may(Role.CUSTOMER), "business": may(Role.STAFF)}


# What follows an appointment


def following(found: Iterable[Case], zone: ZoneInfo) -> gives.FollowingOut:
    return {"items": [_followed(case, zone) for case in found], "time_zone": zone.key}


def _followed(case: Case, zone: ZoneInfo) -> gives.FollowedOut:
    known, facts = journeys.timeline(case), case.facts
    return {
        "id": str(case.id),
        "path": case.path,
        "outcome": facts["follows"],
        "outcome_version": case.number,
        "state": case.state,
        "result": facts.get("result"),
        "feedback": facts.get("feedback"),
        "words": facts.get("words") or None,
        "allowed": journeys.allowed(case),
        "events": [_event(row, zone) for row in known.events],
        "controls": [_control(row, zone) for row in known.controls],
        "messages": [message(row, zone) for row in known.messages],
        "escalations": [escalation(row, zone) for row in known.escalations],
    }


# Leads

LEAD_REQUESTS = {
    "replied": "replied",
    "stopped": "stop",
    "reached": "called",
    "not_reached": "called",
    "responded": "responded",
    "qualified": "qualify",
    "taken_over": "take-over",
    "not_a_fit": "not-a-fit",
    "gave_up": "give-up",
}


def lead(
    row: Lead, enquiries: Sequence[Enquiry], zone: ZoneInfo, *, joined: bool = False
) -> gives.LeadOut:
    case = row.case
    allowed = dict.fromkeys(LEAD_REQUESTS[name] for name in leads.allowed(row))
    return {
        "id": str(row.pk),
        "reference": row.reference,
        "state": case.state,
        "result": case.facts.get("result"),
        "source": row.source,
        "service": str(row.service_id) if row.service_id else None,
        "customer": customer(row.customer),
        "opened_at": local(row.opened_at, zone),
        "unanswered": bool(case.facts.get("unanswered")),
        "answer_by": local(datetime.fromisoformat(case.anchors["answer_by"]), zone),
        "appointment": case.facts.get("appointment"),
        "booking_url": lead_letters.booking_url(row),
        "joined": joined,
        "enquiries": [_enquiry(each, zone) for each in enquiries],
        "allowed": list(allowed),
        "version": case.version,
        "time_zone": zone.key,
    }


def _enquiry(row: Enquiry, zone: ZoneInfo) -> gives.EnquiryOut:
    return {
        "at": local(row.at, zone),
        "source": row.source,
        "service": str(row.service_id) if row.service_id else None,
        "words": row.words,
        "name": row.contact["name"],
        "email": row.contact["email"] or None,
        "phone": row.contact["phone"] or None,
    }


def lead_timeline(known: leads.Timeline, zone: ZoneInfo) -> gives.LeadTimelineOut:
    return {
        "events": [_event(row, zone) for row in known.events],
        "controls": [_control(row, zone) for row in known.controls],
        "messages": [message(row, zone) for row in known.messages],
        "escalations": [escalation(row, zone) for row in known.escalations],
        "hand_offs": [hand_off(row, zone) for row in known.hand_offs],
        "time_zone": zone.key,
    }


def speed(found: Sequence[Speed], begin: datetime, end: datetime, zone: ZoneInfo) -> gives.SpeedOut:
    return {
        "begin": local(begin, zone),
        "end": local(end, zone),
        "sources": [_speed(each) for each in found],
        "time_zone": zone.key,
    }


def _speed(row: Speed) -> gives.SpeedOfOut:
    return {
        "source": row.source,
        "leads": row.leads,
        "acknowledged": _span(row.acknowledged),
        "acknowledged_60s": _part(row.told_soon),
        "first_touch": _span(row.touched),
        "first_touch_5m": _part(row.soon),
        "first_touch_1h": _part(row.in_an_hour),
        "first_touch_business": _span(row.touched_open),
        "first_touch_business_5m": _part(row.soon_open),
        "first_touch_business_1h": _part(row.in_an_hour_open),
        "never_responded": row.never,
        "never_responded_share": row.never_share,
        "booked": row.booked,
        "booked_share": row.booked_share,
        "attended": _part(row.attended),
        "visits_ahead": row.ahead,
    }


def taken_over(
    found: Sequence[TakenOver], begin: datetime, end: datetime, zone: ZoneInfo
) -> gives.TakenOverOut:
    return {
        "begin": local(begin, zone),
        "end": local(end, zone),
        "paths": [
            {
                "to": each.to,
                "offered": each.offered,
                "waiting": each.waiting,
                "not_in_time": each.late,
                "not_in_time_share": each.late_share,
            }
            for each in found
        ],
        "time_zone": zone.key,
    }


def _part(row: Part) -> gives.PartOut:
    return {"count": row.count, "of": row.of, "share": row.share}


def _span(row: Took) -> gives.SpanOut:
    return {
        "p50": None if row.p50 is None else row.p50.total_seconds(),
        "p90": None if row.p90 is None else row.p90.total_seconds(),
    }


# What needs somebody, and what is handed on


def _about(case: Case) -> tuple[str | None, str | None]:
    """What a case is about: an appointment, or a lead that is none yet."""
    subject = str(case.subject)
    if case.facts.get("review"):
        return None, None  # a review that was seen; what it says stands in `tried`
    # What an enquiry that fell silent was handed on to is still about that enquiry.
    asked = case.path == LEAD_RESPONSE.name or case.facts.get("follows") == FELL_SILENT
    return (None, subject) if asked else (subject, None)


def escalation(row: Escalation, zone: ZoneInfo) -> gives.EscalationOut:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "appointment": _about(row.case)[0],
        "lead": _about(row.case)[1],
        "leg": leg_number(row.case),
        "owner": row.owner,
        "due_at": local(row.due_at, zone),
        "reason": row.reason,
        "tried": row.tried,
        "suggestion": row.suggestion,
        "raised_at": local(row.raised_at, zone),
        "taken_by": row.taken_by or None,
        "taken_at": _local_or_none(row.taken_at, zone),
        "too_late_at": local(row.too_late_at or row.due_at, zone),
        "snoozed_until": _local_or_none(row.snoozed_until, zone),
        "snoozed_by": row.snoozed_by or None,
        "resolved_at": _local_or_none(row.resolved_at, zone),
        "resolved_by": row.resolved_by or None,
        "note": row.note or None,
    }


def hand_off(row: HandOff, zone: ZoneInfo) -> gives.HandOffOut:
    return {
        "id": str(row.id),
        "from": row.case.path,
        "to": row.to,
        "appointment": _about(row.case)[0],
        "lead": _about(row.case)[1],
        "leg": leg_number(row.case),
        "outcome": row.outcome,
        "outcome_version": row.version,
        "status": row.status,
        "offered_at": local(row.offered_at, zone),
        "accept_by": _local_or_none(row.accept_by, zone),
        "answered_at": _local_or_none(row.answered_at, zone),
        "answered_by": row.answered_by or None,
        "reason": row.reason or None,
        "payload": row.payload,
    }


# Reviews


def review_page(row: ReviewLink) -> gives.ReviewPageOut:
    return {"id": str(row.id), "name": row.name, "url": row.url, "place": row.place}


def review(row: Review, zone: ZoneInfo, *, is_open: bool) -> gives.ReviewOut:
    return {
        "id": str(row.id),
        "site": row.site,
        "rating": row.rating,
        "words": row.words,
        "author": row.author,
        "url": row.url,
        "written_on": row.written_on.isoformat(),
        "seen_at": local(row.seen_at, zone),
        "appointment": str(row.appointment_id) if row.appointment_id else None,
        "open": is_open,
    }


def equality(found: Equality, zone: ZoneInfo) -> gives.EqualityOut:
    return {
        "from": local(found.begin, zone),
        "to": local(found.end, zone),
        "everybody": _group(found.everybody),
        "by_service": [_group(each) for each in found.by_service],
        "by_staff": [_group(each) for each in found.by_staff],
        "by_answer": [_group(each) for each in found.by_answer],
        "clicked": found.clicked,
        "declined": found.declined,
        "time_zone": zone.key,
    }


def _group(found: Group) -> gives.GroupOut:
    share = found.share
    return {
        "name": found.name,
        "visits": found.visits,
        "asked": found.asked,
        "waiting": found.waiting,
        "reasons": dict(found.reasons),
        "rate": round(share.rate, 4) if share else None,
        "low": round(share.low, 4) if share else None,
        "high": round(share.high, 4) if share else None,
        "less": found.less,
    }
