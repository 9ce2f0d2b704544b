"""The report as tables for a spreadsheet: one CSV a table, with each value's text and raw.

Cells that a spreadsheet would take for a formula are marked as text: a service may be called
"=cmd()", and its name comes from a file.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from kept.audit.figures import Break, Figure, Report, Table, Value
from kept.audit.measures.wording import price
from kept.audit.quality import Quality

Row = Sequence[object]

PLAIN_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def sheets(report: Report) -> dict[str, str]:
    """Every table as the text of a CSV file (UTF-8, comma, CRLF), by its file name."""
    every = (report.headline, *report.figures)
    made = {
        "figures.csv": _written(_figures(every)),
        "breaks.csv": _written(_breaks(report)),
        "rows.csv": _written(_quality(report.quality)),
    }
    for each in every:
        if each.table is not None:
            made[f"{each.number}_{each.name}.csv"] = _written(_table(each.table))
    return made


def archive(report: Report) -> bytes:
    """The tables in one zip. The same report gives the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in sheets(report).items():
            zipped.writestr(zipfile.ZipInfo(name), text.encode("utf-8-sig"))
    return made.getvalue()


def _figures(figures: Iterable[Figure]) -> Iterator[Row]:
    yield (
        *("number", "name", "chapter", "question", "answer", "grade"),
        *("value", "text", "raw", "unit", "missing"),
    )
    for each in figures:
        about = (*(each.number, each.name, each.chapter, each.question, each.answer), each.grade)
        missing = "; ".join(each.missing)
        for value in each.values or (Value("", None, "", ""),):
            yield (*about, value.name, value.text, value.raw, value.unit, missing)


def _breaks(report: Report) -> Iterator[Row]:
    yield (
        *("number", "name", "stage", "grade", "appointments", "first"),
        *("lost", "lost raw", "at risk", "at risk raw", "sentence", "advice", "policy", "missing"),
    )
    for each in report.breaks:
        yield (
            *(each.number, each.name, each.stage, each.grade, each.appointments, each.first),
            *_amounts(each, report.source.currency),
            *(each.sentence, each.advice, each.policy, "; ".join(each.missing)),
        )


def _amounts(each: Break, currency: str) -> Iterator[object]:
    for money in (each.lost, each.at_risk):
        yield None if money is None else price(money, currency)
        yield money


def _quality(found: Quality) -> Iterator[Row]:
    yield "what", "why", "rows", "for example"
    yield "read", "", found.read, ""
    yield "used", "", found.used, ""
    for what, counts in (("left out", found.dropped), ("remark", found.noted)):
        for why, rows in counts.items():
            yield what, why, rows, ", ".join(found.where.get(why, []))


def _table(table: Table) -> Iterator[Row]:
    """The columns as on the page; behind each that is not mere words, its raw values."""
    bare = {
        place
        for place in range(len(table.columns))
        if all(row[place].raw in (None, row[place].text) for row in table.rows)
    }
    yield [
        name
        for place, column in enumerate(table.columns)
        for name in ([column] if place in bare else [column, f"{column} raw"])
    ]
    for row in table.rows:
        yield [
            cell
            for place, value in enumerate(row)
            for cell in ([value.text] if place in bare else [value.text, value.raw])
        ]


def _written(rows: Iterable[Row]) -> str:
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
    return made.getvalue()


def safe(cell: object) -> str:
    """The cell's text; one that begins like a formula, and is no number, begins with a quote."""
    text = "" if cell is None else str(cell)
    if isinstance(cell, (int, Decimal)) or PLAIN_NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(DANGEROUS) else text
