"""Asking something: the form of a business, on its own page or in a frame of another site.

It carries no session and no cookie, because in a frame a browser sends none: a signed token in the
form makes it count once. Looking changes nothing. What is answered never says whether we know the
person: anybody may type anybody's address.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kept.accounts.queries import Business
from kept.clock import queries as clock
from kept.core.case import Actor, Role
from kept.core.paths.lead_response import BOOKED
from kept.core.paths.reactivation import REACTIVATION
from kept.journeys import queries as journeys
from kept.leads import actions as leads
from kept.leads import queries
from kept.leads.actions import Asked
from kept.leads.queries import Lead
from kept.outbox import queries as outbox
from kept.people import queries as people
from kept.public import tokens
from kept.public.asking import AskedEnough, count
from kept.public.choice import business_of, render
from kept.public.forms import Details, at_most
from kept.schedule import queries as schedule
from kept.schedule.queries import Service
from kept.web import pages

AGREES = lazy("You may write to me later with suggestions. I can take that back at any time.")
STOP = lazy("Do not write to me any more")
METHODS = ["GET", "HEAD", "POST"]


class Ask(Details):
    """Who asks what. Little is asked: a name, and one way to answer."""

    service = forms.ChoiceField(label=lazy("What is it about?"), required=False)
    agrees = forms.BooleanField(label=AGREES, required=False)

    field_order = ("name", "email", "phone", "service", "notes", "agrees", "website")

    def __init__(self, *args: Any, services: list[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = lazy(
            "We answer there. If you have none, give a phone number instead."
        )
        self.fields["phone"].help_text = lazy("So that we can call you back.")
        notes = self.fields["notes"]
        notes.label, notes.validators = lazy("What would you like to know?"), [*at_most(3000)]
        offered = [(str(each.id), each.name) for each in services]
        service = self.fields["service"]
        assert isinstance(service, forms.ChoiceField)
        service.choices = [("", lazy("Something else")), *offered]
        if not offered:
            del self.fields["service"]


@csrf_exempt
@require_http_methods(METHODS)
def ask(request: HttpRequest, slug: str, service_id: UUID | None = None) -> HttpResponse:
    """The form on its own page."""
    return _answer(request, business_of(request, slug), service_id, framed=False)


@csrf_exempt
@xframe_options_exempt
@require_http_methods(METHODS)
def framed(request: HttpRequest, slug: str, service_id: UUID | None = None) -> HttpResponse:
    """The form for a frame: only the sites that the business has named may show it."""
    business = business_of(request, slug)
    response = _answer(request, business, service_id, framed=True)
    if origins := queries.origins(business.id):
        # For this answer alone; every other page is framed by nobody.
        response._csp_replace = {"frame-ancestors": origins}  # type: ignore[attr-defined]
    return response


def _answer(
    request: HttpRequest, business: Business, service_id: UUID | None, *, framed: bool
) -> HttpResponse:
    services = list(schedule.services(business.id))
    asked_about = _asked_about(services, service_id)
    if request.method != "POST":
        first = {"service": asked_about} if asked_about else {}
        form = Ask(business=business, services=services, initial=first)
        sent = _answered_by(request.GET["sent"]) if "sent" in request.GET else ""
        return _page(request, business, form, framed=framed, sent=sent)
    form = Ask(
        request.POST,
        business=business,
        services=services,
        locale=pages.readers_locale(request, business.locale),
    )
    key = tokens.form_key(request.POST.get("token", ""), business.id)
    if form.is_valid() and key is None:
        form.add_error(None, _("This page was open for too long. Check it and send it once more."))
    if form.errors or form.contact is None:
        return _page(request, business, form, framed=framed, status=422)
    try:
        count(request, business)
    except AskedEnough:
        form.add_error(None, _("You have sent a lot in a short time. Please call us instead."))
        return _page(request, business, form, framed=framed, status=429)
    _take(business, form, f"form:{key}")
    how = LETTER if form.contact.email else CALL
    return HttpResponseRedirect(f"{request.path}?sent={how}", status=303)


LETTER, CALL, LATER = "letter", "call", "later"


def _answered_by(how: str) -> str:
    """How whoever asked hears from us, as far as it may be said: by what they typed, and by whether
    mail leaves at all. Of the address nothing: not whether it is known, had letters, or wants none.
    """
    if how == CALL:
        return CALL
    return LETTER if outbox.mail().state == "ok" else LATER


def _asked_about(services: list[Service], service_id: UUID | None) -> str:
    if service_id is None:
        return ""
    if service_id not in {each.id for each in services}:
        raise Http404
    return str(service_id)


def _take(business: Business, form: Ask, key: str) -> None:
    assert form.contact is not None
    typed = form.cleaned_data
    asked = Asked(
        form.contact,
        "form",
        words=typed["notes"],
        service=UUID(typed["service"]) if typed.get("service") else None,
        key=key,
        agrees=str(AGREES) if typed["agrees"] else "",
    )
    leads.receive(business, asked, clock.now(), Actor(Role.CUSTOMER, form.contact.name))


def _page(
    request: HttpRequest,
    business: Business,
    form: Ask,
    *,
    framed: bool,
    sent: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "token": tokens.new_form(),
        "framed": framed,
        "sent": sent,
        "problem": bool(form.is_bound and form.errors),
    }
    return render(business, request, "public/ask.html", context, status)


# No more letters


@csrf_exempt
@require_http_methods(METHODS)
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No more letters about this enquiry, nor suggestions. Asked twice, it is the same.

    A mail program's own button sends a POST without asking anybody (RFC 8058).
    """
    lead = _lead_of(token)
    business = business_of(request, lead.business.slug)
    if request.method == "POST":
        who = Actor(Role.CUSTOMER, lead.customer.name)
        leads.stop(lead, clock.now(), who, source="letter", wording=str(STOP))
        lead = _lead_of(token)
    context = {"words": STOP, "standing": _standing(lead)}
    return render(business, request, "public/ask_stop.html", context)


def _standing(lead: Lead) -> str:
    """Where the enquiry stands for who wants no more letters: *open*, *booked*, *invited* (it fell
    silent, and its person agreed to be written to), *ended*; *silent*: they get none already."""
    if lead.case.waits:
        return "open"
    if people.has_refused(lead.customer_id, "marketing"):
        return "silent"
    if lead.case.state == BOOKED:
        return "booked"
    became = journeys.current(lead.pk, REACTIVATION.name)
    return "invited" if became is not None and became.waits else "ended"


def _lead_of(token: str) -> Lead:
    lead = queries.by_token(token)
    if lead is None:
        raise Http404
    return lead
