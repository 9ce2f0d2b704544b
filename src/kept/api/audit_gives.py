"""The shape of an audit's report: what `kept.audit.drawing.data` writes, field by field."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from kept.api.gives import Instant

GRADES = "measured · bounded · inferred · unknowable"


class AuditValueOut(TypedDict):
    """One number: what it is, and how it is written everywhere."""

    name: Annotated[str, Field(examples=["governed_share"])]
    raw: Annotated[
        int | str | None,
        Field(
            description="By `unit`: a count, seconds, an amount with its decimals as text, a share "
            "in ten-thousandths; null where there is nothing to compute it from.",
            examples=[8750],
        ),
    ]
    text: Annotated[str, Field(examples=["87.5 %"])]
    unit: Annotated[str, Field(examples=["share"])]


class AuditTableOut(TypedDict):
    columns: list[str]
    caption: str
    hidden: Annotated[int, Field(description="Rows left out: too few stand behind them.")]
    rows: list[list[AuditValueOut]]


class AuditChartOut(TypedDict):
    """Which columns of the table are drawn."""

    shape: Annotated[str, Field(examples=["bars"])]
    label: str
    series: list[str]
    low: str | None
    high: str | None


class AuditFigureOut(TypedDict):
    """A question and its answer. `behind`: the references of the first 500 it counts."""

    number: Annotated[str, Field(examples=["M30"])]
    name: Annotated[str, Field(examples=["governed_share"])]
    chapter: str
    question: str
    answer: str
    grade: Annotated[str, Field(description=GRADES, examples=["measured"])]
    values: list[AuditValueOut]
    missing: list[str]
    table: AuditTableOut | None
    chart: AuditChartOut | None
    notes: list[str]
    behind: list[str]
    behind_of: int


class AuditBreakOut(TypedDict):
    """One of the nine ways in which coordination breaks, with its money by list price."""

    number: Annotated[str, Field(examples=["B6"])]
    name: Annotated[str, Field(examples=["no_outcome"])]
    title: str
    stage: Annotated[str, Field(examples=["attendance"])]
    grade: Annotated[str, Field(description=GRADES, examples=["measured"])]
    appointments: int
    first: Annotated[int, Field(description="Of how many of them it was the first break.")]
    lost: AuditValueOut | None
    at_risk: AuditValueOut | None
    sentence: str
    advice: str
    policy: Annotated[str | None, Field(description="The field of the policy that prevents it.")]
    missing: list[str]
    behind: list[str]
    behind_of: int


class AuditSourceOut(TypedDict):
    name: str
    kind: Annotated[str, Field(examples=["own"])]
    own: bool
    time_zone: Annotated[str, Field(examples=["Europe/Berlin"])]
    currency: str | None
    now: Instant
    knows: Annotated[list[str], Field(description="What can be known of an appointment at all.")]
    notes: list[str]


class AuditReasonOut(TypedDict):
    why: str
    rows: int
    examples: list[str]


class AuditQualityOut(TypedDict):
    """What was read: `read` is `used` and everything in `dropped`."""

    read: int
    used: int
    adds_up: bool
    dropped: list[AuditReasonOut]
    noted: list[AuditReasonOut]


class AuditOut(TypedDict):
    """The Revenue Audit. The keys of a `version` stay."""

    format: Annotated[str, Field(examples=["kept-audit"])]
    version: int
    source: AuditSourceOut
    made_at: Instant
    begins: Annotated[Instant | None, Field(description="The first start that was looked at.")]
    ends: Annotated[Instant | None, Field(description="The last one.")]
    quality: AuditQualityOut
    warnings: list[str]
    headline: AuditFigureOut
    breaks: list[AuditBreakOut]
    figures: list[AuditFigureOut]
