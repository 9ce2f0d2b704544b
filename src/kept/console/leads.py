"""Who asks, in pieces to draw: the board, one lead, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from kept.accounts.queries import Business
from kept.cases import queries as cases
from kept.console import words
from kept.console.access import Desk
from kept.console.forms import Who, choices_of
from kept.console.story import Ahead, Entry, Letter, Open, entries, escalation, letter, step
from kept.core import drawing
from kept.core.case import Status
from kept.core.path import Tell
from kept.core.paths.lead_response import LEAD_RESPONSE as PATH
from kept.leads import actions, queries
from kept.leads.queries import Enquiry, Lead, Source
from kept.leads.speed import Part, Speed, Took
from kept.people.queries import channels
from kept.schedule import queries as schedule
from kept.web import parts
from kept.web.forms import Form

SOURCES = {
    "form": "Form",
    "api": "Another program",
    "missed_call": "Missed call",
    "sms": "Text message",
    "mail": "E-mail",
    "phone": "Phone",
    "walk_in": "At the desk",
    "all": "All",
}
LISTED = 200


# What can be done


class Called(Form):
    reached = forms.ChoiceField(
        label="Did you reach them?",
        choices=[("yes", "Yes, we have spoken"), ("no", "No, nobody picked up")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="What was said?", max_length=500, required=False, help_text="Kept in the history."
    )


class Remark(Form):
    reason = forms.CharField(
        label="Remark", max_length=500, required=False, help_text="Kept in the history."
    )


class Replied(Form):
    reason = forms.CharField(label="What did they write or say?", max_length=500)


class Qualify(Form):
    service = forms.ChoiceField(label="What do they need?", required=False)
    offer = forms.BooleanField(
        label="Offer them free times by letter until they answer", required=False, initial=True
    )
    reason = forms.CharField(label="Remark", max_length=500, required=False)

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = ((each.id, each.name) for each in schedule.services(business.id))
        self.fields["service"].choices = choices_of(  # type: ignore[attr-defined]
            offered, "Not decided"
        )


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with a lead. `events`: what it may be on the path."""

    name: str
    events: tuple[str, ...]
    title: str
    button: str
    form: type[Form] = Remark
    says: str = ""
    style: str = ""


ACTS = {
    act.name: act
    for act in (
        Act("called", ("reached", "not_reached"), "Called", "We called", Called, style="primary"),
        Act("responded", ("responded",), "Answered", "We answered in writing"),
        Act(
            "replied",
            ("replied",),
            "They have written",
            "They wrote back",
            Replied,
            says="No letter goes out by itself any more, and somebody answers soon.",
        ),
        Act("qualify", ("qualified",), "We can help", "We can help", Qualify),
        Act(
            "take-over",
            ("taken_over",),
            "Take it over",
            "I take it over",
            says="No letter goes out by itself any more. Who waits for an answer still does.",
        ),
        Act("not-a-fit", ("not_a_fit",), "Not for us", "Not for us", says="The lead ends."),
        Act("give-up", ("gave_up",), "Not reached", "Give up", says="The lead ends."),
        Act(
            "stop",
            ("stopped",),
            "They want to hear no more",
            "They want to hear no more",
            says="The lead ends, and nothing else invites them either.",
            style="danger",
        ),
    )
}


def possible(lead: Lead) -> list[Act]:
    """What the lead allows now."""
    allowed = set(queries.allowed(lead))
    return [act for act in ACTS.values() if allowed.intersection(act.events)]


def form_for(act: Act, lead: Lead, data: Mapping[str, Any] | None = None) -> Form:
    if act.form is Qualify:
        offer = not lead.case.facts.get("taken_over")
        known = {"service": str(lead.service_id or ""), "offer": offer}
        return Qualify(data, business=lead.business, initial=known)
    return act.form(data)


def do(desk: Desk, lead: Lead, act: Act, data: Mapping[str, Any]) -> None:
    """Raises NotAllowed."""
    reason = str(data.get("reason", ""))
    if act.name == "stop":
        actions.stop(lead, desk.now, desk.actor, source="console", wording=reason)
        return
    name = act.events[0]
    more: dict[str, Any] = {}
    if act.name == "called" and data["reached"] == "no":
        name = "not_reached"
    if act.name == "qualify":
        service = UUID(data["service"]) if data["service"] else None
        more = {"service": service, "offer": data["offer"]}
    actions.say(desk.business.id, lead.pk, name, desk.now, desk.actor, reason=reason, **more)


