"""Telling the story of an appointment on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.padding import Padding
from rich.table import Table

from kept.appointments import queries
from kept.appointments.queries import Appointment
from kept.cli import out
from kept.cli.businesses import the_business
from kept.cli.problems import Misused, Refused
from kept.cli.story import Story
from kept.clock import queries as clock
from kept.lib.text import one_line

MARKS = {"done": "●", "now": "◉", "skipped": "◌", "not yet": "○"}


def explain(reference: str, slug: str | None, *, as_json: bool) -> None:
    """Print the story of the appointment with this reference. Raises Refused, Misused."""
    story = Story(found(reference, slug), clock.now())
    if as_json:
        out.data(story.data())
    else:
        Teller(story, out.console()).tell()


def found(reference: str, slug: str | None) -> Appointment:
    business = the_business(slug).id if slug is not None else None
    found = queries.by_reference(reference, business)
    if not found:
        raise Refused(f"There is no appointment {reference!r}; a reference looks like KX7-M2PT9.")
    if len(found) > 1:
        slugs = ", ".join(each.business.slug for each in found)
        raise Misused(f"Several businesses have a {reference!r}; choose with --business: {slugs}.")
    return found[0]


def escape(text: str) -> str:
    """What a stranger wrote, as text: neither markup nor orders to the terminal."""
    # Edges are part of the layout: only what stands between them comes from others.
    lead = " " if text.startswith(" ") else ""
    return lead + escape_markup(one_line(text))


class Teller:
    """Prints one story. The data of the story says what is true; this only finds the words."""

    def __init__(self, story: Story, console: Console) -> None:
        self.story, self.console = story, console
        self.data: dict[str, Any] = story.data()

    def tell(self) -> None:
        data = self.data
        self.say(
            f"[bold]{data['reference']}[/]  {escape(data['customer'])}, "
            f"{escape(self.story.appointment.business.name)}: [bold]{data['state']}[/]"
        )
        self.say(f"All times are of {data['time_zone']}, with their offset from UTC.\n")
        self.say(self.certainty())
        self.say(self.told())
        for leg in data["legs"]:
            self.leg(leg)
        self.escalations(data["escalations"])
        self.hand_offs(data["hand_offs"])
        for case in data["following"]:
            self.following(case)

    def say(self, text: str = "") -> None:
        self.console.print(text, soft_wrap=True)

    def when(self, instant: datetime | None) -> str:
        return "" if instant is None else out.when(instant, self.story.zone)

    def told(self) -> str:
        told = self.data["told"]
        if not told["anything"]:
            true = " Nothing needed to be said." if told["true"] else ""
            return f"The customer has been told nothing.{true}"
        what = "that it is cancelled" if told["cancelled"] else self.when(told["start"])
        how = f"{told['control'].replace('_', ' ')} by {told['via']}".strip()
        verdict = "That is the truth." if told["true"] else "[bold red]That is not the truth.[/]"
        return (
            f"Last told: {what}, at {self.when(told['at'])} ({how}, {told['evidence']}). {verdict}"
        )

    def certainty(self) -> str:
        known = self.data["certainty"]
        if known["holds"]:
            return f"[bold green]Certain.[/] {escape(known['sentence'])}"
        since = self.when(known["since"])
        return f"[bold red]Not certain[/] since {since}. {escape(known['sentence'])}"

    # Legs

    def leg(self, leg: dict[str, Any]) -> None:
        self.say(
            f"\n[bold]Leg {leg['number']}[/]  {self.when(leg['start'])} to "
            f"{leg['end']:%H:%M}, {escape(leg['service'])} with {escape(leg['staff'])}: "
            f"[bold]{leg['state']}[/]"
        )
        if leg["why_this_time"]:
            self.say(f"  {escape(leg['why_this_time'])}")
        self.walk(leg)
        for item in leg["preparation"]:
            mark, how = ("●", "ready") if item["ready"] else ("○", "open")
            self.say(
                f"  {mark} to prepare: {escape(item['what'])} ({item['by']}, by "
                f"{self.when(item['due_at'])}): {how}"
            )

    def following(self, case: dict[str, Any]) -> None:
        result = f", {case['result']}" if case["result"] else ""
        self.say(
            f"\n[bold]{case['path_name'].replace('_', ' ').capitalize()}[/]  after "
            f"{case['outcome'].replace('_', ' ')}: [bold]{case['state']}[/]{result}"
        )
        for note in case["notes"]:
            self.say(f"  {escape(note)}")
        self.walk(case)
        self.escalations(case["escalations"])

    def walk(self, case: dict[str, Any]) -> None:
        """Where a case stands on its path, what happened, what was due, what was said."""
        self.say("  " + " ── ".join(f"{MARKS[s['mark']]} {s['state']}" for s in case["path"]))
        for step in case["path"]:
            if step["mark"] == "skipped":
                self.say(f"  {step['state']} was passed over: {escape(step['reason'])}")
        self.table("What happened", ("when", "what", "by", "why"), map(self.event, case["events"]))
        self.table(
            "What was due",
            ("control", "due", "handled", "became", "why"),
            map(self.control, case["controls"]),
        )
        self.messages(case["messages"])

    def event(self, event: dict[str, Any]) -> tuple[str, ...]:
        about = event["data"].get("control") or event["data"].get("kind") or ""
        name = event["name"].replace("_", " ")
        return (
            self.when(event["at"]),
            f"{name} ({about})" if about else name,
            event["by"],
            event["reason"],
        )

    def control(self, control: dict[str, Any]) -> tuple[str, ...]:
        again = f" (run {control['run']})" if control["run"] > 1 else ""
        became = control["status"]
        if became == "planned" and control["handled_at"] is not None:
            became = "being sent"
        return (
            control["name"].replace("_", " ") + again,
            self.when(control["due_at"]),
            self.when(control["handled_at"]),
            became,
            control["reason"],
        )

    def messages(self, messages: Sequence[dict[str, Any]]) -> None:
        if not messages:
            return
        self.say("\n  [underline]What was said[/]")
        for message in messages:
            subject = f' "{message["subject"]}"' if message["subject"] else ""
            self.say(
                f"  {message['control'].replace('_', ' ')} to {escape(message['to'])} by "
                f"{message['channel']}: [bold]{message['status']}[/]{escape(subject)}"
            )
            for same in _folded(message["evidence"]):
                self.say(f"    {self.evidence(same)}")
            if message["next_attempt_at"] is not None:
                self.say(f"    next attempt at {self.when(message['next_attempt_at'])}")

    def evidence(self, same: Sequence[dict[str, Any]]) -> str:
        """One thing that became known, or an equal one that became known again and again."""
        first, last = same[0], same[-1]
        detail = f": {first['detail']}" if first["detail"] else ""
        times = len(same)
        often = f" ({times} times, the last at {self.when(last['at'])})" if times > 1 else ""
        return f"{self.when(first['at'])}  {first['kind']}{escape(detail)}{often}"

    # What needs a person, what goes on

    def escalations(self, rows: Sequence[dict[str, Any]]) -> None:
        self.table(
            "What needed a person",
            ("what", "raised", "due", "resolved", "why, and what to do"),
            (
                (
                    row["kind"],
                    self.when(row["raised_at"]),
                    self.when(row["due_at"]),
                    self.when(row["resolved_at"]) or self._open(row),
                    row["note"] or f"{row['reason']} {row['suggestion']}",
                )
                for row in rows
            ),
            indent=0,
        )

    def _open(self, row: dict[str, Any]) -> str:
        """Open, and whose it is or until when it was put off."""
        said = ["open"]
        if row["taken_by"]:
            said.append(f"taken by {row['taken_by']}")
        if row["snoozed_until"]:
            said.append(f"put off until {self.when(row['snoozed_until'])}")
        return ", ".join(said)

    def hand_offs(self, rows: Sequence[dict[str, Any]]) -> None:
        self.table(
            "What was handed on",
            ("to", "after", "offered", "status", "answered or due", "by, why"),
            (
                (
                    row["to"],
                    row["outcome"],
                    self.when(row["offered_at"]),
                    row["status"],
                    self.when(row["answered_at"] or row["accept_by"]),
                    " ".join(filter(None, (row["answered_by"], row["reason"]))),
                )
                for row in rows
            ),
            indent=0,
        )

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        indent: int = 2,
    ) -> None:
        """Columns of the same width as their longest word; only the last one is folded."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in columns:
            table.add_column(column, no_wrap=column != columns[-1])
        for row in rows:
            table.add_row(*map(escape, row))
        if table.row_count:
            self.say(f"\n{' ' * indent}[underline]{title}[/]")
            self.console.print(Padding.indent(table, indent))


def _folded(evidence: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    """What says the same, one after the other, together."""
    for _, same in groupby(evidence, key=lambda known: (known["kind"], known["detail"])):
        yield list(same)
