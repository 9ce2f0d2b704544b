"""The page of each path in docs/paths, made from the path itself: it cannot be out of date."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from kept.core.drawing import sample, sample_lines
from kept.core.path import (
    ControlRule,
    Duty,
    Escalate,
    EscalationRule,
    ExpireHandOffs,
    Lapse,
    Moment,
    Open,
    Path,
    Rule,
    Tell,
    To,
)
from kept.core.paths import PATHS
from kept.core.policy import SWITCHES, Policy
from kept.core.time import format_offset
from kept.core.wishes import SENTENCES

DEFAULTS = Policy()
ANCHORS = {
    "start": "the start",
    "end": "the end",
    "close": "close of business",
    "resolved": "the outcome",
    "due": "the day it is due",
    "asked_for": "the day the customer named",
    "lapsed": "the end of asking",
    "clear": "nothing stands in its way",
    "asked": "the ask",
    "reply_by": "two working days",
    "enquired": "the enquiry",
    "answer_by": "the moment by which a person is due",
    "offered": "the enquiry, or its qualification",
    "contact": "the last word from or with the person",
    "try_again": "the next attempt",
}
OPENED = "opened"  # when a case began: that is something else on each path


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    return {f"{path.name.replace('_', '-')}.md": page(path) for path in PATHS.values()}


def page(path: Path) -> str:
    """The page of one path, in Markdown."""
    parts = [
        f"# {path.title}",
        f"The `{path.name}` path, as the software walks it. This page is written by `./run docs` "
        f"from `src/kept/core/paths/{path.name}.py`; change it there.",
        "## The way at a glance",
        *_block("text", text_diagram(path)),
        "The same as a diagram:",
        *_block("mermaid", mermaid(path)),
        "## States",
        *_states(path),
        "## Controls: what happens when",
        "Every duty of a case is a row with a time. It ends as done, skipped, void, expired or "
        "failed, with the reason.",
        *_controls(path),
        *_sample(path),
        "## Escalations: what only a person can resolve",
        *_escalations(path),
        "## What may be asked",
        *_asked(path),
        *_requests(path),
        *_corrections(path),
        "## Outcomes, and what follows by default",
        *_outcomes(path),
    ]
    return "\n\n".join(parts) + "\n"


# --- Diagrams -------------------------------------------------------------------------------------

Edge = tuple[tuple[str, ...], str, str]  # from these states, by this event, to that state


def edges(path: Path) -> list[Edge]:
    """Every move from state to state, in the order of the path; corrections are left out."""
    order = ["", *(state.name for state in path.states)]
    return [
        (tuple(sorted(rule.frm, key=order.index)), rule.event, rule.to)
        for rule in path.rules
        if isinstance(rule.to, str)
    ]


def text_diagram(path: Path) -> list[str]:
    """The primary path from top to bottom, then every other move, one a line."""
    lines, main = [], set()
    width = max(map(len, path.stages))
    before = ""
    for stage in path.stages:
        event = next((by for states, by, to in edges(path) if before in states and to == stage), "")
        main.add((before, event, stage))
        lines += [f"  │ {event}".rstrip(), "  ▼"]
        lines.append(f"{stage.ljust(width)}   {path.state(stage).says}")
        before = stage
    lines += ["", "and beside it:", ""]
    for states, event, to in edges(path):
        others = [state or "(new)" for state in states if (state, event, to) not in main]
        if others:
            lines.append(f"{', '.join(others)} ── {event} ──▶ {to}")
    return lines


def mermaid(path: Path) -> list[str]:
    """The same for a renderer. States that share their ways out stand in one box."""
    boxes = sorted({states for states, _, _ in edges(path) if len(states) > 1}, key=len)
    names = {box: f"box{number}" for number, box in enumerate(boxes, 1)}
    lines = ["stateDiagram-v2", *_boxes(boxes, names)]
    for states, event, to in edges(path):
        source = names.get(states) or states[0] or "[*]"
        lines.append(f"    {source} --> {to}: {event}")
    lines += [f"    {state.name} --> [*]" for state in path.states if not state.waits]
    return lines


def _boxes(boxes: Sequence[tuple[str, ...]], names: dict[tuple[str, ...], str]) -> list[str]:
    """Nested, the smallest innermost: each takes in what its states stand in so far."""
    drawn: dict[str, list[str]] = {}  # state -> the lines of the outermost box that holds it
    for box in boxes:
        inner: list[list[str]] = []
        for state in box:
            lines = drawn.get(state, [f"    {state}"])
            inner += [] if any(lines is other for other in inner) else [lines]
        whole = [f'    state "{" or ".join(box)}" as {names[box]} {{']
        whole += [f"    {line}" for lines in inner for line in lines]
        whole.append("    }")
        drawn.update(dict.fromkeys(box, whole))
    outermost = {id(lines): lines for lines in drawn.values()}
    return [line for lines in outermost.values() for line in lines]


# --- Tables ---------------------------------------------------------------------------------------


def _states(path: Path) -> list[str]:
    rows = [
        (f"`{state.name}`", state.kind, state.says, "yes" if state.waits else "no")
        for state in path.states
    ]
    return [_table(("State", "Kind", "Meaning", "Something must still happen"), rows)]


def _controls(path: Path) -> list[str]:
    head = ("Control", "When", "Useful until", "In", "What it does", "Not done when")
    rows = [
        (
            f"`{rule.name}`<br>{rule.says}",
            moment(rule.due, path),
            moment(rule.useful_until, path) if rule.useful_until else "always",
            _in_order(path, rule.states),
            duty(rule.does),
            "<br>".join(not_done(path, rule)) or "–",
        )
        for rule in path.controls
    ]
    return [_table(head, rows)]


def moment(when: Moment, path: Path) -> str:
    """`24h before the start (first_reminder)`: the default, and the policy field that sets it."""
    if when.asked is not None:
        return in_words(when.asked)
    anchor = _began(path) if when.anchor == OPENED else ANCHORS.get(when.anchor, when.anchor)
    if isinstance(when.offset, str):
        default = format_offset(DEFAULTS.offset(when.offset))
        return f"{default} {when.side} {anchor} (`{when.offset}`)"
    zero = when.offset == Moment(when.anchor).offset
    return f"at {anchor}" if zero else f"{format_offset(when.offset)} {when.side} {anchor}"


def _began(path: Path) -> str:
    """What a case of the path began with."""
    return "the outcome was taken over" if path.receives else "the booking"


def duty(does: Duty) -> str:
    """What a control does, in words."""
    match does:
        case Tell(message=message):
            return f"posts the message `{message}`"
        case Open(event=event):
            return f"records `{event}`"
        case Escalate(kind=kind):
            return f"raises {kind}"
        case ExpireHandOffs(kind=kind):
            return f"lets offers expire and raises {kind}"
        case Lapse(kinds=kinds):
            return f"closes what is still open of {', '.join(kinds)}"
        case _ as unreachable:  # pragma: no cover
            assert_never(unreachable)


def not_done(path: Path, rule: ControlRule) -> list[str]:
    """Everything that keeps a control from being done, in words."""
    found = []
    if rule.when:
        found.append(f"planned only if: {in_words(rule.when)}")
    if rule.min_gap:
        gap = format_offset(DEFAULTS.offset(rule.min_gap))
        found.append(f"booked less than {gap} (`{rule.min_gap}`) before it is due")
    if rule.name in SWITCHES:
        found.append("switched off by policy")
    if rule.quiet:
        found.append(_hours_kept(rule.quiet))
    if 0 < rule.rank < max(other.rank for other in path.controls):
        found.append("a more important message goes out at the same moment")
    if isinstance(rule.does, Tell):
        raised = f": raises {rule.does.unreachable}" if rule.does.unreachable else ""
        only = f" if: {in_words(rule.does.needed)}" if rule.does.needed else ""
        found += _for_the_person(rule, rule.does)
        found.append(f"no channel reaches the customer{raised}{only}")
    if isinstance(rule.does, Escalate) and rule.does.unless:
        found.append(f"no need: {in_words(rule.does.unless)}")
    return found


def _hours_kept(name: str) -> str:
    """The hours a letter keeps to by default, and what sets them."""
    window = DEFAULTS.window(name)
    allowed = f"{window.opens:%H:%M} to {window.closes:%H:%M}" if window else "any hour"
    return f"the hours allowed ({allowed}; `{name}`) leave no useful moment"


def _for_the_person(rule: ControlRule, tell: Tell) -> list[str]:
    """What they do not want, and what they have had today."""
    refused = [SENTENCES[tell.purpose]]
    waits = "waits until tomorrow when another path writes to this person today"
    return refused + [waits] * rule.gives_way


def _sample(path: Path) -> list[str]:
    """A booking over the change of the clocks, where "24 hours" and "the day before" differ."""
    if all(rule.due.anchor != "start" for rule in path.controls):
        return []
    start, zone = datetime.fromisoformat("2027-03-28T10:00"), ZoneInfo("Europe/Berlin")
    rows = sample(path, start, zone, DEFAULTS, timedelta(hours=72))
    return [
        f"For example, booked 72 hours before {start:%Y-%m-%d %H:%M} in {zone.key}, on the day the "
        "clocks go forward (24 real hours before 10:00 is 09:00 the day before):",
        *_block("text", sample_lines(rows)),
    ]


def _escalations(path: Path) -> list[str]:
    head = ("Kind", "Owner", "Within", "Reason", "Suggested", "Resolved by", "Makes sense until")
    rows = [
        (
            rule.kind,
            rule.owner.replace("_", " "),
            _within(rule),
            rule.reason,
            rule.suggestion,
            ", ".join(resolved_by(path, rule)) or "–",
            makes_sense_until(path, rule),
        )
        for rule in path.escalations
    ]
    closing = dict.fromkeys(f"`{rule.event}`" for rule in path.rules if "*" in rule.resolves)
    but = f", but for {', '.join(sorted(path.staying))}," if path.staying else ""
    everything = f"Whatever is open{but} is resolved by {', '.join(closing)}; beside that:"
    return [everything, _table(head, rows)] if closing else [_table(head, rows)]


def _within(rule: EscalationRule) -> str:
    latest = f", not after {ANCHORS[rule.no_later_than]}" if rule.no_later_than else ""
    return format_offset(rule.within) + latest


def resolved_by(path: Path, rule: EscalationRule) -> list[str]:
    """The events that close this kind in particular, and whether a note does."""
    resolving = [other.event for other in path.rules if rule.kind in other.resolves]
    note = f"a note (counts as `{rule.note_means}`)" if rule.note_means else "a note"
    return [note] * rule.by_note + [f"`{event}`" for event in dict.fromkeys(resolving)]


def makes_sense_until(path: Path, rule: EscalationRule) -> str:
    """Until when a kind is of use, and what becomes of it then."""
    later = [other.kind for other in path.escalations if rule.kind in other.replaces]
    if later:
        return f"{', '.join(later)} takes its place"
    if rule.until is None:
        return "it is resolved"
    return f"{moment(rule.until, path).removeprefix('at ')}. {rule.afterwards}"


def _asked(path: Path) -> list[str]:
    rows = [
        (f"`{state.name}`", ", ".join(f"`{name}`" for name in path.allowed(state.name)) or "–")
        for state in path.states
    ]
    return [_table(("State", "Requests that may be made"), rows)]


def _requests(path: Path) -> list[str]:
    rows = [
        (
            f"`{rule.event}`",
            _in_order(path, rule.frm),
            _leads_to(rule),
            in_words(rule.guard) if rule.guard else "–",
        )
        for rule in path.rules
        if rule.asked
    ]
    return [_table(("Request", "In", "Leads to", "Condition"), rows)]


def _leads_to(rule: Rule) -> str:
    if rule.to is To.NAMED:
        return "the state it names"
    then = ", then " + ", ".join(f"`{name}`" for name in rule.then) if rule.then else ""
    return ("the same state" if rule.to is To.STAY else f"`{rule.to}`") + then


def _corrections(path: Path) -> list[str]:
    if not path.corrections:
        return []
    rows = [
        (f"`{state}`", ", ".join(f"`{to}`" for to in targets))
        for state, targets in path.corrections.items()
    ]
    return ["A mistake is put right with `corrected`, with a reason:", _table(("From", "To"), rows)]


def _outcomes(path: Path) -> list[str]:
    rows = [
        (f"`{outcome}`", means, _handed_on(outcome)) for outcome, means in path.outcomes.items()
    ]
    if not rows:
        return ["This path hands nothing on."]
    return [_table(("Outcome", "Meaning", "Handed on to"), rows)]


def _handed_on(outcome: str) -> str:
    if outcome not in DEFAULTS.hand_offs:
        return "no policy speaks of it"
    return ", ".join(DEFAULTS.hand_offs[outcome]) or "nothing"


# --- Words ----------------------------------------------------------------------------------------


def in_words(predicate: Callable[..., object]) -> str:
    """What a predicate says of itself, on one line."""
    return " ".join((inspect.getdoc(predicate) or "").split()).removesuffix(".")


def _in_order(path: Path, states: Iterable[str]) -> str:
    wanted = frozenset(states)
    return ", ".join(f"`{state.name}`" for state in path.states if state.name in wanted)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _block(language: str, lines: Iterable[str]) -> list[str]:
    return ["\n".join([f"```{language}", *lines, "```"])]
