"""The one door to everything that may be done with a lead. Each action is one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from kept.cases import queries as case_queries
from kept.core.case import Actor, Event
from kept.journeys import actions as journeys
from kept.leads import queries
from kept.leads.models import Asking, Frame, Lead
from kept.leads.receiving import MARKETING, happen
from kept.leads.receiving import Asked as Asked
from kept.leads.receiving import Taken as Taken
from kept.leads.receiving import receive as receive
from kept.lib.again import in_one_transaction
from kept.people import actions as people
from kept.people import queries as people_queries

SAYINGS = frozenset(
    {
        "reached",
        "not_reached",
        "responded",
        "replied",
        "qualified",
        "taken_over",
        "not_a_fit",
        "gave_up",
        "stopped",
    }
)


def nothing(lead: Lead) -> None:
    """The default for `alongside`."""


@in_one_transaction
def say(
    business: UUID,
    lead_id: UUID,
    name: str,
    now: datetime,
    actor: Actor,
    *,
    reason: str = "",
    service: UUID | None = None,
    offer: bool | None = None,
    alongside: Callable[[Lead], None] = nothing,
) -> Lead:
    """One of SAYINGS happened: somebody called, wrote, answered, took it over ...

    `service` and `offer` belong to *qualified*: what they need, and whether Kept offers times by
    letter (None: unless a person has taken over). Raises Lead.DoesNotExist, also for one of another
    business, Service.DoesNotExist and NotAllowed.
    """
    if name not in SAYINGS:
        raise ValueError(f"{name!r} is not one of {', '.join(sorted(SAYINGS))}")
    lead = queries.lead(business, lead_id)
    data: dict[str, object] = {}
    if name == "qualified":
        lead = _for_service(lead, service)
        data = {"service": str(service)} if service else {}
        data |= {} if offer is None else {"offer": offer}
    # What begins or is booked for the same person at this moment knows of it, or hears it.
    people.lock(lead.customer_id)
    happen(case_queries.lock(lead.case_id), Event(name, now, actor, reason, data), now)
    lead = queries.lead(business, lead_id)
    alongside(lead)
    return lead


def _for_service(lead: Lead, service: UUID | None) -> Lead:
    if service is not None:
        lead.service = queries.service(lead.business_id, service)
        lead.save(update_fields=["service"])
    return lead


@in_one_transaction
def stop(lead: Lead, now: datetime, actor: Actor, *, source: str, wording: str) -> None:
    """The person wants to hear no more: this lead ends, and nothing else invites them either.

    Kept with its proof. Asked twice, the second time changes nothing: mail programs press the
    button as often as they like.
    """
    if not lead.case.waits and people_queries.has_said_no(lead.customer_id, MARKETING):
        return
    journeys.refuse_suggestions(lead.customer_id, now, actor, source=source, wording=wording)
    case = case_queries.lock(lead.case_id)
    event = Event("stopped", now, actor, wording)
    if queries.understands(case, event):
        happen(case, event, now)


# How much one network may ask


@transaction.atomic
def count_asking(origin: str, real: datetime, *, since: datetime, most: int) -> bool:
    """Count one enquiry from there; False, and not counted, when there were `most` since then."""
    if Asking.objects.filter(origin=origin, at__gt=since).count() >= most:
        return False
    Asking.objects.create(origin=origin, at=real)
    return True


def forget_askings(before: datetime) -> int:
    """Forget what was counted before; answers how many."""
    return Asking.objects.filter(at__lt=before).delete()[0]


# Which sites may show the form


def allow_frames(business: UUID, origins: Iterable[str]) -> None:
    """From now on these sites, and no others, may show the form of this business in a frame.

    Raises FrameError for what is no origin (`https://www.example.com`).
    """
    wanted = {_origin(each) for each in origins if each.strip()}
    with transaction.atomic():
        Frame.objects.filter(business_id=business).exclude(origin__in=wanted).delete()
        known = set(Frame.objects.filter(business_id=business).values_list("origin", flat=True))
        Frame.objects.bulk_create(
            Frame(business_id=business, origin=each) for each in sorted(wanted - known)
        )


class FrameError(ValueError):
    """This is not the address of a site. The message says how it is written."""


def _origin(text: str) -> str:
    """Scheme, host and port alone: what a browser compares."""
    parts = urlsplit(text.strip().rstrip("/"))
    wrong = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"https", "http"} or not HOST.fullmatch(parts.netloc) or wrong:
        raise FrameError(f"Write a site like https://www.example.com, not {text.strip()[:100]!r}.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
