"""A report in short, for a terminal: how it stands, where it breaks, what it costs, what to do."""

from __future__ import annotations

from rich.table import Table

from kept.audit.drawing import words
from kept.audit.figures import Grade, Report
from kept.audit.measures.wording import price
from kept.cli import out

LEAKS = 3


def told(report: Report) -> None:
    """Print it. Numbers are written as everywhere else in the report."""
    out.line(f"Revenue Audit: {report.source.name}")
    out.line(f"{words.span(report)}, {words.zone_name(report)}")
    out.line(words.rows_read(report.quality))
    for each in report.warnings:
        out.line(f"Mind: {each}")
    out.line()
    out.line(f"{report.headline.answer} [{words.badge(report.headline.grade)}]")
    out.line()
    _breaks(report)
    _money(report)
    _leaks(report)
    if report.headline.grade is Grade.UNKNOWABLE:
        _answered(report)
    _unanswered(report)


def _answered(report: Report) -> None:
    """Where no break can be seen, what can be said all the same."""
    for each in words.answered(report)[:LEAKS]:
        out.line(f"{each.question} {each.answer} [{words.badge(each.grade)}]")


def _breaks(report: Report) -> None:
    found = [each for each in report.breaks if each.appointments]
    if not found:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Where it breaks")
    for name in ("appointments", "first here", "lost", "at risk"):
        table.add_column(name, justify="right")
    for each in found:
        money = [
            "" if amount is None else price(amount, report.source.currency)
            for amount in (each.lost, each.at_risk)
        ]
        numbers = (f"{each.appointments:,}", f"{each.first:,}")
        table.add_row(f"{each.number}  {words.title(each)}", *numbers, *money)
    out.console().print(table)


def _money(report: Report) -> None:
    """What was lost, and what may be: as far as prices are known."""
    known = words.of_money(report)
    if known:
        out.line()
    for each in known:
        out.line(f"{each.question} {each.answer} [{words.badge(each.grade)}]")


def _leaks(report: Report) -> None:
    dear = words.dearest(report)[:LEAKS]
    if not dear:
        return
    out.line()
    out.line("The breaks on which most money hangs, and what to do:")
    for number, each in enumerate(dear, 1):
        out.line(f"  {number}. {each.sentence}")
        out.line(f"     {each.advice}")
        if typed := words.setting(each):
            out.line(f"     {typed}")


def _unanswered(report: Report) -> None:
    missing = words.unanswered(report)
    if not missing:
        return
    fields = dict.fromkeys(field for each in missing for field in each.missing)
    questions = words.many(len(missing), "question")
    out.line()
    out.line(f"{questions} cannot be answered from {words.from_it(report)}.")
    if fields:
        out.line(f"It would take: {', '.join(fields)}.")
