"""What came of a simulation of this installation's history: as a table, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.table import Table

from kept.audit.drawing import words
from kept.audit.figures import Break, Report
from kept.audit.measures.wording import price
from kept.audit.simulate import ASSUMED, Difference, NotAnyMore, Simulation, letters_said
from kept.cli import out
from kept.cli.simulating import SHOWN, asked_in_words, counts


def as_data(found: Simulation) -> dict[str, object]:
    """The documented form (docs/audit.md). Instants are RFC 3339, money is text."""
    walks = {"really": found.really, "again": found.again, "would": found.would}
    return {
        "changes": {name: {"from": a, "to": b} for name, (a, b) in found.changes.items()},
        "booked_times": found.legs,
        "governed": {name: _values(report) for name, report in walks.items()},
        "breaks": [_break_data(*each) for each in side_by_side(found)],
        "letters": {
            "sent": found.sent,
            "would_send": found.would_send,
            **{str(what): number for what, number in sorted(found.counted.items())},
            "listed": [_letter_data(each) for each in found.letters],
        },
        "asked": {kind: number for kind, number in sorted(found.asked.items()) if number},
        "refused": {
            "count": found.refusals,
            "listed": [_refused_data(each) for each in found.refused],
        },
        "assumed": list(ASSUMED),
    }


def _values(report: Report) -> dict[str, object]:
    return {each.name: each.raw for each in report.headline.values}


def side_by_side(found: Simulation) -> Iterator[tuple[Break, Break, Break]]:
    """Each break as it was, under the same policy once more, and under the other one."""
    yield from zip(found.really.breaks, found.again.breaks, found.would.breaks, strict=True)


def _break_data(really: Break, again: Break, would: Break) -> dict[str, object]:
    return {
        "number": really.number,
        "name": really.name,
        "stage": really.stage,
        "really": really.appointments,
        "again": again.appointments,
        "would": would.appointments,
        "lost": {"really": _text(really.lost), "would": _text(would.lost)},
        "at_risk": {"really": _text(really.at_risk), "would": _text(would.at_risk)},
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _letter_data(each: Difference) -> dict[str, object]:
    return {
        "reference": each.reference,
        "leg": each.leg,
        "control": each.control,
        "what": str(each.what),
        "was": each.was,
        "would": each.would,
        "why": each.why,
    }


def _refused_data(each: NotAnyMore) -> dict[str, object]:
    return {
        "reference": each.reference,
        "at": each.at,
        "event": each.event,
        "who": each.who,
        "sentence": each.sentence,
    }


# On a terminal


def told(found: Simulation, zone: ZoneInfo) -> None:
    """Print it."""
    _changes(found)
    if not found.legs:
        out.line("There is no appointment in this time to walk again.")
        return
    out.line(f"{found.legs:,} booked times were gone through again.")
    out.line(f"As it happened:     {found.really.headline.answer}")
    out.line(f"Same policy again:  {found.again.headline.answer}")
    out.line(f"The other policy:   {found.would.headline.answer}")
    out.line()
    _breaks(found)
    _letters(found, zone)
    counts("What a person would be asked more or less often", asked_in_words(found.asked))
    _refusals(found, zone)
    for sentence in ASSUMED:
        out.line(f"Mind: {sentence}")


def _changes(found: Simulation) -> None:
    if not found.changes:
        out.line("The other policy is the same as the one in force.")
    for name, (before, after) in found.changes.items():
        out.line(f"{name}: {before} -> {after}")
    out.line()


def _breaks(found: Simulation) -> None:
    rows = [each for each in side_by_side(found) if any(one.appointments for one in each)]
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Where it breaks")
    columns = ("as it happened", "same policy again", "other policy", "lost", "lost then")
    for name in columns:
        table.add_column(name, justify="right")
    for really, again, would in rows:
        numbers = (f"{each.appointments:,}" for each in (really, again, would))
        money = (_money(each.lost, found.would) for each in (really, would))
        table.add_row(f"{really.number}  {words.title(really)}", *numbers, *money)
    out.console().print(table)
    out.line(
        "“Same policy again”: with mail and Kept itself always at work. Only what differs between"
    )
    out.line("that and the other policy comes from the policy. “Lost” is list price.")
    out.line()


def _money(amount: Decimal | None, report: Report) -> str:
    return "" if amount is None else price(amount, report.source.currency)


def _letters(found: Simulation, zone: ZoneInfo) -> None:
    if not found.counted:
        out.line(letters_said(found))
        out.line()
        return
    out.line(letters_said(found))
    table = Table(box=None, pad_edge=False)
    for name in ("appointment", "letter", "as it happened", "then"):
        table.add_column(name)
    for each in found.letters[:SHOWN]:
        then = _when(each.would, zone) if each.would else f"not sent: {each.why}"
        letter = each.control.replace("_", " ")
        table.add_row(each.reference, letter, _when(each.was, zone), then)
    out.console().print(table)
    if sum(found.counted.values()) > SHOWN:
        out.line("... --json has more.")
    out.line()


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    return out.when(at, zone) if at else "not sent"


def _refusals(found: Simulation, zone: ZoneInfo) -> None:
    if not found.refusals:
        return
    out.line(f"{found.refusals:,} times somebody did what would have been refused:")
    for each in found.refused[:SHOWN]:
        name = each.event.replace("_", " ")
        out.line(f"  {out.when(each.at, zone)}  {each.reference}  {name}: {each.sentence}")
    out.line()
