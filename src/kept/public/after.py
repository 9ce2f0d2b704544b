"""What a customer may say once an appointment has an outcome: how it went, and no more letters.

Behind the link of the customer's page. Looking changes nothing; a mail program's own button to
unsubscribe sends a POST without asking anybody (RFC 8058), so that one carries no token of a form.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kept.cases.queries import Case
from kept.core import rhythm
from kept.core.case import NotAllowed
from kept.core.paths.reactivation import REACTIVATION
from kept.core.time import CalendarDays, after
from kept.journeys import actions, queries
from kept.public.visit import Visit, render, visit_of
from kept.web.forms import Form

ANSWERS = [
    ("went_well", lazy("All was well")),
    ("went_badly", lazy("Something was not right")),
]
NOT_AGAIN = "not_again"
STOP = lazy("Send me no more suggestions")


class Went(Form):
    """How it went, in one word and, for who wants, in their own."""

    went = forms.ChoiceField(
        label=lazy("How did it go?"),
        choices=ANSWERS,
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose one of the two.")},
    )
    words = forms.CharField(
        label=lazy("In your own words"),
        help_text=lazy("A person reads it. If something was not right, we call you."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def went(request: HttpRequest, token: str) -> HttpResponse:
    """How it went: the same page for everybody, whatever they will say."""
    visit = visit_of(request, token)
    case = _following(visit)
    form = Went(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        said = case.facts.get("feedback")
        status = 422 if request.method == "POST" else 200
        return render(visit, "public/went.html", {"form": form, "said": said}, status)
    said, words = form.cleaned_data["went"], form.cleaned_data["words"]
    actions.say(case.business_id, case.id, said, visit.now, visit.actor, words=words)
    return render(visit, "public/went.html", {"said": said, "thanked": True})


LATER = [
    ("30", lazy("Ask me again in a month")),
    ("90", lazy("Ask me again in three months")),
    ("180", lazy("Ask me again in half a year")),
    (NOT_AGAIN, lazy("Do not ask me about this visit again")),
]


class Later(Form):
    """When to be asked again, or not at all."""

    when = forms.ChoiceField(
        label=lazy("When may we ask you again?"),
        choices=LATER,
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose one of these.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def later(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation that does not suit just now: asked on another day, or not again."""
    visit = visit_of(request, token)
    case = queries.current(visit.appointment.id, REACTIVATION.name)
    if case is None:
        raise Http404
    form = Later(request.POST if request.method == "POST" else None)
    if "snoozed" not in queries.allowed(case):
        return render(visit, "public/later.html", {"over": True})
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(visit, "public/later.html", {"form": form}, status)
    try:
        day = _wait(case, form.cleaned_data["when"], visit)
    except NotAllowed:  # somebody has answered, or booked, in the meantime
        return render(visit, "public/later.html", {"over": True}, 409)
    return render(visit, "public/later.html", {"done": True, "day": day})


def _wait(case: Case, when: str, visit: Visit) -> datetime | None:
    """Do as they wish; answers the day on which they are asked again (None: on none)."""
    if when == NOT_AGAIN:
        actions.say(case.business_id, case.id, "declined", visit.now, visit.actor)
        return None
    day = after(visit.now, CalendarDays(int(when), rhythm.AT), ZoneInfo(case.zone))
    actions.say(case.business_id, case.id, "snoozed", visit.now, visit.actor, until=day)
    return day


def _following(visit: Visit) -> Case:
    """What follows the visit. There is nothing to say about one that did not take place."""
    case = queries.current(visit.appointment.id)
    if case is None or case.facts.get("recovers"):
        raise Http404
    return case


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No more letters that ask for something new. Asked twice, it is the same."""
    visit = visit_of(request, token)
    if request.method != "POST":
        return render(visit, "public/stop.html", {"words": STOP})
    actions.refuse_suggestions(
        visit.appointment.customer_id,
        visit.now,
        visit.actor,
        source="letter",
        wording=str(STOP),
    )
    return render(visit, "public/stop.html", {"stopped": True})