class NewLead(Who):
    """Somebody who asks on the phone or at the desk."""

    source = forms.ChoiceField(
        label="How do they ask?",
        choices=[("phone", "On the phone"), ("walk_in", "Here, at the desk")],
        initial="phone",
        widget=forms.RadioSelect,
    )
    service = forms.ChoiceField(label="What about?", required=False)
    send = forms.BooleanField(
        label="Send them a letter with a link to book", required=False, initial=True
    )
    agrees = forms.BooleanField(
        label="They said that we may write to them later with suggestions", required=False
    )

    field_order = (
        "source", "name", "phone", "email", "locale", "service", "notes", "send", "agrees",
    )  # fmt: skip


# The board


@dataclass(frozen=True, slots=True)
class Bar:
    """One state on the board: how many stand in it, and how long its bar is."""

    state: str
    title: str
    count: int
    y: int
    width: float
    waits: bool
    here: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One lead in the list. `waiting`: how long they have waited for a person ("" when not)."""

    lead: Lead
    said: Enquiry | None
    source: str
    waiting: str
    due: datetime | None
    late: bool
    state: str


STEP, WIDTH, LABEL = 30, 960, 200


def board(desk: Desk, state: str) -> list[Bar]:
    """How many leads stand where, as a bar a state."""
    counted = queries.counts(desk.business.id)
    most = max([*counted.values(), 1])
    return [
        Bar(
            each.name,
            words.told_of(each.name, words.STATES),
            counted.get(each.name, 0),
            number * STEP,
            round(counted.get(each.name, 0) / most * (WIDTH - LABEL - 60), 1),
            each.waits,
            each.name == state,
        )
        for number, each in enumerate(PATH.states)
    ]


def rows(desk: Desk, found: Sequence[Lead]) -> list[Row]:
    said = queries.words_of(lead.pk for lead in found)
    return [_row(desk, lead, said.get(lead.pk)) for lead in found]


def in_order(found: Sequence[Lead]) -> list[Lead]:
    """Who waits for a person first, and of those who is due first."""
    return sorted(found, key=lambda lead: (not _waits(lead), lead.case.anchors["answer_by"]))


def _waits(lead: Lead) -> bool:
    return lead.case.waits and bool(lead.case.facts.get("unanswered"))


def _row(desk: Desk, lead: Lead, said: Enquiry | None) -> Row:
    by = datetime.fromisoformat(lead.case.anchors["answer_by"])
    since = max(lead.opened_at, datetime.fromisoformat(lead.case.anchors["contact"]))
    waits = _waits(lead)
    return Row(
        lead,
        said,
        words.told_of(lead.source, SOURCES),
        words.ago((desk.now - since).total_seconds()) if waits else "",
        by if waits else None,
        late=waits and by < desk.now,
        state=words.told_of(lead.case.state, words.STATES),
    )


# One lead


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the page of a lead shows."""

    steps: list[parts.Step]
    sentence: str
    open: list[Open]
    ahead: list[Ahead]
    entries: list[Entry]
    letters: list[Letter]
    enquiries: list[tuple[Enquiry, str]]


def story(desk: Desk, lead: Lead) -> Story:
    line = queries.timeline(lead)
    drawn = drawing.steps(PATH, lead.case.state, cases.history(lead.pk))
    said = [escalation(desk, each) for each in line.escalations]
    asked = queries.enquiries(lead)
    return Story(
        steps=[step(each) for each in drawn],
        sentence=PATH.state(lead.case.state).says,
        open=[each for each in said if each.row.resolved_at is None],
        ahead=_ahead(lead, line),
        entries=entries(desk, line.events),
        letters=[letter(each) for each in reversed(line.messages)],
        enquiries=[(each, words.told_of(each.source, SOURCES)) for each in asked],
    )


