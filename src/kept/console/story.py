"""The story of one appointment in pieces to draw: path, what is next, timeline, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from typing import Literal
from uuid import UUID

from kept.accounts import queries as accounts
from kept.appointments import queries as appointments
from kept.appointments.queries import Appointment, Leg, Timeline
from kept.cases import queries as cases
from kept.cases.queries import Control, Escalation, Event, HandOff
from kept.console import words
from kept.console.access import Desk, name_of
from kept.console.putting_off import is_put_off, may_wait, too_late_at
from kept.console.rows import Flag, flags
from kept.core import drawing
from kept.core.case import Status
from kept.core.certainty import Certainty
from kept.core.path import Lapse, Tell
from kept.core.paths import PATHS
from kept.core.preparation import items
from kept.lib import i18n
from kept.outbox.queries import Message
from kept.people.queries import Told, channels
from kept.schedule import queries as schedule
from kept.web import parts

PATH = PATHS["appointment"]
Kind = Literal["change", "message", "person", "system"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: what, when, who or what did it, why."""

    title: str
    at: datetime
    by: str
    why: str
    leg: int
    case: UUID
    kind: Kind
    icon: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """One duty that is still to come, or that is just being done."""

    title: str
    at: datetime
    says: str
    in_hand: bool
    unsendable: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """A control as a row of the table."""

    title: str
    control: Control
    reason: str


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung of the evidence ladder: reached (when) or not."""

    words: str
    at: datetime | None
    reached: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its evidence."""

    message: Message
    title: str
    ladder: list[Rung]
    trouble: str


