"""What was said: the list, the demo's inbox, and each message as its reader sees it."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from kept.accounts.queries import Member
from kept.appointments import queries
from kept.appointments.letters import as_sent
from kept.channels.email import mime
from kept.console.access import Desk, at_desk, show
from kept.console.story import letter
from kept.leads import letters as lead_letters
from kept.leads import queries as leads
from kept.outbox import queries as outbox
from kept.outbox.queries import Message

NEWEST = 100

# What the reader's mail program would show, in a frame that can do nothing but be looked at: no
# script, no form, nothing from elsewhere. Its links open beside it.
FRAME = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'"
)


@at_desk(Member.FRONT_DESK)
def messages(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every message, newest first, with what became of it."""
    found = outbox.newest(desk.business.id, NEWEST).prefetch_related("evidence")
    letters = [letter(message) for message in found]
    legs = queries.current_legs(each.message.subject for each in letters)
    asked = leads.of_cases(each.message.case for each in letters)
    found_with = [
        (each, legs.get(each.message.subject), asked.get(each.message.case)) for each in letters
    ]
    return show(request, desk, "console/messages.html", {"letters": found_with, "limit": NEWEST})


@at_desk(Member.FRONT_DESK)
def inbox(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What has arrived at the customers', newest first: each message as its reader sees it."""
    handed_over = [
        message
        for message in outbox.newest(desk.business.id, NEWEST)
        if message.handed_over_at is not None
    ]
    asked = request.GET.get("open", "")
    chosen = next((m for m in handed_over if str(m.id) == asked), None)
    shown = chosen or (handed_over[0] if handed_over else None)
    context: dict[str, object] = {
        "messages_in": handed_over,
        "shown": shown,
        "headers": headers(shown) if shown else [],
    }
    return show(request, desk, "console/inbox.html", context)


@at_desk(Member.FRONT_DESK)
def message(request: HttpRequest, desk: Desk, message_id: UUID) -> HttpResponse:
    """One message: its evidence, and its parts as they were handed over."""
    found = outbox.message(desk.business.id, message_id)
    leg = queries.current_legs([found.subject]).get(found.subject)
    context: dict[str, object] = {
        "letter": letter(found),
        "shown": found if found.handed_over_at else None,
        "evidence": sorted(found.evidence.all(), key=lambda each: each.at),
        "leg": leg,
        "lead": leads.of_cases([found.case]).get(found.case),
        "headers": headers(found) if found.handed_over_at else [],
    }
    return show(request, desk, "console/message.html", context)


def headers(message: Message) -> list[tuple[str, str]]:
    """The headers of a message that left, as they were sent."""
    ours = lead_letters.writes(message)
    built = mime.build(lead_letters.as_sent(message) if ours else as_sent(message))
    return [(name, " ".join(str(value).split())) for name, value in built.items()]


@at_desk(Member.FRONT_DESK)
@xframe_options_sameorigin
def message_html(request: HttpRequest, desk: Desk, message_id: UUID) -> HttpResponse:
    """The HTML part alone, for the frame, under a policy of its own."""
    found = outbox.message(desk.business.id, message_id)
    if not found.html:
        raise Http404
    response = HttpResponse(_opening_beside(found.html))
    response.headers["Content-Security-Policy"] = FRAME
    return response


def _opening_beside(html: str) -> str:
    """A link in a framed message opens beside the page and not inside the frame."""
    return html.replace("<head>", '<head><base target="_blank">', 1)


@at_desk(Member.FRONT_DESK)
def message_calendar(request: HttpRequest, desk: Desk, message_id: UUID) -> HttpResponse:
    """The calendar part as a file."""
    found = outbox.message(desk.business.id, message_id)
    if not found.calendar:
        raise Http404
    response = HttpResponse(found.calendar, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="invite.ics"'
    return response