def _ahead(lead: Lead, line: queries.Timeline) -> list[Ahead]:
    reached = bool(channels(lead.customer))
    waiting = [each for each in line.controls if each.status == Status.PLANNED.value]
    return [
        Ahead(
            words.told_of(control.name, words.CONTROLS),
            control.due_at,
            PATH.control(control.name).says,
            in_hand=control.fired_at is not None,
            unsendable=isinstance(PATH.control(control.name).does, Tell) and not reached,
        )
        for control in sorted(waiting, key=lambda each: each.due_at)
    ]


# How fast


@dataclass(frozen=True, slots=True)
class Fast:
    """One door's figures in words, with the length of its bar: the median until a person came."""

    title: str
    speed: Speed
    told: str
    touched: str
    touched_open: str
    half: str
    never: str
    booked: str
    came: str
    shares: list[tuple[str, str]]  # the name of each, and how many of how many
    y: int
    width: float


def fast(found: Sequence[Speed]) -> list[Fast]:
    longest = max((each.touched.p50 or timedelta(0) for each in found), default=timedelta(0))
    scale = (WIDTH - LABEL - 120) / (longest.total_seconds() or 1)
    return [
        Fast(
            words.told_of(each.source, SOURCES),
            each,
            _both(each.acknowledged),
            _both(each.touched),
            _both(each.touched_open),
            _said(each.touched.p50),
            _so_many(Part(each.never, each.leads)),
            _so_many(Part(each.booked, each.leads)),
            _came(each),
            [(name, _so_many(part)) for name, part in _shares(each).items()],
            number * STEP,
            round((each.touched.p50 or timedelta(0)).total_seconds() * scale, 1),
        )
        for number, each in enumerate(found)
    ]


def _both(took: Took) -> str:
    """How long it took half of them, and nine of ten."""
    half, most = _said(took.p50), _said(took.p90)
    return half if half == most else f"half within {half}, nine of ten within {most}"


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A share as a bar, with what it says."""

    name: str
    said: str
    y: int
    width: float


SHARES_LABEL = 230  # room for the names of the shares


def bars(everybody: Speed) -> list[ShareBar]:
    """The shares of all who asked, each on a scale from none to all."""
    shares = {
        **_shares(everybody),
        "Booked": Part(everybody.booked, everybody.leads),
        "Came to the visit": everybody.attended,
    }
    whole = WIDTH - SHARES_LABEL - 8  # so that the end of a whole bar is seen
    return [
        ShareBar(name, _so_many(part), number * STEP, round((part.share or 0) * whole, 1))
        for number, (name, part) in enumerate(shares.items())
    ]


def _shares(found: Speed) -> dict[str, Part]:
    return {
        "The letter went within a minute": found.told_soon,
        "A person came within 5 minutes": found.soon,
        "Within an hour": found.in_an_hour,
        "Within 5 minutes of being open": found.soon_open,
        "Within an hour of being open": found.in_an_hour_open,
    }


def _so_many(part: Part) -> str:
    """How many, and how many in a hundred; of nobody there is no share."""
    if part.share is None:
        return "none yet"
    return f"{part.count} of {part.of} ({part.share * 100:.0f}\N{NO-BREAK SPACE}%)"


def _came(found: Speed) -> str:
    ahead = f", {found.ahead} still ahead" if found.ahead else ""
    return f"{_so_many(found.attended)}{ahead}"


def _said(span: timedelta | None) -> str:
    if span is None:
        return "none yet"
    return words.ago(span.total_seconds()) if span >= timedelta(seconds=1) else "at once"


# Where people ask from


class NewSource(Form):
    kind = forms.ChoiceField(label="What does it pass on?", choices=Source.KINDS)
    name = forms.CharField(
        label="Name", max_length=100, help_text="Such as the name of the provider."
    )
    secret = forms.CharField(
        label="The secret it signs with",
        max_length=200,
        required=False,
        help_text="Only if the provider has one of its own. Else Kept makes one.",
    )


class Frames(Form):
    origins = forms.CharField(
        label="Sites that may show the form in a frame",
        required=False,
        max_length=3000,
        help_text="One a line, like https://www.example.com. No other site can.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