@dataclass(frozen=True, slots=True)
class Open:
    """An escalation in words, with what closes it, and who sees to it ("": nobody yet).

    `put_off`: it is out of sight until then; `may_wait`: until when it could be, as choices.
    `because`: what took the staff or the place away, where that is what is wrong; `to_be_moved`:
    another time would settle it.
    """

    row: Escalation
    title: str
    by_note: bool
    why_not: str
    note_means_told: bool
    age: str
    taken_by: str
    mine: bool
    too_late_at: datetime
    because: str = ""
    to_be_moved: bool = False
    put_off: datetime | None = None
    put_off_by: str = ""
    may_wait: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Belief:
    """What the customer was last told, and whether that is true."""

    told: Told | None
    true: bool
    via: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the page of an appointment shows."""

    leg: Leg
    legs: list[Leg]
    steps: list[parts.Step]
    sentence: str
    flags: list[Flag]
    next: Ahead | None
    ahead: list[Ahead]
    entries: list[Entry]
    duties: list[tuple[Leg, list[Duty]]]
    letters: list[Letter]
    open: list[Open]
    resolved: list[Open]
    hand_offs: list[HandOff]
    belief: Belief
    certainty: Certainty
    broken_by: str
    answers: list[UUID]  # the enquiries it was booked for


def story(desk: Desk, appointment: Appointment) -> Story:
    """Read an appointment whole."""
    line = appointments.timeline(appointment)
    legs = appointments.legs(appointment)
    leg = next(each for each in legs if each.current)
    told = appointments.told(appointment)
    ahead = _ahead(line, leg)
    doable = [each for each in ahead if not each.unsendable]
    escalations = [escalation(desk, each, leg) for each in line.escalations]
    certainty = appointments.certainties([leg], desk.now)[leg.case_id]
    return Story(
        leg=leg,
        legs=legs,
        steps=_steps(leg),
        sentence=_sentence(leg, told),
        flags=flags(desk, leg, told, []),
        next=doable[-1] if doable else None,
        ahead=ahead,
        entries=entries(desk, line.events, legs),
        duties=[(each, _duties(line.controls, each)) for each in reversed(legs)],
        letters=[letter(each) for each in reversed(line.messages)],
        open=[each for each in escalations if each.row.resolved_at is None],
        resolved=[each for each in escalations if each.row.resolved_at is not None],
        hand_offs=line.hand_offs,
        belief=Belief(
            told,
            appointments.told_is_true(leg, told),
            words.told_of(told.via, {"email": "e-mail", "staff": "a person"}) if told else "",
        ),
        certainty=certainty,
        broken_by=words.told_of(certainty.broken_by, words.CONTROLS | words.EVENTS),
        answers=[UUID(each) for event in line.events for each in event.data.get("leads") or ()],
    )


# The path


def _steps(leg: Leg) -> list[parts.Step]:
    """The stages of the present leg; after an exception those that still hold, and then it."""
    drawn = drawing.steps(PATH, leg.case.state, cases.history(leg.case_id))
    steps = [step(each) for each in drawn]
    if leg.number > 1 and steps:  # it began anew with the move, and was booked long before
        steps[0] = replace(steps[0], note="moved to this time")
    return steps


def step(drawn: drawing.Step) -> parts.Step:
    """A step of a path as the pages draw it."""
    label = words.told_of(drawn.name, words.STATES)
    if drawn.mark is drawing.Mark.SKIPPED:
        return parts.Step(label, "passed")
    standing: dict[drawing.Mark, parts.Standing] = {
        drawing.Mark.DONE: "done",
        drawing.Mark.NOW: "now",
        drawing.Mark.NOT_YET: "ahead",
    }
    return parts.Step(label, standing[drawn.mark], drawn.at)


def _sentence(leg: Leg, told: Told | None) -> str:
    """What the state means, and for an exception whose doing it was."""
    state, by = leg.case.state, leg.case.facts.get("by")
    if state == "confirmed":
        by_person = told is not None and told.via != "email" and told.evidence == "told"
        return "A person has told the customer." if by_person else "The customer was sent the time."
    if state == "prepared":
        return "Everything that is due before the visit is done."
    if state == "cancelled":
        late = " It was a late cancellation." if leg.case.facts.get("late_cancel") else ""
        whose = "The customer" if by == "customer" else "The business"
        return f"{whose} gave the time back.{late}"
    if state == "missed":
        return "The customer did not come." if by == "customer" else "We could not keep it."
    return PATH.state(state).says


# What is ahead


def _ahead(line: Timeline, leg: Leg) -> list[Ahead]:
    """The duties of the present leg that are still open, the last one first."""
    waiting = [
        control
        for control in line.controls
        if control.case_id == leg.case_id
        and control.status == Status.PLANNED.value
        and not isinstance(PATH.control(control.name).does, Lapse)  # nobody waits for that
    ]
    waiting.sort(key=lambda control: control.due_at, reverse=True)
    return [
        Ahead(
            words.told_of(control.name, words.CONTROLS),
            control.due_at,
            PATH.control(control.name).says,
            in_hand=control.fired_at is not None,
            unsendable=_unsendable(control, leg),
        )
        for control in waiting
    ]


def _unsendable(control: Control, leg: Leg) -> bool:
    """A message that is planned although nothing reaches the customer any more."""
    says_something = isinstance(PATH.control(control.name).does, Tell)
    return says_something and not channels(leg.appointment.customer)


def _duties(controls: Sequence[Control], leg: Leg) -> list[Duty]:
    return [
        Duty(_numbered(control), control, _became(control, leg))
        for control in controls
        if control.case_id == leg.case_id
    ]


def _became(control: Control, leg: Leg) -> str:
    """Why it was not done, or will not be."""
    if control.status == Status.PLANNED.value and _unsendable(control, leg):
        return "Cannot be sent: no e-mail reaches the customer"
    return words.cause(control.reason)


def _numbered(control: Control) -> str:
    title = words.told_of(control.name, words.CONTROLS)
    return f"{title}, {words.nth_time(control.run)}" if control.run > 1 else title


# What happened


def entries(desk: Desk, events: Sequence[Event], legs: Sequence[Leg] = ()) -> list[Entry]:
    """The events as entries, newest first; with their legs, a booking says why it could be."""
    followed = zip_longest(events, events[1:])
    said = [event for event, then in followed if not _says_itself_twice(event, then)]
    offered = {leg.case_id: appointments.why_offered(leg) for leg in legs}
    members = {name_of(each.user): each.role for each in accounts.members(desk.business.id)}
    return [entry(desk, event, offered.get(event.case_id, ""), members) for event in reversed(said)]


def _says_itself_twice(event: Event, then: Event | None) -> bool:
    """A duty that is no message comes due and is done in one moment: what it did says enough."""
    if event.name != "control_due" or then is None:
        return False
    path = PATHS[event.case.path]
    message = isinstance(path.control(str(event.data["control"])).does, Tell)
    return not message and (then.case_id, then.at) == (event.case_id, event.at)


def entry(desk: Desk, event: Event, offered: str, members: Mapping[str, str]) -> Entry:
    kind = _kind(event)
    reasons = (_why(event), offered if event.name == "booked" else "")
    return Entry(
        title=_title(desk, event),
        at=event.at,
        by=words.actor(event.actor_role, event.actor_name, members),
        why=words.sentences(*reasons),
        leg=event.case.number,
        case=event.case_id,
        kind=kind,
        icon={"change": "dot", "message": "arrow", "person": "alert", "system": "clock"}[kind],
    )


def _kind(event: Event) -> Kind:
    if event.name.startswith("message_"):
        return "message"
    if event.name.startswith(("escalat",)):
        return "person"
    if event.name.startswith(("control_", "stage_", "preparation", "policy_")):
        return "system"
    return "change"


def _title(desk: Desk, event: Event) -> str:
    """Like "First reminder: accepted by the mail server"."""
    said, data = words.told_of(event.name, words.EVENTS), event.data
    if event.name == "moved":
        return f"Moved from {_at(desk, data['from'])} to {_at(desk, data['to'])}"
    if event.name == "corrected":
        return f"Corrected to {words.told_of(str(data['to']), words.STATES).lower()}"
    if event.name == "stage_skipped":
        return f"“{words.told_of(str(data['stage']), words.STATES)}” was passed over"
    if event.name in {"missed", "cancelled"} and event.case.path == PATH.name:
        outcome = f"{event.name}_by_{data.get('by', 'business')}"
        return words.told_of(outcome, words.OUTCOMES)
    if event.name == "booked" and data.get("origin") != "move":
        return f"Booked {words.told_of(str(data.get('origin')), words.ORIGINS)}"
    if event.name == "booked":
        return "The new time is booked"
    if event.name == "running_late" and data.get("minutes"):
        return f"Running {data['minutes']} minutes late"
    if event.name in {"item_prepared", "item_reopened"}:
        ready = "Ready" if event.name == "item_prepared" else "Not ready after all"
        return f"{ready}: {_item(event)}"
    if event.name == "escalation_snoozed":
        said = f"Put off until {_at(desk, data['until'])}"
    return _about(event, said)


def _item(event: Event) -> str:
    """The thing it is about, in the words agreed at booking."""
    known = {item.id: item.what for item in items(event.case.facts)}
    return known[str(event.data["item"])]


def _about(event: Event, said: str) -> str:
    data = event.data
    if event.name == "control_due":
        return f"{words.told_of(str(data['control']), words.CONTROLS)}: to be sent now"
    if "control" in data:
        return f"{words.told_of(str(data['control']), words.CONTROLS)}: {said.lower()}"
    if "kind" in data:
        return f"{said}: {words.told_of(str(data['kind']), words.ESCALATIONS).lower()}"
    if event.name.startswith("hand_off_"):
        return f"{words.told_of(str(data['to']), words.PATHS)}: {said.lower()}"
    return said


def _why(event: Event) -> str:
    """The reason somebody gave, and what the other side said."""
    detail = str(event.data.get("detail", "") or "")
    if event.name in {"control_due", "preparation_opened", "escalated"}:
        return words.plain(detail)  # what it is for is said by its name
    if event.name.startswith("control_"):
        return words.cause(event.reason)
    if event.name == "stage_skipped":
        return words.cause(event.reason)
    return " ".join(words.plain(part) for part in dict.fromkeys((event.reason, detail)) if part)


def _at(desk: Desk, instant: object) -> str:
    moment, zone = datetime.fromisoformat(str(instant)), desk.business.time_zone
    locale = desk.business.locale
    day = i18n.format_date_short(moment, zone, locale)
    return f"{day}, {i18n.format_time(moment, zone, locale)}"


# What was said


def letter(message: Message) -> Letter:
    """A message with the ladder of its evidence and, when it is in trouble, what the trouble is."""
    known = sorted(message.evidence.all(), key=lambda each: each.at)
    at = {each.kind: each.at for each in known}
    ladder = [
        Rung("queued", message.created_at, True),
        Rung("handed over", message.handed_over_at, message.handed_over_at is not None),
        Rung("accepted by the mail server", at.get("accepted"), "accepted" in at),
        Rung("delivered", at.get("delivered"), "delivered" in at),
    ]
    # Which try of the plan it was is no matter: what was dropped before it never went out.
    title = words.told_of(message.control, words.CONTROLS)
    return Letter(message, title, ladder, _trouble(message))


def _trouble(message: Message) -> str:
    if message.status in {Message.ACCEPTED, Message.DELIVERED}:
        return ""
    return message.error


# What needs a person


def escalation(desk: Desk, row: Escalation, leg: Leg | None = None) -> Open:
    """An escalation in words, with what may close it. `leg`: the appointment's present one."""
    lost = row.kind == "RESOURCE_LOST" and row.resolved_at is None and leg is not None
    rule = PATHS[row.case.path].escalation(row.kind)
    return Open(
        row,
        words.told_of(row.kind, words.ESCALATIONS),
        rule.by_note,
        rule.why_not,
        rule.note_means == "told_by_staff",
        words.ago((desk.now - row.raised_at).total_seconds()),
        taken_by=words.who(row.taken_by),
        mine=row.taken_by == str(desk.actor),
        because=_why_lost(desk, leg) if lost and leg else "",
        to_be_moved=lost,
        too_late_at=too_late_at(row),
        put_off=row.snoozed_until if is_put_off(row, desk.now) else None,
        put_off_by=words.who(row.snoozed_by),
        may_wait=may_wait(desk, row),
    )


def _why_lost(desk: Desk, leg: Leg) -> str:
    """What took the staff or the place away, in a sentence; "" when it is neither of these."""
    if not leg.staff.active:
        return f"{leg.staff.name} is no longer here."
    closed = schedule.closing(leg.staff, leg.start, leg.end)
    if closed is None:
        return ""
    who = closed.resource.name if closed.resource else "The business"
    reason = f" ({closed.reason})" if closed.reason else ""
    begin, end = (_at(desk, each.isoformat()) for each in (closed.start, closed.end))
    away = "is away" if closed.resource else "is closed"
    return f"{who} {away} from {begin} to {end}{reason}."
