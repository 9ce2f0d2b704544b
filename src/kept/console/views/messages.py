"""What was said: the list, the demo's inbox, and each message as its reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.clickjacking import xframe_options_sameorigin

from kept.accounts.queries import Member
from kept.appointments import letters as appointment_letters
from kept.appointments import queries
from kept.audit import letters
from kept.channels.base import Letter
from kept.channels.email import mime
from kept.console.access import Desk, at_desk, show
from kept.console.story import letter
from kept.journeys import letters as journey_letters
from kept.leads import letters as lead_letters
from kept.leads import queries as leads
from kept.outbox import queries as outbox
from kept.outbox import samples
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
    handed_over: list[Message | OwnersLetter] = [
        message
        for message in outbox.newest(desk.business.id, NEWEST)
        if message.handed_over_at is not None
    ]
    handed_over += weekly_letters(desk) + own_tests(desk)
    handed_over.sort(key=lambda each: each.handed_over_at or desk.now, reverse=True)
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


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose letter it is."""

    name: str


@dataclass(frozen=True, slots=True)
class OwnersLetter:
    """A weekly letter, or a test to oneself (without a `row`), shown as messages to customers."""

    row: letters.WeeklyLetter | None
    id: UUID
    subject_line: str
    text: str
    html: str
    address: str
    person: Reader
    handed_over_at: datetime
    calendar: str = ""


def weekly_letters(desk: Desk) -> list[OwnersLetter]:
    """What the owners were written: for themselves alone."""
    found = letters.newest(desk.business.id, NEWEST) if desk.is_owner else ()
    return [
        OwnersLetter(
            row,
            row.id,
            row.subject_line,
            *letters.words(row),
            row.address,
            Reader(OWNERS),
            row.handed_over_at or row.created_at,
        )
        for row in found
    ]


OWNERS = "The owner"


def own_tests(desk: Desk) -> list[OwnersLetter]:
    """What this member sent to themselves, and left: for them alone."""
    return [
        OwnersLetter(
            None,
            row.id,
            row.subject_line,
            row.text,
            row.html,
            row.address,
            Reader("You"),
            row.handed_over_at,
        )
        for row in samples.asked_for(desk.business.id, desk.user.email)
        if row.handed_over_at is not None
    ]


@at_desk(Member.OWNER, posts=True)
def unsent(request: HttpRequest, desk: Desk, letter_id: UUID) -> HttpResponse:
    """A weekly letter that did not leave: its words, what became of it, and what is to be done."""
    row = letters.of_business(desk.business.id, letter_id)
    if request.method != "POST":
        evidence = row.evidence.order_by("at", "id")
        return show(request, desk, "console/unsent.html", {"row": row, "evidence": evidence})
    if "again" in request.POST:
        letters.send_again(desk.business.id, letter_id, desk.now)
        notices.success(request, "The letter is handed over again as soon as mail can leave.")
    else:
        letters.seen(desk.business.id, letter_id, desk.now)
    return redirect("console:today")


def headers(message: Message | OwnersLetter) -> list[tuple[str, str]]:
    """The headers of a message that left, as they were sent."""
    if isinstance(message, OwnersLetter):
        if message.row is None:
            return []  # they are made where it is handed over
        weekly = mime.build(letters.as_letter(message.row, message.handed_over_at))
        return [(name, " ".join(str(value).split())) for name, value in weekly.items()]
    built = mime.build(_as_sent(message))
    return [(name, " ".join(str(value).split())) for name, value in built.items()]


def _as_sent(message: Message) -> Letter:
    if lead_letters.writes(message):
        return lead_letters.as_sent(message)
    if journey_letters.writes(message):
        return journey_letters.as_sent(message)
    return appointment_letters.as_sent(message)


@at_desk(Member.FRONT_DESK)
@xframe_options_sameorigin
def message_html(request: HttpRequest, desk: Desk, message_id: UUID) -> HttpResponse:
    """The HTML part alone, for the frame, under a policy of its own."""
    html = _html(desk, message_id)
    if not html:
        raise Http404
    return in_a_frame(html)


def in_a_frame(html: str) -> HttpResponse:
    """A letter as its reader sees it, which can do nothing but be looked at."""
    response = HttpResponse(_opening_beside(html))
    response.headers["Content-Security-Policy"] = FRAME
    return response


def _html(desk: Desk, message_id: UUID) -> str:
    """Raises Message.DoesNotExist, also for what is not for this reader."""
    try:
        return outbox.message(desk.business.id, message_id).html
    except Message.DoesNotExist:
        own = weekly_letters(desk) + own_tests(desk)
        if (html := next((each.html for each in own if each.id == message_id), None)) is None:
            raise
        return html


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
