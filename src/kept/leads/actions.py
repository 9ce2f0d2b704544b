"""The one door to everything that may be done with a lead. Each action is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from kept.cases import queries as case_queries
from kept.core.case import Actor, Event
from kept.journeys import actions as journeys
from kept.leads import queries
from kept.leads.models import Lead
from kept.leads.receiving import Asked as Asked
from kept.leads.receiving import Taken as Taken
from kept.leads.receiving import happen
from kept.leads.receiving import receive as receive
from kept.lib.again import in_one_transaction
from kept.people import actions as people

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
    offer: bool = True,
    alongside: Callable[[Lead], None] = nothing,
) -> Lead:
    """One of SAYINGS happened: somebody called, wrote, answered, took it over ...

    `service` and `offer` belong to *qualified*: what they need, and whether Kept offers times by
    letter. Raises Lead.DoesNotExist, also for one of another business, Service.DoesNotExist and
    NotAllowed.
    """
    if name not in SAYINGS:
        raise ValueError(f"{name!r} is not one of {', '.join(sorted(SAYINGS))}")
    lead = queries.lead(business, lead_id)
    data: dict[str, object] = {}
    if name == "qualified":
        lead = _for_service(lead, service)
        data = {"offer": offer, **({"service": str(service)} if service else {})}
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

    Kept with its proof. Asked twice, the second time adds only proof.
    """
    journeys.refuse_suggestions(lead.customer_id, now, actor, source=source, wording=wording)
    case = case_queries.lock(lead.case_id)
    event = Event("stopped", now, actor, wording)
    if queries.understands(case, event):
        happen(case, event, now)
