"""The letters: what each says, and a test of it to oneself."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.clickjacking import xframe_options_sameorigin

from kept.accounts.queries import Member
from kept.console import samples, words
from kept.console.access import Desk, at_desk, show
from kept.console.views.messages import in_a_frame
from kept.lib import i18n
from kept.outbox import samples as outbox
from kept.outbox.texts.compose import MissingField
from kept.schedule import queries as schedule


@at_desk(Member.OWNER)
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every letter there is, with when it goes."""
    groups = [
        (title, [(kind, *samples.TITLES[kind]) for kind in kinds])
        for title, kinds in samples.GROUPS
    ]
    return show(request, desk, "console/setup/letters.html", {"groups": groups})


@at_desk(Member.OWNER, posts=True)
def letter(request: HttpRequest, desk: Desk, kind: str) -> HttpResponse:
    """One letter as it would read (`?service=`, `?language=`, `?ref=` of a visit); a POST sends a
    test of it to the one who asks, whatever else is sent with it."""
    _require(kind)
    wanted = _wanted(request, desk)
    status = 200
    if request.method == "POST":
        try:
            text = samples.marked(desk, kind, wanted)
            outbox.ask(desk.business.id, desk.user.email, kind, text, desk.now)
        except outbox.TooMany as error:
            messages.warning(request, str(error))
            status = 429
        except MissingField:
            status = 409  # the page says what is missing
        else:
            messages.success(request, f"A test is on its way to {desk.user.email}.")
            return redirect(request.get_full_path())
    context: dict[str, object] = {
        "letter": samples.preview(desk, kind, wanted),
        "wanted": wanted,
        "services": schedule.services(desk.business.id),
        "languages": [(each, i18n.own_name(each)) for each in i18n.languages()],
        "visits": samples.recent(desk) if kind in samples.OF_ANY_VISIT else [],
        "of_any_visit": kind in samples.OF_ANY_VISIT,
        "tests": [
            (each, words.told_of(each.status, words.SAMPLES))
            for each in outbox.asked_for(desk.business.id, desk.user.email)
        ],
    }
    return show(request, desk, "console/setup/letter.html", context, status=status)


@at_desk(Member.OWNER)
@xframe_options_sameorigin
def letter_html(request: HttpRequest, desk: Desk, kind: str) -> HttpResponse:
    """The HTML part of a preview alone, for its frame."""
    _require(kind)
    text = samples.preview(desk, kind, _wanted(request, desk)).text
    if text is None:
        raise Http404
    return in_a_frame(text.html)


def _require(kind: str) -> None:
    if kind not in samples.TITLES:
        raise Http404


def _wanted(request: HttpRequest, desk: Desk) -> samples.Wanted:
    """What is asked for; what is not there, or another business's, is what is usual."""
    services = list(schedule.services(desk.business.id))
    asked, language = request.GET.get("service"), request.GET.get("language", "")
    service = next((each for each in services if str(each.id) == asked), None)
    locale = desk.business.locale
    if language in i18n.languages() and language != i18n.language(locale):
        locale = language
    ref = request.GET.get("ref", "")
    about = next((leg for leg in samples.recent(desk) if leg.appointment.reference == ref), None)
    return samples.Wanted(service or (services[0] if services else None), locale, about)
