"""Leads, for those who ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from kept.appointments.queries import Timeline as Timeline
from kept.cases import queries as cases
from kept.cases.queries import Case
from kept.core.case import Event
from kept.core.paths.lead_response import LEAD_RESPONSE as PATH
from kept.leads.models import Enquiry as Enquiry
from kept.leads.models import Frame as Frame
from kept.leads.models import Lead as Lead
from kept.leads.models import Source as Source
from kept.lib import i18n
from kept.lib.ids import as_reference
from kept.outbox import queries as outbox
from kept.people.actions import Contact
from kept.schedule import queries as schedule
from kept.schedule.queries import Service

STATES = tuple(state.name for state in PATH.states)
WAITING = tuple(state.name for state in PATH.states if state.waits)


def _with_everything(found: QuerySet[Lead]) -> QuerySet[Lead]:
    return found.select_related("case", "customer", "business", "service")


def lead(business: UUID, lead_id: UUID) -> Lead:
    """Raises Lead.DoesNotExist, also for one of another business."""
    return _with_everything(Lead.objects.all()).get(business_id=business, case_id=lead_id)


def of_case(case_id: UUID) -> Lead:
    """The lead of a case. Raises Lead.DoesNotExist."""
    return _with_everything(Lead.objects.all()).get(case_id=case_id)


def is_lead(subject: UUID) -> bool:
    """Whether this is what somebody asked, and no appointment."""
    return Lead.objects.filter(case_id=subject).exists()


def of_cases(ids: Iterable[UUID]) -> dict[UUID, Lead]:
    """The leads among these cases, by case."""
    found = _with_everything(Lead.objects.filter(case__in=set(ids)))
    return {lead.pk: lead for lead in found}


def by_token(token: str) -> Lead | None:
    """The lead whose link this is."""
    return _with_everything(Lead.objects.all()).filter(token=token).first()


def by_reference(business: UUID, reference: str) -> Lead | None:
    """The lead of this reference, as people type it."""
    return next(iter(by_reference_anywhere(reference, business)), None)


def by_reference_anywhere(reference: str, business: UUID | None = None) -> list[Lead]:
    """Leads with this reference, of one business or of all (references are unique in each)."""
    found = Lead.objects.filter(reference=as_reference(reference))
    if business is not None:
        found = found.filter(business_id=business)
    return list(_with_everything(found))


def by_key(business: UUID, key: str) -> Lead | None:
    """The lead that the enquiry of this key became."""
    found = Enquiry.objects.filter(business_id=business, key=key).first()
    return None if found is None else of_case(found.lead_id)


def leads(business: UUID, *, state: str = "", source: str = "") -> QuerySet[Lead]:
    """The leads of a business, the newest first; `state`: also "open", those that wait."""
    found = Lead.objects.filter(business_id=business)
    if state == "open":
        found = found.filter(case__state__in=WAITING)
    elif state:
        found = found.filter(case__state=state)
    if source:
        found = found.filter(source=source)
    return _with_everything(found).order_by("-opened_at", "-case_id")


def counts(business: UUID) -> dict[str, int]:
    """How many leads stand in each state."""
    states = Lead.objects.filter(business_id=business).values_list("case__state", flat=True)
    return dict(Counter(states))


def open_alike(business: UUID, contact: Contact) -> list[Lead]:
    """The open leads of whoever has this e-mail address or phone number, the newest first."""
    email = Q(customer__email__iexact=contact.email or " ")
    same = email | Q(customer__phone=contact.phone or " ")
    found = leads(business, state="open").filter(same, case__waits=True)
    return list(found)


def open_lead(business: UUID, lead_id: UUID) -> Lead | None:
    """This lead, while it is open."""
    return leads(business, state="open").filter(case_id=lead_id).first()


def sources(business: UUID) -> list[Source]:
    """The doors of a business that programs call, by name; not those that are closed."""
    return list(Source.objects.filter(business_id=business, revoked_at=None).order_by("name", "id"))


def source(business: UUID, source_id: UUID) -> Source:
    """Raises Source.DoesNotExist, also for one of another business, or one that is closed."""
    return Source.objects.get(business_id=business, id=source_id, revoked_at=None)


def enquiries(lead: Lead) -> list[Enquiry]:
    """What they asked, oldest first."""
    return list(lead.enquiries.select_related("service").order_by("at", "id"))


def enquiries_of(found: Iterable[Lead]) -> dict[UUID, list[Enquiry]]:
    """What was asked in each of these leads, oldest first: one statement, however many."""
    said: dict[UUID, list[Enquiry]] = {lead.pk: [] for lead in found}
    for each in Enquiry.objects.filter(lead__in=list(said)).order_by("at", "id"):
        said[each.lead_id].append(each)
    return said


def last_enquiry(lead: Lead) -> Enquiry:
    return lead.enquiries.latest("at", "id")


def words_of(ids: Iterable[UUID]) -> dict[UUID, Enquiry]:
    """Of these leads the last thing they asked in words."""
    found = Enquiry.objects.filter(lead__in=list(ids)).exclude(words="").order_by("at", "id")
    return {each.lead_id: each for each in found}


def timeline(lead: Lead) -> Timeline:
    """What happened and will happen to a lead."""
    ids = [lead.case_id]
    return Timeline(
        events=cases.events(ids),
        controls=cases.controls(ids),
        messages=list(outbox.of_subject(lead.case_id)),
        escalations=cases.escalations_of(ids),
        hand_offs=cases.hand_offs_of(ids),
    )


def service(business: UUID, service_id: UUID) -> Service:
    """Raises Service.DoesNotExist, also for one of another business."""
    return schedule.service(business, service_id)


def allowed(lead: Lead) -> tuple[str, ...]:
    """What may be said of the lead now."""
    return PATH.allowed(lead.case.state)


def origins(business: UUID) -> list[str]:
    """The sites that may show the form of this business in a frame."""
    found = Frame.objects.filter(business_id=business).order_by("origin")
    return list(found.values_list("origin", flat=True))


def understands(case: Case, event: Event) -> bool:
    """Whether this means anything to the lead in its present state."""
    return PATH.rule(event, case.state) is not None


def nameless(phone: str) -> str:
    """What somebody is called of whom only the number is known."""
    return i18n.format_phone(phone) if phone else ""
