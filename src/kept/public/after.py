"""What a customer may say once an appointment has an outcome: how it went, and no more letters.

Behind the link of the customer's page. Looking changes nothing; a mail program's own button to
unsubscribe sends a POST without asking anybody (RFC 8058), so that one carries no token of a form.
"""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kept.cases.queries import Case
from kept.journeys import actions, queries
from kept.public.visit import Visit, render, visit_of
from kept.web.forms import Form

ANSWERS = [
    ("went_well", lazy("All was well")),
    ("went_badly", lazy("Something was not right")),
]
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
