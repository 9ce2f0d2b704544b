"""The letter that a message after an outcome becomes, worded when it is handed over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import groupby, islice
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings

from kept.appointments import letters
from kept.appointments.letters import customer_url
from kept.appointments.queries import Leg
from kept.cases.queries import Case
from kept.cases.rows import policy_of
from kept.channels.base import Letter
from kept.core.path import Tell
from kept.core.paths import PATHS
from kept.core.time import CalendarDays, after, local_day, parse_offset
from kept.journeys import invited, reputation
from kept.outbox.queries import Message
from kept.outbox.texts.compose import AFTER_KINDS, AfterFacts, AfterKind, Offer, compose_after
from kept.people import queries as people
from kept.people.queries import Customer
from kept.schedule import queries as schedule

OFFERED = 3  # times in a letter: enough to choose from, few enough to read
NOON = 12
LOOK_AHEAD = timedelta(days=28)
AROUND = timedelta(days=7)  # before the day somebody is due: nobody means it to the day


def writes(message: Message) -> bool:
    """Whether this message is one of ours."""
    return message.kind in AFTER_KINDS


def letter_for(message: Message, now: datetime) -> Letter:
    """The letter as it is true now. Raises Unaddressed, and texts.MissingField."""
    leg, case = letters.leg_of(message), Case.objects.get(id=message.case)
    facts = _facts(message, case, leg, now)
    letter = letters.to_customer(
        message, leg, now, lambda: compose_after(cast(AfterKind, message.kind), facts)
    )
    return _with_ways_out(letter, message, case, leg)


def as_sent(message: Message) -> Letter:
    """The letter of a message that has been handed over, from its final words."""
    leg, case = letters.leg_of(message), Case.objects.get(id=message.case)
    return _with_ways_out(letters.as_sent(message), message, case, leg)


def _with_ways_out(letter: Letter, message: Message, case: Case, leg: Leg) -> Letter:
    """What mail programs show beside a letter that its reader may refuse."""
    purpose = purpose_of(message, case)
    if purpose not in WAYS_OUT:
        return letter
    headers = letters.one_click(_stop_url(leg, purpose))
    return replace(letter, headers={**letter.headers, **headers})


def purpose_of(message: Message, case: Case) -> str:
    """What the path says this message is for: *service*, or what its reader may refuse."""
    duty = PATHS[case.path].control(message.control).does
    return duty.purpose if isinstance(duty, Tell) else "service"


WAYS_OUT = {"marketing": "stop", "review": "review/stop"}
"""Where a letter that may be refused is refused, behind the link of the visit."""


def _stop_url(leg: Leg, purpose: str) -> str:
    return f"{customer_url(leg.appointment)}/{WAYS_OUT.get(purpose, 'stop')}"


def _facts(message: Message, case: Case, leg: Leg, now: datetime) -> AfterFacts:
    appointment, business = leg.appointment, leg.appointment.business
    page, purpose = customer_url(appointment), purpose_of(message, case)
    earliest = max(now, _comes_again(message, case), _outside_notice(case, leg, now))
    suggests = people.may_write(appointment.customer, "marketing") is None
    return AfterFacts(
        business_name=business.name,
        business_phone=business.phone,
        business_email=business.email,
        business_address=business.address,
        service_name=leg.snapshot["public_name"] or f"Your appointment with {business.name}",
        customer_name=appointment.customer.name,
        locale=letters.locale_of(appointment.customer, business),
        reference=appointment.reference,
        visit=datetime.fromisoformat(case.anchors["visit"]),
        zone=case.zone,
        booking_url=_booking_url(case, leg, earliest if earliest > now else None),
        feedback_url=f"{page}/went",
        stop_url=_stop_url(leg, purpose),
        their_zone=appointment.customer.time_zone,
        later_url=f"{page}/later",
        aftercare=str(case.facts.get("aftercare") or ""),
        offers=_offers(message, case, leg, earliest, now)
        if message.kind in OFFERING and suggests
        else (),
        by_us=str(case.facts.get("follows", "")).endswith("by_business"),
        may_stop=purpose in WAYS_OUT,
        review_url=f"{page}/review",
        review_pages=_review_pages(case) if purpose == "review" else (),
        may_suggest=suggests,
        visit_url=page,
    )


def _review_pages(case: Case) -> tuple[str, ...]:
    place = str(case.facts.get("place") or "")
    return tuple(link.name for link in reputation.links_for(case.business_id, place))


UNASKED = frozenset({"next_step", "rebook_offer", "invitation", "recall"})
OFFERING = UNASKED | {"missed_you"}  # which goes while its reader may stand before the door


def soonest(case: Case, reader: Customer, now: datetime) -> datetime:
    """From when on a letter nobody waits for offers times: it is read when there is time for it,
    and not within the hour. Counted in days of its reader, as the policy says."""
    zone = ZoneInfo(reader.time_zone or case.zone)
    return after(now, CalendarDays(policy_of(case.policy_id).offer_days_ahead, time(0)), zone)


def _booking_url(case: Case, leg: Leg, begin: datetime | None = None) -> str:
    """Where to book the same service again, from that day on; the list of all when it is no longer
    offered, which knows no days. It names the case, so that who books there is known."""
    url = f"{settings.BASE_URL}/book/{leg.appointment.business.slug}/"
    query = {"for": invited.token_of(case)}
    if leg.service.archived_at is None:
        url = f"{url}{leg.service_id}/any/"
        if begin is not None:
            query["from"] = local_day(begin, ZoneInfo(leg.case.zone)).isoformat()
    return f"{url}?{urlencode(query)}"


def _comes_again(message: Message, case: Case) -> datetime:
    """When the next visit is due by what its service says; of a lost one, at once.

    An invitation two weeks ahead offers the days around that one, and not tomorrow.
    """
    if "due" in case.anchors:
        return datetime.fromisoformat(case.anchors["due"]) - AROUND
    visit = datetime.fromisoformat(case.anchors["visit"])
    days = case.facts.get("comes_again") if message.kind == "next_step" else 0
    return after(visit, CalendarDays(int(days or 0), time(0)), ZoneInfo(case.zone))


def _outside_notice(case: Case, leg: Leg, now: datetime) -> datetime:
    """To whom we gave the time back ourselves we offer none that they could only cancel late."""
    if case.facts.get("follows") != "cancelled_by_business":
        return now
    notice = parse_offset(leg.snapshot["terms"]["late_cancel"])
    return after(now, notice, ZoneInfo(case.zone))


def _offers(
    message: Message, case: Case, leg: Leg, earliest: datetime, now: datetime
) -> tuple[Offer, ...]:
    """Free times from `earliest` on: a choice, and not a row of quarters."""
    service = leg.service
    if service.archived_at is not None:
        return ()
    if message.kind in UNASKED:
        earliest = max(earliest, soonest(case, leg.appointment.customer, now))
    resources = schedule.staff_of(service)
    free = schedule.free_slots(service, resources, earliest, earliest + LOOK_AHEAD, now)
    chosen = a_choice((slot.start for slot in free), ZoneInfo(leg.case.zone))
    return tuple(Offer(start, _booking_url(case, leg, start)) for start in chosen)


def a_choice(free: Iterable[datetime], zone: ZoneInfo) -> list[datetime]:
    """A few of these times (in their order), one a day: the first of a day, and on every other one
    the first of its afternoon, for whoever has no morning."""
    days = groupby(free, key=lambda start: local_day(start, zone))
    chosen = []
    for place, (_, on_that_day) in enumerate(islice(days, OFFERED)):
        first, *later = on_that_day
        afternoon = (start for start in later if start.astimezone(zone).hour >= NOON)
        chosen.append(next(afternoon, first) if place % 2 else first)
    return chosen
