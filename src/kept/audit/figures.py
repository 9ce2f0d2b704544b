"""What measures bring forth: figures that know how sure they are, and the report they make up.

Report, JSON, CSV and console draw the same values, so they agree to the digit: a value says in
`text` how it is written, once, and in `raw` what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kept.audit.history import Source
from kept.audit.quality import Quality

Raw = int | str | Decimal | None


class Grade(StrEnum):
    """How sure a figure is, as its reader sees it."""

    MEASURED = "measured"
    BOUNDED = "bounded"
    INFERRED = "inferred"
    UNKNOWABLE = "cannot be known from this file"


@dataclass(frozen=True, slots=True)
class Value:
    """One number. `raw`: a count, seconds, an amount, a share in ten-thousandths or a ratio in
    hundredths as the unit says (`count`, `seconds`, `money`, `share`, `ratio`, `date`, `text`);
    `text`: as it is written everywhere."""

    name: str
    raw: Raw
    text: str
    unit: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values under named columns; what a chart is drawn from stands here as well."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    caption: str = ""
    hidden: int = 0  # rows left out because too few stand behind them


class Shape(StrEnum):
    """How a table is drawn."""

    BARS = "bars"
    STACK = "stack"
    FUNNEL = "funnel"
    RANGE = "range"  # a point between its bounds
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Chart:
    """Which columns of the figure's table are drawn: `label` names, `series` have lengths.
    `low`, `high`: the columns with the bounds of the first series, where there are any."""

    shape: Shape
    label: str
    series: tuple[str, ...]
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One question, its answer in one sentence, and how sure it is.

    `values` are empty where the grade is UNKNOWABLE; `missing` names then the fields that would
    answer it. `behind` lists the references of the appointments a figure counts (own data only),
    the first `LISTED` of `behind_of`.
    """

    number: str  # M01 .. M30
    name: str  # no_show_rate
    chapter: str
    question: str
    answer: str
    grade: Grade
    values: tuple[Value, ...] = ()
    missing: tuple[str, ...] = ()
    table: Table | None = None
    chart: Chart | None = None
    notes: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    behind_of: int = 0


LISTED = 500


@dataclass(frozen=True, slots=True)
class Break:
    """One of the nine ways in which coordination breaks (B1 .. B9), with how often, at which stage,
    and what hangs on it. `advice` is the policy that would have prevented it."""

    number: str
    name: str
    stage: str
    grade: Grade
    appointments: int
    first: int  # of how many of them it was the first break
    lost: Decimal | None
    at_risk: Decimal | None
    sentence: str
    advice: str
    policy: str = ""  # the policy's setting that prevents it, as `kept policy` writes it
    missing: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    behind_of: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The whole audit. `begins`, `ends`: the span of the starts that were looked at."""

    source: Source
    quality: Quality
    made_at: datetime
    begins: datetime | None
    ends: datetime | None
    headline: Figure
    breaks: tuple[Break, ...]
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...] = field(default=())

    def figure(self, name: str) -> Figure:
        """KeyError if there is none of that name."""
        return {each.name: each for each in (self.headline, *self.figures)}[name]
