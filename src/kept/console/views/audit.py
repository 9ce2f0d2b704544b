"""The Revenue Audit: one's own appointments, what lies behind a figure, and a foreign export."""

from __future__ import annotations

from io import StringIO
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import mark_safe

from kept.accounts import queries as members_of
from kept.accounts.queries import Member
from kept.appointments import queries
from kept.audit.drawing import page, words
from kept.audit.drawing.figure import Links
from kept.audit.figures import Break, Report
from kept.audit.measures.breaks import BREAKS
from kept.audit.own_report import TooMany, own_history, own_report, own_simulation
from kept.audit.reading import CannotRead
from kept.audit.simulate import ASSUMED, letters_said
from kept.audit.writing import xes
from kept.clock.queries import real_now
from kept.console import auditing as asked
from kept.console import trying
from kept.console.access import Desk, at_desk, show
from kept.core.policy import Policy, from_data
from kept.web.large import takes_files


@at_desk(Member.OWNER)
def own(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The report on one's own appointments, of the time that was chosen."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    context = {"period": period, "spans": asked.SPANS, "now_day": desk.now.astimezone(desk.zone)}
    try:
        report = own_report(desk.business, desk.now, period.begin, period.end)
    except TooMany as error:
        return show(request, desk, "console/audit.html", {**context, "too_many": str(error)})
    drawn = page.body(report, _links(period, _present(desk)))
    return show(request, desk, "console/audit.html", {**context, "drawn": mark_safe(drawn)})


@at_desk(Member.OWNER)
def behind(request: HttpRequest, desk: Desk, figure: str) -> HttpResponse:
    """The appointments a figure of the report counts, with time, customer and state."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    report = _report(desk, period)
    counted = asked.counted(report, figure)
    if counted is None:
        raise Http404
    is_break = isinstance(counted, Break)
    context = {
        "period": period,
        "title": words.title(counted) if isinstance(counted, Break) else counted.question,
        "says": counted.sentence if isinstance(counted, Break) else counted.answer,
        "anchor": counted.number if is_break else counted.name,
        "legs": queries.legs_by_reference(desk.business.id, counted.behind),
        "of": counted.behind_of,
    }
    return show(request, desk, "console/audit_behind.html", context)


@at_desk(Member.OWNER)
def event_log(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What happened to these appointments, as an event log (XES) for other programs."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    written = StringIO()
    try:
        xes.write(own_history(desk.business, desk.now, period.begin, period.end), written)
    except TooMany as error:
        raise Http404 from error
    return _attached(written.getvalue().encode(), "application/xml", "kept-events.xes")


@at_desk(Member.OWNER)
def download(request: HttpRequest, desk: Desk, form: str) -> HttpResponse:
    """The report as a file: page, JSON or tables."""
    if form not in asked.FORMS:
        raise Http404
    name = asked.FORMS[form]
    report = _report(desk, asked.period(request.GET.dict(), desk.now, desk.zone))
    search = f"{settings.BASE_URL}{reverse('console:search')}"
    links = Links(lambda each: f"{search}?q={each}")
    content = asked.written(report, name, links)
    return _attached(content, asked.TYPES[name], f"kept-audit-{name}")


def _attached(content: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _report(desk: Desk, period: asked.Period) -> Report:
    """Raises Http404 where the page itself would say that it is too much."""
    try:
        return own_report(desk.business, desk.now, period.begin, period.end)
    except TooMany as error:
        raise Http404 from error


def _links(period: asked.Period, present: Policy) -> Links:
    """From a reference to the appointment; from a number to the list of those it counts; from a
    break to the trial of what is advised for it."""
    search, tried = reverse("console:search"), reverse("console:audit_simulate")
    return Links(
        lambda each: f"{search}?q={each}",
        lambda name: f"{reverse('console:audit_behind', args=[name])}?{period.query}",
        lambda number: f"{tried}?{_advised(number, period, present)}",
    )


def _present(desk: Desk) -> Policy:
    return from_data(members_of.policy_in_force(desk.business.id).data)


def _advised(number: str, period: asked.Period, present: Policy) -> str:
    change = urlencode([("about", number), *trying.advised(number, present)])
    return f"{change}&{period.query}"


# Another policy, tried on the past


@at_desk(Member.OWNER)
def simulate(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What other settings would have done to the appointments of a time. Nothing is changed."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    trial = trying.trial(request.GET, _present(desk))
    about = next((each for each in BREAKS if each.number == request.GET.get("about")), None)
    context = {
        "period": period,
        "spans": asked.SPANS,
        "trial": trial,
        "form": trial.form,
        "about": about,
        "groups": trial.groups(about.number if about else ""),
        "policy_link": f"{reverse('console:policy')}?{trial.address}",
        **_tried(desk, trial.policy, period),
    }
    status = 400 if trial.form.errors else 200
    return show(request, desk, "console/audit_simulate.html", context, status=status)


def _tried(desk: Desk, policy: Policy | None, period: asked.Period) -> dict[str, object]:
    if policy is None:
        return {}
    try:
        found = own_simulation(desk.business, policy, desk.now, period.begin, period.end)
    except TooMany as error:
        return {"too_many": str(error)}
    drawn = trying.breaks(found)
    return {
        "found": found,
        "governed": trying.governed(found),
        "appointments": trying.appointments(found.would),
        "verdict": trying.verdict(found),
        "drawn": drawn and mark_safe(drawn),
        "letters_said": letters_said(found),
        "letters": trying.listed(desk.business.id, found.letters),
        "different": sum(found.counted.values()),
        "questions": trying.questions(found),
        "refused": trying.listed(desk.business.id, found.refused),
        "assumed": ASSUMED,
    }


# A foreign export


@takes_files
@at_desk(Member.OWNER, posts=True)
def foreign(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The same report on a file from elsewhere, which is read and forgotten.

    A POST, because a file comes with it; nothing is changed by it.
    """
    if request.method != "POST":
        return _form(request, desk)
    uploaded = request.FILES.getlist("files")
    if problem := asked.refusal(uploaded):
        return _form(request, desk, problem)
    try:
        # A file knows nothing of a time-lapse clock: what is over is so by the real one.
        report = asked.of_files(uploaded, desk.zone, real_now(), request.POST.dict())
    except asked.Unanswered as open_ones:
        return _form(request, desk, questions=open_ones.questions)
    except CannotRead as error:
        return _form(request, desk, str(error))
    context = {
        "drawn": mark_safe(page.body(report)),
        "report": report,
        "downloads": asked.downloads(report),
    }
    return show(request, desk, "console/audit_result.html", context)


def _form(
    request: HttpRequest, desk: Desk, problem: str = "", questions: object = ()
) -> HttpResponse:
    context = {
        "problem": problem,
        "questions": questions,
        "largest": asked.LARGEST // 1024 // 1024,
    }
    status = 409 if problem or questions else 200
    return show(request, desk, "console/audit_file.html", context, status=status)
