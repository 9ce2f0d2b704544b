"""Where a customer chooses the page to review on, declines, or refuses to be asked for ever.

Every way out of here is a form. A link of a letter is opened by mail scanners and previews too, so
a look must neither count as a click nor end the asking (GET changes nothing). The click is counted
by the POST of the button, which leads to a page of ours that goes on to the page chosen: a form
itself may lead nowhere else (the `form-action` of our content security policy, which browsers
also hold against every redirect that follows).
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from kept.cases.queries import Case
from kept.core.case import NotAllowed
from kept.journeys import actions, queries, reputation
from kept.journeys.reputation import ReviewLink
from kept.public.visit import Visit, render, visit_of

NEVER = lazy("Never ask me for a review")
SAID = ("review_declined", "wrong_person")


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, token: str) -> HttpResponse:
    """The pages, each by a button that looks like the others, and two ways to say no."""
    visit = visit_of(request, token)
    case, pages = _asked(visit)
    if request.method == "POST":
        return _answer(request, visit, case, pages)
    return render(visit, "public/review.html", {"pages": pages})


def _asked(visit: Visit) -> tuple[Case, list[ReviewLink]]:
    """The case that asked, and the pages for its place. Nobody reviews what was not asked about."""
    case = queries.current(visit.appointment.id, "reputation")
    if case is None or not case.facts.get("asked"):
        raise Http404
    return case, reputation.links_for(case.business_id, str(case.facts.get("place") or ""))


def _answer(
    request: HttpRequest, visit: Visit, case: Case, pages: list[ReviewLink]
) -> HttpResponse:
    chosen = next((page for page in pages if str(page.id) == request.POST.get("page")), None)
    if chosen is not None:
        _say(visit, case, "clicked", chosen.name)
        return redirect("public:to_review", visit.appointment.token, chosen.id)
    said = request.POST.get("do", "")
    if said not in SAID:
        return render(visit, "public/review.html", {"pages": pages}, 422)
    _say(visit, case, said)
    return render(visit, "public/review.html", {"said": said})


def _say(visit: Visit, case: Case, name: str, words: str = "") -> None:
    """Said twice, or after the asking had ended: it is the same, and leads on."""
    try:
        actions.say(case.business_id, case.id, name, visit.now, visit.actor, words=words)
    except NotAllowed:
        return


@require_safe
def to_review(request: HttpRequest, token: str, link_id: UUID) -> HttpResponse:
    """On to the page chosen: at once, or by the link when the browser does not go by itself."""
    visit = visit_of(request, token)
    _, pages = _asked(visit)
    page = next((page for page in pages if page.id == link_id), None)
    if page is None:
        raise Http404
    return render(visit, "public/to_review.html", {"page": page})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No ask for a review any more, about no visit. Asked twice, it is the same.

    A mail program's own button to unsubscribe sends a POST without asking anybody (RFC 8058), so
    this one carries no token of a form.
    """
    visit = visit_of(request, token)
    if request.method != "POST":
        return render(visit, "public/review_stop.html", {"words": NEVER})
    actions.record_wish(
        visit.appointment.customer_id,
        "review",
        visit.now,
        visit.actor,
        given=False,
        source="letter",
        wording=str(NEVER),
    )
    return render(visit, "public/review_stop.html", {"stopped": True})
