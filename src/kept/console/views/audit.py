"""The Revenue Audit: one's own appointments, what lies behind a figure, and a foreign export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.safestring import mark_safe

from kept.accounts import queries as members_of
from kept.accounts.queries import Member
from kept.appointments import queries
from kept.audit import own as own_rows
from kept.audit.drawing import page, words
from kept.audit.drawing.figure import Links
from kept.audit.figures import Break, Report
from kept.audit.history import History
from kept.audit.measures.breaks import BREAKS
from kept.audit.own_report import (
    TooMany,
    long_report,
    long_simulation,
    own_report,
    own_simulation,
)
from kept.audit.reading import CannotRead
from kept.audit.simulate import ASSUMED, Simulation, letters_said
from kept.audit.writing import ocel, xes
from kept.audit.writing.unnamed import Unnamed
from kept.clock.queries import real_now
from kept.console import auditing as asked
from kept.console import trying, waiting
from kept.console.access import Desk, at_desk, show
from kept.core.policy import Policy, from_data
from kept.lib import reading
from kept.web.large import takes_files


@at_desk(Member.OWNER)
def own(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """The report on one's own appointments, of the time that was chosen."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    context = {"period": period, "spans": asked.SPANS, "now_day": desk.now.astimezone(desk.zone)}
    try:
        report = own_report(desk.business, desk.now, period.begin, period.end)
    except TooMany as error:
        return _long(request, desk, period, context, error.count)
    drawn = page.body(report, _links(period, _present(desk)))
    return show(request, desk, "console/audit.html", {**context, "drawn": mark_safe(drawn)})


def _long(
    request: HttpRequest,
    desk: Desk,
    period: asked.Period,
    context: dict[str, object],
    count: int,
) -> StreamingHttpResponse:
    """The same of so many that its reader is told how far it is. Its downloads are in the page: to
    make them again would take as long again, and nobody keeps them."""
    search = reverse("console:search")
    links = Links(lambda each: f"{search}?q={each}")

    def shown(more: dict[str, object]) -> str:
        return show(request, desk, "console/audit.html", {**context, **more}).content.decode()

    def drawn(report: Report) -> str:
        body = mark_safe(page.body(report, links))
        return shown({"drawn": body, "downloads": asked.downloads(report)})

    return waiting.answer(
        partial(long_report, desk.business, desk.now, period.begin, period.end),
        shown({"waiting": True}),
        drawn,
        f"of {count:,} appointments read",
    )


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
def event_log(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """What happened to these appointments, as an event log for other programs, however many there
    are: it is written as it is sent. Who works here is a pseudonym unless the names are asked for;
    customers always are."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    form = LOGS.get(request.GET.get("form", "xes"))
    if form is None:
        raise Http404
    history = own_rows.history(desk.business, desk.now, period.begin, period.end)
    named = history if request.GET.get("names") == "yes" else Unnamed(history)
    headers = {"Content-Disposition": f'attachment; filename="{form.name}"'}
    return StreamingHttpResponse(_only_read(form, named), content_type=form.kind, headers=headers)


@dataclass(frozen=True, slots=True)
class LogForm:
    """One form of the event log: how it is written, and under which name it is sent."""

    parts: Callable[[History], Iterator[str]]
    kind: str
    name: str


def _only_read(form: LogForm, history: History) -> Iterator[bytes]:
    """The log, piece by piece. It is written when the request has been answered: nothing guards it
    any more but this."""
    with reading.only():
        for each in form.parts(history):
            yield each.encode()


LOGS = {
    "xes": LogForm(xes.parts, "application/xml", "kept-events.xes"),
    "ocel": LogForm(ocel.json_parts, "application/json", "kept-events.json"),
}


@at_desk(Member.OWNER)
def event_log_page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What an event log is, and in which forms it can be taken along."""
    period = asked.period(request.GET.dict(), desk.now, desk.zone)
    return show(request, desk, "console/audit_log.html", {"period": period})


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
def simulate(request: HttpRequest, desk: Desk) -> HttpResponseBase:
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
    }
    status = 400 if trial.form.errors else 200
    shown = partial(show, request, desk, "console/audit_simulate.html")
    if (policy := trial.policy) is None:
        return shown(context, status=status)
    try:
        found = own_simulation(desk.business, policy, desk.now, period.begin, period.end)
    except TooMany as error:
        return waiting.answer(
            partial(long_simulation, desk.business, policy, desk.now, period.begin, period.end),
            shown({**context, "waiting": True}).content.decode(),
            lambda found: shown({**context, **_tried(desk, found)}).content.decode(),
            f"of {error.count:,} booked times gone through",
        )
    return shown({**context, **_tried(desk, found)}, status=status)


def _tried(desk: Desk, found: Simulation) -> dict[str, object]:
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
