"""Leads on a terminal: who asks, the story of one, how fast they are answered, and mail."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from kept.cli import out
from kept.cli.businesses import the_business
from kept.cli.explaining import Teller, escape
from kept.cli.problems import Refused
from kept.cli.story import Data, Story
from kept.clock import queries as clock
from kept.journeys import queries as journeys
from kept.leads import mail, queries
from kept.leads.queries import Lead
from kept.leads.speed import Speed, speed

LISTED = 200


def show(slug: str | None, state: str, *, as_json: bool) -> None:
    """List the leads of a business. Raises Refused for a state that there is not."""
    business = the_business(slug)
    if state != "open" and state not in queries.STATES:
        known = ", ".join(("open", *queries.STATES))
        raise Refused(f"There is no state {state!r}; choose from {known}.")
    zone = ZoneInfo(business.time_zone)
    found = list(queries.leads(business.id, state=state)[:LISTED])
    rows = [_summary(lead, zone) for lead in found]
    if as_json:
        out.data(rows)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("lead", "who", "asked", "by", "state", "a person is due"):
        table.add_column(column)
    for lead, row in zip(found, rows, strict=True):
        due = out.when(row["answer_by"], zone) if row["unanswered"] else ""
        said = (row["who"], out.when(lead.opened_at, zone), row["source"], row["state"], due)
        table.add_row(row["reference"], *(escape(each) for each in said))
    out.console().print(table)


def _summary(lead: Lead, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "reference": lead.reference,
        "who": lead.customer.name,
        "state": lead.case.state,
        "source": lead.source,
        "opened_at": lead.opened_at.astimezone(zone),
        "unanswered": bool(lead.case.facts.get("unanswered")) and lead.case.waits,
        "answer_by": datetime.fromisoformat(lead.case.anchors["answer_by"]).astimezone(zone),
    }


def explain(reference: str, slug: str | None, *, as_json: bool) -> None:
    """Print the story of one lead. Raises Refused."""
    business = the_business(slug)
    lead = queries.by_reference(business.id, reference)
    if lead is None:
        raise Refused(f"There is no lead {reference!r}; `kept leads` lists them.")
    story = LeadStory(lead)
    if as_json:
        out.data(story.data())
    else:
        _LeadTeller(story, out.console()).tell()


class LeadStory(Story):
    """One lead, in the shapes in which appointments are told."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead
        self.zone = ZoneInfo(lead.business.time_zone)

    def data(self) -> Data:
        lead, line = self.lead, queries.timeline(self.lead)
        return {
            **_summary(lead, self.zone),
            "business": lead.business.slug,
            "time_zone": self.zone.key,
            "result": lead.case.facts.get("result"),
            "appointment": lead.case.facts.get("appointment"),
            "enquiries": [
                {"at": self.local(each.at), "source": each.source, "words": each.words}
                for each in queries.enquiries(lead)
            ],
            "path": self.steps(lead.case),
            "events": [self.event(event) for event in line.events],
            "controls": [self.control(control) for control in line.controls],
            "messages": [self.message(message) for message in line.messages],
            "escalations": [self.escalation(row) for row in line.escalations],
            "hand_offs": [self.hand_off(row) for row in line.hand_offs],
            "following": [self.following(case) for case in journeys.of_appointment(lead.pk)],
        }


class _LeadTeller(Teller):
    def tell(self) -> None:
        data = self.data
        self.say(
            f"[bold]{data['reference']}[/]  {escape(data['who'])}, {escape(data['business'])}: "
            f"[bold]{data['state']}[/]"
        )
        self.say(f"All times are of {data['time_zone']}, with their offset from UTC.\n")
        for each in data["enquiries"]:
            words = f": {escape(each['words'])}" if each["words"] else ""
            self.say(f"Asked {self.when(each['at'])} by {each['source'].replace('_', ' ')}{words}")
        self.walk(data)
        self.escalations(data["escalations"])
        self.hand_offs(data["hand_offs"])
        for case in data["following"]:
            self.following(case)


def how_fast(slug: str | None, days: int, *, as_json: bool) -> None:
    """Print how fast who asked in the last days was answered."""
    business, now = the_business(slug), clock.now()
    found = speed(business.id, now - timedelta(days=days), now + timedelta(seconds=1), now)
    rows = [_figures(each) for each in found]
    if as_json:
        out.data({"days": days, "sources": rows})
        return
    _print_speed(rows)


def _print_speed(rows: Sequence[Mapping[str, Any]]) -> None:
    spans = ("acknowledged", "first_touch", "first_touch_business")
    times, shares = _table("p50 and p90"), _table("share")
    for column in ("by", "leads", "letter", "person", "while open"):
        times.add_column(column)
    for column in ("by", "letter 60 s", *WITHIN.values(), "never", "booked", "came"):
        shares.add_column(column)
    for row in rows:
        pairs = (f"{_span(row[each]['p50'])} {_span(row[each]['p90'])}" for each in spans)
        times.add_row(row["source"], str(row["leads"]), *pairs)
        parts = (_percent(row[each]["share"]) for each in ("acknowledged_60s", *WITHIN))
        ends = (row["never_responded_share"], row["booked_share"], row["attended"]["share"])
        shares.add_row(row["source"], *parts, *map(_percent, ends))
    out.console().print(times)
    out.console().print(shares)


WITHIN = {
    "first_touch_5m": "person 5 min",
    "first_touch_1h": "1 h",
    "first_touch_business_5m": "open 5 min",
    "first_touch_business_1h": "1 h",
}


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _figures(row: Speed) -> dict[str, Any]:
    """The same names as in the API."""
    spans = {
        "acknowledged": row.acknowledged,
        "first_touch": row.touched,
        "first_touch_business": row.touched_open,
    }
    parts = {
        "acknowledged_60s": row.told_soon,
        "first_touch_5m": row.soon,
        "first_touch_1h": row.in_an_hour,
        "first_touch_business_5m": row.soon_open,
        "first_touch_business_1h": row.in_an_hour_open,
        "attended": row.attended,
    }
    return {
        "source": row.source,
        "leads": row.leads,
        **{
            name: {"p50": _seconds(each.p50), "p90": _seconds(each.p90)}
            for name, each in spans.items()
        },
        **{
            name: {"count": each.count, "of": each.of, "share": each.share}
            for name, each in parts.items()
        },
        "never_responded": row.never,
        "never_responded_share": row.never_share,
        "booked": row.booked,
        "booked_share": row.booked_share,
        "visits_ahead": row.ahead,
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else str(timedelta(seconds=round(seconds)))


def take_mail(slug: str | None) -> None:
    """Take one raw message from stdin as an enquiry."""
    business = the_business(slug)
    taken = mail.take(business, sys.stdin.buffer.read(), clock.now())
    if taken is None:
        out.note(
            "Nobody asks anything in it: it was not written by a person, or cannot be answered."
        )
        return
    joined = " (added to what they asked before)" if taken.joined else ""
    out.line(f"{taken.lead.reference}{joined}")
