"""The report as JSON: version 1 of a format whose keys stay (docs/audit.md lists them).

Every value has its `text`, as it is written on the page, and its `raw`: a count, seconds, an amount
(a string with its decimals) or a share in ten-thousandths, as `unit` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kept.audit.drawing import words
from kept.audit.figures import Break, Chart, Figure, Report, Table, Value
from kept.audit.history import Source
from kept.audit.measures.wording import price
from kept.audit.quality import Quality

FORMAT, VERSION = "kept-audit", 1


def data(report: Report) -> dict[str, Any]:
    """The whole report, ready for `json.dumps`. Instants are RFC 3339 in UTC."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "source": _source(report.source),
        "made_at": report.made_at.isoformat(),
        "begins": report.begins.isoformat() if report.begins else None,
        "ends": report.ends.isoformat() if report.ends else None,
        "quality": _quality(report.quality),
        "warnings": list(report.warnings),
        "headline": _figure(report.headline),
        "breaks": [_break(each, report.source.currency) for each in report.breaks],
        "figures": [_figure(each) for each in report.figures],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "own": source.own,
        "time_zone": source.zone.key,
        "currency": source.currency or None,
        "now": source.now.isoformat(),
        "knows": sorted(each.value for each in source.knows),
        "notes": list(source.notes),
    }


def _quality(found: Quality) -> dict[str, Any]:
    return {
        "read": found.read,
        "used": found.used,
        "adds_up": found.adds_up,
        "dropped": _counted(found.dropped, found),
        "noted": _counted(found.noted, found),
    }


def _counted(counts: Mapping[str, int], found: Quality) -> list[dict[str, Any]]:
    return [
        {"why": why, "rows": rows, "examples": list(found.where.get(why, []))}
        for why, rows in counts.items()
    ]


def _figure(each: Figure) -> dict[str, Any]:
    return {
        "number": each.number,
        "name": each.name,
        "chapter": each.chapter,
        "question": each.question,
        "answer": each.answer,
        "grade": each.grade.name.lower(),
        "values": [_value(value) for value in each.values],
        "missing": list(each.missing),
        "table": _table(each.table) if each.table else None,
        "chart": _chart(each.chart) if each.chart else None,
        "notes": list(each.notes),
        "behind": list(each.behind),
        "behind_of": each.behind_of,
    }


def _value(value: Value) -> dict[str, Any]:
    raw = str(value.raw) if isinstance(value.raw, Decimal) else value.raw
    return {"name": value.name, "raw": raw, "text": value.text, "unit": value.unit}


def _table(table: Table) -> dict[str, Any]:
    return {
        "columns": list(table.columns),
        "caption": table.caption,
        "hidden": table.hidden,
        "rows": [[_value(cell) for cell in row] for row in table.rows],
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "shape": str(chart.shape),
        "label": chart.label,
        "series": list(chart.series),
        "low": chart.low or None,
        "high": chart.high or None,
    }


def _break(each: Break, currency: str) -> dict[str, Any]:
    return {
        "number": each.number,
        "name": each.name,
        "title": words.title(each),
        "stage": each.stage,
        "grade": each.grade.name.lower(),
        "appointments": each.appointments,
        "first": each.first,
        "lost": amount("lost", each.lost, currency),
        "at_risk": amount("at_risk", each.at_risk, currency),
        "sentence": each.sentence,
        "advice": each.advice,
        "policy": each.policy or None,
        "missing": list(each.missing),
        "behind": list(each.behind),
        "behind_of": each.behind_of,
    }


def amount(name: str, money: Decimal | None, currency: str) -> dict[str, Any] | None:
    if money is None:
        return None
    return _value(Value(name, money, price(money, currency), "money"))


def written(report: Report) -> str:
    """The JSON itself."""
    return json.dumps(data(report), indent=2, ensure_ascii=False)
