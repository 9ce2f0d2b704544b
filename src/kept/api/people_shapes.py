"""The shapes of a person and of their timeline, from what the room of the paths knows of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never
from zoneinfo import ZoneInfo

from kept.accounts.queries import Business
from kept.api import gives
from kept.api.shapes import customer, escalation, local, zone_of
from kept.appointments.letters import locale_of
from kept.appointments.queries import Leg
from kept.cases.queries import Control, Event, HandOff
from kept.journeys.person import Happening, Person, Standing
from kept.outbox.queries import Message
from kept.people.queries import Consent, channels


def person(known: Person, business: Business) -> gives.PersonOut:
    zone, row = zone_of(business), known.customer
    return {
        **customer(row),
        "email_refused": row.email_bad or None,
        "channels": channels(row),
        "language": locale_of(row, business),
        "not_to_write": known.not_to_write,
        "wishes": [_wish(each, zone) for each in known.said],
        "cases": [_standing(each, zone) for each in known.standings],
        "unreadable": sorted(map(str, known.damaged)),
        "time_zone_of_business": zone.key,
    }


def _wish(row: Consent, zone: ZoneInfo) -> gives.WishOut:
    return {
        "id": str(row.pk),
        "person": str(row.customer_id),
        "wish": row.purpose,
        "given": row.given,
        "at": local(row.at, zone),
        "source": row.source,
        "by": row.by,
        "wording": row.wording,
    }


def _standing(each: Standing, zone: ZoneInfo) -> gives.StandingOut:
    case = each.case
    return {
        "id": str(case.pk),
        "path": case.path,
        "appointment": _appointment(each.leg),
        "lead": str(each.enquiry.id) if each.enquiry else None,
        "reference": each.reference or None,
        "state": case.state,
        "says": each.path.state(case.state).says,
        "since": local(case.state_since, zone),
        "goes_on": each.goes_on,
        "result": each.result or None,
        "planned": [_planned(control, zone) for control in each.planned],
        "escalations": [escalation(row, zone) for row in each.open],
    }


def _appointment(leg: Leg | None) -> str | None:
    return str(leg.appointment_id) if leg else None


def _planned(control: Control, zone: ZoneInfo) -> gives.PlannedOut:
    return {
        "name": control.name,
        "run": control.run,
        "due_at": local(control.due_at, zone),
        "in_hand": control.fired_at is not None,
    }


def happenings(rows: Iterable[Happening], business: Business) -> list[gives.HappeningOut]:
    zone = zone_of(business)
    return [_happening(each, zone) for each in rows]


def _happening(each: Happening, zone: ZoneInfo) -> gives.HappeningOut:
    name, status, by, words = _said(each)
    return {
        "id": str(each.row.pk),
        "at": local(each.at, zone),
        "kind": each.kind,
        "path": each.case.path if each.case else None,
        "case": str(each.case.pk) if each.case else None,
        "subject": str(each.case.subject) if each.case else None,
        "name": name,
        "status": status,
        "by": by,
        "words": words,
        "data": each.row.data if isinstance(each.row, Event) else {},
    }


def _said(each: Happening) -> tuple[str, str | None, str | None, str]:
    """Name, status, who, and in what words: of each kind of row its own."""
    match each.row:
        case Event() as row:
            actor = f"{row.actor_role}:{row.actor_name}" if row.actor_name else row.actor_role
            return row.name, None, actor, row.reason
        case Message() as row:
            return row.control, row.status, row.address or None, row.error
        case HandOff() as row:
            return row.to, row.status, row.answered_by or None, row.reason
        case Consent() as row:
            return row.purpose, "given" if row.given else "refused", row.by, row.wording
        case _ as unreachable:
            assert_never(unreachable)
