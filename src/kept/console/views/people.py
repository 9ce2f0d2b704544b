"""The people of a business: finding one, seeing where they stand, writing down what they want."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kept.accounts.queries import Member
from kept.appointments import queries as appointments
from kept.appointments.letters import locale_of
from kept.console import whole_person, words
from kept.console.access import Desk, at_desk, sent, show
from kept.console.forms import Wish
from kept.journeys import actions
from kept.journeys import person as journeys
from kept.lib import i18n
from kept.people import queries

AT_ONCE = 50


@at_desk(Member.FRONT_DESK)
def people(request: HttpRequest, desk: Desk) -> HttpResponse:
    """By a part of the name, the e-mail address or the phone number; without one the newest."""
    text = request.GET.get("q", "").strip()[:200]
    business = desk.business.id
    found = queries.search(business, text, AT_ONCE) if text else queries.newest(business, AT_ONCE)
    visits = appointments.of_people(each.id for each in found)
    rows = [(each, visits.get(each.id, [])) for each in found]
    context = {"rows": rows, "text": text, "full": len(found) == AT_ONCE}
    return show(request, desk, "console/people.html", context)


@at_desk(Member.FRONT_DESK)
def person(request: HttpRequest, desk: Desk, person_id: UUID) -> HttpResponse:
    """Everything about one person, over all paths."""
    return _page(request, desk, person_id, Wish())


@at_desk(Member.FRONT_DESK, posts=True)
def wish(request: HttpRequest, desk: Desk, person_id: UUID) -> HttpResponse:
    """What a customer told a person they want to be written, or do not want."""
    queries.customer_of(desk.business.id, person_id)
    form = Wish(sent(request))
    if request.method != "POST" or not form.is_valid():
        return _page(request, desk, person_id, form, status=422 if form.is_bound else 200)
    given = form.cleaned_data["said"] == "agrees"
    actions.record_wish(
        person_id,
        form.cleaned_data["wish"],
        desk.now,
        desk.actor,
        given=given,
        source="console",
        wording=form.cleaned_data["words"],
    )
    messages.success(request, "Written down. It holds at once, on every path.")
    return redirect("console:person", person_id)


def _number(text: str) -> int:
    return max(int(text), 1) if text.isdecimal() and len(text) < 7 else 1


def _page(
    request: HttpRequest, desk: Desk, person_id: UUID, form: Wish, *, status: int = 200
) -> HttpResponse:
    found = journeys.person(desk.business.id, person_id)
    shown, path = request.GET.get("show", ""), request.GET.get("path", "")
    number = _number(request.GET.get("page", ""))
    page = whole_person.page_of(desk, found, show=shown, path=path, number=number)
    last = {each.purpose: each for each in reversed(found.said)}
    context: dict[str, object] = {
        "person": found,
        "customer": found.customer,
        "language": i18n.own_name(i18n.language(locale_of(found.customer, desk.business))),
        "journeys": whole_person.journeys_of(desk, found),
        "wishes": [(name, said, last.get(name)) for name, said in words.WISHES.items()],
        "form": form,
        "page": page,
        "shown": shown if shown in whole_person.SHOWN else "",
        "kinds": [(name, said) for name, (said, _) in whole_person.SHOWN.items()],
        "path": path,
        "paths": sorted({case.path for case in found.cases}),
        "back": request.get_full_path(),
    }
    return show(request, desk, "console/person.html", context, status=status)
